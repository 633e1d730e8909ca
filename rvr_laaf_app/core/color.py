"""Display-encoded pictures to linear light and back, by transfer function and primaries. Pure NumPy.

Linear light is always relative to BT.709 primaries with 1.0 = display white (reference white for HDR). It does not
know about files or YUV: the matrix and range of a video are the business of `media`.

Which curve for ordinary video? Files tagged "bt709" name the curve of an idealised camera (the OETF of BT.709), but no
phone applies it: makers tune the rendering on sRGB-like screens, measured response curves of consumer cameras average
near gamma 2.2 (Grossberg and Nayar 2004), and the networks learn from sRGB photographs. The pure power of BT.1886
(2.4) has no slope at black, so one code there is worth nothing and its inverse amplifies noise. So "bt709" and "srgb"
both use the sRGB curve: one kind of light for stills and video, and an exact round trip.
HLG gives scene light (the OOTF belongs to the screen, the blur happens in front of the camera); PQ gives display light.
Both are scaled so that HDR reference white (ITU-R BT.2408: 75 % HLG, 203 cd/m2 PQ) is 1.0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

TRANSFERS: Final = ("bt709", "srgb", "linear", "hlg", "pq")
PRIMARIES: Final = ("bt709", "bt2020")
LOG_FLOOR: Final = 2.0**-16  # linear light below this is black for `linear_to_log`

_PQ_WHITE: Final = 203.0 / 10000.0
_PQ_M1, _PQ_M2 = 2610.0 / 16384.0, 2523.0 / 4096.0 * 128.0
_PQ_C1, _PQ_C2, _PQ_C3 = 3424.0 / 4096.0, 2413.0 / 4096.0 * 32.0, 2392.0 / 4096.0 * 32.0
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_WHITE: Final = float((np.exp((0.75 - _HLG_C) / _HLG_A) + _HLG_B) / 12.0)

# ITU-R BT.2087-0, annex 2 (linear RGB, D65 both).
_BT2020_TO_BT709: Final = np.array(
    [
        [1.66049100, -0.58764114, -0.07284986],
        [-0.12455047, 1.13289990, -0.00834942],
        [-0.01815076, -0.10057890, 1.11872966],
    ]
)
_BT709_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)

_BLOCK: Final = 1 << 16  # samples worked on at a time, so that they stay in the cache of the processor
_MANTISSA_BITS: Final = 11  # bins per octave of the way back: 2048, 0.05 % of light each
_SHIFT: Final = 23 - _MANTISSA_BITS
_DARKEST_EXPONENT: Final = -40  # below 2**-40 every curve gives code 0, at 16 bits too


_Encode = Callable[[NDArray[np.float32], str, NDArray[Any]], None]


def decode_transfer(encoded: NDArray[np.floating[Any]], transfer: str) -> NDArray[np.float64]:
    """Return linear light for encoded values 0..1 [any shape], in float64, by the formula. 1.0 = display white."""
    e = np.asarray(encoded, np.float64)
    if transfer in ("bt709", "srgb"):
        return np.where(e <= 0.04045, e / 12.92, np.power((np.maximum(e, 0.0) + 0.055) / 1.055, 2.4))
    if transfer == "linear":
        return e.copy()
    if transfer == "hlg":
        scene = np.where(e <= 0.5, e * e / 3.0, (np.exp((e - _HLG_C) / _HLG_A) + _HLG_B) / 12.0)
        return scene / _HLG_WHITE
    if transfer == "pq":
        root = np.power(np.maximum(e, 0.0), 1.0 / _PQ_M2)
        return np.power(np.maximum(root - _PQ_C1, 0.0) / (_PQ_C2 - _PQ_C3 * root), 1.0 / _PQ_M1) / _PQ_WHITE
    raise ValueError(f"unknown transfer {transfer!r}; known: {', '.join(TRANSFERS)}")


def encode_transfer(linear: NDArray[np.floating[Any]], transfer: str) -> NDArray[np.float64]:
    """Return encoded values for linear light >= 0 [any shape], in float64, by the formula; not clipped above."""
    x = np.maximum(np.asarray(linear, np.float64), 0.0)
    if transfer in ("bt709", "srgb"):
        return np.where(x <= 0.0031308, x * 12.92, 1.055 * np.power(x, 1.0 / 2.4) - 0.055)
    if transfer == "linear":
        return x
    if transfer == "hlg":
        scene = x * _HLG_WHITE
        curve = _HLG_A * np.log(np.maximum(12.0 * scene - _HLG_B, 1e-12)) + _HLG_C
        return np.where(scene <= 1.0 / 12.0, np.sqrt(3.0 * scene), curve)
    if transfer == "pq":
        power = np.power(x * _PQ_WHITE, _PQ_M1)
        return np.power((_PQ_C1 + _PQ_C2 * power) / (1.0 + _PQ_C3 * power), _PQ_M2)
    raise ValueError(f"unknown transfer {transfer!r}; known: {', '.join(TRANSFERS)}")


def white_limit(transfer: str) -> float:
    """Return the brightest linear light that this transfer can hold (1 for SDR, 3.77 for HLG, 49.3 for PQ)."""
    return float(decode_transfer(np.ones(1), transfer)[0])


@lru_cache(maxsize=16)
def linear_table(transfer: str, levels: int = 256) -> NDArray[np.float32]:
    """Return the linear light of every code [levels] float32 (levels 256 or 65536); read-only, made once."""
    table = decode_transfer(np.arange(levels) / (levels - 1.0), transfer).astype(np.float32)
    table.flags.writeable = False
    return table


def to_linear(
    rgb: NDArray[np.uint8] | NDArray[np.uint16], transfer: str, primaries: str = "bt709"
) -> NDArray[np.float32]:
    """Return linear light [H, W, 3] float32 with BT.709 primaries for a display-encoded picture of the same shape.

    Colours of BT.2020 outside BT.709 come out with negative components, on purpose: the way back is exact.
    """
    _check_primaries(primaries)
    if rgb.dtype == np.uint8:
        linear = np.take(_pair_table(transfer), _pairs(cast("NDArray[np.uint8]", rgb))).view(np.float32)
        linear = linear[: rgb.size].reshape(rgb.shape)
    elif rgb.dtype == np.uint16:
        linear = np.take(linear_table(transfer, 65536), rgb)
    else:
        raise ValueError(f"a display-encoded picture is uint8 or uint16, not {rgb.dtype}")
    if primaries == "bt2020":
        _apply_matrix(linear, _BT2020_TO_BT709)
    return linear


@overload
def from_linear(linear: NDArray[np.float32], transfer: str, primaries: str = ...) -> NDArray[np.uint8]: ...
@overload
def from_linear(
    linear: NDArray[np.float32], transfer: str, primaries: str = ..., *, dtype: DTypeLike
) -> NDArray[np.uint8] | NDArray[np.uint16]: ...
def from_linear(
    linear: NDArray[np.float32], transfer: str, primaries: str = "bt709", *, dtype: DTypeLike = np.uint8
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the display-encoded picture (full range of `dtype`) for linear light [H, W, 3]; clips at both ends.

    The exact inverse of `to_linear`: every code comes back as itself (saturated BT.2020 colours in 16-bit HDR come back
    within what float32 can hold beside a much brighter component, under two 10-bit codes). Elsewhere 8-bit codes
    change over within 0.05 of a code of the true rounding point.
    """
    _check_primaries(primaries)
    wanted = np.dtype(dtype)
    if wanted not in (np.uint8, np.uint16):
        raise ValueError(f"a display-encoded picture is uint8 or uint16, not {wanted}")
    source = np.ascontiguousarray(linear, np.float32)
    if primaries == "bt2020":
        source = source.copy() if source is linear else source
        _apply_matrix(source, np.linalg.inv(_BT2020_TO_BT709))
    encode: _Encode = _encode_8 if wanted == np.uint8 else _encode_16
    encoded = np.empty(source.shape, wanted)
    flat_in, flat_out = source.reshape(-1), encoded.reshape(-1)
    for start in range(0, flat_in.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        encode(flat_in[part], transfer, flat_out[part])
    return cast("NDArray[np.uint8] | NDArray[np.uint16]", encoded)


def linear_to_log(linear: NDArray[np.float32], floor: float = LOG_FLOOR) -> NDArray[np.float32]:
    """Return log exposure in stops, log2(linear), 0 = display white; light below `floor` counts as `floor`."""
    return np.log2(np.maximum(linear, np.float32(floor)))


def log_to_linear(log_exposure: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return linear light for log exposure in stops: 2 ** log_exposure."""
    return np.exp2(np.asarray(log_exposure, np.float32))


def luminance(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return relative luminance Y [H, W] float32 of linear BT.709 light [H, W, 3]."""
    return linear @ _BT709_LUMINANCE


def _check_primaries(primaries: str) -> None:
    if primaries not in PRIMARIES:
        raise ValueError(f"unknown primaries {primaries!r}; known: {', '.join(PRIMARIES)}")


def _pairs(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return two neighbouring samples as one 16-bit index, a zero added at an odd end."""
    flat = np.ascontiguousarray(rgb).reshape(-1)
    if flat.size % 2:
        flat = np.append(flat, np.uint8(0))
    return flat.view(np.uint16)


@lru_cache(maxsize=8)
def _pair_table(transfer: str) -> NDArray[np.complex64]:
    """Linear light of two 8-bit samples at once (two float32 in the space of a complex64): half the look-ups."""
    codes = np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    return linear_table(transfer)[codes].view(np.complex64)[:, 0]


def _apply_matrix(linear: NDArray[np.float32], matrix: NDArray[np.float64]) -> None:
    """Multiply every colour by a 3x3 matrix, in place, in float64 (PQ is steep at black)."""
    flat = linear.reshape(-1, 3)
    for start in range(0, len(flat), _BLOCK):
        part = flat[start : start + _BLOCK]
        part[:] = part.astype(np.float64) @ matrix.T


def _bin_edges(transfer: str) -> tuple[int, int, NDArray[np.float64]]:
    """Lowest and highest float32 bit pattern of the table for the way back, and the linear light at its bin edges."""
    darkest = int(np.float32(2.0**_DARKEST_EXPONENT).view(np.int32))
    brightest = int(np.float32(white_limit(transfer)).view(np.int32))
    bins = ((brightest - darkest) >> _SHIFT) + 3
    bits = darkest + (np.arange(bins, dtype=np.int64) << _SHIFT)
    return darkest, brightest, bits.astype(np.int32).view(np.float32).astype(np.float64)


@lru_cache(maxsize=8)
def _table_8(transfer: str) -> tuple[int, int, NDArray[np.uint8]]:
    """Table indexed by the upper bits of a float32: the 8-bit code at the middle of each bin."""
    darkest, brightest, edges = _bin_edges(transfer)
    middles = (edges[:-1] + edges[1:]) / 2.0
    codes = np.rint(np.clip(encode_transfer(middles, transfer), 0.0, 1.0) * 255.0).astype(np.uint8)
    return darkest, brightest, codes


@lru_cache(maxsize=8)
def _table_16(transfer: str) -> tuple[int, int, NDArray[np.float32]]:
    """Table indexed by the upper bits of a float32: code 0..65535 as a fraction at each bin edge, for interpolation."""
    darkest, brightest, edges = _bin_edges(transfer)
    return darkest, brightest, (encode_transfer(edges, transfer) * 65535.0).astype(np.float32)


def _encode_8(linear: NDArray[np.float32], transfer: str, out: NDArray[np.uint8]) -> None:
    # Positive floats sort like their bit patterns, negative ones are negative integers: one clip does both ends.
    darkest, brightest, table = _table_8(transfer)
    bits = np.clip(linear.view(np.int32), darkest, brightest)
    bits -= darkest
    bits >>= _SHIFT
    np.take(table, bits, out=out, mode="clip")


def _encode_16(linear: NDArray[np.float32], transfer: str, out: NDArray[np.uint16]) -> None:
    darkest, brightest, table = _table_16(transfer)
    bits = np.clip(linear.view(np.int32), darkest, brightest)
    bits -= darkest
    index = bits >> _SHIFT
    fraction = (bits & ((1 << _SHIFT) - 1)).astype(np.float32)
    fraction *= np.float32(1.0 / (1 << _SHIFT))
    low = np.take(table, index, mode="clip")
    index += 1
    step = np.take(table, index, mode="clip")
    step -= low
    step *= fraction
    low += step
    np.rint(low, out=low)
    np.clip(low, 0.0, 65535.0, out=low)
    out[:] = low
