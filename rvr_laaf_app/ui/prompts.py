"""Questions to the user that need a dialog of the system: which file, and what to do with unsaved changes.

They are injected as callables, so that logic never runs a dialog itself and tests answer without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from rvr_laaf_app.app.clip_files import STILLS, VIDEOS

UnsavedChoice = Literal["save", "discard", "cancel"]
InUseChoice = Literal["read_only", "copy", "close"]
_VIDEO = " ".join(f"*{suffix}" for suffix in VIDEOS)
_STILL = " ".join(f"*{suffix}" for suffix in STILLS)


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the window asks. A path is None when the user gave up.

    export_path takes the suggested path and the suffix (empty: a folder for frames). in_use takes the name of a project
    and why it cannot be written. open_file takes a title and the kinds of files, as Qt writes them.
    """

    open_path: Callable[[QWidget], str | None]
    save_path: Callable[[QWidget, str], str | None]
    export_path: Callable[[QWidget, str, str], str | None]
    unsaved: Callable[[QWidget, str], UnsavedChoice]
    open_clips: Callable[[QWidget], list[str]] = lambda _: []
    folder: Callable[[QWidget], str | None] = lambda _: None
    in_use: Callable[[QWidget, str, str], InUseChoice] = lambda _w, _n, _r: "read_only"
    open_file: Callable[[QWidget, str, str], str | None] = lambda _w, _t, _k: None


def system_prompts() -> Prompts:
    """Return the dialogs of the system."""
    return Prompts(_open_path, _save_path, _export_path, _unsaved, _open_clips, _folder, _in_use, _open_file)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Prompts", text)


def _open_path(parent: QWidget) -> str | None:
    kinds = ";;".join(
        (
            f"{_tr('Clips, photos and projects')} (*.rvr {_VIDEO} {_STILL})",
            f"{_tr('Projects')} (*.rvr)",
            f"{_tr('All files')} (*)",
        )
    )
    path, _ = QFileDialog.getOpenFileName(parent, _tr("Open"), "", kinds)
    return path or None


def _open_clips(parent: QWidget) -> list[str]:
    kinds = f"{_tr('Clips and photos')} ({_VIDEO} {_STILL});;{_tr('All files')} (*)"
    paths, _ = QFileDialog.getOpenFileNames(parent, _tr("Add clips"), "", kinds)
    return list(paths)


def _folder(parent: QWidget) -> str | None:
    return QFileDialog.getExistingDirectory(parent, _tr("Choose a folder")) or None


def _open_file(parent: QWidget, title: str, kinds: str) -> str | None:
    path, _ = QFileDialog.getOpenFileName(parent, title, "", f"{kinds};;{_tr('All files')} (*)")
    return path or None


def _in_use(parent: QWidget, name: str, reason: str) -> InUseChoice:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(_tr("Open elsewhere"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(_tr("{0} cannot be saved from here").replace("{0}", name))
    box.setInformativeText(
        f"{reason}\n\n" + _tr("Look at it here without saving, or go on with a copy under another name.")
    )
    look = box.addButton(_tr("Open Read-Only"), QMessageBox.ButtonRole.AcceptRole)
    copy = box.addButton(_tr("Save a Copy…"), QMessageBox.ButtonRole.ActionRole)
    box.addButton(_tr("Close"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(look)
    box.exec()
    if box.clickedButton() is look:
        return "read_only"
    return "copy" if box.clickedButton() is copy else "close"


def _save_path(parent: QWidget, suggested: str) -> str | None:
    path, _ = QFileDialog.getSaveFileName(parent, _tr("Save project"), suggested, f"{_tr('Project')} (*.rvr)")
    if not path:
        return None
    return path if path.lower().endswith(".rvr") else f"{path}.rvr"


def _export_path(parent: QWidget, suggested: str, suffix: str) -> str | None:
    # Whether an existing file may be replaced is asked by the export dialog itself.
    options = QFileDialog.Option.DontConfirmOverwrite
    kinds = f"*{suffix}" if suffix else ""
    path, _ = QFileDialog.getSaveFileName(parent, _tr("Export to"), suggested, kinds, options=options)
    return path or None


def _unsaved(parent: QWidget, name: str) -> UnsavedChoice:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(_tr("Unsaved changes"))
    box.setText(_tr("Save the changes to {0}?").replace("{0}", name))
    buttons = QMessageBox.StandardButton
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.setDefaultButton(buttons.Save)
    for button in box.buttons():
        button.setIcon(QIcon())  # the desktop's own coloured ones are of another family
    answer = box.exec()
    if answer == buttons.Save:
        return "save"
    return "discard" if answer == buttons.Discard else "cancel"
