"""What is shown before a folder is open: what this window is for, and the way to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyPage(QWidget):
    """A title, two sentences, a button."""

    folder_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_empty")
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(2)
        title = QLabel(self.tr("Annotate focus targets"), self)
        title.setProperty("role", "title")
        lead = QLabel(
            self.tr(
                "Choose a folder of short clips. Watch each one, and click who or what should be in focus from which"
                " moment on. What you set is saved at once, in the folder vaf beside the clips."
            ),
            self,
        )
        lead.setProperty("role", "lead")
        lead.setWordWrap(True)
        lead.setMaximumWidth(560)
        lead.setMinimumWidth(420)
        button = QPushButton(self.tr("Open Folder of Clips…"), self)
        button.setObjectName("empty_open")
        button.setProperty("role", "primary")
        button.clicked.connect(self.folder_asked)
        for widget in (title, lead, button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
