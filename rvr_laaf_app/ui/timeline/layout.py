"""Which lanes the timeline has, and where each lies from top to bottom. Plain values; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from PySide6.QtCore import QRectF

from rvr_laaf_app.ui.timeline.more_lanes import MORE

HEADER_PX = 72
INSET_PX = 8  # room for a diamond at either end
DEPTH_MIN_PX = 72
HEIGHTS: Final[dict[str, int]] = {"ruler": 24, "film": 48, "sound": 32, "targets": 40}
BELOW: Final[dict[str, int]] = {lane.name: lane.height_px for lane in MORE}
LANES: Final = (*HEIGHTS, "depth", *BELOW)  # from top to bottom; depth takes the room that is left
OPTIONAL: Final = ("film", "sound", "depth", *(lane.name for lane in MORE if lane.optional))  # what may be hidden


def least_height(hidden: Collection[str]) -> int:
    """Return the height in pixels that the lanes need when those in `hidden` are not shown."""
    fixed = sum(height for name, height in (HEIGHTS | BELOW).items() if name not in hidden)
    return fixed + (0 if "depth" in hidden else DEPTH_MIN_PX)


def lane_rects(width: float, height: float, hidden: Collection[str]) -> dict[str, QRectF]:
    """Return the rectangle of each lane right of the names; a hidden one is flat."""
    rects: dict[str, QRectF] = {}
    left, across, top = float(HEADER_PX), max(0.0, width - HEADER_PX), 0.0
    rooms = {**HEIGHTS, "depth": max(0.0, height - least_height({*hidden, "depth"})), **BELOW}
    for name, room in rooms.items():
        high = 0.0 if name in hidden else float(room)
        rects[name] = QRectF(left, top, across, high)
        top += high
    return rects
