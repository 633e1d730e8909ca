"""Opening, saving and leaving: the questions around the session, and what the window says meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.app.clip_files import clip_files, is_sweep
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
    sweep_requested = Signal(str)  # a folder with a captured focus sweep was opened or dropped

    def __init__(self, session: Session, prompts: Prompts, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._prompts, self._window = session, prompts, window
        self._asked: Path | None = None  # the project of which was told that another window has it

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
        """Open a clip or a project, after the question about unsaved changes; a focus sweep joins what is open."""
        if is_sweep(path):
            self.sweep_requested.emit(path)
        elif self.may_leave():
            self._attempt_open(path)

    def _attempt_open(self, path: str) -> None:
        own = self._session.path
        if own is not None and not self._session.read_only and os.path.realpath(path) == os.path.realpath(own):
            self._session.new()  # else this very window would be told that it has the project open already
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

    def drop(self, paths: list[str]) -> None:
        """Take files that were dropped on the window: a project is opened, clips join the open project.

        With nothing open the clips begin one.
        """
        project = next((p for p in paths if p.lower().endswith(".rvr")), None)
        if project is not None:
            self.open(project)
            return
        for sweep in filter(is_sweep, paths):
            self.sweep_requested.emit(sweep)
        clips = clip_files(p for p in paths if not is_sweep(p))
        if clips and self._session.clip_state == "none" and len(clips) == 1:
            self.open(clips[0])
        elif clips:
            self._session.add_clips(clips)

    def open_version(self, generation: int, project: Path | None = None) -> None:
        """Open an earlier save of a project (None: the open one) as a copy, after asking about unsaved changes."""
        path = project or self._session.path
        if path is not None and self.may_leave():
            self._session.open_version(path, generation)

    def close_clip(self) -> None:
        """Go back to the start page."""
        if self.may_leave():
            self._session.new()

    def tell_in_use(self) -> None:
        """Ask, once for each project, what to do if it cannot be saved because another window has it."""
        path, reason = self._session.path, self._session.read_only
        if not reason or path == self._asked:
            return
        self._asked = path
        answer = self._prompts.in_use(self._window, self._session.title, reason)
        if answer == "copy":
            self.save_as()
        elif answer == "close":
            self._session.new()

    # Saving

    def save(self) -> bool:
        """Save under the project's name, or ask for one; False if it was not saved."""
        if self._session.path is None or self._session.read_only:
            return self.save_as()
        return self._save(None)

    def save_as(self) -> bool:
        """Ask for a name and save."""
        first = next((c.project.clip for c in self._session.production.clips), None)
        clip = self._session.project.clip if len(self._session.production.clips) == 1 else first
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
