"""Which lanes the timeline has, and where each lies from top to bottom. Plain values; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from PySide6.QtCore import QRectF

from rvr_laaf_app.ui.timeline.more_lanes import MORE

HEADER_PX = 72
INSET_PX = 8  # room for a diamond at either end
DEPTH_MIN_PX = 64
FILM_EDGES_PX = 9  # of the film lane, above and below the pictures
FOLDED_PX = 24  # of a lane in which nothing is set yet
ROOMY_PX = 300  # a timeline so high gives its lanes the heights of HEIGHTS, a lower one those of LOW
HEIGHTS: Final[dict[str, int]] = {"ruler": 24, "film": 48, "sound": 32, "targets": 40}
LOW: Final[dict[str, int]] = {"ruler": 24, "film": 32, "sound": 24, "targets": 40}
BESIDES: Final[dict[str, int]] = {lane.name: lane.height_px for lane in MORE}
_BETWEEN: Final = tuple(lane.name for lane in MORE if lane.under_targets)
_BELOW: Final = tuple(lane.name for lane in MORE if not lane.under_targets)
LANES: Final = (*HEIGHTS, *_BETWEEN, "depth", *_BELOW)  # from top to bottom; depth takes the room that is left
_FIXED: Final = {"ruler", "targets", *(lane.name for lane in MORE if not lane.optional)}
OPTIONAL: Final = tuple(name for name in LANES if name not in _FIXED)  # what may be hidden


def _fixed(hidden: Collection[str], folded: Collection[str], heights: dict[str, int]) -> dict[str, int]:
    """Return the height of every lane but depth; 0 for those in `hidden`."""
    rooms = {name: min(high, FOLDED_PX) if name in folded else high for name, high in (heights | BESIDES).items()}
    return {name: 0 if name in hidden else high for name, high in rooms.items()}


def least_height(hidden: Collection[str], folded: Collection[str] = ()) -> int:
    """Return the height in pixels that the lanes need when those in `hidden` are not shown."""
    return sum(_fixed(hidden, folded, LOW).values()) + (0 if "depth" in hidden else DEPTH_MIN_PX)


def lane_rects(width: float, height: float, hidden: Collection[str], folded: Collection[str] = ()) -> dict[str, QRectF]:
    """Return the rectangle of each lane right of the names; a hidden one is flat, a folded one low."""
    rects: dict[str, QRectF] = {}
    left, across, top = float(HEADER_PX), max(0.0, width - HEADER_PX), 0.0
    rooms: dict[str, float] = {**_fixed(hidden, folded, HEIGHTS if height >= ROOMY_PX else LOW)}
    rooms["depth"] = max(0.0, height - sum(rooms.values()))
    for name in LANES:
        high = 0.0 if name in hidden else float(rooms[name])
        rects[name] = QRectF(left, top, across, high)
        top += high
    return rects
