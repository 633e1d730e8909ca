"""The line under the picture: where we are, play and step, how well it plays, and what of the frame is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.panels.timecode_field import TimecodeField

if TYPE_CHECKING:
    from rvr_laaf_app.ui.playback.player import Pace
    from rvr_laaf_app.ui.playback.timecode import Timecode

STEPS: Final = ("to_start", "previous_target", "step_back", "play", "step_forward", "next_target", "to_end", "loop")
VIEW_CHOICES: Final = ("view_refocused", "view_original", "view_disparity", "view_confidence")
SIZES: Final = ("picture_fit", "picture_100", "picture_200", "picture_in", "picture_out")
_NARROW_PX = 1160  # below it the views are a list instead of a row of buttons,
_SPARE_PX = 800  # and the jumps to both ends are left to their keys
_ENDS = ("to_start", "to_end")
_JUMPS = ("previous_target", "next_target", "loop")
_TIGHT_PX = 700  # and the number of the frame to the timecode,
_POOR_PX = 660  # wipe and size of the picture to menu and keys,
_LEAST_PX = 500  # targets and loop too
_NARROWEST_PX = 380
_LIST_EDGES_PX = 36  # of a list's button: padding, arrow and border
_KEPT_UP = 0.97  # of the wanted rate still counts as real time


class Transport(QWidget):
    """Buttons for some of the window's actions; shows and takes the time, and tells how playing does."""

    time_chosen = Signal(int)  # frame
    keys_left = Signal()  # the keys may go back to the picture

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._views = [actions[name] for name in VIEW_CHOICES]
        self.time = TimecodeField(self)
        self.time.chosen.connect(self.time_chosen)
        self.time.left.connect(self.keys_left)
        self.frame = self._label("frame_number")
        self.rate = self._label("rate")
        self.dropped = self._label("dropped")
        self.segments = self._segments()
        self.view_list = self._list("view_list", self._views, self.tr("View"))
        self.zoom = self._list("picture_size", [actions[name] for name in SIZES], self.tr("Size of the picture"))
        self._size = 0.0, True
        self.zoom.setText(self.tr("Fit"))
        self.wipe = self._button(actions["wipe"], "segment", text=True)
        steps = {name: self._button(actions[name], "flat") for name in STEPS}
        self._ends = [steps[name] for name in _ENDS]
        self._jumps = [steps[name] for name in _JUMPS]
        self._arrange(list(steps.values()))
        for view in self._views:
            view.toggled.connect(self._show_view)
        self._show_view()
        self.setFixedHeight(48)
        self.setMinimumWidth(_NARROWEST_PX)
        names = [view.text().replace("&", "") for view in self._views]
        widest = max(self.fontMetrics().horizontalAdvance(name) for name in names)
        self.view_list.setMinimumWidth(widest + _LIST_EDGES_PX)

    def _arrange(self, steps: list[QToolButton]) -> None:
        left, middle, right = (self._line() for _ in range(3))
        left.addWidget(self.time)
        facts = QVBoxLayout()
        facts.setSpacing(0)
        facts.addStretch(1)
        facts.addWidget(self.frame)
        line = self._line()
        line.addWidget(self.rate)
        line.addWidget(self.dropped)
        line.addStretch(1)
        facts.addLayout(line)
        facts.addStretch(1)
        left.addLayout(facts)
        left.addStretch(1)
        for button in steps:
            middle.addWidget(button)
        middle.setSpacing(0)
        right.addStretch(1)
        for part in (self.segments, self.view_list, self.wipe, self.zoom):
            right.addWidget(part)
        right.setSpacing(6)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 4, 16, 4)
        self._row.setSpacing(12)
        self._row.addLayout(left, 1)
        self._row.addLayout(middle, 0)
        self._row.addLayout(right, 1)

    def _line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        return line

    def _label(self, name: str) -> QLabel:
        label = QLabel("", self)
        label.setObjectName(name)
        label.setProperty("role", "quiet")
        label.setProperty("small", True)
        label.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _segments(self) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        for action in self._views:
            line.addWidget(self._button(action, "segment", text=True))
        return row

    def _list(self, name: str, actions: list[QAction], title: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setProperty("role", "list")
        button.setAccessibleName(title)
        button.setToolTip(title)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        menu = QMenu(button)
        menu.addActions(actions)
        button.setMenu(menu)
        return button

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

    def set_code(self, code: Timecode | None) -> None:
        """Say how the frames of the clip are labelled; None: there is no clip."""
        self.time.set_code(code)
        if code is None:
            self.frame.setText("")
        self.show_pace(None)

    def show_position(self, index: int, frames: int, seconds: float) -> None:
        """Show the frame and its time."""
        self.time.set_index(index)
        self.frame.setText(
            self.tr("frame {0} of {1}").replace("{0}", str(index)).replace("{1}", str(max(frames - 1, 0)))
        )

    def show_rate(self, rate: float) -> None:
        """Show how fast it plays; what is known of the pace comes with `show_pace`."""
        if rate:
            self._write(self.rate, "" if rate == 1.0 else _speed(rate))
            self._write(self.dropped, "")

    def show_pace(self, pace: Pace | None, rate: float = 0.0) -> None:
        """Show pictures a second against what they should be, and how many came too late; None: it never played."""
        if pace is None:
            self._write(self.rate, "")
            self._write(self.dropped, "")
            return
        text = ""
        if rate:
            wording = self.tr("{0} fps") if self._tight else self.tr("{0} / {1} fps")
            text = wording.replace("{0}", f"{pace.shown_per_s:.1f}").replace("{1}", f"{pace.wanted_per_s:.4g}")
            text += "" if rate == 1.0 else f"  {_speed(rate)}"
        slow = pace.shown_per_s < _KEPT_UP * pace.wanted_per_s - 1
        self._write(self.rate, text, "problem" if slow else "good")
        lost = self.tr("{0} dropped").replace("{0}", str(pace.dropped)) if pace.dropped or rate else ""
        self._write(self.dropped, lost, "problem" if pace.dropped else "quiet")

    @property
    def _tight(self) -> bool:
        return self.width() < _SPARE_PX

    def show_zoom(self, factor: float, *, fits: bool) -> None:
        """Show how large the picture is: device pixels per pixel of the clip."""
        self._size = factor, fits
        share = f"{factor:.0%}".replace("%", " %")
        fit = self.tr("Fit") if self._tight or not factor else f"{self.tr('Fit')}  {share}"
        self.zoom.setText(fit if fits or not factor else share)

    def _write(self, label: QLabel, text: str, role: str = "quiet") -> None:
        label.setText(text)
        label.setVisible(bool(text))
        if label.property("role") != role:
            label.setProperty("role", role)
            label.style().polish(label)

    @Slot()
    def _show_view(self) -> None:
        chosen = next((v for v in self._views if v.isChecked()), self._views[0])
        self.view_list.setText(chosen.text().replace("&", ""))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the views as a row of buttons, or as a list where there is no room for that."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW_PX
        for button in self._ends:
            button.setVisible(not self._tight)
        self.frame.setVisible(self.width() >= _TIGHT_PX)
        for button in (self.wipe, self.zoom):
            button.setVisible(self.width() >= _POOR_PX)
        for button in self._jumps:
            button.setVisible(self.width() >= _LEAST_PX)
        side = 8 if self._tight else 16
        self._row.setContentsMargins(side, 4, side, 4)
        self.show_zoom(self._size[0], fits=self._size[1])
        self.segments.setVisible(not narrow)
        self.view_list.setVisible(narrow)


def _speed(rate: float) -> str:
    """Return "2x", "-0.25x"."""
    return f"{rate:g}x".replace("-", "\N{MINUS SIGN}")
