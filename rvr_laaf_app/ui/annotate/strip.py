"""The strip under the picture: the time of a clip with film, sound, cuts and targets; seeking and dragging by mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.annotate import strip_drawing as drawing
from rvr_laaf_app.ui.annotate.strip_drawing import HEIGHT_PX, StripTarget
from rvr_laaf_app.ui.timeline.film import cells
from rvr_laaf_app.ui.timeline.scale import TimeScale, clock_text

if TYPE_CHECKING:
    from rvr_laaf_app.core.timebase import FrameTable
    from rvr_laaf_app.ui.timeline.film import FilmStrip

_MARGIN = 14
_NEAR_PX = 7.0
_ZOOM = 1.0015  # for each unit of the wheel, as in the editor's timeline
Grip = Literal["at", "early", "late", "hold"]


@dataclass(frozen=True, slots=True)
class _Held:
    grip: Grip
    target: StripTarget


class TimeStrip(QWidget):
    """Draws what it is given and says what the mouse did; frames in all signals."""

    seek_asked = Signal(int)
    chosen = Signal(str)  # id of a target
    moved = Signal(str, int)  # id of a target, the frame it was dragged to
    limit_dragged = Signal(str, str, int)  # id, limit, frame

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_strip")
        self.setAccessibleName(self.tr("Time"))
        self.setAccessibleDescription(self.tr("The clip's time with its sound, its cuts and the targets."))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        self.setMouseTracking(True)
        self._table: FrameTable | None = None
        self._cuts: tuple[int, ...] = ()
        self._targets: tuple[StripTarget, ...] = ()
        self._selected: str | None = None
        self._outline: NDArray[np.float32] | None = None
        self._sound_text = ""
        self._film: FilmStrip | None = None
        self._frame = 0
        self._part = TimeScale(_MARGIN, 1, 1.0)  # which part of the clip is shown; width and duration follow later
        self._held: _Held | Literal["seek"] | None = None
        self._backdrop: QPixmap | None = None

    def sizeHint(self) -> QSize:
        """Return a usual size."""
        return QSize(800, HEIGHT_PX)

    @property
    def targets(self) -> tuple[StripTarget, ...]:
        """What is shown."""
        return self._targets

    @property
    def scale(self) -> TimeScale:
        """The time axis as shown."""
        duration = self._table.duration_s if self._table is not None else 1.0
        return replace(self._part, left=_MARGIN, width=max(self.width() - 2 * _MARGIN, 1), duration_s=duration)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl around the mouse, else scroll; a long clip needs it to tell frames apart."""
        if self._table is None:
            return
        delta, scale = event.angleDelta(), self.scale
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            around = scale.seconds_at(event.position().x())
            self._show_part(scale.zoomed(_ZOOM ** delta.y(), around_s=around))
        else:
            self._show_part(scale.scrolled(-(delta.x() or delta.y()) / 2 / scale.px_per_s))
        event.accept()

    def _show_part(self, part: TimeScale) -> None:
        if part != self._part:
            self._part = part
            self._anew()

    def set_clip(self, table: FrameTable | None, cuts: Sequence[int]) -> None:
        """Show another clip."""
        self._table, self._cuts, self._outline, self._frame = table, tuple(cuts), None, 0
        self._targets, self._held = (), None
        self._part = TimeScale(_MARGIN, 1, 1.0)
        self._anew()

    def set_film(self, film: FilmStrip | None) -> None:
        """Take small pictures from here; call it again when one has come."""
        self._film = film
        self._anew()

    def set_waveform(self, outline: NDArray[np.float32] | None, text: str) -> None:
        """Show the outline of the sound; without one, a word."""
        self._outline, self._sound_text = outline, text
        self._anew()

    def set_targets(self, targets: Sequence[StripTarget], selected: str | None) -> None:
        """Show the targets."""
        if (tuple(targets), selected) != (self._targets, self._selected):
            self._targets, self._selected = tuple(targets), selected
            self.update()

    def set_frame(self, frame: int) -> None:
        """Move the playhead."""
        if frame != self._frame:
            self._frame = frame
            if self._table is not None and self._held is None:
                self._show_part(self.scale.showing(self._table.seconds_of(min(frame, len(self._table) - 1))))
            self.update()

    def _anew(self) -> None:
        self._backdrop = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw it all anew."""
        super().resizeEvent(event)
        self._backdrop = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the strip; what seldom changes is kept as a picture."""
        painter = QPainter(self)
        if self._backdrop is None:
            self._backdrop = self._drawn_backdrop()
        painter.drawPixmap(0, 0, self._backdrop)
        if self._table is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self.scale
        painter.setClipRect(QRectF(0, 0, scale.left + scale.width + _MARGIN, HEIGHT_PX))
        for target in self._targets:
            drawing.draw_target(painter, scale, target, chosen=target.id == self._selected)
        drawing.draw_playhead(painter, scale, self._table.seconds_of(min(self._frame, len(self._table) - 1)))
        painter.end()

    def _drawn_backdrop(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(theme.DARK.color("panel"))
        if self._table is None:
            return pixmap
        scale = self.scale
        painter = QPainter(pixmap)
        self._draw_film(painter, scale)
        drawing.draw_ruler(painter, scale)
        drawing.draw_sound(painter, scale, self._outline, self._sound_text)
        drawing.draw_cuts(painter, scale, [self._table.seconds_of(c) for c in self._cuts])
        painter.end()
        return pixmap

    def _draw_film(self, painter: QPainter, scale: TimeScale) -> None:
        film, table = self._film, self._table
        top = drawing.RULER_PX
        lane = QRectF(scale.left, top, scale.width, drawing.FILM_PX)
        painter.fillRect(lane, theme.DARK.color("surround"))
        if film is None or table is None:
            return
        wide = drawing.FILM_PX * film.aspect
        found = cells(scale, scale.left, scale.left + scale.width, width_px=wide, table=table, keys=film.keys)
        film.want(tuple(frame for _, frame in found))
        painter.save()
        painter.setClipRect(lane)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for x, frame in found:
            picture = film.picture(frame) or film.stand_in(frame)
            if picture is not None and not picture.isNull():
                painter.drawImage(QRectF(x, top, wide - 1, drawing.FILM_PX), picture)
        painter.restore()

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a mark, or of the playhead."""
        if event.button() != Qt.MouseButton.LeftButton or self._table is None:
            return
        x, y = event.position().x(), event.position().y()
        grip = self._grip_at(x, y)
        if grip is not None:
            self._held = grip
            self.chosen.emit(grip.target.id)
            return
        bar = next((t for t in self._targets if self._over_bar(t, x, y)), None)
        if bar is not None:
            self.chosen.emit(bar.id)
        self._held = "seek"
        self._seek(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held."""
        x, y = event.position().x(), event.position().y()
        if self._held == "seek":
            self._seek(x)
        elif isinstance(self._held, _Held):
            self._targets = tuple(self._dragged(t, x) for t in self._targets)
            self.update()
            self.setToolTip("")
        else:
            over = self._grip_at(x, y)
            self.setCursor(Qt.CursorShape.ArrowCursor if over is None else Qt.CursorShape.SizeHorCursor)
            self.setToolTip(clock_text(self.scale.seconds_at(x)) if over is None else over.target.text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Say what was dragged where."""
        held, self._held = self._held, None
        if not isinstance(held, _Held) or self._table is None:
            return
        frame = self._frame_at(event.position().x())
        if abs(event.position().x() - self._x_of(held)) < 2:
            return
        if held.grip == "at":
            self.moved.emit(held.target.id, frame)
        else:
            self.limit_dragged.emit(held.target.id, held.grip, frame)

    def _dragged(self, target: StripTarget, x: float) -> StripTarget:
        """Return a target as it is to be drawn while something of it is held at x."""
        held = self._held
        if not isinstance(held, _Held) or held.target.id != target.id:
            return target
        seconds = self.scale.seconds_at(x)
        if held.grip == "early":
            return replace(target, early_s=min(seconds, target.at_s))
        if held.grip == "late":
            return replace(target, late_s=max(seconds, target.at_s))
        if held.grip == "hold":
            return replace(target, end_s=max(seconds, target.at_s), held=True)
        away = seconds - target.at_s
        moved = (v + away for v in (target.arrive_s, target.early_s, target.late_s))
        arrive, early, late = moved
        return replace(target, at_s=seconds, arrive_s=arrive, early_s=early, late_s=late)

    def _x_of(self, held: _Held) -> float:
        target = held.target
        seconds = {"at": target.at_s, "early": target.early_s, "late": target.late_s, "hold": target.end_s}[held.grip]
        return self.scale.x_of(seconds)

    def _grip_at(self, x: float, y: float) -> _Held | None:
        """Return what can be taken hold of there, the chosen target's first."""
        ordered = sorted(self._targets, key=lambda t: t.id != self._selected)
        grips: tuple[Grip, ...] = ("at",) if y < drawing.WINDOW_Y - 6 else ("early", "late")
        if y < drawing.BAR_TOP - 4:
            return None
        for target in ordered:
            for grip in grips:
                if abs(self._x_of(_Held(grip, target)) - x) <= _NEAR_PX:
                    return _Held(grip, target)
        ends = (_Held("hold", t) for t in ordered if t.held or t.id == self._selected)
        return next((h for h in ends if grips == ("at",) and abs(self._x_of(h) - x) <= _NEAR_PX), None)

    def _over_bar(self, target: StripTarget, x: float, y: float) -> bool:
        inside = drawing.BAR_TOP <= y <= drawing.BAR_TOP + drawing.BAR_PX
        return inside and self.scale.x_of(target.at_s) <= x < self.scale.x_of(target.end_s)

    def _frame_at(self, x: float) -> int:
        assert self._table is not None
        return self._table.index_at(self.scale.seconds_at(x))

    def _seek(self, x: float) -> None:
        self.seek_asked.emit(self._frame_at(x))
