"""The depth lane: how depth is spread in every frame, where the focal plane lies in it, and where each subject is.

It draws and it knows what lies under the mouse; it changes nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.background import DepthData, SubjectLine
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.depth_picture import Ink, depth_picture, disparity_at, ground_of, y_of
from rvr_laaf_app.ui.timeline.scale import TimeScale, clock_text
from rvr_laaf_app.ui.timeline.series import Columns, MinMaxLevels, columns_of

PullEnd = Literal["begin", "arrival"]
HANDLE_PX = 3.5
HIT_PX = 8.0
_LEAST_PULL_PX = 10.0  # shorter pulls are only dragged by their arrival, or after zooming in
_LINE_HIT_PX = 5.0
_STEPS_PX = 24.0  # frames this wide or wider are drawn as steps, narrower ones as an even slope
_TAG_ROOM_PX = 14.0


@dataclass(frozen=True, slots=True)
class PullGhost:
    """A pull that is being dragged: drawn from its new begin to its new arrival."""

    target_id: str
    begin: int
    arrival: int


class DepthLane:
    """Draws one lane; keeps the picture of the histograms as long as nothing in it changed."""

    def __init__(self) -> None:
        self.data: DepthData | None = None
        self.empty_text = ""  # stands where nothing is analysed
        self._focus: tuple[NDArray[np.float32] | None, MinMaxLevels | None] = (None, None)
        self._times: tuple[object, NDArray[np.float64]] = (None, np.zeros(0))
        self._ground: tuple[object, NDArray[np.float32]] | None = None
        self._picture: tuple[tuple[object, ...], QImage] | None = None

    # What is where

    def focus_of(self, content: TimelineContent) -> MinMaxLevels | None:
        """Return the focal plane's disparity over time; None if it is not known."""
        if self._focus[0] is not content.focus:
            known = content.focus is not None and len(content.focus) > 0
            levels = MinMaxLevels(content.focus) if known and content.focus is not None else None
            self._focus = (content.focus, levels)
        return self._focus[1]

    def line_of(self, content: TimelineContent, number: int) -> SubjectLine | None:
        """Return the line of target `number`'s subject, if it was tracked and measured."""
        track = content.tracks[number] if number < len(content.tracks) else None
        return None if track is None or self.data is None else self.data.lines.get(track.digest)

    def handle(self, content: TimelineContent, number: int, end: PullEnd, rect: QRectF, scale: TimeScale) -> QPointF:
        """Return where an end of the pull of target `number` is drawn."""
        begin, arrival = content.pull(number)
        frame = begin if end == "begin" else arrival
        focus = self.focus_of(content)
        level = focus.at(min(frame, len(content.table) - 1)) if focus is not None else 0.5
        return QPointF(scale.x_of(content.start_s(frame)), y_of(level, rect.top(), rect.height()))

    def pull_at(
        self, place: QPointF, content: TimelineContent, rect: QRectF, scale: TimeScale
    ) -> tuple[str, PullEnd] | None:
        """Return the target and the end of its pull under a place; the nearest one, None if there is none."""
        if not rect.contains(place) or self.focus_of(content) is None:
            return None
        found: list[tuple[float, str, PullEnd]] = []
        for number, target in enumerate(content.targets):
            ends = [(e, self.handle(content, number, e, rect, scale)) for e in self._ends(content, number, scale)]
            for end, centre in ends:
                gap = math.hypot(centre.x() - place.x(), centre.y() - place.y())
                if gap <= HIT_PX:
                    found.append((gap, target.id, end))
        return min(found)[1:] if found else None

    @staticmethod
    def _ends(content: TimelineContent, number: int, scale: TimeScale) -> tuple[PullEnd, ...]:
        begin, arrival = content.pull(number)
        if not content.can_pull(number) or arrival >= content.analysed:
            return ()
        wide = scale.x_of(content.start_s(arrival)) - scale.x_of(content.start_s(begin))
        return ("arrival", "begin") if wide >= _LEAST_PULL_PX or arrival == begin else ("arrival",)

    def subject_at(self, place: QPointF, content: TimelineContent, frame: int, rect: QRectF) -> str | None:
        """Return the target whose subject's line lies under a place."""
        for number, target in enumerate(content.targets):
            line = self.line_of(content, number)
            level = line.disparity.at(frame - line.start) if line is not None else math.nan
            if math.isfinite(level) and abs(y_of(level, rect.top(), rect.height()) - place.y()) <= _LINE_HIT_PX:
                return target.id
        return None

    def words_at(
        self, frame: int, y: float | None, content: TimelineContent, rect: QRectF, tr: Callable[[str], str]
    ) -> tuple[str, ...]:
        """Return lines of text on a frame: the depth under the mouse (y None: without it), the plane, the subjects."""
        first = [f"{tr('frame')} {frame}", clock_text(content.start_s(frame))]
        if y is not None:
            level = disparity_at(y, rect.top(), rect.height())
            metres = content.metres_of(level)
            first.append(f"{tr('disparity')} {level:.2f}" + (f" ≈ {_distance(metres)}" if metres else ""))
        if self.data is None:
            return ("   ".join(first), tr("no depth for this clip"))
        if frame >= content.analysed:
            return ("   ".join(first), tr("not analysed yet"))
        focus = self.focus_of(content)
        second = [f"{tr('focus')} {focus.at(frame):.2f}"] if focus is not None else []
        for number in range(len(content.targets)):
            text = self._subject_words(number, frame, content, focus, tr)
            second += [text] if text else []
        return ("   ".join(first), "   ".join(second)) if second else ("   ".join(first),)

    def _subject_words(
        self, number: int, frame: int, content: TimelineContent, focus: MinMaxLevels | None, tr: Callable[[str], str]
    ) -> str:
        line = self.line_of(content, number)
        if line is None or not line.start <= frame < line.stop:
            return ""
        name = f"{tr('subject')} {number + 1}"
        if line.lost.at(frame - line.start) > 0:
            return f"{name} {tr('lost')}"
        level = line.disparity.at(frame - line.start)
        if focus is None or not math.isfinite(level):
            return name
        off = abs(level - focus.at(frame))
        half = content.sharp_half_at(frame)
        if off <= half or half <= 0:
            return f"{name} {level:.2f} {tr('sharp')}"
        return f"{name} {level:.2f} {tr('soft')} ({off / half:.1f}×)"

    # Drawing

    def draw(
        self,
        painter: QPainter,
        rect: QRectF,
        content: TimelineContent,
        scale: TimeScale,
        *,
        selected: str | None,
        ratio: float,
    ) -> None:
        """Draw everything that stays while the mouse moves. ratio: device pixels per pixel."""
        if rect.height() < 8 or rect.width() < 2:
            return
        painter.drawImage(rect.topLeft(), self._image(content, scale, rect, ratio, selected))
        self._draw_empty(painter, rect, content, scale)
        self._draw_arrivals(painter, rect, content, scale)
        self._draw_numbers(painter, rect, content, scale)
        if self.focus_of(content) is not None:
            self._draw_handles(painter, rect, content, scale, selected)

    def _draw_handles(
        self, painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale, selected: str | None
    ) -> None:
        """Draw what pulls are dragged by: all of a kind at once, the chosen target's over them."""
        centres: dict[PullEnd, list[QPointF]] = {"arrival": [], "begin": []}
        over: list[tuple[PullEnd, QPointF]] = []
        for number, target in enumerate(content.targets):
            for end in self._ends(content, number, scale):
                centre = self.handle(content, number, end, rect, scale)
                if target.id == selected:
                    over.append((end, centre))
                elif rect.left() - HIT_PX <= centre.x() <= rect.right() + HIT_PX:
                    centres[end].append(centre)
        for end, places in centres.items():
            draw_handles(painter, places, end)
        for end, centre in over:
            draw_handle(painter, centre, end, chosen=True)

    def _columns(self, content: TimelineContent, scale: TimeScale, left: float, count: int, px: float) -> Columns:
        if self._times[0] is not content.table:
            self._times = (content.table, content.table.times_s)
        return columns_of(scale, left, count, times_s=self._times[1], px=px)

    def _image(
        self, content: TimelineContent, scale: TimeScale, rect: QRectF, ratio: float, selected: str | None
    ) -> QImage:
        """Return histograms, depth of field and lines, made anew only where something of it changed."""
        data, focus = self.data, self.focus_of(content)
        deep = (content.sharp_half, content.lens.f_number_keys)
        key = (data, content.table, focus, content.tracks, deep, scale, rect.getRect(), ratio, selected)
        if self._picture is not None and self._picture[0] == key:
            return self._picture[1]
        columns = self._columns(content, scale, rect.left(), math.ceil(rect.width() * ratio), 1 / ratio)
        inks: list[Ink] = []
        plane: NDArray[np.float32] | None = None
        lost: list[Ink] = []
        even = columns.frames_each < 1 and scale.px_per_s * content.duration_s / len(content.table) < _STEPS_PX
        order = np.where(columns.inside, columns.starts, _ends(columns))
        for number, target in enumerate(content.targets):
            line = self.line_of(content, number)
            if line is not None:
                chosen = target.id == selected
                seen, gone = self._inks(line, columns, order, number, content.cuts, even=even, chosen=chosen)
                inks += seen
                lost += gone
        if focus is not None:
            low, high = _values(focus, columns, 0, len(order), 0, content.cuts, even=even)
            plane = ((low + high) / 2).astype(np.float32)
            inks = [Ink(0, low, high, _rgb("surround"), 3.5, alpha=0.45), *inks, Ink(0, low, high, _rgb("accent"), 2.0)]
        inks += lost
        profile = data.profile if data is not None else None
        high_px = math.ceil(rect.height() * ratio)
        around = (profile, data.version if data is not None else 0, content.table, scale, rect.getRect(), ratio)
        if self._ground is None or self._ground[0] != around:
            self._ground = (around, ground_of(profile, columns, high_px, px=1 / ratio))
        half, ground = _sharp_half(content, columns), self._ground[1]
        made = depth_picture(
            profile, columns, high_px, focus=plane, sharp_half=half, inks=inks, px=1 / ratio, ground=ground
        )
        wide_px = made.shape[1]
        image = QImage(made.data, wide_px, high_px, 4 * wide_px, QImage.Format.Format_RGB32).copy()
        image.setDevicePixelRatio(ratio)
        self._picture = (key, image)
        return image

    @staticmethod
    def _inks(
        line: SubjectLine,
        columns: Columns,
        order: NDArray[np.int64],
        number: int,
        cuts: tuple[int, ...],
        *,
        even: bool,
        chosen: bool,
    ) -> tuple[list[Ink], list[Ink]]:
        """Return the line of a subject, and in red where it was lost; order [W]: frames of the columns, rising."""
        begin, end = (int(n) for n in np.searchsorted(order, (line.start, line.stop)))
        if end <= begin:
            return [], []
        low, high = _values(line.disparity, columns, begin, end, line.start, cuts, even=even)
        starts, stops = columns.starts[begin:end] - line.start, columns.stops[begin:end] - line.start
        lost = line.lost.columns(starts, stops)[1] > 0
        gap = np.float32(np.nan)
        wide = 2.0 if chosen else 1.25
        seen = Ink(begin, np.where(lost, gap, low), np.where(lost, gap, high), subject_rgb(number), wide)
        if not lost.any():
            return [seen], []
        gone = np.where(lost, low, gap)
        return [seen], [Ink(begin, gone, gone, _rgb("problem"), 3.0, dashed=True)]

    def _draw_empty(self, painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
        """Hatch what is not analysed, so that it cannot be taken for an even depth."""
        if content.analysed >= len(content.table):
            return
        left = max(rect.left(), scale.x_of(content.start_s(content.analysed)))
        empty = QRectF(left, rect.top(), min(rect.right(), scale.x_of(content.duration_s)) - left, rect.height() - 1)
        if empty.width() <= 0:
            return
        painter.fillRect(empty, theme.DARK.color("panel"))
        painter.fillRect(empty, QBrush(theme.DARK.color("hairline"), Qt.BrushStyle.BDiagPattern))
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        room = painter.fontMetrics().horizontalAdvance(self.empty_text) + 24
        if room < empty.width():
            label = QRectF(empty.center().x() - room / 2, empty.center().y() - 12, room, 24)
            painter.fillRect(label, theme.DARK.color("panel"))
            painter.setPen(theme.DARK.color("text_quiet"))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, self.empty_text)

    def _draw_arrivals(self, painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
        """Draw the moment of each target as a line from top to bottom: what must be sharp from there on."""
        painter.setPen(QPen(_faded("accent", 0.45), 1.0))
        moments = content.starts_s([target.frame for target in content.targets])
        places = np.unique(np.floor((moments - scale.first_s) * scale.px_per_s + scale.left) + 0.5)
        inside = places[(places >= rect.left()) & (places <= rect.right())].tolist()
        painter.drawLines([QLineF(x, rect.top(), x, rect.bottom() - 1) for x in inside])

    def _draw_numbers(self, painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
        """Write each subject's number where its line begins, as long as there is room."""
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX, bold=True))
        taken = -math.inf
        for number in range(len(content.targets)):
            line = self.line_of(content, number)
            level = line.disparity.at(0) if line is not None else math.nan
            if line is None or not math.isfinite(level):
                continue
            x = scale.x_of(content.start_s(line.start))
            if x < max(rect.left(), taken + _TAG_ROOM_PX) or x > rect.right():
                continue
            taken = x
            y = y_of(level, rect.top(), rect.height())
            place = QRectF(x + 6, y - 18 if y - 18 > rect.top() else y + 4, 24, 14)
            painter.setPen(_faded("surround", 0.9))
            painter.drawText(place.translated(1, 1), Qt.AlignmentFlag.AlignLeft, str(number + 1))
            painter.setPen(QColor(*subject_rgb(number)))
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft, str(number + 1))

    def draw_ghost(
        self, painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale, ghost: PullGhost
    ) -> None:
        """Draw a pull that is being dragged, and how long it would be."""
        focus = self.focus_of(content)
        number = next((i for i, t in enumerate(content.targets) if t.id == ghost.target_id), None)
        if focus is None or number is None:
            return
        last = len(content.table) - 1
        line = self.line_of(content, number)
        goal = line.disparity.at(min(max(ghost.arrival - line.start, 0), len(line.disparity) - 1)) if line else math.nan
        if not math.isfinite(goal):
            goal = focus.at(min(content.targets[number].frame, last))
        begin = QPointF(scale.x_of(content.start_s(ghost.begin)), 0)
        begin.setY(y_of(focus.at(min(ghost.begin, last)), rect.top(), rect.height()))
        arrival = QPointF(scale.x_of(content.start_s(ghost.arrival)), y_of(goal, rect.top(), rect.height()))
        painter.setPen(QPen(theme.DARK.color("text_strong"), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(begin, arrival))
        draw_handle(painter, begin, "begin", chosen=True)
        draw_handle(painter, arrival, "arrival", chosen=True)


def _values(
    series: MinMaxLevels, columns: Columns, begin: int, end: int, start: int, cuts: tuple[int, ...], *, even: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return lowest and highest value of a series that begins at frame `start`, in columns [begin, end)."""
    starts, stops = columns.starts[begin:end] - start, columns.stops[begin:end] - start
    if not even or columns.passed is None:
        return series.columns(starts, stops)
    starts = np.where(columns.inside[begin:end], starts, -1)
    values = series.between(starts, columns.passed[begin:end], [c - start for c in cuts])
    return values, values


def _sharp_half(content: TimelineContent, columns: Columns) -> float | NDArray[np.float32]:
    """Return half the depth of field, of each column where the f-number changes."""
    if content.sharp_halves is None:
        return content.sharp_half
    middle = (columns.starts + np.maximum(columns.stops - 1, columns.starts)) // 2
    return np.asarray(content.sharp_halves[np.clip(middle, 0, len(content.sharp_halves) - 1)], np.float32)


def _ends(columns: Columns) -> NDArray[np.int64]:
    """Return [W] what sorts the columns outside the clip to its ends: -1 before it, a huge frame after it."""
    last = np.flatnonzero(columns.inside)
    after = int(last[-1]) if len(last) else -1
    return np.where(np.arange(len(columns.starts)) > after, np.iinfo(np.int64).max, -1)


def subject_rgb(number: int) -> tuple[int, int, int]:
    """Return the colour of the line of target `number`'s subject."""
    return _rgb(f"subject_{'abcd'[number % 4]}")


def _rgb(role: str) -> tuple[int, int, int]:
    colour = theme.DARK.color(role)
    return colour.red(), colour.green(), colour.blue()


def draw_handle(painter: QPainter, centre: QPointF, end: PullEnd, *, chosen: bool) -> None:
    """Draw what an end of a pull is dragged by: a ring where it begins, a dot where it arrives."""
    draw_handles(painter, [centre], end, size=HANDLE_PX + (1.0 if chosen else 0.0))


def draw_handles(painter: QPainter, centres: list[QPointF], end: PullEnd, *, size: float = HANDLE_PX) -> None:
    """Draw such handles in one go: each of many calls would cost as much as all of them."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)  # where two overlap there is no hole
    for centre in centres:
        path.addEllipse(centre, size, size)
    painter.setPen(QPen(theme.DARK.color("accent" if end == "begin" else "surround"), 1.5))
    painter.setBrush(theme.DARK.color("surround" if end == "begin" else "accent"))
    painter.drawPath(path)


def _faded(role: str, alpha: float) -> QColor:
    colour = theme.DARK.color(role)
    colour.setAlphaF(alpha)
    return colour


def _distance(metres: float) -> str:
    return f"{metres:.2f} m" if metres < 10 else f"{metres:.0f} m"
