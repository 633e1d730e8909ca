"""Everything the user can do, as a table: menus, tool bars, shortcuts and the page of keys are made from it. No Qt.

What an action does is bound to its id by the window; when it is possible is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rvr_laaf_app.app.session import Session

Need = Literal["always", "clip", "offline", "project", "undo", "redo", "target", "analysis"]
Menu = Literal["File", "Edit", "View", "Clip", "Focus", "Help"]
MENUS: Final[tuple[Menu, ...]] = ("File", "Edit", "View", "Clip", "Focus", "Help")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the user can do: id, English text, menu, keys as Qt reads them, and what must be there for it.

    needs: see `needs_met`. group: exclusive, checkable actions; toggle: checkable by itself; gap: a line above it in
    the menu; icon: a name of resources/icons.
    """

    id: str
    text: str
    menu: Menu
    keys: tuple[str, ...] = ()
    needs: Need = "clip"
    group: str = ""
    toggle: bool = False
    gap: bool = False
    icon: str = ""


ACTIONS: Final[tuple[Action, ...]] = (
    Action("open", "Open…", "File", ("Ctrl+O",), "always"),
    Action("close_clip", "Close", "File", ("Ctrl+W",), "project"),
    Action("save", "Save", "File", ("Ctrl+S",), "project", gap=True),
    Action("save_as", "Save As…", "File", ("Ctrl+Shift+S",), "project"),
    Action("relink", "Find the Clip…", "File", (), "offline"),
    Action("export", "Export…", "File", ("Ctrl+E",), "analysis", gap=True),
    Action("quit", "Quit", "File", ("Ctrl+Q",), "always", gap=True),
    Action("undo", "Undo", "Edit", ("Ctrl+Z",), "undo"),
    Action("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    Action("remove_target", "Remove Target", "Edit", ("Del",), "target", gap=True),
    Action("view_refocused", "Refocused", "View", ("1",), group="view"),
    Action("view_original", "Original", "View", ("2",), group="view"),
    Action("view_disparity", "Disparity", "View", ("3",), group="view"),
    Action("zone_bars", "Focus Distance in the Picture", "View", ("B",), toggle=True, gap=True),
    Action("problem_list", "Problems", "View", ("Ctrl+F8",), toggle=True),
    Action("lane_film", "Film", "View", (), toggle=True, gap=True),
    Action("lane_sound", "Sound", "View", (), toggle=True),
    Action("lane_depth", "Depth over Time", "View", ("D",), toggle=True),
    Action("zoom_in", "Zoom Timeline In", "View", ("Ctrl++", "Ctrl+="), gap=True),
    Action("zoom_out", "Zoom Timeline Out", "View", ("Ctrl+-",)),
    Action("play", "Play", "Clip", ("Space",), icon="play"),
    Action("shuttle_back", "Play Backwards, Faster", "Clip", ("J",)),
    Action("stop", "Stop", "Clip", ("K",)),
    Action("shuttle_forward", "Play Forwards, Faster", "Clip", ("L",)),
    Action("step_back", "One Frame Back", "Clip", ("Left",), gap=True, icon="step_back"),
    Action("step_forward", "One Frame Forward", "Clip", ("Right",), icon="step_forward"),
    Action("leap_back", "Ten Frames Back", "Clip", ("Shift+Left",)),
    Action("leap_forward", "Ten Frames Forward", "Clip", ("Shift+Right",)),
    Action("to_start", "To the Start", "Clip", ("Home",), icon="to_start"),
    Action("to_end", "To the End", "Clip", ("End",), icon="to_end"),
    Action("analyse", "Analyse Depth", "Clip", (), "analysis", gap=True),
    Action("target_here", "Set Target Under the Pointer", "Focus", ("F",), icon="target"),
    Action("previous_target", "Previous Target", "Focus", ("Up",), gap=True, icon="previous_target"),
    Action("next_target", "Next Target", "Focus", ("Down",), icon="next_target"),
    Action("next_problem", "Next Problem", "Focus", ("F8",), gap=True, icon="next_problem"),
    Action("previous_problem", "Previous Problem", "Focus", ("Shift+F8",), icon="previous_problem"),
    Action("shorter_pull", "Shorter Pull", "Focus", ("]",), "target", gap=True),
    Action("longer_pull", "Longer Pull", "Focus", ("[",), "target"),
    Action("track_again", "Track Again", "Focus", ("R",), "target"),
    Action("keys", "Keys", "Help", ("?",), "always"),
)


def needs_met(session: Session, selected: str | None = None) -> frozenset[Need]:
    """Return the needs that are met now; an action is possible if its need is among them.

    clip: the clip is there; offline: it was not found; project: something is open; undo, redo: there is a step;
    target: the target `selected` exists; analysis: the clip can be analysed on this machine.
    """
    document = session.document
    facts: dict[Need, bool] = {
        "always": True,
        "clip": session.clip is not None,
        "offline": session.clip_state == "offline",
        "project": session.project.clip is not None,
        "undo": document.undo_label is not None,
        "redo": document.redo_label is not None,
        "target": selected is not None and session.project.target(selected) is not None,
        "analysis": session.products is not None,
    }
    return frozenset(need for need, met in facts.items() if met)
