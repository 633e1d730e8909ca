"""Files, depth analysis and export as a feature of the window."""

from __future__ import annotations

from rvr_laaf_app.ui.feature import Feature, Handlers


class FilesFeature(Feature):
    """Binds the actions of files to the window's `files`."""

    def handlers(self) -> Handlers:
        """Return what each action does."""
        files, session = self._window.files, self._window.session
        return {
            "open": files.ask_open,
            "close_clip": files.close_clip,
            "save": files.save,
            "save_as": files.save_as,
            "analyse": session.start_analysis,
        }
