"""The small parts that the panels of the capture window are put together from: labels, buttons, numbers, lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

WIDE = 1_000_000  # steps, beyond any lens


def label(parent: QWidget, name: str, text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label of plain text."""
    made = QLabel(text, parent)
    made.setObjectName(name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def button(parent: QWidget, name: str, text: str, tip: str = "", *, role: str = "") -> QPushButton:
    """Return a button that takes no more width than it is given."""
    made = QPushButton(text, parent)
    made.setObjectName(name)
    made.setAccessibleName(tip or text)
    made.setToolTip(tip)
    if role:
        made.setProperty("role", role)
    return made


def tool(parent: QWidget, name: str, text: str, tip: str, *, role: str = "", checkable: bool = False) -> QToolButton:
    """Return a small button."""
    made = QToolButton(parent)
    made.setObjectName(name)
    made.setText(text)
    made.setToolTip(tip)
    made.setAccessibleName(tip or text)
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if role:
        made.setProperty("role", role)
    return made


def number(parent: QWidget, name: str, title: str, *, low: int, high: int, suffix: str = "") -> QSpinBox:
    """Return a box for a whole number."""
    made = QSpinBox(parent)
    made.setObjectName(name)
    made.setAccessibleName(title)
    made.setRange(low, high)
    made.setSuffix(suffix)
    made.setKeyboardTracking(False)
    made.setAlignment(Qt.AlignmentFlag.AlignRight)
    made.setFixedWidth(96)
    return made


def choice(parent: QWidget, name: str, title: str, entries: Sequence[tuple[str, str]]) -> QComboBox:
    """Return a list of (value, text) to choose from; the value is the item's data."""
    made = QComboBox(parent)
    made.setObjectName(name)
    made.setAccessibleName(title)
    for value, text in entries:
        made.addItem(text, value)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    made.setMinimumWidth(80)
    return made


def choose(box: QComboBox, value: str) -> None:
    """Choose the entry with this value, if there is one."""
    at = box.findData(value)
    if at >= 0:
        box.setCurrentIndex(at)


def rule(parent: QWidget) -> QFrame:
    """Return a hairline."""
    made = QFrame(parent)
    made.setProperty("role", "rule")
    return made


def line(*widgets: QWidget | None, spacing: int = 8) -> QHBoxLayout:
    """Return widgets side by side; None is the place that grows."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return row


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role of the style sheet."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Panel(QScrollArea):
    """A column that scrolls when the window is low."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget(self)
        inner.setProperty("role", "panel")
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(16, 12, 12, 16)
        self.column.setSpacing(8)
        self.setWidget(inner)
