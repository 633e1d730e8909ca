"""What is handed to the compiled loops of the span renderer: surfaces sorted into levels, shapes, and the plan of work.

Types only. Compiled code is cached per file, so loops never call into another file; changing TILE needs a fresh cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TILE = 16  # pixels; the grain of the occupancy masks

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]
_U64 = NDArray[np.uint64]


class Layers(NamedTuple):
    """Two surfaces per pixel, sorted into levels.

    front, back [H, 4 W] float32 premultiplied RGBA; front_level, back_level [H, W] float32 level coordinates (-2 where
    there is no back surface); front_bits, back_bits [tile rows, tile columns] uint64: levels that occur in a tile.
    """

    front: _F32
    front_level: _F32
    back: _F32
    back_level: _F32
    front_bits: _U64
    back_bits: _U64


class Shapes(NamedTuple):
    """The blurred point of each of N levels as the gather sees it, that is turned by half a turn.

    reach, side [N]: rows above and below, columns left and right; left, right, weight [N, rows] spans in pixels;
    offsets, shares: the same as whole pixels and fractions (left, left + 1, right, right + 1); area [N];
    extent [N, 3]: half width and half height of the shape, and how far the cat's eye may shift in it.
    """

    reach: _I64
    side: _I64
    left: _F64
    right: _F64
    weight: _F64
    offsets: _I64
    shares: _F32
    area: _F64
    extent: _F64


class Plan(NamedTuple):
    """Which levels are rendered, how the picture is cut up, and where it lies.

    first, stop: levels first..stop - 1; scale: output pixels are `scale` picture pixels wide (1, 2 or 4);
    block: output pixels per side of a block; chunk: pixels gathered at a time; slab: levels that add up as one surface;
    cats_eye 0..1; centre_x, centre_y: middle of the picture in output pixels; diagonal: from there to a corner.
    """

    first: int
    stop: int
    scale: int
    block: int
    chunk: int
    slab: int
    cats_eye: float
    centre_x: float
    centre_y: float
    diagonal: float
