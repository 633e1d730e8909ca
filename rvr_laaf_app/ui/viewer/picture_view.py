"""The picture widget: shows one QImage letterboxed with its marks; a click gives a point, a drag gives a box."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QCursor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import letterbox, to_box, to_point
from rvr_laaf_app.ui.viewer.marks import SubjectMark, TargetMark, draw_rubber_band, draw_subject, draw_target

MIN_BOX_PX = 6.0  # a smaller drag is a click with a trembling hand
_MARGIN = 8


class PictureView(QWidget):
    """Draws what it is given and says where the user pointed; it knows nothing of projects."""

    point_chosen = Signal(object)  # core.geometry.Point
    box_chosen = Signal(object)  # core.geometry.Box
    resized = Signal()

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
        self._press: QPointF | None = None
        self._drag: QPointF | None = None

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

    def shown_rect(self) -> QRectF:
        """Return where the picture lies in the widget."""
        area = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        return letterbox(area, self._aspect)

    def picture_pixels(self) -> tuple[int, int]:
        """Return (width, height) in device pixels that the picture fills."""
        shown = self.shown_rect()
        ratio = self.devicePixelRatioF()
        return max(1, round(shown.width() * ratio)), max(1, round(shown.height() * ratio))

    def set_aspect(self, width: int, height: int) -> None:
        """Say how large the clip is; marks and letterbox follow it even before a picture comes. (0, 0): no clip."""
        self._aspect = QSizeF(width, height)
        if width == 0:
            self._image, self._subjects, self._targets = QImage(), (), ()
        self.setCursor(Qt.CursorShape.CrossCursor if width else Qt.CursorShape.ArrowCursor)
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

    def set_notice(self, text: str) -> None:
        """Show one quiet line at the picture's lower edge; empty: none."""
        if text != self._notice:
            self._notice = text
            self.update()

    def point_under_cursor(self) -> Point | None:
        """Return the place in the picture under the mouse pointer, or None."""
        return to_point(self.shown_rect(), QPointF(self.mapFromGlobal(QCursor.pos())))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw surround, picture, marks."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.DARK.color("surround"))
        shown = self.shown_rect()
        if not self._image.isNull() and not shown.isEmpty():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(shown, self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(shown)  # a box may reach beyond the picture; what is drawn of it may not
        for target in self._targets:
            draw_target(painter, shown, target)
        for subject in self._subjects:
            draw_subject(painter, shown, subject)
        if self._press is not None and self._drag is not None:
            draw_rubber_band(painter, QRectF(self._press, self._drag).normalized().intersected(shown))
        if self._notice and not shown.isEmpty():
            self._draw_notice(painter, shown)
        painter.end()

    def _draw_notice(self, painter: QPainter, shown: QRectF) -> None:
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        width = painter.fontMetrics().horizontalAdvance(self._notice) + 16
        rect = QRectF(shown.left() + 8, shown.bottom() - 30, width, 22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.DARK.color("surround"))
        painter.setOpacity(0.85)
        painter.drawRoundedRect(rect, 3, 3)
        painter.setOpacity(1.0)
        painter.setPen(theme.DARK.color("text"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._notice)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for a picture of the new size."""
        super().resizeEvent(event)
        self.resized.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a box."""
        inside = to_point(self.shown_rect(), event.position()) is not None
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self._press, self._drag = event.position(), None
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw the box once the mouse has moved far enough."""
        if self._press is None:
            return
        far = (event.position() - self._press).manhattanLength() >= QApplication.startDragDistance()
        if far or self._drag is not None:
            self._drag = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the point or the box."""
        press, drag, self._press, self._drag = self._press, self._drag, None, None
        if press is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self.update()
        shown = self.shown_rect()
        if drag is not None:
            rect = QRectF(press, event.position()).normalized().intersected(shown)
            if rect.width() >= MIN_BOX_PX and rect.height() >= MIN_BOX_PX:
                self.box_chosen.emit(to_box(shown, rect.topLeft(), rect.bottomRight()))
                return
        point = to_point(shown, press)
        if point is not None:
            self.point_chosen.emit(point)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up the box that is being drawn with Escape."""
        if event.key() == Qt.Key.Key_Escape and self._press is not None:
            self._press = self._drag = None
            self.update()
            return
        super().keyPressEvent(event)
