"""Real aperture supervision: light-field photographs refocused at several distances, and pictures sharp all over.

Each scene is a stack of 3-6 slices, nearest focus first (`data/focus/lytro`: NNN_SS.jpg). What lies in focus in which
slice is seen, not estimated: rendering the all-sharp picture with the right disparity gives every slice back, which is
the RVR paper's supervision (section 4, L_rend, and L_adjust for slices that share one disparity).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SLICES = 2  # slices of a view
# Blur radii in pixels of the precomputed blurs; between two of them the renderer interpolates.
RADII_PX = (0.0, 0.7, 1.2, 1.8, 2.6, 3.7, 5.2)
HELD_OUT_EVERY = 7  # every seventh scene never trains


@dataclass(frozen=True, slots=True, eq=False)
class FocusStack:
    """sharp [H, W, 3] uint8; slices [S, H, W, 3] uint8, nearest focus first; sharpest [H, W] uint8: which slice is.

    sure [H, W] bool: where there is enough texture to tell.
    """

    name: str
    sharp: NDArray[np.uint8]
    slices: NDArray[np.uint8]
    sharpest: NDArray[np.uint8]
    sure: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FocusView:
    """A crop of a stack at the size of a batch.

    rgb [h, w, 3] uint8, sharp all over; blurs [K, h, w, 3] float32: the same blurred by RADII_PX (display values 0..1);
    wanted [SLICES, h, w, 3] float32; scene: number of the stack; chosen [SLICES]: numbers of the slices.
    """

    rgb: NDArray[np.uint8]
    blurs: NDArray[np.float32]
    wanted: NDArray[np.float32]
    scene: int
    chosen: tuple[int, ...]


def load_stacks(folder: Path) -> tuple[list[FocusStack], list[FocusStack]]:
    """Read all scenes; return (for training, held out)."""
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*_*.jpg")):
        files[path.stem.split("_")[0]].append(path)
    stacks = [fuse(name, np.stack([_rgb(path) for path in paths])) for name, paths in sorted(files.items())]
    held_out = stacks[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
    return [stack for index, stack in enumerate(stacks) if (index + 1) % HELD_OUT_EVERY], held_out


def fuse(name: str, slices: NDArray[np.uint8]) -> FocusStack:
    """Take each pixel from where it is sharpest (energy of the Laplacian, smoothed), blended over the seams."""
    energy = []
    for picture in slices:
        grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 0.8).astype(np.float32)
        energy.append(cv2.GaussianBlur(np.abs(cv2.Laplacian(grey, cv2.CV_32F, ksize=3)), (0, 0), 4.0))
    level = np.stack(energy)
    weight = (level / np.maximum(level.max(0), 1e-3)) ** 12
    weight = np.stack([cv2.GaussianBlur(part + np.float32(1e-6), (0, 0), 1.5) for part in weight])
    weight /= weight.sum(0)
    sharp = (slices * weight[..., None]).sum(0)
    clear = level.max(0) > 1.3 * np.median(level, axis=0)
    sure = clear & (level.max(0) > 1.5)
    return FocusStack(name, np.rint(sharp).astype(np.uint8), slices, level.argmax(0).astype(np.uint8), sure)


def focus_view(
    stack: FocusStack, *, scene: int, size: tuple[int, int], rng: np.random.Generator, smallest: float = 0.7
) -> FocusView:
    """A random crop at `size` (width, height) with SLICES different slices, mirrored half the time."""
    height, width = stack.sharp.shape[:2]
    crop_w = min(width, height * size[0] / size[1]) * rng.uniform(smallest, 1.0)
    crop_h = crop_w * size[1] / size[0]
    x0, y0 = int(rng.uniform(0, width - crop_w)), int(rng.uniform(0, height - crop_h))
    window = slice(y0, y0 + int(crop_h)), slice(x0, x0 + int(crop_w))
    mirrored = rng.random() < 0.5

    def seen(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        part = cv2.resize(picture[window], size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(part[:, ::-1] if mirrored else part)

    rgb = seen(stack.sharp)
    base = rgb.astype(np.float32) / 255.0
    blurs = np.stack([disc_blurred(base, radius) for radius in RADII_PX])
    chosen = tuple(sorted(int(i) for i in rng.choice(len(stack.slices), SLICES, replace=False)))
    wanted = np.stack([seen(stack.slices[i]).astype(np.float32) / 255.0 for i in chosen])
    return FocusView(rgb, blurs, wanted, scene, chosen)


def disc_blurred(picture: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    """Convolve [H, W, 3] with a disc of this radius, its rim smoothed by the pixel grid."""
    if radius_px <= 0:
        return picture
    reach = int(np.ceil(radius_px + 0.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius_px + 0.5 - np.hypot(x, y), 0.0, 1.0)
    blurred = cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def _rgb(path: Path) -> NDArray[np.uint8]:
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)
