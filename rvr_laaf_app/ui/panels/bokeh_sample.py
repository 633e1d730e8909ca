"""The picture of a small night scene through the chosen lens. It asks for the picture; others render it in a thread."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.ui import theme

HEIGHT_PX = 96


class BokehSample(QWidget):
    """Shows the newest picture; `wanted()` says that the size for it has changed."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bokeh_sample")
        self.setAccessibleName(self.tr("Lamps behind and in front of the focal plane, through this lens"))
        self.setToolTip(self.tr("Left: lamps behind the focal plane. Middle: in it. Right: in front of it."))
        self.setFixedHeight(HEIGHT_PX)
        self._image = QImage()

    @property
    def picture_size(self) -> QSize:
        """The size in device pixels that a picture should have."""
        return self.size() * self.devicePixelRatioF()

    @property
    def image(self) -> QImage:
        """The picture shown; null before the first."""
        return self._image

    def set_image(self, image: QImage) -> None:
        """Show a picture."""
        self._image = image
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for a picture of the new size."""
        super().resizeEvent(event)
        self.wanted.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture with round corners."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), theme.DARK.color("surround"))
        if not self._image.isNull():
            painter.drawImage(QRectF(self.rect()), self._image)
        painter.end()
