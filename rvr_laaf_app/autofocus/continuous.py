"""Keep a moving subject in focus: the lens stands still while the subject is sharp, and moves only for a reason.

A generator fed with the patch around the subject, frame by frame (`None` while the tracker has lost it). While
pictures say "in focus" nothing moves; no hunting, no wobble. When two in a row say otherwise, focus is looked for as in
`modern`, from the last place outwards and first to the side that the subject was moving to. Evidence grows old, since
the subject moves on while it is collected. Knows no camera and no tracker.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.modern import BlurReader, FocusBelief, Reading
from rvr_laaf_app.autofocus.sharpness import brenner
from rvr_laaf_app.camera.defocus import DefocusModel

_PATIENCE: Final = 2  # blurred pictures in a row before the lens moves
_MOVES: Final = 5  # in one search, before the lens waits for better pictures
_REACH: Final = 0.25  # of the range: how far a subject is expected to have gone
_HABIT: Final = 0.75  # chance that it goes on moving to the same side
_STEADY: Final = 5.0  # odds that a subject in focus stays so until the next picture
_FORGET: Final = 0.6  # what evidence counts one picture later


@dataclass(frozen=True, slots=True)
class FocusWish:
    """Where the lens shall stand for the next picture; searching is False while focus is held."""

    position: int
    searching: bool
    sure: float


def keep_focus(
    limits: FocusRange,
    *,
    start: int,
    defocus: DefocusModel | None = None,
    width_px: int | None = None,
    reader: BlurReader | None = None,
) -> Generator[FocusWish, Patch | None, None]:
    """Yield where the lens shall stand; send the patch seen there, or None when there is none. Ends when closed."""
    read = (reader or BlurReader()).read
    place = held = min(max(start, limits.minimum), limits.maximum)
    way, doubts, moves = 0, 0, 0
    belief: FocusBelief | None = None
    wish = FocusWish(place, False, 0.0)
    while True:
        patch = yield wish
        if patch is None:
            wish = FocusWish(place, False, 0.0)
            continue
        reading = read(patch)
        if belief is None:
            sharp = chance_in_focus(reading, FocusBelief(limits, defocus, width_px), place)
            doubts = 0 if sharp >= 0.5 else doubts + 1
            if doubts < _PATIENCE:
                wish = FocusWish(place, False, sharp)
                continue
            belief, moves = FocusBelief(limits, defocus, width_px), 0
            belief.log_belief += _expected(belief, held, way)
        belief.log_belief *= _FORGET
        belief.forget_order()
        belief.see(place, reading, brenner(patch))
        within = belief.within()
        here = float(np.interp(place, belief.places, within))
        best = round(float(belief.places[int(within.argmax())]))
        moves += 1
        if here >= 0.6 or here >= float(within.max()) - 0.1 or moves > _MOVES:
            way = int(np.sign(place - held)) or way
            held, belief, doubts = place, None, 0
            wish = FocusWish(place, False, here)
        else:
            place = best
            wish = FocusWish(place, True, here)


def chance_in_focus(reading: Reading, belief: FocusBelief, place: int) -> float:
    """Return how likely a picture is in focus by itself: blurred by less than half the depth of field would."""
    radius = belief.radius_px(place)
    near = np.abs(belief.places - place) <= belief.limits.depth_of_field / 2
    told = np.exp(reading.at(radius) - reading.log_likelihood.max())
    # what was in focus a moment ago most likely still is
    sharp, blurred = _STEADY * float(told[near].sum()), float(told[~near].sum())
    return sharp / (sharp + blurred) if sharp + blurred > 0 else 0.0


def _expected(belief: FocusBelief, held: int, way: int) -> NDArray[np.float64]:
    """Log prior [places]: the subject is near where it was, rather on the side that it was going to."""
    away = belief.places - held
    reach = max(_REACH * (belief.limits.maximum - belief.limits.minimum), 1.0)
    side = np.where(np.sign(away) == way, np.log(_HABIT), np.log(1 - _HABIT)) if way else 0.0
    return np.asarray(-np.abs(away) / reach + side, np.float64)
