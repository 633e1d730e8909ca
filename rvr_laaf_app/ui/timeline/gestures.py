"""What the mouse holds in the timeline, and where it may be dragged to. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF

from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.depth_lane import PullGhost


@dataclass(frozen=True, slots=True)
class Grip:
    """What a pressed button holds in the depth lane: one end of the pull that leads to a target."""

    kind: Literal["begin", "arrival"]
    target_id: str
    pressed: QPointF


def dragged_pull(content: TimelineContent, grip: Grip, frame: int) -> PullGhost | None:
    """Return the pull when its held end is at `frame`: inside its shot, between the targets before and after it."""
    number = next((i for i, t in enumerate(content.targets) if t.id == grip.target_id), None)
    if number is None or number == 0:
        return None
    begin, arrival = content.pull(number)
    before = content.targets[number - 1].frame
    if grip.kind == "begin":
        return PullGhost(grip.target_id, min(max(frame, before), arrival), arrival)
    later = [t.frame for t in content.targets[number + 1 :]] + [c for c in content.cuts if c > arrival]
    last = min([len(content.table), *later]) - 1
    least = max(begin, before + 1)
    return PullGhost(grip.target_id, begin, min(max(frame, least), max(last, least)))
