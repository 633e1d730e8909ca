"""Seconds per frame of each stage of a clip's way, and of the whole, first run and cached. One machine's figures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from rvr_laaf_app.core.color import from_linear
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.project import ClipRef, FocusTarget, Project
from rvr_laaf_app.flow.temporal import TemporalFilter
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.encoders import ExportSettings
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.writer import ClipWriter
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.compose import blur, prepare
from rvr_laaf_app.pipeline.export import ExportRequest, export_job
from rvr_laaf_app.pipeline.focus import curve_of, track_job
from rvr_laaf_app.pipeline.preview import PreviewRenderer, PreviewRequest
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.resolve import resolve
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS
from rvr_laaf_app.render.benchmark import run, table

PREVIEW_SIZE = (640, 360)


@dataclass(frozen=True, slots=True)
class StageRow:
    """One line of the report: milliseconds per frame, wall clock and processor time, medians over the frames."""

    stage: str
    wall_ms: float
    cpu_ms: float


@dataclass(slots=True)
class _Stopwatch:
    """Collects wall and processor time of named pieces of work, one entry a frame."""

    times: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        took = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        self.times.setdefault(stage, []).append(took)

    def rows(self) -> list[StageRow]:
        """Return the medians; the first frame of each stage (warm-up, compilation) is left out."""
        rows = []
        for stage, values in self.times.items():
            kept = np.array(values[1:] or values)
            rows.append(StageRow(stage, float(np.median(kept[:, 0])), float(np.median(kept[:, 1]))))
        return rows


def stage_rows(path: str, *, frames: int = 24) -> list[StageRow]:
    """Run the stages one by one over the first frames of a clip; nothing overlaps, so the sum is an upper bound."""
    info = probe(path)
    products = products_of(info)
    count = min(frames, info.frames)
    watch = _Stopwatch()
    _analysis_stages(products, count, watch)
    run_job(analyse_job(products))
    project = _one_target(products)
    curve = curve_of(products, project)
    renderer = RENDERERS.load(DEFAULT_RENDERER)()
    with tempfile.TemporaryDirectory() as folder, ClipReader(info) as reader:
        writer = ClipWriter(Path(folder) / "bench.mp4", info, ExportSettings(), start=0, stop=count)
        for index in range(count):
            with watch.measure("decode, full size"):
                frame = reader.read(index)
            with watch.measure("read products"):
                rgbd = products.rgbd(index)
            with watch.measure("linearise and upsample"):
                prepared = prepare(frame, rgbd)
            request = resolve(project, curve, index, size=frame.size, full_width=frame.size[0])
            with watch.measure("render, final"):
                linear = blur(prepared, request, renderer)
            with watch.measure("encode transfer"):
                rgb = from_linear(linear, frame.transfer, frame.primaries, dtype=frame.rgb.dtype.type)
            with watch.measure("H.264"):
                writer.write(rgb, index)
        writer.abort()
    return watch.rows()


def _analysis_stages(products: ClipProducts, count: int, watch: _Stopwatch) -> None:
    estimator, steady = products.new_estimator(), TemporalFilter()
    state, filter_state = estimator.start(products.trait), steady.start()
    with ClipReader(products.info, size=products.map_source_size) as reader:
        for index in range(count):
            with watch.measure("decode, analysis size"):
                frame = reader.read(index)
            before, after = estimator.context
            with watch.measure("depth and light"):
                rgbd, state = estimator.step([frame] * (before + 1 + after), state)
            small = cv2.resize(frame.rgb8, rgbd.size, interpolation=cv2.INTER_AREA)
            maps = (m.astype(np.float32) for m in (rgbd.disparity, rgbd.boost_stops, rgbd.confidence))
            with watch.measure("flow and temporal filter"):
                *_, filter_state = steady.step(filter_state, small, *maps, cut=False)


def _one_target(products: ClipProducts) -> Project:
    target = FocusTarget("bench", frame=0, place=Point(0.5, 0.6))
    project = Project(clip=ClipRef(products.info.path)).with_targets((target,))
    track = run_job(track_job(products, project, "bench"))
    return Project(project.clip, project.targets, (track,), project.lens)


def whole_rows(path: str) -> list[StageRow]:
    """Time the whole way of a clip: first run (analysis, tracking, export) and cached (export only)."""
    info = probe(path)
    products = products_of(info)
    products.forget()
    with tempfile.TemporaryDirectory() as folder:
        out = ExportRequest(str(Path(folder) / "whole.mp4"), overwrite=True)

        def analyse() -> None:
            run_job(analyse_job(products))

        rows = [_timed("analyse, whole clip", analyse, info.frames)]
        project: list[Project] = []
        rows.append(_timed("track one subject", lambda: project.append(_one_target(products)), info.frames))
        curve = curve_of(products, project[0])
        for name in ("export, cached", "export, cached again"):
            rows.append(_timed(name, lambda: run_job(export_job(products, project[0], curve, out)), info.frames))
    return rows


def renderer_table(*, quick: bool = False) -> str:
    """Return the renderer's own benchmark (quality against truth, speed against rivals) as a Markdown table."""
    return table(run(quick=quick))


def _timed(stage: str, work: Callable[[], object], frames: int) -> StageRow:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    scale = 1000 / frames
    return StageRow(stage, (time.perf_counter() - wall) * scale, (time.process_time() - cpu) * scale)


def refocus_rows(path: str, *, repeats: int = 40) -> list[StageRow]:
    """Time what a moved slider costs in the viewer: same frame, new blur or new focal plane, at the preview size."""
    products = products_of(probe(path))
    run_job(analyse_job(products))
    project = _one_target(products)
    curve = curve_of(products, project)
    preview = PreviewRenderer(products)
    watch = _Stopwatch()
    for blur_px in np.linspace(5, 40, repeats):
        lens = type(project.lens)(blur_px=float(blur_px))
        moved = Project(project.clip, project.targets, project.tracks, lens)
        with watch.measure(f"refocus in the viewer, {PREVIEW_SIZE[0]}x{PREVIEW_SIZE[1]}"):
            preview.picture(moved, curve, PreviewRequest(0, PREVIEW_SIZE))
    preview.close()
    return watch.rows()
