"""A folder of annotated clips becomes a pool for AF-Net: changes where people set them, none where they refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.annotation.making import Ground, new_target
from rvr_laaf_app.annotation.split import save_split
from rvr_laaf_app.annotation.store import AnnotatorStore
from rvr_laaf_app.annotation.work import looks_of, surveyed
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.nets.af_net import AfNetConfig
from rvr_laaf_app.training.data_af import load_sequences, stretch_of
from rvr_laaf_app.training.focus_events import LENGTH, SIZE
from rvr_laaf_app.training.vaf_events import sequences_of, write_pool
from tests.clips import write_clip

FIRST, SECOND = Box(0.1, 0.3, 0.2, 0.3), Box(0.6, 0.3, 0.2, 0.3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clip of 12 s whose focus changes at 6 s; something was refused at 2 s; another clip is not done."""
    write_clip(tmp_path / "clip.mp4", frames=300, sound=False)
    write_clip(tmp_path / "open.mp4", frames=60, size=(128, 96), sound=False)
    survey = surveyed(tmp_path)
    facts = survey.named("clip.mp4")
    assert facts is not None
    ground = Ground(facts.table, looks_of(tmp_path, facts))
    with AnnotatorStore.open(tmp_path, "ann") as store:
        for frame, box in ((0, FIRST), (150, SECOND)):
            target = new_target(ground, frame, box)
            store.edit(facts.clip, lambda a, t=target: a.put(t), label="set")  # type: ignore[misc]
        store.edit(facts.clip, lambda a: replace(a, state="done"), label="done")
    with AnnotatorStore.open(tmp_path, "ann", role="refused") as store:
        store.edit(facts.clip, lambda a: a.put(new_target(ground, 50, SECOND)), label="refused")
    return tmp_path


def test_a_change_and_moments_without_one(folder: Path) -> None:
    found = list(sequences_of(folder))
    changes = [s for s in found if s.target >= 0]
    assert len(changes) == 1
    assert len(found) >= 3, "the refused moment and a quiet one"
    (change,) = changes
    assert change.rgb.shape == (LENGTH, SIZE[1], SIZE[0], 3)
    before, after = change.boxes[change.target - 1], change.boxes[change.target]
    assert np.allclose(before, (0.1, 0.3, 0.2, 0.3))
    assert np.allclose(after, (0.6, 0.3, 0.2, 0.3))
    for quiet in (s for s in found if s.target < 0):
        assert len({tuple(b) for b in quiet.boxes.tolist()}) == 1, "focus does not move in it"


def test_a_pool_is_what_the_training_reads_and_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    count = write_pool(folder, pool)
    sequences = load_sequences(pool)
    assert len(sequences) == count
    example = stretch_of(sequences[0], AfNetConfig(), np.random.default_rng(1))
    assert example.region.sum() == pytest.approx(AfNetConfig().units, abs=1e-3)
    assert write_pool(folder, pool) == count
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(sequences, load_sequences(pool), strict=True))


def test_what_is_held_out_never_teaches(folder: Path, tmp_path: Path) -> None:
    facts = surveyed(folder).named("clip.mp4")
    assert facts is not None
    save_split(folder, {facts.clip.pictures: "test"})
    assert not list(sequences_of(folder))
    assert write_pool(folder, tmp_path / "pool") == 0
