"""Focus to and from other programs as a feature of the window: two small windows, and what is told when one is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Slot

from rvr_laaf_app.app.interchange_work import FocusFile, ReadFocus, read_focus_job
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus, Task
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.focus_export_dialog import FocusExportDialog
from rvr_laaf_app.ui.panels.focus_import_dialog import FocusImportDialog

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow

_READABLE: Final = "*.json *.csv *.otio *.fcpxml"


class InterchangeFeature(Feature):
    """Binds export and import of focus."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.dialog: FocusExportDialog | None = None
        self._end = window.session.on_job(self._job_told)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {"export_focus": self.show_export, "import_focus": self.ask_import}

    def ask_to_end(self) -> None:
        """Hear no more of the session."""
        self._end()

    def show_export(self) -> None:
        """Open the window for writing, or bring it to the front."""
        session = self._window.session
        clip = session.project.clip
        if clip is None:
            raise UsageError("there is no clip", remedy="Open one first.")
        if self.dialog is None:
            self.dialog = FocusExportDialog(self._window.files.prompts.export_path, self._window)
            self.dialog.wanted.connect(self._write)
            self._window.keep_keys(self.dialog)
        self.dialog.prepare(clip.path, len(session.project.targets))
        self.dialog.show()
        self.dialog.activateWindow()

    @Slot(object)
    def _write(self, wish: FocusFile) -> None:
        assert self.dialog is not None
        try:
            self._window.session.write_focus(wish)
        except RvrError as error:
            self.dialog.say(str(error))
        else:
            self.dialog.hide()

    def _job_told(self, status: JobStatus) -> None:
        if status.name == "interchange" and status.reason is FinishReason.COMPLETED:
            self._window.say(self.tr("Written: {0}").replace("{0}", status.subject))

    def ask_import(self) -> None:
        """Ask for a file, read it, and show what would come of it."""
        title = self.tr("Import focus")
        kinds = f"{self.tr('Focus targets')} ({_READABLE})"
        path = self._window.files.prompts.open_file(self._window, title, kinds)
        if path:
            self._window.error_bar.clear()  # of a file that was tried before
            self._window.session.run(read_focus_job(path), "read", subject=str(Path(path)), done=self._read)

    def _read(self, task: Task[ReadFocus]) -> None:
        if task.status.reason is FinishReason.COMPLETED:  # what is wrong with a file is told by the session
            FocusImportDialog(self._window.session, task.result(0), self._window).open()
