"""Depth from long focus sweeps: a network says about where, the sharpness of all slices says exactly where.

The network sees a few slices spread over the sweep; what it finds, with the error that it expects, is the prior of the
classical search for the peak of sharpness among all of them (Bayes: log sharpness plus log prior). Where nothing is
sharp anywhere, the network's word stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.stack.depth_from_focus_classical import at_full_size, filled, peak, resized, sharpness_volume
from rvr_laaf_app.stack.depth_from_focus_net import learned_depth

if TYPE_CHECKING:
    from rvr_laaf_app.nets.depth_from_focus_nets import DffNet

Map = NDArray[np.float32]

PRIOR_SIGMA = 0.15  # of disparity: how far the network may be off where it is not sure
SURE_FROM = 0.3  # confidence of the peak from which on it alone counts


def dense_depth(slices: Sequence[Map], places: Map, *, net: DffNet) -> tuple[Map, Map]:
    """Return (disparity [h, w], confidence [h, w]) of many slices [h, w, 3] at rising focus `places` in 0..1."""
    volume, guide = sharpness_volume(slices)
    size = volume.shape[2], volume.shape[1]
    found, sure_net = (resized(part, size) for part in learned_depth(slices, places, net=net))
    off = (places[:, None, None] - found) / np.float32(PRIOR_SIGMA)
    place, sure = peak(volume * np.exp(-0.5 * off * off) + np.float32(1e-7), places)
    _, alone = peak(volume, places)
    sure = np.minimum(sure, alone)
    share = np.clip(sure / SURE_FROM, 0.0, 1.0)
    mixed = filled(found + share * (place - found), np.maximum(sure, 0.5 * sure_net), guide)
    return at_full_size(mixed, np.maximum(sure, sure_net), slices, volume)
