"""From decoded light and an estimated boost to light that a lamp could have: no colour that nothing real has.

The boost of a clipped channel is a guess, the unclipped channels beside it are facts. A wall lit by a warm lamp clips
in red alone; lifting that red by the stops of a lamp would paint the wall pink. So a lifted channel may exceed the next
brighter one only as far as warm lamps do (tungsten about 1.7 to 1 in linear light, sodium about 2.2 to 1). Where all
three clip, the colour is a guess as well: its differences between channels count for less than what they share.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HIGHEST_COLOUR_RATIO = 2.0
COLOUR_TRUST = np.float32(0.4)
HIGHEST_BOOST_STOPS = 7.0  # 128 times display white; more only makes a disc whiter than white


def lifted_light(linear: NDArray[np.float32], boost_stops: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return linear light [H, W, 3] float32 with the boost [H, W, 3] (stops, >= 0) applied where it is believable.

    Pixels without boost come back bit for bit; no channel comes back darker than it was.
    """
    flat, stops = linear.reshape(-1, 3), boost_stops.reshape(-1, 3)
    red, green, blue = cv2.split(boost_stops)  # a maximum over the last axis of length 3 takes NumPy ten times longer
    places = np.flatnonzero(cv2.max(cv2.max(red, green), blue))
    if places.size == 0:
        return linear
    fact, lift = flat[places], np.minimum(stops[places], np.float32(HIGHEST_BOOST_STOPS))
    shared = lift.mean(axis=1, keepdims=True)
    lift = np.where(lift.min(axis=1, keepdims=True) > 0, shared + COLOUR_TRUST * (lift - shared), lift)
    lifted = fact * np.exp2(lift)
    second = np.sort(lifted, axis=1)[:, 1:2]
    believable = np.maximum(np.minimum(lifted, second * np.float32(HIGHEST_COLOUR_RATIO)), fact)
    result = flat.copy()
    result[places] = believable
    return result.reshape(linear.shape)
