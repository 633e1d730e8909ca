"""Where dragged things snap to in time. Plain functions; they hold nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.ui.timeline.lane import LaneView

REACH_PX = 8.0


@dataclass(frozen=True, slots=True)
class Snap:
    """A frame, and whether it was snapped to."""

    frame: int
    caught: bool = False


def magnets(view: LaneView, *, without: Collection[str] = ()) -> tuple[int, ...]:
    """Return the frames that attract: the playhead, the cuts, both ends of the clip, targets and the ends of holds.

    without: ids of targets that do not attract (those that are being dragged).
    """
    content = view.content
    found = {0, len(content.table) - 1, view.frame, *content.cuts}
    for number, target in enumerate(content.targets):
        if target.id not in without:
            found.add(target.frame)
            if target.hold_frames is not None:
                found.add(content.reigns()[number].stop)
    return tuple(sorted(found))


def snapped(frame: int, places: Sequence[int], view: LaneView, *, reach_px: float = REACH_PX) -> Snap:
    """Return the nearest of the places (rising) if it is drawn within reach of the frame, else the frame itself."""
    if not len(places):
        return Snap(frame)
    gaps, nearest = _nearest(np.array([frame]), places, view)
    return Snap(int(nearest[0]), caught=True) if gaps[0] <= reach_px else Snap(frame)


def snapped_group(
    frames: Sequence[int], by: int, places: Sequence[int], view: LaneView, *, reach_px: float = REACH_PX
) -> tuple[int, int | None]:
    """Return by how much several frames move, and the place that one of them snaps to (None: to none).

    by: how much the mouse asks for. None of them leaves the clip.
    """
    last = len(view.content.table) - 1
    low, high = -min(frames), last - max(frames)
    by = min(max(by, low), high)
    if not len(places):
        return by, None
    asked = np.array(frames) + by
    gaps, nearest = _nearest(asked, places, view)
    moved = by + nearest - asked
    gaps = np.where((moved >= low) & (moved <= high), gaps, np.inf)
    best = int(gaps.argmin())
    return (int(moved[best]), int(nearest[best])) if gaps[best] <= reach_px else (by, None)


def _nearest(
    frames: NDArray[np.int64], places: Sequence[int], view: LaneView
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return for each frame [n] the distance in pixels to the nearest of the places, and that place."""
    content, px = view.content, view.scale.px_per_s
    at, here = content.starts_s(places) * px, content.starts_s(frames.tolist()) * px
    right = np.clip(np.searchsorted(at, here), 0, len(at) - 1)
    left = np.maximum(right - 1, 0)
    chosen = np.where(np.abs(at[left] - here) <= np.abs(at[right] - here), left, right)
    return np.abs(at[chosen] - here), np.asarray(places, np.int64)[chosen]
