"""A pool of rendered focal stacks on disk to train depth from focus with.

    python -m rvr_laaf_app.training.focal_scenes --data DATA --out POOL --stacks 3000

Scenes and lens are those of `measure.dff_scenes`; half of the surfaces here are cut from photographs of DATA/photos
(split train; without them everything is drawn). Stack k depends on (seed, k) alone, so a pool that was interrupted goes
on where it was. POOL holds slices.npy [N, n, h, w, 3] uint8, disparity.npy [N, h, w] uint16 (65535 = nearest),
coc.npy [N, n, h, w] uint8 (8 = 1 px), known.npy [N, h, w] bool, places.npy [N, n], near_share.npy [N], moving.npy [N],
volume.npy [N, levels, h/2, w/2] float16: what reblurring costs (`stack.reblur`), its gain as wrong as it may be found.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from rvr_laaf_app.core.color import linear_table
from rvr_laaf_app.measure.dff_scenes import random_stack
from rvr_laaf_app.measure.dff_textures import Light, Paint, drawn_texture
from rvr_laaf_app.stack.reblur import GAINS_PX, LEVELS, linear_greys, reblur_volume

PHOTOS = 600
COC_UNITS = 8.0  # of one pixel


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The arrays of a pool, read from disk as they are needed."""

    slices: NDArray[np.uint8]
    disparity: NDArray[np.uint16]
    coc: NDArray[np.uint8]
    known: NDArray[np.bool_]
    places: NDArray[np.float32]
    near_share: NDArray[np.float32]
    moving: NDArray[np.bool_]
    volume: NDArray[np.float16]


def open_pool(folder: Path) -> Pool:
    """Open a finished pool, or what is finished of it."""
    done = int(json.loads((folder / "done.json").read_text())["stacks"])
    return Pool(**{name: np.load(folder / f"{name}.npy", mmap_mode="r")[:done] for name in Pool.__slots__})


def photo_paint(photos: list[NDArray[np.uint8]]) -> Paint:
    """Return a way to paint surfaces: half from these photographs, half drawn."""
    table = linear_table("srgb")

    def paint(rng: np.random.Generator, size: tuple[int, int]) -> Light:
        if not photos or rng.random() < 0.5:
            return drawn_texture(rng, size)
        photo = photos[rng.integers(len(photos))]
        # Shrunk at least by a fifth: a photograph at its own size is soft, which would look like defocus.
        scale = float(rng.uniform(0.3, 0.8))
        small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        beyond = max(0, size[1] - small.shape[0] + 8), max(0, size[0] - small.shape[1] + 8)
        wide = np.pad(small, ((0, beyond[0]), (0, beyond[1]), (0, 0)), mode="symmetric")
        y0 = int(rng.integers(wide.shape[0] - size[1] + 1))
        x0 = int(rng.integers(wide.shape[1] - size[0] + 1))
        return np.asarray(table[wide[y0 : y0 + size[1], x0 : x0 + size[0]]], np.float32)

    return paint


def load_photos(data: Path, *, limit: int = PHOTOS) -> list[NDArray[np.uint8]]:
    """Read photographs that may train, RGB; none where there are none."""
    labels = data / "photos" / "ordinal_depth.json"
    if not labels.exists():
        return []
    names = [entry["photo"] for entry in json.loads(labels.read_text())["photos"] if entry["split"] == "train"]
    chosen = np.random.default_rng(0).permutation(len(names))[:limit]
    pictures = [cv2.imread(str(labels.parent / names[i])) for i in chosen]
    return [np.ascontiguousarray(bgr[..., ::-1], np.uint8) for bgr in pictures if bgr is not None]


def make_pool(folder: Path, *, stacks: int, frames: int, side: int, seed: int, photos: list[NDArray[np.uint8]]) -> None:
    """Render what is missing of a pool of `stacks` stacks, half of them moving."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "slices": ((stacks, frames, side, side, 3), np.uint8),
        "disparity": ((stacks, side, side), np.uint16),
        "coc": ((stacks, frames, side, side), np.uint8),
        "known": ((stacks, side, side), np.bool_),
        "places": ((stacks, frames), np.float32),
        "near_share": ((stacks,), np.float32),
        "moving": ((stacks,), np.bool_),
        "volume": ((stacks, LEVELS, side // 2, side // 2), np.float16),
    }
    mark = folder / "done.json"
    done = int(json.loads(mark.read_text())["stacks"]) if mark.exists() else 0
    mode = "r+" if done else "w+"
    pool = {name: open_memmap(folder / f"{name}.npy", mode, kind, shape) for name, (shape, kind) in shapes.items()}
    paint = photo_paint(photos)
    for k in range(done, stacks):
        rng = np.random.default_rng([seed, k])
        stack = random_stack(rng, size=(side, side), frames=frames, moving=k % 2 == 1, paint=paint)
        pool["slices"][k], pool["places"][k], pool["known"][k] = stack.slices, stack.places, stack.known
        pool["disparity"][k] = np.rint(65535 * stack.disparity)
        pool["coc"][k] = np.clip(np.rint(COC_UNITS * stack.coc_px), 0, 255)
        pool["near_share"][k], pool["moving"][k] = stack.near_share, stack.moving
        pool["volume"][k] = volume_of(
            stack.slices, stack.places, gain_px=guessed_gain(stack.gain_px, stack.moving, rng)
        )
        if (k + 1) % 100 == 0 or k + 1 == stacks:
            for array in pool.values():
                array.flush()
            mark.write_text(json.dumps({"stacks": k + 1, "seed": seed}))
            print(f"{k + 1} stacks", flush=True)


def guessed_gain(gain_px: float, moving: bool, rng: np.random.Generator) -> float:
    """Return a gain as a search may find it: near the true one, or any where something moves."""
    if moving and rng.random() < 0.5:
        return float(rng.choice(GAINS_PX))
    return float(gain_px * np.exp(rng.normal(0.0, 0.06)))


def volume_of(slices: NDArray[np.uint8], places: NDArray[np.float32], *, gain_px: float) -> NDArray[np.float16]:
    """Return the cost volume of bytes [n, h, w, 3] at falling places."""
    greys = linear_greys([picture.astype(np.float32) / np.float32(255.0) for picture in slices])
    return np.asarray(reblur_volume(greys, places, gain_px=gain_px), np.float16)


def main() -> None:
    """Make a pool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stacks", type=int, default=3000)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()
    cv2.setNumThreads(1)
    make_pool(o.out, stacks=o.stacks, frames=o.frames, side=o.side, seed=o.seed, photos=load_photos(o.data))


if __name__ == "__main__":
    main()
