"""Opening, saving and leaving: the questions around the session, and what the window says meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui import present
from rvr_laaf_app.ui.prompts import Prompts

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.journal import Recovery
    from rvr_laaf_app.jobs.scheduler import JobStatus


class Files(QObject):
    """Acts on one session for one window."""

    failed = Signal(object)  # Exception
    problems_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, session: Session, prompts: Prompts, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._prompts, self._window = session, prompts, window

    @property
    def prompts(self) -> Prompts:
        """What the user is asked with."""
        return self._prompts

    # Opening

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        path = self._prompts.open_path(self._window)
        if path:
            self.open(path)

    @Slot(str)
    def open(self, path: str) -> None:
        """Open a clip or a project, after the question about unsaved changes."""
        if self.may_leave():
            self._attempt_open(path)

    def _attempt_open(self, path: str) -> None:
        try:
            self._session.open(path)
        except RvrError as error:
            self.failed.emit(error)

    def recover(self, recovery: Recovery) -> None:
        """Open work that was not saved."""
        try:
            self._session.recover(recovery)
        except RvrError as error:
            self.failed.emit(error)

    def relink(self) -> None:
        """Ask where the project's clip is now."""
        path = self._prompts.open_path(self._window)
        if not path:
            return
        try:
            self._session.relink(path)
        except RvrError as error:
            self.failed.emit(error)

    def close_clip(self) -> None:
        """Go back to the start page."""
        if self.may_leave():
            self._session.new()

    # Saving

    def save(self) -> bool:
        """Save under the project's name, or ask for one; False if it was not saved."""
        if self._session.path is None or self._session.read_only:
            return self.save_as()
        return self._save(None)

    def save_as(self) -> bool:
        """Ask for a name and save."""
        clip = self._session.project.clip
        beside = Path(clip.path).with_suffix(".rvr") if clip is not None else Path("project.rvr")
        path = self._prompts.save_path(self._window, str(self._session.path or beside))
        return bool(path) and self._save(path)

    def _save(self, path: str | None) -> bool:
        try:
            self._session.save(path)
        except RvrError as error:
            self.failed.emit(error)
            return False
        return True

    def may_leave(self) -> bool:
        """Ask about unsaved changes if there are any; False if the user wants to stay."""
        if not self._session.modified:
            return True
        answer = self._prompts.unsaved(self._window, self._session.title)
        if answer == "save":
            return self.save()
        if answer == "discard":
            self._session.discard_changes()
        return answer != "cancel"

    # Exporting: the queue does it, see export_feature

    @Slot()
    def cancel_export(self) -> None:
        """Ask for the end of the export under way; nothing half-made stays."""
        self.cancel_requested.emit()

    def export_text(self, status: JobStatus) -> str:
        """Return "Exporting  34 %  1 min 20 s left"."""
        names = {
            "exporting": self.tr("Exporting"), "analysing": self.tr("Analysing depth first"),
            "tracking": self.tr("Following the subjects first"),
        }  # fmt: skip
        what = names.get(status.progress.message, self.tr("Checking the result"))
        share = status.progress.fraction
        left = present.time_left(status.left_s)
        parts = [
            what,
            f"{share:.0%}" if share is not None else "",
            self.tr("{0} left").replace("{0}", left) if left else "",
        ]
        return "   ".join(p for p in parts if p)
