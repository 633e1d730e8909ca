"""What is shown before a folder is open: what this window is for, and the way to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

_WIDE_PX = 520


class EmptyPage(QWidget):
    """A title, two sentences, a button."""

    folder_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_empty")
        inner = QWidget(self)
        inner.setFixedWidth(_WIDE_PX)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        title = QLabel(self.tr("Annotate focus targets"), inner)
        title.setProperty("role", "title")
        lead = QLabel(
            self.tr(
                "Choose a folder of short clips. Watch each one, and click who or what should be in focus from which"
                " moment on. What you set is saved at once, in the folder vaf beside the clips."
            ),
            inner,
        )
        lead.setProperty("role", "lead")
        lead.setWordWrap(True)
        button = QPushButton(self.tr("Open Folder of Clips…"), inner)
        button.setObjectName("empty_open")
        button.setProperty("role", "primary")
        button.clicked.connect(self.folder_asked)
        column.addWidget(title)
        column.addWidget(lead)
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inner)
        row.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addLayout(row)
        outer.addStretch(3)
