"""Composed sequences: the change is where it is said to be, and the same seed gives the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.training import focus_events
from rvr_laaf_app.training.focus_events import LENGTH, SIZE, STAGINGS, Actor, compose_events
from rvr_laaf_app.training.synth_people import Cutout, CutoutLibrary


def library() -> CutoutLibrary:
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 80, (90, 120, 3), dtype=np.uint8) for _ in range(3)]
    cutouts = []
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        rgb = np.full((60, 30, 3), colour, np.uint8)
        cutouts.append(Cutout(rgb, np.ones((60, 30), np.float32), True))
    return CutoutLibrary(photos, cutouts)


def test_a_sequence_is_repeated_by_its_seed() -> None:
    first, second = (compose_events(library(), np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first.rgb, second.rgb)
    assert np.array_equal(first.boxes, second.boxes)
    assert first.target == second.target
    assert first.rgb.shape == (LENGTH, SIZE[1], SIZE[0], 3)
    assert first.boxes.shape == (LENGTH, 4)


def test_every_way_of_change_happens_and_boxes_stay_in_the_picture() -> None:
    things = library()
    targets = []
    for seed in range(30):
        made = compose_events(things, np.random.default_rng(seed))
        targets.append(made.target)
        assert (made.boxes >= 0).all()
        assert (made.boxes[:, :2] + made.boxes[:, 2:] <= 1.02).all()
    assert sum(t < 0 for t in targets) >= 1
    assert all(t < 0 or 8 <= t < LENGTH - 8 for t in targets)


def middle_at(actor: Actor, t: int, pan: np.ndarray) -> float:
    return float(actor.x[t] - pan[t])


def test_who_enters_is_outside_before_and_inside_after() -> None:
    for seed in range(8):
        (_, second), pan = STAGINGS["enters"](library(), 20, np.random.default_rng(seed))
        assert not 0.0 < middle_at(second, 18, pan) < 1.0
        assert 0.0 < middle_at(second, 44, pan) < 1.0
        assert second.on[19] == 0.0
        assert second.on[21] == 1.0


def test_turns_are_taken() -> None:
    (first, second), _ = STAGINGS["begins"](library(), 20, np.random.default_rng(1))
    assert first.on[10] == 1.0
    assert first.on[30] == 0.0
    assert second.on[17] == 0.0
    assert second.on[22] == 1.0


def test_the_camera_finds_the_other() -> None:
    (first, second), pan = STAGINGS["found"](library(), 20, np.random.default_rng(2))
    assert abs(middle_at(first, 0, pan) - 0.5) < 0.2
    assert abs(middle_at(second, 40, pan) - 0.5) < 0.2
    assert abs(middle_at(second, 0, pan) - 0.5) > 0.4


@pytest.mark.parametrize("seed", range(4))
def test_where_nothing_changes_there_is_one_subject(seed: int) -> None:
    actors, _ = STAGINGS["none"](library(), 20, np.random.default_rng(seed))
    assert actors[0] is actors[-1]


def test_shards_are_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focus_events, "SHARD", 2)
    path = tmp_path / "events_0000.npz"
    focus_events.write_shard(path, library(), number=0, seed=3)
    with np.load(path) as shard:
        assert shard["rgb"].shape == (2, LENGTH, SIZE[1], SIZE[0], 3)
        assert shard["target"].shape == (2,)
    assert list(tmp_path.iterdir()) == [path]
