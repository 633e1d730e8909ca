"""Targets on the clipboard, as the same JSON that a project holds: from clip to clip, and from window to window."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication

from rvr_laaf_app.document.encoding import decode, encode_target
from rvr_laaf_app.document.project import FocusTarget

KIND = "rvr-laaf targets"
MOST_CHARACTERS = 4_000_000


def copy_targets(targets: Sequence[FocusTarget]) -> None:
    """Put targets on the clipboard.

    As plain text: data of a type of our own would be a Python object that Qt deletes after Python has ended, a crash.
    """
    values = {"kind": KIND, "targets": [encode_target(t) for t in targets]}
    QGuiApplication.clipboard().setText(json.dumps(values, indent=1))


def copied_targets() -> tuple[FocusTarget, ...]:
    """Return the targets on the clipboard; nothing if there is something else, or what no project could hold."""
    raw = QGuiApplication.clipboard().text()
    if KIND not in raw[:200] or len(raw) > MOST_CHARACTERS:
        return ()
    try:
        values = json.loads(raw)
        return decode({"targets": values["targets"]}).targets
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
