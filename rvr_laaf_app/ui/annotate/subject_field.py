"""The field for who or what a target is on: typed, completed, or taken by its number from the words used so far."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLabel, QLineEdit, QVBoxLayout, QWidget

from rvr_laaf_app.ui import theme

MOST_WORDS = 9


class _Field(QLineEdit):
    """A line that says when it is entered and left, and of digits that are pressed before anything is typed."""

    entered = Signal()
    went = Signal()
    digit = Signal(int)  # from 1

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setModified(False)
        self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.went.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = event.key() - Qt.Key.Key_0
        if 1 <= number <= MOST_WORDS and not self.isModified() and not event.modifiers():
            self.digit.emit(number)
            return
        super().keyPressEvent(event)


class SubjectField(QWidget):
    """The line, and while it is typed into the words that have a number."""

    named = Signal(str)
    taken = Signal()  # a word was taken by its number: the field is done with

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = _Field(self)
        self.field.setObjectName("target_subject")
        self.field.setMaxLength(200)
        self._words: tuple[str, ...] = ()
        self._model = QStringListModel(self)
        completer = QCompleter(self._model, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.InlineCompletion)
        self.field.setCompleter(completer)
        self.hint = QLabel(self)
        self.hint.setObjectName("subject_words")
        self.hint.setWordWrap(True)
        self.hint.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        self.hint.setProperty("role", "quiet")
        self.hint.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.field)
        column.addWidget(self.hint)
        self.field.entered.connect(self._show_words)
        self.field.went.connect(self.hint.hide)
        self.field.digit.connect(self._take)
        self.field.editingFinished.connect(lambda: self.named.emit(self.field.text()))

    @property
    def words(self) -> tuple[str, ...]:
        """The words that can be taken, the most used first."""
        return self._words

    def set_words(self, words: Sequence[str]) -> None:
        """Offer these words."""
        if tuple(words) != self._words:
            self._words = tuple(words)
            self._model.setStringList(list(words))

    def _show_words(self) -> None:
        shown = [f"{n + 1}\u2002{word}" for n, word in enumerate(self._words[:MOST_WORDS])]
        self.hint.setText("   ".join(shown))
        self.hint.setVisible(bool(shown))

    def _take(self, number: int) -> None:
        if number <= len(self._words):
            self.field.setText(self._words[number - 1])
            self.taken.emit()
