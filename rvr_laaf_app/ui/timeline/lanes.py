"""Drawing of each lane of the timeline. Functions get a painter, the lane's rectangle and values; they keep nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

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
    if wave is None or not len(wave):
        return
    first, last = max(rect.left(), scale.x_of(0.0)), min(rect.right(), scale.x_of(content.duration_s))
    columns = np.arange(math.ceil(first), math.floor(last))
    begin = ((columns - scale.left) / scale.px_per_s + scale.first_s) / content.duration_s * len(wave)
    end = begin + len(wave) / content.duration_s / scale.px_per_s
    middle, half = rect.center().y(), rect.height() / 2 - 3
    lines = []
    for x, a, b in zip(columns.tolist(), begin.astype(int).tolist(), np.ceil(end).astype(int).tolist(), strict=True):
        part = wave[max(a, 0) : max(b, a + 1)]
        if len(part):
            low, high = float(part[:, 0].min()), float(part[:, 1].max())
            lines.append(QLineF(x + 0.5, middle - high * half, x + 0.5, middle - low * half + 0.5))
    painter.setPen(theme.DARK.color("text_disabled"))
    painter.drawLines(lines)


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
    for a, b, lost in lost_spans(track, start, stop):
        left, right = scale.x_of(content.start_s(a)), scale.x_of(content.start_s(b))
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


def draw_focus(painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
    """Draw the disparity of the focal plane over time inside its depth of field; near is at the top."""
    focus = content.focus
    painter.setPen(QPen(theme.DARK.color("hairline"), 1.0, Qt.PenStyle.DotLine))
    painter.drawLine(QLineF(rect.left(), crisp(rect.center().y()), rect.right(), crisp(rect.center().y())))
    if focus is None or not len(focus):
        return
    times = content.table.times_s[: len(focus)]
    first = max(int(np.searchsorted(times, scale.first_s)) - 1, 0)
    last = min(int(np.searchsorted(times, scale.first_s + scale.shown_s)) + 1, len(focus))
    step = max(1, (last - first) // max(int(rect.width()), 1))
    picked = np.arange(first, last, step)
    x = [scale.x_of(float(times[i])) for i in picked]
    x.append(scale.x_of(content.start_s(last)))
    values = [float(focus[i]) for i in picked]
    values.append(values[-1] if values else 0.0)

    def y(disparity: float) -> float:
        return rect.bottom() - 6 - min(max(disparity, 0.0), 1.0) * (rect.height() - 12)

    band = [QPointF(a, y(v + content.sharp_half)) for a, v in zip(x, values, strict=True)]
    band += [QPointF(a, y(v - content.sharp_half)) for a, v in zip(reversed(x), reversed(values), strict=True)]
    fill = QColor(theme.DARK.color("in_focus"))
    fill.setAlpha(84)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawPolygon(QPolygonF(band))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.DARK.color("accent"), 2.0))
    painter.drawPolyline(QPolygonF([QPointF(a, y(v)) for a, v in zip(x, values, strict=True)]))


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
