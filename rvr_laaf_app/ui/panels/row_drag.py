"""What a row carries while it is dragged inside its own list: nothing but the right to be there."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData

_ITEM_TYPE = "application/x-qabstractitemmodeldatalist"  # without it no list takes a drop of its rows


def empty_burden() -> QMimeData:
    """Return mime data for `QListWidget.mimeData` of a list whose own `dropEvent` looks at the selection.

    Qt would write every role of the rows into it; Python objects among them are pickled for that, which crashes when
    one (a picture) cannot be.
    """
    data = QMimeData()
    data.setData(_ITEM_TYPE, QByteArray(b""))
    return data
