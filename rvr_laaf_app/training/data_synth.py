"""A pool of composed scenes with exact truth, made once and cut into training views many times.

    python -m rvr_laaf_app.training.data_synth --data DATA --subjects MASKS --out POOL --kind people --count 2500
    python -m rvr_laaf_app.training.data_synth --data DATA --out POOL --kind stages --count 2500

write POOL/KIND_NNNN.npz, 50 scenes each; run again with a larger count to go on. Composing a scene takes longer than a
training step may wait for; cutting a view from one that is kept does not.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.synth import SceneLibrary, random_view
from rvr_laaf_app.training.synth_people import CutoutLibrary, compose

SHARD = 50
# (width, height) of the scenes of a shard, in turn
SIZES = ((320, 240), (352, 200), (240, 320), (320, 240), (352, 200))
STOPS_STEP = 1 / 25  # lost light is kept in bytes: up to 10.2 stops


@dataclass(frozen=True, slots=True, eq=False)
class SynthExample:
    """rgb [h, w, 3] uint8; disparity [h, w] float32 (1 / distance, any unit); stops [h, w, 3] float32 clipped off."""

    rgb: NDArray[np.uint8]
    disparity: NDArray[np.float32]
    stops: NDArray[np.float32]


Composer = Callable[[tuple[int, int], np.random.Generator], SynthExample]


class Pool:
    """The scenes of a folder, in memory; `refresh` takes in shards that were written since."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[str] = set()
        self._scenes: list[tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]] = []
        self.refresh()

    def __len__(self) -> int:
        return len(self._scenes)

    def refresh(self) -> None:
        """Read the shards that are not known yet."""
        for path in sorted(self._folder.glob("*.npz")):
            if path.name not in self._known:
                with np.load(path) as shard:
                    self._scenes.extend(zip(shard["rgb"], shard["disparity"], shard["stops"], strict=True))
                self._known.add(path.name)

    def view(self, *, size: tuple[int, int], rng: np.random.Generator, smallest: float = 0.65) -> SynthExample:
        """A random crop of a random scene at `size` (width, height), mirrored half the time."""
        rgb, disparity, stops = self._scenes[rng.integers(len(self._scenes))]
        height, width = disparity.shape
        crop_w = min(width, height * size[0] / size[1]) * rng.uniform(smallest, 1.0)
        crop_h = crop_w * size[1] / size[0]
        x0, y0 = int(rng.uniform(0, width - crop_w)), int(rng.uniform(0, height - crop_h))
        window = slice(y0, y0 + int(crop_h)), slice(x0, x0 + int(crop_w))
        # Areas, not points: what a smaller picture of the same scene would show. Truth steps stay steps.
        seen = cv2.resize(rgb[window], size, interpolation=cv2.INTER_AREA)
        truth = cv2.resize(disparity[window], size, interpolation=cv2.INTER_NEAREST)
        lost = cv2.resize(stops[window], size, interpolation=cv2.INTER_NEAREST).astype(np.float32) * STOPS_STEP
        if rng.random() < 0.5:
            seen, truth, lost = seen[:, ::-1], truth[:, ::-1], lost[:, ::-1]
        return SynthExample(*(np.ascontiguousarray(part) for part in (seen, truth, lost)))


def composer(kind: str, *, data: Path, subjects: Path, seed: int) -> Composer:
    """What makes a scene: "people" (real silhouettes among planes) or "stages" (rooms and streets full of things)."""
    if kind == "people":
        cutouts = CutoutLibrary.load(data, subjects)
        return lambda size, rng: SynthExample(*compose(cutouts, size=size, rng=rng))
    things = SceneLibrary(data, seed=seed)

    def stage(size: tuple[int, int], rng: np.random.Generator) -> SynthExample:
        view = random_view(things, size=size, rng=rng)
        return SynthExample(view.rgb, view.disparity, view.stops)

    return stage


def write_shard(path: Path, make: Composer, *, number: int, seed: int, count: int = SHARD) -> None:
    """Compose one shard: the same number and seed give the same scenes."""
    size = SIZES[number % len(SIZES)]
    rng = np.random.default_rng((seed, number))
    made = [make(size, rng) for _ in range(count)]
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(
            file,
            rgb=np.stack([example.rgb for example in made]),
            disparity=np.stack([example.disparity for example in made]).astype(np.float32),
            stops=np.rint(np.stack([example.stops for example in made]).clip(0, 10) / STOPS_STEP).astype(np.uint8),
        )
    os.replace(partial, path)


def main() -> None:
    """Write the shards that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--subjects", type=Path, default=Path("../subject_masks"))
    parser.add_argument("--out", type=Path, default=Path("../synth_pool"))
    parser.add_argument("--kind", choices=("people", "stages"), required=True)
    parser.add_argument("--count", type=int, default=2500, help="scenes of this kind in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    make = composer(options.kind, data=options.data, subjects=options.subjects, seed=options.seed)
    for number in range(options.count // SHARD):
        path = options.out / f"{options.kind}_{number:04d}.npz"
        if not path.exists():
            write_shard(path, make, number=number, seed=options.seed)
            print(path, flush=True)


if __name__ == "__main__":
    main()
