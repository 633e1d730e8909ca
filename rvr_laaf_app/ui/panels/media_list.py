"""The clips of the project as a list: picture, name, length, targets, how far the analysis is, what is missing.

It shows rows and says what the user wants; it knows nothing of projects.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPoint,
    QSignalBlocker,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui.panels.clip_row import ROW, SHOWN, ClipRow, RowDelegate
from rvr_laaf_app.ui.panels.row_drag import empty_burden
from rvr_laaf_app.ui.plural import counted

_OWN_KEYS = {Qt.Key.Key_Delete, Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter}


class MediaList(QWidget):
    """The list with its buttons and, while it is empty, what to do."""

    chosen = Signal(str)  # clip id
    opened = Signal(str)  # chosen for work: the keys go to the picture
    renamed = Signal(str, str)
    moved = Signal(list, str)  # ids, and the id they go in front of ("" = to the end)
    removal_requested = Signal(list)
    files_dropped = Signal(list)

    def __init__(self, add: QAction, find: QAction, menu: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("media_panel")
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.setMinimumWidth(200)
        self._rows: tuple[ClipRow, ...] = ()
        self._menu = tuple(menu)
        self.list = _Rows(self)
        self.list.itemChanged.connect(self._item_changed)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._activated)
        self.list.currentItemChanged.connect(self._current_changed)
        self.list.rows_moved.connect(self.moved)
        self.list.removal_requested.connect(self._ask_removal)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.empty = QLabel(self.tr("Drop clips or a folder here.\nEach clip keeps its own targets and lens."), self)
        self.empty.setObjectName("media_empty")
        self.empty.setProperty("role", "quiet")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count = QLabel("", self)
        self.count.setObjectName("media_count")
        self.count.setProperty("role", "quiet")
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.count, 1)
        self._buttons = ((self._button(find, self.tr("Find…")), True), (self._button(add, self.tr("Add…")), False))
        for button, _ in self._buttons:
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1)
        layout.addLayout(line)
        self.show_rows((), "")

    def _button(self, action: QAction, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"{action.objectName()}_button")
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text().replace("&", ""))
        button.clicked.connect(action.trigger)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    @property
    def rows(self) -> tuple[ClipRow, ...]:
        """What is listed."""
        return self._rows

    def show_rows(self, rows: Sequence[ClipRow], shown: str) -> None:
        """List these clips; `shown` is the one on screen. Tells nobody."""
        with QSignalBlocker(self.list):
            if [r.id for r in rows] != [r.id for r in self._rows]:
                self._fill(rows)
            else:
                for number, (old, new) in enumerate(zip(self._rows, rows, strict=True)):
                    if old.facts != new.facts:
                        _put(self.list.item(number), new)
            self._rows = tuple(rows)
            self._mark(shown)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        missing = sum(r.missing for r in rows)
        text = counted(self.tr, "1 clip", "{0} clips", len(rows)) if rows else ""
        if missing:
            text = counted(self.tr, "1 missing", "{0} missing", missing)
        self.count.setText(text)
        self.count.setProperty("role", "problem" if missing else "quiet")
        self.count.style().polish(self.count)
        for button, when_missing in self._buttons:
            button.setVisible(bool(missing) or not when_missing)

    def selected_ids(self) -> list[str]:
        """Return the selected clips in the order of the list."""
        return self.list.ids(self.list.selectedIndexes())

    def edit_name(self, clip_id: str) -> None:
        """Let the user type another name for a clip."""
        for number, row in enumerate(self._rows):
            if row.id == clip_id:
                self.list.scrollToItem(self.list.item(number))
                self.list.editItem(self.list.item(number))

    def _fill(self, rows: Sequence[ClipRow]) -> None:
        kept = set(self.selected_ids())
        self.list.clear()
        for row in rows:
            item = QListWidgetItem()
            _put(item, row)
            self.list.addItem(item)
            item.setSelected(row.id in kept)

    def _mark(self, shown: str) -> None:
        self.list.setProperty(SHOWN, shown)
        number = next((n for n, r in enumerate(self._rows) if r.id == shown), -1)
        if number != self.list.currentRow():
            several = len(self.list.selectedIndexes()) > 1
            how = QItemSelectionModel.SelectionFlag.NoUpdate if several else _ALONE
            self.list.setCurrentRow(number, how)
        self.list.viewport().update()

    @Slot(QListWidgetItem)
    def _item_changed(self, item: QListWidgetItem) -> None:
        row = item.data(ROW)
        if row is not None and item.text() != row.title:
            self.renamed.emit(row.id, item.text())

    @Slot(QListWidgetItem)
    def _clicked(self, item: QListWidgetItem) -> None:
        if len(self.list.selectedIndexes()) <= 1:
            self.chosen.emit(item.data(ROW).id)

    @Slot(QListWidgetItem)
    def _activated(self, item: QListWidgetItem) -> None:
        self.opened.emit(item.data(ROW).id)

    @Slot(QListWidgetItem, QListWidgetItem)
    def _current_changed(self, item: QListWidgetItem | None, _former: QListWidgetItem | None) -> None:
        """Follow the keys; a click tells by itself when it is over, so that a drag or a range shows nothing."""
        if item is not None and not self.list.pointing and len(self.list.selectedIndexes()) <= 1:
            self.chosen.emit(item.data(ROW).id)

    @Slot()
    def _ask_removal(self) -> None:
        ids = self.selected_ids()
        if ids:
            self.removal_requested.emit(ids)

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self._menu:
            menu.addAction(action)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell which files were dropped."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)


_ALONE = QItemSelectionModel.SelectionFlag.ClearAndSelect


class _Rows(QListWidget):
    """The rows: choosing, dragging them to another place, and keys that the window must not take."""

    rows_moved = Signal(list, str)
    removal_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.pointing = False
        self.setObjectName("media_rows")
        self.setAccessibleName(self.tr("Clips of the project"))
        self.setItemDelegate(RowDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def ids(self, indexes: Sequence[QModelIndex]) -> list[str]:
        """Return the clips at these places, in the order of the list."""
        return [i.data(ROW).id for i in sorted(indexes, key=lambda i: i.row())]

    def event(self, event: QEvent) -> bool:
        """Keep keys that mean something here from being taken by the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and Qt.Key(event.key()) in _OWN_KEYS:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete asks to remove the selected clips."""
        if event.key() == Qt.Key.Key_Delete:
            self.removal_requested.emit()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember that what becomes current now was pointed at."""
        self.pointing = True
        super().mousePressEvent(event)
        self.pointing = False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Let files pass on to the panel."""
        if event.mimeData().hasUrls():
            event.ignore()
            return
        super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Let files pass on to the panel."""
        if event.mimeData().hasUrls():
            event.ignore()
            return
        super().dragMoveEvent(event)

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        """Rows are dragged inside the list only, and their pictures stay where they are."""
        return empty_burden()

    def dropEvent(self, event: QDropEvent) -> None:
        """Say where the rows shall go; the list is written anew from the project."""
        place = event.position().toPoint()
        target = self.indexAt(place)
        row = target.row() if target.isValid() else self.count()
        if target.isValid() and place.y() > self.visualRect(target).center().y():
            row += 1
        before = self.item(row).data(ROW).id if row < self.count() else ""
        event.setDropAction(Qt.DropAction.IgnoreAction)  # nothing is moved here
        event.accept()
        self.rows_moved.emit(self.ids(self.selectedIndexes()), before)


def _put(item: QListWidgetItem, row: ClipRow) -> None:
    item.setData(ROW, row)
    item.setText(row.title)
    item.setFlags(
        Qt.ItemFlag.ItemIsEnabled
        | Qt.ItemFlag.ItemIsSelectable
        | Qt.ItemFlag.ItemIsEditable
        | Qt.ItemFlag.ItemIsDragEnabled
    )
    item.setToolTip(row.tip)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(t for t in (row.title, row.detail, row.note) if t))
