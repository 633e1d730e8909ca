"""Actions of setting and checking focus, and of what the timeline shows of it."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

TABLE: Final = Table(
    actions=(
        Action("remove_target", "Remove Target", "Edit", ("Del",), "target", section=20),
        Action("zone_bars", "Focus Distance in the Picture", "View", ("B",), section=30, toggle=True),
        Action("problem_list", "Problems", "View", ("Ctrl+F8",), section=30, toggle=True),
        Action("lane_film", "Film", "View", (), section=40, toggle=True),
        Action("lane_sound", "Sound", "View", (), section=40, toggle=True),
        Action("lane_depth", "Depth over Time", "View", ("D",), section=40, toggle=True),
        Action("zoom_in", "Zoom Timeline In", "View", ("Ctrl++", "Ctrl+="), section=60),
        Action("zoom_out", "Zoom Timeline Out", "View", ("Ctrl+-",), section=60),
        Action("target_here", "Set Target Under the Pointer", "Focus", ("F",), section=10, icon="target"),
        Action("previous_target", "Previous Target", "Focus", ("Up",), section=20, icon="previous_target"),
        Action("next_target", "Next Target", "Focus", ("Down",), section=20, icon="next_target"),
        Action("next_problem", "Next Problem", "Focus", ("F8",), section=30, icon="next_problem"),
        Action("previous_problem", "Previous Problem", "Focus", ("Shift+F8",), section=30, icon="previous_problem"),
        Action("shorter_pull", "Shorter Pull", "Focus", ("]",), "target", section=40),
        Action("longer_pull", "Longer Pull", "Focus", ("[",), "target", section=40),
        Action("track_again", "Track Again", "Focus", ("R",), "target", section=40),
    )
)
