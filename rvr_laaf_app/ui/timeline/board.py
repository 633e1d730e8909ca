"""The picture of all lanes that stays while the playhead moves: names, ruler, film, sound, targets and depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline import lanes
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.film import FilmStrip, cells
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView, Same
from rvr_laaf_app.ui.timeline.layout import FILM_EDGES_PX, HEADER_PX
from rvr_laaf_app.ui.timeline.scale import TimeScale


@dataclass(slots=True)
class _Strip:
    """The kept picture of one lane, and everything it was drawn from."""

    key: tuple[object, ...]
    picture: QPixmap


@dataclass(slots=True)
class Board:
    """What the lanes are drawn from, apart from the content itself, and the last picture of each lane.

    A lane is drawn again only if something that it shows is another thing than before. Each call into the painter may
    hand the interpreter to a thread that computes: few calls are what keeps an answer short while both cores are taken.
    """

    tr: Callable[[str], str]
    film: FilmStrip | None = None
    rows: tuple[Lane, ...] = ()
    _strips: dict[str, _Strip] = field(default_factory=dict)

    def forget(self, lane: str) -> None:
        """Draw a lane again next time: what it holds besides the content has changed."""
        self._strips.pop(lane, None)

    def picture(
        self, size: QSize, ratio: float, rects: dict[str, QRectF], content: TimelineContent | None, scale: TimeScale
    ) -> QPixmap:
        """Return everything that stays, for a widget of `size` with `ratio` device pixels per pixel."""
        whole = QRectF(0, 0, size.width(), size.height())
        titles = tuple(lane.title for lane in self.rows)
        places = tuple(_edges(rect) for rect in rects.values())
        key = (content is None, places, titles)
        ground = self._strip("ground", whole, ratio, key, lambda p: self._draw_ground(p, rects, whole, content))
        still = QPixmap(ground)  # shares its memory until it is painted on
        if content is not None:
            painter = QPainter(still)
            self._draw_lanes(painter, rects, content, scale, ratio)
            painter.end()
        return still

    def _strip(
        self, name: str, rect: QRectF, ratio: float, key: tuple[object, ...], draw: Callable[[QPainter], None]
    ) -> QPixmap:
        """Return the picture of a lane: the kept one, or one drawn by `draw` in the coordinates of the widget."""
        full = (_edges(rect), ratio, *key)
        kept = self._strips.get(name)
        if kept is not None and kept.key == full:
            return kept.picture
        picture = QPixmap((rect.size() * ratio).toSize())
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.translate(-rect.topLeft())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        draw(painter)
        painter.end()
        self._strips[name] = _Strip(full, picture)
        return picture

    def _draw_ground(
        self, painter: QPainter, rects: dict[str, QRectF], whole: QRectF, content: TimelineContent | None
    ) -> None:
        """Draw what lies under all lanes: panel, names and the lines between them."""
        painter.fillRect(whole, theme.DARK.color("panel"))
        if content is None:
            return
        tr = self.tr
        names = {"film": tr("Film"), "sound": tr("Sound")}
        names |= {lane.name: lane.title for lane in self.rows}
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        depth = rects["depth"]
        painter.fillRect(depth, theme.DARK.color("surround"))
        for name, rect in rects.items():
            if rect.height() <= 0:
                continue
            if name != "depth":
                painter.setPen(theme.DARK.color("hairline"))
                painter.drawLine(QPointF(0, rect.bottom() - 0.5), QPointF(whole.width(), rect.bottom() - 0.5))
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
        axis = (scale, Same(content.table))

        def put(name: str, key: tuple[object, ...], draw: Callable[[QPainter, QRectF], None]) -> None:
            rect = rects[name]
            if rect.height() > 0 and rect.width() > 0:
                painter.drawPixmap(
                    rect.topLeft(), self._strip(name, rect, ratio, (*axis, *key), lambda p: draw(p, rect))
                )

        def row(lane: Lane) -> None:
            put(
                lane.name,
                lane.shows(content),
                lambda p, rect: lane.draw(p, LaneView(rect, content, scale, ratio=ratio)),
            )

        put("ruler", (), lambda p, rect: self._draw_ruler(p, rect, scale))
        done = QRectF(rects["ruler"].left(), rects["ruler"].bottom() - 2, rects["ruler"].width(), 2)
        lanes.draw_done_bar(painter, done, content, scale)  # moves with every frame of the analysis
        self._put_film(put, rects["film"], content, scale)
        put("sound", (Same(content.waveform),), lambda p, rect: self._draw_sound(p, rect, content, scale))
        for lane in self.rows:
            if lane.name == "depth":  # under the lines of the cuts
                row(lane)
        film = rects["film"]
        painter.save()
        painter.setClipRect(QRectF(film.left(), film.bottom(), film.width(), 1e4))
        lanes.draw_cuts(painter, QRectF(film.left(), film.bottom(), film.width(), 1e4), content, scale)
        painter.restore()
        for lane in self.rows:
            if lane.name != "depth":
                row(lane)

    @staticmethod
    def _draw_ruler(painter: QPainter, rect: QRectF, scale: TimeScale) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        lanes.draw_ruler(painter, rect, scale)

    @staticmethod
    def _draw_sound(painter: QPainter, rect: QRectF, content: TimelineContent, scale: TimeScale) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        lanes.draw_waveform(painter, rect, content, scale)

    def _put_film(
        self,
        put: Callable[[str, tuple[object, ...], Callable[[QPainter, QRectF], None]], None],
        rect: QRectF,
        content: TimelineContent,
        scale: TimeScale,
    ) -> None:
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

        def draw(painter: QPainter, rect: QRectF) -> None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            lanes.draw_film(painter, rect, content, scale, pictures, width_px=width)

        seen = Same(*(image for _, picture, instead in pictures for image in (picture, instead)))
        put("film", (content.cuts, width, seen), draw)


def _edges(rect: QRectF) -> tuple[float, float, float, float]:
    return rect.left(), rect.top(), rect.width(), rect.height()
