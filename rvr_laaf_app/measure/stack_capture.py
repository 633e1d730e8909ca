"""How many pictures an all-in-focus capture takes: strategies on simulated scenes, against the uniform sweep.

What a strategy reads comes from an oracle with errors (so that the strategies themselves are compared), or from the
network of ours, on pictures with noise. Sharpness is told without fusing: the blur radius that each pixel has in the
best of the captured pictures, as a picture 1920 wide. For every capture also the shortest even sweep is found that is
as sharp; the share of pictures is told against it and against the sweep by depth of field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.strategy import Capture, CaptureResult, GlobalEstimator, PrintedStatic, uniform_sweep
from rvr_laaf_app.autofocus.strategy_scan import TwoPassScan
from rvr_laaf_app.autofocus.strategy_static import StaticCapture
from rvr_laaf_app.camera.defocus import DefocusModel, paper_model
from rvr_laaf_app.camera.procedural import make_scene
from rvr_laaf_app.camera.scene import Scene, look, seen_positions
from rvr_laaf_app.core.color import from_linear

SCENES: Final = ("desk", "two", "chart", "slope")
SIZE: Final = (270, 480)  # height and width of the scenes
MAP: Final = (60, 34)  # cells of the oracle's map, width and height
WASTED_SHARE: Final = 0.001  # of the picture: a capture that alone shows less sharp than this was not needed
MOST_EVEN: Final = 150


@dataclass(slots=True, eq=False)
class Oracle:
    """A global step estimator that knows the scene and errs: relative, absolute, and sometimes altogether."""

    scene: Scene
    model: DefocusModel
    random: np.random.Generator
    relative: float = 0.1
    steps_off: float = 3.0
    outliers: float = 0.02

    def steps(self, picture: Patch, *, position: int) -> NDArray[np.float32]:
        """Return the map; the picture itself is not looked at."""
        true = np.abs(seen_positions(self.scene, self.model, position) - position)
        cells = np.asarray(cv2.resize(true, MAP, interpolation=cv2.INTER_AREA), np.float64)
        cells *= 1 + self.relative * self.random.standard_normal(cells.shape)
        cells += self.steps_off * self.random.standard_normal(cells.shape)
        wild = self.random.random(cells.shape) < self.outliers
        cells[wild] = self.random.uniform(0, 500, int(wild.sum()))
        return np.abs(cells).astype(np.float32)


def run_capture(capture: Capture, see: Callable[[int], Patch]) -> CaptureResult:
    """Answer each position with `see(position)` until the capture ends."""
    picture: Patch | None = None
    while True:
        try:
            place = next(capture) if picture is None else capture.send(picture)
        except StopIteration as end:
            found: CaptureResult = end.value
            return found
        picture = see(place)


def sharpness_of(scene: Scene, model: DefocusModel, positions: Sequence[int]) -> dict[str, float]:
    """Return the mean and 99th percentile of the least radius (px at 1920), the share in focus, captures not needed."""
    best = scene.best_positions()
    half = np.array([model.depth_of_field_at(p) / 2 for p in positions])
    away = np.array([np.abs(best - p) for p in positions])
    least = np.min([model.radius_at(best, p, width_px=1920) for p in positions], axis=0)
    sharp = away <= half[:, None, None] + 0.5
    alone = (sharp & (sharp.sum(axis=0) == 1)).mean(axis=(1, 2))
    return {
        "mean_radius_px": float(least.mean()),
        "p99_radius_px": float(np.percentile(least, 99)),
        "in_focus": float(sharp.any(axis=0).mean()),
        "wasted": int((alone[1:] < WASTED_SHARE).sum()),
    }


def even_sweep_as_sharp(scene: Scene, model: DefocusModel, radius_px: float) -> int:
    """Return the number of pictures of the shortest even sweep whose mean least radius is at most `radius_px`."""
    low, high = model.limits
    cells = np.unique(np.round(scene.best_positions()), return_counts=True)
    for count in range(1, MOST_EVEN):
        places = np.linspace(low, high, 2 * count + 1)[1::2]
        least = np.min([model.radius_at(cells[0], p, width_px=1920) for p in places], axis=0)
        if float((least * cells[1]).sum() / cells[1].sum()) <= radius_px:
            return count
    return MOST_EVEN


def measure_capture(
    seed: int,
    *,
    scenes: Sequence[str] | None = None,
    estimator: GlobalEstimator | None = None,
    start_share: float = 0.43,
    size: tuple[int, int] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Return {scene: {"uniform": ..., strategy: {frames, of_uniform, of_equally_sharp, ...}}} for scenes of a seed.

    estimator: what reads the pictures in place of the oracle (slower: pictures are then rendered for every position).
    """
    model = paper_model()
    limits = FocusRange(*model.limits, round(float(np.median(model.depth_of_field))))
    start = round(limits.minimum + start_share * (limits.maximum - limits.minimum))
    span: Callable[[float], float] = model.depth_of_field_at
    uniform = uniform_sweep(limits, span)
    report: dict[str, Any] = {}
    for name in scenes or SCENES:
        scene = make_scene(name, size=size or SIZE, limits=model.limits, seed=seed)
        rows: dict[str, Any] = {"uniform": {"frames": len(uniform), **sharpness_of(scene, model, uniform)}}
        see = _camera(scene, model, seed, rendered=estimator is not None)
        reader = estimator or Oracle(scene, model, np.random.default_rng(seed))
        runs = {"ours": StaticCapture(reader, span).capture, "printed": PrintedStatic(reader, span).capture}
        for strategy, run in runs.items():
            tell(f"capturing {name}: {strategy}")
            rows[strategy] = _row(run_capture(run(limits, start=start), see).positions, scene, model, len(uniform))
        tell(f"capturing {name}: two passes")
        scan = TwoPassScan(span)
        taken = run_capture(scan.capture(limits, start=start), _camera(scene, model, seed, rendered=True)).positions
        first = len(scan.scan_positions(limits))
        rows["two_pass"] = {**_row(taken[first:] or taken[:1], scene, model, len(uniform)), "scanned": first}
        report[name] = rows
    return report


def _row(positions: Sequence[int], scene: Scene, model: DefocusModel, uniform: int) -> dict[str, Any]:
    figures = sharpness_of(scene, model, positions)
    even = even_sweep_as_sharp(scene, model, figures["mean_radius_px"])
    return {
        "frames": len(positions),
        "of_uniform": len(positions) / uniform,
        "of_equally_sharp": len(positions) / even,
        **figures,
    }


def _camera(scene: Scene, model: DefocusModel, seed: int, *, rendered: bool) -> Callable[[int], Patch]:
    """Return what shows grey pictures with noise, or empty ones where nobody looks at them."""
    random = np.random.default_rng(seed + 1)

    def see(position: int) -> Patch:
        if not rendered:
            return np.zeros((2, 2), np.float32)
        light = look(scene, model, position)
        noisy = light + random.normal(0, 0.01, light.shape) * np.sqrt(light + 0.01)
        shown = from_linear(np.maximum(noisy, 0).astype(np.float32), "srgb")
        return np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)

    return see


def blur_map() -> GlobalEstimator:
    """Return the network of ours with the lens of the simulated camera; CheckpointError if its weights are missing."""
    from rvr_laaf_app.autofocus.strategy_reading import BlurMap

    return BlurMap(paper_model())
