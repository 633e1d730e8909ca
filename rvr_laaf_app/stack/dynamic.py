"""All-in-focus video from a moving focus: each frame takes from the former fused frame what it does not see sharp.

The former fused frame is carried to the new one by optical flow (which comes from outside); it is believed where the
flow agrees with itself and the new frame could be a blurred picture of it, and taken where it is sharper. What moves in
a way that the flow cannot follow is shown as the new frame sees it: blurred, but in its place. The paper does this with
a network (AWnet, section 6.2.3). Bounded memory: one picture and one map are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.stack.focus_measure import smoothed
from rvr_laaf_app.stack.guided import sharpness_of
from rvr_laaf_app.stack.slices import Float, Rgb, codes_of, luma_of

# (src, dst) grey uint8 -> (uv [h, w, 2] px, valid [h, w]): where each pixel of src lies in dst
Flow = Callable[[NDArray[np.uint8], NDArray[np.uint8]], tuple[Float, NDArray[np.bool_]]]
FADE: Final = 0.93  # what is carried counts less with each frame, so that what is seen afresh takes over
STILL_PX: Final = 0.2  # flow below this is noise: nothing is resampled for it
GAMMA: Final = 2.2
BLURS_PX: Final = (0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 13.0, 20.0)  # the new frame may be blurred by so much
MISFIT: Final = 0.05  # difference in luma 0..1 that a blurred picture of the same thing may have
MISFIT_WINDOW: Final = 9
BLUR_WINDOW: Final = 37
MISCOLOUR: Final = 0.08
EDGE_PX, EDGE_EPS = 4, 1e-3


class DynamicFusion:
    """Carries a fused frame along; one instance per video, frames in order."""

    def __init__(self, flow: Flow, *, fade: float = FADE) -> None:
        self._flow, self._fade = flow, fade
        self._fused: Float | None = None
        self._sharpness = np.zeros((0, 0), np.float32)

    def reset(self) -> None:
        """Forget the past: at a cut."""
        self._fused = None

    def add(self, frame: Rgb) -> NDArray[np.uint16]:
        """Return the fused frame [h, w, 3] uint16 for a captured one (uint8 or uint16)."""
        picture = frame.astype(np.float32) * np.float32(1 / np.iinfo(frame.dtype).max)
        luma = luma_of(frame)
        sharpness, _ = sharpness_of(luma)
        if self._fused is None or self._fused.shape != picture.shape:
            self._fused, self._sharpness = picture, sharpness
            return codes_of(picture)
        carried, past, believed = self._carried(luma)
        wide = (BLUR_WINDOW, BLUR_WINDOW)  # colour is kept by any blur, in the mean around
        believed &= np.abs(cv2.blur(carried, wide) - cv2.blur(picture, wide)).max(axis=2) < MISCOLOUR
        keep = (believed & (past > sharpness)).astype(np.float32)
        weight = np.clip(smoothed(luma_of(codes_of(carried)), keep, radius=EDGE_PX, eps=EDGE_EPS), 0.0, 1.0)
        weight *= believed
        self._fused = np.asarray(picture + (carried - picture) * weight[..., None], np.float32)
        self._sharpness = np.where(keep > 0, past, sharpness)
        return codes_of(self._fused)

    def _carried(self, luma: Float) -> tuple[Float, Float, NDArray[np.bool_]]:
        """Return the former fused frame as it lies now, its sharpness, and where it can be believed."""
        assert self._fused is not None
        former = np.asarray(cv2.cvtColor(self._fused, cv2.COLOR_RGB2GRAY), np.float32)
        x, y, valid = self._places(luma, former)
        border = cv2.BORDER_REPLICATE
        carried = np.asarray(cv2.remap(self._fused, x, y, cv2.INTER_CUBIC, borderMode=border), np.float32)
        past = np.asarray(cv2.remap(self._sharpness, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)
        grey = np.asarray(cv2.cvtColor(carried, cv2.COLOR_RGB2GRAY), np.float32)
        alike = _blurred_alike(luma, grey)
        misfit = cv2.blur(np.abs(luma - alike), (MISFIT_WINDOW, MISFIT_WINDOW))
        believed = valid & (misfit < MISFIT)
        return np.clip(carried, 0, 1), past * np.float32(self._fade), np.asarray(believed, np.bool_)

    def _places(self, luma: Float, former: Float) -> tuple[Float, Float, NDArray[np.bool_]]:
        """Return where each pixel lay (x, y [h, w]) and whether that is inside and plausible.

        The former frame is first blurred as the new one seems to be: flow compares like with like. Where flow and its
        way back disagree, the motion of the whole picture stands in.
        """
        uv, valid = self._flow(_bytes(luma), _bytes(_blurred_alike(luma, former)))
        if float(np.median(np.abs(uv))) < STILL_PX:
            uv = np.where(np.hypot(uv[..., 0], uv[..., 1])[..., None] < 2 * STILL_PX, np.float32(0), uv)
        height, width = luma.shape
        columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        whole = _whole_motion(uv, valid, columns, rows)
        if whole is not None:
            uv, valid = np.where(valid[..., None], uv, whole), np.ones_like(valid)
        x, y = columns + uv[..., 0], rows + uv[..., 1]
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        return x, y, np.asarray(valid & inside, np.bool_)


def _whole_motion(uv: Float, valid: NDArray[np.bool_], columns: Float, rows: Float) -> Float | None:
    """Return the similarity motion [h, w, 2] that most of the valid flow follows, or None."""
    step = max(1, max(valid.shape) // 64)
    part = np.s_[::step, ::step]
    good = valid[part]
    if good.sum() < 24:
        return None
    src = np.stack([columns[part][good], rows[part][good]], axis=1)
    cv2.setRNGSeed(1)
    matrix, _ = cv2.estimateAffinePartial2D(src, src + uv[part][good], ransacReprojThreshold=1.5)
    if matrix is None:
        return None
    x = matrix[0, 0] * columns + matrix[0, 1] * rows + matrix[0, 2] - columns
    y = matrix[1, 0] * columns + matrix[1, 1] * rows + matrix[1, 2] - rows
    return np.asarray(np.dstack([x, y]), np.float32)


def _blurred_alike(seen: Float, sharp: Float) -> Float:
    """Return `sharp` [h, w] blurred, in linear light, by what makes it most like `seen` in the mean around a pixel.

    Blur changes slowly over the picture: it is judged in a window much larger than the one that tells what is alike,
    or a texture would pass for anything flat.
    """
    linear = np.power(np.maximum(sharp, 0), np.float32(GAMMA))
    least = np.full(seen.shape, np.inf, np.float32)
    alike = sharp.copy()
    for sigma in BLURS_PX:
        blurred = sharp
        if sigma:
            blurred = np.power(cv2.GaussianBlur(linear, (0, 0), sigma), np.float32(1 / GAMMA))
        away = cv2.blur(np.abs(seen - blurred), (BLUR_WINDOW, BLUR_WINDOW))
        better = away < least
        least[better], alike[better] = away[better], blurred[better]
    return alike


def _bytes(grey: Float) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(grey, 0, 1) * 255), np.uint8)


def fuse_video(frames: Iterable[Rgb], flow: Flow) -> Iterator[NDArray[np.uint16]]:
    """Yield the fused frame for each captured one, as they come."""
    fusion = DynamicFusion(flow)
    for frame in frames:
        yield fusion.add(frame)
