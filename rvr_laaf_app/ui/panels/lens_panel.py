"""The lens part of the inspector: how strong the blur is, its shape and its limits. A value goes in, edits come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from rvr_laaf_app.document.lens_keys import key_at
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.ui.panels.bokeh_sample import BokehSample
from rvr_laaf_app.ui.panels.preset_line import PresetLine
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale

SENSORS_MM = (36.0, 24.9, 23.6, 17.3, 13.2)
Change = Callable[[LensSettings, float], LensSettings]
BLADES = (0, 5, 6, 7, 8, 9)
MAX_BLUR_PX = 80.0
NO_LIMIT_PX = 80.0  # of the blur in front of the plane: as far as blur goes at all


class LensPanel(QWidget):
    """Shows a LensSettings; emits `lens_edited(settings, label, name of the control)` and `gesture_ended`.

    An f-number that follows keys is shown as it is at the playhead; changing it there is `f_number_keyed(value)`.
    key_asked(what): "toggle", "previous" or "next".
    """

    lens_edited = Signal(object, str, str)
    f_number_keyed = Signal(float)
    key_asked = Signal(str)
    gesture_ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lens_panel")
        self._settings = LensSettings()
        self._width_px = 1280
        self._frame = 0
        self.presets = PresetLine(self)
        self._make_strength_rows()
        self._make_key_line()
        self._make_shape_rows()
        self._make_limit_rows()
        self._arrange()
        self._connect()
        self.show_lens(self._settings, self._width_px)

    def _make_strength_rows(self) -> None:
        self.mode = self._combo("blur_mode", self.tr("Blur by"), [self.tr("Real lens"), self.tr("Plain strength")])
        self.strength = SliderRow(
            "blur_strength",
            self.tr("Strength"),
            SliderScale(0, MAX_BLUR_PX, decimals=1, step=0.5),
            suffix=" px",
            hint=self.tr("Radius of the blur, in pixels of the clip, for what is farthest from the focal plane"),
        )
        self.f_number = SliderRow(
            "f_number",
            self.tr("Aperture"),
            SliderScale(0.7, 22, log=True, decimals=1, step=0.1),
            prefix="f/",
            finer=1,
            hint=self.tr("Smaller numbers blur more"),
        )
        self.focal = SliderRow(
            "focal_length",
            self.tr("Focal length"),
            SliderScale(10, 300, log=True, step=1),
            suffix=" mm",
            hint=self.tr("Longer lenses blur more"),
        )
        self.nearest = SliderRow(
            "nearest_distance",
            self.tr("Nearest thing at"),
            SliderScale(0.2, 20, log=True, decimals=2, step=0.1),
            suffix=" m",
            hint=self.tr("How far away the nearest thing of the shot really is; nearer scenes blur more"),
        )
        names = [
            self.tr("Full frame, 36 mm"), self.tr("Super 35, 24.9 mm"), self.tr("APS-C, 23.6 mm"),
            self.tr("Four Thirds, 17.3 mm"), self.tr("1 inch, 13.2 mm"),
        ]  # fmt: skip
        self.sensor = self._combo("sensor", self.tr("Sensor"), names)

    def _make_shape_rows(self) -> None:
        shapes = [self.tr("Round"), *(self.tr("{0} blades").replace("{0}", str(n)) for n in BLADES[1:])]
        self.shape = self._combo("aperture_shape", self.tr("Shape"), shapes)
        self.rotation = SliderRow("blade_rotation", self.tr("Rotation"), SliderScale(0, 72, step=1), suffix="°")
        self.squeeze = SliderRow(
            "squeeze",
            self.tr("Anamorphic oval"),
            SliderScale(0, 100, step=5),
            suffix=" %",
            hint=self.tr("Upright ovals, as from an anamorphic cinema lens"),
        )
        self.cats_eye = SliderRow(
            "cats_eye",
            self.tr("Cat's eye"),
            SliderScale(0, 100, step=5),
            suffix=" %",
            hint=self.tr("Lights narrow towards the edges of the picture"),
        )
        self.highlights = SliderRow(
            "highlight_boost",
            self.tr("Highlights"),
            SliderScale(0, 100, step=5),
            suffix=" %",
            hint=self.tr("How much of the estimated brightness of clipped lights is used"),
        )
        self.sample = BokehSample(self)

    def _make_limit_rows(self) -> None:
        self.near_limit = SliderRow(
            "near_blur_limit",
            self.tr("Foreground blur up to"),
            SliderScale(0, NO_LIMIT_PX, decimals=0, step=1),
            suffix=" px",
            most=self.tr("no limit"),
            hint=self.tr("Largest radius of what lies in front of the focal plane; at the right end there is no limit"),
        )
        self.breathing = SliderRow(
            "focus_breathing",
            self.tr("Focus breathing"),
            SliderScale(-10, 10, decimals=1, step=0.5),
            suffix=" %",
            hint=self.tr(
                "How much larger the picture grows when focus comes nearer, as with many photo lenses; 0 = none"
            ),
        )
        self.guard = SliderRow(
            "confidence_guard",
            self.tr("Care where depth is doubtful"),
            SliderScale(0, 100, step=5),
            suffix=" %",
            hint=self.tr(
                "Holds blur back where depth and picture disagree: hair, fingers, thin things (View, Confidence)"
            ),
        )

    def _make_key_line(self) -> None:
        """Make the buttons beside the f-number: to the key before, key or not, to the key after."""
        self.key_line = QWidget(self)
        self.key_line.setObjectName("f_number_keys_row")
        line = QHBoxLayout(self.key_line)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        self.key_note = QLabel(self.key_line)
        self.key_note.setProperty("role", "quiet")
        line.addWidget(self.key_note, 1)
        self.key_buttons = {
            "previous": self._key_button("previous", "\u2039", self.tr("To the f-number key before")),
            "toggle": self._key_button(
                "toggle", "\u25c7", self.tr("Key the f-number at this frame, or remove the key")
            ),
            "next": self._key_button("next", "\u203a", self.tr("To the f-number key after")),
        }
        for button in self.key_buttons.values():
            line.addWidget(button)

    def _key_button(self, what: str, text: str, hint: str) -> QToolButton:
        button = QToolButton(self.key_line)
        button.setObjectName(f"f_number_key_{what}")
        button.setText(text)
        button.setToolTip(hint)
        button.setAccessibleName(hint)
        button.setFixedSize(30, 28)
        return button

    def _combo(self, name: str, title: str, items: list[str]) -> QComboBox:
        combo = QComboBox(self)
        combo.setObjectName(name)
        combo.setAccessibleName(title)
        combo.addItems(items)
        return combo

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.presets)
        layout.addWidget(self.sample)
        layout.addLayout(self._titled(self.tr("Blur by"), self.mode))
        for row in (self.strength, self.f_number, self.key_line, self.focal, self.nearest):
            layout.addWidget(row)
        self._sensor_line = self._titled(self.tr("Sensor"), self.sensor)
        layout.addLayout(self._sensor_line)
        layout.addLayout(self._titled(self.tr("Shape"), self.shape))
        shape = self.rotation, self.squeeze, self.cats_eye, self.highlights
        for part in (*shape, self.near_limit, self.breathing, self.guard):
            layout.addWidget(part)

    def _titled(self, title: str, control: QComboBox) -> QHBoxLayout:
        line = QHBoxLayout()
        label = QLabel(title, self)
        label.setObjectName(f"{control.objectName()}_label")
        label.setBuddy(control)
        line.addWidget(label, 1)
        line.addWidget(control)
        control.setFixedWidth(168)
        return line

    def _connect(self) -> None:
        self.mode.activated.connect(self._mode_chosen)
        self.sensor.activated.connect(self._sensor_chosen)
        self.shape.activated.connect(self._shape_chosen)
        self._changes: dict[str, tuple[str, Change]] = {}
        for row, label, change in (
            (self.strength, self.tr("Change blur strength"), lambda s, v: replace(s, blur_px=v)),
            (self.f_number, self.tr("Change aperture"), lambda s, v: _with_lens(s, f_number=v)),
            (self.focal, self.tr("Change focal length"), lambda s, v: _with_lens(s, focal_length_mm=v)),
            (self.nearest, self.tr("Change nearest distance"), lambda s, v: _with_lens(s, disparity_scale_per_m=1 / v)),
            (self.rotation, self.tr("Turn the blades"), lambda s, v: _with_aperture(s, rotation_deg=v)),
            (self.squeeze, self.tr("Change anamorphic oval"), lambda s, v: _with_aperture(s, squeeze=1 - v / 200)),
            (self.cats_eye, self.tr("Change cat's eye"), lambda s, v: _with_aperture(s, cats_eye=v / 100)),
            (self.highlights, self.tr("Change highlights"), lambda s, v: replace(s, highlight_boost=v / 100)),
            (self.near_limit, self.tr("Change foreground blur"), _with_near_limit),
            (self.breathing, self.tr("Change focus breathing"), lambda s, v: replace(s, breathing=v / 100)),
            (self.guard, self.tr("Change care of doubtful depth"), lambda s, v: replace(s, confidence_guard=v / 100)),
        ):
            self._changes[row.objectName()] = (label, change)
            row.value_edited.connect(self._row_edited)
            row.gesture_ended.connect(self.gesture_ended)
        for button in self.key_buttons.values():
            button.clicked.connect(self._key_clicked)
        self.presets.chosen.connect(self._preset_chosen)

    def show_frame(self, frame: int) -> None:
        """Show the f-number and its keys as they are at another frame."""
        if frame != self._frame:
            self._frame = frame
            self._show_keys()

    def show_lens(self, settings: LensSettings, width_px: int) -> None:
        """Show settings for a clip `width_px` wide; tells nobody."""
        self._settings, self._width_px = settings, width_px
        lens, aperture = settings.lens, settings.aperture
        plain = settings.blur_px is not None
        with QSignalBlocker(self.mode), QSignalBlocker(self.sensor), QSignalBlocker(self.shape):
            self.mode.setCurrentIndex(int(plain))
            nearest = min(range(len(SENSORS_MM)), key=lambda i: abs(SENSORS_MM[i] - lens.sensor_width_mm))
            self.sensor.setCurrentIndex(nearest)
            self.shape.setCurrentIndex(BLADES.index(aperture.blades))
        self.strength.set_value(settings.blur_px if settings.blur_px is not None else 0.0)
        self.focal.set_value(lens.focal_length_mm)
        self.nearest.set_value(1.0 / lens.disparity_scale_per_m)
        self.rotation.set_value(aperture.rotation_deg)
        self.squeeze.set_value(round((1.0 - aperture.squeeze) * 200))
        self.cats_eye.set_value(aperture.cats_eye * 100)
        self.highlights.set_value(settings.highlight_boost * 100)
        self.near_limit.set_value(min(settings.max_near_coc_px / 2, NO_LIMIT_PX))
        self.breathing.set_value(settings.breathing * 100)
        self.guard.set_value(settings.confidence_guard * 100)
        self.presets.show_lens(settings)
        self._show_rows(plain=plain, blades=aperture.blades)
        self._show_keys()

    def _show_keys(self) -> None:
        settings = self._settings
        keys = settings.f_number_keys
        if not self.f_number.slider.isSliderDown():
            self.f_number.set_value(settings.at(self._frame).lens.f_number)
        here = key_at(keys, self._frame) is not None
        self.key_buttons["toggle"].setText("\u25c6" if here else "\u25c7")
        self.key_buttons["toggle"].setProperty("role", "keyed" if here else "")
        self.key_buttons["previous"].setEnabled(any(k.frame < self._frame for k in keys))
        self.key_buttons["next"].setEnabled(any(k.frame > self._frame for k in keys))
        if not keys:
            note = self.tr("not keyed")
        elif here:
            note = self.tr("key at this frame")
        else:
            note = self.tr("between keys") if len(keys) > 1 else self.tr("one key")
        self.key_note.setText(note)

    def _show_rows(self, *, plain: bool, blades: int) -> None:
        self.strength.setVisible(plain)
        for part in (self.f_number, self.key_line, self.focal, self.nearest, self.sensor):
            part.setVisible(not plain)
        sensor_label = self.findChild(QLabel, "sensor_label")
        assert sensor_label is not None
        sensor_label.setVisible(not plain)
        self.rotation.setVisible(blades > 0)

    def _emit(self, settings: LensSettings, label: str, name: str) -> None:
        self.lens_edited.emit(settings, label, name)

    @Slot(int)
    def _mode_chosen(self, number: int) -> None:
        blur_px = None
        if number == 1:  # the same strength as the lens that was shown, as far as the slider reaches
            blur_px = round(min(self._settings.lens.blur_gain_px(self._width_px) / 2, MAX_BLUR_PX), 1)
        if (blur_px is None) != (self._settings.blur_px is None):
            self._emit(replace(self._settings, blur_px=blur_px), self.tr("Change blur mode"), "blur_mode")
            self.gesture_ended.emit()

    @Slot(int)
    def _sensor_chosen(self, number: int) -> None:
        lens = replace(self._settings.lens, sensor_width_mm=SENSORS_MM[number])
        self._emit(replace(self._settings, lens=lens), self.tr("Change sensor"), "sensor")
        self.gesture_ended.emit()

    @Slot(int)
    def _shape_chosen(self, number: int) -> None:
        aperture = replace(self._settings.aperture, blades=BLADES[number])
        self._emit(replace(self._settings, aperture=aperture), self.tr("Change aperture shape"), "aperture_shape")
        self.gesture_ended.emit()

    @Slot(float)
    def _row_edited(self, value: float) -> None:
        row = self.sender()
        if not isinstance(row, SliderRow):
            return
        if row is self.f_number and self._settings.follows_keys:
            self.f_number_keyed.emit(value)
            return
        label, change = self._changes[row.objectName()]
        self._settings = change(self._settings, value)
        self._emit(self._settings, label, row.objectName())

    @Slot()
    def _key_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.key_asked.emit(button.objectName().removeprefix("f_number_key_"))

    @Slot(object)
    def _preset_chosen(self, settings: LensSettings) -> None:
        self._emit(settings, self.tr("Choose lens preset"), "lens_preset")
        self.gesture_ended.emit()


def _with_near_limit(settings: LensSettings, radius_px: float) -> LensSettings:
    limit = 2.0 * radius_px if radius_px < NO_LIMIT_PX else max(settings.max_coc_px, 2.0 * NO_LIMIT_PX)
    return replace(settings, max_near_coc_px=limit)


def _with_lens(settings: LensSettings, **values: float) -> LensSettings:
    return replace(settings, lens=replace(settings.lens, **values))


def _with_aperture(settings: LensSettings, **values: float) -> LensSettings:
    return replace(settings, aperture=replace(settings.aperture, **values))  # type: ignore[arg-type]  # no int among them
