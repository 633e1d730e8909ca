"""Actions of depth: estimating and repairing it."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

TABLE: Final = Table(actions=(Action("analyse", "Analyse Depth", "Depth", (), "analysis", section=10),))
