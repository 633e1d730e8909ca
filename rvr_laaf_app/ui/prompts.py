"""Questions to the user that need a dialog of the system: which file, and what to do with unsaved changes.

They are injected as callables, so that logic never runs a dialog itself and tests answer without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

UnsavedChoice = Literal["save", "discard", "cancel"]
_VIDEO = "*.mp4 *.mov *.m4v *.mkv *.webm *.avi *.mts *.m2ts *.mxf *.wmv *.3gp *.ts *.mpg"
_STILL = "*.jpg *.jpeg *.png *.tif *.tiff *.webp *.exr *.heic"


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the window asks. A path is None when the user gave up.

    export_path takes the suggested path and the suffix (empty: a folder for frames).
    """

    open_path: Callable[[QWidget], str | None]
    save_path: Callable[[QWidget, str], str | None]
    export_path: Callable[[QWidget, str, str], str | None]
    unsaved: Callable[[QWidget, str], UnsavedChoice]


def system_prompts() -> Prompts:
    """Return the dialogs of the system."""
    return Prompts(_open_path, _save_path, _export_path, _unsaved)


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
    answer = box.exec()
    if answer == buttons.Save:
        return "save"
    return "discard" if answer == buttons.Discard else "cancel"
