"""The form of the export window: preset, format, size, range, name and folder as controls. It knows no queue."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from rvr_laaf_app.app.export_queue_presets import MAX_PATTERN

SIZES: Final = (3840, 2560, 1920, 1280, 960, 640)  # long sides that are offered, besides the clip's own
USUAL_CRF: Final = -1  # what the spin box holds for "visually lossless"
_GAP_PX: Final = 8


class ExportForm(QWidget):
    """The controls, named and arranged. Filled and read by the export window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_form")
        self._make_choices()
        self._make_place()
        self._arrange()

    def _make_choices(self) -> None:
        self.preset = self._combo("export_preset", self.tr("Preset"))
        self.presets_menu = QToolButton(self)
        self.presets_menu.setObjectName("export_preset_menu")
        self.presets_menu.setProperty("role", "list")
        self.presets_menu.setText(self.tr("Presets"))
        self.presets_menu.setAccessibleName(self.tr("Save, rename or delete a preset"))
        self.presets_menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.format = self._combo("export_format", self.tr("Format"))
        self.container = self._combo("export_container", self.tr("Kind of file"))
        self.quality = self._combo("export_quality", self.tr("Rendering"))
        self.quality.addItem(self.tr("Final rendering"), "final")
        self.quality.addItem(self.tr("Preview rendering, faster"), "preview")
        self.pixels = self._combo("export_size", self.tr("Size"))
        self.crf = QSpinBox(self)
        self.crf.setObjectName("export_crf")
        self.crf.setAccessibleName(self.tr("Compression: 0 is best, 51 smallest"))
        self.crf.setToolTip(self.tr("0 is best, 51 smallest; the usual one cannot be told from the original"))
        self.crf.setRange(USUAL_CRF, 51)
        self.crf.setSpecialValueText(self.tr("lossless to the eye"))
        self.crf.setPrefix(self.tr("crf "))
        self.sound = self._combo("export_sound", self.tr("Sound"))
        self.sound.addItem(self.tr("As in the clip"), "auto")
        self.sound.addItem(self.tr("Encode anew"), "encode")
        self.sound.addItem(self.tr("None"), "none")
        self.range = self._combo("export_range", self.tr("Range"))
        self.start = self._seconds("export_from", self.tr("From, seconds"))
        self.stop = self._seconds("export_to", self.tr("To, seconds"))
        self.clips = self._combo("export_clips", self.tr("Clips"))

    def _make_place(self) -> None:
        self.name = QLineEdit(self)
        self.name.setObjectName("export_name")
        self.name.setMaxLength(MAX_PATTERN)
        self.name.setAccessibleName(self.tr("Name or pattern"))
        self.name.setToolTip(self.tr("Also {clip}, {project}, {preset}, {date}, {time} and {range}"))
        self.result = self._label("export_result", "quiet")
        self.result.setWordWrap(False)
        self.folder = QLineEdit(self)
        self.folder.setObjectName("export_folder")
        self.folder.setAccessibleName(self.tr("Folder"))
        self.browse = QPushButton(self.tr("Browse…"), self)
        self.browse.setObjectName("export_browse")
        self.overwrite = QCheckBox(self.tr("Replace what exists"), self)
        self.overwrite.setObjectName("export_overwrite")
        self.check = self._label("export_check", "quiet")
        self.see = QPushButton(self.tr("Show"), self)
        self.see.setObjectName("export_show_problems")
        self.see.setToolTip(self.tr("Show the problems"))
        self.estimate = self._label("export_estimate", "")
        self.room = self._label("export_room", "quiet")

    def _combo(self, name: str, title: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(title)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return box

    def _seconds(self, name: str, title: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox(self)
        box.setObjectName(name)
        box.setAccessibleName(title)
        box.setDecimals(2)
        box.setSuffix(self.tr(" s"))
        box.setFixedWidth(96)
        return box

    def _label(self, name: str, role: str) -> QLabel:
        label = QLabel("", self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setMinimumWidth(1)  # a long name has no place to break, and must not decide how wide all is
        label.setProperty("role", role)
        return label

    def _arrange(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._row(form, self.tr("Preset"), (self.preset, 1), (self.presets_menu, 0))
        self._row(form, self.tr("Format"), (self.format, 1), (self.container, 0))
        self._row(form, self.tr("Picture"), (self.pixels, 1), (self.quality, 1))
        self._row(form, self.tr("Compression"), (self.crf, 1), (QLabel(self.tr("Sound"), self), 0), (self.sound, 1))
        self._row(form, self.tr("Clips"), (self.clips, 1))
        between = QLabel(self.tr("to"), self)
        self._row(form, self.tr("Range"), (self.range, 1), (self.start, 0), (between, 0), (self.stop, 0))
        self._row(form, self.tr("Name"), (self.name, 1))
        self._row(form, self.tr("Folder"), (self.folder, 1), (self.browse, 0))
        self._row(form, self.tr("File"), (self.result, 1), (self.overwrite, 0))
        self._row(form, self.tr("Check"), (self.check, 1), (self.see, 0))
        self._row(form, self.tr("Estimate"), (self.estimate, 1))
        self._row(form, self.tr("Space"), (self.room, 1))
        self._form = form

    def _row(self, form: QFormLayout, title: str, *parts: tuple[QWidget, int]) -> None:
        label = QLabel(title, self)
        label.setBuddy(parts[0][0])
        if len(parts) == 1:  # alone, so that a text gets all the lines it needs
            form.addRow(label, parts[0][0])
            return
        line = QHBoxLayout()
        line.setSpacing(_GAP_PX)
        for part, stretch in parts:
            line.addWidget(part, stretch)
        form.addRow(label, line)

    def lay_out_anew(self) -> None:
        """Give every text its lines again, after the form was squeezed for a moment."""
        self._form.invalidate()
        self._form.activate()

    def show_clips_row(self, shown: bool) -> None:
        """Show or hide the choice between this clip and all of them."""
        self._form.setRowVisible(self.clips, shown)
