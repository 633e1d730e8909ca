"""Editing the repairs of the depth. A part of app.editor."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document import repair_edits
from rvr_laaf_app.document.document import Document
from rvr_laaf_app.document.repair import BrushSettings, Repair, RepairKind

USUAL_BRUSH = BrushSettings()
_DONE = {"nearer": "Brush nearer", "farther": "Brush farther", "same": "Brush same depth"}


class RepairEditor:
    """What a project's editor can do with repairs."""

    _document: Document
    _in_gesture: bool

    def add_repair(
        self,
        kind: RepairKind,
        frame: int,
        stroke: Sequence[float],
        *,
        brush: BrushSettings = USUAL_BRUSH,
        sample: Point | None = None,
        shift: float = 0.0,
    ) -> str:
        """Lay a stroke (x and y in turn, 0..1) on a frame; return the repair's id. It is carried on by itself."""
        clip = self._document.project.clip
        if clip is None:
            raise UsageError("open a clip before repairing its depth")
        if not 0 <= frame < max(clip.frames, 1):
            raise UsageError(f"frame {frame} does not exist", remedy=f"The clip has frames 0 to {clip.frames - 1}.")
        if kind == "same" and sample is None:
            raise UsageError(
                "there is no sampled depth to brush with", remedy="Alt-click the place that has the right depth first."
            )
        made = repair_edits.new_repair_id(self._document.project)
        used = sample if kind == "same" else None
        repair = Repair(made, frame, kind, tuple(stroke), brush, used, shift if kind == "same" else 0.0)
        self._document.apply(_DONE[kind], lambda p: repair_edits.add_repair(p, repair))
        return made

    def change_repair(
        self, repair_id: str, *, label: str = "Change repair", gesture: Hashable = None, **brush: Any
    ) -> None:
        """Give fields of a repair's brush these values (names as in BrushSettings); steps of one gesture join."""
        old = repair_edits.find_repair(self._document.project, repair_id)
        if old is None:
            raise UsageError(f"there is no repair {repair_id!r}")
        self._in_gesture = gesture is not None
        key = None if gesture is None else ("repair", repair_id, tuple(sorted(brush)), gesture)
        settings = replace(old.brush, **brush)
        self._document.apply(label, lambda p: repair_edits.change_repair(p, repair_id, brush=settings), key)

    def switch_repair(self, repair_id: str, on: bool) -> None:
        """Let a repair act, or not."""
        label = "Switch repair on" if on else "Switch repair off"
        self._document.apply(label, lambda p: repair_edits.change_repair(p, repair_id, on=on))

    def remove_repair(self, repair_id: str) -> None:
        """Remove a repair: the depth below it is again what it was."""
        self._document.apply("Remove repair", lambda p: repair_edits.remove_repair(p, repair_id))
