"""From the table of actions to menus, shortcuts and enabled states. Texts are translated here, done is nothing here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from rvr_laaf_app.ui import theme


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing the user can do: id, text, menu, keys, and when: "always", "clip" (one is open) or "target" (selected).

    group: exclusive, checkable actions; gap: a line above it in the menu; icon: a name of resources/icons.
    """

    id: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    needs: str = "clip"
    group: str = ""
    gap: bool = False
    icon: str = ""


MENUS = ("File", "Edit", "View", "Clip", "Focus", "Help")
ACTIONS = (
    ActionSpec("open", "Open…", "File", ("Ctrl+O",), "always"),
    ActionSpec("close_clip", "Close", "File", ("Ctrl+W",)),
    ActionSpec("save", "Save", "File", ("Ctrl+S",), gap=True),
    ActionSpec("save_as", "Save As…", "File", ("Ctrl+Shift+S",)),
    ActionSpec("relink", "Find the Clip…", "File", (), "offline"),
    ActionSpec("export", "Export…", "File", ("Ctrl+E",), gap=True),
    ActionSpec("quit", "Quit", "File", ("Ctrl+Q",), "always", gap=True),
    ActionSpec("undo", "Undo", "Edit", ("Ctrl+Z",), "undo"),
    ActionSpec("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    ActionSpec("remove_target", "Remove Target", "Edit", ("Del",), "target", gap=True),
    ActionSpec("view_refocused", "Refocused", "View", ("1",), group="view"),
    ActionSpec("view_original", "Original", "View", ("2",), group="view"),
    ActionSpec("view_disparity", "Disparity", "View", ("3",), group="view"),
    ActionSpec("zoom_in", "Zoom Timeline In", "View", ("Ctrl++", "Ctrl+="), gap=True),
    ActionSpec("zoom_out", "Zoom Timeline Out", "View", ("Ctrl+-",)),
    ActionSpec("play", "Play", "Clip", ("Space",), icon="play"),
    ActionSpec("shuttle_back", "Play Backwards, Faster", "Clip", ("J",)),
    ActionSpec("stop", "Stop", "Clip", ("K",)),
    ActionSpec("shuttle_forward", "Play Forwards, Faster", "Clip", ("L",)),
    ActionSpec("step_back", "One Frame Back", "Clip", ("Left",), gap=True, icon="step_back"),
    ActionSpec("step_forward", "One Frame Forward", "Clip", ("Right",), icon="step_forward"),
    ActionSpec("leap_back", "Ten Frames Back", "Clip", ("Shift+Left",)),
    ActionSpec("leap_forward", "Ten Frames Forward", "Clip", ("Shift+Right",)),
    ActionSpec("to_start", "To the Start", "Clip", ("Home",), icon="to_start"),
    ActionSpec("to_end", "To the End", "Clip", ("End",), icon="to_end"),
    ActionSpec("analyse", "Analyse Depth", "Clip", (), gap=True),
    ActionSpec("target_here", "Set Target Under the Pointer", "Focus", ("F",), icon="target"),
    ActionSpec("previous_target", "Previous Target", "Focus", ("Up",), gap=True, icon="previous_target"),
    ActionSpec("next_target", "Next Target", "Focus", ("Down",), icon="next_target"),
    ActionSpec("shorter_pull", "Shorter Pull", "Focus", ("]",), "target", gap=True),
    ActionSpec("longer_pull", "Longer Pull", "Focus", ("[",), "target"),
    ActionSpec("track_again", "Track Again", "Focus", ("R",), "target"),
    ActionSpec("keys", "Keys", "Help", ("?",), "always"),
)


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
            if spec.group:
                group = groups.setdefault(spec.group, QActionGroup(window))
                action.setCheckable(True)
                group.addAction(action)
            self.menus[spec.menu].addAction(action)
            window.addAction(action)  # its keys work wherever the focus is

    def _make(self, window: QMainWindow, spec: ActionSpec) -> QAction:
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

    def enable(self, given: Iterable[str]) -> None:
        """Enable exactly the actions whose need is among `given`."""
        known = {"always", *given}
        for spec in ACTIONS:
            self.actions[spec.id].setEnabled(spec.needs in known)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
