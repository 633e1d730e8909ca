"""Which lens positions a focus bracket needs: from near to far, each depth of field overlapping the next. Pure numbers.

Positions are steps of the focus drive. How much looks sharp at a position comes from a calibration, the camera, or the
user; it may change along the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from rvr_laaf_app.camera.defocus import DefocusModel
from rvr_laaf_app.core.errors import UsageError

MOST_FRAMES: Final = 2000
USUAL_OVERLAP: Final = 0.3
MOST_OVERLAP: Final = 0.9
Sharp = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Bracket:
    """What is to be captured: lens positions from near to far."""

    positions: tuple[int, ...]

    @property
    def near(self) -> int:
        """The first position."""
        return self.positions[0]

    @property
    def far(self) -> int:
        """The last position."""
        return self.positions[-1]


def plan_bracket(near: int, far: int, *, depth_of_field: int | Sharp, overlap: float = USUAL_OVERLAP) -> Bracket:
    """Return positions from `near` to `far` (either may be the larger), both among them.

    depth_of_field: span in steps that looks sharp, or a function of the position. overlap: share of it, 0..0.9, that
    two neighbours have in common. The gaps are then made even, so that the last one is no smaller than the others.

    Raises UsageError for an overlap or a depth of field that makes no sense, and for more than 2000 frames.
    """
    if not 0.0 <= overlap <= MOST_OVERLAP:
        raise UsageError(f"an overlap of {overlap:.0%} makes no sense", remedy=f"Give 0 to {MOST_OVERLAP:.0%}.")
    low, high = min(near, far), max(near, far)
    sharp = depth_of_field if callable(depth_of_field) else _always(depth_of_field)
    places = [float(low)]
    while places[-1] < high:
        span = sharp(places[-1])
        if not span > 0:
            raise UsageError("the depth of field must be at least one step")
        places.append(places[-1] + max(span * (1.0 - overlap), 1.0))
        if len(places) > MOST_FRAMES:
            raise UsageError(
                f"more than {MOST_FRAMES} frames would be needed", remedy="Choose less overlap or a shorter way."
            )
    if len(places) > 1:  # pull the last one back to the end, and all others with it
        stretch = (high - low) / (places[-1] - low)
        places = [low + (p - low) * stretch for p in places]
    found = tuple(dict.fromkeys(round(p) for p in places))
    return Bracket(found if near <= far else found[::-1])


def _always(steps: int) -> Sharp:
    return lambda _position: float(steps)


def sharp_span(model: DefocusModel) -> Sharp:
    """Return the depth of field in steps as a function of the lens position, interpolated in a calibrated model."""
    places, spans = model.positions.astype(float), model.depth_of_field.astype(float)
    return lambda position: float(np.interp(position, places, spans))
