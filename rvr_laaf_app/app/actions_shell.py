"""Actions of the window itself: undo, docks, command palette, keys, help; and the needs that all features share."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _target(now: Situation) -> bool:
    return now.selected is not None and now.session.project.target(now.selected) is not None


TABLE: Final = Table(
    actions=(
        Action("quit", "Quit", "File", ("Ctrl+Q",), "always", section=90),
        Action("undo", "Undo", "Edit", ("Ctrl+Z",), "undo", section=10),
        Action("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", section=10),
        Action("dock_media", "Media", "Window", ("Ctrl+1",), "always", section=10, toggle=True),
        Action("dock_queue", "Export Queue", "Window", ("Ctrl+2",), "always", section=10, toggle=True),
        Action("dock_timeline", "Timeline", "Window", ("Ctrl+3",), "always", section=10, toggle=True),
        Action("dock_inspector", "Inspector", "Window", ("Ctrl+4",), "always", section=10, toggle=True),
        Action("keys", "Keys", "Help", ("?",), "always", section=10),
    ),
    needs=(
        Need("always", "", lambda _: True),
        Need("clip", "Open a clip first.", lambda now: now.session.clip is not None),
        Need("offline", "The clip was found: nothing to look for.", lambda now: now.session.clip_state == "offline"),
        Need("project", "Open a clip or a project first.", lambda now: now.session.project.clip is not None),
        Need("undo", "There is nothing to undo.", lambda now: now.session.document.undo_label is not None),
        Need("redo", "There is nothing to do again.", lambda now: now.session.document.redo_label is not None),
        Need("target", "Select a target first.", _target),
        Need(
            "analysis",
            "Open a clip whose depth can be estimated on this computer.",
            lambda now: now.session.products is not None,
        ),
    ),
)
