"""The renderer benchmark: quality against float64, lens and ray-traced truth, and speed as ratios within one run.

CPU seconds of one thread are compared, the least of several interleaved runs, since those barely move under load. The
rivals compute the same masks, levels and discs by other means.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.render import reference
from rvr_laaf_app.render.aperture import spans_of
from rvr_laaf_app.render.base import Aperture
from rvr_laaf_app.render.bench_scenes import SCENES, lens_truth
from rvr_laaf_app.render.levels import LevelGrid, level_grid
from rvr_laaf_app.render.occlusion import plain, separate
from rvr_laaf_app.render.spans import SpanRenderer, render_surfaces, warm_up

_F32 = NDArray[np.float32]
_DISC = Aperture()
FOCUS = 0.6  # disparity in focus in every scene


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what was measured, the value with its unit, and the limit it is held to ("" = none)."""

    name: str
    value: float
    unit: str
    limit: str = ""


def psnr_db(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return PSNR in the display domain (clipped at white, sRGB curve)."""
    a, b = (encode_transfer(np.clip(picture, 0, 1), "srgb") for picture in (one, other))
    return float(-10 * np.log10(np.mean((a - b) ** 2) + 1e-16))


def run(*, quick: bool = False) -> list[Row]:
    """Measure everything and return the rows; `quick` leaves out 1080p, torch and two scenes."""
    warm_up()
    rows = list(quality_rows(quick=quick))
    sizes = [("720p N16 r24", 1280, 720, 16, 24.0, 8), ("1080p N32 r40", 1920, 1080, 32, 40.0, 10)]
    for label, width, height, count, radius, floor in sizes[:1] if quick else sizes:
        rows += speed_rows(label, (width, height), count, radius, floor=floor, with_torch=not quick)
    return rows


def quality_rows(*, quick: bool = False) -> Iterator[Row]:
    """Yield quality figures: exactness, preview, and thin-lens truth."""
    names = list(SCENES)[-2:] if quick else list(SCENES)
    for name in names:
        linear, coc = _case(name, 1280, 720, 24.0)
        surfaces, grid = separate(linear, coc), level_grid(coc)
        slow = reference.layered(surfaces, grid, _DISC)
        yield Row(
            f"{name}: final against float64", psnr_db(render_surfaces(surfaces, grid, _DISC), slow), "dB", ">= 85"
        )
        for kind, limit in (("SDR", ">= 48"), ("HDR", ">= 45")):
            light = np.minimum(linear, np.float32(1)) if kind == "SDR" else linear
            final, preview = (
                SpanRenderer().render(light, coc, aperture=_DISC, quality=q) for q in ("final", "preview")
            )
            if kind == "SDR" or float(linear.max()) > 1:
                yield Row(f"{name}: preview against final, {kind}", psnr_db(preview, final), "dB", limit)
    linear, disparity, truth = lens_truth(samples=200 if quick else 900)
    coc = _coc(disparity, 16.0)
    inner = (slice(24, -24), slice(24, -24))
    ours = SpanRenderer().render(linear, coc, aperture=_DISC, quality="final")
    grid = level_grid(coc, count=32)
    yield Row("thin-lens truth: final", psnr_db(ours[inner], truth[inner]), "dB", ">= 36.5")
    for label, model in (("normalised", reference.eq3_normalised), ("as printed", reference.eq3_printed)):
        yield Row(f"thin-lens truth: Eq. 3 {label}", psnr_db(model(linear, coc, grid)[inner], truth[inner]), "dB")


def speed_rows(
    label: str, size: tuple[int, int], count: int, radius_px: float, *, floor: int, with_torch: bool
) -> list[Row]:
    """Return times and ratios on the scene with the most depth edges, levels fixed to `count`."""
    linear, coc = _case("night", *size, radius_px)
    grid = level_grid(coc, count=count)
    surfaces, tame = plain(linear, coc), np.minimum(linear, np.float32(1))
    jobs: dict[str, tuple[Callable[[], object], int]] = {
        "layers, exact": (lambda: render_surfaces(surfaces, grid, _DISC), 5),
        "whole final render": (lambda: SpanRenderer().render(linear, coc, aperture=_DISC, quality="final"), 3),
        "whole preview render": (lambda: SpanRenderer().render(tame, coc, aperture=_DISC, quality="preview"), 3),
        "cv2.filter2D per layer": (lambda: _cv2_layers(linear, coc, grid), 2),
    }
    if with_torch:
        jobs["torch depthwise conv2d, channels last"] = (lambda: _torch_layers(linear, coc, grid), 1)
    with _one_thread():
        cpu = _interleaved(jobs)
    wall = _wall(jobs["layers, exact"][0]), _wall(jobs["whole final render"][0]), _wall(jobs["whole preview render"][0])
    rows = [Row(f"{label}: {name}, CPU of one thread", 1e3 * seconds, "ms") for name, seconds in cpu.items()]
    for name, seconds in zip(("layers, exact", "whole final render", "whole preview render"), wall, strict=True):
        rows.append(Row(f"{label}: {name}, wall, all threads", 1e3 * seconds, "ms"))
    exact = cpu["layers, exact"]
    rows.append(Row(f"{label}: cv2 / exact", cpu["cv2.filter2D per layer"] / exact, "x", f">= {floor}"))
    if with_torch:
        rows.append(Row(f"{label}: torch / exact", cpu["torch depthwise conv2d, channels last"] / exact, "x", ">= 40"))
    return rows


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | value | limit |", "|---|---|---|"]
    lines += [f"| {row.name} | {row.value:.1f} {row.unit} | {row.limit} |" for row in rows]
    return "\n".join(lines)


def _case(name: str, width: int, height: int, radius_px: float) -> tuple[_F32, _F32]:
    linear, disparity = SCENES[name](width, height)
    return linear, _coc(disparity, radius_px)


def _coc(disparity: _F32, radius_px: float) -> _F32:
    """Return signed coc diameters: the farthest thing is blurred by `radius_px`."""
    return ((disparity - np.float32(FOCUS)) * np.float32(2 * radius_px / FOCUS)).astype(np.float32)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hold numba, OpenCV and torch to one thread."""
    import cv2
    import numba
    import torch

    before = numba.get_num_threads(), cv2.getNumThreads(), torch.get_num_threads()
    numba.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
        torch.set_num_threads(before[2])


def _interleaved(jobs: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Return the least CPU seconds of each job over its runs, all jobs taking turns."""
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(max(runs for _, runs in jobs.values())):
        for name, (job, runs) in jobs.items():
            if turn < runs:
                start = time.process_time()
                job()
                best[name] = min(best[name], time.process_time() - start)
    return best


def _wall(job: Callable[[], object], runs: int = 5) -> float:
    """Return the least wall seconds of a job."""
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return best


def _shares(coc: _F32, grid: LevelGrid, d: int) -> _F32:
    level = np.clip(coc * np.float32(0.5 / grid.spacing_px) + np.float32(grid.focus_index), 0, grid.count - 1)
    return np.asarray(np.maximum(1 - np.abs(level - np.float32(d)), 0), np.float32)


def _cv2_layers(linear: _F32, coc: _F32, grid: LevelGrid) -> _F32:
    """The same layers with one cv2.filter2D each."""
    import cv2

    rgba = np.dstack([linear, np.ones_like(coc)])
    out = np.zeros_like(rgba)
    for d in range(grid.count):
        kernel = spans_of(_DISC, float(grid.radii_px[d])).kernel().astype(np.float32)
        blurred = cv2.filter2D(rgba * _shares(coc, grid, d)[..., None], -1, kernel, borderType=cv2.BORDER_CONSTANT)
        out = out * (1 - blurred[..., 3:]) + blurred
    return np.asarray(out[..., :3] / np.maximum(out[..., 3:], 1e-8), np.float32)


def _torch_layers(linear: _F32, coc: _F32, grid: LevelGrid) -> _F32:
    """The same layers with one depthwise conv2d each, in the memory order that torch is fastest with."""
    import torch

    rgba = np.dstack([linear, np.ones_like(coc)])
    with torch.inference_mode():
        image = torch.from_numpy(rgba).permute(2, 0, 1)[None].clone(memory_format=torch.contiguous_format)
        image = image.contiguous(memory_format=torch.channels_last)
        out = torch.zeros_like(image)
        for d in range(grid.count):
            kernel = torch.from_numpy(spans_of(_DISC, float(grid.radii_px[d])).kernel().astype(np.float32))
            weight = kernel[None, None].expand(4, 1, -1, -1).contiguous()
            share = torch.from_numpy(_shares(coc, grid, d))
            layer = (image * share).contiguous(memory_format=torch.channels_last)
            padding = (kernel.shape[0] // 2, kernel.shape[1] // 2)
            blurred = torch.nn.functional.conv2d(layer, weight, padding=padding, groups=4)
            out = out * (1 - blurred[:, 3:]) + blurred
        return (out[0, :3] / out[0, 3:].clamp_min(1e-8)).permute(1, 2, 0).numpy()
