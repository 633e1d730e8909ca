"""A button that is a picture with its text below: the sample clip on the start page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from rvr_laaf_app.ui import theme

_PICTURE: Final = QSize(304, 171)
_STRIP_PX: Final = 36
_RADIUS_PX: Final = 8.0


class SampleButton(QAbstractButton):
    """Paints the picture, rounded, and the text on a strip of panel grey."""

    def __init__(self, picture: Path, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)  # the style sheet would give a QPushButton the height of a line
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._picture = QPixmap(str(picture))
        self.setFixedSize(_PICTURE.width(), _PICTURE.height() + _STRIP_PX)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint picture, strip, text and, with the keys' focus, an amber edge."""
        colors, whole = theme.DARK, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        outline = QPainterPath()
        outline.addRoundedRect(whole, _RADIUS_PX, _RADIUS_PX)
        painter.setClipPath(outline)
        painter.fillRect(self.rect(), colors.color("control_hover" if self.underMouse() else "control"))
        if not self._picture.isNull():
            painter.drawPixmap(
                QRectF(0, 0, self.width(), _PICTURE.height()), self._picture, QRectF(self._picture.rect())
            )
        strip = QRectF(16, _PICTURE.height(), self.width() - 32, _STRIP_PX)
        painter.setPen(colors.color("text_strong"))
        painter.drawText(strip, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        icon = theme.icon("play", "accent", size_px=12).pixmap(QSize(12, 12), self.devicePixelRatioF())
        painter.drawPixmap(int(strip.right()) - 12, int(strip.center().y()) - 6, icon)
        painter.setClipping(False)
        painter.setPen(QPen(colors.color("accent" if self.hasFocus() else "control_edge"), 1.0))
        painter.drawPath(outline)
        painter.end()
