"""The panels around the picture: movable, closable, remembered, each with its action. Their content is not known here.

With nothing open they are all away; opening a clip brings back those that the user had, where the user had them.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QTabBar, QTabWidget, QToolButton, QWidget

from rvr_laaf_app.ui import theme

Area = Literal["left", "right", "bottom"]
_AREAS: Final = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
LAYOUT_VERSION: Final = 2
MAX_LAYOUT_CHARS: Final = 20_000  # a real one has about a thousand
_SIDE_PX: Final = {"left": 240, "right": 312}
_BOTTOM_SHARE: Final = 0.36  # of the height of the window: the picture has more
_BOTTOM_PX: Final = (232, 560)
_TITLE_PX: Final = 24
_TIDY_MS: Final = (0, 100)  # at once, and again when Qt has laid out what it puts off


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a dock belongs when nobody has moved it."""

    area: Area
    shown: bool
    behind: str = ""  # the dock in front of it, as tabs


class TitleBar(QWidget):
    """The name of a dock and its two buttons; everywhere else it can be taken hold of."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setProperty("role", "dock_title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.name = QLabel(dock.windowTitle(), self)
        self.name.setProperty("role", "dock_name")
        self.undock = self._button("undock", self.tr("Make {0} a window of its own, or put it back"), dock)
        self.dismiss = self._button("close", self.tr("Hide {0}"), dock)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 0, 4, 0)
        line.setSpacing(2)
        line.addWidget(self.name, 1)
        line.addWidget(self.undock)
        line.addWidget(self.dismiss)
        self._holds_more = False
        self.setFixedHeight(_TITLE_PX)

    def sizeHint(self) -> QSize:
        """Return the size that a dock goes by: no height while a tab names it."""
        return QSize(super().sizeHint().width(), self.maximumHeight())

    def set_tabbed(self, tabbed: bool) -> None:
        """Leave naming the dock to its tab, which can be taken hold of too; a title with more than a name stays."""
        away = tabbed and not self._holds_more
        for button in (self.undock, self.dismiss):
            button.setVisible(not away)
        self.setFixedHeight(0 if away else _TITLE_PX)
        self.updateGeometry()

    def put(self, widget: QWidget) -> None:
        """Show a widget in the place of the name."""
        line = self.layout()
        if isinstance(line, QHBoxLayout):
            self._holds_more = True
            self.name.hide()
            line.insertWidget(0, widget, 1)

    def _button(self, name: str, text: str, dock: QDockWidget) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{name}_{dock.objectName()}")
        button.setProperty("role", "title_button")
        button.setIcon(theme.icon(name, "text_quiet", size_px=12))
        button.setIconSize(QSize(12, 12))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tip = text.replace("{0}", dock.windowTitle())
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button


class Dock(QDockWidget):
    """A dock that tells when the user closes it."""

    dismissed = Signal(str)

    def __init__(self, name: str, title: str, widget: QWidget, window: QMainWindow) -> None:
        super().__init__(title, window)
        self.name = name
        self.setObjectName(f"dock_{name}")
        self.setAccessibleName(title)
        self.setWidget(widget)
        bar = self.title_bar = TitleBar(self)
        bar.undock.clicked.connect(self._undock)
        bar.dismiss.clicked.connect(self.close)
        self.setTitleBarWidget(bar)

    @Slot()
    def _undock(self) -> None:
        self.setFloating(not self.isFloating())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide, and tell that it was the user's wish."""
        super().closeEvent(event)
        self.dismissed.emit(self.name)


