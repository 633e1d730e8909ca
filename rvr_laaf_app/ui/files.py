"""Opening, saving, exporting and leaving: the questions around the session, and what the window says meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.jobs.scheduler import FinishReason, JobState
from rvr_laaf_app.ui import present
from rvr_laaf_app.ui.panels.export_dialog import ExportDialog
from rvr_laaf_app.ui.prompts import Prompts

if TYPE_CHECKING:
    from rvr_laaf_app.app.engine import ExportChoice
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.journal import Recovery
    from rvr_laaf_app.jobs.scheduler import JobStatus, Task
    from rvr_laaf_app.pipeline.export import ExportReport
    from rvr_laaf_app.ui.focus_watch import FocusWatch


class Files(QObject):
    """Acts on one session for one window."""

    failed = Signal(object)  # Exception
    problems_requested = Signal()
    export_ended = Signal(str, bool)  # what to say, and whether it is complete

    def __init__(self, session: Session, prompts: Prompts, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._prompts, self._window = session, prompts, window
        self._dialog: ExportDialog | None = None
        self._export: Task[ExportReport] | None = None
        self._focus: FocusWatch | None = None

    @property
    def exporting(self) -> bool:
        """True while an export is under way."""
        return self._export is not None and not self._export.finished

    def tell_problems_of(self, focus: FocusWatch) -> None:
        """Say in the export window what this check finds."""
        self._focus = focus

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

    # Exporting

    def show_export(self) -> None:
        """Open the export window, or bring it to the front."""
        info = self._session.clip
        if info is None:
            return
        if self._dialog is None:
            self._dialog = ExportDialog(self._prompts.export_path, self._window)
            self._dialog.export_requested.connect(self._begin_export)
            self._dialog.cancel_requested.connect(self.cancel_export)
            if self._focus is not None:
                self._dialog.set_check(self._focus.export_text)
                self._focus.changed.connect(self._dialog.show_check)
                self._dialog.problems_requested.connect(self.problems_requested)
        self._dialog.prepare(info.path, info.table.duration_s if info.table is not None else 0.0)
        self._dialog.show()
        self._dialog.activateWindow()

    @Slot(object)
    def _begin_export(self, choice: ExportChoice) -> None:
        try:
            self._export = self._session.request_export(choice)
        except RvrError as error:
            self._say(str(error), complete=False)
            return
        if self._dialog is not None:
            self._dialog.show_running(self.tr("Waiting for depth and tracking…"), None)

    @Slot()
    def cancel_export(self) -> None:
        """Stop the export; nothing half-made stays."""
        if self._export is not None:
            self._export.cancel()

    def job_told(self, status: JobStatus) -> None:
        """Show how the export goes; other jobs do not concern it."""
        if status.name != "export" or self._export is None or status.id != self._export.status.id:
            return
        if not status.finished:
            if self._dialog is not None and status.state is not JobState.QUEUED:
                self._dialog.show_running(self.export_text(status), status.progress.fraction)
            return
        if status.reason is FinishReason.COMPLETED:
            self._say(self.tr("Done: {0}").replace("{0}", status.subject), complete=True)
        elif status.reason is FinishReason.CANCELLED:
            self._say(self.tr("Cancelled. Nothing half-made was left behind."), complete=False)
        else:
            self._say(str(status.error), complete=False)

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

    def _say(self, text: str, *, complete: bool) -> None:
        if self._dialog is not None:
            self._dialog.show_finished(text, complete=complete)
        self.export_ended.emit(text, complete)
