"""Where depth comes from, in a session: choosing it is an edit, and the clip is then opened with that depth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.document.document import Change, Document

if TYPE_CHECKING:
    from rvr_laaf_app.app.open_clips import OpenClips


class SessionDepth:
    """A part of Session, which has these attributes."""

    _document: Document
    _clips: OpenClips

    def set_depth_source(self, source: DepthSource) -> None:
        """Take the depth of the shown clip from there, as one undo step; what is not analysed yet then is analysed."""
        if self._document.project.clip is None:
            raise UsageError("there is no clip", remedy="Open one first.")
        self._document.apply("Choose depth", lambda p: p if p.depth == source else replace(p, depth=source))

    def _turn_to_depth(self, change: Change) -> bool:
        """Let clips whose depth comes from elsewhere now be opened again; True if the shown one is among them."""
        shown = False
        for entry in change.after.clips:
            former, clip = change.before.entry(entry.id), entry.project.clip
            if former is not None and clip is not None and former.project.depth != entry.project.depth:
                self._clips.lose(entry.id, clip.path)
                shown = shown or entry.id == change.after.shown
        return shown
