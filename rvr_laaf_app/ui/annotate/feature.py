"""The annotation window as a feature of the main window: a folder is asked for, and a window of its own opens."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.app.learning import ANNOTATOR, learning_folder
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.ui.feature import Feature, Handlers

if TYPE_CHECKING:
    from rvr_laaf_app.ui.annotate.window import AnnotateWindow
    from rvr_laaf_app.ui.main_window import MainWindow


class AnnotateFeature(Feature):
    """Holds at most one annotation window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.make: Callable[[], AnnotateWindow] = _make
        self.annotating: AnnotateWindow | None = None
        self._ended_well = True

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {"annotate": self.ask, "my_data_set": self.open_learned}

    def ask(self) -> None:
        """Ask for a folder of clips and open the window on it; one that is open is brought to the front."""
        if self._is_open():
            self._to_front()
            return
        folder = self._window.files.prompts.folder(self._window)
        if folder:
            self._open(Path(folder), user_name())

    def open_learned(self) -> None:
        """Open the window on what was kept of the user's own decisions, to look at it, to change it."""
        folder = learning_folder()
        if not folder.is_dir():
            raise UsageError("your data set is empty", remedy="Choose Learn from My Decisions, then Add Decisions.")
        self._open(folder, ANNOTATOR)

    def _is_open(self) -> bool:
        return self.annotating is not None and self.annotating.isVisible()

    def _to_front(self) -> None:
        if self.annotating is not None:
            self.annotating.raise_()
            self.annotating.activateWindow()

    def _open(self, folder: Path, who: str) -> None:
        """Open the window on a folder; the one that is open already goes there."""
        before = self.annotating
        if before is not None and self._is_open():
            before.open_folder(folder, who)
            self._to_front()
            return
        if before is not None:
            before.deleteLater()
        annotating = self.annotating = self.make()
        try:
            annotating.open_folder(folder, who)
        except RvrError:
            annotating.close()
            raise
        annotating.show()

    def ask_to_end(self) -> None:
        """Close the window; everything said is on the disk."""
        if self.annotating is not None:
            self.annotating.close()
            self._ended_well = self.annotating.ended_well

    def close(self, timeout_s: float) -> bool:
        """Tell whether every thread of the window has ended."""
        return self._ended_well


def user_name() -> str:
    """Return who is signed in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise UsageError(
            "this system does not say who you are", remedy="Use `rvr-laaf annotate DIR --annotator NAME`."
        ) from error


def _make() -> AnnotateWindow:
    from rvr_laaf_app.ui.annotate.window import AnnotateWindow

    return AnnotateWindow()
