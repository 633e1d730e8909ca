"""The lens as a ruler: where it stands within its limits, how sharp it was where, marks A and B, the bracket.

One picture answers what a focus puller asks: where am I, how far is sharp, where was it sharpest, what comes next.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.capture.ruler_drawing import draw_ruler, mark_flag, rail_y
from rvr_laaf_app.ui.capture.ruler_state import RulerScale, RulerState

_GRIP_PX = 8.0
_NOTCH = 120.0
_PAGE = 10  # steps of the keys with Shift


class FocusRuler(QWidget):
    """Shows a RulerState; says where the user wants the lens or a mark."""

    position_wanted = Signal(int)
    nudged = Signal(int)  # steps towards far, for lenses that cannot be sent to a place
    mark_moved = Signal(str, int)  # "a" or "b"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("focus_ruler")
        self.setAccessibleName(self.tr("Lens position"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(132)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._state = RulerState()
        self._held = ""  # "lens", "a", "b"

    def sizeHint(self) -> QSize:
        """Return a size at which the curve can be read."""
        return QSize(640, 150)

    @property
    def state(self) -> RulerState:
        """What is shown."""
        return self._state

    def show_state(self, state: RulerState) -> None:
        """Show this."""
        if state != self._state:
            self._state = state
            where = "" if state.position is None else str(state.position)
            self.setAccessibleDescription(self.tr("Lens at {0}").replace("{0}", where) if where else "")
            self.update()

    def scale(self) -> RulerScale:
        """Return the way between positions and pixels."""
        return RulerScale.of(self._state, QRectF(self.rect()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ruler."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.DARK.color("panel"))
        draw_ruler(painter, QRectF(self.rect()), self._state, focused=self.hasFocus())
        painter.end()

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the lens or of a mark."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._held = self._under(event.position())
        if self._held == "lens" and self._state.movable:
            self.position_wanted.emit(self.scale().position(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held; say what is under the pointer."""
        at = self.scale().position(event.position().x())
        if self._held in ("a", "b"):
            self.mark_moved.emit(self._held, at)
        elif self._held == "lens" and self._state.movable:
            self.position_wanted.emit(at)
        elif not event.buttons():
            grip = self._under(event.position()) in ("a", "b")
            self.setCursor(Qt.CursorShape.SizeHorCursor if grip else Qt.CursorShape.ArrowCursor)
            self._tell(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._held = ""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move the lens by a part of what looks sharp."""
        notches = event.angleDelta().y() / _NOTCH
        if notches:
            self._nudge(-round(notches * max(self._state.sharp_span / 4, 1.0)) or (-1 if notches > 0 else 1))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the lens by one step, with Shift by ten."""
        size = _PAGE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if way:
            self._nudge(way * size)
            event.accept()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keys move the lens."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that they do not."""
        super().focusOutEvent(event)
        self.update()

    def _nudge(self, steps: int) -> None:
        """Ask for a move; left on the screen is always towards near."""
        state = self._state
        steps = steps if state.near_is_low else -steps
        if state.movable and state.position is not None:
            low, high = state.limits if state.limits is not None else (state.position + steps,) * 2
            self.position_wanted.emit(min(max(state.position + steps, low), high))
        else:
            self.nudged.emit(steps)

    def _under(self, place: QPointF) -> str:
        area, scale = QRectF(self.rect()), self.scale()
        for name, position in (("a", self._state.mark_a), ("b", self._state.mark_b)):
            if position is not None:
                flag = mark_flag(area, scale, position)
                if flag.adjusted(-2, -2, 2, 2).contains(place):
                    return name
        return "lens"

    def _tell(self, place: QPointF) -> None:
        """Say why a step of the autofocus run was made, where the pointer is over one."""
        scale, area = self.scale(), QRectF(self.rect())
        if place.y() > rail_y(area):
            return
        near = [s for s in self._state.steps if s.note and abs(scale.x(s.position) - place.x()) <= _GRIP_PX]
        if near:
            QToolTip.showText(self.mapToGlobal(place.toPoint()), f"{near[-1].position}: {near[-1].note}", self)
