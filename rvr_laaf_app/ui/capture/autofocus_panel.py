"""Asking for focus: by which method, on which region, once or all the time; and what the last run did, look by look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QListWidget, QVBoxLayout, QWidget

from rvr_laaf_app.ui.capture import parts

REGIONS = ("nearest", "whole", "box", "face", "follow")
_ROWS_PX = 104


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """A way to focus: its id, what it is called, and why it cannot be used here ("" = it can)."""

    name: str
    title: str
    reason: str = ""


class AutofocusPanel(QWidget):
    """Shows methods, region and the trace; says what is wanted."""

    focus_wanted = Signal()
    stop_wanted = Signal()
    keep_toggled = Signal(bool)
    method_chosen = Signal(str)
    region_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("autofocus_panel")
        self._running = False
        self._can = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(parts.label(self, "autofocus_heading", self.tr("AUTOFOCUS"), "heading"))
        column.addLayout(self._choices())
        self.hint = parts.label(self, "region_hint", "", "quiet", wrap=True)
        column.addWidget(self.hint)
        self.focus = parts.button(self, "focus_now", self.tr("Focus"), role="primary")
        self.focus.clicked.connect(self._focus)
        self.keep = parts.button(
            self, "keep_focused", self.tr("Keep Focused"), self.tr("Focus again whenever the subject leaves the plane")
        )
        self.keep.setCheckable(True)
        self.keep.toggled.connect(self.keep_toggled)
        column.addLayout(parts.line(self.focus, self.keep))
        self.answer = parts.label(self, "autofocus_answer", "", "quiet", wrap=True)
        column.addWidget(self.answer)
        self.trace = QListWidget(self)
        self.trace.setObjectName("autofocus_trace")
        self.trace.setAccessibleName(self.tr("Looks of the last autofocus run"))
        self.trace.setMaximumHeight(_ROWS_PX)
        self.trace.hide()
        column.addWidget(self.trace)
        self.show_region("nearest")

    def _choices(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        self.method = parts.choice(self, "autofocus_method", self.tr("Autofocus method"), ())
        self.method.currentIndexChanged.connect(self._method_changed)
        regions = (
            ("nearest", self.tr("Nearest subject")),
            ("whole", self.tr("Middle of the picture")),
            ("box", self.tr("Box")),
            ("face", self.tr("Face")),
            ("follow", self.tr("Followed subject")),
        )
        self.region = parts.choice(self, "autofocus_region", self.tr("Where to focus"), regions)
        self.region.currentIndexChanged.connect(self._region_changed)
        rows: tuple[tuple[str, QWidget], ...] = ((self.tr("Method"), self.method), (self.tr("On"), self.region))
        for row, (title, box) in enumerate(rows):
            name = QLabel(title, self)
            name.setBuddy(box)
            grid.addWidget(name, row, 0)
            grid.addWidget(box, row, 1)
        grid.setColumnStretch(1, 1)
        return grid

    # What is shown

    def show_methods(self, methods: Sequence[MethodChoice], chosen: str) -> None:
        """Offer these methods; those that cannot be used here are there, but cannot be chosen."""
        with QSignalBlocker(self.method):
            self.method.clear()
            for place, choice in enumerate(methods):
                self.method.addItem(choice.title, choice.name)
                if choice.reason:
                    item = self.method.model().index(place, 0)
                    self.method.model().setData(item, 0, 0x0100 - 1)  # Qt.UserRole - 1: the flags of a simple entry
                    self.method.setItemData(place, choice.reason, 3)  # Qt.ToolTipRole
            parts.choose(self.method, chosen)

    def show_region(self, region: str, *, faces: int | None = None) -> None:
        """Show where is focused; faces: how many are in the picture, None = nobody looked."""
        with QSignalBlocker(self.region):
            parts.choose(self.region, region)
        hints = {
            "nearest": self.tr("The nearest thing with detail is looked for; click or drag to choose another."),
            "whole": self.tr("Click or drag in the picture to focus on a part of it."),
            "box": self.tr("Click or drag in the picture to move the box."),
            "face": self.tr("No face is seen now: the middle is used."),
            "follow": self.tr("Click a subject: the box follows it, and focus with Keep Focused."),
        }
        if region == "face" and faces:
            hints["face"] = self.tr("The largest face; click another one to choose it.")
        self.hint.setText(hints.get(region, ""))

    def show_running(self, running: bool, *, can: bool, keeping: bool = False) -> None:
        """Turn the button into one that stops; can: a lens that can be driven is there."""
        self._running, self._can = running, can
        self.focus.setText(self.tr("Stop") if running else self.tr("Focus"))
        parts.set_role(self.focus, "" if running else "primary")
        self.focus.setEnabled(can or running)
        self.keep.setEnabled(can or keeping)
        with QSignalBlocker(self.keep):
            self.keep.setChecked(keeping)

    def show_trace(self, rows: Sequence[str], answer: str, *, good: bool | None) -> None:
        """Show the looks of a run in words, and its answer; good None: it is still looking, or was stopped."""
        self.trace.clear()
        self.trace.addItems(list(rows))
        self.trace.setVisible(bool(rows))
        self.trace.scrollToBottom()
        self.answer.setText(answer)
        self.answer.setVisible(bool(answer))
        parts.set_role(self.answer, {True: "good", False: "problem", None: "quiet"}[good])

    @Slot(int)
    def _method_changed(self, _place: int) -> None:
        self.method_chosen.emit(self.method.currentData())

    @Slot(int)
    def _region_changed(self, _place: int) -> None:
        self.region_chosen.emit(self.region.currentData())

    @Slot()
    def _focus(self) -> None:
        if self._running:
            self.stop_wanted.emit()
        else:
            self.focus_wanted.emit()
