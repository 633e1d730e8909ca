"""Drawing of each lane of the timeline. Functions get a painter, the lane's rectangle and values; they keep nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.content import TimelineContent, lost_spans
from rvr_laaf_app.ui.timeline.scale import TimeScale, clock_text

DIAMOND_PX = 7.0
_LABEL_ROOM = 46.0


@dataclass(frozen=True, slots=True)
class DragGhost:
    """A target that is being dragged along the time axis: drawn where it would land."""

    target_id: str
    frame: int


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
            text = clock_text(second, digits=0 if step >= 1 else 1)
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


def draw_targets(
    painter: QPainter,
    rect: QRectF,
    content: TimelineContent,
    scale: TimeScale,
    *,
    selected: str | None,
    ghost: DragGhost | None,
) -> None:
    """Draw each target's span of focus, the pull that leads to it as a slope, and its diamond."""
    for number, target in enumerate(content.targets):
        chosen = target.id == selected
        _draw_pull(painter, rect, content, scale, number)
        _draw_span(painter, rect, content, scale, number, chosen)
    for target in content.targets:
        frame = ghost.frame if ghost is not None and ghost.target_id == target.id else target.frame
        centre = QPointF(scale.x_of(content.start_s(frame)), rect.center().y())
        draw_diamond(painter, centre, chosen=target.id == selected)
        if frame != target.frame:
            _draw_moment(painter, rect, centre.x(), clock_text(content.start_s(frame)))


def _draw_pull(painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale, number: int) -> None:
    start, stop = content.pull(number)
    if stop <= start:
        return
    left, right = scale.x_of(content.start_s(start)), scale.x_of(content.start_s(stop))
    slope = QPolygonF(
        [
            QPointF(left, rect.center().y() + 6),
            QPointF(right, rect.center().y() - 6),
            QPointF(right, rect.center().y() + 6),
        ]
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("accent_dim"))
    painter.drawPolygon(slope)


def _draw_span(
    painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale, number: int, chosen: bool
) -> None:
    start, stop = content.reign(number)
    track = content.tracks[number] if number < len(content.tracks) else None
    middle = rect.center().y()
    if track is None:
        left, right = scale.x_of(content.start_s(start)), scale.x_of(content.start_s(stop))
        painter.setPen(QPen(theme.DARK.color("control_edge"), 1.0, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(left, crisp(middle), right, crisp(middle)))
        return
    first = content.table.index_at(scale.first_s)
    last = content.table.index_at(scale.first_s + scale.shown_s) + 2
    spans = lost_spans(track, max(start, first), min(stop, last))
    edges = content.starts_s([a for a, _, _ in spans] + [b for _, b, _ in spans]).tolist()
    for (_, _, lost), a_s, b_s in zip(spans, edges[: len(spans)], edges[len(spans) :], strict=True):
        left, right = scale.x_of(a_s), scale.x_of(b_s)
        colour = theme.DARK.color("problem" if lost else "accent")
        colour.setAlphaF(0.9 if lost or chosen else 0.6)
        height = 3.0 if lost else 4.0
        painter.fillRect(QRectF(left, middle - height / 2, max(right - left, 1.0), height), colour)


def _draw_moment(painter: QPainter, rect: QRectF, x: float, text: str) -> None:
    """Write where a dragged target would land, at its right (at its left where there is no room)."""
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    width = painter.fontMetrics().horizontalAdvance(text) + 10
    left = x + 14 if x + 14 + width < rect.right() else x - 14 - width
    label = QRectF(left, rect.center().y() - 9, width, 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("surround"))
    painter.drawRoundedRect(label, 3, 3)
    painter.setPen(theme.DARK.color("text_strong"))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)


def draw_diamond(painter: QPainter, centre: QPointF, *, chosen: bool) -> None:
    """Draw the mark of a target."""
    size = DIAMOND_PX + (1.0 if chosen else 0.0)
    shape = QPolygonF(
        [centre + QPointF(0, -size), centre + QPointF(size, 0), centre + QPointF(0, size), centre + QPointF(-size, 0)]
    )
    painter.setPen(QPen(theme.DARK.color("text_strong") if chosen else theme.DARK.color("surround"), 1.5))
    painter.setBrush(theme.DARK.color("accent"))
    painter.drawPolygon(shape)


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
