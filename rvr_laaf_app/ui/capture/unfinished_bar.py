"""The line that offers an interrupted sweep: what there is of it, going on, using it as it is, leaving it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from rvr_laaf_app.ui.capture import parts


@dataclass(frozen=True, slots=True)
class UnfinishedOffer:
    """What is told, and what can be done: can_go_on with the camera that is there, usable as it is."""

    title: str
    text: str
    can_go_on: bool
    usable: bool


class UnfinishedBar(QFrame):
    """Shows one offer; hidden without one."""

    go_on_wanted = Signal()
    use_wanted = Signal()
    leave_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("unfinished_bar")
        self.setProperty("role", "wait")
        self._offer: UnfinishedOffer | None = None
        self.title = parts.label(self, "unfinished_title", "", "strong", wrap=True)
        self.text = parts.label(self, "unfinished_text", "", "", wrap=True)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for part in (self.title, self.text):
            part.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            texts.addWidget(part)
        self.go_on = parts.button(
            self, "unfinished_go_on", self.tr("Go On"), self.tr("Capture the pictures that are missing"), role="primary"
        )
        self.use = parts.button(
            self, "unfinished_use", self.tr("Use as It Is"), self.tr("Put the pictures together that are there")
        )
        self.leave = parts.button(
            self, "unfinished_leave", self.tr("Leave"), self.tr("Do not offer it again; its pictures stay on the disk")
        )
        self.go_on.clicked.connect(self.go_on_wanted)
        self.use.clicked.connect(self.use_wanted)
        self.leave.clicked.connect(self.leave_wanted)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 12, 8)
        line.setSpacing(8)
        line.addLayout(texts, 1)
        for act in (self.go_on, self.use, self.leave):
            line.addWidget(act)
        self.hide()

    @property
    def offer(self) -> UnfinishedOffer | None:
        """What is shown."""
        return self._offer

    def show_offer(self, offer: UnfinishedOffer | None) -> None:
        """Show this; None: nothing was interrupted."""
        if offer == self._offer:
            return
        self._offer = offer
        self.setVisible(offer is not None)
        if offer is None:
            return
        self.title.setText(offer.title)
        self.text.setText(offer.text)
        self.go_on.setEnabled(offer.can_go_on)
        self.use.setVisible(offer.usable)
