"""The export window: what to write where, what that will take, and what the focus check found. It adds to the queue.

It stays beside the work, never over it, and decides nothing: advice comes from a callable, wishes go out as signals.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.export_queue_presets import MAX_NAME, SUFFIXES, WITH_CRF, ExportPreset, Presets
from rvr_laaf_app.ui.panels.export_form import SIZES, USUAL_CRF, ExportForm
from rvr_laaf_app.ui.panels.export_wish import Advice, ExportSource, ExportWish

AskName = Callable[[QWidget, str, str], str | None]
Browse = Callable[[QWidget, str, str], str | None]


def ask_name(parent: QWidget, title: str, suggested: str) -> str | None:
    """Ask for the name of a preset; None if the user gave up."""
    name, given = QInputDialog.getText(parent, title, title, QLineEdit.EchoMode.Normal, suggested)
    return name.strip()[:MAX_NAME] or None if given else None


class ExportDialog(QDialog):
    """Emits `add_requested` with an ExportWish, and what the user wants to do with presets."""

    add_requested = Signal(object)
    preset_saved = Signal(object)
    preset_renamed = Signal(str, str)
    preset_deleted = Signal(str)
    problems_requested = Signal()

    def __init__(self, browse: Browse, ask: AskName = ask_name, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle(self.tr("Export"))
        self.setModal(False)
        self.setMinimumWidth(640)
        self._browse, self._ask = browse, ask
        self._presets = Presets()
        self._source: ExportSource | None = None
        self._advise: Callable[[ExportWish], Advice] = lambda _wish: Advice()
        self._formats = {
            "h264": self.tr("H.264, plays everywhere"), "hevc": self.tr("HEVC, 10 bit"),
            "prores": self.tr("ProRes 422 HQ"), "dnxhr": self.tr("DNxHR"), "png": self.tr("PNG frames"),
            "exr": self.tr("EXR frames, linear light"), "depth_exr": self.tr("Depth as EXR, channel Z"),
            "depth_png16": self.tr("Depth as 16-bit PNG"), "depth_ffv1": self.tr("Depth as grey video, lossless"),
            "matte_png16": self.tr("Focus matte as 16-bit PNG, white is sharp"),
        }  # fmt: skip
        self.form = ExportForm(self)
        self._make_presets_menu()
        self._arrange()
        for codec, title in self._formats.items():
            self.form.format.addItem(title, codec)
        self._connect()
        self.set_presets(self._presets)

    # Building

    def _make_presets_menu(self) -> None:
        menu = QMenu(self)
        self.save_preset = menu.addAction(self.tr("Save As…"), self._save_preset)
        self.rename_preset = menu.addAction(self.tr("Rename…"), self._rename_preset)
        self.delete_preset = menu.addAction(self.tr("Delete"), self._delete_preset)
        for name, action in (
            ("save", self.save_preset),
            ("rename", self.rename_preset),
            ("delete", self.delete_preset),
        ):
            action.setObjectName(f"preset_{name}")
        self.form.presets_menu.setMenu(menu)

    def _arrange(self) -> None:
        self.status = QLabel("", self)
        self.status.setObjectName("export_status")
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setWordWrap(True)
        self.begin = QPushButton(self.tr("Add to Queue"), self)
        self.begin.setObjectName("export_begin")
        self.begin.setProperty("role", "primary")
        self.begin.setDefault(True)
        self.more = QPushButton(self.tr("Add and Stay"), self)
        self.more.setObjectName("export_more")
        self.more.setToolTip(self.tr("Add it and leave this window open, for another format"))
        self.cancel = QPushButton(self.tr("Close"), self)
        self.cancel.setObjectName("export_cancel")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.cancel, self.more, self.begin):
            button.setAutoDefault(button is self.begin)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(20)
        layout.addWidget(self.form)
        layout.addStretch(1)
        layout.addWidget(self.status)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        form = self.form
        form.preset.activated.connect(self._preset_chosen)
        form.format.currentIndexChanged.connect(self._format_changed)
        for box in (form.container, form.quality, form.pixels, form.sound, form.range, form.clips):
            box.currentIndexChanged.connect(self.refresh)
        for number in (form.start, form.stop, form.crf):
            number.valueChanged.connect(self.refresh)
        for line in (form.name, form.folder):
            line.textChanged.connect(self.refresh)
        form.overwrite.toggled.connect(self.refresh)
        form.browse.clicked.connect(self._browse_clicked)
        form.see.clicked.connect(self.problems_requested)
        self.begin.clicked.connect(self._begin_clicked)
        self.more.clicked.connect(self._more_clicked)
        self.cancel.clicked.connect(self.close)

    # What it is told

    def set_advisor(self, advise: Callable[[ExportWish], Advice]) -> None:
        """Say whom to ask about a wish."""
        self._advise = advise
        self.refresh()

    def set_presets(self, presets: Presets) -> None:
        """Offer these presets; the one used last is chosen."""
        self._presets = presets
        box = self.form.preset
        with QSignalBlocker(box):
            box.clear()
            for preset in presets.all:
                box.addItem(preset.name, preset)
            if presets.own:
                box.insertSeparator(len(presets.all) - len(presets.own))
        self.choose_preset(presets.last)

    def prepare(self, source: ExportSource) -> None:
        """Offer the ranges of a clip; where it goes is kept while it is the same clip."""
        form, before = self.form, self._source
        self._source = source
        if before is None or before.key != source.key:
            form.folder.setText(source.folder)
        marked = form.range.currentData()
        with QSignalBlocker(form.range), QSignalBlocker(form.pixels), QSignalBlocker(form.clips):
            form.range.clear()
            form.range.addItem(self.tr("Whole clip"), "whole")
            if source.marks is not None:
                form.range.addItem(self.tr("Between the I and O marks"), "marks")
            form.range.addItem(self.tr("From … to …"), "free")
            wanted = marked if before is not None and before.key == source.key else None
            form.range.setCurrentIndex(max(form.range.findData(wanted or ("marks" if source.marks else "whole")), 0))
            form.clips.clear()
            form.clips.addItem(self.tr("This clip"), False)
            form.clips.addItem(self.tr("All {0} clips of the project").replace("{0}", str(source.clips)), True)
            self._fill_sizes(form.pixels.currentData())
        form.show_clips_row(source.clips > 1)
        for box, value in ((form.start, 0.0), (form.stop, source.duration_s)):
            with QSignalBlocker(box):
                box.setRange(0.0, source.duration_s)
                box.setValue(value)
        self.say("")
        self.refresh()

    def say(self, text: str, *, problem: bool = False) -> None:
        """Say something above the buttons."""
        self.status.setText(text)
        self.status.setVisible(bool(text))
        _set_role(self.status, "problem" if problem else "quiet")

    def event(self, event: QEvent) -> bool:
        """Grow when the texts need more lines: a window that keeps its size would squeeze and cut them."""
        done = super().event(event)
        layout = self.layout()
        if event.type() == QEvent.Type.LayoutRequest and layout is not None:
            needed = layout.totalHeightForWidth(self.width())
            if needed > self.height():
                self.resize(self.width(), needed)
                self.form.lay_out_anew()
        return done

    # What is chosen

    @property
    def preset(self) -> ExportPreset:
        """The controls as a preset: the chosen one by name, with what was changed."""
        form, base = self.form, self._base
        codec = str(form.format.currentData())
        crf = form.crf.value() if codec in WITH_CRF and form.crf.value() != USUAL_CRF else None
        return ExportPreset(
            base.name,
            codec,
            str(form.container.currentData()),
            form.quality.currentData(),
            crf,
            form.sound.currentData(),
            None if codec.startswith(("depth_", "matte_")) else form.pixels.currentData(),
            form.name.text().strip() or base.pattern,
        )

    @property
    def _base(self) -> ExportPreset:
        chosen = self.form.preset.currentData()
        return chosen if isinstance(chosen, ExportPreset) else self._presets.all[0]

    @property
    def changed(self) -> bool:
        """True if the controls say something else than the chosen preset."""
        return self.preset != self._base

    @property
    def wish(self) -> ExportWish:
        """What is chosen now."""
        form, source, kind = self.form, self._source, self.form.range.currentData()
        start, stop = None, None
        if kind == "free":
            start, stop = form.start.value(), form.stop.value()
        elif kind == "marks" and source is not None and source.marks is not None:
            start, stop = source.marks
        return ExportWish(
            self.preset,
            form.folder.text().strip(),
            start,
            stop,
            marked=kind == "marks",
            overwrite=form.overwrite.isChecked(),
            all_clips=bool(form.clips.currentData()) and source is not None and source.clips > 1,
        )

    @Slot()
    def refresh(self) -> None:
        """Bring everything that follows from the choice up to date."""
        form, wish = self.form, self.wish
        free = form.range.currentData() == "free"
        form.start.setEnabled(free)
        form.stop.setEnabled(free)
        if not free and self._source is not None:
            for box, value in ((form.start, wish.start_s or 0.0), (form.stop, wish.stop_s or self._source.duration_s)):
                with QSignalBlocker(box):
                    box.setValue(value)
        plane = wish.preset.is_plane
        form.crf.setEnabled(wish.preset.codec in WITH_CRF)
        form.pixels.setEnabled(not plane)
        form.quality.setEnabled(not plane)
        form.sound.setEnabled(not plane and bool(wish.preset.suffix))
        own = self._presets.is_own(self._base.name)
        self.rename_preset.setEnabled(own)
        self.delete_preset.setEnabled(own)
        self._show(self._advise(wish))

    def _show(self, advice: Advice) -> None:
        form = self.form
        for label, text, bad in (
            (form.result, advice.result, advice.result_bad),
            (form.room, advice.room, advice.room_bad),
            (form.check, advice.check, advice.check_bad),
        ):
            label.setText(text)
            _set_role(label, "problem" if bad else "quiet")
        form.result.setToolTip(advice.result)
        form.estimate.setText(advice.estimate)
        form.see.setVisible(advice.check_bad)
        for button in (self.begin, self.more):
            button.setEnabled(advice.possible)

    # What the user does

    @Slot(int)
    def _preset_chosen(self, _number: int) -> None:
        self._fill(self._base)

    def choose_preset(self, name: str) -> None:
        """Choose the preset of this name."""
        box = self.form.preset
        number = next((n for n in range(box.count()) if box.itemText(n).casefold() == name.casefold()), 0)
        with QSignalBlocker(box):
            box.setCurrentIndex(number)
        self._fill(self._base)

    def _fill(self, preset: ExportPreset) -> None:
        """Put a preset into the controls."""
        form = self.form
        with QSignalBlocker(form.format):
            form.format.setCurrentIndex(form.format.findData(preset.codec))
        self._fill_containers(preset.suffix)
        self._fill_sizes(preset.long_side)
        with ExitStack() as blocked:
            for control in (form.quality, form.sound, form.crf, form.name):
                blocked.enter_context(QSignalBlocker(control))
            form.quality.setCurrentIndex(form.quality.findData(preset.quality))
            form.sound.setCurrentIndex(form.sound.findData(preset.audio))
            form.crf.setValue(USUAL_CRF if preset.crf is None else preset.crf)
            form.name.setText(preset.pattern)
        self.refresh()

    def _fill_containers(self, wanted: str | None) -> None:
        box = self.form.container
        with QSignalBlocker(box):
            box.clear()
            for suffix in SUFFIXES[str(self.form.format.currentData())]:
                box.addItem(suffix or self.tr("folder"), suffix)
            box.setCurrentIndex(max(box.findData(wanted), 0))

    def _fill_sizes(self, wanted: int | None) -> None:
        box, source = self.form.pixels, self._source
        with QSignalBlocker(box):
            box.clear()
            own = "" if source is None else f" ({source.size[0]}×{source.size[1]})"
            box.addItem(self.tr("As the clip") + own, None)
            largest = 0 if source is None else max(source.size)
            for side in sorted({*SIZES, *([wanted] if wanted else [])}, reverse=True):
                if side < largest or side == wanted:
                    box.addItem(self.tr("Long side {0}").replace("{0}", str(side)), side)
            box.setCurrentIndex(max(box.findData(wanted), 0) if wanted else 0)

    @Slot(int)
    def _format_changed(self, _number: int) -> None:
        self._fill_containers(str(self.form.container.currentData()))
        self.refresh()

    @Slot()
    def _browse_clicked(self) -> None:
        form, suffix = self.form, str(self.form.container.currentData())
        chosen = self._browse(self, str(Path(form.folder.text() or ".") / (form.result.text() or "export")), suffix)
        if chosen:
            path = Path(chosen)
            form.folder.setText(str(path.parent))
            form.name.setText(path.name.removesuffix(suffix) if suffix else path.name)

    @Slot()
    def _save_preset(self) -> None:
        suggested = self._base.name if self._presets.is_own(self._base.name) else f"{self._base.name} 2"
        name = self._ask(self, self.tr("Save preset as"), suggested)
        if name:
            self.preset_saved.emit(replace(self.preset, name=name))

    @Slot()
    def _rename_preset(self) -> None:
        name = self._ask(self, self.tr("Rename preset"), self._base.name)
        if name:
            self.preset_renamed.emit(self._base.name, name)

    @Slot()
    def _delete_preset(self) -> None:
        self.preset_deleted.emit(self._base.name)

    @Slot()
    def _begin_clicked(self) -> None:
        self.say("")
        self.add_requested.emit(self.wish)
        if self.status.property("role") != "problem":
            self.hide()

    @Slot()
    def _more_clicked(self) -> None:
        self.say("")
        self.add_requested.emit(self.wish)

    def reject(self) -> None:
        """Escape hides the window; the queue goes on."""
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing hides."""
        event.accept()


def _set_role(label: QLabel, role: str) -> None:
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().polish(label)
