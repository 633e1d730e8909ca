"""Drawing of the target lane: pulls, spans of focus with how sure they are, holds, groups and diamonds."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from rvr_laaf_app.document.project import FocusTarget, SubjectTrack
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.lane import LaneView
from rvr_laaf_app.ui.timeline.lanes import crisp

DIAMOND_PX = 7.0
HOLD_HIT_PX = 5.0
_COARSE_PX = 2.0  # confidence is drawn in columns of this width
_LEVELS = (0.0, 0.35, 0.6, 0.8)  # of confidence: lost, below, below, below, surely
_OPACITY = (0.9, 0.3, 0.5, 0.7, 0.95)
_LABEL_PX = 24.0


def draw_targets(
    painter: QPainter, view: LaneView, *, chosen: Collection[str], primary: str | None, hidden: Collection[str]
) -> None:
    """Draw the targets that are in sight; those in `hidden` are being dragged and drawn elsewhere."""
    numbers = in_sight(view)
    for number in numbers:
        _draw_pull(painter, view, number)
    for number in numbers:
        target = view.content.targets[number]
        if target.strength != "suggested":
            _draw_span(painter, view, number, chosen=target.id in chosen)
            _draw_hold_end(painter, view, number, chosen=target.id in chosen)
    _draw_groups(painter, view, numbers)
    taken = -math.inf
    for number in numbers:
        target = view.content.targets[number]
        if target.id in hidden:
            continue
        centre = QPointF(view.x_of(target.frame), view.rect.center().y())
        draw_diamond(painter, centre, target, chosen=target.id in chosen, primary=target.id == primary)
        if centre.x() >= taken:
            _draw_number(painter, view.rect, centre, str(number + 1))
            taken = centre.x() + _LABEL_PX


def in_sight(view: LaneView) -> list[int]:
    """Return the numbers of the targets of which something is in the lane's rectangle."""
    content, rect = view.content, view.rect
    if not content.targets:
        return []
    reigns = content.reigns()
    starts = content.starts_s([max(0, t.frame - t.pull_frames) for t in content.targets])
    stops = content.starts_s([max(r.stop, r.start) for r in reigns])
    left = (starts - view.scale.first_s) * view.scale.px_per_s + view.scale.left - 2 * DIAMOND_PX
    right = (stops - view.scale.first_s) * view.scale.px_per_s + view.scale.left + 2 * DIAMOND_PX
    shown: list[int] = np.flatnonzero((left <= rect.right()) & (right >= rect.left())).tolist()
    return shown


def _draw_pull(painter: QPainter, view: LaneView, number: int) -> None:
    start, stop = view.content.pull(number)
    if stop <= start:
        return
    left, right, middle = view.x_of(start), view.x_of(stop), view.rect.center().y()
    corners = [QPointF(left, middle + 6), QPointF(right, middle - 6), QPointF(right, middle + 6)]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("accent_dim"))
    painter.drawPolygon(QPolygonF(corners))


