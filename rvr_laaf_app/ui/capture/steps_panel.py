"""The first part of the assistant for a lens that moves by steps of several sizes: what these are worth."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from rvr_laaf_app.ui.capture import parts


class StepsPanel(QWidget):
    """Says what is known of the steps, and measures them; hidden for a lens whose steps are all alike."""

    learn_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps_panel")
        self._running = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(8)
        column.addWidget(parts.label(self, "steps_heading", self.tr("STEPS OF THE LENS"), "heading"))
        self.known = parts.label(self, "steps_known", "", "", wrap=True)
        column.addWidget(self.known)
        how = self.tr(
            "Aim at something with detail, in steady light, and drive the lens until it is a little too near."
        )
        column.addWidget(parts.label(self, "steps_how", how, "quiet", wrap=True))
        self.learn = parts.button(
            self,
            "learn_steps",
            self.tr("Measure Steps"),
            self.tr("Find out by looking what each size of step is worth"),
        )
        self.learn.clicked.connect(self._clicked)
        column.addWidget(self.learn)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("steps_bar")
        self.bar.setAccessibleName(self.tr("The steps are being measured"))
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)  # how long it takes is not known before
        column.addWidget(self.bar)
        self.state = parts.label(self, "steps_state", "", "", wrap=True)
        column.addWidget(self.state)
        column.addWidget(parts.rule(self))
        self.hide()

    def show_steps(self, sizes: str, *, running: bool, can: bool, text: str = "", problem: bool = False) -> None:
        """Show what is known. sizes: as a FocusDrive has it; text: what came of the last time."""
        self.setVisible(bool(sizes))
        self._running = running
        known = {
            "assumed": self.tr("This lens moves by steps of several sizes. What they are worth is assumed."),
            "learned": self.tr("This lens moves by steps of several sizes, which were measured."),
        }
        self.known.setText(known.get(sizes, ""))
        self.learn.setText(self.tr("Stop") if running else self.tr("Measure Steps"))
        parts.set_role(self.learn, "primary" if sizes == "assumed" and not running else "")
        self.learn.setEnabled(can or running)
        self.bar.setVisible(running)
        self.state.setText(text)
        self.state.setVisible(bool(text))
        parts.set_role(self.state, "problem" if problem else "")

    @Slot()
    def _clicked(self) -> None:
        if self._running:
            self.stop_wanted.emit()
        else:
            self.learn_wanted.emit()
