"""Actions of the export."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

TABLE: Final = Table(actions=(Action("export", "Export…", "File", ("Ctrl+E",), "analysis", section=30),))
