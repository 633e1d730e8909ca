"""Everything one can do in the annotation window: names, menus and keys, as a table. What they do is the window's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_SUBJECTS: Final = 9
REASONS: Final = ("speaks", "acts", "enters", "is looked at")
_REASON_KEYS: Final = ("V", "B", "N", "M")


@dataclass(frozen=True, slots=True)
class Command:
    """id, English text, menu, keys; section: a line stands between two of them; needs: "" or what must be there.

    toggle: checkable.
    """

    id: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    section: int = 0
    needs: str = "clip"
    toggle: bool = False


MENUS: Final = ("File", "Edit", "Play", "Target", "Clip", "View")

COMMANDS: Final[tuple[Command, ...]] = (
    Command("open_folder", "Open Folder of Clips…", "File", ("Ctrl+O",), 0, ""),
    Command("annotate_as", "Annotate as…", "File", (), 0, "folder"),
    Command("import_targets", "Import Targets…", "File", ("Ctrl+I",), 1, "folder"),
    Command("export_targets", "Export Targets…", "File", ("Ctrl+E",), 1, "folder"),
    Command("make_split", "Divide into Train and Test", "File", (), 1, "folder"),
    Command("close_window", "Close", "File", ("Ctrl+W",), 2, ""),
    Command("undo", "Undo", "Edit", ("Ctrl+Z",), 0, "undo"),
    Command("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), 0, "redo"),
    Command("play", "Play or Stop", "Play", ("Space",), 0, "clip"),
    Command("back", "Play Backwards, Faster Each Time", "Play", ("J",), 0, "clip"),
    Command("stop", "Stop", "Play", ("K",), 0, "clip"),
    Command("forward", "Play, Faster Each Time", "Play", ("L",), 0, "clip"),
    Command("step_back", "One Frame Back", "Play", ("Left",), 1, "clip"),
    Command("step_on", "One Frame On", "Play", ("Right",), 1, "clip"),
    Command("ten_back", "Ten Frames Back", "Play", ("Shift+Left",), 1),
    Command("ten_on", "Ten Frames On", "Play", ("Shift+Right",), 1),
    Command("to_start", "First Frame", "Play", ("Home",), 1),
    Command("to_end", "Last Frame", "Play", ("End",), 1),
    Command("previous_target", "Previous Target", "Target", ("Up",), 0, "targets"),
    Command("next_target", "Next Target", "Target", ("Down",), 0, "targets"),
    Command("focus_here", "Focus on What Is under the Pointer", "Target", ("F",), 1, "clip"),
    Command("earlier", "One Frame Earlier", "Target", ("[",), 2, "target"),
    Command("later", "One Frame Later", "Target", ("]",), 2, "target"),
    Command("much_earlier", "Five Frames Earlier", "Target", ("{",), 2, "target"),
    Command("much_later", "Five Frames Later", "Target", ("}",), 2, "target"),
    Command("set_early", "Early: Here at the Earliest", "Target", ("Q",), 3, "target"),
    Command("set_late", "Late: Here at the Latest", "Target", ("W",), 3, "target"),
    Command("set_arrive", "Arrives Here", "Target", ("E",), 3, "target"),
    Command("set_hold", "Holds until Here", "Target", ("R",), 3, "target"),
    Command("clear_hold", "Holds until the Next Target", "Target", ("Shift+R",), 3, "target"),
    Command("name_subject", "Name the Subject", "Target", ("S",), 4, "target"),
    *(
        Command(f"reason_{n}", f"Why: {reason}", "Target", (key,), 5, "target")
        for n, (reason, key) in enumerate(zip(REASONS, _REASON_KEYS, strict=True))
    ),
    Command("write_reason", "Why: in Words", "Target", ("D",), 5, "target"),
    Command("remove_target", "Remove Target", "Target", ("Delete", "Backspace"), 6, "target"),
    Command("clip_done", "Done, Next Clip", "Clip", ("Return", "Enter"), 0, "clip"),
    Command("previous_clip", "Previous Clip", "Clip", ("PgUp",), 0, "folder"),
    Command("next_clip", "Next Clip", "Clip", ("PgDown",), 0, "folder"),
    Command("set_aside", "Set Aside…", "Clip", ("X",), 1, "clip"),
    Command("keep_clip", "Annotate All the Same", "Clip", (), 1, "aside"),
    Command("write_note", "Note a Doubt", "Clip", ("Ctrl+N",), 1, "clip"),
    Command("attention_off", "Picture Alone", "View", (), 0, ""),
    Command("attention_over", "Where People Look, over the Picture", "View", (), 0, ""),
    Command("attention_beside", "Where People Look, beside the Picture", "View", (), 0, ""),
    Command("attention", "Change Where People Look", "View", ("A",), 0, "clip"),
    Command("auto_play", "Play Each Clip When It Opens", "View", (), 1, "", toggle=True),
    Command("reaction", "Take Off the Reaction Time While Playing", "View", (), 1, "", toggle=True),
    Command("page_annotate", "Annotate", "View", ("Ctrl+1",), 2, ""),
    Command("page_agreement", "Agreement", "View", ("Ctrl+2",), 2, "folder"),
    Command("page_data", "Data Set", "View", ("Ctrl+3",), 2, "folder"),
)
