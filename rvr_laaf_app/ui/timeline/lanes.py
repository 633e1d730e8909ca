"""Drawing of each lane of the timeline. Functions get a painter, the lane's rectangle and values; they keep nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.scale import TimeScale, clock_text

_LABEL_ROOM = 46.0


def crisp(x: float) -> float:
    """Return the middle of the pixel column, so that a one pixel line stays one pixel."""
    return math.floor(x) + 0.5


def draw_ruler(painter: QPainter, rect: QRectF, scale: TimeScale) -> None:
    """Draw ticks and their times."""
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    major, minor = scale.ticks()
    painter.setPen(theme.DARK.color("hairline"))
    painter.drawLines([_tick(scale.x_of(s), rect, 4) for s in minor])
    painter.setPen(theme.DARK.color("control_edge"))
    painter.drawLines([_tick(scale.x_of(s), rect, 9) for s in major])
    painter.setPen(theme.DARK.color("text_quiet"))
    step = major[1] - major[0] if len(major) > 1 else 1.0
    for second in major:
        x = scale.x_of(second)
        if rect.left() <= x <= rect.right() - _LABEL_ROOM / 2:
            text = clock_text(second, digits=0 if step >= 1 else 1 if step >= 0.1 else 2)
            painter.drawText(
                QRectF(x + 4, rect.top(), _LABEL_ROOM, rect.height() - 6), Qt.AlignmentFlag.AlignVCenter, text
            )


def _tick(x: float, rect: QRectF, length: float) -> QLineF:
    return QLineF(crisp(x), rect.bottom() - length, crisp(x), rect.bottom())


def draw_done_bar(painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
    """Draw how far the analysis is, as a thin line; nothing when it is complete."""
    if 0 < content.analysed < len(content.table):
        right = scale.x_of(content.start_s(content.analysed))
        painter.fillRect(
            QRectF(rect.left(), rect.top(), max(0.0, right - rect.left()), rect.height()),
            theme.DARK.color("accent_dim"),
        )


def draw_cuts(painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
    """Draw the first frame of every shot after the first as a notch through all lanes."""
    painter.setPen(QPen(theme.DARK.color("control_edge"), 1.0, Qt.PenStyle.DashLine))
    for cut in content.cuts:
        x = crisp(scale.x_of(content.start_s(cut)))
        painter.drawLine(QLineF(x, rect.top(), x, rect.bottom()))


def draw_waveform(painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
    """Draw the sound's peaks, one line per pixel column."""
    wave = content.waveform
    if wave is None or not len(wave) or rect.height() <= 0:
        return
    first, last = max(rect.left(), scale.x_of(0.0)), min(rect.right(), scale.x_of(content.duration_s))
    columns = np.arange(math.ceil(first), math.floor(last))
    if not len(columns):
        return
    begin = ((columns - scale.left) / scale.px_per_s + scale.first_s) / content.duration_s * len(wave)
    at = np.clip(begin.astype(np.int64), 0, len(wave) - 1)
    end = min(len(wave), int(at[-1]) + 1 + math.ceil(len(wave) / content.duration_s / scale.px_per_s))
    low, high = np.minimum.reduceat(wave[:end, 0], at), np.maximum.reduceat(wave[:end, 1], at)
    middle, half = rect.center().y(), rect.height() / 2 - 3
    tops, bottoms = (middle - high * half).tolist(), (middle - low * half + 0.5).tolist()
    painter.setPen(theme.DARK.color("text_disabled"))
    painter.drawLines([QLineF(x + 0.5, t, x + 0.5, b) for x, t, b in zip(columns.tolist(), tops, bottoms, strict=True)])


def draw_film(
    painter: QPainter,
    rect: QRectF,
    content: TimelineContent,
    scale: TimeScale,
    pictures: Sequence[tuple[float, QImage | None, QImage | None]],
    *,
    width_px: float,
) -> None:
    """Draw small pictures edge to edge, (x, picture, stand-in) each.

    Picture None = not there yet: then its stand-in is drawn, dimmed; a null image = it cannot be decoded.
    """
    end = scale.x_of(content.duration_s)
    for x, picture, instead in pictures:
        cell = QRectF(x, rect.top() + 4, min(width_px, end - x), rect.height() - 9)
        if picture is None or picture.isNull():
            inner = cell.adjusted(0.5, 0.5, -1.5, -0.5)
            painter.setPen(theme.DARK.color("hairline"))
            painter.setBrush(theme.DARK.color("control_pressed"))
            painter.drawRect(inner)
            if picture is not None:
                painter.drawLine(QLineF(inner.topLeft(), inner.bottomRight()))
            elif instead is not None:
                painter.setOpacity(0.35)
                _draw_cell(painter, cell, instead, cell.width() / width_px)
                painter.setOpacity(1.0)
            continue
        _draw_cell(painter, cell, picture, cell.width() / width_px)
    for cut in content.cuts:
        x = crisp(scale.x_of(content.start_s(cut)))
        if rect.left() <= x <= rect.right():
            _draw_notch(painter, rect, x)


def _draw_cell(painter: QPainter, cell: QRectF, picture: QImage, share: float) -> None:
    """Draw the left share of a picture into a cell: the last one of the film is cut off where the clip ends."""
    painter.drawImage(cell, picture, QRectF(0, 0, picture.width() * share, picture.height()))


def _draw_notch(painter: QPainter, rect: QRectF, x: float) -> None:
    """Draw where one shot ends and the next begins: a gap in the film with a notch at either edge."""
    painter.fillRect(QRectF(x - 1, rect.top(), 2, rect.height() - 1), theme.DARK.color("surround"))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("text"))
    top, bottom = rect.top(), rect.bottom() - 1
    painter.drawPolygon(QPolygonF([QPointF(x - 4, top), QPointF(x + 4, top), QPointF(x, top + 6)]))
    painter.drawPolygon(QPolygonF([QPointF(x - 4, bottom), QPointF(x + 4, bottom), QPointF(x, bottom - 6)]))


def draw_playhead(painter: QPainter, x: float, top: float, bottom: float, *, focused: bool) -> None:
    """Draw the line of the present and its handle in the ruler."""
    colour = theme.DARK.color("text_strong")
    painter.setPen(QPen(colour, 1.0))
    painter.drawLine(QLineF(crisp(x), top, crisp(x), bottom))
    handle = QPolygonF(
        [
            QPointF(x - 5.5, top),
            QPointF(x + 5.5, top),
            QPointF(x + 5.5, top + 7),
            QPointF(x, top + 13),
            QPointF(x - 5.5, top + 7),
        ]
    )
    painter.setPen(QPen(theme.DARK.color("accent"), 1.5) if focused else Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(handle)


def draw_words(painter: QPainter, room: QRectF, place: QPointF, words: tuple[str, ...]) -> None:
    """Write what lies under the mouse above `place`, where it hides nothing of what it speaks of; inside `room`."""
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    metrics = painter.fontMetrics()
    width = max(metrics.horizontalAdvance(w) for w in words) + 16
    height = len(words) * 16 + 8
    left = min(max(place.x() - width / 2, room.left() + 8), room.right() - width - 8)
    label = QRectF(left, max(place.y() - height - 4, room.top()), width, height)
    painter.setPen(QPen(theme.DARK.color("control_edge"), 1.0))
    painter.setBrush(theme.DARK.color("control"))
    painter.drawRoundedRect(label, 4, 4)
    for number, text in enumerate(words):
        painter.setPen(theme.DARK.color("text_strong" if number == 0 else "text"))
        row = QRectF(label.left() + 8, label.top() + 4 + 16 * number, width - 8, 16)
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, text)
