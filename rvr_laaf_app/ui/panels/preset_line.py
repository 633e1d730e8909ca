"""One line of the lens panel: which preset the lens is, others to choose, and a menu to save, rename and delete own.

Names are typed in the line itself: nothing opens over the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QMenu, QStackedWidget, QToolButton, QWidget

from rvr_laaf_app.app.lens_presets import BUILT_IN, MAX_NAME, LensPreset, applied, matching
from rvr_laaf_app.document.project import LensSettings


class NameEdit(QLineEdit):
    """A name being typed; Escape gives it up."""

    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


class PresetLine(QWidget):
    """Emits `chosen(settings)`, `save_asked(name)`, `rename_asked(old, new)` and `delete_asked(name)`."""

    chosen = Signal(object)
    save_asked = Signal(str)
    rename_asked = Signal(str, str)
    delete_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lens_preset_line")
        self._own: tuple[LensPreset, ...] = ()
        self._lens = LensSettings()
        self._typing: Literal["", "save", "rename"] = ""
        self.combo = QComboBox(self)
        self.combo.setObjectName("lens_preset")
        self.combo.setAccessibleName(self.tr("Lens preset"))
        self.combo.setToolTip(self.tr("A lens with a name; what belongs to the shot stays"))
        self.combo.setMinimumContentsLength(8)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.name = NameEdit(self)
        self.name.setObjectName("lens_preset_name")
        self.name.setAccessibleName(self.tr("Name of the lens preset"))
        self.name.setPlaceholderText(self.tr("Name, then Enter"))
        self.name.setMaxLength(MAX_NAME)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.combo)
        self.stack.addWidget(self.name)
        self.more = self._more_button()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.stack, 1)
        line.addWidget(self.more)
        self.stack.setFixedHeight(self.combo.sizeHint().height())
        self.combo.activated.connect(self._activated)
        self.name.returnPressed.connect(self._named)
        self.name.given_up.connect(self.end_typing)
        self._fill()

    def _more_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("lens_preset_more")
        button.setText("\u22ef")
        button.setAccessibleName(self.tr("Save, rename or delete lens presets"))
        button.setToolTip(button.accessibleName())
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        self.save = menu.addAction(self.tr("Save as Preset…"), self.begin_save)
        self.rename = menu.addAction(self.tr("Rename…"), self.begin_rename)
        self.delete = menu.addAction(self.tr("Delete"), self._delete)
        button.setMenu(menu)
        return button

    @property
    def current(self) -> LensPreset | None:
        """The preset that the lens looks like, or None."""
        return matching((*BUILT_IN.values(), *self._own), self._lens)

    def set_own(self, own: Sequence[LensPreset]) -> None:
        """Offer these presets of the user."""
        self._own = tuple(own)
        self._fill()

    def show_lens(self, lens: LensSettings) -> None:
        """Show which preset a lens is."""
        if lens != self._lens:
            self._lens = lens
            self._show_current()

    def _fill(self) -> None:
        with QSignalBlocker(self.combo):
            self.combo.clear()
            self.combo.addItem(self.tr("Own settings"), None)
            for preset in BUILT_IN.values():
                self.combo.addItem(QCoreApplication.translate("Actions", preset.name), preset)
            if self._own:
                self.combo.insertSeparator(self.combo.count())
            for preset in self._own:
                self.combo.addItem(preset.name, preset)
        self._show_current()

    def _show_current(self) -> None:
        current = self.current
        places = (i for i in range(self.combo.count()) if self.combo.itemData(i) == current)
        with QSignalBlocker(self.combo):
            self.combo.setCurrentIndex(next(places, 0) if current is not None else 0)
        own = current in self._own
        self.save.setEnabled(current is None)
        self.rename.setEnabled(own)
        self.delete.setEnabled(own)

    @Slot(int)
    def _activated(self, number: int) -> None:
        preset = self.combo.itemData(number)
        if isinstance(preset, LensPreset):
            self.chosen.emit(applied(preset, self._lens))
        self._show_current()

    @Slot()
    def begin_save(self) -> None:
        """Ask for the name of a new preset."""
        self._begin("save", "")

    @Slot()
    def begin_rename(self) -> None:
        """Ask for another name of the preset shown."""
        if self.current in self._own and self.current is not None:
            self._begin("rename", self.current.name)

    def _begin(self, what: Literal["save", "rename"], name: str) -> None:
        self._typing = what
        self.name.setText(name)
        self.name.selectAll()
        self.stack.setCurrentWidget(self.name)
        self.name.setFocus()

    @Slot()
    def end_typing(self) -> None:
        """Show the presets again."""
        self._typing = ""
        self.stack.setCurrentWidget(self.combo)
        self.combo.setFocus()

    @Slot()
    def _named(self) -> None:
        current, text = self.current, self.name.text()
        if self._typing == "rename" and current is not None:
            self.rename_asked.emit(current.name, text)
        elif self._typing == "save":
            self.save_asked.emit(text)

    @Slot()
    def _delete(self) -> None:
        if self.current is not None:
            self.delete_asked.emit(self.current.name)
