"""The finished stack: the picture that is sharp everywhere, any slice beside it by a wipe, its depth; retouching.

Views: "result", "slice", "depth", "wipe" (slice on the left, result on the right). With the brush on, a drag takes
pixels of the chosen slice into the result.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QVBoxLayout, QWidget

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.capture import parts
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale
from rvr_laaf_app.ui.viewer.letterbox import to_point
from rvr_laaf_app.ui.viewer.picture_view import PictureView

VIEWS: Final = ("result", "slice", "wipe", "depth")


class RetouchBrush(QWidget):
    """Lies over the picture while the brush is on; a drag draws a stroke of points in 0..1."""

    stroke_drawn = Signal(object)  # tuple of Point

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self.setObjectName("retouch_brush")
        self.setMouseTracking(True)
        self.radius = 0.03  # of the picture's width
        self._picture = picture
        self._points: list[Point] = []
        self._at: QPointF | None = None
        picture.installEventFilter(self)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay over the whole picture view."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._picture.rect())
        return super().eventFilter(watched, event)

    def set_on(self, on: bool) -> None:
        """Take the mouse, or leave it to the picture."""
        self.setGeometry(self._picture.rect())
        self.setVisible(on)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke."""
        point = to_point(self._picture.shown_rect(), event.position())
        if event.button() == Qt.MouseButton.LeftButton and point is not None:
            self._points = [point]
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the stroke; show how large the brush is."""
        self._at = event.position()
        point = to_point(self._picture.shown_rect(), event.position())
        if self._points and point is not None:
            self._points.append(point)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke and tell of it."""
        points, self._points = tuple(self._points), []
        if points:
            self.stroke_drawn.emit(points)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Show no brush outside."""
        self._at = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the brush and the stroke under way."""
        shown = self._picture.shown_rect()
        radius = self.radius * shown.width()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self._picture.visible_rect())
        if self._points:
            colour = theme.DARK.color("accent")
            colour.setAlpha(90)
            pen = QPen(colour, 2 * radius)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            places = [
                QPointF(shown.left() + p.x * shown.width(), shown.top() + p.y * shown.height()) for p in self._points
            ]
            painter.drawPolyline(places if len(places) > 1 else [places[0], places[0] + QPointF(0.1, 0)])
        if self._at is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (QPen(QColor(16, 16, 16, 190), 3), QPen(theme.DARK.color("text_strong"), 1)):
                painter.setPen(pen)
                painter.drawEllipse(self._at, radius, radius)
        painter.end()


class ResultView(QWidget):
    """Shows the pictures it is given; which slice is chosen is shown by the strip below."""

    view_chosen = Signal(str)
    stroke_drawn = Signal(object, float)  # points, radius as a share of the width
    undo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("result_view")
        self._view = "result"
        self._images: dict[str, QImage] = {}
        self.picture = PictureView(self)
        self.picture.setObjectName("result_picture")
        self.picture.setAccessibleName(self.tr("Picture of the stack"))
        self.picture.setAccessibleDescription("")
        self.picture.wipe_names = self.tr("Slice"), self.tr("Result")
        self.brush = RetouchBrush(self.picture)
        self.brush.stroke_drawn.connect(self._stroked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.picture, 1)
        column.addWidget(self._foot())

    def _foot(self) -> QWidget:
        foot = QWidget(self)
        foot.setProperty("role", "panel")
        line = QHBoxLayout(foot)
        line.setContentsMargins(12, 6, 12, 6)
        line.setSpacing(0)
        titles = (self.tr("Result"), self.tr("Slice"), self.tr("Wipe"), self.tr("Depth"))
        group = QButtonGroup(self)
        self.views = {}
        for name, title in zip(VIEWS, titles, strict=True):
            made = self.views[name] = parts.tool(foot, f"result_{name}", title, title, role="segment", checkable=True)
            made.clicked.connect(lambda _=False, name=name: self.show_view(name))
            group.addButton(made)
            line.addWidget(made)
        line.addSpacing(16)
        self.legend = parts.label(foot, "result_legend", "", "quiet")
        line.addWidget(self.legend, 1)
        tip = self.tr("Paint over what should come from the chosen slice")
        self.retouch = parts.tool(foot, "retouch", self.tr("Retouch"), tip, checkable=True)
        self.retouch.toggled.connect(self._retouch_toggled)
        self.brush_size = SliderRow(
            "retouch_size", self.tr("Brush"), SliderScale(0.5, 15, log=True, decimals=1), suffix=" %"
        )
        self.brush_size.setFixedWidth(150)
        self.brush_size.set_value(3.0)
        self.brush_size.value_edited.connect(self._sized)
        self.undo = parts.tool(foot, "retouch_undo", self.tr("Undo"), self.tr("Take the last stroke back"))
        self.undo.clicked.connect(self.undo_wanted)
        for widget in (self.brush_size, self.retouch, self.undo):
            line.addSpacing(8)
            line.addWidget(widget)
        self.brush_size.hide()
        self.undo.setEnabled(False)
        self.views["result"].setChecked(True)
        return foot

    @property
    def view(self) -> str:
        """Which view is shown."""
        return self._view

    def show_image(self, kind: str, image: QImage) -> None:
        """Take the picture of a kind ("result", "slice", "depth"); a null one means that there is none."""
        self._images[kind] = image
        self.views["depth"].setEnabled(not self._images.get("depth", QImage()).isNull())
        self._show()

    def show_legend(self, text: str) -> None:
        """Say what the picture shows, in one line."""
        self.legend.setText(text)

    def show_retouch(self, *, possible: bool, strokes: int) -> None:
        """Say whether the brush can be used, and whether there is a stroke to take back."""
        self.retouch.setEnabled(possible)
        self.undo.setEnabled(strokes > 0)

    def show_view(self, view: str) -> None:
        """Show this view."""
        self._view = view
        self.views[view].setChecked(True)
        self.picture.set_wipe(0.5 if view == "wipe" else None)
        self._show()
        self.view_chosen.emit(view)

    def _show(self) -> None:
        base = self._images.get("result" if self._view == "wipe" else self._view, QImage())
        if base.isNull():
            base = self._images.get("result", QImage())
        if not base.isNull():
            self.picture.setAccessibleDescription(self._view)
            if self.picture.image.size() != base.size():
                self.picture.set_aspect(base.width(), base.height())
            self.picture.set_before(self._images.get("slice"))
            self.picture.set_image(base)

    @Slot(bool)
    def _retouch_toggled(self, on: bool) -> None:
        self.brush_size.setVisible(on)
        if on and self._view == "depth":
            self.show_view("result")
        self.brush.set_on(on)

    @Slot(float)
    def _sized(self, percent: float) -> None:
        self.brush.radius = percent / 100.0

    @Slot(object)
    def _stroked(self, points: object) -> None:
        self.stroke_drawn.emit(points, self.brush.radius)
