"""The panels around the picture: movable, closable, each with its action to show it. What is in them is not known here.

With nothing open they are all away; opening a clip brings back those that the user had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

Area = Literal["left", "right", "bottom"]
_AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}


class Docks(QObject):
    """The docks of one window, by id."""

    def __init__(self, window: QMainWindow, actions: Mapping[str, QAction]) -> None:
        super().__init__(window)
        self._window, self._actions = window, actions
        self.docks: dict[str, QDockWidget] = {}
        self._wanted: dict[str, bool] = {}
        self._working = False
        window.setCorner(Qt.Corner.BottomRightCorner, _AREAS["right"])
        window.setCorner(Qt.Corner.BottomLeftCorner, _AREAS["bottom"])

    def add(self, name: str, title: str, widget: QWidget, area: Area, *, shown: bool = True) -> QDockWidget:
        """Put a widget into a new dock. There must be an action `dock_<name>` that shows and hides it."""
        action = self._actions[f"dock_{name}"]
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock_{name}")
        dock.setAccessibleName(title)
        dock.setWidget(widget)
        self._window.addDockWidget(_AREAS[area], dock)
        dock.setVisible(False)
        self.docks[name], self._wanted[name] = dock, shown
        action.setChecked(shown)
        dock.visibilityChanged.connect(self._visibility_changed)
        return dock

    def toggle(self, name: str) -> None:
        """Show or hide a dock as its action says."""
        self._wanted[name] = self._actions[f"dock_{name}"].isChecked()
        self._show()

    def set_working(self, working: bool) -> None:
        """Say whether something is open; without, no dock is shown."""
        self._working = working
        self._show()

    def _show(self) -> None:
        for name, dock in self.docks.items():
            dock.setVisible(self._working and self._wanted[name])

    @Slot()
    def _visibility_changed(self) -> None:
        """Follow a dock that the user closed by its own button."""
        if not self._working:
            return
        for name, dock in self.docks.items():
            self._wanted[name] = not dock.isHidden()
            self._actions[f"dock_{name}"].setChecked(self._wanted[name])
