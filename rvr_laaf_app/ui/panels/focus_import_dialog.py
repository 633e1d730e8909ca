"""The question before targets of a file join a clip: what would come of it. Nothing changes before "Import"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.plural import counted

if TYPE_CHECKING:
    from rvr_laaf_app.app.interchange_work import ReadFocus
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.interchange.incoming import Outcome


class FocusImportDialog(QDialog):
    """Shows what a file holds, and imports it into the shown clip."""

    def __init__(self, session: Session, read: ReadFocus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("focus_import_dialog")
        self.setWindowTitle(self.tr("Import focus"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        self._session, self._read = session, read
        lead = self._label("import_lead", "strong")
        lead.setText(Path(read.path).name)
        about = self._label("import_about", "quiet")
        about.setText(self._about())
        self.replace = self._check("import_replace", self.tr("Remove the targets that are not in the file"))
        self.lens = self._check("import_lens", self.tr("Take the lens too"))
        self.lens.setVisible(read.incoming.has_lens)
        self.outcome = self._label("import_outcome", "")
        self.notes = self._label("import_notes", "quiet")
        self.take = QPushButton(self.tr("Import"), self)
        self.take.setObjectName("import_take")
        self.take.setProperty("role", "primary")
        self.take.setDefault(True)
        self.take.clicked.connect(self._take)
        cancel = QPushButton(self.tr("Cancel"), self)
        cancel.setObjectName("import_cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(self.take)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        for part in (lead, about, self.replace, self.lens, self.outcome, self.notes):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addLayout(line)
        self._ends = (session.on_change(lambda _change: self._show()), session.on_clip(self._show))
        self._show()

    def _label(self, name: str, role: str) -> QLabel:
        label = QLabel("", self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("role", role)
        return label

    def _check(self, name: str, text: str) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(name)
        box.toggled.connect(self._show)
        return box

    def done(self, result: int) -> None:
        """Hear no more of the session."""
        for end in self._ends:
            end()
        super().done(result)

    def _about(self) -> str:
        held = self._read.incoming
        count = len(held.project.targets)
        targets = counted(self.tr, "1 target", "{0} targets", count) if count else self.tr("no targets")
        parts = [self._read.title, targets]
        if held.has_lens:
            parts.append(self.tr("lens"))
        if held.project.tracks:
            parts.append(counted(self.tr, "1 track", "{0} tracks", len(held.project.tracks)))
        return ", ".join(parts)

    def _would(self) -> Outcome:
        return self._session.would_import(
            self._read.incoming, replace_all=self.replace.isChecked(), with_lens=self.lens.isChecked()
        )

    @Slot()
    def _show(self) -> None:
        """Say what an import would come to now."""
        try:
            outcome = self._would()
        except RvrError as error:
            self._say(_sentence(error.what), (), role="problem")
            self.take.setEnabled(False)
            return
        project = self._session.project
        there = {t.id for t in project.targets}
        taken = set(outcome.taken)
        gone = len(there) - len({t.id for t in outcome.project.targets} & there)
        parts = [
            counted(self.tr, "1 target is added.", "{0} targets are added.", len(taken - there))
            if taken - there
            else "",
            counted(
                self.tr, "1 takes the place of one that is there.", "{0} take the place of those that are there.",
                len(taken & there),
            )
            if taken & there
            else "",
            counted(self.tr, "1 is removed.", "{0} are removed.", gone) if gone else "",
        ]  # fmt: skip
        changes = outcome.project is not project
        text = " ".join(p for p in parts if p) if changes else self.tr("All of it is in the clip already.")
        self._say(text, outcome.notes)
        self.take.setEnabled(changes)

    def _say(self, text: str, notes: tuple[str, ...], *, role: str = "") -> None:
        self.outcome.setText(text)
        if self.outcome.property("role") != role:
            self.outcome.setProperty("role", role)
            self.outcome.style().polish(self.outcome)
        self.notes.setText("\n".join(_sentence(note) for note in notes))
        self.notes.setVisible(bool(notes))

    @Slot()
    def _take(self) -> None:
        try:
            self._session.import_focus(
                self._read.incoming, replace_all=self.replace.isChecked(), with_lens=self.lens.isChecked()
            )
        except RvrError as error:
            self._say(_sentence(error.what), (), role="problem")
            return
        self.accept()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
