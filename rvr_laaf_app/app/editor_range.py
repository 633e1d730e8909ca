"""Editing the I and O marks of a clip. A part of app.editor."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.document import Document
from rvr_laaf_app.document.play_range import PlayRange


class RangeEditor:
    """What a project's editor can do with the marked range."""

    _document: Document

    def set_play_range(self, marked: PlayRange, *, label: str = "Mark range", gesture: Hashable = None) -> None:
        """Mark another range of the clip, as one undo step; with a `gesture` (any value of its own) steps join."""
        if self._document.project.clip is None:
            raise UsageError("open a clip before marking a part of it")
        key = None if gesture is None else ("range", gesture)
        self._document.apply(label, lambda p: p if p.play_range == marked else replace(p, play_range=marked), key)
