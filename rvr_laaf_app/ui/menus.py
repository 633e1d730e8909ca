"""From the table of actions to menus, shortcuts and enabled states. Texts are translated here, done is nothing here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from rvr_laaf_app.app.actions import ACTIONS, MENUS, NEEDS, Action, MenuName, in_menu
from rvr_laaf_app.ui import theme


class Menus(QObject):
    """The actions of one window, by id. Until one is bound it cannot be chosen."""

    failed = Signal(object)  # Exception

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._handlers: dict[str, Callable[[], object]] = {}
        self.actions: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        self._window = window
        self._groups: dict[str, QActionGroup] = {}
        self._specs = {spec.id: spec for spec in ACTIONS}
        for name in MENUS:
            if specs := in_menu(name):
                self._fill(name, specs)

    def _fill(self, name: MenuName, specs: tuple[Action, ...]) -> None:
        menu = self.menus[name] = self._window.menuBar().addMenu(translated(name))
        menu.setObjectName(f"menu_{name.lower()}")
        menu.setToolTipsVisible(True)
        inner: dict[str, QMenu] = {}
        section = specs[0].section
        for spec in specs:
            if spec.section != section:
                menu.addSeparator()
                section = spec.section
            place = menu
            if spec.submenu:
                place = inner.get(spec.submenu) or menu.addMenu(translated(spec.submenu))
                inner[spec.submenu] = place
            place.addAction(self._make(spec))

    def _make(self, spec: Action) -> QAction:
        action = QAction(translated(spec.text), self._window)
        action.setObjectName(spec.id)
        action.setCheckable(spec.toggle)
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self._window))
            action.setCheckable(True)
            group.addAction(action)
        if spec.icon:
            action.setIcon(theme.icon(spec.icon))
            action.setIconVisibleInMenu(False)
        action.setEnabled(False)
        action.triggered.connect(self._run)
        self.actions[spec.id] = action
        self._window.addAction(action)  # its keys work wherever the focus is
        return action

    def bind(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Say what actions do. Raises KeyError for an id without an action, ValueError for one bound before."""
        for name, handler in handlers.items():
            if name not in self.actions:
                raise KeyError(f"no action {name!r} in app.actions")
            if name in self._handlers:
                raise ValueError(f"action {name!r} is bound twice")
            self._handlers[name] = handler

    def set_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Give each action its keys."""
        for name, action in self.actions.items():
            shortcuts = [QKeySequence(k, QKeySequence.SequenceFormat.PortableText) for k in keys.get(name, ())]
            action.setShortcuts(shortcuts)
            self._tell(name)

    @property
    def bound(self) -> frozenset[str]:
        """Ids of the actions that do something."""
        return frozenset(self._handlers)

    @property
    def unbound(self) -> frozenset[str]:
        """Ids of the actions of which nobody has said what they do."""
        return frozenset(self.actions) - frozenset(self._handlers)

    @Slot()
    def _run(self) -> None:
        action = self.sender()
        if action is not None:
            self.run(action.objectName())

    def run(self, name: str) -> None:
        """Do what an action does; one of our errors goes to `failed`."""
        from rvr_laaf_app.core.errors import RvrError

        try:
            self._handlers[name]()
        except RvrError as error:
            self.failed.emit(error)

    def enable(self, met: Collection[str]) -> None:
        """Enable exactly the bound actions whose need is among those `met`."""
        for spec in ACTIONS:
            possible = spec.id in self._handlers and spec.needs in met
            if self.actions[spec.id].isEnabled() != possible:
                self.actions[spec.id].setEnabled(possible)
                self._tell(spec.id)

    def _tell(self, name: str) -> None:
        """Let the tip of an action say what it does, its key, and why it cannot be chosen."""
        action, spec = self.actions[name], self._specs[name]
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        reason = self.reason(spec)
        tip = f"{translated(spec.text)}  {key}".rstrip()
        action.setToolTip(f"{tip}\n{reason}" if reason else tip)

    def reason(self, spec: Action) -> str:
        """Return why an action cannot be chosen now; empty if it can."""
        return "" if self.actions[spec.id].isEnabled() else translated(NEEDS[spec.needs].reason)


def translated(text: str) -> str:
    """Return an English text of the tables in the user's language."""
    return QCoreApplication.translate("Actions", text)
