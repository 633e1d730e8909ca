"""What is shown when nothing is open: how to begin, the sample clip, and what was open before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from rvr_laaf_app.ui import theme

SAMPLE_CLIP = Path(__file__).resolve().parents[3] / "resources" / "sample_clip.mp4"
_MOST_RECENT = 6
_COLUMN_PX = 520


class StartPage(QWidget):
    """Buttons that ask for a file, and the recent ones by name."""

    open_requested = Signal()
    path_chosen = Signal(str)

    def __init__(self, sample: Path = SAMPLE_CLIP, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start_page")
        self.setProperty("role", "surround")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._sample = sample
        column = QWidget(self)
        column.setFixedWidth(_COLUMN_PX)
        layout = QVBoxLayout(column)
        layout.setSpacing(8)
        layout.addWidget(self._text(self.tr("Put focus into your clip"), "title"))
        lead = self._text(
            self.tr("Open a clip, click a subject, and it stays sharp while the rest falls out of focus."), "lead"
        )
        layout.addWidget(lead)
        layout.addSpacing(8)
        layout.addWidget(self._drop_field())
        self._recent_title = self._text(self.tr("RECENT"), "heading")
        layout.addSpacing(16)
        layout.addWidget(self._recent_title)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        layout.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)
        self.set_recent(())

    def _text(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        return label

    def _drop_field(self) -> QFrame:
        field = QFrame(self)
        field.setObjectName("drop_field")
        field.setProperty("role", "drop")
        self.open = QPushButton(theme.icon("open", "on_accent"), self.tr("Open a clip or project…"), field)
        self.open.setObjectName("start_open")
        self.open.setProperty("role", "primary")
        self.open.clicked.connect(self.open_requested)
        self.sample = QPushButton(self.tr("Open the sample clip"), field)
        self.sample.setObjectName("start_sample")
        self.sample.setVisible(self._sample.exists())
        self.sample.clicked.connect(self._sample_clicked)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.open)
        buttons.addWidget(self.sample)
        buttons.addStretch(1)
        layout = QVBoxLayout(field)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        layout.addLayout(buttons)
        layout.addWidget(self._text(self.tr("or drop a video, a photo or an .rvr project here"), "quiet"))
        return field

    def set_recent(self, paths: tuple[str, ...]) -> None:
        """Show files that were open before, newest first."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, path in enumerate(paths[:_MOST_RECENT]):
            button = QPushButton(Path(path).name.replace("&", "&&"), self)
            button.setObjectName(f"recent_{number}")
            button.setProperty("role", "link")
            button.setToolTip(path)
            button.setProperty("path", path)
            button.clicked.connect(self._recent_clicked)
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(paths))

    @Slot()
    def _sample_clicked(self) -> None:
        self.path_chosen.emit(str(self._sample))

    @Slot()
    def _recent_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.path_chosen.emit(str(button.property("path")))
