"""From the table of actions to menus, shortcuts and enabled states. Texts are translated here, done is nothing here."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QCoreApplication, QObject, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from rvr_laaf_app.app.actions import ACTIONS, MENUS, Action
from rvr_laaf_app.ui import theme


class Menus(QObject):
    """The actions of one window, by id."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._handlers = handlers
        self.actions: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        groups: dict[str, QActionGroup] = {}
        for name in MENUS:
            self.menus[name] = window.menuBar().addMenu(_tr(name))
            self.menus[name].setObjectName(f"menu_{name.lower()}")
        for spec in ACTIONS:
            if spec.gap:
                self.menus[spec.menu].addSeparator()
            action = self._make(window, spec)
            action.setCheckable(spec.toggle)
            if spec.group:
                group = groups.setdefault(spec.group, QActionGroup(window))
                action.setCheckable(True)
                group.addAction(action)
            self.menus[spec.menu].addAction(action)
            window.addAction(action)  # its keys work wherever the focus is

    def _make(self, window: QMainWindow, spec: Action) -> QAction:
        action = QAction(_tr(spec.text), window)
        action.setObjectName(spec.id)
        action.setShortcuts([QKeySequence(k) for k in spec.keys])
        tip = f"{_tr(spec.text)}  {spec.keys[0]}" if spec.keys else _tr(spec.text)
        action.setToolTip(tip)
        if spec.icon:
            action.setIcon(theme.icon(spec.icon))
            action.setIconVisibleInMenu(False)
        action.triggered.connect(self._run)
        self.actions[spec.id] = action
        return action

    @Slot()
    def _run(self) -> None:
        action = self.sender()
        if action is not None:
            self._handlers[action.objectName()]()

    def enable(self, met: Collection[str]) -> None:
        """Enable exactly the actions whose need is among those `met`."""
        for spec in ACTIONS:
            self.actions[spec.id].setEnabled(spec.needs in met)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
