"""The part of the inspector that offers to keep what was decided on this clip; there only if that is turned on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget


class LearningStrip(QWidget):
    """What would be added, a button, and in plain words what happens and what does not."""

    add_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("learning_strip")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        rule = QFrame(self)
        rule.setProperty("role", "rule")
        heading = QLabel(self.tr("MY DATA SET"), self)
        heading.setProperty("role", "heading")
        self.state = QLabel(self)
        self.state.setObjectName("learning_state")
        self.state.setWordWrap(True)
        self.add = QPushButton(self.tr("Add Decisions"), self)
        self.add.setObjectName("learning_add")
        self.add.clicked.connect(self.add_asked)
        self.words = QLabel(self)
        self.words.setObjectName("learning_words")
        self.words.setProperty("role", "quiet")
        self.words.setProperty("small", "true")
        self.words.setWordWrap(True)
        column.addSpacing(8)
        column.addWidget(rule)
        column.addSpacing(8)
        for widget in (heading, self.state, self.add, self.words):
            column.addWidget(widget)
        self.hide()

    def show_state(self, text: str, words: str, *, possible: bool) -> None:
        """Say what would be added, and what adding does."""
        self.state.setText(text)
        self.words.setText(words)
        self.add.setEnabled(possible)
