"""A sweep developed into a picture and its depth: what is written, what is reused, which end is near."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.camera.sweep import MANIFEST, Sweep, SweepWriter
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.depth_files import open_depth
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.stills import read_still
from rvr_laaf_app.pipeline.analyse import analyse_job
from rvr_laaf_app.pipeline.capture_develop import (
    Developed,
    aligned_slices,
    develop_job,
    developed_already,
    read_disparity,
)
from rvr_laaf_app.pipeline.sourced import products_from

POSITIONS = (1050, 1200, 1350, 1500, 1650, 1800, 1950, 2100)


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep over the simulated desk: its front edge is near, the wall far."""
    folder = tmp_path_factory.mktemp("sweeps") / "desk"
    camera = SimulatedCamera.of("desk", size=(180, 320))
    camera.open()
    about = Sweep(folder, camera="simulated:desk", simulated=True, limits=(1050, 2100), planned=(*POSITIONS, 2101))
    writer = SweepWriter(folder, about)
    for position in POSITIONS:
        camera.drive_to(position)
        still = camera.capture_still()
        writer.add(still.data, still.suffix, position=position)
    return folder


@pytest.fixture(scope="module")
def made(captured: Path) -> Developed:
    return run_job(develop_job(captured))


def test_the_picture_is_sharper_than_any_slice(made: Developed) -> None:
    def detail(rgb: np.ndarray) -> float:
        grey = rgb.astype(np.float32).mean(axis=2)
        return float(np.abs(np.diff(grey, axis=1)).mean())

    picture = read_still(made.picture).rgb
    slices = aligned_slices(made)
    best = max(detail((slices.read(n) >> 8).astype(np.uint8)) for n in range(slices.count))
    assert picture.shape == slices.read(0).shape
    assert detail(picture) > 1.15 * best
    assert made.positions == POSITIONS
    assert any("were not captured" in note for note in made.notes)


def test_the_depth_is_nearer_at_the_desk_than_at_the_wall(made: Developed) -> None:
    disparity = read_disparity(made)
    height = disparity.shape[0]
    assert disparity[-height // 6 :].mean() > disparity[: height // 6].mean() + 0.3
    assert 0.0 <= disparity.min() <= disparity.max() <= 1.0


def test_it_is_a_clip_with_imported_depth(made: Developed) -> None:
    info = probe(made.picture)
    products = products_from(info, DepthSource(path=made.depth.name, meaning="disparity"))
    run_job(analyse_job(products))
    assert products.complete
    rgbd = products.rgbd(0)
    assert rgbd.disparity.shape[0] > 50
    sure = rgbd.confidence.astype(np.float32)
    measured = open_depth(made.depth).confidence(0)
    assert measured is not None
    assert measured.shape == read_disparity(made).shape
    assert sure.min() < 0.6 < 0.9 < sure.max()  # a plain wall tells less than an edge
    assert float(sure.mean()) == pytest.approx(float(measured.mean()), abs=0.02)


def test_it_is_done_once_and_again_when_a_picture_is_another(captured: Path, made: Developed, tmp_path: Path) -> None:
    assert developed_already(captured) == made
    assert next(iter(develop_job(captured)), None) is None  # nothing is done
    copy = tmp_path / "desk"
    shutil.copytree(captured, copy)
    assert developed_already(copy) is not None
    (copy / MANIFEST).write_text((copy / MANIFEST).read_text().replace("_at_1350", "_at_1351"))
    (copy / "frame_0003_at_1350.png").rename(copy / "frame_0003_at_1351.png")
    assert developed_already(copy) is None


def test_damaged_results_count_as_none(captured: Path, made: Developed, tmp_path: Path) -> None:
    copy = tmp_path / "desk"
    shutil.copytree(captured, copy)
    (copy / "developed" / "developed.json").write_text("{")
    assert developed_already(copy) is None
    with pytest.raises(MediaError):
        aligned_slices(Developed(copy, copy / "developed" / "x.png", copy, made.slices, made.positions, 1.0))


def test_pictures_without_a_list_are_turned_round_if_they_go_from_far_to_near(
    captured: Path, made: Developed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says which end is near: the estimator's own sight of the picture decides (here a plain heuristic)."""
    monkeypatch.setattr("rvr_laaf_app.pipeline.capture_develop.DEFAULT_ESTIMATOR", "lower-is-nearer")
    for name, order in (("near_first", POSITIONS), ("far_first", POSITIONS[::-1])):
        folder = tmp_path / name
        folder.mkdir()
        for number, position in enumerate(order):
            shutil.copy(next(captured.glob(f"*_at_{position}.png")), folder / f"{number:03d}.png")
        found = run_job(develop_job(folder))
        disparity = read_disparity(found)
        height = disparity.shape[0]
        assert disparity[-height // 6 :].mean() > disparity[: height // 6].mean() + 0.3, name
        assert found.positions == (tuple(range(8)) if name == "near_first" else tuple(range(7, -1, -1)))


def test_one_picture_and_raw_files_are_refused(captured: Path, tmp_path: Path) -> None:
    single = tmp_path / "single"
    single.mkdir()
    shutil.copy(next(captured.glob("*_at_1050.png")), single / "1.png")
    with pytest.raises(MediaError, match="at least two"):
        run_job(develop_job(single))
    raw = tmp_path / "raw"
    writer = SweepWriter(raw, Sweep(raw, camera="gphoto:x"))
    for position in (1, 2):
        writer.add(b"II*\0raw", ".nef", position=position)
    with pytest.raises(MediaError, match="cannot be stacked"):
        run_job(develop_job(raw))
