"""Suggestions in a session: asking for them, and deciding on them. Deciding is an edit; asking is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rvr_laaf_app.app import suggestions
from rvr_laaf_app.app.session_exports import SessionExports
from rvr_laaf_app.app.suggesting import SuggestWork
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.document import Document

if TYPE_CHECKING:
    from rvr_laaf_app.app.settings import Settings
    from rvr_laaf_app.app.suggestions import Offer
    from rvr_laaf_app.pipeline.suggested import Mode


class SessionSuggestions(SessionExports):
    """A part of Session, which has these attributes."""

    _document: Document
    _settings: Settings

    @property
    def suggesting(self) -> SuggestWork | None:
        """The search for suggestions of the shown clip; only to look at. None without a clip."""
        return self._work.suggesting if self._work is not None else None

    def start_suggesting(self, mode: Mode) -> bool:
        """Look for New Focus Targets in the background (job "suggest"); True if they are known already.

        They are then in `suggesting.found`. Raises UsageError without a clip.
        """
        if self._work is None:
            raise UsageError("there is no clip to look at", remedy="Open a clip first.")
        return self._work.suggesting.start(mode)

    def stop_suggesting(self) -> None:
        """Cancel the search; what it has looked at stays in the cache."""
        if self._work is not None:
            self._work.suggesting.stop()

    def accept_offers(self, offers: Sequence[Offer]) -> tuple[str, ...]:
        """Make targets of offers, as one undo step; return their ids. Tracking starts by itself."""
        made: list[str] = []
        label = "Accept suggestion" if len(offers) == 1 else "Accept suggestions"
        if offers:
            self._document.apply(label, suggestions.accepted(offers, self._settings.pull_frames, made))
        return tuple(made)

    def refuse_offers(self, offers: Sequence[Offer]) -> None:
        """Do not offer these again."""
        label = "Refuse suggestion" if len(offers) == 1 else "Refuse suggestions"
        self._document.apply(label, suggestions.refused(offers))

    def bring_back(self, offers: Sequence[Offer]) -> None:
        """Offer again what was refused."""
        self._document.apply("Bring back suggestion", suggestions.brought_back(offers))

    def bring_all_back(self) -> None:
        """Forget every refusal of this clip, also of what is not suggested now."""
        from rvr_laaf_app.document.refusal_edits import drop_refusals

        self._document.apply("Bring back suggestions", lambda p: drop_refusals(p, p.refusals))
