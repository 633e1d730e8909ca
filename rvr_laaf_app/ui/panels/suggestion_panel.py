"""The part of the inspector where suggestions are asked for and decided on: what, why, how sure, what came second."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

MODES = ("auto", "conversation", "action")


@dataclass(frozen=True, slots=True)
class SuggestionText:
    """The chosen suggestion in words; place: "2 of 5"."""

    place: str
    reason: str
    facts: str
    runner_up: str = ""


class SuggestionPanel(QWidget):
    """Shows what it is told; says what the user wants: a mode, or one of the actions by its id."""

    asked = Signal(str)  # mode
    stop_asked = Signal()
    action_asked = Signal(str)

    def __init__(self, step_actions: Collection[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("suggestion_panel")
        self._running = False
        self._make(step_actions)
        self._arrange()
        self.mode.activated.connect(self._mode_chosen)
        self.ask.clicked.connect(self._ask_clicked)
        for button in self.buttons.values():
            button.clicked.connect(self._clicked)
        self.show_chosen(None)
        self.show_state("", running=False, open_count=0, refused_count=0)

    def _make(self, step_actions: Collection[QAction]) -> None:
        self.heading = QLabel(self.tr("SUGGESTIONS"), self)
        self.heading.setProperty("role", "heading")
        self.place = self._label("suggestion_place", quiet=True)
        self.steps = []
        for action in step_actions:
            step = QToolButton(self)
            step.setObjectName(f"{action.objectName()}_button")
            step.setDefaultAction(action)
            step.setProperty("role", "flat")
            step.setAccessibleName(action.text().replace("&", ""))
            step.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.steps.append(step)
        self.mode = QComboBox(self)
        self.mode.setObjectName("suggestion_mode")
        self.mode.setAccessibleName(self.tr("What to look for"))
        self.mode.setToolTip(self.tr("Who speaks, what moves, or both, shot by shot"))
        self.mode.addItems([self.tr("Automatic"), self.tr("Conversation"), self.tr("Action")])
        self.ask = QPushButton(self)
        self.ask.setObjectName("suggest_button")
        self.state = self._label("suggestion_state", quiet=True)
        self.reason = self._label("suggestion_reason")
        self.facts = self._label("suggestion_facts", quiet=True)
        self.second = self._label("suggestion_runner_up", quiet=True)
        texts = {
            "accept_target": self.tr("Accept"),
            "swap_suggestion": self.tr("Swap"),
            "refuse_target": self.tr("Refuse"),
            "accept_all": self.tr("Accept all"),
            "bring_back": self.tr("Bring back"),
        }
        self.buttons = {name: self._button(name, text) for name, text in texts.items()}

    def _label(self, name: str, *, quiet: bool = False) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        if quiet:
            label.setProperty("role", "quiet")
        return label

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"{name}_button")
        button.setProperty("asks", name)
        return button

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        rule = QFrame(self)
        rule.setProperty("role", "rule")
        column.addSpacing(8)
        column.addWidget(rule)
        column.addSpacing(8)
        top = QHBoxLayout()
        top.setSpacing(0)
        self.place.setWordWrap(False)
        top.addWidget(self.heading)
        top.addSpacing(8)
        top.addWidget(self.place, 1)
        for step in self.steps:
            top.addWidget(step)
        column.addLayout(top)
        asking = QHBoxLayout()
        asking.addWidget(self.mode, 1)
        asking.addWidget(self.ask, 1)
        column.addLayout(asking)
        for label in (self.state, self.reason, self.facts, self.second):
            column.addWidget(label)
        for row in (("accept_target", "swap_suggestion", "refuse_target"), ("accept_all", "bring_back")):
            line = QHBoxLayout()
            for name in row:
                line.addWidget(self.buttons[name], 1)
            column.addLayout(line)

    def show_state(self, text: str, *, running: bool, open_count: int, refused_count: int) -> None:
        """Say how the search stands; while it runs the button stops it."""
        self._running = running
        self.state.setText(text)
        self.state.setVisible(bool(text))
        self.ask.setText(self.tr("Stop") if running else self.tr("Suggest focus"))
        self.ask.setAccessibleName(self.tr("Stop looking") if running else self.tr("Suggest focus"))
        self.buttons["accept_all"].setVisible(open_count > 1)
        back = self.buttons["bring_back"]
        back.setText(self.tr("Bring back {0}").replace("{0}", str(refused_count)))
        back.setToolTip(self.tr("Offer again what was refused"))
        back.setVisible(refused_count > 0)
        for step in self.steps:
            step.setVisible(open_count > 0)

    def show_mode(self, mode: str) -> None:
        """Show which mode the suggestions are of; tells nobody."""
        with QSignalBlocker(self.mode):
            self.mode.setCurrentIndex(MODES.index(mode))

    def show_chosen(self, text: SuggestionText | None) -> None:
        """Show why one was suggested; None: none is chosen."""
        shown = text if text is not None else SuggestionText("", "", "")
        self.place.setText(shown.place)
        self.reason.setText(shown.reason)
        self.facts.setText(shown.facts)
        self.second.setText(self.tr("Else: {0}").replace("{0}", shown.runner_up))
        for label in (self.reason, self.facts):
            label.setVisible(text is not None)
        self.second.setVisible(bool(shown.runner_up))
        for name in ("accept_target", "swap_suggestion", "refuse_target"):
            self.buttons[name].setVisible(text is not None)

    def enable(self, possible: dict[str, QAction]) -> None:
        """Let the buttons be as possible as the actions that they stand for, with their keys in the tips."""
        for name, button in self.buttons.items():
            button.setEnabled(possible[name].isEnabled())
            button.setToolTip(possible[name].toolTip())
        self.ask.setEnabled(possible["suggest_auto"].isEnabled())
        self.mode.setEnabled(possible["suggest_auto"].isEnabled())

    @Slot(int)
    def _mode_chosen(self, number: int) -> None:
        self.asked.emit(MODES[number])

    @Slot()
    def _ask_clicked(self) -> None:
        if self._running:
            self.stop_asked.emit()
        else:
            self.asked.emit(MODES[self.mode.currentIndex()])

    @Slot()
    def _clicked(self) -> None:
        self.action_asked.emit(str(self.sender().property("asks")))
