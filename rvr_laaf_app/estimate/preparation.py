"""How a public depth network wants its picture: size, padding, scale of the numbers, as preprocessor_config.json says.

The same arithmetic as the image processors of `transformers`, without them and without Pillow: bicubic or bilinear
resampling with anti-aliasing, float32 throughout. Does not know the networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from rvr_laaf_app.core.errors import CheckpointError

_MODES: Final = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers
_LARGEST_SIDE: Final = 2048
_ZOE_PADDING: Final = 3  # times the root of half the side


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to a picture, in this order: pad, resize, scale, normalise.

    size: (width, height) aimed at, None = the picture's own, rounded down to `multiple_of`. keep_aspect: one of both
    sides is met, the one that scales less. mean, std: of values after `scale`.
    """

    size: tuple[int, int] | None
    keep_aspect: bool
    multiple_of: int
    mode: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pad: bool

    @classmethod
    def of(cls, values: dict[str, Any], *, kind: str, where: Path) -> Preparation:
        """Read preprocessor_config.json of a network of this kind; raise CheckpointError if it makes no sense."""
        try:
            return _read(values, kind)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"the picture's preparation is not understood ({error!r})", where=where) from error

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) at which the network sees a picture of this size, padding included."""
        if self.size is None:
            return tuple(max(side // self.multiple_of, 1) * self.multiple_of for side in (width, height))  # type: ignore[return-value]
        across, down = self.size[0] / width, self.size[1] / height
        if self.keep_aspect:
            across = down = across if abs(1 - across) < abs(1 - down) else down
        return self._whole(width * across), self._whole(height * down)

    def padding(self, width: int, height: int) -> tuple[int, int]:
        """Return how many pixels are mirrored on the left and right, and above and below."""
        if not self.pad:
            return 0, 0
        wanted = (int(math.sqrt(side / 2) * _ZOE_PADDING) for side in (width, height))
        across, down = (min(pad, side - 1) for pad, side in zip(wanted, (width, height), strict=True))
        return across, down

    def to_input(self, rgb: NDArray[np.uint8]) -> Tensor:
        """Return the network's input [1, 3, h, w] float32 for a picture [H, W, 3] uint8, sRGB."""
        height, width = rgb.shape[:2]
        across, down = self.padding(width, height)
        padded = np.pad(rgb, ((down, down), (across, across), (0, 0)), mode="reflect") if self.pad else rgb
        picture = torch.from_numpy(np.ascontiguousarray(padded)).permute(2, 0, 1)[None].float()
        size = self.working_size(padded.shape[1], padded.shape[0])
        if size != (padded.shape[1], padded.shape[0]):
            picture = functional.interpolate(
                picture, size=size[::-1], mode=self.mode, align_corners=False, antialias=True
            ).clamp_(0.0, 255.0)
        mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (self.mean, self.std))
        return (picture * self.scale - mean) / std

    def from_output(self, raw: Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return the network's map [h, w] at (width, height) `size` of the picture, without the padding."""
        width, height = size
        across, down = self.padding(width, height)
        whole = (height + 2 * down, width + 2 * across)
        fine = functional.interpolate(raw[None, None].float(), size=whole, mode="bilinear", align_corners=False)[0, 0]
        return np.ascontiguousarray(fine[down : down + height, across : across + width].cpu().numpy(), np.float32)

    def _whole(self, side: float) -> int:
        rounded = round(side / self.multiple_of) * self.multiple_of
        return min(max(rounded, self.multiple_of), _LARGEST_SIDE // self.multiple_of * self.multiple_of)


def _read(values: dict[str, Any], kind: str) -> Preparation:
    size: tuple[int, int] | None = None
    multiple = int(values.get("ensure_multiple_of") or 1)
    if kind == "glpn":
        multiple = int(values.get("size_divisor") or 32)
    elif values.get("do_resize", True):
        size = _size(values["size"])
    normalise = bool(values.get("do_normalize", kind != "glpn"))
    means = [values.get("image_mean", [0.5] * 3), values.get("image_std", [0.5] * 3)] if normalise else [[0.0], [1.0]]
    mean, std = (tuple(float(v) for v in (m if len(m) == 3 else [m[0]] * 3)) for m in means)
    scale = float(values.get("rescale_factor") or 1 / 255) if values.get("do_rescale", True) else 1.0
    if not all(math.isfinite(v) for v in (*mean, *std, scale)) or min(std) <= 0 or not 1 <= multiple <= 512:
        raise ValueError("a number is out of range")
    return Preparation(
        size=size,
        keep_aspect=bool(values.get("keep_aspect_ratio", kind == "zoedepth")),
        multiple_of=multiple,
        mode=_MODES[int(values.get("resample", 2 if kind in ("glpn", "zoedepth", "depth_pro") else 3))],
        scale=scale,
        mean=mean,  # type: ignore[arg-type]
        std=std,  # type: ignore[arg-type]
        pad=kind == "zoedepth" and bool(values.get("do_pad", True)),
    )


def _size(value: Any) -> tuple[int, int]:
    if isinstance(value, dict):
        height, width = (int(value[key]) for key in ("height", "width"))
    else:
        height = width = int(value)
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
        raise ValueError(f"a size of {width} x {height}")
    return width, height
