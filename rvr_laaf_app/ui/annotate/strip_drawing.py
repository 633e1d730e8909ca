"""How the strip under the picture is drawn: ruler, film, sound with cuts, and the targets with their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.scale import TimeScale, clock_text

RULER_PX: Final = 20
FILM_PX: Final = 40
SOUND_PX: Final = 40
TARGETS_PX: Final = 58
HEIGHT_PX: Final = RULER_PX + FILM_PX + SOUND_PX + TARGETS_PX
BAR_TOP: Final = RULER_PX + FILM_PX + SOUND_PX + 12
BAR_PX: Final = 20
WINDOW_Y: Final = BAR_TOP + BAR_PX + 12
DIAMOND_PX: Final = 7.0
_COLOURS: Final = ("subject_a", "subject_b", "subject_c", "subject_d")


@dataclass(frozen=True, slots=True)
class StripTarget:
    """A target as the strip shows it; all times in seconds. end_s: where its hold or the next target ends it.

    number: of its subject, from 1; held: its hold ends by itself.
    """

    id: str
    at_s: float
    arrive_s: float
    early_s: float
    late_s: float
    end_s: float
    number: int
    text: str
    held: bool = False


def subject_colour(number: int) -> QColor:
    """Return the colour of a subject by its number in the clip, from 1; they come again after four."""
    return theme.DARK.color(_COLOURS[(max(number, 1) - 1) % len(_COLOURS)])


def draw_ruler(painter: QPainter, scale: TimeScale) -> None:
    """Draw ticks and times."""
    major, small = scale.ticks()
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    metrics = QFontMetricsF(painter.font())
    painter.setPen(theme.DARK.color("control_edge"))
    painter.drawLines([QLineF(scale.x_of(s) + 0.5, RULER_PX - 4, scale.x_of(s) + 0.5, RULER_PX) for s in small])
    digits = 1 if len(major) > 1 and major[1] - major[0] < 1 else 0
    for seconds in major:
        x = scale.x_of(seconds) + 0.5
        painter.setPen(theme.DARK.color("text_quiet"))
        painter.drawLine(QLineF(x, RULER_PX - 7, x, RULER_PX))
        text = clock_text(seconds, digits=digits)
        if x + 4 + metrics.horizontalAdvance(text) <= scale.left + scale.width:
            painter.drawText(QPointF(x + 4, RULER_PX - 6), text)


def draw_sound(painter: QPainter, scale: TimeScale, outline: NDArray[np.float32] | None, quiet: str) -> None:
    """Draw the waveform [parts, 2], or say in a word why there is none."""
    top = RULER_PX + FILM_PX
    middle, half = top + SOUND_PX / 2, SOUND_PX / 2 - 3
    painter.fillRect(QRectF(scale.left, top, scale.width, SOUND_PX), theme.DARK.color("surround"))
    if outline is None:
        painter.setPen(theme.DARK.color("text_quiet"))
        painter.drawText(QRectF(scale.left + 8, top, scale.width, SOUND_PX), int(Qt.AlignmentFlag.AlignVCenter), quiet)
        return
    columns = np.arange(int(scale.width) + 1)
    seconds = scale.first_s + columns / scale.px_per_s
    edges = np.clip(seconds / max(scale.duration_s, 1e-3) * len(outline), 0, len(outline) - 1).astype(int)
    lines = []
    for column in columns[:-1]:
        first, stop = edges[column], max(edges[column + 1], edges[column] + 1)
        low, high = outline[first:stop, 0].min(), outline[first:stop, 1].max()
        x = scale.left + column + 0.5
        lines.append(QLineF(x, middle - high * half, x, middle - low * half + 0.5))
    painter.setPen(theme.DARK.color("text_disabled"))
    painter.drawLines(lines)


def draw_cuts(painter: QPainter, scale: TimeScale, cuts_s: Sequence[float]) -> None:
    """Draw where shots begin, through film and sound."""
    painter.setPen(QPen(theme.DARK.color("problem"), 1.5))
    for seconds in cuts_s:
        x = scale.x_of(seconds)
        painter.drawLine(QLineF(x, RULER_PX - 2, x, HEIGHT_PX))


def draw_target(painter: QPainter, scale: TimeScale, target: StripTarget, *, chosen: bool) -> None:
    """Draw the bar of a target, its diamond, the slope up to its arrival and the bracket of its tolerance."""
    colour = subject_colour(target.number)
    begin, end = scale.x_of(target.at_s), max(scale.x_of(target.end_s), scale.x_of(target.at_s) + 2)
    bar = QRectF(begin, BAR_TOP, end - begin, BAR_PX)
    fill = QColor(colour)
    fill.setAlphaF(0.34 if chosen else 0.2)
    painter.fillRect(bar, fill)
    arrive = scale.x_of(target.arrive_s)
    if arrive < begin - 0.5:
        painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(arrive, bar.center().y(), begin, bar.center().y()))
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QLineF(arrive, bar.top() + 3, arrive, bar.bottom() - 3))
    if target.held:
        painter.setPen(QPen(colour, 2.0))
        painter.drawLine(QLineF(end, bar.top(), end, bar.bottom()))
    early, late = scale.x_of(target.early_s), scale.x_of(target.late_s)
    painter.setPen(QPen(colour if chosen else theme.DARK.color("text_disabled"), 1.0))
    painter.drawLine(QLineF(early, WINDOW_Y, late, WINDOW_Y))
    for x in (early, late):
        painter.drawLine(QLineF(x, WINDOW_Y - 4, x, WINDOW_Y + 4))
    _draw_diamond(painter, QPointF(begin, bar.center().y()), colour, chosen=chosen)
    room = bar.adjusted(DIAMOND_PX + 5, 0, -4, 0)
    if room.width() > 18:
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX, bold=chosen))
        painter.setPen(theme.DARK.color("text_strong" if chosen else "text"))
        metrics = QFontMetricsF(painter.font())
        text = metrics.elidedText(target.text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), text)


def draw_playhead(painter: QPainter, scale: TimeScale, seconds: float) -> None:
    """Draw where the picture is."""
    x = scale.x_of(seconds) + 0.5
    painter.setPen(QPen(theme.DARK.color("text_strong"), 1.0))
    painter.drawLine(QLineF(x, 6, x, HEIGHT_PX))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("text_strong"))
    painter.drawPolygon(QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 8)]))


def _draw_diamond(painter: QPainter, centre: QPointF, colour: QColor, *, chosen: bool) -> None:
    size = DIAMOND_PX + (1.5 if chosen else 0.0)
    shape = [(0, -size), (size, 0), (0, size), (-size, 0)]
    painter.setBrush(theme.DARK.color("accent") if chosen else colour)
    painter.setPen(QPen(theme.DARK.color("surround"), 1.5))
    painter.drawPolygon(QPolygonF([QPointF(centre.x() + x, centre.y() + y) for x, y in shape]))
