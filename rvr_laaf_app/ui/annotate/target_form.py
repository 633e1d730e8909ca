"""The chosen target: who or what it is, why focus goes there, and its times; each with the key that sets it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.annotate.commands import MOST_SUBJECTS, REASONS
from rvr_laaf_app.ui.annotate.strip_drawing import subject_colour
from rvr_laaf_app.ui.annotate.subject_field import SubjectField

WIDE_PX = 262  # of the form where it is narrowest
_MARGIN_PX = 12
_KEPT = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Up, Qt.Key.Key_Down})


@dataclass(frozen=True, slots=True)
class TargetText:
    """What the form shows of a target. times: by "at", "arrive", "early", "late", "hold"."""

    place: str  # "2 of 4"
    subject: str
    reason: str
    times: dict[str, str]


class KeepTyping(QObject):
    """Keeps Return, Escape and the arrows for a field that is typed into, before a shortcut of the window gets them."""

    left = Signal()  # Return or Escape: the keys go back to the picture

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim these keys; after Return and Escape the field is left."""
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride and Qt.Key(event.key()) in _KEPT:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return True
        return False


class TargetForm(QWidget):
    """Shows what it is given and says what was asked for."""

    command_asked = Signal(str)  # id of a command
    subject_asked = Signal(int)  # number of a subject, from 0: the chosen target is on it
    subject_named = Signal(str)
    reason_written = Signal(str)
    left = Signal()  # a field was left: the keys belong to the picture again

    def __init__(self, keys: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("target_form")
        self._keys = keys
        self._keeper = KeepTyping(self)
        self._keeper.left.connect(self.left)
        self.place = QLabel(self)
        self.place.setObjectName("target_place")
        self.place.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        self.place.setProperty("role", "quiet")
        self.naming = SubjectField(self)
        self.subject = self.naming.field
        self.subject.setPlaceholderText(self.tr("Who or what it is"))
        self.subject.setAccessibleName(self.tr("Who or what it is"))
        self.subject.installEventFilter(self._keeper)
        self.subject.returnPressed.connect(self.left)
        self.naming.named.connect(self.subject_named)
        self.naming.taken.connect(self.left)
        self.reason = self._field("target_reason", self.tr("In other words"), self.reason_written)
        self.subjects = QVBoxLayout()
        self.subjects.setSpacing(2)
        self._chips: list[QPushButton] = []
        self.reasons = [self._reason_button(n, reason) for n, reason in enumerate(REASONS)]
        self._times: dict[str, QPushButton] = {}
        self._lay_out()
        self.show_target(None)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN_PX, 10, _MARGIN_PX, 10)
        column.setSpacing(5)
        head = QHBoxLayout()
        head.addWidget(self._heading(self.tr("TARGET")))
        head.addStretch(1)
        head.addWidget(self.place)
        column.addLayout(head)
        column.addLayout(self.subjects)
        column.addWidget(self._labelled(self.tr("Subject"), "name_subject"))
        column.addWidget(self.naming)
        column.addWidget(self._labelled(self.tr("Why"), "write_reason"))
        grid = QGridLayout()
        grid.setSpacing(4)
        widest = max(button.sizeHint().width() for button in self.reasons)
        columns = 2 if 2 * widest + grid.spacing() <= WIDE_PX - 2 * _MARGIN_PX else 1
        for number, button in enumerate(self.reasons):
            grid.addWidget(button, number // columns, number % columns)
        column.addLayout(grid)
        column.addWidget(self.reason)
        column.addSpacing(4)
        column.addWidget(self._heading(self.tr("TIMES")))
        column.addLayout(self._time_rows())

    def _time_rows(self) -> QGridLayout:
        rows = QGridLayout()
        rows.setHorizontalSpacing(8)
        rows.setVerticalSpacing(2)
        texts = (
            ("arrive", self.tr("Sharp from"), "set_arrive"),
            ("early", self.tr("At the earliest"), "set_early"),
            ("late", self.tr("At the latest"), "set_late"),
            ("hold", self.tr("Holds until"), "set_hold"),
        )
        for number, (name, text, command) in enumerate(texts):
            label = QLabel(text, self)
            label.setWordWrap(True)
            rows.addWidget(label, number, 0)
            value = QPushButton(self)
            value.setObjectName(f"time_{name}")
            value.setProperty("role", "link")
            value.setFont(theme.tabular_font())
            value.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            value.setAccessibleName(text)
            value.setToolTip(self.tr("Set it to the frame that is shown"))
            value.clicked.connect(self._clicked)
            value.setProperty("command", command)
            rows.addWidget(value, number, 1)
            rows.addWidget(self._key(command), number, 2, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
            self._times[name] = value
        rows.setColumnStretch(1, 1)
        return rows

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", "heading")
        return label

    def _labelled(self, text: str, command: str) -> QWidget:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 4, 0, 0)
        label = QLabel(text, holder)
        label.setProperty("role", "quiet")
        row.addWidget(label)
        row.addStretch(1)
        row.addWidget(self._key(command))
        return holder

    def _key(self, command: str) -> QLabel:
        label = QLabel(self._keys.get(command, ""), self)
        label.setProperty("role", "key" if label.text() else "")
        label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return label

    def _field(self, name: str, hint: str, signal: SignalInstance) -> QLineEdit:
        field = QLineEdit(self)
        field.setObjectName(name)
        field.setPlaceholderText(hint)
        field.setAccessibleName(hint)
        field.setMaxLength(200)
        field.installEventFilter(self._keeper)
        field.editingFinished.connect(lambda: signal.emit(field.text()))
        field.returnPressed.connect(self.left)
        return field

    def _reason_button(self, number: int, reason: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"reason_{number}")
        button.setProperty("role", "flat")
        button.setProperty("command", f"reason_{number}")
        button.setCheckable(True)
        key = self._keys.get(f"reason_{number}", "")
        button.setText(f"{key}  {self.tr(reason)}")
        button.setAccessibleName(self.tr(reason))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(self._clicked)
        return button

    @property
    def times(self) -> dict[str, str]:
        """The times but that of the target itself, as they are shown."""
        return {name: button.text() for name, button in self._times.items()}

    @property
    def chips(self) -> list[QPushButton]:
        """The subjects of the clip, as buttons."""
        return self._chips

    def show_subjects(self, names: Sequence[str], current: str, ruling: str) -> None:
        """Show the subjects of the clip with their numbers; current: that of the chosen target; ruling: in focus."""
        while len(self._chips) < min(len(names), MOST_SUBJECTS):
            self._chips.append(self._chip(len(self._chips)))
        for number, chip in enumerate(self._chips):
            chip.setVisible(number < len(names))
            if number < len(names):
                mark = "\u25c6" if names[number] == current else "\u2022" if names[number] == ruling else "  "
                chip.setText(f"{number + 1}  {mark}  {names[number]}")
                chip.setToolTip(names[number])

    def _chip(self, number: int) -> QPushButton:
        chip = QPushButton(self)
        chip.setObjectName(f"subject_{number + 1}")
        chip.setProperty("role", "link")
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.setIcon(_dot(number + 1))
        chip.clicked.connect(lambda: self.subject_asked.emit(number))
        self.subjects.addWidget(chip)
        return chip

    def show_words(self, words: Sequence[str]) -> None:
        """Offer these names while a subject is typed."""
        self.naming.set_words(words)

    def show_target(self, text: TargetText | None) -> None:
        """Show a target; None: none is chosen."""
        self.place.setText("" if text is None else f"{text.times['at']}    {text.place}")
        for field, value in ((self.subject, text.subject if text else ""), (self.reason, text.reason if text else "")):
            field.setEnabled(text is not None)
            fill(field, value if field is not self.reason or value not in REASONS else "")
        for number, button in enumerate(self.reasons):
            button.setEnabled(text is not None)
            button.setChecked(text is not None and text.reason == REASONS[number])
        for name, value_button in self._times.items():
            value_button.setText("" if text is None else text.times.get(name, ""))
            value_button.setEnabled(text is not None)

    def enable(self, possible: Collection[str]) -> None:
        """Take note of what is possible; what is not cannot be clicked."""
        for button in self.findChildren(QPushButton):
            command = button.property("command")
            if command:
                button.setEnabled(command in possible)

    @Slot()
    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.command_asked.emit(str(sender.property("command")))


def _dot(number: int) -> QIcon:
    """Return a small disc in the colour of a subject."""
    pixmap = QPixmap(24, 24)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(subject_colour(number))
    painter.drawEllipse(2, 2, 8, 8)
    painter.end()
    return QIcon(pixmap)


def fill(field: QLineEdit, text: str) -> None:
    """Put a text into a field, unless somebody is typing there."""
    if field.text() != text and not field.hasFocus():
        with QSignalBlocker(field):
            field.setText(text)
