"""The bottom line: what is being worked on and how far it is, facts of the clip, and whether the project is saved."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from rvr_laaf_app.ui import theme


class StatusLine(QStatusBar):
    """Shows texts that it is given."""

    cancel_requested = Signal()
    problems_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self.work = self._label("work_status")
        self.bar = QProgressBar(self)
        self.bar.setObjectName("work_bar")
        self.bar.setFixedWidth(120)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.cancel = QToolButton(self)
        self.cancel.setObjectName("cancel_work")
        self.cancel.setProperty("role", "flat")
        self.cancel.setIcon(theme.icon("close", size_px=12))
        self.cancel.setToolTip(self.tr("Cancel"))
        self.cancel.setAccessibleName(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancel_requested)
        self.problems = QToolButton(self)
        self.problems.setObjectName("problem_count")
        self.problems.setProperty("role", "flat")
        self.problems.setToolTip(self.tr("Show the problems"))
        self.problems.clicked.connect(self.problems_requested)
        self.facts = self._label("clip_facts")
        self.saved = self._label("saved_state")
        for part in (self.work, self.bar, self.cancel):
            self.addWidget(part)
        self.addPermanentWidget(self.problems)
        self.addPermanentWidget(self.facts)
        self.addPermanentWidget(self.saved)
        self._has_share = self._cancellable = False
        self.messageChanged.connect(self._lay_out)
        self._lay_out()
        self.show_problems("", found=False)

    def _label(self, name: str) -> QLabel:
        label = QLabel("", self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(theme.tabular_font())
        return label

    def show_problems(self, text: str, *, found: bool) -> None:
        """Show how many focus problems there are; nothing for an empty text."""
        self.problems.setText(text)
        self.problems.setVisible(bool(text))
        if self.problems.property("problem") != found:
            self.problems.setProperty("problem", found)
            self.problems.style().polish(self.problems)

    def show_work(self, text: str, fraction: float | None, *, cancellable: bool) -> None:
        """Show what goes on; fraction None hides the bar."""
        self.work.setText(text)
        self._has_share, self._cancellable = fraction is not None, cancellable
        if fraction is not None:
            self.bar.setValue(round(fraction * 1000))
        self._lay_out()

    @Slot()
    def _lay_out(self) -> None:
        """Show the parts of the work, unless a message is in their place: they would be drawn over it."""
        if not self.currentMessage():
            self.bar.setVisible(self._has_share)
            self.cancel.setVisible(self._cancellable)
