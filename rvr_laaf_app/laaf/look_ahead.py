"""When a pull has to end so that focus is there before it is needed: the lead of look-ahead, within the shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rvr_laaf_app.core.evidence import Suggestion

DEFAULT_LEAD_FRAMES = 6


def timed(suggestions: Sequence[Suggestion], lead_frames: int, *, cuts: Sequence[int] = ()) -> list[Suggestion]:
    """Return the suggestions in order with the frame from which each must be sharp; one for each frame.

    That is `lead_frames` before the target, never before the shot begins (a pull does not go through a cut) and never
    before the target before it.
    """
    ordered: dict[int, Suggestion] = {}
    for suggestion in sorted(suggestions, key=lambda s: (s.frame, s.score)):
        ordered[suggestion.frame] = suggestion
    starts = sorted({0, *cuts})
    found: list[Suggestion] = []
    for suggestion in ordered.values():
        shot = max(s for s in starts if s <= suggestion.frame)
        former = found[-1].frame + 1 if found else 0
        earliest = min(max(shot, former), suggestion.frame)
        found.append(replace(suggestion, ready=max(suggestion.frame - lead_frames, earliest)))
    return found
