"""The start page as a feature: which recent files are there, what can be recovered. Disks are looked at in a thread."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from rvr_laaf_app.ui.feature import Feature

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow


class StartFeature(Feature):
    """Fills the start page whenever it comes into view."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._shown: tuple[str, ...] | None = None
        window.start_page.open_requested.connect(window.files.ask_open)
        window.start_page.path_chosen.connect(window.files.open)
        window.start_page.forget_requested.connect(self._forget)

    def begin(self) -> None:
        """Offer work that was not saved."""
        self._window.start_page.set_recoveries(self._window.session.recoveries(), self._window.files.recover)

    def show_state(self) -> None:
        """Show the recent files while nothing is open."""
        recent = self._window.session.settings.recent
        if self._window.session.clip_state != "none":
            self._shown = None
        elif recent != self._shown:
            self._shown = recent
            self._window.start_page.set_recent(recent)
            # A share that is away can take half a minute to say so: not in this thread, and nobody waits for it.
            threading.Thread(target=self._look, args=(recent,), name="recent files", daemon=True).start()

    def _look(self, recent: tuple[str, ...]) -> None:
        missing = frozenset(path for path in recent if not os.path.exists(path))
        if missing:
            self._window.bridge.post(lambda: self._tell_missing(recent, missing))

    def _tell_missing(self, recent: tuple[str, ...], missing: frozenset[str]) -> None:
        if recent == self._shown:
            self._window.start_page.set_recent(recent, missing)

    @Slot(str)
    def _forget(self, path: str) -> None:
        self._window.session.remember(lambda s: replace(s, recent=tuple(p for p in s.recent if p != path)))
        self.show_state()
