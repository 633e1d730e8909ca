"""The export window: what to write where, how far it is, and a way to stop. It stays beside the work, never over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.engine import ExportChoice

_PER_MILLE = 1000


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of result: the codec's name for the writer, the suffix (empty = a folder of frames), and its name."""

    codec: str
    suffix: str
    title: str


class ExportDialog(QDialog):
    """Emits `export_requested` with an app.engine.ExportChoice, and `cancel_requested`; shows progress when told."""

    export_requested = Signal(object)
    cancel_requested = Signal()
    problems_requested = Signal()

    def __init__(self, browse: Callable[[QWidget, str, str], str | None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle(self.tr("Export"))
        self.setModal(False)
        self.setMinimumWidth(520)
        self._browse = browse
        self._running = False
        self._check: Callable[[float | None, float | None], tuple[str, bool]] = lambda _start, _stop: ("", False)
        self._folder, self._stem, self._duration_s = Path(), "refocused", 0.0
        self._formats = (
            Format("h264", ".mp4", self.tr("H.264, plays everywhere (.mp4)")),
            Format("hevc", ".mp4", self.tr("HEVC, 10 bit (.mp4)")),
            Format("prores", ".mov", self.tr("ProRes 422 HQ (.mov)")),
            Format("dnxhr", ".mov", self.tr("DNxHR (.mov)")),
            Format("png", "", self.tr("PNG frames (folder)")),
            Format("exr", "", self.tr("EXR frames, linear light (folder)")),
        )
        self._make()
        self._arrange()
        self._connect()

    def _make(self) -> None:
        self.format = QComboBox(self)
        self.format.setObjectName("export_format")
        self.format.addItems([f.title for f in self._formats])
        self.path = QLineEdit(self)
        self.path.setObjectName("export_path")
        self.browse = QPushButton(self.tr("Browse…"), self)
        self.browse.setObjectName("export_browse")
        self.quality = QComboBox(self)
        self.quality.setObjectName("export_quality")
        self.quality.addItems([self.tr("Final"), self.tr("Preview (faster)")])
        self.whole = QCheckBox(self.tr("Whole clip"), self)
        self.whole.setObjectName("export_whole")
        self.start = self._seconds("export_from", self.tr("From, seconds"))
        self.stop = self._seconds("export_to", self.tr("To, seconds"))
        self.overwrite = QCheckBox(self.tr("Replace the file if it exists"), self)
        self.overwrite.setObjectName("export_overwrite")
        self.status = QLabel("", self)
        self.status.setObjectName("export_status")
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setWordWrap(True)
        self.status.setMinimumHeight(36)
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.check = QLabel("", self)
        self.check.setObjectName("export_check")
        self.check.setTextFormat(Qt.TextFormat.PlainText)
        self.check.setWordWrap(True)
        self.see = QPushButton(self.tr("Show"), self)
        self.see.setObjectName("export_show_problems")
        self.see.setToolTip(self.tr("Show the problems"))
        self.bar = QProgressBar(self)
        self.bar.setObjectName("export_bar")
        self.bar.setRange(0, _PER_MILLE)
        self.bar.setTextVisible(False)
        self.begin = QPushButton(self.tr("Export"), self)
        self.begin.setObjectName("export_begin")
        self.begin.setProperty("role", "primary")
        self.begin.setDefault(True)
        self.cancel = QPushButton(self.tr("Close"), self)
        self.cancel.setObjectName("export_cancel")

    def _seconds(self, name: str, title: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox(self)
        box.setObjectName(name)
        box.setAccessibleName(title)
        box.setDecimals(2)
        box.setSuffix(self.tr(" s"))
        box.setFixedWidth(104)
        return box

    def _arrange(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Format"), self.format)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.path, 1)
        line.addWidget(self.browse)
        form.addRow(self.tr("File"), line)
        form.addRow("", self.overwrite)
        form.addRow(self.tr("Quality"), self.quality)
        span = QHBoxLayout()
        span.setSpacing(8)
        span.addWidget(self.whole)
        span.addStretch(1)
        for text, box in ((self.tr("from"), self.start), (self.tr("to"), self.stop)):
            label = QLabel(text, self)
            label.setBuddy(box)
            span.addWidget(label)
            span.addWidget(box)
        form.addRow(self.tr("Range"), span)
        found = QHBoxLayout()
        found.setSpacing(8)
        found.addWidget(self.check, 1)
        found.addWidget(self.see)
        form.addRow(self.tr("Check"), found)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.begin)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addSpacing(4)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._format_changed)
        self.browse.clicked.connect(self._browse_clicked)
        self.whole.toggled.connect(self._whole_toggled)
        self.start.valueChanged.connect(self.show_check)
        self.stop.valueChanged.connect(self.show_check)
        self.see.clicked.connect(self.problems_requested)
        self.begin.clicked.connect(self._begin_clicked)
        self.cancel.clicked.connect(self._cancel_clicked)
        self.whole.setChecked(True)

    def prepare(self, clip_path: str, duration_s: float) -> None:
        """Suggest a result beside the clip; called when the dialog is opened for a clip."""
        clip = Path(clip_path).absolute()
        if clip.parent != self._folder or not self._stem.startswith(clip.stem) or not self.path.text():
            self._folder, self._stem = clip.parent, f"{clip.stem}_refocused"
            self.path.setText(str(self._folder / (self._stem + self._format().suffix)))
        self._duration_s = duration_s
        for box, value in ((self.start, 0.0), (self.stop, duration_s)):
            box.setRange(0.0, duration_s)
            box.setValue(value)
        if not self._running:
            self.bar.setValue(0)
            self.status.setText("")
        self.show_check()

    def set_check(self, check: Callable[[float | None, float | None], tuple[str, bool]]) -> None:
        """Say how to ask what the focus check found between two times (None = the clip's ends), and if it is bad."""
        self._check = check
        self.show_check()

    @Slot()
    def show_check(self) -> None:
        """Show what the focus check found in the chosen range; it informs and forbids nothing."""
        choice = self.choice
        text, bad = self._check(choice.start_s, choice.stop_s)
        self.check.setText(text or self.tr("No targets: nothing has to be sharp."))
        self.check.setProperty("role", "problem" if bad else "quiet")
        self.check.style().polish(self.check)
        self.see.setVisible(bad)

    def _format(self) -> Format:
        return self._formats[self.format.currentIndex()]

    @property
    def choice(self) -> ExportChoice:
        """What is chosen now; the times are None for the whole clip."""
        whole = self.whole.isChecked()
        return ExportChoice(
            path=self.path.text().strip(),
            codec=self._format().codec,
            quality="preview" if self.quality.currentIndex() == 1 else "final",
            start_s=None if whole else self.start.value(),
            stop_s=None if whole else self.stop.value(),
            overwrite=self.overwrite.isChecked(),
        )

    def show_running(self, text: str, fraction: float | None) -> None:
        """Show how far the export is; None = not known yet."""
        self._set_running(True)
        self.bar.setValue(round((fraction or 0.0) * _PER_MILLE))
        self.status.setText(text)

    def show_finished(self, text: str, *, complete: bool) -> None:
        """Show how the export ended."""
        self._set_running(False)
        self.bar.setValue(_PER_MILLE if complete else 0)
        self.status.setText(text)

    def _set_running(self, running: bool) -> None:
        self._running = running
        for control in (self.format, self.path, self.browse, self.quality, self.whole, self.overwrite, self.begin):
            control.setEnabled(not running)
        self._whole_toggled(self.whole.isChecked())
        self.cancel.setText(self.tr("Cancel export") if running else self.tr("Close"))

    @Slot(int)
    def _format_changed(self, _number: int) -> None:
        path = Path(self.path.text())
        known = {f.suffix for f in self._formats if f.suffix} | {".mkv", ".m4v"}
        if path.name and path.suffix.lower() in known | {""}:
            stem = path.name[: -len(path.suffix)] if path.suffix else path.name
            self.path.setText(str(path.with_name(stem + self._format().suffix)))

    @Slot()
    def _browse_clicked(self) -> None:
        chosen = self._browse(self, self.path.text(), self._format().suffix)
        if chosen:
            suffix = self._format().suffix
            self.path.setText(chosen if Path(chosen).suffix or not suffix else chosen + suffix)

    @Slot(bool)
    def _whole_toggled(self, whole: bool) -> None:
        for box in (self.start, self.stop):
            box.setEnabled(not whole and not self._running)
        self.show_check()

    @Slot()
    def _begin_clicked(self) -> None:
        if not self._running and self.path.text().strip():
            self.export_requested.emit(self.choice)

    @Slot()
    def _cancel_clicked(self) -> None:
        if self._running:
            self.cancel_requested.emit()
        else:
            self.close()

    def reject(self) -> None:
        """Escape hides the dialog; an export under way goes on and stays visible in the status bar."""
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing hides; nothing is cancelled by it."""
        event.accept()
