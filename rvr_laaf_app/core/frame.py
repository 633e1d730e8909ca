"""Pictures as the program passes them on: arrays with a checked shape and dtype, and what their numbers mean."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def _check(name: str, array: NDArray[np.generic], shape: tuple[int | None, ...], dtypes: tuple[type, ...]) -> None:
    """Raise ValueError unless `array` has this shape (None = any size) and one of these dtypes."""
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.type not in dtypes:
        raise ValueError(f"{name} must be {shape} of {[d.__name__ for d in dtypes]}, not {array.shape} {array.dtype}")


def digest_of(*arrays: NDArray[np.generic]) -> str:
    """Return a short content hash of arrays (dtype and shape count)."""
    state = hashlib.blake2b(digest_size=16)
    for array in arrays:
        state.update(f"{array.dtype.str}{array.shape}".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture, upright, square pixels, RGB, full range, encoded with `transfer`.

    rgb [H, W, 3] uint8, or uint16 with the full 16-bit range for sources of more than 8 bits.
    transfer: "bt709", "srgb", "hlg", "pq" or "linear"; primaries: "bt709" or "bt2020".
    """

    index: int
    pts: int
    rgb: NDArray[np.uint8] | NDArray[np.uint16]
    transfer: str = "bt709"
    primaries: str = "bt709"

    def __post_init__(self) -> None:
        _check("rgb", self.rgb, (None, None, 3), (np.uint8, np.uint16))

    @property
    def rgb8(self) -> NDArray[np.uint8]:
        """The picture with 8 bits a sample, as flow, trackers and networks want it."""
        if self.rgb.dtype == np.uint16:
            return (self.rgb >> 8).astype(np.uint8)
        return self.rgb.astype(np.uint8, copy=False)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class RgbdFrame:
    """What was estimated for one frame; the maps may be smaller than the frame, with the same aspect.

    disparity [h, w] float16, relative, in [0, 1], 1 = nearest.
    boost_stops [h, w, 3] float16: stops to add to the decoded linear light, 0 where the frame already tells the truth;
        log_exposure = log2(linear) + boost_stops.
    confidence [h, w] float16 in [0, 1]: how far the disparity can be trusted.
    """

    index: int
    disparity: NDArray[np.float16]
    boost_stops: NDArray[np.float16]
    confidence: NDArray[np.float16]
    _digest: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        height, width = self.disparity.shape
        _check("disparity", self.disparity, (None, None), (np.float16,))
        _check("boost_stops", self.boost_stops, (height, width, 3), (np.float16,))
        _check("confidence", self.confidence, (height, width), (np.float16,))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the maps."""
        return self.disparity.shape[1], self.disparity.shape[0]

    @property
    def digest(self) -> str:
        """Content hash, computed once."""
        if not self._digest:
            self._digest.append(digest_of(self.disparity, self.boost_stops, self.confidence))
        return self._digest[0]


@dataclass(frozen=True, slots=True, eq=False)
class FlowField:
    """Where each pixel of frame `src` went in frame `dst`.

    uv [h, w, 2] float32 in pixels of this field (dx right, dy down); valid [h, w] bool is False where the pixel is
    occluded or leaves the picture.
    """

    src: int
    dst: int
    uv: NDArray[np.float32]
    valid: NDArray[np.bool_]

    def __post_init__(self) -> None:
        height, width = self.uv.shape[:2]
        _check("uv", self.uv, (height, width, 2), (np.float32,))
        _check("valid", self.valid, (height, width), (np.bool_,))


@dataclass(frozen=True, slots=True)
class ClipTrait:
    """What an estimator may know of the clip before the first frame: display size, frame count and rate."""

    width: int
    height: int
    frames: int
    rate: float
