"""The contract of a lane that draws itself and takes the mouse. One more lane = one file, and one line in more_lanes.

The timeline gives it its place and the content; the lane holds what it draws besides that, tells of edits by signals of
its own, and never changes the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal

from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.scale import TimeScale

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
    from PySide6.QtWidgets import QMenu


def nearest_frame(content: TimelineContent, seconds: float) -> int:
    """Return the frame whose begin is nearest to a moment."""
    frame = content.table.index_at(seconds)
    around = range(max(frame - 1, 0), min(frame + 2, len(content.table)))
    return min(around, key=lambda index: abs(content.start_s(index) - seconds))


@dataclass(frozen=True, slots=True)
class LaneView:
    """Where a lane is shown now: its rectangle, the content and the time axis, and the frame of the playhead.

    ratio: device pixels per pixel.
    """

    rect: QRectF
    content: TimelineContent
    scale: TimeScale
    frame: int = 0
    ratio: float = 1.0

    def x_of(self, frame: int) -> float:
        """Return the pixel at which a frame begins; past the last frame, where the clip ends."""
        return self.scale.x_of(self.content.start_s(frame))

    def frame_at(self, x: float) -> int:
        """Return the frame whose begin is nearest to a pixel."""
        return nearest_frame(self.content, self.scale.seconds_at(x))

    def frame_under(self, x: float) -> int:
        """Return the frame that is shown in the column of a pixel."""
        return self.content.table.index_at(self.scale.seconds_at(x))


class Same:
    """Compares by identity: are these the same things as before, whatever is in them?

    It holds them, so that a place in memory cannot come to mean another one.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *things: object) -> None:
        self._things = things

    def __eq__(self, other: object) -> bool:
        """Tell whether the other one holds the very same things."""
        if not isinstance(other, Same) or len(self._things) != len(other._things):
            return False
        return all(mine is its for mine, its in zip(self._things, other._things, strict=True))


class Lane(QObject):
    """One row of the timeline. What a lane does not want it leaves to the base: then a click moves the playhead.

    name: also its key in `TimelineView.lane_rect` and `.lane`. An optional lane can be hidden; its feature brings the
    toggled action "lane_<name>" for that.
    """

    name: ClassVar[str] = ""
    height_px: ClassVar[int] = 40
    optional: ClassVar[bool] = True
    under_targets: ClassVar[bool] = False  # it lies between targets and depth, else below the depth

    changed = Signal()  # what `draw` shows: the timeline draws its kept picture again
    moved = Signal()  # only what `draw_over` shows
    seek_requested = Signal(int)  # frame

    @property
    def title(self) -> str:
        """The lane's name in the user's language, at its left."""
        return ""

    def is_shown(self, content: TimelineContent | None) -> bool:
        """Tell whether there is anything to show; a lane without takes no room."""
        return content is not None

    def is_folded(self, content: TimelineContent | None) -> bool:
        """Tell whether nothing is set yet: the lane is low then, and the picture has the room."""
        return False

    def shows(self, content: TimelineContent) -> tuple[object, ...]:
        """Return what `draw` takes from the content: while that is equal, and `changed` is not told, it is not called.

        The clip's frame table and the time axis need not be among it. The more exact, the sooner the window answers.
        """
        return (Same(content),)

    def draw(self, painter: QPainter, view: LaneView) -> None:
        """Draw what stays while playhead and mouse move; it is kept as a picture until `changed`."""
        raise NotImplementedError

    def draw_over(self, painter: QPainter, view: LaneView) -> None:
        """Draw what moves: what is being dragged. Painted with every frame, so keep it small."""

    def cursor_at(self, place: QPointF, view: LaneView) -> Qt.CursorShape | None:
        """Return the mouse pointer over a place, None for the usual one."""
        return None

    def words_at(self, place: QPointF, view: LaneView) -> tuple[str, ...]:
        """Return lines of text to stand beside the mouse."""
        return ()

    def left(self) -> None:
        """The mouse has gone from this lane."""

    def press(self, event: QMouseEvent, view: LaneView) -> bool:
        """Take the left button: True if the lane holds the mouse until `release` or `let_go`."""
        return False

    def drag(self, event: QMouseEvent, view: LaneView) -> None:
        """Follow the mouse that the lane holds."""

    def release(self, event: QMouseEvent, view: LaneView) -> None:
        """End what `press` began: the place for telling of an edit."""

    def let_go(self) -> None:
        """Give up what is being dragged (Escape, another content)."""

    def double_click(self, event: QMouseEvent, view: LaneView) -> bool:
        """Return True if the lane did something with a double click."""
        return False

    def key(self, event: QKeyEvent, view: LaneView) -> bool:
        """Return True if the lane used the key; asked of the lane that was pressed last."""
        return False

    def fill_menu(self, menu: QMenu, place: QPointF, view: LaneView) -> None:
        """Add the entries for a place to the context menu; none: there is no menu."""
