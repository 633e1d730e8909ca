"""Depth with repairs: where a stroke is, in both directions, not past a cut; without one, the estimate to the bit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.document.repair import BrushSettings, Repair
from rvr_laaf_app.estimate.upsample import upsample_disparity
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.depth_files import open_depth
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline import repair_carry
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.depth_export import DepthRequest, depth_export_job
from rvr_laaf_app.pipeline.depth_histogram import DepthProfile, measure
from rvr_laaf_app.pipeline.export import ExportRequest, export_job
from rvr_laaf_app.pipeline.focus import curve_of
from rvr_laaf_app.pipeline.preview import PreviewRenderer, PreviewRequest
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.repair_carry import carry_job, missing_pieces
from rvr_laaf_app.pipeline.repaired import CHUNK, FOLDER
from tests.clips import SQUARE, write_clip

SIZE = (160, 96)
FRAMES, CUT = 56, 46


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repairs")
    write_clip(folder / "clip.mp4", frames=FRAMES, size=SIZE, cut_at=CUT, sound=False)
    return folder


@pytest.fixture(scope="module")
def analysed(folder: Path) -> Iterator[ClipProducts]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RVR_CACHE_DIR", str(folder / "cache"))
        products = run_job(analyse_job(products_of(probe(folder / "clip.mp4"), "lower-is-nearer")))
        assert products.cuts == (CUT,)
        yield products


@pytest.fixture
def products(analysed: ClipProducts) -> ClipProducts:
    """The analysed clip with no mask on disk."""
    shutil.rmtree(analysed.store.folder / FOLDER, ignore_errors=True)
    analysed.carried.clear()
    return analysed


def square(index: int) -> tuple[float, float]:
    """Return the middle of the moving square, 0..1."""
    return (min(8 + 2 * index, SIZE[0] - SQUARE) + SQUARE / 2) / SIZE[0], (SIZE[1] // 2 + SQUARE / 2) / SIZE[1]


def on_square(products: ClipProducts, index: int) -> tuple[slice, slice]:
    """Return the inner part of the square in the maps."""
    width, height = products.rgbd(index).size
    x, y = square(index)
    reach = SQUARE / 4
    column, row = x * width, y * height
    rx, ry = reach * width / SIZE[0], reach * height / SIZE[1]
    return slice(round(row - ry), round(row + ry)), slice(round(column - rx), round(column + rx))


def stroke(index: int = 20, *, kind: str = "nearer", repair_id: str = "r1", **brush: float) -> Repair:
    x, y = square(index)
    settings = replace(BrushSettings(radius=0.05, softness=0.2, strength=0.6, edges=0.0), **brush)
    sample = Point(0.9, 0.04) if kind == "same" else None
    points = (x - 0.02, y, x + 0.02, y)
    return Repair(repair_id, index, kind, points, settings, sample)  # type: ignore[arg-type]


def same_bits(first: RgbdFrame, second: RgbdFrame) -> bool:
    return first.disparity.tobytes() == second.disparity.tobytes() and np.array_equal(
        first.confidence, second.confidence
    )


def change(products: ClipProducts, index: int, *repairs: Repair) -> np.ndarray:
    before = products.rgbd(index).disparity.astype(np.float32)
    return products.rgbd(index, repairs).disparity.astype(np.float32) - before


def test_without_a_repair_that_acts_it_is_the_estimate_to_the_bit(products: ClipProducts) -> None:
    estimate, repair = products.rgbd(20), stroke()
    for repairs in ((), (repair,), (replace(repair, on=False),)):  # not carried yet, off
        assert same_bits(products.rgbd(20, repairs), estimate)
        assert products.repair_state(20, repairs) == ()
    run_job(carry_job(products, (repair,)))
    assert not same_bits(products.rgbd(20, (repair,)), estimate)
    for repairs in ((), (replace(repair, on=False),), (replace(repair, brush=replace(repair.brush, strength=0.0)),)):
        assert products.rgbd(20, repairs).disparity.tobytes() == estimate.disparity.tobytes()


@pytest.mark.parametrize(("kind", "sign"), [("nearer", 1), ("farther", -1)])
def test_it_changes_the_square_in_both_directions_and_nothing_else(
    products: ClipProducts, kind: str, sign: int
) -> None:
    repair = stroke(kind=kind, back=18, ahead=20)
    run_job(carry_job(products, (repair,)))
    for index in (20, 21, 30, 36, 19, 10, 4):
        moved = sign * change(products, index, repair)
        assert moved[on_square(products, index)].mean() > (0.2 if abs(index - 20) < 10 else 0.1), index
        width = moved.shape[1]
        left = round((square(index)[0] - 0.14) * width)
        right = round((square(index)[0] + 0.14) * width)
        assert np.abs(moved[:, : max(left, 0)]).max(initial=0) < 0.05, index
        assert np.abs(moved[:, right:]).max(initial=0) < 0.05, index
    assert not change(products, 41, repair).any()  # behind the reach
    assert not change(products, 1, repair).any()
    untouched = change(products, 20, repair) == 0
    assert untouched.mean() > 0.6


def test_where_the_user_has_spoken_depth_is_certain(products: ClipProducts) -> None:
    repair = stroke()
    run_job(carry_job(products, (repair,)))
    assert products.rgbd(20, (repair,)).confidence[on_square(products, 20)].min() > 0.9


def test_it_stops_at_the_cut(products: ClipProducts) -> None:
    repair = stroke(CUT - 6, ahead=40)
    run_job(carry_job(products, (repair,)))
    assert change(products, CUT - 1, repair).any()
    for index in range(CUT, FRAMES):
        assert not change(products, index, repair).any()
    assert all(max(p.frames) < CUT for _, p in missing_pieces(products, (stroke(CUT - 7, ahead=40),)) if p is not None)


def test_a_repair_behind_the_cut_stays_there(products: ClipProducts) -> None:
    repair = stroke(CUT + 2, back=40, ahead=40)
    run_job(carry_job(products, (repair,)))
    assert change(products, CUT, repair).any()
    assert not change(products, CUT - 1, repair).any()


def test_same_takes_the_depth_of_the_sampled_place(products: ClipProducts) -> None:
    repair = stroke(kind="same", strength=1.0, softness=0.0)
    run_job(carry_job(products, (repair,)))
    for index in (20, 28, 12):
        mended = products.rgbd(index, (repair,)).disparity.astype(np.float32)
        sampled = products.rgbd(index).disparity.astype(np.float32)[:6, -24:].mean()
        assert mended[on_square(products, index)].mean() == pytest.approx(sampled, abs=0.03 if index == 20 else 0.15)
    shifted = replace(repair, shift=0.3)
    nearer = change(products, 20, shifted) - change(products, 20, repair)
    assert nearer[on_square(products, 20)].mean() == pytest.approx(0.3, abs=0.03)


def test_later_repairs_lie_over_earlier_ones(products: ClipProducts) -> None:
    lower, upper = stroke(), stroke(kind="farther", repair_id="r2")
    run_job(carry_job(products, (lower, upper)))
    both = change(products, 20, lower, upper)[on_square(products, 20)].mean()
    assert abs(both) < 0.05 < change(products, 20, lower)[on_square(products, 20)].mean()


def test_what_a_stroke_does_needs_no_carrying_again(products: ClipProducts) -> None:
    repair = stroke()
    assert run_job(carry_job(products, (repair,))) > 2
    weaker = replace(repair, id="x", kind="farther", brush=replace(repair.brush, strength=0.1, back=3, ahead=9))
    assert not missing_pieces(products, (weaker,))
    assert run_job(carry_job(products, (weaker,))) == 0
    assert run_job(carry_job(products, (replace(repair, brush=replace(repair.brush, radius=0.06)),))) > 2


def test_a_longer_reach_goes_on_from_what_is_there(products: ClipProducts) -> None:
    short = stroke(4, back=0, ahead=CHUNK)
    run_job(carry_job(products, (short,)))
    longer = replace(short, brush=replace(short.brush, ahead=3 * CHUNK))
    wanted = missing_pieces(products, (longer,))
    assert [p.number for _, p in wanted if p is not None] == [1, 2]
    run_job(carry_job(products, (longer,)))
    assert change(products, 4 + CHUNK + 8, longer).any()


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(products: ClipProducts) -> None:
    repair = stroke(20, back=20, ahead=24)
    run_job(carry_job(products, (repair,)))
    whole = [products.rgbd(i, (repair,)).disparity.copy() for i in range(0, CUT)]
    shutil.rmtree(products.store.folder / FOLDER)
    products.carried.clear()
    job = carry_job(products, (repair,))
    for _ in range(CHUNK + 30):
        next(job)
    job.close()
    assert missing_pieces(products, (repair,))
    products.carried.clear()  # another process
    run_job(carry_job(products, (repair,)))
    for index, expected in enumerate(whole):
        assert np.array_equal(products.rgbd(index, (repair,)).disparity, expected), index


@pytest.mark.parametrize("how", ["cut", "zeros", "empty"])
def test_damaged_masks_are_made_again(products: ClipProducts, how: str) -> None:
    repair = stroke()
    run_job(carry_job(products, (repair,)))
    good = products.rgbd(26, (repair,)).disparity.copy()
    for path in (products.store.folder / FOLDER).rglob("*.planes"):
        data = path.read_bytes()
        path.write_bytes({"cut": data[: len(data) // 2], "zeros": bytes(len(data)), "empty": b""}[how])
    products.carried.clear()
    for index in (20, 26):  # reading sets the file aside: for now it is the estimate
        assert same_bits(products.rgbd(index, (repair,)), products.rgbd(index))
    run_job(carry_job(products, (repair,)))
    assert np.array_equal(products.rgbd(26, (repair,)).disparity, good)


def test_progress_is_told_and_nothing_is_left_of_a_broken_piece(products: ClipProducts) -> None:
    job = carry_job(products, (stroke(),))
    first = next(job)
    assert (first.done, first.message) == (0, "carrying repairs")
    steps = [first, *(next(job) for _ in range(10))]
    assert all(a.done <= b.done for a, b in pairwise(steps))
    assert steps[-1].total == first.total
    job.close()
    names = sorted(p.name for p in (products.store.folder / FOLDER).rglob("*") if p.is_file())
    assert names == ["origin.planes"]


def test_masks_that_nobody_has_are_dropped_in_the_end(products: ClipProducts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair_carry.drop_unused, "__kwdefaults__", {"most": 2})
    for number in range(5):
        run_job(carry_job(products, (stroke(20 + number, back=0, ahead=0),)))
    assert len(list((products.store.folder / FOLDER).iterdir())) == 3


def project_of(products: ClipProducts, *repairs: Repair) -> Project:
    clip = ClipRef(str(products.info.path), products.info.fingerprint, products.info.frames)
    target = FocusTarget("t", 20, Box(*square(20), 0.1, 0.1))
    return Project(clip, (target,), lens=LensSettings(blur_px=12.0), repairs=repairs)


def test_focus_follows_the_repaired_depth(products: ClipProducts) -> None:
    x, y = square(20)
    repair = stroke(strength=1.0)
    run_job(carry_job(products, (repair,)))
    project = replace(project_of(products, repair), targets=(FocusTarget("t", 20, Box(x - 0.05, y - 0.08, 0.1, 0.16)),))
    before = curve_of(products, replace(project, repairs=())).focus_disparity[20]
    assert curve_of(products, project).focus_disparity[20] > before + 0.2


def test_preview_export_and_depth_files_show_the_same_repair(products: ClipProducts, tmp_path: Path) -> None:
    repair = stroke(strength=1.0)
    project = project_of(products, repair)
    curve = curve_of(products, project)
    request = ExportRequest(str(tmp_path / "f_%04d.png"), start_s=0.8, stop_s=0.88)
    run_job(export_job(products, project, curve, request))  # carries what it needs by itself
    assert not missing_pieces(products, (repair,))
    preview = PreviewRenderer(products)
    try:
        asked = PreviewRequest(20, SIZE, quality="final")
        with_it = preview.picture(project, curve, asked)
        without = preview.picture(replace(project, repairs=()), curve, asked)
        again = preview.picture(project, curve, asked)
    finally:
        preview.close()
    assert np.array_equal(with_it, again)
    assert np.abs(with_it.astype(int) - without.astype(int)).max() > 10
    depth = DepthRequest(str(tmp_path / "d_%04d.png"), "png16", 0.8, 0.88, repairs=(repair,))
    run_job(depth_export_job(products, depth))
    planes = open_depth(str(tmp_path / "d_%04d.png"))
    try:
        stored = planes.read(0)
    finally:
        planes.close()
    with ClipReader(products.info) as reader:
        coarse = products.rgbd(20, (repair,)).disparity.astype(np.float32)
        expected = upsample_disparity(coarse, reader.read(20).rgb8)
    assert (
        np.abs(np.asarray(stored, np.float32) - expected).max() < 2 / 65535
        or np.corrcoef(np.asarray(stored, np.float32).ravel(), expected.ravel())[0, 1] > 0.9999
    )


def test_the_depth_lane_shows_the_repair_and_forgets_it(products: ClipProducts) -> None:
    repair = stroke(strength=1.0)
    run_job(carry_job(products, (repair,)))
    profile = DepthProfile(products.info.frames)

    def settle(*repairs: Repair) -> np.ndarray:
        while measure(products, profile, at=20, repairs=repairs):
            pass
        return profile.levels[0].mean.copy()

    plain = settle()
    mended = settle(repair)
    assert (mended[20] != plain[20]).any()
    assert (mended[CUT + 2] == plain[CUT + 2]).all()
    assert np.array_equal(settle(), plain)
