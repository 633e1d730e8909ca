"""Painting the picture itself and the quiet lines at its lower edge, for the picture widget."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from rvr_laaf_app.ui import theme


def draw_part(painter: QPainter, shown: QRectF, visible: QRectF, image: QImage) -> None:
    """Draw the visible part of a picture that fills `shown`; zoomed in, the rest is not even looked at."""
    if shown == visible:
        painter.drawImage(shown, image)
        return
    scale_x, scale_y = image.width() / shown.width(), image.height() / shown.height()
    # Whole pixels of the source and a little more, so that the edges of the part are as the whole would be.
    first_x, first_y = int((visible.left() - shown.left()) * scale_x), int((visible.top() - shown.top()) * scale_y)
    last_x = min(image.width(), int((visible.right() - shown.left()) * scale_x) + 2)
    last_y = min(image.height(), int((visible.bottom() - shown.top()) * scale_y) + 2)
    source = QRectF(first_x, first_y, last_x - first_x, last_y - first_y)
    target = QRectF(
        shown.left() + first_x / scale_x,
        shown.top() + first_y / scale_y,
        source.width() / scale_x,
        source.height() / scale_y,
    )
    painter.drawImage(target, image, source)


def draw_notice(painter: QPainter, visible: QRectF, text: str, *, right: bool, room: QRectF) -> None:
    """Write one quiet line on a dark plate at the lower left or right corner of the picture.

    room: of the view; a line that is wider than a narrow picture goes beyond it, and only ends where the view ends.
    """
    if not text or visible.isEmpty():
        return
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    metrics = painter.fontMetrics()
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()) - 32)
    width = metrics.horizontalAdvance(text) + 16
    rect = QRectF(visible.left() + 8, visible.bottom() - 30, width, 22)
    if right:
        rect.moveRight(visible.right() - 8)
    if width > visible.width() - 16:
        rect.moveCenter(QPointF(visible.center().x(), rect.center().y()))
        rect.moveLeft(min(max(rect.left(), room.left() + 8), room.right() - 8 - width))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("surround"))
    painter.setOpacity(0.85)
    painter.drawRoundedRect(rect, 3, 3)
    painter.setOpacity(1.0)
    painter.setPen(theme.DARK.color("text"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
