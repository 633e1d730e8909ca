"""Editing several targets at once, and what a target holds besides time and place. A part of app.editor."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.document import Document
from rvr_laaf_app.document.project import Correction, FocusTarget, Project


class FocusEditor:
    """What a project's editor can do with targets, besides adding, moving and removing one."""

    _document: Document
    _in_gesture: bool

    def change_targets(
        self, target_ids: Collection[str], *, label: str = "Change target", gesture: Hashable = None, **values: Any
    ) -> None:
        """Give fields of some targets these values (names as in FocusTarget), as one undo step."""

        def edit(project: Project) -> Project:
            for target_id in target_ids:
                project = edits.change_target(project, target_id, values)
            return project

        self._apply_to_targets(label, edit, ("change", tuple(sorted(target_ids)), tuple(sorted(values))), gesture)

    def move_targets(
        self,
        moves: Mapping[str, tuple[int, Point | Box | None]],
        *,
        label: str = "Move targets",
        gesture: Hashable = None,
    ) -> None:
        """Put targets at other frames, and at other places where one is given, as one undo step."""

        def edit(project: Project) -> Project:
            for target_id, (frame, place) in moves.items():
                self._check_target_frame(frame)
                project = edits.move_target(project, target_id, frame=frame, place=place)
            return project

        self._apply_to_targets(label, edit, ("move", tuple(sorted(moves))), gesture)

    def remove_targets(self, target_ids: Collection[str]) -> None:
        """Remove targets and their tracks."""
        label = "Remove target" if len(target_ids) == 1 else "Remove targets"
        self._document.apply(label, lambda p: edits.remove_targets(p, target_ids))

    def paste_targets(self, targets: Sequence[FocusTarget], frame: int) -> tuple[str, ...]:
        """Add copies of targets, the earliest at `frame`, those that lie in the clip; return their ids."""
        if not targets:
            return ()
        self._check_target_frame(frame)
        clip = self._document.project.clip
        by, frames = frame - min(t.frame for t in targets), clip.frames if clip else 0
        made: list[str] = []

        def edit(project: Project) -> Project:
            made.clear()
            for target in targets:
                if target.frame + by < frames:
                    made.append(edits.new_id(project))
                    copy = replace(target, id=made[-1], frame=target.frame + by, corrections=())
                    project = edits.add_target(project, copy)
            return project

        self._document.apply("Paste target" if len(targets) == 1 else "Paste targets", edit)
        return tuple(made)

    def correct_target(self, target_id: str, frame: int, place: Point | Box) -> None:
        """Say where the subject of a target is at a frame; its track is led through there."""
        self._check_target_frame(frame)
        target = self._document.project.target(target_id)
        if target is not None and target.frame == frame:
            self._document.apply("Move target", lambda p: edits.move_target(p, target_id, place=place))
            return
        correction = Correction(frame, place)
        self._document.apply("Show where the subject is", lambda p: edits.correct_target(p, target_id, correction))

    def _apply_to_targets(self, label: str, edit: Any, key: Hashable, gesture: Hashable) -> None:
        self._in_gesture = gesture is not None
        self._document.apply(label, edit, None if gesture is None else (key, gesture))

    def _check_target_frame(self, frame: int) -> None:
        clip = self._document.project.clip
        frames = clip.frames if clip else 0
        if not 0 <= frame < max(frames, 1):
            raise UsageError(f"frame {frame} does not exist", remedy=f"The clip has frames 0 to {frames - 1}.")
