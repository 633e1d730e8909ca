"""Actions on files: opening, saving, finding a clip again."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

TABLE: Final = Table(
    actions=(
        Action("open", "Open…", "File", ("Ctrl+O",), "always", section=10),
        Action("close_clip", "Close", "File", ("Ctrl+W",), "project", section=10),
        Action("save", "Save", "File", ("Ctrl+S",), "project", section=20),
        Action("save_as", "Save As…", "File", ("Ctrl+Shift+S",), "project", section=20),
        Action("relink", "Find Missing Clips…", "File", (), "missing", section=20, words="relink media offline"),
    )
)
