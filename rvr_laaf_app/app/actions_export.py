"""Actions of exporting: the window that adds to the queue, and the queue."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Table

TABLE: Final = Table(
    actions=(
        Action(
            "export", "Export…", "File", ("Ctrl+E",), "analysis", section=30, words="render write video queue preset"
        ),
        Action(
            "export_again", "Export as Last Time", "File", ("Ctrl+Shift+E",), "analysis", section=30,
            words="render queue preset quick",
        ),
        Action(
            "hold_exports", "Pause or Resume Exports", "File", ("Ctrl+Alt+P",), "exports", section=32,
            words="queue stop rest continue",
        ),
        Action("cancel_export", "Cancel the Export Under Way", "File", (), "exporting", section=32, words="queue stop"),
        Action("clear_exports", "Remove Finished Exports", "File", (), "exported", section=32, words="queue clear"),
        Action(
            "export_folder", "Show the Last Export", "File", (), "exported", section=32, words="open folder file reveal"
        ),
    ),
    needs=(
        Need("exports", "There is nothing to export in the queue."),
        Need("exporting", "Nothing is being exported."),
        Need("exported", "Nothing was exported yet."),
    ),
)  # fmt: skip