def _draw_span(painter: QPainter, view: LaneView, number: int, *, chosen: bool) -> None:
    content = view.content
    start, stop = content.reign(number)
    track = content.tracks[number] if number < len(content.tracks) else None
    middle = view.rect.center().y()
    left, right = max(view.x_of(start), view.rect.left()), min(view.x_of(stop), view.rect.right())
    if right <= left:
        return
    if track is None:
        kept = not content.targets[number].follow
        pen = QPen(theme.DARK.color("accent" if kept else "control_edge"), 2.0 if kept else 1.0)
        pen.setStyle(Qt.PenStyle.SolidLine if kept else Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawLine(QLineF(left, crisp(middle), right, crisp(middle)))
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)  # else there are seams between runs
    for begin, end, level in _confidence_runs(view, track, start, stop, left, right):
        colour = theme.DARK.color("problem" if level == 0 else "accent")
        colour.setAlphaF(1.0 if chosen and level else _OPACITY[level])
        height = 6.0 if level == 0 else 4.0
        painter.fillRect(QRectF(begin, middle - height / 2, max(end - begin, 1.0), height), colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _confidence_runs(
    view: LaneView, track: SubjectTrack, start: int, stop: int, left: float, right: float
) -> list[tuple[float, float, int]]:
    """Return (left, right, level) of runs of even confidence; a lost frame shows however many share its column."""
    first, last = max(start, track.start), min(stop, track.stop)
    if last <= first:
        return []
    wide = max(view.x_of(last) - view.x_of(first), 1.0)
    if last - first <= 2 * wide / _COARSE_PX:  # frames are wider than columns: take the frames themselves
        low = max(first, view.frame_under(left))
        high = min(last, view.frame_under(right) + 1)
        edges = np.arange(low, high + 1)
        places = view.scale.left + (view.content.starts_s(edges.tolist()) - view.scale.first_s) * view.scale.px_per_s
    else:
        begin, end = max(left, view.x_of(first)), min(right, view.x_of(last))
        count = max(int((end - begin) / _COARSE_PX), 1)
        places = np.linspace(begin, end, count + 1)
        table = view.content.table
        seconds = (places - view.scale.left) / view.scale.px_per_s + view.scale.first_s
        inside = np.searchsorted(table.times_s, seconds, side="right") - 1
        edges = np.clip(inside, first, last)
        edges[-1] = max(edges[-1], edges[0] + 1)
    if len(edges) < 2:
        return []
    at = np.minimum(edges[:-1], last - 1) - track.start
    part = track.confidence[at[0] : max(int(edges[-1]) - track.start, int(at[0]) + 1)]
    lowest = np.minimum.reduceat(part, np.minimum(at - at[0], len(part) - 1))
    level = np.digitize(lowest, _LEVELS, right=True)
    turns = [0, *(np.flatnonzero(np.diff(level)) + 1).tolist(), len(level)]
    return [(float(places[a]), float(places[b]), int(level[a])) for a, b in pairwise(turns)]


def _draw_hold_end(painter: QPainter, view: LaneView, number: int, *, chosen: bool) -> None:
    """Draw where a target's hold ends, if it has an end, or where it can be dragged from, if it is chosen."""
    target = view.content.targets[number]
    if target.hold_frames is None and not chosen:
        return
    x, middle = crisp(hold_end_x(view, number)), view.rect.center().y()
    colour = theme.DARK.color("accent" if target.hold_frames is not None else "text_quiet")
    painter.setPen(QPen(colour, 2.0 if target.hold_frames is not None else 1.0))
    painter.drawLine(QLineF(x, middle - 8, x, middle + 8))
    painter.drawLine(QLineF(x, middle - 8, x - 4, middle - 8))
    painter.drawLine(QLineF(x, middle + 8, x - 4, middle + 8))


def hold_end_x(view: LaneView, number: int) -> float:
    """Return the pixel at which the end of a target's hold is drawn and dragged."""
    return view.x_of(view.content.reign(number)[1])


def _draw_groups(painter: QPainter, view: LaneView, numbers: list[int]) -> None:
    """Draw a line over the diamonds of each group, from its first to the end of its reign."""
    content = view.content
    for name in {content.targets[n].group for n in numbers} - {""}:
        members = [n for n in numbers if content.targets[n].group == name]
        if len(members) < 2:
            continue
        left, right = view.x_of(content.targets[members[0]].frame), view.x_of(content.reign(members[-1])[1])
        y = crisp(view.rect.top() + 5)
        painter.setPen(QPen(theme.DARK.color("accent"), 1.5))
        painter.drawLine(QLineF(left, y, max(right, left), y))
        for n in members:
            x = crisp(view.x_of(content.targets[n].frame))
            painter.drawLine(QLineF(x, y, x, y + 4))


def _draw_number(painter: QPainter, rect: QRectF, centre: QPointF, text: str) -> None:
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    painter.setPen(theme.DARK.color("text_quiet"))
    place = QRectF(centre.x() + 5, rect.bottom() - 15, 30, 13)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def draw_diamond(
    painter: QPainter, centre: QPointF, target: FocusTarget, *, chosen: bool, primary: bool = False
) -> None:
    """Draw the mark of a target: full for firm, half for soft, an outline for suggested; a square keeps its plane."""
    size = DIAMOND_PX + (1.0 if chosen else 0.0)
    corners = _square(centre, size * 0.75) if not target.follow else _diamond(centre, size)
    shape = QPolygonF(corners)
    accent = theme.DARK.color("accent")
    edge = theme.DARK.color("text_strong") if chosen else theme.DARK.color("surround")
    if target.strength == "firm":
        painter.setPen(QPen(edge, 2.0 if primary else 1.5))
        painter.setBrush(accent)
        painter.drawPolygon(shape)
        return
    painter.setPen(QPen(theme.DARK.color("text_strong") if chosen else accent, 2.0 if primary else 1.5))
    painter.setBrush(theme.DARK.color("panel"))
    painter.drawPolygon(shape)
    if target.strength == "soft":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawPolygon(QPolygonF(corners[1:]))


def _diamond(centre: QPointF, size: float) -> list[QPointF]:
    return [centre + QPointF(x, y) for x, y in ((0, -size), (size, 0), (0, size), (-size, 0))]


def _square(centre: QPointF, size: float) -> list[QPointF]:
    return [centre + QPointF(x, y) for x, y in ((-size, -size), (size, -size), (size, size), (-size, size))]


def draw_label(painter: QPainter, rect: QRectF, x: float, text: str) -> None:
    """Write where something dragged would land, at its right (at its left where there is no room)."""
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    width = painter.fontMetrics().horizontalAdvance(text) + 10
    left = x + 14 if x + 14 + width < rect.right() else x - 14 - width
    label = QRectF(left, rect.center().y() - 9, width, 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("surround"))
    painter.drawRoundedRect(label, 3, 3)
    painter.setPen(theme.DARK.color("text_strong"))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)


def draw_magnet(painter: QPainter, view: LaneView, frame: int) -> None:
    """Draw the line of what a dragged thing has snapped to."""
    x = crisp(view.x_of(frame))
    painter.setPen(QPen(theme.DARK.color("accent"), 1.0))
    painter.drawLine(QLineF(x, view.rect.top(), x, view.rect.bottom()))


def draw_band(painter: QPainter, band: QRectF) -> None:
    """Draw the rubber band that selects."""
    fill = QColor(theme.DARK.color("text_strong"))
    fill.setAlpha(24)
    painter.setBrush(fill)
    painter.setPen(QPen(theme.DARK.color("text_quiet"), 1.0))
    painter.drawRect(band)
