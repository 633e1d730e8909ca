"""The earlier saves of a project: when, with how many clips and targets; one of them is opened as a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.backups import Version, versions_job
from rvr_laaf_app.jobs.scheduler import FinishReason
from rvr_laaf_app.ui.plural import counted

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.jobs.scheduler import Task

_ROW = Qt.ItemDataRole.UserRole


class VersionsDialog(QDialog):
    """Lists what was saved before, newest first. open_version is called with the number of the one to open.

    path: of the project; None = the one that is open.
    """

    def __init__(
        self,
        session: Session,
        open_version: Callable[[int], object],
        parent: QWidget | None = None,
        *,
        path: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("versions_dialog")
        self.setWindowTitle(self.tr("Earlier versions"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(480, 360)
        self._open_version = open_version
        path = path or session.path
        lead = QLabel(path.name if path is not None else "", self)
        lead.setProperty("role", "strong")
        lead.setTextFormat(Qt.TextFormat.PlainText)
        self.text = QLabel(self.tr("Reading…"), self)
        self.text.setObjectName("versions_text")
        self.text.setProperty("role", "quiet")
        self.text.setWordWrap(True)
        self.rows = QListWidget(self)
        self.rows.setObjectName("versions_rows")
        self.rows.setAccessibleName(self.tr("Earlier versions"))
        self.rows.itemActivated.connect(self._open)
        self.open_button = QPushButton(self.tr("Open as a Copy"), self)
        self.open_button.setObjectName("versions_open")
        self.open_button.setProperty("role", "primary")
        self.open_button.setEnabled(False)
        self.open_button.clicked.connect(self._open)
        cancel = QPushButton(self.tr("Cancel"), self)
        cancel.setObjectName("versions_cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(self.open_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        for part in (lead, self.text, self.rows):
            layout.addWidget(part)
        layout.addLayout(line)
        self._task = session.run(versions_job(path), "versions", done=self._read) if path is not None else None

    def done(self, result: int) -> None:
        """Break off the reading."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        super().done(result)

    def _read(self, task: Task[tuple[Version, ...]]) -> None:
        if self._task is not task:  # closed meanwhile
            return
        self._task = None
        versions = task.result(0) if task.status.reason is FinishReason.COMPLETED else ()
        for version in versions:
            item = QListWidgetItem(self._line(version))
            item.setData(_ROW, version.generation)
            self.rows.addItem(item)
        self.rows.setCurrentRow(0)
        self.open_button.setEnabled(bool(versions))
        self.text.setText(
            self.tr(
                "The chosen one is opened beside the project, which stays as it is. Save it under a name to keep it."
            )
            if versions
            else self.tr("There are no earlier versions of this project yet: one is kept with every save.")
        )

    def _line(self, version: Version) -> str:
        when = QDateTime.fromSecsSinceEpoch(int(version.saved_s)).toString("yyyy-MM-dd  HH:mm")
        clips = counted(self.tr, "1 clip", "{0} clips", version.clips)
        targets = counted(self.tr, "1 target", "{0} targets", version.targets)
        return f"{when}    {clips}, {targets}    " + self.tr("save {0}").replace("{0}", str(version.generation))

    @Slot()
    def _open(self) -> None:
        item = self.rows.currentItem()
        if item is not None:
            generation = int(item.data(_ROW))
            self.accept()
            self._open_version(generation)
