"""One number of the inspector: its name, a slider for the eye and a box for the exact value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSlider, QWidget

_STEPS = 1000
REST_MS = 500


@dataclass(frozen=True, slots=True)
class SliderScale:
    """How a slider's way maps to values: from low to high, evenly, or by equal factors (`log`; then low > 0)."""

    low: float
    high: float
    log: bool = False
    decimals: int = 0
    step: float = 1.0

    def value_at(self, position: int) -> float:
        """Return the value of a slider position 0..1000, rounded to the decimals."""
        share = position / _STEPS
        value = (
            self.low * math.pow(self.high / self.low, share) if self.log else self.low + share * (self.high - self.low)
        )
        return round(value, self.decimals)

    def position_of(self, value: float) -> int:
        """Return the slider position nearest to a value."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            return round(_STEPS * math.log(inside / self.low) / math.log(self.high / self.low))
        return round(_STEPS * (inside - self.low) / (self.high - self.low))


class NumberBox(QDoubleSpinBox):
    """A number; with `most`, that word stands for the largest value. The last `finer` decimals stand only if not 0."""

    most = ""
    finer = 0

    def textFromValue(self, value: float) -> str:
        """Return "1.8" for 1.80, and the word for the largest value."""
        if self.most and value >= self.maximum():
            return self.most
        text = super().textFromValue(value)
        kept = len(text) - self.finer
        return text[:kept] + text[kept:].rstrip("0") if self.finer else text

    def valueFromText(self, text: str) -> float:
        """Take the word back."""
        return self.maximum() if self.most and self.most in text else super().valueFromText(text)

    def validate(self, text: str, at: int) -> tuple[QValidator.State, str, int]:
        """Let the word stand, and numbers typed in its place."""
        if self.most and self.most in text:
            return QValidator.State.Acceptable, text, at
        return super().validate(text, at)


class SliderRow(QWidget):
    """Emits `value_edited` while the user changes it, and `gesture_ended` when one change is done."""

    value_edited = Signal(float)
    gesture_ended = Signal()

    def __init__(
        self,
        name: str,
        title: str,
        scale: SliderScale,
        *,
        prefix: str = "",
        suffix: str = "",
        hint: str = "",
        most: str = "",
        finer: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        """most: said in the place of the largest value. finer: decimals of the box beyond those of the slider."""
        super().__init__(parent)
        self._suffix = suffix
        self.setObjectName(f"{name}_row")
        self._scale = scale
        self._label = QLabel(title, self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName(f"{name}_slider")
        self.slider.setAccessibleName(title)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(_STEPS // 10)
        self.slider.setSingleStep(_STEPS // 100)
        self.box = self._make_box(name, title)
        self.box.setPrefix(prefix)
        self.box.most, self.box.finer = most, finer
        self.box.setDecimals(scale.decimals + finer)
        self._end_with_unit()
        self.setToolTip(hint)
        self._label.setBuddy(self.box)
        self._arrange()
        # Keys and the wheel have no release: their gesture is over when they rest for a moment.
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.gesture_ended)
        self.slider.valueChanged.connect(self._slider_moved)
        self.slider.sliderReleased.connect(self._released)
        self.box.valueChanged.connect(self._typed)
        self.box.editingFinished.connect(self._released)

    def _make_box(self, name: str, title: str) -> NumberBox:
        box = NumberBox(self)
        box.setObjectName(f"{name}_box")
        box.setAccessibleName(title)
        box.setRange(self._scale.low, self._scale.high)
        box.setDecimals(self._scale.decimals)
        box.setSingleStep(self._scale.step)
        box.setKeyboardTracking(False)
        box.setFixedWidth(88)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        return box

    def _arrange(self) -> None:
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(2)
        layout.addWidget(self._label, 0, 0)
        layout.addWidget(self.box, 0, 1)
        layout.addWidget(self.slider, 1, 0, 1, 2)
        layout.setColumnStretch(0, 1)

    @property
    def value(self) -> float:
        """The value shown."""
        return self.box.value()

    def set_value(self, value: float) -> None:
        """Show a value; tells nobody."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.box):
            self.slider.setValue(self._scale.position_of(value))
            if not math.isclose(self.box.value(), round(value, self.box.decimals())):
                self.box.setValue(value)
            self._end_with_unit()

    def _end_with_unit(self) -> None:
        """Write the unit, but not behind a word."""
        at_most = bool(self.box.most) and self.box.value() >= self.box.maximum()
        suffix = "" if at_most else self._suffix
        if self.box.suffix() != suffix:
            with QSignalBlocker(self.box):
                self.box.setSuffix(suffix)

    def set_title(self, title: str) -> None:
        """Change the name."""
        self._label.setText(title)

    @Slot(int)
    def _slider_moved(self, position: int) -> None:
        value = self._scale.value_at(position)
        with QSignalBlocker(self.box):
            self.box.setValue(value)
            self._end_with_unit()
        self.value_edited.emit(value)
        if not self.slider.isSliderDown():
            self._rest.start()

    @Slot(float)
    def _typed(self, value: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(self._scale.position_of(value))
        self._end_with_unit()
        self.value_edited.emit(value)
        self._rest.start()

    @Slot()
    def _released(self) -> None:
        self._rest.stop()
        self.gesture_ended.emit()
