"""Choosing a depth instead of a subject: the planes of the shown frame as a strip near to far, and an eyedropper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui import theme

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.focus_planes import FramePlanes, Pick

_HEIGHT_PX = 28
_LEAST_CELL_PX = 18.0


class PlaneBar(QWidget):
    """The planes as cells, nearest (and brightest) at the left, each as wide as its share of the picture."""

    chosen = Signal(object)  # core.geometry.Point, well inside the plane

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plane_bar")
        self.setAccessibleName(self.tr("Depth planes, near to far"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._planes: tuple[Pick, ...] = ()
        self._hover = -1

    def sizeHint(self) -> QSize:
        """Return one row."""
        return QSize(200, _HEIGHT_PX)

    @property
    def planes(self) -> tuple[Pick, ...]:
        """What is shown."""
        return self._planes

    def set_planes(self, planes: tuple[Pick, ...]) -> None:
        """Show these planes, nearest first."""
        self._planes, self._hover = planes, -1
        self.update()

    def cells(self) -> list[QRectF]:
        """Return where each plane is drawn."""
        if not self._planes:
            return []
        room = self.width() - _LEAST_CELL_PX * len(self._planes)
        total = sum(p.share for p in self._planes) or 1.0
        found, left = [], 0.0
        for plane in self._planes:
            wide = _LEAST_CELL_PX + max(room, 0.0) * plane.share / total
            found.append(QRectF(left, 1, wide - 2, self.height() - 2))
            left += wide
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cells with their numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        for number, (plane, cell) in enumerate(zip(self._planes, self.cells(), strict=True)):
            grey = round(40 + 200 * min(max(plane.disparity, 0.0), 1.0))
            lit = number == self._hover
            painter.setPen(QPen(theme.DARK.color("accent" if lit else "control_edge"), 2.0 if lit else 1.0))
            painter.setBrush(QColor(grey, grey, grey))
            painter.drawRoundedRect(cell, 3, 3)
            painter.setPen(QColor(20, 20, 20) if grey > 128 else QColor(230, 230, 230))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, str(number + 1))
        painter.end()

    def _at(self, place: QPointF) -> int:
        return next((n for n, cell in enumerate(self.cells()) if cell.contains(place)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the plane under the mouse is."""
        self._light(self._at(event.position()))
        if self._hover >= 0:
            plane = self._planes[self._hover]
            text = self.tr("disparity {0}, {1} of the picture")
            text = text.replace("{0}", f"{plane.disparity:.2f}").replace("{1}", f"{plane.share:.0%}")
            QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose a plane."""
        self._choose(self._at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with the arrows, choose with Return, Space or a figure."""
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._planes:
            step = 1 if key == Qt.Key.Key_Right else -1
            self._light(min(max(self._hover + step, 0), len(self._planes) - 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self._hover)
        else:
            super().keyPressEvent(event)

    def _light(self, number: int) -> None:
        if number != self._hover:
            self._hover = number
            self.update()

    def _choose(self, number: int) -> None:
        if 0 <= number < len(self._planes):
            self.chosen.emit(Point(self._planes[number].x, self._planes[number].y))


class PlaneStrip(QWidget):
    """The bar of planes, made on request, and the eyedropper."""

    planes_asked = Signal()
    plane_chosen = Signal(object)  # core.geometry.Point
    dropper_asked = Signal()
    dropper_left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plane_strip")
        self.finder = QPushButton(self.tr("Depth planes"), self)
        self.finder.setObjectName("find_planes")
        self.finder.setToolTip(self.tr("Show this frame in depth planes; click one to hold the focus there"))
        self.dropper = QPushButton(self.tr("Pick depth"), self)
        self.dropper.setObjectName("pick_depth")
        self.dropper.setCheckable(True)
        self.dropper.setToolTip(self.tr("Then click in the picture: the focus is held at that depth  Y"))
        self.bar = PlaneBar(self)
        self.note = QLabel(self)
        self.note.setProperty("role", "quiet")
        self.note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        buttons = QHBoxLayout()
        buttons.addWidget(self.finder, 1)
        buttons.addWidget(self.dropper, 1)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.note)
        self.finder.clicked.connect(self.planes_asked)
        self.dropper.clicked.connect(self._pick_clicked)
        self.bar.chosen.connect(self._plane_chosen)
        self.forget()

    @Slot(object)
    def show_planes(self, found: FramePlanes | None) -> None:
        """Show the planes of a frame; None: its depth is not known yet."""
        self.bar.set_planes(found.planes if found is not None else ())
        self.bar.setVisible(found is not None)
        self.note.setVisible(True)
        quiet = self.tr("near to far; click one to hold the focus there")
        self.note.setText(quiet if found is not None else self.tr("The depth of this frame is not analysed yet."))

    @Slot()
    def forget(self) -> None:
        """Show no planes: another frame is shown."""
        self.bar.set_planes(())
        self.bar.hide()
        self.note.hide()

    @Slot(bool)
    def show_picking(self, picking: bool) -> None:
        """Show whether the next click in the picture picks a depth."""
        was, text = self.dropper.isChecked(), self.tr("Click in the picture where the focus shall lie. Escape ends it.")
        self.dropper.setChecked(picking)
        if picking:
            self.note.setText(text)
            self.note.show()
        elif was and self.note.text() == text:
            self.note.hide()

    @Slot()
    def _pick_clicked(self) -> None:
        (self.dropper_asked if self.dropper.isChecked() else self.dropper_left).emit()

    @Slot(object)
    def _plane_chosen(self, point: Point) -> None:
        self.forget()
        self.plane_chosen.emit(point)
