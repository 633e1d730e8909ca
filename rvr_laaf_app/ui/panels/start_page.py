"""What is shown when nothing is open: how to begin, the sample clip, and what was open before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from rvr_laaf_app.document.journal import Recovery

SAMPLE_CLIP = Path(__file__).resolve().parents[3] / "resources" / "sample_clip.mp4"
_MOST_ROWS = 6
_COLUMN_PX = 600


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
        lead = self.tr("Open a clip and click a subject: it stays sharp, the rest falls out of focus.")
        layout.addWidget(self._text(lead, "lead"))
        layout.addSpacing(8)
        layout.addWidget(self._drop_field())
        self._unsaved_title = self._text(self.tr("NOT SAVED LAST TIME"), "heading")
        layout.addSpacing(16)
        layout.addWidget(self._unsaved_title)
        self._unsaved = QVBoxLayout()
        self._unsaved.setSpacing(0)
        layout.addLayout(self._unsaved)
        self._recent_title = self._text(self.tr("RECENT"), "heading")
        layout.addSpacing(16)
        layout.addWidget(self._recent_title)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        layout.addLayout(self._recent)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(column)
        middle.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)
        self.set_recent(())
        self.set_recoveries((), lambda _recovery: None)

    def _text(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        return label

    def _drop_field(self) -> QFrame:
        field = QFrame(self)
        field.setObjectName("drop_field")
        field.setProperty("role", "drop")
        self.open = QPushButton(self.tr("Open a clip or project…"), field)
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
        _clear(self._recent)
        for number, path in enumerate(paths[:_MOST_ROWS]):
            button = self._link(f"recent_{number}", Path(path).name, path)
            button.setProperty("path", path)
            button.clicked.connect(self._recent_clicked)
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(paths))

    def set_recoveries(self, recoveries: Sequence[Recovery], recover: Callable[[Recovery], None]) -> None:
        """Show work that ended without saving; a click continues it."""
        _clear(self._unsaved)
        self._recoveries, self._recover = list(recoveries[:_MOST_ROWS]), recover
        for number, recovery in enumerate(self._recoveries):
            button = self._link(f"recovery_{number}", *_description(recovery))
            button.setProperty("number", number)
            button.clicked.connect(self._recovery_clicked)
            self._unsaved.addWidget(button)
        self._unsaved_title.setVisible(bool(recoveries))

    def _link(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text.replace("&", "&&"), self)
        button.setObjectName(name)
        button.setProperty("role", "link")
        button.setToolTip(tip)
        return button

    @Slot()
    def _recovery_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self._recover(self._recoveries[int(button.property("number"))])

    @Slot()
    def _sample_clicked(self) -> None:
        self.path_chosen.emit(str(self._sample))

    @Slot()
    def _recent_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.path_chosen.emit(str(button.property("path")))


def _clear(rows: QVBoxLayout) -> None:
    while (item := rows.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _description(recovery: Recovery) -> tuple[str, str]:
    """Return the text of a link and its tip."""
    clip = recovery.project.clip
    source = str(recovery.project_path or (clip.path if clip is not None else recovery.path))
    changes = QCoreApplication.translate("StartPage", "%n change(s)", None, recovery.edits)
    return f"{Path(source).name}   {changes}", source
