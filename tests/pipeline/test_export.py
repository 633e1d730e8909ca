"""Export: what the preview shows is what is encoded; ranges, variable frame rate, sound; nothing half-made is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.writer import ClipWriter
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.export import ExportRequest, export_job
from rvr_laaf_app.pipeline.focus import curve_of, track_job
from rvr_laaf_app.pipeline.preview import PreviewRenderer, PreviewRequest
from rvr_laaf_app.pipeline.products import ClipProducts
from tests.clips import SQUARE, write_clip


class Edit:
    """A clip, analysed, with one target on the moving square at frame 10."""

    def __init__(self, path: Path) -> None:
        info = probe(path)
        width, height = info.display_size
        self.products: ClipProducts = run_job(analyse_job(products_of(info, "lower-is-nearer")))
        place = Box.from_pixels(28, height // 2, SQUARE, SQUARE, picture=(width, height))
        target = FocusTarget("t", frame=10, place=place)
        project = Project(clip=ClipRef(str(path)), lens=LensSettings(blur_px=8.0)).with_targets((target,))
        track = run_job(track_job(self.products, project, "t"))
        self.project = Project(project.clip, project.targets, (track,), project.lens)
        self.curve: FocusCurve = curve_of(self.products, self.project)


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    return Edit(write_clip(tmp_path / "clip.mp4", frames=30))


def run_export(edit: Edit, out: Path, **options: object) -> None:
    request = ExportRequest(str(out), **options)  # type: ignore[arg-type]
    run_job(export_job(edit.products, edit.project, edit.curve, request))


def test_times_size_and_sound_are_the_sources(tmp_path: Path) -> None:
    stamps = [0, 30, 90, 120, 200, 210, 260, 400, 430, 470, 520, 600, 640, 700]
    edit = Edit(write_clip(tmp_path / "vfr.mp4", pts=stamps))
    run_export(edit, tmp_path / "out.mp4")
    source, result = probe(tmp_path / "vfr.mp4"), probe(tmp_path / "out.mp4")
    assert source.table is not None
    assert result.table is not None
    np.testing.assert_allclose(result.table.times_s, source.table.times_s, atol=1e-3)
    assert result.display_size == source.display_size
    assert len(result.audio) == 1


def test_preview_and_export_are_the_same_picture(edit: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[int, np.ndarray] = {}
    original = ClipWriter.write

    def spy(self: ClipWriter, rgb: np.ndarray, source_index: int) -> None:
        written[source_index] = rgb
        original(self, rgb, source_index)

    monkeypatch.setattr(ClipWriter, "write", spy)
    run_export(edit, tmp_path / "out.mp4")
    preview = PreviewRenderer(edit.products)
    size = edit.products.info.display_size
    for index in (0, 9, 29):
        shown = preview.picture(edit.project, edit.curve, PreviewRequest(index, size, quality="final"))
        np.testing.assert_array_equal(shown, written[index])
    preview.close()


def test_the_plane_in_focus_stays_and_the_rest_blurs(edit: Edit) -> None:
    preview = PreviewRenderer(edit.products)
    size = edit.products.info.display_size
    refocused = preview.picture(edit.project, edit.curve, PreviewRequest(20, size, quality="final")).astype(float)
    original = preview.picture(edit.project, edit.curve, PreviewRequest(20, size, view="original")).astype(float)
    preview.close()
    rows = np.abs(refocused - original).mean(axis=(1, 2))
    disparity = edit.products.rgbd(20).disparity.astype(float).mean(axis=1)
    distance = np.abs(np.interp(np.linspace(0, 1, 96), np.linspace(0, 1, len(disparity)), disparity))
    distance = np.abs(distance - edit.curve.focus_disparity[20])
    assert rows[distance < 0.03].mean() < 1.0
    assert rows[distance > 0.4].mean() > 4 * rows[distance < 0.03].mean()


def test_a_range_is_cut_out_and_begins_at_zero(edit: Edit, tmp_path: Path) -> None:
    run_export(edit, tmp_path / "part.mp4", start_s=0.4, stop_s=0.8)
    result = probe(tmp_path / "part.mp4")
    assert result.frames == 10
    with ClipReader(result) as a, ClipReader(edit.products.info) as b:
        difference = np.abs(a.read(0).rgb.astype(int) - b.read(10).rgb.astype(int)).mean()
    assert difference < 20


@pytest.mark.parametrize("when", [1, 15, 30])
def test_a_cancelled_export_leaves_nothing(edit: Edit, tmp_path: Path, when: int) -> None:
    before = sorted(tmp_path.iterdir())
    job = export_job(edit.products, edit.project, edit.curve, ExportRequest(str(tmp_path / "out.mp4")))
    for progress in job:
        if progress.done >= when:
            break
    job.close()
    assert sorted(tmp_path.iterdir()) == before


def test_an_existing_file_is_kept_unless_allowed(edit: Edit, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"precious")
    with pytest.raises(ExportError, match="exists already"):
        run_export(edit, out)
    assert out.read_bytes() == b"precious"
    run_export(edit, out, overwrite=True)
    assert probe(out).frames == 30


def test_the_source_is_never_written_over(edit: Edit) -> None:
    source = Path(edit.products.info.path)
    before = source.read_bytes()
    with pytest.raises((ExportError, UsageError)):
        run_export(edit, source, overwrite=True)
    assert source.read_bytes() == before


def test_an_empty_range_is_refused(edit: Edit, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing lies between"):
        run_export(edit, tmp_path / "out.mp4", start_s=5.0)


def test_failing_to_encode_stops_with_the_reason(edit: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ClipWriter, rgb: np.ndarray, source_index: int) -> None:
        if source_index == 5:
            raise ExportError("the disk is full", where=self.path)

    monkeypatch.setattr(ClipWriter, "write", full)
    with pytest.raises(ExportError, match="the disk is full"):
        run_export(edit, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_part_of_a_clip_is_the_same_with_and_without_the_rest(tmp_path: Path) -> None:
    """Analysed and followed only to the end of the shot, the exported range does not change."""
    path = write_clip(tmp_path / "clip.mp4", frames=70, cut_at=40)
    info = probe(path)
    targets = (FocusTarget("a", 10, Point(0.3, 0.6)), FocusTarget("b", 45, Point(0.5, 0.2)))
    project = Project(clip=ClipRef(str(path)), lens=LensSettings(blur_px=8.0)).with_targets(targets)
    curves = []
    for stop in (30, None):
        products = run_job(analyse_job(products_of(info, "lower-is-nearer"), stop=stop))
        end = None if stop is None else products.shot_end(stop)
        wanted = [t.id for t in targets if end is None or t.frame < end]
        tracks = tuple(run_job(track_job(products, project, name, stop=end)) for name in wanted)
        curves.append(curve_of(products, replace(project, tracks=tracks)).focus_disparity[:30])
        products.forget()
    np.testing.assert_array_equal(curves[0], curves[1])


def test_a_picture_does_not_replace_its_source(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.png"), np.full((40, 60, 3), 99, np.uint8))
    before = (tmp_path / "still.png").read_bytes()
    edit_products = run_job(analyse_job(products_of(probe(tmp_path / "still.png"), "lower-is-nearer")))
    project = Project(clip=ClipRef(str(tmp_path / "still.png"))).with_targets((FocusTarget("t", 0, Point(0.5, 0.5)),))
    request = ExportRequest(str(tmp_path / "still.png"), overwrite=True)
    with pytest.raises(UsageError, match="clip itself"):
        run_job(export_job(edit_products, project, curve_of(edit_products, project), request))
    assert (tmp_path / "still.png").read_bytes() == before
