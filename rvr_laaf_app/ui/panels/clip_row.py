"""One clip as a row of the media list: what is in it, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPen
from PySide6.QtWidgets import QListWidget, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from rvr_laaf_app.ui import theme

ROW_PX: Final = 56
PICTURE_PX: Final = QSize(68, 38)
ROW: Final = Qt.ItemDataRole.UserRole  # the ClipRow of an item
SHOWN: Final = "shown_clip"  # property of the list: id of the clip on screen
_EDGE_PX, _BAR_PX = 8, 2


@dataclass(frozen=True, slots=True, eq=False)
class ClipRow:
    """One clip as it is listed. detail: length and number of targets; note: what is to be said instead, or empty.

    progress: share analysed, 0..1, None where there is no analysis. picture: None while it is not there.
    """

    id: str
    title: str
    detail: str
    note: str = ""
    missing: bool = False
    progress: float | None = None
    picture: QImage | None = None
    tip: str = ""

    @property
    def facts(self) -> tuple[object, ...]:
        """Everything that is drawn, to compare by."""
        key = None if self.picture is None else self.picture.cacheKey()
        return (self.id, self.title, self.detail, self.note, self.missing, self.progress, key, self.tip)


class RowDelegate(QStyledItemDelegate):
    """Draws a clip: picture at the left, name and facts beside it, how far the analysis is at the bottom."""

    def __init__(self, rows: QListWidget) -> None:
        super().__init__(rows)
        self._list = rows

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the size of a row."""
        return QSize(180, ROW_PX)

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Put the field for the name where the name is."""
        area = _text_area(_rect(option))
        editor.setGeometry(area.left() - 6, area.top() - 4, area.width() + 6, 26)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the row."""
        row = index.data(ROW)
        view = QStyleOptionViewItem(option)
        self.initStyleOption(view, index)
        view.text = ""
        view.state &= ~QStyle.StateFlag.State_HasFocus
        widget = view.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, view, painter, widget)
        rect = _rect(option)
        painter.save()
        _draw_picture(
            painter, QRect(rect.left() + _EDGE_PX, rect.top() + 8, PICTURE_PX.width(), PICTURE_PX.height()), row
        )
        self._draw_texts(painter, rect, row)
        if row.id == self._list.property(SHOWN):
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), theme.DARK.color("accent"))
        painter.restore()

    def _draw_texts(self, painter: QPainter, rect: QRect, row: ClipRow) -> None:
        area = _text_area(rect)
        shown = row.id == self._list.property(SHOWN)
        painter.setFont(theme.tabular_font(bold=shown))
        painter.setPen(theme.DARK.color("text_strong" if shown else "text"))
        titles = two_lines(row.title, painter.fontMetrics(), area.width())
        line = QRect(area.left(), area.top(), area.width(), 18)
        if len(titles) > 1:
            line = QRect(area.left(), area.top() - 5, area.width(), 16)
        for title in titles:
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, title)
            line.translate(0, line.height())
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        small = painter.fontMetrics()
        painter.setPen(theme.DARK.color("problem" if row.missing else "text_quiet"))
        detail = small.elidedText(row.note or row.detail, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, detail)
        if row.progress is not None and row.progress < 1.0:
            bar = QRect(area.left(), rect.bottom() - 6, area.width(), _BAR_PX)
            painter.fillRect(bar, theme.DARK.color("hairline"))
            bar.setWidth(round(bar.width() * row.progress))
            painter.fillRect(bar, theme.DARK.color("accent"))


def two_lines(text: str, metrics: QFontMetrics, width: int) -> tuple[str, ...]:
    """Return a name in one line, or in two of which the second loses its end; broken after a sign, if there is one."""
    if metrics.horizontalAdvance(text) <= width:
        return (text,)
    fits = next((n for n in range(len(text) - 1, 1, -1) if metrics.horizontalAdvance(text[:n]) <= width), 1)
    at = next((n for n in range(fits, max(fits // 2, 1), -1) if text[n - 1] in " _-.,"), fits)
    return text[:at].rstrip(), metrics.elidedText(text[at:], Qt.TextElideMode.ElideRight, width)


def _draw_picture(painter: QPainter, place: QRect, row: ClipRow) -> None:
    painter.fillRect(place, theme.DARK.color("control_pressed"))
    if row.missing:
        painter.setPen(QPen(theme.DARK.color("problem"), 1, Qt.PenStyle.DashLine))
        painter.drawRect(place.adjusted(0, 0, -1, -1))
        painter.setFont(theme.tabular_font(18))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "?")
    elif row.picture is not None and not row.picture.isNull():
        size = row.picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        at = QRect(QPoint(0, 0), size)
        at.moveCenter(place.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(at, row.picture)


def _text_area(rect: QRect) -> QRect:
    left = rect.left() + _EDGE_PX + PICTURE_PX.width() + 10
    return QRect(left, rect.top() + 8, rect.right() - _EDGE_PX - left, rect.height() - 16)


def _rect(option: QStyleOptionViewItem) -> QRect:
    return QRect(option.rect)
