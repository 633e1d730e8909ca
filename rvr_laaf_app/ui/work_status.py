"""The long work of a window, told in its bottom line: the most important job, how far it is, and cancelling it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.ui import present

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.jobs.scheduler import JobStatus
    from rvr_laaf_app.ui.files import Files
    from rvr_laaf_app.ui.status_bar import StatusLine

# The first is shown.
_ORDER = {"open": 0, "interchange": 1, "export": 2, "track": 3, "suggest": 4, "repair": 5, "analyse": 6}
_CANCELLABLE = ("open", "interchange", "export", "suggest", "repair", "analyse")


class WorkStatus(QObject):
    """Follows the jobs of one session."""

    changed = Signal()
    failed = Signal(object)  # Exception

    def __init__(self, session: Session, files: Files, line: StatusLine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._files, self._line = session, files, line
        self._jobs: dict[int, JobStatus] = {}
        self._given_up: set[int] = set()  # of openings: one that hangs in a slow disk is not shown until it ends
        line.cancel_requested.connect(self._cancel)
        session.on_job(self._job_told)

    @property
    def busy(self) -> bool:
        """Whether any job is under way or waits."""
        return bool(self._jobs)

    def _job_told(self, status: JobStatus) -> None:
        if status.finished:
            self._jobs.pop(status.id, None)
            self._given_up.discard(status.id)
        elif status.id not in self._given_up:
            self._jobs[status.id] = status
        self._show()
        self.changed.emit()

    def _shown(self) -> JobStatus | None:
        return min(self._jobs.values(), key=lambda s: (_ORDER.get(s.name, 9), s.id), default=None)

    def _show(self) -> None:
        status = self._shown()
        if status is None:
            self._line.show_work("", None, cancellable=False)
        else:
            cancellable = status.name in _CANCELLABLE
            self._line.show_work(self._text(status), status.progress.fraction, cancellable=cancellable)

    def _text(self, status: JobStatus) -> str:
        if status.name == "export":
            return self._files.export_text(status)
        names = {
            "open": self.tr("Opening {0}").replace("{0}", present.shown_name(status.subject)),
            "analyse": self.tr("Analysing depth"),
            "interchange": self.tr("Preparing {0}").replace("{0}", present.shown_name(status.subject)),
            "track": self.tr("Following the subject"),
            "suggest": self.tr("Looking for who speaks and what moves"),
            "repair": self.tr("Carrying depth repairs"),
        }
        left = present.time_left(status.left_s)
        share = status.progress.fraction
        parts = [names.get(status.name, status.name), f"{share:.0%}" if share is not None else ""]
        parts.append(self.tr("{0} left").replace("{0}", left) if left else "")
        return "   ".join(p for p in parts if p)

    @Slot()
    def _cancel(self) -> None:
        """Stop the work that is shown."""
        from rvr_laaf_app.core.errors import RvrError

        shown = self._shown()
        if shown is None:
            return
        if shown.name == "export":
            self._files.cancel_export()
        elif shown.name in ("open", "interchange"):
            self._give_up(shown)
        elif shown.name == "suggest":
            self._session.stop_suggesting()
        elif shown.name == "repair":
            self._session.stop_repairs()
        elif shown.name == "analyse":
            try:
                self._session.start_analysis().cancel()  # the one under way
            except RvrError as error:
                self.failed.emit(error)

    def _give_up(self, status: JobStatus) -> None:
        self._given_up.add(status.id)
        self._jobs.pop(status.id, None)
        self._session.cancel_job(status.id)
        self._show()
        self.changed.emit()
