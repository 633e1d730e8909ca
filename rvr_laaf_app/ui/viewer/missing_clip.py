"""What stands in the place of the picture while the clip of a project is not there: which one, and where to look."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

_WIDEST_PX = 480
_EDGE_PX = 24


class MissingClip(QWidget):
    """Lies in the middle of the viewer; its button asks for the clip to be looked for."""

    find_requested = Signal()

    def __init__(self, viewer: QWidget) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self.setObjectName("missing_clip")
        self.title = self._label("title_of_missing", "strong", self.tr("This clip was not found"))
        self.path = self._label("path_of_missing", "quiet", "")
        self.kept = self._label("kept_of_missing", "", self.tr("Its targets and lens are kept."))
        self.search = QPushButton(self.tr("Find…"), self)
        self.search.setObjectName("find_missing")
        self.search.setProperty("role", "primary")
        self.search.setAccessibleName(self.tr("Find the missing clip"))
        self.search.clicked.connect(self.find_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for label in (self.title, self.path, self.kept):
            column.addWidget(label)
        column.addSpacing(10)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.search)
        line.addStretch(1)
        column.addLayout(line)
        viewer.installEventFilter(self)
        self.hide()

    def _label(self, name: str, role: str, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        if role:
            label.setProperty("role", role)
        return label

    def show_path(self, path: str | None) -> None:
        """Say which file is missing; None: the clip is there."""
        # A line of text breaks only between words: a path may break at each of its folders.
        self.path.setText("" if path is None else path.replace("/", "/\u200b").replace("\\", "\\\u200b"))
        self.setVisible(path is not None)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle of the viewer."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        viewer = self._viewer
        width = max(min(_WIDEST_PX, viewer.width() - 2 * _EDGE_PX), 1)
        layout = self.layout()
        high = layout.heightForWidth(width) if layout is not None else 0
        self.setGeometry((viewer.width() - width) // 2, max((viewer.height() - high) // 2, 0), width, high)
