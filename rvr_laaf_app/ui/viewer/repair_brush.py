"""The brush over the picture: its ring, the stroke being drawn, the sampled place, and what repairs change.

It lies over a picture view and takes the mouse only while the tool is on. What a stroke does is not known here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QCursor,
    QEnterEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.repair import MAX_STROKE_POINTS, BrushSettings, RepairKind
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import to_point

if TYPE_CHECKING:
    from rvr_laaf_app.ui.viewer.picture_view import PictureView

NEARER, FARTHER, SAME = QColor("#f2b134"), QColor("#5b9bd5"), QColor("#e6e6e6")
COLOURS: dict[RepairKind, QColor] = {"nearer": NEARER, "farther": FARTHER, "same": SAME}
SAMPLING = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier  # some desktops keep Alt for windows
STEP_SHARE = 0.2  # of the radius: points of a stroke closer than this say nothing
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_MOVING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class RepairBrush(QWidget):
    """Draws the brush and says what was drawn with it. Places are 0..1 of the picture."""

    stroke_drawn = Signal(object)  # tuple of x and y in turn
    sample_wanted = Signal(object)  # Point
    resize_wanted = Signal(int)  # steps, positive = larger
    given_up = Signal()
    _active = False  # asked by `event`, which comes while the widget is being made

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self.setObjectName("repair_brush")
        self.setAccessibleName(self.tr("Depth repair brush"))
        self.setAccessibleDescription(
            self.tr("Draw over what has the wrong depth. Ctrl+Shift+arrows move the brush, Return sets and lifts it.")
        )
        self.setMouseTracking(True)
        self._picture = picture
        self._kind: RepairKind = "nearer"
        self._brush = BrushSettings()
        self._at: Point | None = None
        self._stroke: list[float] = []
        self._by_keys = False
        self._sample: tuple[Point, bool] | None = None
        self._marked: tuple[float, ...] = ()
        self._changes = QImage()
        picture.resized.connect(self._fit)
        self._fit()
        self.set_active(False)

    @property
    def active(self) -> bool:
        """True while the tool is on."""
        return self._active

    @property
    def drawing(self) -> bool:
        """True while a stroke is being drawn."""
        return bool(self._stroke)

    @property
    def place(self) -> Point | None:
        """Where the brush is; None: not over the picture."""
        return self._at

    def set_active(self, active: bool) -> None:
        """Take the mouse and the keys, or let them through to the picture."""
        self._active = active
        self._stroke, self._by_keys = [], False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not active)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if active else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.BlankCursor if active else self._picture.cursor())
        if active:
            self._at = to_point(self._picture.shown_rect(), QPointF(self.mapFromGlobal(QCursor.pos())))
            self._at = self._at or Point(0.5, 0.5)
            self.setFocus()
        else:
            self._picture.setFocus()
        self.update()

    def set_brush(self, kind: RepairKind, brush: BrushSettings) -> None:
        """Say what the brush is."""
        if (kind, brush) != (self._kind, self._brush):
            self._kind, self._brush = kind, brush
            self.update()

    def set_sample(self, sample: Point | None, *, here: bool = True) -> None:
        """Show the place whose depth is brushed with; here: it is of the frame that is shown."""
        self._sample = None if sample is None else (sample, here)
        self.update()

    def set_marked(self, stroke: tuple[float, ...]) -> None:
        """Show the stroke of the selected repair; (): none."""
        if stroke != self._marked:
            self._marked = stroke
            self.update()

    def set_changes(self, changes: QImage) -> None:
        """Show what repairs change in this frame, as a picture with transparency; null: nothing."""
        if not (changes.isNull() and self._changes.isNull()):
            self._changes = changes
            self.update()

    @Slot()
    def _fit(self) -> None:
        self.setGeometry(self._picture.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw changes, strokes, sample and ring."""
        shown = self._picture.shown_rect()
        if shown.isEmpty() or (not self._active and self._changes.isNull()):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipRect(shown)
        if not self._changes.isNull():
            painter.drawImage(shown, self._changes)
        if self._active:
            self._draw_stroke(painter, shown, self._marked, thin=True)
            self._draw_stroke(painter, shown, tuple(self._stroke), thin=False)
            if self._sample is not None and self._kind == "same":
                self._draw_sample(painter, shown, *self._sample)
            if self._at is not None and (self.underMouse() or self._by_keys or self.hasFocus()):
                self._draw_ring(painter, shown, self._at)
        painter.end()

    def _draw_stroke(self, painter: QPainter, shown: QRectF, stroke: tuple[float, ...], *, thin: bool) -> None:
        if not stroke:
            return
        line = [_at(shown, x, y) for x, y in zip(stroke[::2], stroke[1::2], strict=True)]
        colour = QColor(COLOURS[self._kind] if not thin else theme.DARK.color("text"))
        colour.setAlpha(210 if thin else 96)
        pen = QPen(colour, 1.5 if thin else 2 * self._brush.radius * shown.width())
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if thin:
            pen.setDashPattern([4.0, 4.0])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if len(line) == 1:
            painter.drawPoint(line[0])
        else:
            painter.drawPolyline(QPolygonF(line))

    def _draw_ring(self, painter: QPainter, shown: QRectF, place: Point) -> None:
        centre, radius = _at(shown, place.x, place.y), self._brush.radius * shown.width()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 150), 3.5), (COLOURS[self._kind], 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(centre, radius, radius)
            painter.drawLine(centre - QPointF(4, 0), centre + QPointF(4, 0))
            painter.drawLine(centre - QPointF(0, 4), centre + QPointF(0, 4))
        inner = QColor(COLOURS[self._kind])
        inner.setAlpha(110)
        pen = QPen(inner, 1.0)
        pen.setDashPattern([2.0, 3.0])
        painter.setPen(pen)
        hard = radius * (1.0 - self._brush.softness)
        if hard > 2:
            painter.drawEllipse(centre, hard, hard)

    def _draw_sample(self, painter: QPainter, shown: QRectF, sample: Point, here: bool) -> None:
        centre = _at(shown, sample.x, sample.y)
        solid = QColor(SAME if here else theme.DARK.color("text_quiet"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (solid, 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawRect(QRectF(centre.x() - 5, centre.y() - 5, 10, 10))
            for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                painter.drawLine(centre + QPointF(8 * dx, 8 * dy), centre + QPointF(14 * dx, 14 * dy))

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke, or sample with Alt or Ctrl."""
        place = to_point(self._picture.shown_rect(), event.position())
        if event.button() != Qt.MouseButton.LeftButton or place is None:
            event.ignore()
            return
        self._at, self._by_keys = place, False
        if event.modifiers() & SAMPLING:
            self.sample_wanted.emit(place)
        else:
            self._stroke = [place.x, place.y]
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the ring, and draw."""
        self._at = _place(self._picture.shown_rect(), event.position())
        if self._stroke and not self._by_keys:
            self._go_on(self._at)
        if not event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.NoButton) and event.buttons():
            event.ignore()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
        elif self._stroke and not self._by_keys:
            self._go_on(_place(self._picture.shown_rect(), event.position()), always=True)
            self._lift()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the ring under the pointer."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the ring, unless the keys hold it."""
        super().leaveEvent(event)
        self.update()

    def _go_on(self, place: Point, *, always: bool = False) -> None:
        x, y = self._stroke[-2:]
        shown = self._picture.shown_rect()
        aspect = shown.height() / max(shown.width(), 1.0)
        far = math.hypot(place.x - x, (place.y - y) * aspect) >= STEP_SHARE * self._brush.radius
        if (far or (always and (place.x, place.y) != (x, y))) and len(self._stroke) < 2 * MAX_STROKE_POINTS:
            self._stroke += [place.x, place.y]

    def _lift(self) -> None:
        stroke, self._stroke, self._by_keys = tuple(round(v, 5) for v in self._stroke), [], False
        self.update()
        if stroke:
            self.stroke_drawn.emit(stroke)

    # The keys

    def event(self, event: QEvent) -> bool:
        """Claim the brush's own keys before the window's shortcuts get them."""
        asked = self._active and event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and self._own(event):
            event.accept()
            return True
        return super().event(event)

    def _own(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if key in _MOVES:
            return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == _MOVING
        own = (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
        return plain and key in own

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Resize with [ and ], move with Ctrl+Shift+arrows, set and lift with Return, give up with Escape."""
        if not self._active or not self._own(event):
            super().keyPressEvent(event)
            return
        key = Qt.Key(event.key())
        if key in _MOVES:
            self._move(*_MOVES[key])
        elif key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            self.resize_wanted.emit(1 if key == Qt.Key.Key_BracketRight else -1)
        elif key == Qt.Key.Key_Escape:
            self._escape()
        elif self._stroke and self._by_keys:
            self._lift()
        elif self._at is not None:
            self._stroke, self._by_keys = [self._at.x, self._at.y], True
        self.update()

    def _escape(self) -> None:
        if self._stroke:
            self._stroke, self._by_keys = [], False
        else:
            self.given_up.emit()

    def _move(self, dx: int, dy: int) -> None:
        shown = self._picture.shown_rect()
        step = max(self._brush.radius * 0.4, 0.004)
        at = self._at or Point(0.5, 0.5)
        aspect = shown.width() / max(shown.height(), 1.0)
        self._at = Point(min(max(at.x + dx * step, 0.0), 1.0), min(max(at.y + dy * step * aspect, 0.0), 1.0))
        if self._stroke and self._by_keys:
            self._go_on(self._at)


def _at(shown: QRectF, x: float, y: float) -> QPointF:
    return QPointF(shown.left() + x * shown.width(), shown.top() + y * shown.height())


def _place(shown: QRectF, position: QPointF) -> Point:
    """Return the place under a position, a little outside the picture too: a stroke may run over its border."""
    x = (position.x() - shown.left()) / max(shown.width(), 1.0)
    y = (position.y() - shown.top()) / max(shown.height(), 1.0)
    return Point(min(max(x, -0.2), 1.2), min(max(y, -0.2), 1.2))
