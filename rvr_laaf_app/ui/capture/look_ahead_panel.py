"""The live look-ahead preview: how many seconds behind life it runs, how fast it truly is, and what it has decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QListWidget, QVBoxLayout, QWidget

from rvr_laaf_app.ui.capture import parts
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale


@dataclass(frozen=True, slots=True)
class LookAheadState:
    """running: pictures come, or will; delay_s: how far behind life they truly are (None: none has come yet).

    fps: refocused pictures a second; live_fps: those that the camera gives; problem: why it cannot run.
    """

    running: bool = False
    delay_s: float | None = None
    fps: float = 0.0
    live_fps: float = 0.0
    note: str = ""
    problem: str = ""
    waiting: bool = False


class LookAheadPanel(QWidget):
    """Shows a state; says what is wanted."""

    toggled = Signal(bool)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("look_ahead_panel")
        self._running = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(parts.label(self, "look_ahead_heading", self.tr("LOOK AHEAD"), "heading"))
        about = self.tr(
            "Shows the live picture some seconds late, with its focus already pulled to what is about to matter: "
            "the preview has seen the future of each frame it shows."
        )
        column.addWidget(parts.label(self, "look_ahead_about", about, "quiet", wrap=True))
        self.delay = SliderRow(
            "look_ahead_delay", self.tr("Seconds late"), SliderScale(1.0, 8.0, decimals=1, step=0.5), suffix=" s",
            hint=self.tr("How far the preview runs behind: as far as it can look ahead"), parent=self,
        )  # fmt: skip
        self.delay.set_value(3.0)
        self.delay.value_edited.connect(self.changed)
        column.addWidget(self.delay)
        self.f_number = SliderRow(
            "look_ahead_f", self.tr("Aperture"), SliderScale(0.7, 8.0, log=True, decimals=1, step=0.1), prefix="f/",
            parent=self,
        )  # fmt: skip
        self.f_number.set_value(1.8)
        self.f_number.value_edited.connect(self.changed)
        column.addWidget(self.f_number)
        self.start = parts.button(self, "look_ahead_start", self.tr("Start"), role="primary")
        self.start.clicked.connect(self._clicked)
        column.addWidget(self.start)
        self.state = parts.label(self, "look_ahead_state", "", "", wrap=True)
        column.addWidget(self.state)
        self.decisions = QListWidget(self)
        self.decisions.setObjectName("look_ahead_decisions")
        self.decisions.setAccessibleName(self.tr("What the focus goes to, and why"))
        self.decisions.setMaximumHeight(140)
        self.decisions.setWordWrap(True)
        self.decisions.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self.decisions)
        self.show_state(LookAheadState(), can=False)
        self.show_decisions(())

    def show_state(self, state: LookAheadState, *, can: bool) -> None:
        """Show whether it runs and how fast it truly is; can: there is a live picture."""
        self._running = state.running
        self.start.setText(self.tr("Stop") if state.running else self.tr("Start"))
        parts.set_role(self.start, "" if state.running else "primary")
        self.start.setEnabled(can or state.running)
        self.state.setText(state.problem or self._words(state))
        self.state.setVisible(bool(self.state.text()))
        parts.set_role(self.state, "problem" if state.problem else "")

    def _words(self, state: LookAheadState) -> str:
        if not state.running:
            return ""
        if state.waiting:
            return self.tr("Waiting for the camera; what was seen is kept.")
        if state.delay_s is None:
            return self.tr("Filling: the first picture comes when it has seen far enough.")
        if state.fps <= 0:
            return self.tr("{0} s late.").replace("{0}", f"{state.delay_s:.1f}")
        text = self.tr("{0} s late, {1} of {2} pictures a second.")
        for mark, value in zip(("{0}", "{1}", "{2}"), (state.delay_s, state.fps, state.live_fps), strict=True):
            text = text.replace(mark, f"{value:.1f}")
        return f"{text} {state.note}".strip()

    def show_decisions(self, rows: Sequence[str]) -> None:
        """Show what the focus went to, newest last."""
        if [self.decisions.item(n).text() for n in range(self.decisions.count())] != list(rows):
            self.decisions.clear()
            self.decisions.addItems(list(rows))
            self.decisions.scrollToBottom()
        self.decisions.setVisible(bool(rows))

    @Slot()
    def _clicked(self) -> None:
        self.toggled.emit(not self._running)
