"""The settings that a camera advertises, each as the control that fits its kind. It shows values and says changes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.camera.base import Control
from rvr_laaf_app.ui.capture import parts


class ControlsPanel(QWidget):
    """Makes a row for each control; makes them anew only when other controls come."""

    edited = Signal(str, object)  # name, value

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("controls_panel")
        self._controls: tuple[Control, ...] = ()
        self._fields: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(parts.label(self, "controls_heading", self.tr("CAMERA"), "heading"))
        self.about = parts.label(self, "camera_about", "", "quiet", wrap=True)
        column.addWidget(self.about)
        self._area = QWidget(self)
        self._grid = QGridLayout(self._area)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        column.addWidget(self._area)
        self.none = parts.label(self, "no_controls", self.tr("This camera offers no settings."), "quiet", wrap=True)
        column.addWidget(self.none)

    def show_controls(self, controls: Sequence[Control], about: str) -> None:
        """Show these; about: name, number and way of connection in words."""
        self.about.setText(about)
        shape = [(c.name, c.kind, c.choices, c.read_only) for c in controls]
        if shape != [(c.name, c.kind, c.choices, c.read_only) for c in self._controls]:
            self._make(controls)
        self._controls = tuple(controls)
        for control in controls:
            self._put(control)
        self.none.setVisible(not controls)

    def _make(self, controls: Sequence[Control]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._fields = {}
        for row, control in enumerate(controls):
            field = self._field(control)
            field.setEnabled(not control.read_only)
            field.setObjectName(f"control_{control.name}")
            field.setAccessibleName(control.label)
            title = QLabel(control.label, self._area)
            title.setBuddy(field)
            title.setWordWrap(True)
            self._grid.addWidget(title, row, 0)
            self._grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignRight)
            self._fields[control.name] = field

    def _field(self, control: Control) -> QWidget:
        name = control.name
        if control.kind == "switch":
            box = QCheckBox(self._area)
            box.toggled.connect(lambda value: self.edited.emit(name, value))
            return box
        if control.kind == "choice":
            entries = QComboBox(self._area)
            entries.addItems(list(control.choices))
            entries.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            entries.setMinimumWidth(128)
            entries.setMaximumWidth(168)
            entries.textActivated.connect(lambda value: self.edited.emit(name, value))
            return entries
        if control.kind == "range":
            number = QDoubleSpinBox(self._area)
            number.setKeyboardTracking(False)
            number.setRange(control.minimum, control.maximum)
            step = control.step or 1.0
            number.setSingleStep(step)
            number.setDecimals(0 if step >= 1 and step == int(step) else 3 if step < 0.1 else 1)
            number.setSuffix(f" {control.unit}" if control.unit else "")
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            number.setFixedWidth(128)
            number.valueChanged.connect(lambda value: self.edited.emit(name, value))
            return number
        text = QLineEdit(self._area)
        text.setFixedWidth(128)
        text.editingFinished.connect(lambda: self.edited.emit(name, text.text()))
        return text

    def _put(self, control: Control) -> None:
        field = self._fields[control.name]
        with QSignalBlocker(field):
            if isinstance(field, QCheckBox):
                field.setChecked(bool(control.value))
            elif isinstance(field, QComboBox):
                field.setCurrentIndex(max(field.findText(str(control.value)), 0))
            elif isinstance(field, QDoubleSpinBox) and not field.hasFocus():
                field.setValue(float(control.value))
            elif isinstance(field, QLineEdit) and not field.hasFocus():
                field.setText(str(control.value))
                field.setCursorPosition(0)
