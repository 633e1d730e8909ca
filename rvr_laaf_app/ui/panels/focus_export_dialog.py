"""The window that writes focus for another program: which one, targets or the curve, and where. It writes nothing.

It says of each program what it takes and what not, and stays beside the work.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.interchange_work import FocusFile

if TYPE_CHECKING:
    from rvr_laaf_app.document.interchange.formats import Format

Browse = Callable[[QWidget, str, str], str | None]
_FIRST_FRAMES: Final = {"nuke": 1, "ae": 0, "ae-camera": 0, "usd": 0}  # programs that count frames, and from where
_MOST_FRAMES: Final = 10_000_000
_USUAL: Final = -1


class FocusExportDialog(QDialog):
    """Emits `wanted` with a FocusFile."""

    wanted = Signal(object)

    def __init__(self, browse: Browse, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from rvr_laaf_app.document.interchange.formats import FORMATS

        self.setObjectName("focus_export_dialog")
        self.setWindowTitle(self.tr("Export focus"))
        self.setModal(False)
        self.setMinimumWidth(560)
        self._browse = browse
        self._targets, self._clip_path = 0, ""
        self._formats: dict[str, Format] = FORMATS
        self._make()
        self._arrange()
        self._format_chosen()

    def _make(self) -> None:
        self.format = self._combo("focus_format", self.tr("Format"))
        for name, format_ in self._formats.items():
            self.format.addItem(_translated(format_.title), name)
        self.carries, self.lacks = self._label("focus_carries"), self._label("focus_lacks")
        self.what = self._combo("focus_what", self.tr("Content"))
        self.tracks = QCheckBox(self.tr("Also where the subjects were found"), self)
        self.tracks.setObjectName("focus_tracks")
        self.first = QSpinBox(self)
        self.first.setObjectName("focus_first_frame")
        self.first.setAccessibleName(self.tr("Number of the first frame"))
        self.first.setRange(_USUAL, _MOST_FRAMES)
        self.path = QLineEdit(self)
        self.path.setObjectName("focus_path")
        self.path.setAccessibleName(self.tr("File"))
        self.browse = QPushButton(self.tr("Browse…"), self)
        self.browse.setObjectName("focus_browse")
        self.browse.setAutoDefault(False)
        self.overwrite = QCheckBox(self.tr("Replace what exists"), self)
        self.overwrite.setObjectName("focus_overwrite")
        self.status = self._label("focus_status")
        self.status.setProperty("role", "problem")
        self.write = QPushButton(self.tr("Export"), self)
        self.write.setObjectName("focus_write")
        self.write.setProperty("role", "primary")
        self.write.setDefault(True)
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.cancel.setObjectName("focus_cancel")
        self.cancel.setAutoDefault(False)
        self.format.currentIndexChanged.connect(self._format_chosen)
        self.what.currentIndexChanged.connect(self.refresh)
        self.path.textChanged.connect(self.refresh)
        self.overwrite.toggled.connect(self.refresh)
        self.browse.clicked.connect(self._browse_clicked)
        self.write.clicked.connect(self._write_clicked)
        self.cancel.clicked.connect(self.reject)

    def _combo(self, name: str, title: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(title)
        return box

    def _label(self, name: str) -> QLabel:
        label = QLabel("", self)
        label.setObjectName(name)
        label.setProperty("role", "quiet")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def _arrange(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.path, 1)
        place.addWidget(self.browse)
        form.addRow(self.tr("Format"), self.format)
        form.addRow(self.tr("Carries"), self.carries)
        form.addRow(self.tr("Leaves out"), self.lacks)
        form.addRow(self.tr("Content"), self.what)
        form.addRow("", self.tracks)
        form.addRow(self.tr("First frame"), self.first)
        form.addRow(self.tr("File"), place)
        form.addRow("", self.overwrite)
        self._form = form
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.cancel)
        line.addWidget(self.write)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.status)
        layout.addStretch(1)
        layout.addLayout(line)

    def prepare(self, clip_path: str, targets: int) -> None:
        """Offer a name beside the clip, kept while it is the same clip; targets: how many it has."""
        self._targets = targets
        clip = Path(clip_path)
        if clip_path != self._clip_path:
            self._clip_path = clip_path
            self.path.setText(str(clip.with_name(f"{clip.stem}_focus{self._suffix}")))
        self.overwrite.setChecked(False)
        self.refresh()

    def say(self, problem: str) -> None:
        """Say above the buttons why it cannot be."""
        self.status.setText(problem)
        self.status.setVisible(bool(problem))

    @property
    def _chosen(self) -> Format:
        return self._formats[str(self.format.currentData())]

    @property
    def _suffix(self) -> str:
        return (*self._chosen.suffixes, ".txt")[0]

    @property
    def wish(self) -> FocusFile:
        """What is chosen now."""
        counts = self._chosen.name in _FIRST_FRAMES and self.first.value() != _USUAL
        return FocusFile(
            self.path.text().strip(),
            self._chosen.name,
            self.what.currentData(),
            with_tracks=self.tracks.isVisibleTo(self) and self.tracks.isChecked(),
            first_frame=self.first.value() if counts else None,
            overwrite=self.overwrite.isChecked(),
        )

    @Slot()
    def _format_chosen(self) -> None:
        chosen = self._chosen
        self.carries.setText(_sentence(_translated(chosen.carries)))
        lacks = [_sentence(_translated(chosen.lacks))] if chosen.lacks else []
        if chosen.read is None:
            lacks.append(self.tr("Cannot be read back."))
        self.lacks.setText(" ".join(lacks))
        titles = {"targets": self.tr("Targets"), "curve": self.tr("Focus of every frame"), "all": self.tr("Both")}
        with QSignalBlocker(self.what):
            self.what.clear()
            for what in chosen.whats:
                self.what.addItem(titles[what], what)
        self.what.setEnabled(len(chosen.whats) > 1)
        usual = _FIRST_FRAMES.get(chosen.name, 0)
        self.first.setSpecialValueText(self.tr("{0}, as usual there").replace("{0}", str(usual)))
        self.first.setValue(_USUAL)
        self._form.setRowVisible(self.lacks, bool(lacks))
        self._form.setRowVisible(self.first, chosen.name in _FIRST_FRAMES)
        if self.path.text():
            self.path.setText(str(Path(self.path.text()).with_suffix(self._suffix)))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Bring what follows from the choice up to date."""
        wish = self.wish
        self._form.setRowVisible(self.tracks, wish.format == "json" and wish.what != "curve")
        path = Path(wish.path)
        exists = bool(wish.path) and path.is_file()
        self.overwrite.setVisible(exists)
        self._form.setRowVisible(self.overwrite, exists)
        problem = ""
        if not wish.path or path.is_dir():
            problem = self.tr("Give the name of a file.")
        elif not path.absolute().parent.is_dir():
            problem = self.tr("The folder does not exist.")
        elif exists and not wish.overwrite:
            problem = self.tr("{0} exists already.").replace("{0}", path.name)
        elif wish.what == "targets" and not self._targets:
            problem = self.tr("There are no targets yet: click a subject in the picture.")
        self.say(problem)
        self.write.setEnabled(not problem)

    @Slot()
    def _browse_clicked(self) -> None:
        chosen = self._browse(self, self.path.text(), self._suffix)
        if chosen:
            named = chosen if Path(chosen).suffix else f"{chosen}{self._suffix}"
            self.path.setText(named)

    @Slot()
    def _write_clicked(self) -> None:
        self.wanted.emit(self.wish)


def _translated(text: str) -> str:
    return QCoreApplication.translate("Interchange", text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
