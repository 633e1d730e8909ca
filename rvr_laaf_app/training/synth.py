"""Truth without photographs of truth: random composed scenes with exact disparity, light and occlusion edges.

    python -m rvr_laaf_app.training.synth --data DATA --out FOLDER --count N

writes contact sheets. The scenes are seeded: the same library seed and generator give the same pictures.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.synth_camera import exposure_for, lost_stops, optics, record
from rvr_laaf_app.training.synth_draw import Flat, draw_all, flatten, occlusion_edges
from rvr_laaf_app.training.synth_scenes import compose
from rvr_laaf_app.training.synth_stage import Stage
from rvr_laaf_app.training.synth_textures import SceneLibrary

__all__ = ["SceneLibrary", "SynthView", "random_view"]


@dataclass(frozen=True, slots=True, eq=False)
class SynthView:
    """A deep-DOF frame and the truth about it.

    rgb [H, W, 3] uint8 as a camera records it; disparity [H, W] float32 1 / metres; linear [H, W, 3] float32 light
    before clipping, 1 = display white; stops [H, W, 3] float32 lost to clipping, 0 where nothing is lost;
    edges [H, W] bool: both sides of every occlusion boundary.
    """

    rgb: NDArray[np.uint8]
    disparity: NDArray[np.float32]
    linear: NDArray[np.float32]
    stops: NDArray[np.float32]
    edges: NDArray[np.bool_]


def random_view(library: SceneLibrary, *, size: tuple[int, int], rng: np.random.Generator) -> SynthView:
    """Compose a random scene and record it at `size` (width, height)."""
    stage = compose(library, size=size, rng=rng)
    pieces = stage.pieces()
    flat = flatten(draw_all(pieces, stage.camera), pieces, stage.camera.canvas)
    light = hazed(stage, flat)
    linear = optics(light * np.float32(exposure_for(light, rng)), rng)
    edges = occlusion_edges(flat.disparity, flat.piece)
    return SynthView(record(linear, rng), flat.disparity, linear, lost_stops(linear), edges)


def hazed(stage: Stage, flat: Flat) -> NDArray[np.float32]:
    """Light [h, w, 3] seen through the air of the scene."""
    light = flat.rgba[..., :3]
    if stage.haze > 0:
        through = np.exp(-stage.haze / np.maximum(flat.disparity, 1e-3))[..., None].astype(np.float32)
        colour = np.array(stage.haze_colour, np.float32) * np.float32(0.03 if stage.night else 1.0)
        light = light * through + colour * (1 - through)
    return light


def sheet(views: list[SynthView]) -> NDArray[np.uint8]:
    """Contact sheet [h, w, 3]: a row per view, frame | disparity | edges | lost light."""
    rows = []
    for view in views:
        low, high = np.percentile(view.disparity, (0.5, 99.5))
        grey = np.clip((view.disparity - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
        shown = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
        lost = np.clip(view.stops * 32, 0, 255).astype(np.uint8)
        rows.append(np.concatenate([view.rgb, shown, lost], axis=1))
    return np.concatenate(rows, axis=0)


def main() -> None:
    """Write contact sheets of random views."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    options = parser.parse_args()
    library = SceneLibrary(options.data, seed=options.seed)
    rng = np.random.default_rng(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for first in range(0, options.count, 8):
        size = options.width, options.height
        views = [random_view(library, size=size, rng=rng) for _ in range(min(8, options.count - first))]
        pages = np.concatenate([sheet(views[:4]), sheet(views[4:])], axis=1) if len(views) == 8 else sheet(views)
        cv2.imwrite(str(options.out / f"sheet_{first // 8:03d}.png"), pages[..., ::-1])


if __name__ == "__main__":
    main()
