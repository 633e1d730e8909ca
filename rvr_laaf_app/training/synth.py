"""Truth without photographs of truth: random composed scenes with exact disparity, light and occlusion edges.

    python -m rvr_laaf_app.training.synth --data DATA --out FOLDER --count N

writes contact sheets. The scenes are seeded: the same library seed and generator give the same pictures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.media.image_file import write_png
from rvr_laaf_app.training.synth_shot import (
    ShallowShot,
    SynthShot,
    SynthTriplet,
    SynthView,
    random_shot,
    random_view,
    triplet,
)
from rvr_laaf_app.training.synth_textures import SceneLibrary

__all__ = [
    "SceneLibrary",
    "ShallowShot",
    "SynthShot",
    "SynthTriplet",
    "SynthView",
    "random_shot",
    "random_view",
    "triplet",
]


def sheet(triplets: list[SynthTriplet]) -> NDArray[np.uint8]:
    """Contact sheet [h, w, 3]: a row per scene, frame | disparity | lost light | shallow."""
    rows = []
    for made in triplets:
        view = made.view
        low, high = np.percentile(view.disparity, (0.5, 99.5))
        grey = np.clip((view.disparity - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
        shown = cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
        lost = np.clip(view.stops * 32, 0, 255).astype(np.uint8)
        rows.append(np.concatenate([view.rgb, shown, lost, made.shots[0].rgb], axis=1))
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
        made = [triplet(library, size=size, rng=rng) for _ in range(min(8, options.count - first))]
        pages = np.concatenate([sheet(made[:4]), sheet(made[4:])], axis=1) if len(made) == 8 else sheet(made)
        write_png(options.out / f"sheet_{first // 8:03d}.png", pages)


if __name__ == "__main__":
    main()
