"""What the annotation window asks with a dialog of the system; injected, so that logic runs no dialog itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget


@dataclass(frozen=True, slots=True)
class AnnotatePrompts:
    """Each gives None when the user gave up. text takes a title, a question, and what stands there at first."""

    folder: Callable[[QWidget], str | None]
    import_path: Callable[[QWidget], str | None]
    export_path: Callable[[QWidget], str | None]
    text: Callable[[QWidget, str, str, str], str | None]


def system_annotate_prompts() -> AnnotatePrompts:
    """Return the dialogs of the system."""
    return AnnotatePrompts(_folder, _import_path, _export_path, _text)


def _tr(text: str) -> str:
    return QCoreApplication.translate("AnnotatePrompts", text)


def _folder(parent: QWidget) -> str | None:
    return QFileDialog.getExistingDirectory(parent, _tr("Choose a folder of clips")) or None


def _import_path(parent: QWidget) -> str | None:
    kinds = f"{_tr('Targets')} (*.json *.csv *.xml);;{_tr('All files')} (*)"
    path, _ = QFileDialog.getOpenFileName(parent, _tr("Import targets"), "", kinds)
    return path or None


def _export_path(parent: QWidget) -> str | None:
    kinds = ";;".join(
        (f"{_tr('VAF JSON')} (*.json)", f"{_tr('CSV table')} (*.csv)", f"{_tr('CVAT for video')} (*.xml)")
    )
    path, kind = QFileDialog.getSaveFileName(parent, _tr("Export targets"), "targets.json", kinds)
    if not path or "." in path.replace("\\", "/").rsplit("/", 1)[-1]:
        return path or None
    return path + kind[kind.rfind("*.") + 1 : -1]


def _text(parent: QWidget, title: str, question: str, text: str) -> str | None:
    answer, given = QInputDialog.getText(parent, title, question, text=text)
    return answer if given else None
