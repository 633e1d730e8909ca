"""The page of keys: all actions with their keys by menu, what the mouse does, and changing a key without a conflict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.actions import ACTIONS, MENUS, Action, in_menu
from rvr_laaf_app.app.actions_shell import MOUSE
from rvr_laaf_app.app.key_map import MAX_KEYS, KeyChoices, keys_now, owner_of, with_keys, with_usual_keys
from rvr_laaf_app.ui.menus import translated

_ID: Final = Qt.ItemDataRole.UserRole
_NATIVE: Final = QKeySequence.SequenceFormat.NativeText
_PORTABLE: Final = QKeySequence.SequenceFormat.PortableText
_SPECS: Final = {spec.id: spec for spec in ACTIONS}


class KeysPage(QDialog):
    """A window beside the work. It changes nothing itself: new choices are told by `changed`."""

    changed = Signal(object)  # KeyChoices

    def __init__(self, choices: KeyChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keys_page")
        self.setWindowTitle(self.tr("Keys"))
        self.setModal(False)
        self._choices = choices
        self._groups: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        self.search = QLineEdit(self)
        self.search.setObjectName("keys_search")
        self.search.setPlaceholderText(self.tr("Search by action or key"))
        self.search.setAccessibleName(self.tr("Search by action or key"))
        self.search.setClearButtonEnabled(False)
        self.tree = self._make_tree()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self._edit_row())
        self.conflict = QLabel("", self)
        self.conflict.setObjectName("key_conflict")
        self.conflict.setWordWrap(True)
        self.conflict.setMinimumHeight(20)
        layout.addWidget(self.conflict)
        layout.addLayout(self._end_row())
        self.search.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(self._selected)
        self.tree.itemActivated.connect(self._begin_edit)
        self._fill()
        self.resize(640, 640)
        self.search.setFocus()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setObjectName("keys_tree")
        tree.setAccessibleName(self.tr("Actions and their keys"))
        tree.setHeaderLabels([self.tr("Action"), self.tr("Key")])
        tree.setRootIsDecorated(False)
        tree.setIndentation(16)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        return tree

    def _edit_row(self) -> QWidget:
        row = QWidget(self)
        self.edit = QKeySequenceEdit(row)
        self.edit.setObjectName("new_key")
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName(self.tr("New key"))
        for inner in self.edit.findChildren(QLineEdit):
            inner.setAccessibleName(self.tr("New key"))
            inner.setPlaceholderText(self.tr("Press the new key"))
        self.use = self._button("use_key", self.tr("Use This Key"), self._use)
        self.remove = self._button("remove_keys", self.tr("No Key"), self._remove)
        self.usual = self._button("usual_keys", self.tr("Usual Key"), self._usual)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.edit, 1)
        for button in (self.use, self.remove, self.usual):
            line.addWidget(button)
        self.edit.keySequenceChanged.connect(self._tell_conflict)
        return row

    def _end_row(self) -> QHBoxLayout:
        line = QHBoxLayout()
        self.all_usual = self._button("all_usual_keys", self.tr("All Usual Keys"), self._all_usual)
        done = self._button("close_keys", self.tr("Close"), self.close)
        done.setDefault(False)
        line.addWidget(self.all_usual)
        line.addStretch(1)
        line.addWidget(done)
        return line

    def _button(self, name: str, text: str, run: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(run)
        return button

    # What is shown

    def _fill(self) -> None:
        chosen = self.selected
        self.tree.clear()
        self._groups.clear()
        keys = keys_now(self._choices)
        for menu in MENUS:
            if specs := in_menu(menu):
                group = self._group(translated(menu))
                self._groups.append((group, [self._row(group, spec, keys[spec.id]) for spec in specs]))
        mouse = self._group(self.tr("Mouse"))
        gestures = [QTreeWidgetItem(mouse, [translated(meaning), translated(gesture)]) for gesture, meaning in MOUSE]
        self._groups.append((mouse, gestures))
        self.tree.expandAll()
        if chosen is not None:
            self.select(chosen)
        self._filter()
        self._selected()

    def _row(self, group: QTreeWidgetItem, spec: Action, keys: tuple[str, ...]) -> QTreeWidgetItem:
        shown = "   ".join(QKeySequence(k, _PORTABLE).toString(_NATIVE) for k in keys)
        item = QTreeWidgetItem(group, [translated(spec.text).rstrip("…"), shown])
        item.setData(0, _ID, spec.id)
        if spec.id in dict(self._choices):
            font = item.font(1)
            font.setBold(True)
            item.setFont(1, font)
            item.setToolTip(1, self.tr("Changed by you"))
        return item

    def _group(self, text: str) -> QTreeWidgetItem:
        group = QTreeWidgetItem(self.tree, [text])
        group.setFirstColumnSpanned(True)
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        return group

    @property
    def selected(self) -> str | None:
        """Id of the action whose row is chosen."""
        item = self.tree.currentItem()
        name = item.data(0, _ID) if item is not None else None
        return str(name) if name else None

    def select(self, action: str) -> None:
        """Choose the row of an action."""
        for _, rows in self._groups:
            for item in rows:
                if item.data(0, _ID) == action:
                    self.tree.setCurrentItem(item)

    @Slot()
    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        for group, rows in self._groups:
            for item in rows:
                text = f"{item.text(0)} {item.text(1)}".casefold()
                item.setHidden(not all(word in text for word in words))
            group.setHidden(all(item.isHidden() for item in rows))

    @Slot()
    def _selected(self) -> None:
        possible = self.selected is not None
        for control in (self.edit, self.remove, self.usual):
            control.setEnabled(possible)
        self.edit.clear()
        self._tell_conflict()

    @Slot()
    def _begin_edit(self) -> None:
        if self.selected is not None:
            self.edit.setFocus()

    @Slot()
    def _tell_conflict(self) -> None:
        key = self._typed()
        owner = owner_of(key, keys_now(self._choices)) if key else None
        self.use.setEnabled(bool(key) and self.selected is not None)
        self.conflict.setText("")
        if owner is not None and owner != self.selected:
            text = self.tr("{0} is the key of “{1}”, which would lose it.")
            name = translated(_SPECS[owner].text).rstrip("…")
            shown = QKeySequence(key, _PORTABLE).toString(_NATIVE)
            self.conflict.setText(text.replace("{0}", shown).replace("{1}", name))
        elif self.selected is None:
            self.conflict.setText(self.tr("Choose an action to change its key."))
        self.use.setText(self.tr("Take It Over") if owner not in (None, self.selected) else self.tr("Use This Key"))

    def _typed(self) -> str:
        return self.edit.keySequence().toString(_PORTABLE)

    # What the user does

    @Slot()
    def _use(self) -> None:
        name, key = self.selected, self._typed()
        if name is not None and key:
            others = tuple(k for k in keys_now(self._choices)[name][1:] if k != key)
            self._change(with_keys(self._choices, name, (key, *others)[:MAX_KEYS]))

    @Slot()
    def _remove(self) -> None:
        if self.selected is not None:
            self._change(with_keys(self._choices, self.selected, ()))

    @Slot()
    def _usual(self) -> None:
        if self.selected is not None:
            self._change(with_usual_keys(self._choices, self.selected))

    @Slot()
    def _all_usual(self) -> None:
        self._change(())

    def _change(self, choices: KeyChoices) -> None:
        self._choices = choices
        self.changed.emit(choices)
        self._fill()
