"""Every text can be translated, and a longer language breaks nothing."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QCoreApplication, QObject, QTranslator
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.translation import edit_name, languages, use_language
from rvr_laaf_app.ui.translation_texts import as_ts, texts
from tests.gui.conftest import wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]

UI = Path(__file__).resolve().parents[2] / "rvr_laaf_app" / "ui"
_SHOWN = frozenset(
    {
        "setText",
        "setWindowTitle",
        "setToolTip",
        "setPlaceholderText",
        "setAccessibleName",
        "setAccessibleDescription",
        "setTitle",
        "setStatusTip",
        "setWhatsThis",
        "addItem",
        "addItems",
        "addTab",
        "addMenu",
        "addAction",
        "insertItem",
        "setHeaderLabels",
        "setHorizontalHeaderLabels",
        "showMessage",
        "setSpecialValueText",
        "QLabel",
        "QPushButton",
        "QToolButton",
        "QCheckBox",
        "QRadioButton",
        "QAction",
        "QGroupBox",
        "QMenu",
        "QListWidgetItem",
        "QTreeWidgetItem",
        "QTableWidgetItem",
        "say",
        "set_notice",
    }
)
_NAMES = frozenset({"RVR-LAAF"})  # a name is the same in every language


def _texts(node: ast.expr) -> Iterator[ast.Constant]:
    """The literal texts of an argument that no function translates."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.JoinedStr):
        yield from (part for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _texts(element)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.BinOp):
        yield from _texts(node.left)
        yield from _texts(node.right)


def untranslated(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        if name not in _SHOWN:
            continue
        for argument in node.args[:1] if name == "addItem" else node.args:  # the second is data
            for text in _texts(argument):
                if re.search(r"[^\W\d_]{3}", str(text.value)) and text.value not in _NAMES:
                    yield f"{path.relative_to(UI)}:{text.lineno}: {text.value!r}"


def test_every_literal_text_goes_through_tr() -> None:
    found = [line for path in sorted(UI.rglob("*.py")) for line in untranslated(path)]
    assert not found, "\n".join(found)


class LongLanguage(QTranslator):
    """A language that is a third longer than English, in brackets, with letters beyond ASCII; `asked` of what."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str, str]] = set()

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, text: str, disambiguation: str = "", n: int = -1) -> str:  # type: ignore[override]
        if context.startswith("Q"):  # Qt's own
            return text
        self.asked.add((context, text))
        longer = re.sub(r"([aeiou])", "\\1\u0308", text)
        return f"⟦{longer}{'~' * (len(text) // 3)}⟧"


@pytest.fixture
def long_language(qapp: QApplication) -> Iterator[LongLanguage]:
    language = LongLanguage()
    qapp.installTranslator(language)
    yield language
    qapp.removeTranslator(language)


def _shown(root: QWidget) -> Iterator[tuple[QWidget, str]]:
    for kind in (QLabel, QAbstractButton):
        for widget in root.findChildren(kind):
            if widget.isVisible() and re.search(r"[^\W\d_]{4}", widget.text()):
                yield widget, widget.text()


def _cut(root: QWidget) -> list[str]:
    cut = []
    for widget, text in _shown(root):
        wraps = isinstance(widget, QLabel) and widget.wordWrap()
        if not wraps and widget.width() < widget.sizeHint().width() - 1:
            cut.append(f"{widget.objectName()} {text!r}: {widget.width()} of {widget.sizeHint().width()} px")
        elif wraps and widget.height() < widget.heightForWidth(widget.width()) - 1:
            cut.append(f"{widget.objectName()} {text!r}: {widget.height()} px high")
    return cut


def test_a_longer_language_is_shown_everywhere_and_nothing_breaks(
    long_language: LongLanguage, make_window: Callable[[], MainWindow], clip: Path, qtbot: QtBot
) -> None:
    window = make_window()
    english = [text for _, text in _shown(window.start_page) if not text.startswith("⟦")]
    assert not english
    assert not _cut(window.start_page)
    assert all(a.text().startswith("⟦") for a in window.menus.actions.values())
    window.begin(str(clip))
    wait_for_clip(window, qtbot)
    window.editing.set_target(Point(0.3, 0.6))
    assert len(window.session.project.targets) == 1
    window.menus.actions["undo"].trigger()
    assert not window.session.project.targets
    window.editing.set_target(Point(0.3, 0.6))
    qtbot.wait(100)
    inspector = window.workspace.inspector
    english = [f"{w.objectName()} {text!r}" for w, text in _shown(inspector) if "⟦" not in text]
    assert not english
    assert inspector.widget().minimumSizeHint().width() <= inspector.viewport().width()
    for name in ("export", "export_focus", "depth_source", "palette"):
        window.menus.actions[name].trigger()
    known = {(context, text) for context, found in texts().items() for text in found}
    missing = [pair for pair in long_language.asked - known if pair[1]]
    assert not sorted(missing)  # a translator is shown all that the window asks for


@pytest.mark.parametrize("name", ["keys", "about"])
def test_pages_of_help_are_not_cut_in_a_longer_language(
    long_language: LongLanguage, make_window: Callable[[], MainWindow], qtbot: QtBot, name: str
) -> None:
    window = make_window()
    window.menus.actions[name].trigger()
    page = next(w for w in QApplication.topLevelWidgets() if w.isVisible() and w.objectName() in ("keys_page", "about"))
    qtbot.wait(50)
    assert not _cut(page)


_TS = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE TS><TS version="2.1" language="de">
<context><name>Actions</name><message><source>Save</source><translation>Speichern</translation></message></context>
<context><name>Edits</name>
<message><source>Move target</source><translation>Ziel bewegen</translation></message></context>
<context><name>StartPage</name>
<message><source>RECENT</source><translation>ZULETZT</translation></message></context></TS>"""


def test_a_translation_in_the_folder_is_found_and_used(qapp: QApplication, tmp_path: Path) -> None:
    release = shutil.which("lrelease", path=str(Path(PySide6.__file__).parent))
    if release is None:
        pytest.skip("this PySide6 has no lrelease")
    (tmp_path / "empty.ts").write_text(as_ts(texts(), "de"), encoding="utf-8")
    subprocess.run([release, "-silent", str(tmp_path / "empty.ts")], check=True)  # what a translator begins with
    (tmp_path / "empty.qm").unlink()
    (tmp_path / "rvr_laaf_de.ts").write_text(_TS, encoding="utf-8")
    subprocess.run([release, "-silent", str(tmp_path / "rvr_laaf_de.ts")], check=True)
    assert languages(tmp_path) == ("en", "de")
    before = qapp.findChildren(QTranslator)
    try:
        assert use_language(qapp, "de", folder=tmp_path).startswith("de")
        assert QCoreApplication.translate("Actions", "Save") == "Speichern"
        assert QCoreApplication.translate("StartPage", "RECENT") == "ZULETZT"
        assert (edit_name("Move target"), edit_name("Add target"), edit_name(None)) == (
            "Ziel bewegen",
            "Add target",
            "",
        )
        assert QCoreApplication.translate("Actions", "Undo") == "Undo"  # what is missing stays English
    finally:
        for translator in qapp.findChildren(QTranslator):
            if translator not in before:
                qapp.removeTranslator(translator)


def test_without_a_translation_the_window_speaks_english(qapp: QApplication, tmp_path: Path) -> None:
    assert use_language(qapp, "de", folder=tmp_path) == "en"
    assert use_language(qapp, "xx_not_a_language", folder=tmp_path) == "en"
    assert isinstance(qapp, QObject)
