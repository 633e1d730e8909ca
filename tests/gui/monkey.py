"""A user without a plan: seeded random mouse, keys, wheel, drags, menus, docks, palette and typing in a window.

Everything goes through real widgets, to whatever lies at a random place or has the keys. Nothing here asserts; what
went wrong is in `faults`.
"""

from __future__ import annotations

import logging
import random
import string
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QContextMenuEvent, QDropEvent, QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QLineEdit, QWidget

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.main_window import MainWindow

LEAVING = ("quit",)  # what would end the session
SIZES = ((960, 600), (1280, 720), (1680, 1000))
_DRAG_ENDS_MS = 150  # a drag that asks the system waits in a loop of its own until the button is let go
_NONE, _SHIFT, _CTRL, _ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
_LEFT = Qt.MouseButton.LeftButton


@dataclass
class Desktop:
    """In place of the desktop: counts what it was asked to show."""

    asked: int = 0

    def show_file(self, path: Path) -> None:
        self.asked += 1

    def open_folder(self, path: Path) -> None:
        self.asked += 1

    def notify(self, title: str, text: str) -> None:
        self.asked += 1

    def close(self) -> None:
        self.asked += 1


class Faults(logging.Handler):
    """Collects errors that are not of our own family, wherever they were caught and logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        foreign = error is not None and not isinstance(error, RvrError)
        if foreign or record.levelno >= logging.ERROR:
            where = logging.Formatter().formatException(record.exc_info) if record.exc_info and error else ""
            self.found.append(f"{record.name}: {record.getMessage()}\n{where}")


class Watch(threading.Thread):
    """Looks what the calling thread is at whenever one of its actions takes longer than `patience_s`."""

    def __init__(self, patience_s: float) -> None:
        super().__init__(name="watch", daemon=True)
        self.seen: list[tuple[float, str]] = []
        self._patience_s = patience_s
        self._who = threading.get_ident()
        self._begun: float | None = None
        self._over = threading.Event()
        self.start()

    def begin(self) -> None:
        self._begun = time.perf_counter()

    def end(self) -> None:
        self._begun = None

    def close(self) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(self._patience_s / 2):
            begun = self._begun
            took_s = 0.0 if begun is None else time.perf_counter() - begun
            if took_s > self._patience_s:
                frame = sys._current_frames().get(self._who)
                stack = traceback.extract_stack(frame)[-9:] if frame is not None else []
                self.seen.append((took_s, " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(stack))))


@dataclass
class Monkey:
    """Acts on one window. times_ms: how long each action took to answer, by its name."""

    window: MainWindow
    clips: list[Path]
    rng: random.Random
    times_ms: dict[str, list[float]] = field(default_factory=dict)
    slowest: tuple[float, str] = (0.0, "")
    last: list[str] = field(default_factory=list)
    watch: Watch = field(default_factory=lambda: Watch(0.5))

    def __post_init__(self) -> None:
        self.deeds: list[tuple[int, Callable[[], str]]] = [
            (10, self.click_picture),
            (5, self.drag_picture),
            (8, self.wheel),
            (12, self.press_key),
            (6, self.type_key),
            (8, self.click_timeline),
            (6, self.drag_timeline),
            (14, self.click_anywhere),
            (4, self.drag_anywhere),
            (3, self.menu_anywhere),
            (10, self.choose_action),
            (3, self.use_palette),
            (5, self.undo_redo),
            (4, self.seek),
            (4, self.use_control),
            (2, self.type_text),
            (1, self.resize),
            (1, self.drop),
            (4, self.rest),
        ]
        self._deeds = random.Random(self.rng.random())
        self._begun_s: float | None = None
        # The menu of a button waits in a loop of its own inside the click: somebody has to answer it there.
        self._answers = QTimer(self.window)
        self._answers.setInterval(_DRAG_ENDS_MS)
        self._answers.timeout.connect(self._answer_inside)
        self._answers.start()

    def _answer_inside(self) -> None:
        popup = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if popup is not None and self._begun_s is not None and time.perf_counter() - self._begun_s > 0.1:
            keys = (Qt.Key.Key_Escape, Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return)
            QTest.keyClick(popup, self._deeds.choice(keys))

    def act(self) -> None:
        """Do one thing and let the window answer."""
        deeds = [d for _, d in self.deeds]
        deed = self._deeds.choices(deeds, [w for w, _ in self.deeds])[0]
        begin = time.perf_counter()
        self.watch.begin()
        self._begun_s = begin
        if self.window.session.clip_state == "none" and self._deeds.random() < 0.3:
            name = self.open()
        elif QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
            name = self.answer_popup()
        else:
            name = deed()
        QApplication.processEvents()
        self._begun_s = None
        self.watch.end()
        took_ms = 1e3 * (time.perf_counter() - begin)
        self.last = [*self.last, name][-12:]
        if not name.startswith("rest"):
            self.times_ms.setdefault(name.split()[0], []).append(took_ms)
            self.slowest = max(self.slowest, (took_ms, name))

    # Where

    def place_in(self, widget: QWidget) -> QPoint:
        return QPoint(self.rng.randrange(max(1, widget.width())), self.rng.randrange(max(1, widget.height())))

    def anywhere(self) -> tuple[QWidget, QPoint]:
        """A random place of the window or of another one that is open, and the widget there."""
        tops = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.width() > 20]
        top = self.rng.choice([self.window, self.window, self.window, *tops])
        place = self.place_in(top)
        found = top.childAt(place) or top
        return found, found.mapFrom(top, place)

    def modifiers(self) -> Qt.KeyboardModifier:
        return self.rng.choice((_NONE, _NONE, _NONE, _SHIFT, _CTRL, _ALT))

    def receiver(self) -> QWidget:
        return QApplication.focusWidget() or self.window

    # Deeds

    def click_picture(self) -> str:
        picture = self.window.workspace.picture
        click = self.rng.choice((QTest.mouseClick, QTest.mouseClick, QTest.mouseClick, QTest.mouseDClick))
        click(picture, _LEFT, self.modifiers(), self.place_in(picture))
        return "click_picture"

    def drag(self, widget: QWidget, start: QPoint) -> None:
        QTimer.singleShot(_DRAG_ENDS_MS, self._end_drag)
        modifiers = self.modifiers()
        QTest.mousePress(widget, _LEFT, modifiers, start)
        place = start
        for _ in range(self.rng.randrange(2, 7)):
            if not shiboken6.isValid(widget):
                return
            place += QPoint(self.rng.randrange(-60, 61), self.rng.randrange(-30, 31))
            QTest.mouseMove(widget, place)
            QApplication.processEvents()
        if shiboken6.isValid(widget):
            QTest.mouseRelease(widget, _LEFT, modifiers, place)

    def _end_drag(self) -> None:
        if shiboken6.isValid(self.window) and self.window.windowHandle() is not None:
            from PySide6.QtGui import QDrag

            QDrag.cancel()

    def drag_picture(self) -> str:
        picture = self.window.workspace.picture
        self.drag(picture, self.place_in(picture))
        return "drag_picture"

    def click_timeline(self) -> str:
        timeline = self.window.workspace.timeline
        place = self.place_in(timeline)
        found = timeline.childAt(place) or timeline
        click = self.rng.choice((QTest.mouseClick, QTest.mouseClick, QTest.mouseDClick))
        click(found, _LEFT, self.modifiers(), found.mapFrom(timeline, place) if found is not timeline else place)
        return f"click_timeline {found.objectName()}"

    def drag_timeline(self) -> str:
        timeline = self.window.workspace.timeline
        place = self.place_in(timeline)
        found = timeline.childAt(place) or timeline
        self.drag(found, found.mapFrom(timeline, place) if found is not timeline else place)
        return f"drag_timeline {found.objectName() if shiboken6.isValid(found) else ''}"

    def wheel(self) -> str:
        widget, place = self.anywhere()
        if self.rng.random() < 0.6:
            widget = self.rng.choice((self.window.workspace.picture, self.window.workspace.timeline))
            place = self.place_in(widget)
        step = self.rng.choice((-240, -120, -15, 15, 120, 240))
        angle = QPoint(step, 0) if self.rng.random() < 0.2 else QPoint(0, step)
        none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        over = QPointF(widget.mapToGlobal(place))
        event = QWheelEvent(QPointF(place), over, QPoint(), angle, none, self.modifiers(), phase, False)
        QApplication.sendEvent(widget, event)
        return f"wheel {widget.objectName()}"

    def press_key(self) -> str:
        """Press the key of a random action."""
        actions = [(i, a) for i, a in self.window.menus.actions.items() if a.shortcuts() and i not in LEAVING]
        name, action = self.rng.choice(actions)
        sequence = self.rng.choice(action.shortcuts())
        if sequence not in [s for i in LEAVING for s in self.window.menus.actions[i].shortcuts()]:
            QTest.keySequence(self.receiver(), QKeySequence(sequence))
        return f"press_key {name}"

    def type_key(self) -> str:
        keys = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space)
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)
        others = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_F2)
        key = self.rng.choice((*keys, *arrows, *others))
        for _ in range(self.rng.choice((1, 1, 3))):
            QTest.keyClick(self.receiver(), key, self.rng.choice((_NONE, _NONE, _SHIFT)))
        return f"type_key {key.name}"

    def click_anywhere(self) -> str:
        widget, place = self.anywhere()
        name = f"click_anywhere {type(widget).__name__} {widget.objectName()}"
        if widget.isEnabled():
            QTest.mouseClick(widget, _LEFT, self.modifiers(), place)
        return name

    def drag_anywhere(self) -> str:
        widget, place = self.anywhere()
        name = f"drag_anywhere {type(widget).__name__} {widget.objectName()}"
        self.drag(widget, place)
        return name

    def menu_anywhere(self) -> str:
        widget, place = self.anywhere()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, widget.mapToGlobal(place))
        name = f"menu_anywhere {type(widget).__name__} {widget.objectName()}"
        QApplication.sendEvent(widget, event)
        return name

    def choose_action(self) -> str:
        """Choose anything that the menus offer now."""
        actions = [(i, a) for i, a in self.window.menus.actions.items() if a.isEnabled() and i not in LEAVING]
        name, action = self.rng.choice(actions)
        if name == "close_clip" and self.rng.random() < 0.7:
            return "rest"
        action.trigger()
        return f"choose_action {name}"

    def use_palette(self) -> str:
        self.window.menus.actions["palette"].trigger()
        for letter in self.rng.choices(string.ascii_lowercase, k=self.rng.randrange(1, 4)):
            QTest.keyClick(self.receiver(), letter)
        for _ in range(self.rng.randrange(3)):
            QTest.keyClick(self.receiver(), Qt.Key.Key_Down)
        leave = self.rng.random() < 0.5
        QTest.keyClick(self.receiver(), Qt.Key.Key_Escape if leave or not self._safe() else Qt.Key.Key_Return)
        return "use_palette"

    def _safe(self) -> bool:
        """Tell whether the entry chosen in the palette does not end the session."""
        from rvr_laaf_app.ui.command_palette import CommandPalette

        palette = self.window.findChild(CommandPalette)
        text = palette.list.currentItem().text() if palette is not None and palette.list.currentItem() else ""
        return not any(self.window.menus.actions[i].text() in text for i in LEAVING) and text != ""

    def undo_redo(self) -> str:
        for _ in range(self.rng.randrange(1, 6)):
            self.window.menus.actions[self.rng.choice(("undo", "undo", "redo"))].trigger()
        return "undo_redo"

    def seek(self) -> str:
        self.window.stage.seek(self.rng.randrange(self.window.stage.last_index + 1))
        return "seek"

    def use_control(self) -> str:
        """Press a button of the panels, whichever is enabled."""
        buttons = [
            b
            for b in self.window.findChildren(QAbstractButton)
            if b.isVisible() and b.isEnabled() and b.window() is self.window
        ]
        if not buttons:
            return "rest"
        button = self.rng.choice(buttons)
        name = f"use_control {button.objectName()}"
        QTest.mouseClick(button, _LEFT, _NONE, button.rect().center())
        return name

    def type_text(self) -> str:
        fields = [w for w in self.window.findChildren(QWidget) if isinstance(w, QLineEdit | QAbstractSpinBox)]
        seen = [f for f in fields if f.isVisible() and f.isEnabled()]
        if not seen:
            return "rest"
        chosen = self.rng.choice(seen)
        chosen.setFocus()
        text = self.rng.choice(("1", "2.8", "-5", "99999", "0", "nan", "00:00:01:05", "äß Ω", "x" * 40, "%", "", "1e9"))
        name = f"type_text {chosen.objectName()}"
        QTest.keyClick(chosen, Qt.Key.Key_A, _CTRL)
        for letter in text:  # to whatever has the keys meanwhile: a field may end with a letter
            QTest.keyClick(self.receiver(), letter)
        QTest.keyClick(self.receiver(), self.rng.choice((Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Escape)))
        return name

    def resize(self) -> str:
        self.window.showNormal()
        self.window.resize(*self.rng.choice(SIZES))
        return "resize"

    def drop(self) -> str:
        if len(self.window.session.production.ids) >= 6:
            return "rest"
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(p)) for p in self.rng.sample(self.clips, self.rng.randrange(1, 3))])
        self.window.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, _LEFT, _NONE))
        return "drop"

    def open(self) -> str:
        self.window.files.open(str(self.rng.choice(self.clips)))
        return "open"

    def rest(self) -> str:
        QTest.qWait(self.rng.choice((1, 10, 60, 250)))
        return "rest"

    def answer_popup(self) -> str:
        """Do something with an open menu, list or question; sometimes leave it."""
        shown = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if shown is None:
            return "rest"
        name = f"answer_popup {type(shown).__name__}"
        choice = self.rng.random()
        if choice < 0.4:
            QTest.keyClick(shown, Qt.Key.Key_Escape)
        elif choice < 0.7:
            QTest.keyClick(shown, self.rng.choice((Qt.Key.Key_Down, Qt.Key.Key_Tab)))
        else:
            place = self.place_in(shown)
            found = shown.childAt(place)
            QTest.mouseClick(found or shown, _LEFT, _NONE, found.mapFrom(shown, place) if found else place)
        return name


def summary(times_ms: dict[str, list[float]]) -> str:
    """Return one line for each kind of action: how often, median, p99 and longest."""
    lines = []
    for name, taken in sorted([*times_ms.items(), ("all", [t for v in times_ms.values() for t in v])]):
        ordered = sorted(taken)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        lines.append(f"{name:16} {len(ordered):6} {ordered[len(ordered) // 2]:8.1f} {p99:8.1f} {ordered[-1]:8.1f}")
    return "\n".join(lines)


def kinds(widgets: list[QWidget]) -> Counter[str]:
    """Return how many widgets there are of each class."""
    return Counter(type(w).__name__ for w in widgets)
