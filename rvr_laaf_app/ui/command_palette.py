"""The command palette: every action, found by a few letters, with its key, and why it cannot be chosen now."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Slot
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from rvr_laaf_app.app.action_search import search
from rvr_laaf_app.app.actions import ACTIONS, Action
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.menus import Menus, translated

_WIDTH_PX: Final = 600
_ROW_PX: Final = 34
_MOST_ROWS: Final = 11
_TEXT, _PLACE, _KEY, _REASON, _MEANT, _ID = (Qt.ItemDataRole.UserRole + n for n in range(6))
_REMEMBERED: Final = 6
_OWN_KEYS: Final = frozenset(
    {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End}
    | {Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Left, Qt.Key.Key_Right}
)


class _Row(QStyledItemDelegate):
    """Paints one action: what it does, where it stands, its key; dimmed with the reason if it cannot be chosen."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the size of a row."""
        return QSize(_WIDTH_PX - 2, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the row."""
        colors, rect = theme.DARK, option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        reason = index.data(_REASON)
        painter.save()
        painter.setFont(option.font)
        if chosen:
            painter.fillRect(rect, colors.color("control_hover"))
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), colors.color("accent"))
        inner = rect.adjusted(16, 0, -16, 0)
        key = index.data(_KEY)
        key_width = option.fontMetrics.horizontalAdvance(key) if key else 0
        painter.setPen(colors.color("text_quiet"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, key)
        words = inner.adjusted(0, 0, -(key_width + 16), 0)
        role = "text_quiet" if reason else "text_strong"
        left = _draw_text(painter, words, index.data(_TEXT), frozenset(index.data(_MEANT)), role)
        words.setLeft(left + 12)
        painter.setPen(colors.color("text_quiet"))
        rest = reason or index.data(_PLACE)
        fitting = option.fontMetrics.elidedText(rest, Qt.TextElideMode.ElideRight, max(words.width(), 0))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, fitting)
        painter.restore()


def _draw_text(painter: QPainter, rect: QRect, text: str, meant: frozenset[int], role: str) -> int:
    """Draw a text with the letters that were meant in amber; return where it ends (px from the left)."""
    metrics: QFontMetrics = painter.fontMetrics()
    x, begin = rect.left(), 0
    while begin < len(text):
        end = begin
        while end < len(text) and (end in meant) == (begin in meant):
            end += 1
        part = text[begin:end]
        painter.setPen(theme.DARK.color("accent" if begin in meant else role))
        painter.drawText(QRect(x, rect.top(), rect.right() - x, rect.height()), Qt.AlignmentFlag.AlignVCenter, part)
        x, begin = x + metrics.horizontalAdvance(part), end
    return x


class _SearchLine(QLineEdit):
    """A line of text whose keys are not the window's, and whose up and down move in the list below."""

    def event(self, event: QEvent) -> bool:
        """Claim the keys of moving and of ending before the window's shortcuts get them."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and event.key() in _OWN_KEYS:
            event.accept()
            return True
        return super().event(event)


class CommandPalette(QFrame):
    """A panel over the window; made once, shown on demand. It belongs to the window and is no window of its own."""

    def __init__(self, window: QWidget, menus: Menus) -> None:
        super().__init__(window)
        self.setObjectName("command_palette")
        self.setProperty("role", "palette")
        self.setAccessibleName(self.tr("Search actions"))
        self._over, self._menus = window, menus
        self._used: list[str] = []
        self._before: QWidget | None = None
        self.line = _SearchLine(self)
        self.line.setObjectName("palette_search")
        self.line.setPlaceholderText(self.tr("Search actions"))
        self.line.setAccessibleName(self.tr("Search actions"))
        self.line.setClearButtonEnabled(False)
        self.list = QListWidget(self)
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName(self.tr("Actions found"))
        self.list.setItemDelegate(_Row(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # moved through from the line above
        self.list.setUniformItemSizes(True)
        self.nothing = QLabel(self.tr("No action is called like this."), self)
        self.nothing.setProperty("role", "quiet")
        self.nothing.setContentsMargins(16, 12, 16, 12)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        for part in (self.line, self.list, self.nothing):
            column.addWidget(part)
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(self._clicked)
        window.installEventFilter(self)
        self.hide()

    @Slot()
    def toggle(self) -> None:
        """Open, or close if it is open."""
        if self.isVisible():
            self.leave()
            return
        self._before = self.window().focusWidget()
        self.line.clear()
        self._search()
        self._place()
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def leave(self) -> None:
        """Close and give the keys back to whoever had them."""
        before, self._before = self._before, None
        self.hide()
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move and choose by the keys of the line; stay in the middle of the window."""
        kind = event.type()
        if watched is self.line and kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(Qt.Key(event.key()))
        if watched is self.line and kind == QEvent.Type.FocusOut and self.isVisible():
            if not self.list.underMouse():
                self.hide()
        elif watched is self._over and kind == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _key(self, key: Qt.Key) -> bool:
        moves = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -_MOST_ROWS, Qt.Key.Key_PageDown: _MOST_ROWS}
        if key in moves:
            row = min(max(self.list.currentRow() + moves[key], 0), self.list.count() - 1)
            self.list.setCurrentRow(row)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.list.currentItem())
        elif key == Qt.Key.Key_Escape:
            self.leave()
        else:
            return False
        return True

    @Slot(QListWidgetItem)
    def _clicked(self, item: QListWidgetItem) -> None:
        self._choose(item)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is None or item.data(_REASON):
            return
        name = str(item.data(_ID))
        self._used = [name, *(n for n in self._used if n != name)][:_REMEMBERED]
        self.leave()
        self._menus.actions[name].trigger()

    def _place(self) -> None:
        window = self._over
        rows = min(max(self.list.count(), 1), _MOST_ROWS)
        self.list.setFixedHeight(rows * _ROW_PX + 2)
        width = min(_WIDTH_PX, window.width() - 32)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move(QPoint((window.width() - width) // 2, max(48, window.height() // 8)))

    @Slot()
    def _search(self) -> None:
        specs = self._in_order()
        self.list.clear()
        for hit in search(self.line.text(), [(self._text(s), f"{translated(s.menu)} {s.words}") for s in specs]):
            self._add(specs[hit.number], hit.places)
        self.list.setCurrentRow(0)
        self.list.setVisible(self.list.count() > 0)
        self.nothing.setVisible(self.list.count() == 0)
        if self.isVisible():
            self._place()

    def _in_order(self) -> list[Action]:
        """Return the actions that can be chosen first, and of these what was used last."""
        used = {name: number for number, name in enumerate(self._used)}
        listed = [spec for spec in ACTIONS if spec.id in self._menus.bound and spec.id != "palette"]
        return sorted(listed, key=lambda s: (bool(self._menus.reason(s)), used.get(s.id, _REMEMBERED)))

    def _text(self, spec: Action) -> str:
        return self._menus.actions[spec.id].text().replace("&", "").rstrip("…")

    def _add(self, spec: Action, meant: tuple[int, ...]) -> None:
        item = QListWidgetItem(self.list)
        text, reason = self._text(spec), self._menus.reason(spec)
        shortcut = self._menus.actions[spec.id].shortcut()
        key = shortcut.toString(QKeySequence.SequenceFormat.NativeText)
        place = " › ".join(translated(part) for part in (spec.menu, spec.submenu) if part)
        for role, value in (
            (_TEXT, text),
            (_PLACE, place),
            (_KEY, key),
            (_REASON, reason),
            (_MEANT, list(meant)),
            (_ID, spec.id),
        ):
            item.setData(role, value)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(p for p in (text, place, key, reason) if p))
