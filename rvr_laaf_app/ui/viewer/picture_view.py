"""The picture widget: one QImage, fitted or zoomed, with its marks; a click gives a point, a drag gives a box.

The wheel zooms at the pointer, the middle button or space and the left button move the picture, the line of the wipe
between original and result and the boxes of selected subjects can be dragged.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.box_grip import Grip, box_of_rect, grip_at
from rvr_laaf_app.ui.viewer.letterbox import to_box, to_point
from rvr_laaf_app.ui.viewer.marks import SubjectMark, TargetMark, draw_rubber_band, draw_subject, draw_target
from rvr_laaf_app.ui.viewer.picture_drawing import draw_notice, draw_part
from rvr_laaf_app.ui.viewer.wipe import GRIP_PX, draw_before, draw_line, share_at, wipe_x
from rvr_laaf_app.ui.viewer.zoom import Zoom, fit_factor, next_factor, wheel_factor

MIN_BOX_PX = 6.0  # a smaller drag is a click with a trembling hand
_MARGIN = 8
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_NOTCH = 120.0  # of QWheelEvent.angleDelta
_PIXELS_SEEN = 2.0  # from this factor on the clip's pixels are drawn as squares


class PictureView(QWidget):
    """Draws what it is given and says where the user pointed; it knows nothing of projects."""

    point_chosen = Signal(object)  # core.geometry.Point
    point_added = Signal(object)  # the same, with Shift: besides what is there
    adds: bool = False  # whether Shift means that; else it means nothing
    given_up = Signal()  # Escape, with nothing in the hand
    box_chosen = Signal(object)  # core.geometry.Box
    box_dragged = Signal(str, object)  # id of the target whose subject was shown anew, core.geometry.Box
    resized = Signal()
    zoom_changed = Signal()
    wipe_moved = Signal(float)  # share of the visible picture left of the line
    space_tapped = Signal()  # while zoomed in, space moves the picture; a tap is handed on

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("picture_view")
        self.setAccessibleName(self.tr("Picture"))
        self.setAccessibleDescription(self.tr("Click a subject to focus on it, or drag a box around it."))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image = QImage()
        self._aspect = QSizeF()
        self._subjects: tuple[SubjectMark, ...] = ()
        self._targets: tuple[TargetMark, ...] = ()
        self._notice = ""
        self._legend = ""
        self._press: QPointF | None = None
        self._drag: QPointF | None = None
        self._zoom = Zoom()
        self._before = QImage()
        self._wipe: float | None = None
        self.wipe_names = self.tr("Original"), self.tr("Result")
        self._held: Literal["", "pan", "wipe"] = ""
        self._at = QPointF()
        self._grip: Grip | None = None
        self._space: Literal["", "down", "used"] = ""
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        """Return a comfortable size for a 16:9 picture."""
        return QSize(960, 540)

    @property
    def image(self) -> QImage:
        """The picture that is shown; null if none."""
        return self._image

    @property
    def subjects(self) -> tuple[SubjectMark, ...]:
        """The boxes that are shown."""
        return self._subjects

    @property
    def zoom(self) -> Zoom:
        """How the picture lies in the viewer."""
        return self._zoom

    @property
    def zoom_factor(self) -> float:
        """Device pixels per pixel of the clip as shown now; 0 without a clip."""
        shown = self.shown_rect()
        return 0.0 if shown.isEmpty() else shown.width() * self.devicePixelRatioF() / self._aspect.width()

    @property
    def wipe(self) -> float | None:
        """Where the line of the wipe stands, as a share of the visible picture; None: there is none."""
        return self._wipe

    def shown_rect(self) -> QRectF:
        """Return where the whole picture lies; zoomed in it reaches beyond the widget."""
        return self._zoom.rect(self._area(), self._aspect, self.devicePixelRatioF())

    def visible_rect(self) -> QRectF:
        """Return where picture is seen in the widget."""
        return self.shown_rect().intersected(QRectF(self.rect()))

    def picture_pixels(self) -> tuple[int, int]:
        """Return (width, height) in device pixels that the whole picture fills."""
        shown = self.shown_rect()
        ratio = self.devicePixelRatioF()
        return max(1, round(shown.width() * ratio)), max(1, round(shown.height() * ratio))

    def zoom_to(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom to so many device pixels per pixel of the clip (0: fit), with one place kept where it is."""
        ratio = self.devicePixelRatioF()
        if factor == 0.0:
            self._set_zoom(Zoom())
            return
        place = around if around is not None else QRectF(self.rect()).center()
        area = QRectF(self.rect())
        self._set_zoom(self._zoom.zoomed(factor, place, self.shown_rect(), area, self._aspect, ratio))

    def zoom_to_pixels(self, factor: float) -> None:
        """Zoom to a factor at the pointer, if that is over the picture; from that very factor back to the whole."""
        if not self._zoom.fits and abs(self._zoom.factor - factor) < 1e-3:
            self.zoom_to(0.0)
            return
        place = QPointF(self.mapFromGlobal(QCursor.pos()))
        self.zoom_to(factor, place if self.visible_rect().contains(place) else None)

    def zoom_step(self, direction: int) -> None:
        """Zoom to the next usual factor, in (1) or out (-1)."""
        self.zoom_to(next_factor(self.zoom_factor, direction))

    def _set_zoom(self, zoom: Zoom) -> None:
        if zoom != self._zoom:
            self._zoom = zoom
            self._show_cursor()
            self.update()
            self.zoom_changed.emit()

    def _area(self) -> QRectF:
        """Return the room for the picture: all of it when zoomed in, else with a margin."""
        margin = _MARGIN if self._zoom.fits else 0
        return QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)

    def set_aspect(self, width: int, height: int) -> None:
        """Say how large the clip is; marks and letterbox follow it even before a picture comes. (0, 0): no clip."""
        self._aspect = QSizeF(width, height)
        if width == 0:
            self._image, self._before, self._subjects, self._targets = QImage(), QImage(), (), ()
        self._set_zoom(Zoom())
        self._show_cursor()
        self.update()

    def set_before(self, image: QImage | None) -> None:
        """Take the original of the picture that comes next, for the wipe."""
        self._before = QImage() if image is None else image

    def set_wipe(self, share: float | None) -> None:
        """Put the line between original and result there; None: no line."""
        if share != self._wipe:
            self._wipe = share
            self.update()

    def set_image(self, image: QImage) -> None:
        """Show a picture."""
        self._image = image
        self.update()

    def set_marks(self, subjects: tuple[SubjectMark, ...], targets: tuple[TargetMark, ...]) -> None:
        """Show boxes and targets."""
        if (subjects, targets) != (self._subjects, self._targets):
            self._subjects, self._targets = subjects, targets
            self.update()

    @property
    def notice(self) -> str:
        """The quiet line at the lower edge."""
        return self._notice

    def set_notice(self, text: str) -> None:
        """Show one quiet line at the picture's lower edge; empty: none."""
        if text != self._notice:
            self._notice = text
            self.update()

    def set_legend(self, text: str) -> None:
        """Say at the picture's lower right edge what its colours mean; empty: they are the picture's own."""
        if text != self._legend:
            self._legend = text
            self.update()

    def point_under_cursor(self) -> Point | None:
        """Return the place in the picture under the mouse pointer, or None."""
        place = QPointF(self.mapFromGlobal(QCursor.pos()))
        return to_point(self.shown_rect(), place) if self.visible_rect().contains(place) else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw surround, picture, marks."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.DARK.color("surround"))
        shown, visible = self.shown_rect(), self.visible_rect()
        if not self._image.isNull() and not visible.isEmpty():
            self._draw_picture(painter, shown, visible)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(visible)  # a box may reach beyond the picture; what is drawn of it may not
        for target in self._targets:
            draw_target(painter, shown, target)
        for subject in self._subjects:
            draw_subject(painter, shown, subject)
        if self._press is not None and self._drag is not None:
            draw_rubber_band(painter, QRectF(self._press, self._drag).normalized().intersected(visible))
        if self._grip is not None and self._drag is not None:
            draw_rubber_band(painter, self._grip.moved(self._drag - self._at, visible))
        if self._wipe is not None and not visible.isEmpty():
            draw_line(painter, visible, self._wipe, self.wipe_names)
        painter.setClipping(False)
        for text, right in ((self._notice, False), (self._legend, True)):
            draw_notice(painter, visible, text, right=right, room=QRectF(self.rect()))
        if self.hasFocus():  # grey: no colour near the picture
            painter.setPen(theme.DARK.color("text_quiet"))
            painter.setBrush(Qt.BrushStyle.NoBrush)  # the notice has left its own
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _draw_picture(self, painter: QPainter, shown: QRectF, visible: QRectF) -> None:
        real = self._image.width() >= self._aspect.width()
        squares = real and self.zoom_factor >= _PIXELS_SEEN * 0.999
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=not squares)
        draw_part(painter, shown, visible, self._image)
        if self._wipe is not None and not self._before.isNull():
            draw_before(painter, shown, visible, self._before, self._wipe)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for a picture of the new size."""
        super().resizeEvent(event)
        self.resized.emit()

    def event(self, event: QEvent) -> bool:
        """Keep space for moving a picture that is zoomed in; zoom by two fingers where the system tells of them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if plain and event.key() == Qt.Key.Key_Space and not self._zoom.fits:
                event.accept()
                return True
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
            and not self._aspect.isEmpty()
        ):
            self.zoom_to(self.zoom_factor * max(0.2, 1.0 + event.value()), event.position())
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer."""
        notches = event.angleDelta().y() / _NOTCH
        if self._aspect.isEmpty() or notches == 0:
            event.ignore()
            return
        self.zoom_to(self._wheeled(notches), event.position())
        event.accept()

    def _wheeled(self, notches: float) -> float:
        now = self.zoom_factor  # fitted there is a margin, so that the factor is below that of the whole widget
        whole = fit_factor(QRectF(self.rect()), self._aspect, self.devicePixelRatioF())
        return wheel_factor(now, notches, fit=now if self._zoom.fits else whole)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a box, or take hold of the picture or of the line."""
        place, button = event.position(), event.button()
        pans = button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._space)
        if pans and not self._zoom.fits:
            self._held, self._at = "pan", place
            self._space = "used" if self._space else ""
            self._show_cursor()
        elif button == Qt.MouseButton.LeftButton and self._over_line(place):
            self._held = "wipe"
        elif button == Qt.MouseButton.LeftButton and _SHIFT not in event.modifiers() and self._grip_at(place):
            self._grip, self._at, self._drag = self._grip_at(place), place, None
        elif button == Qt.MouseButton.LeftButton and to_point(self.visible_rect(), place) is not None:
            self._press, self._drag = place, None
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held; draw the box once the mouse has moved far enough."""
        place = event.position()
        if self._held == "pan":
            ratio, area = self.devicePixelRatioF(), self._area()
            self._set_zoom(self._zoom.moved(place - self._at, area, self._aspect, ratio))
            self._at = place
        elif self._held == "wipe":
            self.set_wipe(share_at(self.visible_rect(), place.x()))
        elif self._press is not None or self._grip is not None:
            began = self._at if self._press is None else self._press
            far = (place - began).manhattanLength() >= QApplication.startDragDistance()
            if far or self._drag is not None:
                self._drag = place
                self.update()
        else:
            self._show_cursor(place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the point or the box; let go of what is held."""
        if self._held:
            held, self._held = self._held, ""
            self._show_cursor(event.position())
            if held == "wipe" and self._wipe is not None:
                self.wipe_moved.emit(self._wipe)
            return
        press, drag, self._press, self._drag = self._press, self._drag, None, None
        grip, self._grip = self._grip, None
        if grip is not None:
            self._let_go(grip, event.position(), dragged=drag is not None)
            return
        if press is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self.update()
        shown = self.shown_rect()
        if drag is not None:
            rect = QRectF(press, event.position()).normalized().intersected(self.visible_rect())
            if rect.width() >= MIN_BOX_PX and rect.height() >= MIN_BOX_PX:
                self.box_chosen.emit(to_box(shown, rect.topLeft(), rect.bottomRight()))
                return
        if (point := to_point(shown, press)) is not None:
            (self.point_added if self.adds and _SHIFT in event.modifiers() else self.point_chosen).emit(point)

    def _let_go(self, grip: Grip, place: QPointF, *, dragged: bool) -> None:
        """Tell where a box was dragged to; without a drag it was a click like any other."""
        self.update()
        shown = self.shown_rect()
        if dragged:
            rect = grip.moved(place - self._at, self.visible_rect())
            self.box_dragged.emit(grip.target_id, box_of_rect(shown, rect))
            return
        if (point := to_point(shown, self._at)) is not None:
            self.point_chosen.emit(point)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up what is being drawn or dragged with Escape; hold the picture with space."""
        if event.key() == Qt.Key.Key_Escape:
            if self._press is None and self._grip is None:
                self.given_up.emit()
            self._press = self._drag = self._grip = None
            self.update()
            return
        if event.key() == Qt.Key.Key_Space and not self._zoom.fits:
            if not event.isAutoRepeat():
                self._space = "down"
                self._show_cursor()
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Let go of the picture; a space bar that moved nothing was a tap."""
        if event.key() == Qt.Key.Key_Space and self._space and not event.isAutoRepeat():
            tapped, self._space = self._space == "down", ""
            self._show_cursor()
            if tapped:
                self.space_tapped.emit()
            return
        super().keyReleaseEvent(event)

    def _over_line(self, place: QPointF) -> bool:
        visible = self.visible_rect()
        if self._wipe is None or not visible.contains(place):
            return False
        return abs(place.x() - wipe_x(visible, self._wipe)) <= GRIP_PX

    def _grip_at(self, place: QPointF) -> Grip | None:
        if not self.visible_rect().contains(place):
            return None
        return grip_at(self._subjects, self.shown_rect(), place)

    def _show_cursor(self, place: QPointF | None = None) -> None:
        if self._held == "pan":
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif place is not None and self._over_line(place):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif place is not None and (grip := self._grip_at(place)) is not None:
            self.setCursor(grip.cursor)
        else:
            self.setCursor(Qt.CursorShape.ArrowCursor if self._aspect.isEmpty() else Qt.CursorShape.CrossCursor)
