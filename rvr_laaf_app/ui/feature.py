"""What a feature of the window is: it binds actions to what they do, and may add docks. Which there are: `features`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow

Handlers = dict[str, Callable[[], object]]


class Feature(QObject):
    """Made once per window when all its parts exist, in the order of `features.FEATURES`."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def handlers(self) -> Handlers:
        """Return what each action of this feature does, by action id. An RvrError it raises is shown."""
        return {}

    def met(self) -> Collection[str]:
        """Return the needs that only this feature can judge and that are met now."""
        return ()

    def begin(self) -> None:
        """Do what need not be done before the window is on the screen; called once."""

    def show_state(self) -> None:
        """Bring what this feature shows up to date: session, selection or what is open has changed."""

    def ask_to_end(self) -> None:
        """Hear no more of the session and let this feature's threads end, without waiting; called once."""

    def close(self, timeout_s: float) -> bool:
        """Join this feature's threads within so long, after `ask_to_end`; False if one did not end."""
        return True
