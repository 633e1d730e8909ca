"""Depth out and in again: what other programs get is what is refocused, and what comes back is what went out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.app.engine import ExportChoice, PipelineEngine
from rvr_laaf_app.core.errors import ExportError, MediaError, UsageError
from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.core.optics import sharp_coc
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.estimate import sidecar
from rvr_laaf_app.estimate.sidecar import SidecarEstimator, SidecarSpec
from rvr_laaf_app.estimate.upsample import upsample_disparity
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.depth_files import open_depth
from rvr_laaf_app.media.depth_writer import DepthForm
from rvr_laaf_app.media.exr import write_exr
from rvr_laaf_app.media.image_file import write_png
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.depth_export import DepthRequest, check_depth_request, depth_export_job
from rvr_laaf_app.pipeline.focus import curve_of
from rvr_laaf_app.pipeline.imported import LONG_SIDE, imported_products
from rvr_laaf_app.pipeline.products import ClipProducts
from tests.clips import write_clip

FRAMES = 12
# Uneven, as phones record.
TIMES = [0, 33, 67, 140, 173, 207, 240, 300, 333, 367, 400, 500]
OUT: dict[DepthForm, str] = {"exr": "depth", "png16": "depth", "ffv1": "depth.mkv"}
TOLERANCE = 2 / 65535


class NoLight:
    """Stands for our network, whose light does not matter here."""

    version = "none"

    def boost_stops(self, frame: Frame, size: tuple[int, int]) -> NDArray[np.float16]:
        return np.zeros((size[1], size[0], 3), np.float16)


@pytest.fixture(autouse=True)
def _no_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar, "BorrowedLight", NoLight)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("depth") / "clip.mp4", frames=FRAMES, pts=TIMES, cut_at=8)


@pytest.fixture(scope="module")
def products(clip: Path) -> Iterator[ClipProducts]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RVR_CACHE_DIR", str(clip.parent / "cache"))
        yield run_job(analyse_job(products_of(probe(clip), "lower-is-nearer")))


def full(products: ClipProducts, index: int) -> NDArray[np.float32]:
    with ClipReader(products.info) as reader:
        return upsample_disparity(products.rgbd(index).disparity.astype(np.float32), reader.read(index).rgb8)


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if ".part" in name]


@pytest.mark.parametrize("form", OUT)
def test_what_went_out_comes_back(products: ClipProducts, tmp_path: Path, form: DepthForm) -> None:
    out = tmp_path / OUT[form]
    report = run_job(depth_export_job(products, DepthRequest(str(out), form)))
    assert (report.path, report.frames) == (str(out), FRAMES)
    assert leftovers(tmp_path) == []
    planes = open_depth(out)
    estimator = SidecarEstimator(planes, SidecarSpec(str(out)))
    list(estimator.look_ahead(lambda _: None, FRAMES))  # type: ignore[arg-type, return-value]
    for index in (0, 7, 8, 11):
        np.testing.assert_allclose(estimator.disparity_of(index), full(products, index), atol=TOLERANCE)
    planes.close()


@pytest.mark.parametrize("form", OUT)
def test_imported_products_say_the_same(products: ClipProducts, tmp_path: Path, form: DepthForm) -> None:
    out = tmp_path / OUT[form]
    run_job(depth_export_job(products, DepthRequest(str(out), form)))
    back = run_job(analyse_job(imported_products(products.info, SidecarSpec(str(out)))))
    assert back.complete
    assert back.cuts == products.cuts
    for index in (3, 9):
        # Half floats, and the range of the shot anew: not the precision of the files.
        np.testing.assert_allclose(full(back, index), full(products, index), atol=0.01)


def test_a_video_has_the_clips_times(products: ClipProducts, tmp_path: Path) -> None:
    out = tmp_path / "depth.mkv"
    run_job(depth_export_job(products, DepthRequest(str(out), "ffv1")))
    info = probe(out)
    assert (info.codec, info.bit_depth, info.color_range) == ("ffv1", 16, "full")
    table, source = info.table, products.info.table
    assert table is not None
    assert source is not None
    np.testing.assert_allclose(table.times_s, source.times_s, atol=0.0011)


def test_an_exr_holds_one_channel_that_nuke_knows(products: ClipProducts, tmp_path: Path) -> None:
    run_job(depth_export_job(products, DepthRequest(str(tmp_path / "d"), "exr")))
    with OpenEXR.File(str(tmp_path / "d" / "frame_000003.exr"), separate_channels=True) as file:
        assert list(file.channels()) == ["Z"]
        assert file.channels()["Z"].pixels.dtype == np.float32


def test_a_range_keeps_the_clips_numbers(products: ClipProducts, tmp_path: Path) -> None:
    request = DepthRequest(str(tmp_path / "d_%04d.png"), "png16", start_s=0.2, stop_s=0.35)
    assert run_job(depth_export_job(products, request)).frames == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"d_{i:04d}.png" for i in range(4, 9)]
    with pytest.raises(MediaError, match="5 frames, the clip has 12"):
        imported_products(products.info, SidecarSpec(str(tmp_path / "d_%04d.png")))


@pytest.mark.parametrize("form", OUT)
def test_nothing_is_replaced_unless_told(products: ClipProducts, tmp_path: Path, form: DepthForm) -> None:
    out = tmp_path / ("depth.mkv" if form == "ffv1" else f"d_%02d.{'exr' if form == 'exr' else 'png'}")
    request = DepthRequest(str(out), form, stop_s=0.1)
    run_job(depth_export_job(products, request))
    kept = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(ExportError, match="exists already"):
        check_depth_request(request, products.info)
    with pytest.raises(ExportError, match="exists already"):
        run_job(depth_export_job(products, request))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == kept
    run_job(depth_export_job(products, replace(request, overwrite=True)))
    assert set(kept) == {p.name for p in tmp_path.iterdir()}


def test_names_that_cannot_be(products: ClipProducts, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    wrong: list[tuple[str, DepthForm]] = [
        ("d.mp4", "ffv1"),
        ("d.mkv", "exr"),
        ("d.png", "png16"),
        ("missing/d.mkv", "ffv1"),
        ("d_%d_%d.png", "png16"),
        ("full", "exr"),
    ]
    for name, form in wrong:
        with pytest.raises(UsageError):
            check_depth_request(DepthRequest(str(tmp_path / name), form), products.info)
    own = Path(products.info.path)
    with pytest.raises((UsageError, ExportError)):
        check_depth_request(DepthRequest(str(own), "ffv1", overwrite=True), products.info)
    assert own.stat().st_size > 0


@pytest.mark.parametrize("form", OUT)
@pytest.mark.parametrize("stop_after", [1, 5, FRAMES + 2])
def test_a_cancelled_export_leaves_nothing(
    products: ClipProducts, tmp_path: Path, form: DepthForm, stop_after: int
) -> None:
    job = depth_export_job(products, DepthRequest(str(tmp_path / OUT[form]), form))
    for _ in range(stop_after):
        next(job)
    job.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", OUT)
def test_a_full_disk_leaves_nothing(
    products: ClipProducts, tmp_path: Path, form: DepthForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rvr_laaf_app.media import depth_writer

    calls = 0

    def full_disk(*_: Any, **__: Any) -> None:
        nonlocal calls
        calls += 1
        raise OSError(28, "No space left on device")

    for name in ("put_exr", "write_atomic", "publish"):
        monkeypatch.setattr(depth_writer, name, full_disk)
    with pytest.raises(ExportError, match="disk is full"):
        run_job(depth_export_job(products, DepthRequest(str(tmp_path / OUT[form]), form)))
    assert calls == 1
    assert list(tmp_path.iterdir()) == []


def series(folder: Path, clip: Path, change: float = 0.0) -> Path:
    folder.mkdir()
    columns = np.tile(np.linspace(0.1, 0.9, 160, dtype=np.float32), (96, 1))
    for index in range(probe(clip).frames):
        write_exr(folder / f"z.{index:04d}.exr", 1.0 / (columns + 0.02 * (index % 5) + change))
    return folder


@pytest.fixture
def metres(clip: Path, tmp_path: Path) -> Path:
    return series(tmp_path / "z", clip)


def test_metric_depth_is_normalised_over_its_shot_and_not_filtered(clip: Path, metres: Path) -> None:
    back = run_job(analyse_job(imported_products(probe(clip), SidecarSpec(str(metres), "depth"))))
    assert back.key.filter_version == "none"
    assert back.key.long_side == LONG_SIDE
    first, second = (back.rgbd(i).disparity.astype(np.float32) for i in (0, 1))
    assert first.min() < 0.02
    assert np.all(np.diff(first[10]) >= 0)
    assert (second - first).mean() > 0.01, "what changes from frame to frame in the files is kept"
    steadied = run_job(analyse_job(imported_products(probe(clip), SidecarSpec(str(metres), "depth", steady=True))))
    calm = [steadied.rgbd(i).disparity.astype(np.float32).mean() for i in range(2, 8)]
    wild = [back.rgbd(i).disparity.astype(np.float32).mean() for i in range(2, 8)]
    assert np.std(calm) < 0.7 * np.std(wild)


def test_distances_need_to_be_named(clip: Path, metres: Path) -> None:
    with pytest.raises(MediaError, match="may be distances"):
        run_job(analyse_job(imported_products(probe(clip), SidecarSpec(str(metres)))))


def test_a_killed_import_resumes_to_the_same(clip: Path, metres: Path) -> None:
    longer = SidecarSpec(str(metres), "depth")
    whole = run_job(analyse_job(imported_products(probe(clip), longer)))
    expected = [whole.rgbd(i).digest for i in range(FRAMES)]
    whole.forget()
    job = analyse_job(imported_products(probe(clip), longer))
    for progress in job:
        if progress.done >= 7:
            break
    job.close()
    again = run_job(analyse_job(imported_products(probe(clip), longer)))
    assert [again.rgbd(i).digest for i in range(FRAMES)] == expected


def test_products_never_mix(clip: Path, metres: Path, tmp_path: Path) -> None:
    info = probe(clip)
    other = series(tmp_path / "other", clip, change=0.3)
    specs = [
        SidecarSpec(str(metres), "depth"),
        SidecarSpec(str(metres), "inverted"),
        SidecarSpec(str(metres), "depth", limits=(1.0, 20.0)),
        SidecarSpec(str(metres), "depth", steady=True),
        SidecarSpec(str(other), "depth"),
    ]
    folders = [imported_products(info, spec).store.folder for spec in specs]
    folders.append(products_of(info, "lower-is-nearer").store.folder)
    assert len(set(folders)) == len(folders)


def test_the_wrong_shape_is_refused_before_the_work(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "square"
    folder.mkdir()
    for index in range(FRAMES):
        write_png(folder / f"{index:03d}.png", np.zeros((96, 96), np.uint16))
    with pytest.raises(MediaError, match="not the same shape"):
        imported_products(probe(clip), SidecarSpec(str(folder)))


def test_a_matte_is_white_where_the_depth_of_field_is(products: ClipProducts, tmp_path: Path) -> None:
    engine, info = PipelineEngine(), products.info
    target = FocusTarget("a", 0, Point(0.5, 0.9), follow=False)
    project = Project(clip=ClipRef(info.path, info.fingerprint, info.frames), lens=LensSettings(blur_px=20.0))
    project = project.with_targets((target,))
    choice = ExportChoice(str(tmp_path / "matte"), codec="matte_png16", stop_s=0.1)
    engine.check_export(choice, info)
    report = run_job(engine.export_job(products, project, choice))
    assert report.frames == 3
    matte = open_depth(tmp_path / "matte").read(1)
    focus = float(curve_of(products, project).focus_disparity[1])
    gain = project.lens.blur_gain_px(info.display_size[0], info.display_size[0])
    coc = np.abs(full(products, 1) - focus) * gain / sharp_coc(info.display_size[0])
    assert matte[coc <= 0.99].min() > 0.999
    assert matte[coc >= 2.01].max() < 0.001
    assert np.abs(matte - np.clip(2.0 - coc, 0.0, 1.0)).max() < 1e-3
    assert (matte > 0.5).any()
    assert (matte < 0.5).any()
    with pytest.raises(UsageError, match="unknown codec"):
        engine.check_export(replace(choice, codec="matte_exr"), info)
