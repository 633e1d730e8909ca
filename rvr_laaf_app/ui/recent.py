"""The files that were open before, newest first, in the user's configuration folder. Losing the list harms nothing."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.atomic import write_atomic

MOST = 12
log = logging.getLogger(__name__)


class RecentFiles:
    """Reads and writes the list; a file that is gone is left out when read."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or config_folder()) / "recent.json"

    def paths(self) -> tuple[str, ...]:
        """Return the paths that still exist, newest first."""
        return tuple(p for p in self._read() if os.path.exists(p))

    def add(self, path: str) -> None:
        """Put a path at the top."""
        full = os.path.abspath(path)
        wanted = [full, *(p for p in self._read() if p != full)][:MOST]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, json.dumps(wanted, ensure_ascii=True).encode())
        except OSError:
            log.info("the list of recent files cannot be written", exc_info=True)

    def _read(self) -> list[str]:
        try:
            values = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [v for v in values if isinstance(v, str)] if isinstance(values, list) else []
