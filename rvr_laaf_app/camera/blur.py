"""Disk blur of any radius in linear light, sub-pixel radii included: exact kernels, and a faster pyramid of them.

The disk of radius r pixels has the variance r^2 / 4 along each axis; every kernel made here keeps that, below one pixel
too, so that blur grows smoothly with defocus. It knows nothing of lenses and positions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

MAX_RADIUS_PX: Final = 4096.0
NO_BLUR_PX: Final = 0.02
_DIRECT_PX: Final = 4.0  # up to here the direct sum is faster than the transform
_PYRAMID_PX: Final = 9.0  # `blur_fast` halves the picture until the radius is below this
_EXACT_PX: Final = 6.0  # above, the variance of a drawn disk is right within 0.1 % without searching
_FINE: Final = 48  # samples per pixel side when the edge of a disk is measured

Image = NDArray[np.float32]


@lru_cache(maxsize=256)
def disk_kernel(radius_px: float) -> NDArray[np.float32]:
    """Return a disk of a radius in pixels [k, k], k odd, sum 1, read-only; variance radius^2 / 4 along each axis.

    From one pixel up: the share of each pixel that the disk covers. Covering adds the variance of a pixel (1/12), so
    the drawn disk is smaller by that. Below one pixel: the 3 x 3 kernel of the same variance.
    """
    if not 0.0 <= radius_px <= MAX_RADIUS_PX:
        raise ValueError(f"a blur radius lies between 0 and {MAX_RADIUS_PX:.0f} px, not {radius_px!r}")
    if radius_px < 1.0:
        side = radius_px * radius_px / 8.0
        row = np.array([side, 1.0 - 2.0 * side, side])
        kernel = np.outer(row, row)
    else:
        kernel = _covered(_drawn_radius(radius_px))
        kernel = kernel / kernel.sum()
    made = kernel.astype(np.float32)
    made.flags.writeable = False
    return made


def _drawn_radius(radius_px: float) -> float:
    """Radius of the disk whose covered pixels have the variance that is wanted; small ones are found by halving."""
    expected = float(np.sqrt(radius_px * radius_px - 1.0 / 3.0))
    if radius_px > _EXACT_PX:
        return expected
    low, high = 0.5 * expected, 1.5 * expected
    for _ in range(16):
        middle = 0.5 * (low + high)
        kernel = _covered(middle)
        axis = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
        if (kernel.sum(axis=0) * axis**2).sum() / kernel.sum() < radius_px * radius_px / 4.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _covered(radius_px: float) -> NDArray[np.float64]:
    """Share of each pixel covered by a disk centred on the middle one [2n+1, 2n+1]; only the edge is sampled finely."""
    reach = int(np.ceil(radius_px + 0.5))
    axis = np.arange(-reach, reach + 1, dtype=np.float64)
    distance = np.hypot(*np.meshgrid(axis, axis))
    share = (distance < radius_px).astype(np.float64)
    rows, columns = np.nonzero(np.abs(distance - radius_px) < 0.75)
    fine = (np.arange(_FINE) + 0.5) / _FINE - 0.5
    dy, dx = np.meshgrid(fine, fine, indexing="ij")
    x = np.abs(axis[columns])[:, None] + dx.ravel()
    y = np.abs(axis[rows])[:, None] + dy.ravel()
    share[rows, columns] = (x * x + y * y < radius_px * radius_px).mean(axis=1)
    return share


def blur_disk(image: Image, radius_px: float) -> Image:
    """Return the picture [h, w] or [h, w, c] float32 convolved with the exact disk; the border is mirrored."""
    if 0.0 <= radius_px < NO_BLUR_PX:
        return image.copy()
    kernel = disk_kernel(float(radius_px))
    if radius_px <= _DIRECT_PX:
        blurred: Image = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        return blurred
    return _by_transform(image, kernel)


def blur_fast(image: Image, radius_px: float) -> Image:
    """Return nearly the same as `blur_disk` in a fraction of the time for large radii: blurred at a lower resolution.

    Making the picture smaller by s spreads light by a variance of s^2 / 12; the disk is made smaller by that.
    """
    halvings = 0
    while radius_px / 2**halvings > _PYRAMID_PX:
        halvings += 1
    scale = 2**halvings
    height, width = image.shape[:2]
    if halvings == 0 or min(height, width) < 4 * scale:
        return blur_disk(image, radius_px)
    # a multiple of the scale, with the border mirrored, so that the small grid lies exactly under the large one
    margin = int(np.ceil(radius_px)) + scale
    bottom, right = margin + (-(height + 2 * margin)) % scale, margin + (-(width + 2 * margin)) % scale
    framed = cv2.copyMakeBorder(image, margin, bottom, margin, right, cv2.BORDER_REFLECT_101)
    size = (framed.shape[1] // scale, framed.shape[0] // scale)
    small = cv2.resize(framed, size, interpolation=cv2.INTER_AREA)
    small = blur_disk(small, float(np.sqrt((radius_px / scale) ** 2 - 1.0 / 3.0)))
    large: Image = cv2.resize(small, (framed.shape[1], framed.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(large[margin : margin + height, margin : margin + width])


def scale_about_centre(image: Image, magnification: float, *, interpolation: int = cv2.INTER_CUBIC) -> Image:
    """Return the picture enlarged about its centre, at the same size; below 1 the border is mirrored."""
    if magnification == 1.0:
        return image.copy()
    if not 0.05 < magnification < 20.0:
        raise ValueError(f"a magnification lies between 0.05 and 20, not {magnification!r}")
    height, width = image.shape[:2]
    centre_x, centre_y = (width - 1) / 2.0, (height - 1) / 2.0
    inverse = 1.0 / magnification
    matrix = np.array([[inverse, 0.0, centre_x * (1.0 - inverse)], [0.0, inverse, centre_y * (1.0 - inverse)]])
    scaled: Image = cv2.warpAffine(
        image, matrix, (width, height), flags=interpolation | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101
    )
    return scaled


def _by_transform(image: Image, kernel: NDArray[np.float32]) -> Image:
    reach = kernel.shape[0] // 2
    framed = cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    height, width = framed.shape[:2]
    shape = (fft.next_fast_len(height, real=True), fft.next_fast_len(width, real=True))
    response = fft.rfft2(kernel, shape)
    planes = framed.reshape(height, width, -1).transpose(2, 0, 1)
    blurred = fft.irfft2(fft.rfft2(planes, shape) * response, shape)
    inner = blurred[:, 2 * reach : 2 * reach + image.shape[0], 2 * reach : 2 * reach + image.shape[1]]
    return np.ascontiguousarray(inner.transpose(1, 2, 0).reshape(image.shape), np.float32)
