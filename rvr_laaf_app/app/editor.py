"""The editing side of a session: document, file, journal and undo. It knows nothing of pixels and jobs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from rvr_laaf_app.app.editor_focus import FocusEditor
from rvr_laaf_app.app.editor_range import RangeEditor
from rvr_laaf_app.app.editor_repair import RepairEditor
from rvr_laaf_app.app.observers import Observers
from rvr_laaf_app.app.project_file import ProjectFile
from rvr_laaf_app.app.settings import Settings, load_settings, save_settings
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.document import Change, Document
from rvr_laaf_app.document.journal import Recovery
from rvr_laaf_app.document.production import Production, move_clips, remove_clips, rename_clip
from rvr_laaf_app.document.project import (
    Ease,
    FocusTarget,
    LensSettings,
    Project,
    Strength,
)

PROJECT_SUFFIX = ".rvr"


class ProjectEditor(FocusEditor, RangeEditor, RepairEditor):
    """One project that is open: edit, undo, save. The base of Session, which adds the clip and the work on it."""

    def __init__(self) -> None:
        self._change: Observers[[Change]] = Observers()
        self._problem: Observers[[RvrError]] = Observers()
        self._clip_changed: Observers[[]] = Observers()
        self.on_change = self._change.add
        self.on_problem = self._problem.add
        self.on_clip = self._clip_changed.add
        self._document = Document(Production())
        self._document.subscribe(self._changed)
        self._file = ProjectFile(Production())
        self._in_gesture = False
        self._journal_failed = False
        self._settings = load_settings()

    @property
    def settings(self) -> Settings:
        """What is remembered of the user, see app.settings."""
        return self._settings

    def remember(self, change: Callable[[Settings], Settings]) -> None:
        """Change what is remembered of the user, and write it at once."""
        self._settings = change(self._settings)
        save_settings(self._settings)

    # What is open

    @property
    def project(self) -> Project:
        """The current value of the shown clip's project; an empty one if there is no clip."""
        return self._document.project

    @property
    def production(self) -> Production:
        """The current value of all clips."""
        return self._document.production

    @property
    def document(self) -> Document:
        """The document, another one after each opening: read labels here, edit through the session."""
        return self._document

    @property
    def path(self) -> Path | None:
        """The project's file, or None if it was never saved."""
        return self._file.path

    @property
    def read_only(self) -> str:
        """Why the project cannot be saved under its own name (another window has it), or ""."""
        return self._file.read_only

    @property
    def title(self) -> str:
        """A short name of what is open, for a title bar."""
        if self._file.path is not None:
            return self._file.path.stem
        first = self.production.clips[0].project.clip if self.production.clips else None
        return Path(first.path).stem if first else "Untitled"

    @property
    def modified(self) -> bool:
        """True if there are changes that are not in the project's file."""
        return self._document.modified

    @property
    def can_edit(self) -> bool:
        """True if there is a clip to put targets on."""
        return self.project.clip is not None

    # Saving

    def save(self, path: str | Path | None = None) -> Path:
        """Save under `path`, or the project's own name; return where. Raises ProjectError and then changes nothing.

        The file on disk is replaced whole or not at all, and not if someone else changed it since it was read.
        """
        saved = self._file.save(self.production, None if path is None else Path(path))
        self._remember(saved)
        self._document.mark_saved()
        self._clip_changed.tell()
        return saved

    def discard_changes(self) -> None:
        """Forget the unsaved changes for good, with their journal: the user said so. For use before `close`, `open`."""
        self._document.mark_saved()
        self._file.discard_journal()

    def recoveries(self) -> list[Recovery]:
        """Return unsaved work of sessions that ended without saving, newest first; nothing is deleted."""
        recent = (Path(p) for p in self._settings.recent)
        return self._file.recoveries({p.parent for p in recent if p.suffix.lower() == PROJECT_SUFFIX})

    # Editing: each is one undo step, or one per gesture

    def add_target_at(
        self,
        place: Point | Box,
        frame: int,
        *,
        pull_frames: int | None = None,
        ease: Ease = "linear",
        strength: Strength = "firm",
        tracker: str = "kcf",
        source: str = "user",
        reason: str = "",
    ) -> str:
        """Want this subject sharp from `frame` on; return the id of the new target. Tracking starts by itself.

        pull_frames None: as the user had it last.
        """
        if not self.can_edit:
            raise UsageError("open a clip before setting a target")
        self._check_frame(frame)
        target_id = edits.new_id(self.project)
        pull = self._settings.pull_frames if pull_frames is None else pull_frames
        try:
            target = FocusTarget(target_id, frame, place, tracker, pull, ease, strength, source, reason)
        except ValueError as error:
            raise UsageError(str(error)) from error
        self._document.apply("Add target", lambda p: edits.add_target(p, target))
        return target_id

    def move_target(
        self, target_id: str, *, place: Point | Box | None = None, frame: int | None = None, gesture: Hashable = None
    ) -> None:
        """Move a target. With a `gesture` (any value of its own) steps join, and tracking waits for `end_gesture`."""
        if frame is not None:
            self._check_frame(frame)
        self._gesture(gesture)
        key = None if gesture is None else ("move", target_id, gesture)
        self._document.apply("Move target", lambda p: edits.move_target(p, target_id, place=place, frame=frame), key)

    def set_target(
        self,
        target_id: str,
        *,
        pull_frames: int | None = None,
        ease: Ease | None = None,
        strength: Strength | None = None,
        tracker: str | None = None,
        gesture: Hashable = None,
    ) -> None:
        """Change how a target is reached and followed; what is None stays."""
        self._gesture(gesture)
        key = None if gesture is None else ("set", target_id, gesture)
        self._document.apply(
            "Change target",
            lambda p: edits.set_target(
                p, target_id, pull_frames=pull_frames, ease=ease, strength=strength, tracker=tracker
            ),
            key,
        )
        if pull_frames is not None:
            self._settings = replace(self._settings, pull_frames=pull_frames)

    def remove_target(self, target_id: str) -> None:
        """Remove a target and its track."""
        self._document.apply("Remove target", lambda p: edits.remove_target(p, target_id))

    def set_lens(self, lens: LensSettings, *, label: str = "Change lens", gesture: Hashable = None) -> None:
        """Use another synthetic lens."""
        self._gesture(gesture)
        self._document.apply(
            label, lambda p: edits.set_lens(p, lens), None if gesture is None else ("lens", label, gesture)
        )
        self._settings = self._settings.with_lens(lens)

    def end_gesture(self) -> None:
        """Say that a drag is over (mouse released): the next step is a new undo step, and tracking may begin."""
        self._document.end_gesture()
        self._in_gesture = False
        self._record()
        self._follow()

    def undo(self) -> bool:
        """Take back the last step; False if there is none."""
        self._in_gesture = False
        return self._document.undo()

    def redo(self) -> bool:
        """Do again what was taken back last; False if there is none."""
        self._in_gesture = False
        return self._document.redo()

    def transaction(self, label: str) -> AbstractContextManager[None]:
        """Make all edits inside `with session.transaction(...)` one undo step; an exception takes them all back."""
        return self._document.transaction(label)

    # The list of clips

    def remove_clips(self, *clip_ids: str) -> None:
        """Take clips out of the project, with all that was decided about them. Their files stay."""
        label = "Remove clip" if len(clip_ids) == 1 else "Remove clips"
        self._document.apply_to_all(label, lambda p: remove_clips(p, clip_ids))

    def move_clips(self, *clip_ids: str, before: str | None) -> None:
        """Put clips in front of another one in the list; None: at the end."""
        label = "Move clip" if len(clip_ids) == 1 else "Move clips"
        self._document.apply_to_all(label, lambda p: move_clips(p, clip_ids, before=before))

    def rename_clip(self, clip_id: str, name: str) -> None:
        """Call a clip otherwise than its file; "" = by its file again."""
        self._document.apply_to_all("Rename clip", lambda p: rename_clip(p, clip_id, name))

    # What the user likes to see

    def remember_shown(self, *, zone_bars: bool | None = None, problem_list: bool | None = None) -> None:
        """Remember which helps the user wants to see; what is None stays."""
        shown, listed = self._settings.zone_bars, self._settings.problem_list
        self._settings = replace(
            self._settings,
            zone_bars=shown if zone_bars is None else zone_bars,
            problem_list=listed if problem_list is None else problem_list,
        )
        save_settings(self._settings)

    def remember_lanes(self, hidden: tuple[str, ...]) -> None:
        """Remember which lanes of the timeline the user does not want to see."""
        self._settings = replace(self._settings, hidden_lanes=hidden)
        save_settings(self._settings)

    # Inside

    def _remember(self, path: str | Path) -> None:
        """Put a file in front of the recent ones, on disk too: the program may not end in good order."""
        self._settings = self._settings.with_recent(path)
        save_settings(self._settings)

    def _begin(self, production: Production, file: ProjectFile) -> None:
        """Put another project in the place of this one."""
        self._file.close(keep_journal=self.modified)
        self._file = file
        self._document = Document(production)
        self._document.subscribe(self._changed)
        self._in_gesture = False

    def _check_frame(self, frame: int) -> None:
        frames = self.project.clip.frames if self.project.clip else 0
        if not 0 <= frame < max(frames, 1):
            raise UsageError(f"frame {frame} does not exist", remedy=f"The clip has frames 0 to {frames - 1}.")

    def _gesture(self, gesture: Hashable) -> None:
        self._in_gesture = gesture is not None

    def _changed(self, change: Change) -> None:
        self._record()
        self._change.tell(change)
        self._follow()

    def _record(self) -> None:
        """Write the journal; a drag is written when it ends. A failure is told once, until it works again."""
        if self._in_gesture:
            return
        try:
            self._file.record(self.production)
        except RvrError as error:
            if not self._journal_failed:
                self._problem.tell(error)
            self._journal_failed = True
        else:
            self._journal_failed = False

    def _follow(self) -> None:
        """Do what follows from a new value of the project (Session: track new targets)."""
