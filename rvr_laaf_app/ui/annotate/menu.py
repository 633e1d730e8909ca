"""From the table of commands to menus, keys and what can be chosen now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.annotate.commands import COMMANDS, MENUS

_ATTENTION = ("attention_off", "attention_over", "attention_beside")


class AnnotateMenus(QObject):
    """The actions of the window, by id of the command."""

    failed = Signal(object)  # Exception
    done = Signal()  # a command went well

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.actions: dict[str, QAction] = {}
        self._handlers: dict[str, Callable[[], object]] = {}
        looks = QActionGroup(self)
        for name in MENUS:
            menu = window.menuBar().addMenu(self.tr(name))
            menu.setToolTipsVisible(True)
            section = 0
            for command in (c for c in COMMANDS if c.menu == name):
                if command.section != section:
                    menu.addSeparator()
                    section = command.section
                action = QAction(self.tr(command.text), window)
                action.setObjectName(command.id)
                action.setCheckable(command.toggle or command.id in _ATTENTION)
                action.setShortcuts([QKeySequence(k, QKeySequence.SequenceFormat.PortableText) for k in command.keys])
                action.triggered.connect(self._run)
                if command.id in _ATTENTION:
                    looks.addAction(action)
                menu.addAction(action)
                window.addAction(action)
                self.actions[command.id] = action
        self.actions["reaction"].setChecked(True)
        self.actions["attention_off"].setChecked(True)

    def key_texts(self) -> dict[str, str]:
        """Return the first key of every command that has one, as it is written on this system."""
        shown = QKeySequence.SequenceFormat.NativeText
        return {n: a.shortcut().toString(shown) for n, a in self.actions.items() if not a.shortcut().isEmpty()}

    def bind(self, handlers: Mapping[str, Callable[[], object]]) -> None:
        """Say what commands do, in the place of what they did before."""
        self._handlers.update(handlers)

    @property
    def unbound(self) -> frozenset[str]:
        """Commands of which nobody has said what they do."""
        return frozenset(self.actions) - frozenset(self._handlers)

    @Slot()
    def _run(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.run(sender.objectName())

    @Slot(str)
    def run(self, name: str) -> None:
        """Do what a command does; one of our errors goes to `failed`."""
        handler = self._handlers.get(name)
        if handler is None:
            return
        try:
            handler()
        except RvrError as error:
            self.failed.emit(error)
        else:
            self.done.emit()

    def enable(self, met: Collection[str]) -> None:
        """Enable the commands whose need is met."""
        for command in COMMANDS:
            possible = command.id in self._handlers and (not command.needs or command.needs in met)
            self.actions[command.id].setEnabled(possible)

    def show_steps(self, undo: str | None, redo: str | None) -> None:
        """Say what undo and redo would do."""
        self.actions["undo"].setText(f"{self.tr('Undo')} {undo or ''}".strip())
        self.actions["redo"].setText(f"{self.tr('Redo')} {redo or ''}".strip())
