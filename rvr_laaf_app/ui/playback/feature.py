"""Playing, stepping and views as a feature of the window."""

from __future__ import annotations

from rvr_laaf_app.ui.feature import Feature, Handlers

LEAP_FRAMES = 10


class PlaybackFeature(Feature):
    """Binds the actions of playback to the window's stage."""

    def handlers(self) -> Handlers:
        """Return what each action does."""
        stage = self._window.stage
        return {
            "view_refocused": lambda: stage.set_view("refocused"),
            "view_original": lambda: stage.set_view("original"),
            "view_disparity": lambda: stage.set_view("disparity"),
            "play": stage.toggle_play,
            "shuttle_back": lambda: self._shuttle(-1),
            "stop": stage.stop,
            "shuttle_forward": lambda: self._shuttle(1),
            "step_back": lambda: stage.seek(stage.index - 1),
            "step_forward": lambda: stage.seek(stage.index + 1),
            "leap_back": lambda: stage.seek(stage.index - LEAP_FRAMES),
            "leap_forward": lambda: stage.seek(stage.index + LEAP_FRAMES),
            "to_start": lambda: stage.seek(0),
            "to_end": lambda: stage.seek(stage.last_index),
        }

    def _shuttle(self, direction: int) -> None:
        stage = self._window.stage
        stage.shuttle(direction)
        self._window.workspace.transport.show_rate(stage.player.rate)
