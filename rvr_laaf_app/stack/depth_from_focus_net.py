"""Depth from focus by a network: any size, any number of slices, any spacing; disparity and learned confidence.

The networks know blur discs of 6 to 18 pixels: a sweep is judged at a size at which its blur is like that, in
overlapping tiles where it is still large, and brought back to its own size along the edges of the all-in-focus picture.
Weights are the published ones unless others are given. Trains nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.stack.depth_from_focus_classical import at_full_size, resized, sharpness_volume
from rvr_laaf_app.stack.reblur import blur_gain, linear_greys, noise_of, reblur_volume

if TYPE_CHECKING:
    from rvr_laaf_app.nets.depth_from_focus_nets import DffConfig, DffNet

Map = NDArray[np.float32]

ROLE = "depth-from-focus"
NET = "depth_from_focus"  # in the header of its weights
WORK_LONG_SIDE = 384  # for networks that are not told how much the lens blurs
SMALLEST_SIDE, LARGEST_SIDE = 160, 320  # on photographs the larger bound looks best, see the card
FITTING_GAIN_PX = 9.0  # disc diameter from end to end of the sweep at which the networks are at home
GAIN_LONG_SIDE = 256
TILE, OVERLAP = 256, 64  # px at work size; pictures up to 1.5 tiles go through whole
MOST_SLICES = 6  # of a longer sweep so many are seen, evenly spread: what blurs tells more than what is sharp
CONFIDENT_ERROR = 0.05  # of disparity: expected error at which confidence has fallen to 1 / e


def load_published(role: str = ROLE) -> DffNet:
    """Return the published network of a role; raise CheckpointError if there is none or its file is damaged."""
    from rvr_laaf_app.estimate.checkpoints import published

    found = published(role)
    return load_net(found.path, sha256=found.sha256)


def load_net(path: Path, *, sha256: str | None = None) -> DffNet:
    """Return the network of a file of weights, ready for use; raise CheckpointError if it is not what it should be."""
    from rvr_laaf_app.estimate.checkpoints import fill, read_checkpoint
    from rvr_laaf_app.nets.depth_from_focus_nets import build

    metadata, tensors = read_checkpoint(path, sha256=sha256)
    if metadata.get("net") != NET:
        raise CheckpointError(f"these are weights of another network ({metadata.get('net')})", where=path)
    try:
        config = _config(json.loads(metadata["config"]))
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"the weights describe no valid network ({error})", where=path) from error
    net = build(config)
    fill(net, tensors, where=path)
    return net.eval().requires_grad_(False)


def learned_depth(slices: Sequence[Map], places: Map, *, net: DffNet, long_side: int | None = None) -> tuple[Map, Map]:
    """Return (disparity [h, w], confidence [h, w]) of slices [h, w, 3] at rising focus `places` in 0..1.

    long_side: at which the network sees them; by how much they blur if not given.
    """
    seen = spread(places, MOST_SLICES)
    slices, places = [slices[i] for i in seen], places[seen]
    height, width = slices[0].shape[:2]
    gain = _gain_of(slices, places) if net.config.levels else None
    if long_side is None:
        fitting = WORK_LONG_SIDE if gain is None else round(FITTING_GAIN_PX / gain * max(height, width))
        long_side = min(max(fitting, SMALLEST_SIDE), LARGEST_SIDE)
    scale = min(1.0, long_side / max(height, width))
    size = max(16, round(width * scale)), max(16, round(height * scale))
    small = np.stack([resized(picture, size) for picture in slices])
    disparity, error = tiled(net, small, places, gain_px=None if gain is None else gain * scale)
    sure = np.exp(-np.maximum(error, 0.0) / np.float32(CONFIDENT_ERROR))
    volume = np.zeros((0, 1, 1), np.float32) if size == (width, height) else sharpness_volume(slices)[0]
    return at_full_size(disparity, sure, slices, volume)


def _gain_of(slices: Sequence[Map], places: Map) -> float:
    """Return the gain of the lens in px of these slices [h, w, 3], judged at a small size."""
    height, width = slices[0].shape[:2]
    scale = min(1.0, GAIN_LONG_SIDE / max(height, width))
    size = max(16, round(width * scale)), max(16, round(height * scale))
    return float(blur_gain(linear_greys([resized(picture, size) for picture in slices]), places)[0] / scale)


def spread(places: Map, most: int) -> list[int]:
    """Return which of the rising places to take: all, or `most` of them, the ends and what is nearest to even steps."""
    if len(places) <= most:
        return list(range(len(places)))
    wanted = np.linspace(places[0], places[-1], most)
    return sorted({int(np.abs(places - place).argmin()) for place in wanted})


def tiled(net: DffNet, slices: Map, places: Map, *, gain_px: float | None = None) -> tuple[Map, Map]:
    """Return (disparity [h, w], expected error [h, w]) of slices [n, h, w, 3], tile by tile, softly overlapping.

    gain_px: of the lens, for networks that are shown what reblurring costs.
    """
    height, width = slices.shape[1:3]
    fixed = net.config.kind == "lstm_ddff"
    tile, overlap = (net.config.tile, net.config.tile // 4) if fixed else (TILE, OVERLAP)
    rows, columns = (_starts(side, tile, overlap, whole=not fixed) for side in (height, width))
    sweep = _Sweep.of(slices, places, gain_px)
    total = np.zeros((3, height, width), np.float32)
    for y0, y1 in rows:
        for x0, x1 in columns:
            disparity, error = _one_tile(net, sweep, (y0, y1, x0, x1), least=tile if fixed else 0)
            weight = np.minimum.outer(_ramp(y1 - y0, overlap), _ramp(x1 - x0, overlap))
            total[:, y0:y1, x0:x1] += np.stack([disparity * weight, error * weight, weight])
    return total[0] / total[2], total[1] / total[2]


@dataclass(frozen=True, slots=True, eq=False)
class _Sweep:
    """Slices [n, h, w, 3], greys [n, h, w] in linear light (None: not needed), gain and noise of all of it."""

    slices: Map
    places: Map
    greys: Map | None
    gain_px: float = 0.0
    noise: float = 0.0

    @staticmethod
    def of(slices: Map, places: Map, gain_px: float | None) -> _Sweep:
        if gain_px is None:
            return _Sweep(slices, places, None)
        greys = linear_greys(list(slices))
        return _Sweep(slices, places, np.stack(greys), gain_px, noise_of(greys))


def _one_tile(net: DffNet, sweep: _Sweep, box: tuple[int, int, int, int], *, least: int) -> tuple[Map, Map]:
    """Run the network once; the picture is mirrored beyond its right and lower border to a size that it takes."""
    import torch

    from rvr_laaf_app.nets.depth_from_focus_nets import multiple_of, to_input

    y0, y1, x0, x1 = box
    height, width = y1 - y0, x1 - x0
    unit = multiple_of(net.config)
    beyond = [(0, max(-side % unit, least - side)) for side in (height, width)]
    padded = np.pad(sweep.slices[:, y0:y1, x0:x1], ((0, 0), *beyond, (0, 0)), mode="symmetric")
    volume = None
    if sweep.greys is not None:
        greys = np.pad(sweep.greys[:, y0:y1, x0:x1], ((0, 0), *beyond), mode="symmetric")
        costs = reblur_volume(
            list(greys), sweep.places, gain_px=sweep.gain_px, noise=sweep.noise, levels=net.config.levels
        )
        volume = torch.from_numpy(costs)[None]
    with torch.inference_mode():
        # The networks were trained with the focus going from near to far.
        x = to_input(torch.from_numpy(np.ascontiguousarray(padded[::-1]))[None])
        out = net(x, torch.from_numpy(np.ascontiguousarray(sweep.places[::-1]))[None], volume)
    disparity = np.asarray(out.disparity[0, :height, :width].numpy(), np.float32)
    if out.error is None:
        return disparity, np.full_like(disparity, CONFIDENT_ERROR)
    return disparity, np.asarray(out.error[0, :height, :width].numpy(), np.float32)


def _starts(side: int, tile: int, overlap: int, *, whole: bool) -> list[tuple[int, int]]:
    """Return from where to where tiles go along a side."""
    if side <= tile or (whole and side <= 1.5 * tile):
        return [(0, side)]
    count = int(np.ceil((side - overlap) / (tile - overlap)))
    starts = np.rint(np.linspace(0, side - tile, count)).astype(int)
    return [(int(start), int(start) + tile) for start in starts]


def _ramp(side: int, overlap: int) -> Map:
    """Weights [side] of a tile's pixels: 1 inside, falling towards both ends."""
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) + 1.0
    return np.minimum(distance / overlap, 1.0).astype(np.float32)


def _config(values: object) -> DffConfig:
    from rvr_laaf_app.nets.depth_from_focus_nets import NETS, DffConfig

    known = {field.name: type(field.default) for field in fields(DffConfig)}
    if not isinstance(values, dict) or values.keys() != known.keys():
        raise ValueError("its settings are not those of this network")
    if any(type(value) is not known[name] for name, value in values.items()) or values["kind"] not in NETS:
        raise ValueError(f"{values}")
    # A hostile number would reserve all memory before its tensors could be found missing.
    if not (2 <= values["slices"] <= 64 and 32 <= values["tile"] <= 512 and 0 <= values["levels"] <= 64):
        raise ValueError(f"{values}")
    return DffConfig(**values)
