"""Everything the user can do: the features' tables put together. Menus, keys, palette and help are made from it. No Qt.

What an action does is bound to its id by the window's features; when it is possible is decided by the needs here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rvr_laaf_app.app import (
    actions_annotate,
    actions_capture,
    actions_clips,
    actions_depth,
    actions_export,
    actions_files,
    actions_focus,
    actions_interchange,
    actions_lens,
    actions_playback,
    actions_shell,
    actions_suggest,
)
from rvr_laaf_app.app.action import MENUS, Action, MenuName, Need, Situation, Table

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session

__all__ = ["ACTIONS", "MENUS", "NEEDS", "TABLES", "Action", "MenuName", "Need", "in_menu", "needs_met"]

TABLES: Final[tuple[Table, ...]] = (
    actions_files.TABLE,
    actions_clips.TABLE,
    actions_export.TABLE,
    actions_interchange.TABLE,
    actions_shell.TABLE,
    actions_playback.TABLE,
    actions_focus.TABLE,
    actions_suggest.TABLE,
    actions_lens.TABLE,
    actions_depth.TABLE,
    actions_annotate.TABLE,
    actions_capture.TABLE,
)
ACTIONS: Final[tuple[Action, ...]] = tuple(action for table in TABLES for action in table.actions)
NEEDS: Final[dict[str, Need]] = {need.id: need for table in TABLES for need in table.needs}


def in_menu(menu: MenuName) -> tuple[Action, ...]:
    """Return the actions of a menu in the order in which they stand there."""
    return tuple(sorted((a for a in ACTIONS if a.menu == menu), key=lambda a: a.section))


def needs_met(session: Session, selected: str | None = None) -> frozenset[str]:
    """Return the needs that are met now; an action is possible if its need is among them.

    selected: id of the selected target. Needs that only the window can judge are not among them.
    """
    now = Situation(session, selected)
    return frozenset(need.id for need in NEEDS.values() if need.met is not None and need.met(now))
