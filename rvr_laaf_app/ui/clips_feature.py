"""The clips of the project as a feature of the window: the media list, adding, choosing, finding, earlier versions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot

from rvr_laaf_app.app.backups import generations
from rvr_laaf_app.app.clip_files import clip_files
from rvr_laaf_app.app.editor import PROJECT_SUFFIX
from rvr_laaf_app.core.errors import ProjectError, RvrError
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.media_rows import rows_of, wanted_pictures
from rvr_laaf_app.ui.panels.media_list import MediaList
from rvr_laaf_app.ui.panels.relink_dialog import RelinkDialog
from rvr_laaf_app.ui.panels.versions_dialog import VersionsDialog
from rvr_laaf_app.ui.thumbnails import Thumbnails

if TYPE_CHECKING:
    from rvr_laaf_app.document.document import Change, Document
    from rvr_laaf_app.ui.main_window import MainWindow

_GATHER_MS = 60  # changes that come within are shown together
_MENU = ("clip_up", "clip_down", "rename_clip", "remove_clip", "relink", "analyse_others", "add_clips", "add_folder")


class ClipsFeature(Feature):
    """Connects the session's list of clips to the media list, and remembers where the user was in each clip."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._session, self._stage = window.session, window.stage
        actions = window.menus.actions
        self.panel = MediaList(actions["add_clips"], actions["relink"], [actions[name] for name in _MENU], window)
        self.thumbnails = Thumbnails(window.bridge, self._request)
        self._places: dict[str, int] = {}  # clip id -> frame that was shown
        self._at_list = False
        self._told: Document | None = None
        self._relink: RelinkDialog | None = None
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(_GATHER_MS)
        self._gather.timeout.connect(self._show)
        window.add_dock("media", self.tr("Media"), self.panel, "left")
        self.panel.chosen.connect(self._choose)
        self.panel.opened.connect(self._open)
        self.panel.renamed.connect(self._rename)
        self.panel.moved.connect(self._move)
        self.panel.removal_requested.connect(self._remove)
        self.panel.files_dropped.connect(self.add)
        actions["analyse_others"].setChecked(True)
        self._session.analyse_others(True)
        self._unsubscribe = [
            self._session.on_change(self._changed),
            self._session.on_clip(self._clip_changed),
            self._session.on_clips(self._request),
            self._session.on_problem(self._offer_versions),
        ]

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {
            "add_clips": self._ask_clips,
            "add_folder": self._ask_folder,
            "earlier_versions": self._show_versions,
            "next_clip": lambda: self._step(1),
            "previous_clip": lambda: self._step(-1),
            "clip_up": lambda: self._shift(-1),
            "clip_down": lambda: self._shift(1),
            "rename_clip": self._edit_name,
            "remove_clip": lambda: self._remove(self._meant()),
            "analyse_others": self._choose_analysis,
            "relink": self._find_missing,
        }

    def met(self) -> Collection[str]:
        """Nothing that only this feature could judge."""
        return ()

    def show_state(self) -> None:
        """Show the list anew soon."""
        self._request()

    def ask_to_end(self) -> None:
        """Hear no more of the session, decode no further picture."""
        for end in self._unsubscribe:
            end()
        self._unsubscribe = []
        self._gather.stop()
        self.thumbnails.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        return self.thumbnails.close(timeout_s)

    # Adding

    @Slot(list)
    def add(self, paths: list[str]) -> None:
        """Add files, and the clips in folders; with nothing open they begin a project."""
        files = clip_files(paths)
        if files:
            self._session.add_clips(files)
        else:
            self._window.show_error(RvrError("there are no clips in this folder", where=paths[0] if paths else None))

    def _ask_clips(self) -> None:
        self.add_if_any(self._window.files.prompts.open_clips(self._window))

    def _ask_folder(self) -> None:
        folder = self._window.files.prompts.folder(self._window)
        self.add_if_any([folder] if folder else [])

    def add_if_any(self, paths: list[str]) -> None:
        """Add what was chosen, if anything was."""
        if paths:
            self.add(paths)

    # Choosing

    @Slot(str)
    def _choose(self, clip_id: str) -> None:
        self._at_list = True
        self._session.show_clip(clip_id)
        self.panel.list.setFocus()

    @Slot(str)
    def _open(self, clip_id: str) -> None:
        self._session.show_clip(clip_id)
        self._at_list = False
        self._window.workspace.picture.setFocus()

    def _step(self, direction: int) -> None:
        ids = self._session.production.ids
        at = ids.index(self._session.production.shown) + direction
        if 0 <= at < len(ids):
            self._session.show_clip(ids[at])

    # Editing the list

    def _meant(self) -> list[str]:
        """Return the selected clips while the list has the keys, else the shown one."""
        selected = self.panel.selected_ids() if self.panel.list.hasFocus() else []
        return selected or [self._session.production.shown]

    def _attempt(self, action: Callable[[], object]) -> None:
        self._window.attempt(action)

    @Slot(list)
    def _remove(self, ids: list[str]) -> None:
        self._attempt(lambda: self._session.remove_clips(*ids))

    @Slot(str, str)
    def _rename(self, clip_id: str, name: str) -> None:
        self._attempt(lambda: self._session.rename_clip(clip_id, name))
        self._request()

    @Slot(list, str)
    def _move(self, ids: list[str], before: str) -> None:
        self._attempt(lambda: self._session.move_clips(*ids, before=before or None))

    def _edit_name(self) -> None:
        self._window.docks.docks["media"].show()
        self.panel.edit_name(self._meant()[0])

    def _shift(self, direction: int) -> None:
        """Move the clips that are meant one place up (-1) or down (1)."""
        ids, meant = self._session.production.ids, self._meant()
        places = [ids.index(i) for i in meant]
        after = min(places) - 1 if direction < 0 else max(places) + 2
        if 0 <= after <= len(ids):
            before = ids[after] if after < len(ids) else ""
            self._move(meant, before)

    def _choose_analysis(self) -> None:
        self._session.analyse_others(self._window.menus.actions["analyse_others"].isChecked())

    # Dialogs

    def _find_missing(self) -> None:
        if self._relink is None:
            self._relink = RelinkDialog(self._session, self._window.files.prompts, self._window)
            self._relink.finished.connect(self._relink_closed)
        self._relink.show()
        self._relink.activateWindow()

    @Slot()
    def _relink_closed(self) -> None:
        self._relink = None

    def _show_versions(self, project: Path | None = None) -> None:
        files = self._window.files
        dialog = VersionsDialog(
            self._session, lambda number: files.open_version(number, project), self._window, path=project
        )
        dialog.show()

    def _offer_versions(self, problem: RvrError) -> None:
        """Offer the backups of a project that cannot be read."""
        project = Path(problem.where or "")
        if isinstance(problem, ProjectError) and project.suffix.lower() == PROJECT_SUFFIX and generations(project):
            text = self.tr("Earlier Versions…")
            self._window.error_bar.offer(text, lambda: self._show_versions(project))

    # What happened

    def _changed(self, change: Change) -> None:
        leaves = change.before.shown != change.after.shown
        opens_again = change.kind != "open" and change.old.depth != change.new.depth
        if (leaves or opens_again) and change.before.shown:
            self._places[change.before.shown] = self._stage.index

    def _clip_changed(self) -> None:
        """Go where the user was in this clip; the keys stay where they were."""
        shown = self._session.production.shown
        if self._session.clip is not None and self._stage.info is self._session.clip:
            index = self._places.pop(shown, None)
            if index is not None:
                self._stage.seek(index)
        QTimer.singleShot(0, self, self._tell_opened)  # not inside of what tells of the opening
        if self._at_list:
            self.panel.list.setFocus()
            self._at_list = self._session.clip_state == "opening"
        self._request()

    @Slot()
    def _tell_opened(self) -> None:
        """Say once for each opened project what the user must know: another window has it, clips are missing."""
        document = self._session.document
        if document is self._told or self._session.clip_state in ("opening", "none"):
            return
        self._told = document
        self._window.files.tell_in_use()
        if self._session.clips.missing(self._session.production):
            self._find_missing()

    def _request(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    @Slot()
    def _show(self) -> None:
        self.thumbnails.want(wanted_pictures(self._session))
        self.panel.show_rows(rows_of(self._session, self.thumbnails, self.tr), self._session.production.shown)
