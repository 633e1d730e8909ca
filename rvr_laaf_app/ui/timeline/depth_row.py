"""The depth lane as a row of the timeline: pulls are dragged there, subjects picked, and depth told under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication

from rvr_laaf_app.ui.timeline.background import DepthData
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.depth_lane import DepthLane, PullGhost
from rvr_laaf_app.ui.timeline.gestures import Grip, dragged_pull
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView
from rvr_laaf_app.ui.timeline.lanes import draw_words
from rvr_laaf_app.ui.timeline.scale import clock_text


class DepthRow(Lane):
    """Holds the pull that is being dragged; what is drawn is `depth_lane`'s."""

    name = "depth"

    picked = Signal(str)  # the target whose pull or subject was pressed; "" = none
    pull_changed = Signal(str, int, int)  # target id, frame of arrival, length in frames; once, when the drag ends
    activated = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.depth = DepthLane()
        self._selected: str | None = None
        self._grip: Grip | None = None
        self._pull: PullGhost | None = None

    @property
    def title(self) -> str:
        """The lane's name."""
        return self.tr("Depth")

    def set_selected(self, target_id: str | None) -> None:
        """Show one target as selected."""
        if target_id != self._selected:
            self._selected = target_id
            self.changed.emit()

    def set_data(self, data: DepthData | None) -> None:
        """Show how depth is spread; None: it cannot be known here."""
        self.depth.data = data
        text = self.tr("depth cannot be estimated here") if data is None else self.tr("not analysed yet")
        self.depth.empty_text = text
        self.changed.emit()

    def draw(self, painter: QPainter, view: LaneView) -> None:
        """Draw histograms, the focal plane and the subjects' lines."""
        self.depth.draw(painter, view.rect, view.content, view.scale, selected=self._selected, ratio=view.ratio)

    def draw_over(self, painter: QPainter, view: LaneView) -> None:
        """Draw the pull that is being dragged, and what it would be."""
        pull = self._pull
        if pull is None:
            return
        self.depth.draw_ghost(painter, view.rect, view.content, view.scale, pull)
        room = view.rect.adjusted(0, -view.rect.top(), 0, 0)
        words = self._pull_words(view.content, pull)
        draw_words(painter, room, QPointF(view.x_of(pull.arrival), view.rect.top()), words)

    def _pull_words(self, content: TimelineContent, pull: PullGhost) -> tuple[str, ...]:
        length = pull.arrival - pull.begin
        seconds = content.start_s(pull.arrival) - content.start_s(pull.begin)
        arrives = self.tr("arrives {0}").replace("{0}", clock_text(content.start_s(pull.arrival)))
        return arrives, self.tr("pull of {0} frames").replace("{0}", str(length)) + f"   {seconds:.2f} s"

    def words_at(self, place: QPointF, view: LaneView) -> tuple[str, ...]:
        """Return what lies under the mouse, unless a pull is being dragged, which has words of its own."""
        if self._pull is not None:
            return ()
        return self.depth.words_at(view.frame_under(place.x()), place.y(), view.content, view.rect, self.tr)

    def words_of(self, frame: int, view: LaneView) -> tuple[str, ...]:
        """Return what the lane shows at a frame, for screen readers."""
        return self.depth.words_at(frame, None, view.content, view.rect, self.tr)

    def cursor_at(self, place: QPointF, view: LaneView) -> Qt.CursorShape | None:
        """Return a pointer that says that a pull can be dragged here."""
        return Qt.CursorShape.SizeHorCursor if self._pull_at(place, view) is not None else None

    def _pull_at(self, place: QPointF, view: LaneView) -> Grip | None:
        found = self.depth.pull_at(place, view.content, view.rect, view.scale)
        return Grip(found[1], found[0], place) if found is not None else None

    def press(self, event: QMouseEvent, view: LaneView) -> bool:
        """Take the end of a pull; else pick the subject under the mouse and leave the press to the playhead."""
        place = event.position()
        self._grip = self._pull_at(place, view)
        if self._grip is not None:
            self.picked.emit(self._grip.target_id)
            return True
        subject = self.depth.subject_at(place, view.content, view.frame_under(place.x()), view.rect)
        self.picked.emit(subject or "")
        return False

    def drag(self, event: QMouseEvent, view: LaneView) -> None:
        """Move the held end of the pull."""
        grip, place = self._grip, event.position()
        if grip is None:
            return
        far = abs(place.x() - grip.pressed.x()) >= QApplication.startDragDistance()
        if far or self._pull is not None:
            self._pull = dragged_pull(view.content, grip, view.frame_at(place.x()))
            self.moved.emit()

    def release(self, event: QMouseEvent, view: LaneView) -> None:
        """Tell the new pull, as one edit."""
        pull = self._pull
        self.let_go()
        if pull is not None:
            self.pull_changed.emit(pull.target_id, pull.arrival, pull.arrival - pull.begin)

    def let_go(self) -> None:
        """Leave the pull as it was."""
        self._grip = self._pull = None
        self.moved.emit()

    def double_click(self, event: QMouseEvent, view: LaneView) -> bool:
        """Go to the target whose pull is under the mouse."""
        found = self._pull_at(event.position(), view)
        if found is not None:
            self.activated.emit(found.target_id)
        return found is not None
