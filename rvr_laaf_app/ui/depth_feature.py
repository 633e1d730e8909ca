"""Where depth comes from, as a feature of the window: the question, and its answer as an edit."""

from __future__ import annotations

from PySide6.QtCore import Slot

from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.depth_source_dialog import DepthSourceDialog


class DepthFeature(Feature):
    """Binds the action that asks where depth comes from."""

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {"depth_source": self._ask}

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
