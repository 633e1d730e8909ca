"""Targets on the clipboard, as the same JSON that a project holds: from clip to clip, and from window to window."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QMimeData
from PySide6.QtGui import QGuiApplication

from rvr_laaf_app.document.encoding import decode, encode_target
from rvr_laaf_app.document.project import FocusTarget

MIME = "application/x-rvr-laaf-targets+json"
MOST_BYTES = 4_000_000


def copy_targets(targets: Sequence[FocusTarget]) -> None:
    """Put targets on the clipboard, as text too."""
    text = json.dumps({"targets": [encode_target(t) for t in targets]}, indent=1)
    data = QMimeData()
    data.setData(MIME, QByteArray(text.encode()))
    data.setText(text)
    QGuiApplication.clipboard().setMimeData(data)


def copied_targets() -> tuple[FocusTarget, ...]:
    """Return the targets on the clipboard; nothing if there is something else, or what no project could hold."""
    data = QGuiApplication.clipboard().mimeData()
    if data is None or not data.hasFormat(MIME):
        return ()
    raw = bytes(data.data(MIME).data())
    if len(raw) > MOST_BYTES:
        return ()
    try:
        values = json.loads(raw)
        return decode({"targets": values["targets"]}).targets
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
