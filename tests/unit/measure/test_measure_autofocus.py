"""What eval autofocus measures with, counts and prints."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.autofocus.timing import measure_times
from rvr_laaf_app.camera.blur import blur_fast
from rvr_laaf_app.camera.defocus import LENSES, paper_model
from rvr_laaf_app.cli.eval_autofocus import table
from rvr_laaf_app.measure.autofocus import (
    METHODS,
    PAPER,
    AutofocusRow,
    measure_method,
    summary,
)
from rvr_laaf_app.measure.autofocus_scenes import (
    PAPER_POSITIONS,
    Subject,
    find_photos,
    make_subjects,
    photograph,
)
from rvr_laaf_app.measure.autofocus_sweeps import find_sweeps, focus_order, measure_sweep, sharpest_slice

MODEL = paper_model()


@pytest.fixture(scope="module")
def subject() -> Subject:
    rng = np.random.default_rng(1)
    blocks = np.kron(rng.random((110, 110)), np.ones((8, 8)))
    return Subject("blocks", np.asarray(0.1 + 0.2 * rng.random((880, 880)) + 0.6 * blocks, np.float32), 1600)


def test_subjects_are_the_same_for_the_same_seed_and_stand_where_the_paper_s_stood() -> None:
    first, again = (make_subjects(seed=0, limits=MODEL.limits)[:3] for _ in range(2))
    assert [s.z0 for s in first] == list(PAPER_POSITIONS[:3])
    assert all(np.array_equal(a.light, b.light) for a, b in zip(first, again, strict=True))


def test_photographs_take_the_place_of_drawings(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(2):
        picture = rng.integers(0, 256, (90, 120, 3), np.uint8)
        (tmp_path / f"p{number}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    photos = find_photos(tmp_path)
    assert [path.name for path in photos] == ["p0.png", "p1.png"]
    subjects = make_subjects(seed=1, limits=MODEL.limits, photos=photos)
    assert {s.name for s in subjects[:2]} == {"p0", "p1"}
    assert len(subjects) == 18
    assert all(s.light.shape == (880, 880) for s in subjects)
    assert all(MODEL.limits[0] < s.z0 < MODEL.limits[1] for s in subjects)


def test_a_darker_light_is_a_noisier_picture_of_the_same_brightness() -> None:
    even = np.full((256, 256), 0.5, np.float32)
    pictures = [photograph(even, level, np.random.default_rng(0)) for level in ("bright", "indoor", "dim")]
    assert [round(float(p.mean()), 1) for p in pictures] == [0.5, 0.5, 0.5]
    assert pictures[0].std() < pictures[1].std() < pictures[2].std()


def test_runs_are_counted_and_summed_up(subject: Subject) -> None:
    rows = measure_method("fibonacci", [subject], MODEL, lights=("bright",))
    assert len(rows) == 1  # one start tells all
    figures = summary(rows, MODEL)
    assert figures["worst_steps"] <= 14
    assert figures["within_dof"] == 1.0
    rows = measure_method("learned", [subject], MODEL, lights=("bright",), starts=(1700,))
    assert rows[0].steps <= 3
    assert rows[0].error <= 10


def test_figures_of_rows_that_are_known() -> None:
    def row(position: int, steps: int) -> AutofocusRow:
        return AutofocusRow("s", 1500, 1400, "dim", position, True, steps, steps - 1, 2, 0.004)

    figures = summary([row(1500, 1), row(1511, 3), row(1480, 2), row(1400, 2)], MODEL)
    assert MODEL.depth_of_field_at(1500) in (20, 21)
    assert figures["mean_steps"] == 2.0
    assert figures["worst_rounds"] == 2
    assert figures["within_dof"] == 0.25
    assert figures["within_twice_dof"] == 0.75
    assert figures["worst_error"] == 100
    assert figures["ms_per_step"] == 2.0


def test_the_table_names_all_methods_and_the_paper() -> None:
    row = AutofocusRow("s", 1500, 1400, "dim", 1500, True, 1, 1, 2, 0.004)
    figures = {**summary([row], MODEL), "lights": {"dim": summary([row], MODEL)}}
    report = {
        "scenes": [{}],
        "camera": "c",
        "seed": 3,
        "methods": dict.fromkeys(METHODS, figures),
        "paper": PAPER,
        "ms_of_512_patch": {"learned": 1.5},
        "sweeps": {"balls": {"regions": 3}},
    }
    text = "\n".join(table(report))
    for word in (*METHODS, "54.3", "1.62", "balls", "regions 3", "3.56"):
        assert word in text


def test_times_are_told_for_one_patch() -> None:
    times = measure_times(repeats=3)
    assert set(times) == {"paper_both_nets", "learned", "tenengrad"}
    assert all(value > 0 for value in times.values())


def sweep(folder: Path, order: list[int]) -> None:
    """Nine slices of a surface whose left part is best at slice 2 and the right one at 6, written in another order."""
    rng = np.random.default_rng(2)
    texture = np.kron(rng.random((128, 192)), np.ones((2, 2))).astype(np.float32)
    folder.mkdir()
    for number, slice_number in enumerate(order):
        left = blur_fast(texture, 0.9 * abs(slice_number - 2))
        right = blur_fast(texture, 0.9 * abs(slice_number - 6))
        both = np.where(np.arange(384)[None] < 256, left, right)
        picture = np.round(255 * np.clip(both, 0, 1) ** (1 / 2.2)).astype(np.uint8)
        (folder / f"{number:02d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def test_a_sweep_in_any_order_is_put_in_order_and_measured(tmp_path: Path) -> None:
    shuffled = [4, 0, 7, 2, 8, 5, 1, 6, 3]
    sweep(tmp_path / "mixed", shuffled)
    assert find_sweeps(tmp_path) == [tmp_path / "mixed"]
    from rvr_laaf_app.measure.autofocus_sweeps import read_stack

    pictures = read_stack(tmp_path / "mixed").pictures
    found = measure_sweep(tmp_path / "mixed")
    assert found["put_in_order"]
    assert found["slices"] == 9
    assert found["regions"] == 6
    assert found["sharpest_or_neighbour"] >= 0.9
    assert focus_order(pictures) == list(range(9))
    flat = [np.full((128, 128), 0.5, np.float32)] * 9
    assert sharpest_slice(flat) is None


def test_a_lens_that_blurs_little_is_asked_twice() -> None:
    """Half the depth of field of the voice coil module is a blur of 0.7 px: no single picture tells that for sure."""
    model = LENSES["voice_coil"].model(step=30)
    drawn = [subject for subject in make_subjects(seed=5, limits=model.limits) if subject.name == "chart 9"]
    rows = measure_method("learned", drawn, model, lights=("indoor",), starts=(740,), seed=5)
    assert [row.error <= model.depth_of_field_at(row.z0) / 2 for row in rows] == [True]
    assert 1 <= rows[0].steps <= 3
