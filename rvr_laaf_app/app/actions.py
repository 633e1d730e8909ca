"""Everything the user can do, as a table: menus, tool bars, shortcuts and help are made from it. No Qt.

An action asks a Session what is possible and a WindowPort for what only a window can do (choose a file, ask, move the
playhead). Shortcuts are written as Qt reads them ("Ctrl+S").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from rvr_laaf_app.app.session import Session

Group = Literal["file", "edit", "target", "play", "view", "help"]


class WindowPort(Protocol):
    """What actions need of a window (tests give a fake)."""

    def choose_and_open(self) -> None:
        """Ask for a clip or project and open it, after asking about unsaved changes."""
        ...

    def save(self) -> bool:
        """Save under the project's own name, or ask for one; False if the user gave up or it failed."""
        ...

    def save_as(self) -> bool:
        """Ask for a name and save; False if the user gave up or it failed."""
        ...

    def choose_clip_again(self) -> None:
        """Ask where the clip of an offline project is now."""
        ...

    def show_export(self) -> None:
        """Show the export window."""
        ...

    def close_window(self) -> None:
        """Close, after asking about unsaved changes."""
        ...

    def selected_target(self) -> str | None:
        """Return the id of the selected target."""
        ...

    def toggle_play(self) -> None:
        """Play or stop."""
        ...

    def step(self, frames: int) -> None:
        """Move the playhead by frames."""
        ...

    def go_to(self, frame: int) -> None:
        """Put the playhead on a frame."""
        ...

    def playhead(self) -> int:
        """Return the frame under the playhead."""
        ...

    def show_view(self, view: Literal["refocused", "original", "disparity"]) -> None:
        """Show the refocused picture, the original, or the depth."""
        ...


Condition = Callable[[Session, WindowPort], bool]
Run = Callable[[Session, WindowPort], object]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done. text: what the menu says; `&` marks no letter here, the window adds what it needs."""

    id: str
    text: str
    group: Group
    run: Run
    shortcut: str = ""
    enabled: Condition = lambda _session, _window: True

    def label(self, session: Session) -> str:
        """Return the text, with what would be undone or redone where that says more."""
        document = session.document
        told = {"edit.undo": document.undo_label, "edit.redo": document.redo_label}.get(self.id)
        return f"{self.text} {told[0].lower()}{told[1:]}" if told else self.text


def _has_clip(session: Session, _window: WindowPort) -> bool:
    return session.clip is not None


def _can_export(session: Session, _window: WindowPort) -> bool:
    return session.products is not None


def _has_selection(session: Session, window: WindowPort) -> bool:
    selected = window.selected_target()
    return selected is not None and session.project.target(selected) is not None


def _remove_selected(session: Session, window: WindowPort) -> None:
    selected = window.selected_target()
    if selected is not None:
        session.remove_target(selected)


def _track_selected(session: Session, window: WindowPort) -> None:
    selected = window.selected_target()
    if selected is not None:
        session.start_tracking(selected)


def _to_target(step: int) -> Run:
    """Return the action that goes to the next (1) or previous (-1) target."""

    def run(session: Session, window: WindowPort) -> None:
        here = window.playhead()
        frames = sorted({t.frame for t in session.project.targets}, reverse=step < 0)
        for frame in frames:
            if (frame - here) * step > 0:
                window.go_to(frame)
                return

    return run


def _has_targets(session: Session, _window: WindowPort) -> bool:
    return session.clip is not None and bool(session.project.targets)


def _last_frame(session: Session, window: WindowPort) -> None:
    if session.clip is not None:
        window.go_to(session.clip.frames - 1)


ACTIONS: tuple[Action, ...] = (
    Action("file.open", "Open…", "file", lambda _s, w: w.choose_and_open(), "Ctrl+O"),
    Action(
        "file.save",
        "Save project",
        "file",
        lambda _s, w: w.save(),
        "Ctrl+S",
        lambda s, _w: s.can_edit and (s.modified or s.path is None),
    ),
    Action(
        "file.save_as", "Save project as…", "file", lambda _s, w: w.save_as(), "Ctrl+Shift+S", lambda s, _: s.can_edit
    ),
    Action(
        "file.relink",
        "Find missing clip…",
        "file",
        lambda _s, w: w.choose_clip_again(),
        enabled=lambda s, _w: s.clip_state == "offline",
    ),
    Action("file.export", "Export…", "file", lambda _s, w: w.show_export(), "Ctrl+E", _can_export),
    Action("file.close", "Close", "file", lambda _s, w: w.close_window(), "Ctrl+Q"),
    Action(
        "edit.undo",
        "Undo",
        "edit",
        lambda s, _w: s.undo(),
        "Ctrl+Z",
        lambda s, _w: s.document.undo_label is not None,
    ),
    Action(
        "edit.redo",
        "Redo",
        "edit",
        lambda s, _w: s.redo(),
        "Ctrl+Shift+Z",
        lambda s, _w: s.document.redo_label is not None,
    ),
    Action("target.remove", "Remove target", "target", _remove_selected, "Delete", _has_selection),
    Action("target.track", "Track again", "target", _track_selected, "Ctrl+T", _has_selection),
    Action("target.next", "Go to next target", "target", _to_target(1), "Down", _has_targets),
    Action("target.previous", "Go to previous target", "target", _to_target(-1), "Up", _has_targets),
    Action("play.toggle", "Play or pause", "play", lambda _s, w: w.toggle_play(), "Space", _has_clip),
    Action("play.forward", "Next frame", "play", lambda _s, w: w.step(1), "Right", _has_clip),
    Action("play.back", "Previous frame", "play", lambda _s, w: w.step(-1), "Left", _has_clip),
    Action("play.first", "First frame", "play", lambda _s, w: w.go_to(0), "Home", _has_clip),
    Action("play.last", "Last frame", "play", _last_frame, "End", _has_clip),
    Action("view.refocused", "Refocused", "view", lambda _s, w: w.show_view("refocused"), "1", _can_export),
    Action("view.original", "Original", "view", lambda _s, w: w.show_view("original"), "2", _has_clip),
    Action("view.disparity", "Depth", "view", lambda _s, w: w.show_view("disparity"), "3", _can_export),
)


def action(action_id: str) -> Action:
    """Return the action with this id; raise KeyError for an unknown one."""
    for known in ACTIONS:
        if known.id == action_id:
            return known
    raise KeyError(action_id)
