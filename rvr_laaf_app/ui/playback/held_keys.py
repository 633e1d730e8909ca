"""K held down with J or L: slow. A tap is one frame, holding both plays at a quarter of the speed until one is let go.

Shortcuts know no held keys, so the keys of the three actions are watched on whatever widget has the focus. Nothing is
taken away from anybody here.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from shiboken6 import isValid

_HOLD_MS = 300
_TYPED_INTO = (QLineEdit, QAbstractSpinBox, QTextEdit, QPlainTextEdit)


class HeldKeys(QObject):
    """Tells of steps and of slow playing while the key of "stop" is held."""

    step = Signal(int)  # direction
    slow = Signal(int)  # direction; 0 = a key was let go

    def __init__(self, actions: Mapping[str, QAction], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop = actions["stop"]
        self._ways = {-1: actions["shuttle_back"], 1: actions["shuttle_forward"]}
        self._held = False
        self._way = 0
        self._crawling = False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_HOLD_MS)
        self._wait.timeout.connect(self._crawl)
        self._watched: QWidget | None = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._watch)
            self._watch(None, application.focusWidget())

    @property
    def held(self) -> bool:
        """True while the key of "stop" is down."""
        return self._held

    def take(self, direction: int) -> bool:
        """Use a press of J or L if K is held; tell whether it was used (repeats of a held key count as used)."""
        if not self._held:
            return False
        if self._way != direction:
            self._let_go()
            self._way = direction
            self.step.emit(direction)
            self._wait.start()
        return True

    @Slot(QWidget, QWidget)
    def _watch(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._watched is not None and isValid(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = None if new is None or isinstance(new, _TYPED_INTO) else new
        if self._watched is not None:
            self._watched.installEventFilter(self)
            self._watched.destroyed.connect(self._forget)
        elif self._held:
            self._release_all()

    @Slot()
    def _forget(self) -> None:
        self._watched = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note keys that go down and up."""
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyRelease) or not isinstance(event, QKeyEvent):
            return False
        if event.isAutoRepeat():
            return False
        if kind == QEvent.Type.ShortcutOverride:
            self._held = self._held or _is_key(self._stop, event)
        elif _is_key(self._stop, event):
            self._release_all()
        elif self._way and _is_key(self._ways[self._way], event):
            self._let_go()
        return False

    def _release_all(self) -> None:
        self._held = False
        self._let_go()

    def _let_go(self) -> None:
        self._wait.stop()
        self._way = 0
        if self._crawling:
            self._crawling = False
            self.slow.emit(0)

    @Slot()
    def _crawl(self) -> None:
        if self._held and self._way:
            self._crawling = True
            self.slow.emit(self._way)


def _is_key(action: QAction, event: QKeyEvent) -> bool:
    """Tell whether an event is of one of the keys of an action."""
    return any(keys == QKeySequence(event.key()) for keys in action.shortcuts())
