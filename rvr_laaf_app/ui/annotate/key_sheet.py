"""The keys that one works with, always in sight; it can be folded away."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from rvr_laaf_app.ui.annotate.commands import COMMANDS


class KeySheet(QWidget):
    """A heading and two columns of keys with what they do."""

    def __init__(self, keys: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("key_sheet")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(6)
        heading = QLabel(self.tr("KEYS"), self)
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        rows = [(self.tr("Click"), self.tr("focus goes here now")), ("1-9", self.tr("focus on that subject now"))]
        rows += [(keys.get(c.id, ""), self.tr(c.short)) for c in COMMANDS if c.short and keys.get(c.id)]
        for number, (key, text) in enumerate(rows):
            grid.addWidget(self._label(key, "key"), number, 0)
            grid.addWidget(self._label(text, "quiet"), number, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addStretch(1)

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setProperty("small", "true")
        return label