class Docks(QObject):
    """The docks of one window, by id."""

    def __init__(self, window: QMainWindow, actions: Mapping[str, QAction]) -> None:
        super().__init__(window)
        self._window, self._actions = window, actions
        self.docks: dict[str, Dock] = {}
        self._homes: dict[str, _Home] = {}
        self._wanted: dict[str, bool] = {}
        self._state = b""  # as they were when last something was open
        self._usual = b""
        self._working = self._alone = False
        window.setDockNestingEnabled(True)
        window.setDockOptions(window.dockOptions() & ~QMainWindow.DockOption.AnimatedDocks)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomRightCorner, _AREAS["right"])
        window.setCorner(Qt.Corner.BottomLeftCorner, _AREAS["bottom"])

    def add(self, name: str, title: str, widget: QWidget, area: Area, *, shown: bool = True, behind: str = "") -> Dock:
        """Put a widget into a new dock. There must be an action `dock_<name>` that shows and hides it.

        behind: name of a dock added before; both are tabs then, and that one is in front.
        """
        dock = Dock(name, title, widget, self._window)
        self._window.addDockWidget(_AREAS[area], dock)
        if behind:
            self._window.tabifyDockWidget(self.docks[behind], dock)
        dock.hide()
        self.docks[name] = dock
        self._homes[name], self._wanted[name] = _Home(area, shown, behind), shown
        self._actions[f"dock_{name}"].setChecked(shown)
        dock.dismissed.connect(self._dismissed)
        dock.topLevelChanged.connect(self._tidy_soon)
        dock.dockLocationChanged.connect(self._tidy_soon)
        return dock

    def toggle(self, name: str) -> None:
        """Show or hide a dock as its action says; one that another one covers comes to the front instead."""
        covered = self.docks[name].isVisible() and self.docks[name].visibleRegion().isEmpty()
        self._wanted[name] = covered or self._actions[f"dock_{name}"].isChecked()
        self._show()
        if self._wanted[name]:
            self.docks[name].raise_()

    def reveal(self, name: str) -> None:
        """Show a dock in front of the others and give it the keys."""
        self._wanted[name] = True
        self._show()
        self.docks[name].raise_()
        self.docks[name].widget().setFocus()

    def bring_forward(self, name: str) -> None:
        """Show a dock in front of those it is tabbed with, if it is shown at all; the keys stay where they are."""
        if self.docks[name].isVisible() or (self._working and not self._alone and self._wanted[name]):
            self.docks[name].raise_()

    def set_alone(self, alone: bool) -> None:
        """Leave the picture alone in the window, or bring the docks back."""
        if self._working and alone and not self._alone:
            self._state = self._now()
        came_back = self._alone and not alone
        self._alone = alone
        self._show()
        if came_back:
            self._restore()

    def set_working(self, working: bool) -> None:
        """Say whether something is open; without, no dock is shown."""
        if working == self._working:
            return
        if not working and not self._alone:
            self._state = self._now()
        self._working = working
        self._show()
        if working and not self._alone:
            self._restore()

    def layout_text(self) -> str:
        """Return where the docks are, as a text to be remembered."""
        state = self._now() if self._working and not self._alone else self._state
        return b64encode(state).decode("ascii")

    def set_layout_text(self, text: str) -> None:
        """Use a remembered text from the next time on that the docks are shown; a damaged one counts as none.

        Called once, when all docks have been added: how they are then is where they belong.
        """
        self._usual = self._now()
        try:
            self._state = b64decode(text[:MAX_LAYOUT_CHARS], validate=True)
        except (ValueError, binascii.Error):
            self._state = b""

    def reset(self) -> None:
        """Put every dock where it belongs."""
        self._alone = False
        for dock in self.docks.values():
            dock.setFloating(False)
        self._window.restoreState(self._usual, LAYOUT_VERSION)
        for name, home in self._homes.items():
            self._wanted[name] = home.shown
        self._show()
        self._usual_sizes()

    def _now(self) -> bytes:
        return bytes(self._window.saveState(LAYOUT_VERSION).data())

    def _restore(self) -> None:
        if not self._state or not self._window.restoreState(self._state, LAYOUT_VERSION):
            self._usual_sizes()
            return
        for name, dock in self.docks.items():
            self._wanted[name] = not dock.isHidden()
        self._show()

    def _usual_sizes(self) -> None:
        window = self._window
        for area, width in _SIDE_PX.items():
            docks: list[QDockWidget] = [self.docks[name] for name, home in self._homes.items() if home.area == area]
            if docks:
                window.resizeDocks(docks, [width] * len(docks), Qt.Orientation.Horizontal)
        low, high = _BOTTOM_PX
        height = min(max(round(window.height() * _BOTTOM_SHARE), low), high)
        below: list[QDockWidget] = [self.docks[name] for name, home in self._homes.items() if home.area == "bottom"]
        window.resizeDocks(below, [height] * len(below), Qt.Orientation.Vertical)
        for home in self._homes.values():
            if home.behind:
                self.docks[home.behind].raise_()

    def _show(self) -> None:
        for name, dock in self.docks.items():
            dock.setVisible(self._working and not self._alone and self._wanted[name])
            self._actions[f"dock_{name}"].setChecked(self._wanted[name])
        self._tidy_soon()

    @Slot()
    def _tidy_soon(self) -> None:
        for after_ms in _TIDY_MS:
            QTimer.singleShot(after_ms, self, self._tidy_tabs)

    @Slot()
    def _tidy_tabs(self) -> None:
        """Hide tabs of docks that are not behind one another any more: Qt leaves them lying over the title."""
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            titles = {bar.tabText(place) for place in range(bar.count())}
            behind = [d for d in self.docks.values() if d.windowTitle() in titles and not d.isHidden()]
            if len(behind) < 2 or any(d not in self._window.tabifiedDockWidgets(behind[0]) for d in behind[1:]):
                bar.hide()
        for dock in self.docks.values():
            others = [] if dock.isFloating() else self._window.tabifiedDockWidgets(dock)
            dock.title_bar.set_tabbed(any(not other.isHidden() for other in others))

    @Slot(str)
    def _dismissed(self, name: str) -> None:
        if self._working and not self._alone:
            self._wanted[name] = False
            self._show()
