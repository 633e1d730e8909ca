"""Actions of the lens."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Table

TABLE: Final = Table(actions=())
