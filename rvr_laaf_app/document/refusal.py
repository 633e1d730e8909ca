"""Suggested targets that the user does not want: remembered by time and place, so that they are not offered again.

A refusal knows nothing of detectors: whichever of them points at the same subject at about the same time is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from rvr_laaf_app.core.geometry import Box

MAX_REFUSALS = 10_000
NEAR_FRAMES = 12
SAME_PLACE = 0.2  # share of the boxes' union


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused: a subject in `place` from about `frame` on."""

    frame: int
    place: Box

    def means(self, frame: int, place: Box) -> bool:
        """Tell whether a target at this frame and place is the one that was refused."""
        return abs(frame - self.frame) <= NEAR_FRAMES and place.overlap(self.place) >= SAME_PLACE
