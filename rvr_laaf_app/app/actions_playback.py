"""Actions of playing, stepping and choosing what of a frame is seen."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

TABLE: Final = Table(
    actions=(
        Action("view_refocused", "Refocused", "View", ("1",), section=10, group="view"),
        Action("view_original", "Original", "View", ("2",), section=10, group="view"),
        Action("view_disparity", "Disparity", "View", ("3",), section=10, group="view"),
        Action("play", "Play", "Clip", ("Space",), section=10, icon="play"),
        Action("shuttle_back", "Play Backwards, Faster", "Clip", ("J",), section=10),
        Action("stop", "Stop", "Clip", ("K",), section=10),
        Action("shuttle_forward", "Play Forwards, Faster", "Clip", ("L",), section=10),
        Action("step_back", "One Frame Back", "Clip", ("Left",), section=20, icon="step_back"),
        Action("step_forward", "One Frame Forward", "Clip", ("Right",), section=20, icon="step_forward"),
        Action("leap_back", "Ten Frames Back", "Clip", ("Shift+Left",), section=20),
        Action("leap_forward", "Ten Frames Forward", "Clip", ("Shift+Right",), section=20),
        Action("to_start", "To the Start", "Clip", ("Home",), section=20, icon="to_start"),
        Action("to_end", "To the End", "Clip", ("End",), section=20, icon="to_end"),
    )
)
