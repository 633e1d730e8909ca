"""Which keys and wheel turns a control takes for itself and which it leaves to others."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QScrollArea,
    QSlider,
    QWidget,
)

_MOVES = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End})
_TURNED = (QSlider, QComboBox, QAbstractSpinBox)


class KeepKeys(QObject):
    """An event filter: lists and sliders keep their arrows, buttons the space bar; the wheel needs the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key before the window's shortcut gets it; pass the wheel on to whatever scrolls."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, _TURNED) and not watched.hasFocus():
            _scroll_instead(watched, event)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and self._keeps(watched, Qt.Key(event.key())):
                event.accept()
                return True
        return False

    def _keeps(self, watched: QObject, key: Qt.Key) -> bool:
        if isinstance(watched, QSlider | QAbstractItemView | QComboBox):
            return key in _MOVES or (key == Qt.Key.Key_Space and isinstance(watched, QComboBox))
        return isinstance(watched, QAbstractButton) and key == Qt.Key.Key_Space


def _scroll_instead(control: QWidget, event: QEvent) -> None:
    """Give a wheel turn to the scroll area around a control."""
    around = control.parentWidget()
    while around is not None and not isinstance(around, QScrollArea):
        around = around.parentWidget()
    if around is not None:
        QApplication.sendEvent(around.verticalScrollBar(), event)
    event.accept()


def keep_keys_in(root: QWidget, keeper: KeepKeys) -> None:
    """Let the controls inside `root` keep their keys."""
    for kind in (*_TURNED, QAbstractItemView, QAbstractButton):
        for control in root.findChildren(kind):
            control.installEventFilter(keeper)
            if isinstance(control, _TURNED):
                control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
