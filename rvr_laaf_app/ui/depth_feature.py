"""Where depth comes from, as a feature of the window: the question, and its answer as an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.depth_source_dialog import DepthSourceDialog

if TYPE_CHECKING:
    from rvr_laaf_app.document.document import Change
    from rvr_laaf_app.ui.main_window import MainWindow


class DepthFeature(Feature):
    """Binds the action that asks where depth comes from."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._end = window.session.on_change(self._changed)

    def ask_to_end(self) -> None:
        """Hear no more of the session."""
        self._end()

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {"depth_source": self._ask}

    def _changed(self, change: Change) -> None:
        """What was wrong with the depth that is given up needs no reading any more."""
        if change.kind != "open" and change.old.depth != change.new.depth:
            self._window.error_bar.clear()

    def _ask(self) -> None:
        from rvr_laaf_app.pipeline.networks import networks

        window, project = self._window, self._window.session.project
        path = project.clip.path if project.clip is not None else ""
        dialog = DepthSourceDialog(project.depth, networks(), window.files.prompts, window, clip_path=path)
        dialog.chosen.connect(self._use)
        dialog.open()

    @Slot(object)
    def _use(self, source: DepthSource) -> None:
        self._window.editing.attempt(lambda: self._window.session.set_depth_source(source))
