"""The keys that one works with, always in sight; it can be folded away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

# Commands whose keys stand together, and what they do; those of the form are told where they act.
_ROWS: Final = (
    (("focus_here",), "focus on what is pointed at"),
    (("play",), "play, stop"),
    (("back", "stop", "forward"), "back, stop, on; again: faster"),
    (("step_back", "step_on"), "one frame; Shift: ten"),
    (("previous_target", "next_target"), "target before, after"),
    (("earlier", "later"), "move target by a frame"),
    (("remove_target",), "remove target"),
    (("undo",), "undo"),
    (("attention",), "where people look"),
    (("clip_done",), "done, next clip"),
    (("set_aside",), "set the clip aside"),
)
_ARROWS: Final = {"Left": "\u2190", "Right": "\u2192", "Up": "\u2191", "Down": "\u2193"}


def _joined(keys: Mapping[str, str], names: tuple[str, ...]) -> str:
    return " ".join(_ARROWS.get(keys.get(name, ""), keys.get(name, "")) for name in names)


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
        grid.setVerticalSpacing(4)
        rows = [
            (self.tr("Click"), self.tr("focus goes here, now")),
            (self.tr("Shift+Click"), self.tr("the subject is here")),
            ("1 \u2013 9", self.tr("to that subject, now")),
            *((_joined(keys, names), self.tr(text)) for names, text in _ROWS),
        ]
        for number, (key, text) in enumerate(rows):
            cell = self._label(key, "key")
            cell.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(cell, number, 0)
            meaning = self._label(text, "quiet")
            meaning.setWordWrap(True)
            grid.addWidget(meaning, number, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addStretch(1)

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setProperty("small", "true")
        return label
