"""Actions of playing, stepping, marking a part of the clip, and choosing what of a frame is seen and how large."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _is_marked(now: Situation) -> bool:
    return now.session.clip is not None and now.session.project.play_range.is_set


TABLE: Final = Table(
    actions=(
        Action("view_refocused", "Refocused", "View", ("1",), section=10, group="view"),
        Action("view_original", "Original", "View", ("2",), section=10, group="view"),
        Action("view_disparity", "Disparity", "View", ("3",), section=10, group="view", words="depth"),
        Action("view_confidence", "Confidence", "View", ("4",), section=10, group="view", words="doubt depth"),
        Action("wipe", "Wipe", "View", ("W",), section=12, toggle=True, words="before after compare original"),
        Action("picture_fit", "Fit Picture", "View", ("Shift+Z",), section=20, words="zoom whole"),
        Action("picture_100", "Picture at 100 %", "View", ("Z",), section=20, words="zoom pixels 1:1"),
        Action("picture_200", "Picture at 200 %", "View", ("Alt+Z",), section=20, words="zoom pixels 2:1"),
        Action("picture_in", "Zoom Picture In", "View", ("Alt+=", "Alt++"), section=20),
        Action("picture_out", "Zoom Picture Out", "View", ("Alt+-",), section=20),
        Action("play", "Play", "Clip", ("Space",), section=10, icon="play"),
        Action("shuttle_back", "Play Backwards, Faster", "Clip", ("J",), section=10, words="shuttle reverse"),
        Action("stop", "Stop", "Clip", ("K",), section=10),
        Action("shuttle_forward", "Play Forwards, Faster", "Clip", ("L",), section=10, words="shuttle"),
        Action("play_range", "Play from I to O", "Clip", ("Shift+Space",), section=10, words="in out range"),
        Action("loop", "Loop", "Clip", ("Shift+L",), section=10, toggle=True, icon="loop", words="repeat range"),
        Action("mute", "Mute Sound", "Clip", ("Shift+M",), section=10, toggle=True),
        Action("step_back", "One Frame Back", "Clip", ("Left",), section=20, icon="step_back"),
        Action("step_forward", "One Frame Forward", "Clip", ("Right",), section=20, icon="step_forward"),
        Action("leap_back", "Ten Frames Back", "Clip", ("Shift+Left",), section=20),
        Action("leap_forward", "Ten Frames Forward", "Clip", ("Shift+Right",), section=20),
        Action("to_start", "To the Start", "Clip", ("Home",), section=20, icon="to_start"),
        Action("to_end", "To the End", "Clip", ("End",), section=20, icon="to_end"),
        Action("previous_cut", "Previous Cut", "Clip", ("Shift+Up",), section=20, words="shot"),
        Action("next_cut", "Next Cut", "Clip", ("Shift+Down",), section=20, words="shot"),
        Action("go_to_time", "Go to Time…", "Clip", ("Ctrl+G", "="), section=20, words="timecode frame jump"),
        Action("mark_in", "Mark In", "Clip", ("I",), section=30, words="range"),
        Action("mark_out", "Mark Out", "Clip", ("O",), section=30, words="range"),
        Action("go_in", "To the In Mark", "Clip", ("Shift+I",), "marked", section=30),
        Action("go_out", "To the Out Mark", "Clip", ("Shift+O",), "marked", section=30),
        Action("clear_marks", "Clear Marks", "Clip", ("Alt+X",), "marked", section=30, words="in out range"),
    ),
    needs=(Need("marked", "Set a mark with I or O first.", _is_marked),),
)
