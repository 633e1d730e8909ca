"""The line under the picture: where we are, play and step, and which view of the frame is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.scale import clock_text

STEPS: Final = ("to_start", "previous_target", "step_back", "play", "step_forward", "next_target", "to_end")
VIEW_CHOICES: Final = ("view_refocused", "view_original", "view_disparity")


class Transport(QWidget):
    """Buttons for some of the window's actions; shows time and frame."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.time = QLabel("0:00.00", self)
        self.time.setObjectName("time")
        self.time.setProperty("role", "strong")
        self.time.setFont(theme.tabular_font(15, bold=True))
        self.frame = QLabel("", self)
        self.frame.setObjectName("frame_number")
        self.frame.setProperty("role", "quiet")
        self.rate = QLabel("", self)
        self.rate.setObjectName("rate")
        self.rate.setProperty("role", "quiet")
        left, middle, right = QWidget(self), QWidget(self), QWidget(self)
        left_line, middle_line, right_line = (self._line(w) for w in (left, middle, right))
        left_line.addWidget(self.time)
        left_line.addWidget(self.frame)
        left_line.addWidget(self.rate)
        left_line.addStretch(1)
        for name in STEPS:
            middle_line.addWidget(self._button(actions[name], "flat"))
        right_line.addStretch(1)
        segments = QHBoxLayout()
        segments.setSpacing(0)
        for name in VIEW_CHOICES:
            segments.addWidget(self._button(actions[name], "segment", text=True))
        right_line.addLayout(segments)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 16, 6)
        layout.setSpacing(8)
        layout.addWidget(left, 1)
        layout.addWidget(middle, 0)
        layout.addWidget(right, 1)
        self.setFixedHeight(44)

    def _line(self, widget: QWidget) -> QHBoxLayout:
        line = QHBoxLayout(widget)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        return line

    def _button(self, action: QAction, role: str, *, text: bool = False) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{action.objectName()}_button")
        button.setDefaultAction(action)
        button.setProperty("role", role)
        button.setAccessibleName(action.text().replace("&", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        return button

    def show_position(self, index: int, frames: int, seconds: float) -> None:
        """Show the frame and its time."""
        self.time.setText(clock_text(seconds))
        self.frame.setText(
            self.tr("frame {0} of {1}").replace("{0}", str(index)).replace("{1}", str(max(frames - 1, 0)))
        )

    def show_rate(self, rate: float) -> None:
        """Show how fast it plays; nothing at the ordinary rate or when it stands."""
        self.rate.setText("" if rate in (0.0, 1.0) else f"{rate:g}x")
