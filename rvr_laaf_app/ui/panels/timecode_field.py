"""Where we are, as a timecode that can be typed over: a frame number, HH:MM:SS:FF, seconds, or + and - from here."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.playback.timecode import Timecode

_WIDEST = "00:00:00:00"


class TimecodeField(QLineEdit):
    """Shows the label of a frame; what is typed and confirmed is emitted as a frame."""

    chosen = Signal(int)
    left = Signal()  # typing is over: the keys may go back to the picture

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("time")
        self.setAccessibleName(self.tr("Time"))
        self.setProperty("role", "timecode")
        self.setFont(theme.tabular_font(15, bold=True))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance(_WIDEST) + 18)
        self.setMaxLength(24)
        self._code: Timecode | None = None
        self._index = 0
        self._explain(wrong=False)
        self.returnPressed.connect(self._confirm)
        self.textEdited.connect(self._edited)

    def set_code(self, code: Timecode | None) -> None:
        """Say how the frames of the clip are labelled."""
        self._code = code
        self.setEnabled(code is not None)
        self._write()

    def set_index(self, index: int) -> None:
        """Show another frame, unless something is being typed."""
        self._index = index
        if not self.isModified():
            self._write()

    def begin(self) -> None:
        """Take the keys, everything selected."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    @property
    def wrong(self) -> bool:
        """True while what was typed and confirmed is no time."""
        return bool(self.property("problem"))

    def _write(self) -> None:
        inside = self._code is not None and self._index < len(self._code.table)
        self.setText(self._code.text(self._index) if self._code is not None and inside else _WIDEST)
        self.setModified(False)
        self._explain(wrong=False)

    def _explain(self, *, wrong: bool) -> None:
        how = self.tr("Type a frame number, HH:MM:SS:FF, seconds (3.5s), or +10 and -1:00 from here; then Enter.")
        self.setToolTip(f"{self.tr('This is no time.')} {how}" if wrong else how)
        self.setAccessibleDescription(self.toolTip())
        if self.property("problem") != wrong:
            self.setProperty("problem", wrong)
            self.style().polish(self)

    @Slot()
    def _confirm(self) -> None:
        found = None if self._code is None else self._code.index(self.text(), self._index)
        if found is None:
            self._explain(wrong=True)
            self.selectAll()
            return
        self.setModified(False)
        self.chosen.emit(found)
        self._write()
        self.left.emit()

    @Slot(str)
    def _edited(self, _text: str) -> None:
        self._explain(wrong=False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up what was typed with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self._write()
            self.left.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select everything: typing replaces it."""
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.MouseFocusReason:
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show the truth again; what was not confirmed is forgotten."""
        super().focusOutEvent(event)
        self._write()
