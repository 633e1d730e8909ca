"""The picture of all lanes that stays while the playhead moves: names, ruler, film, sound, targets and depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline import lanes
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.film import FilmStrip, cells
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView
from rvr_laaf_app.ui.timeline.layout import FILM_EDGES_PX, HEADER_PX
from rvr_laaf_app.ui.timeline.scale import TimeScale


@dataclass(slots=True)
class Board:
    """What the lanes are drawn from, apart from the content itself."""

    tr: Callable[[str], str]
    film: FilmStrip | None = None
    rows: tuple[Lane, ...] = ()

    def picture(
        self, size: QSize, ratio: float, rects: dict[str, QRectF], content: TimelineContent | None, scale: TimeScale
    ) -> QPixmap:
        """Return everything that stays, for a widget of `size` with `ratio` device pixels per pixel."""
        still = QPixmap(size * ratio)
        still.setDevicePixelRatio(ratio)
        painter = QPainter(still)
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), theme.DARK.color("panel"))
        if content is not None:
            self._draw_ground(painter, rects, size.width())
            painter.setClipRect(QRectF(HEADER_PX, 0, size.width() - HEADER_PX, size.height()))
            self._draw_lanes(painter, rects, content, scale, ratio)
        painter.end()
        return still

    def _draw_ground(self, painter: QPainter, rects: dict[str, QRectF], width: float) -> None:
        tr = self.tr
        names = {"film": tr("Film"), "sound": tr("Sound")}
        names |= {lane.name: lane.title for lane in self.rows}
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        depth = rects["depth"]
        painter.fillRect(depth, theme.DARK.color("surround"))
        for name, rect in rects.items():
            if rect.height() <= 0:
                continue
            if name != "depth":
                painter.setPen(theme.DARK.color("hairline"))
                painter.drawLine(QPointF(0, rect.bottom() - 0.5), QPointF(width, rect.bottom() - 0.5))
            painter.setPen(theme.DARK.color("text_quiet"))
            place = QRectF(16, rect.top(), HEADER_PX - 16, rect.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, names.get(name, ""))
        if depth.height() >= 56:
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            edge = QRectF(16, depth.top() + 2, HEADER_PX - 16, 14)
            painter.drawText(edge, left, tr("near"))
            edge.moveBottom(depth.bottom() - 2)
            painter.drawText(edge, left, tr("far"))

    def _draw_lanes(
        self, painter: QPainter, rects: dict[str, QRectF], content: TimelineContent, scale: TimeScale, ratio: float
    ) -> None:
        ruler = rects["ruler"]
        lanes.draw_ruler(painter, ruler, scale)
        lanes.draw_done_bar(painter, QRectF(ruler.left(), ruler.bottom() - 2, ruler.width(), 2), content, scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._draw_film(painter, rects["film"], content, scale)
        lanes.draw_waveform(painter, rects["sound"], content, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_rows(painter, rects, content, scale, ratio, before_cuts=True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        film = rects["film"]
        lanes.draw_cuts(painter, QRectF(film.left(), film.bottom(), film.width(), 1e4), content, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_rows(painter, rects, content, scale, ratio, before_cuts=False)

    def _draw_rows(
        self,
        painter: QPainter,
        rects: dict[str, QRectF],
        content: TimelineContent,
        scale: TimeScale,
        ratio: float,
        *,
        before_cuts: bool,
    ) -> None:
        """Draw the lanes that draw themselves: depth under the lines of the cuts, the others over them."""
        for lane in self.rows:
            rect = rects[lane.name]
            if rect.height() > 0 and (lane.name == "depth") == before_cuts:
                lane.draw(painter, LaneView(rect, content, scale, ratio=ratio))

    def _draw_film(self, painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
        film = self.film
        if film is None or rect.height() <= 0 or film.info.table is not content.table:
            return
        width = max(8.0, round((rect.height() - FILM_EDGES_PX) * film.aspect))
        shown = cells(scale, rect.left(), rect.right(), width_px=width, table=content.table, keys=film.keys)
        film.want(tuple(dict.fromkeys(frame for _, frame in shown)))
        pictures = []
        for x, frame in shown:
            picture = film.picture(frame)
            pictures.append((x, picture, film.stand_in(frame) if picture is None else None))
        lanes.draw_film(painter, rect, content, scale, pictures, width_px=width)
