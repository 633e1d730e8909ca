"""Where the depth of the clip comes from: a choice of networks, or files that the user brings.

Nothing changes before "Use" is pressed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.clip_files import VIDEOS
from rvr_laaf_app.document.depth_source import MEANINGS, DepthSource, Meaning

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.networks import NetworkChoice
    from rvr_laaf_app.ui.prompts import Prompts

_FILES = "files"
_PICTURES = (".exr", ".png", ".tif", ".tiff")


def as_series(path: str) -> str:
    """Return the pattern of the numbered pictures that a picture is one of; the path itself if it stands alone."""
    folder, name = os.path.split(path)
    stem, suffix = os.path.splitext(name)
    numbered = re.fullmatch(r"(.*?)(\d+)(\D*)", stem, re.DOTALL)
    if suffix.lower() not in _PICTURES or numbered is None:
        return path
    before, digits, after = numbered.groups()
    others = re.compile(rf"{re.escape(before)}\d+{re.escape(after + suffix)}")
    with contextlib.suppress(OSError):
        if any(other != name and others.fullmatch(other) for other in os.listdir(folder or ".")):
            count = f"0{len(digits)}" if len(digits) > 1 else ""
            return os.path.join(folder, f"{before}%{count}d{after}{suffix}")
    return path


class DepthSourceDialog(QDialog):
    """Shows the present source as chosen, and tells of another one with `chosen`."""

    chosen = Signal(object)  # DepthSource

    def __init__(
        self,
        source: DepthSource,
        networks: tuple[NetworkChoice, ...],
        prompts: Prompts,
        parent: QWidget | None = None,
        *,
        clip_path: str = "",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("depth_source_dialog")
        self.setWindowTitle(self.tr("Depth of this clip"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._source, self._prompts, self._clip_path = source, prompts, clip_path
        self._default = networks[0].name
        self._group = QButtonGroup(self)
        self._rows: dict[str, QRadioButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(6)
        for network in networks:
            self._add_row(layout, network.name, *self._texts(network))
        text = self.tr("Pictures or a grey video, one plane per frame.")
        self._add_row(layout, _FILES, self.tr("Files of mine"), text)
        layout.addWidget(self._file_part())
        layout.addSpacing(8)
        note = QLabel(self.tr("Targets, lens and repairs stay. The clip is analysed again, once per choice."), self)
        note.setProperty("role", "quiet")
        note.setWordWrap(True)
        layout.addWidget(note)
        layout.addLayout(self._buttons())
        known = _FILES if source.imported else (source.estimator or self._default)
        if known in self._rows:
            self._rows[known].setChecked(True)
        self._group.buttonToggled.connect(self._show_state)
        self._show_state()

    def _texts(self, network: NetworkChoice) -> tuple[str, str]:
        if network.name == self._default:
            return self.tr("Fast"), self.tr("Our network, about a tenth of a second a frame at 720p.")
        if not network.installed:
            text = self.tr("Two of our networks averaged: fewer mistakes, about five times as long.")
            return self.tr("Better"), text
        return network.name, self.tr("Installed by you. {0}").replace("{0}", network.licence)

    def _add_row(self, layout: QVBoxLayout, name: str, title: str, text: str) -> None:
        button = QRadioButton(title, self)
        button.setObjectName(f"depth_source_{name}")
        button.setAccessibleDescription(text)
        below = QLabel(text, self)
        below.setProperty("role", "quiet")
        below.setWordWrap(True)
        below.setTextFormat(Qt.TextFormat.PlainText)
        below.setContentsMargins(24, 0, 0, 6)
        self._group.addButton(button)
        self._rows[name] = button
        layout.addWidget(button)
        layout.addWidget(below)

    def _file_part(self) -> QWidget:
        part = QWidget(self)
        grid = QGridLayout(part)
        grid.setContentsMargins(24, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        self.path = QLineEdit(self._source.path, part)
        self.path.setObjectName("depth_source_path")
        self.path.setAccessibleName(self.tr("Folder, pattern or file"))
        self.path.setPlaceholderText(self.tr("folder, depth_%04d.exr, or depth.mkv"))
        self.path.textChanged.connect(self._show_state)
        folder, file = self.tr("Choose a folder of pictures"), self.tr("Choose the first picture, or a video")
        self.browse = self._button(part, "depth_source_browse", self.tr("Folder…"), folder, self._ask_folder)
        self.browse_file = self._button(part, "depth_source_file", self.tr("File…"), file, self._ask_file)
        self.meaning = QComboBox(part)
        self.meaning.setObjectName("depth_source_meaning")
        self.meaning.setAccessibleName(self.tr("What the numbers mean"))
        texts = {
            "": self.tr("Find out"),
            "disparity": self.tr("Larger is nearer"),
            "depth": self.tr("Distance"),
            "inverted": self.tr("Near is dark"),
        }
        for meaning in ("", *MEANINGS):
            self.meaning.addItem(texts[meaning], meaning)
        self.meaning.setCurrentIndex(self.meaning.findData(self._source.meaning))
        self.steady = QCheckBox(self.tr("Steady over time (for depth that was estimated)"), part)
        self.steady.setObjectName("depth_source_steady")
        self.steady.setChecked(self._source.steady)
        grid.addWidget(self.path, 0, 0)
        grid.addWidget(self.browse, 0, 1)
        grid.addWidget(self.browse_file, 0, 2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.meaning, 2, 0)
        self.problem = QLabel(self.tr("There is nothing at this path."), part)
        self.problem.setObjectName("depth_source_problem")
        self.problem.setProperty("role", "problem")
        self.problem.hide()
        grid.addWidget(self.problem, 1, 0, 1, 3)
        grid.addWidget(self.steady, 3, 0, 1, 3)
        self._files = part
        return part

    def _button(self, part: QWidget, name: str, text: str, tip: str, action: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, part)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        button.setAutoDefault(False)
        button.clicked.connect(action)
        return button

    def _buttons(self) -> QHBoxLayout:
        self.use = QPushButton(self.tr("Use"), self)
        self.use.setObjectName("depth_source_use")
        self.use.setProperty("role", "primary")
        self.use.setDefault(True)
        self.use.clicked.connect(self._use)
        cancel = QPushButton(self.tr("Cancel"), self)
        cancel.setObjectName("depth_source_cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(self.use)
        return line

    def _wanted(self) -> DepthSource | None:
        """Return what is chosen; None if something is missing for it."""
        name = next((name for name, button in self._rows.items() if button.isChecked()), None)
        if name is None:
            return None
        if name != _FILES:
            return DepthSource("" if name == self._default else name)
        path = self.path.text().strip()
        if not path:
            return None
        meaning = cast("Meaning", self.meaning.currentData())
        limits = self._source.limits if path == self._source.path else None
        return DepthSource("", path, meaning, limits, self.steady.isChecked())

    @Slot()
    def _show_state(self) -> None:
        files, wanted = self._rows[_FILES].isChecked(), self._wanted()
        self._files.setEnabled(files)
        missing = files and wanted is not None and not self._there(wanted)
        self.problem.setVisible(missing)
        self.use.setEnabled(wanted is not None and not missing)

    def _there(self, source: DepthSource) -> bool:
        """Tell whether there is anything at the path; of a pattern, its folder. False for what cannot be a path."""
        path = source.path_beside(self._clip_path)
        return os.path.exists(os.path.dirname(path) if "%" in os.path.basename(path) else path)

    @Slot()
    def _ask_folder(self) -> None:
        folder = self._prompts.folder(self)
        if folder:
            self.path.setText(folder)

    @Slot()
    def _ask_file(self) -> None:
        kinds = f"{self.tr('Depth')} ({' '.join(f'*{suffix}' for suffix in (*_PICTURES, *VIDEOS))})"
        path = self._prompts.open_file(self, self.tr("Choose the first picture, or a video"), kinds)
        if path:
            self.path.setText(as_series(path))

    @Slot()
    def _use(self) -> None:
        wanted = self._wanted()
        if wanted is not None:
            self.chosen.emit(wanted)
            self.accept()
