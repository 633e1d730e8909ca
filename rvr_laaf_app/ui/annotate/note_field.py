"""The note on a clip, in the line below the picture: what the annotator was not sure of."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from rvr_laaf_app.ui.annotate.target_form import KeepTyping, fill

_WIDE_PX = 240


class NoteField(QWidget):
    """A field with its key; says what was written."""

    written = Signal(str)
    left = Signal()

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.field = QLineEdit(self)
        self.field.setObjectName("clip_note")
        self.field.setPlaceholderText(self.tr("Note a doubt about this clip"))
        self.field.setAccessibleName(self.tr("Note a doubt about this clip"))
        self.field.setMaxLength(500)
        self.field.setFixedWidth(_WIDE_PX)
        self._keeper = KeepTyping(self)
        self._keeper.left.connect(self.left)
        self.field.installEventFilter(self._keeper)
        self.field.editingFinished.connect(lambda: self.written.emit(self.field.text()))
        self.field.returnPressed.connect(self.left)
        row.addWidget(self.field)
        label = QLabel(key, self)
        label.setProperty("role", "key")
        row.addWidget(label)

    def show_note(self, note: str, *, possible: bool) -> None:
        """Show what is noted."""
        self.field.setEnabled(possible)
        fill(self.field, note)
