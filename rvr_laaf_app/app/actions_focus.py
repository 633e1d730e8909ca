"""Actions of setting and checking focus, and of what the timeline shows of it."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _any(now: Situation) -> bool:
    return now.session.clip is not None and bool(now.session.project.targets)


TABLE: Final = Table(
    actions=(
        Action("remove_target", "Remove Target", "Edit", ("Del",), "target", section=20, words="delete"),
        Action("cut_targets", "Cut Targets", "Edit", ("Ctrl+X",), "target", section=20),
        Action("copy_targets", "Copy Targets", "Edit", ("Ctrl+C",), "target", section=20),
        Action("paste_targets", "Paste Targets at the Playhead", "Edit", ("Ctrl+V",), section=20),
        Action("select_all_targets", "Select All Targets", "Edit", ("Ctrl+A",), section=20),
        Action("zone_bars", "Focus Distance in the Picture", "View", ("B",), section=30, toggle=True),
        Action("problem_list", "Problems", "View", ("Ctrl+F8",), section=30, toggle=True),
        Action("lane_film", "Film", "View", (), section=40, toggle=True),
        Action("lane_sound", "Sound", "View", (), section=40, toggle=True),
        Action("lane_depth", "Depth over Time", "View", ("D",), section=40, toggle=True),
        Action("zoom_in", "Zoom Timeline In", "View", ("Ctrl++", "Ctrl+="), section=60),
        Action("zoom_out", "Zoom Timeline Out", "View", ("Ctrl+-",), section=60),
        Action("zoom_fit", "Whole Clip in the Timeline", "View", ("\\",), section=60, words="zoom fit"),
        Action("zoom_frames", "Single Frames in the Timeline", "View", ("Ctrl+\\",), section=60, words="zoom"),
        Action("snapping", "Snap in the Timeline", "View", ("N",), section=60, toggle=True, words="magnet"),
        Action("target_here", "Set Target Under the Pointer", "Focus", ("F",), section=10, icon="target"),
        Action(
            "keep_too",
            "Keep What Is Under the Pointer Sharp Too",
            "Focus",
            ("Shift+F",),
            section=10,
            words="both faces group two-shot second subject",
        ),
        Action(
            "plane_here", "Focus on the Depth Under the Pointer", "Focus", ("Y",), section=10, words="eyedropper plane"
        ),
        Action("previous_target", "Previous Target or Cut", "Focus", ("Up",), section=20, icon="previous_target"),
        Action("next_target", "Next Target or Cut", "Focus", ("Down",), section=20, icon="next_target"),
        Action("next_problem", "Next Problem", "Focus", ("F8",), section=30, icon="next_problem"),
        Action("previous_problem", "Previous Problem", "Focus", ("Shift+F8",), section=30, icon="previous_problem"),
        Action("shorter_pull", "Shorter Pull", "Focus", ("]",), "target", section=40),
        Action("longer_pull", "Longer Pull", "Focus", ("[",), "target", section=40),
        Action(
            "nudge_back",
            "Move Target One Frame Earlier",
            "Focus",
            ("Ctrl+Left",),
            "target",
            section=40,
            submenu="Move Target",
        ),
        Action(
            "nudge_on",
            "Move Target One Frame Later",
            "Focus",
            ("Ctrl+Right",),
            "target",
            section=40,
            submenu="Move Target",
        ),
        Action(
            "leap_target_back",
            "Move Target Ten Frames Earlier",
            "Focus",
            ("Ctrl+Shift+Left",),
            "target",
            section=40,
            submenu="Move Target",
        ),
        Action(
            "leap_target_on",
            "Move Target Ten Frames Later",
            "Focus",
            ("Ctrl+Shift+Right",),
            "target",
            section=40,
            submenu="Move Target",
        ),
        Action("end_hold", "End the Hold at the Playhead", "Focus", ("E",), "targets", section=45, words="trim"),
        Action("hold_on", "Hold until the Next Target", "Focus", ("Shift+E",), "target", section=45),
        Action("strength_suggested", "Suggested", "Focus", (), "target", section=50, submenu="Strength"),
        Action("strength_soft", "Soft", "Focus", (), "target", section=50, submenu="Strength"),
        Action("strength_firm", "Firm", "Focus", (), "target", section=50, submenu="Strength"),
        Action("hold_plane", "Hold This Plane, or Follow", "Focus", ("H",), "target", section=50),
        Action("plane_nearer", "Plane Nearer than the Subject", "Focus", (".",), "target", section=50),
        Action("plane_farther", "Plane Farther than the Subject", "Focus", (",",), "target", section=50),
        Action(
            "group_targets",
            "Keep All Selected Sharp",
            "Focus",
            ("G",),
            "target",
            section=60,
            words="both faces group two-shot",
        ),
        Action(
            "group_f_number",
            "Close the Lens until the Group Is Sharp",
            "Focus",
            ("Ctrl+Shift+G",),
            "target",
            section=60,
            words="both faces f-number depth of field",
        ),
        Action("end_group", "End Group", "Focus", ("Shift+G",), "target", section=60),
        Action("reacquire", "Subject Is Here", "Focus", ("R",), "targets", section=70, words="re-acquire track lost"),
        Action("track_again", "Track Again", "Focus", ("Shift+R",), "target", section=70, submenu="Track"),
        Action("track_forwards", "Track Forwards Again", "Focus", (), "target", section=70, submenu="Track"),
        Action("track_backwards", "Track Backwards Again", "Focus", (), "target", section=70, submenu="Track"),
        Action(
            "forget_corrections", "Forget Corrections of the Track", "Focus", (), "target", section=70, submenu="Track"
        ),
    ),
    needs=(Need("targets", "Set a target first: click a subject in the picture.", _any),),
)
