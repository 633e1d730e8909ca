"""Names for screen readers, a way to everything by Tab, and focus that is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui.main_window import MainWindow

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]

_KINDS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
    QTextEdit,
)


def _inner(widget: QWidget) -> bool:
    """Whether a widget is part of another control and never met by itself."""
    name = widget.objectName()
    if name.startswith("qt_") or isinstance(widget, QScrollBar):
        return True
    if type(widget).__name__ in ("QComboBoxListView", "QHeaderView", "QTableCornerButton", "ExpandingLineEdit"):
        return True
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QAbstractItemView):
            return True
        parent = parent.parentWidget()
    return False


def interactive(root: QWidget) -> Iterator[QWidget]:
    """Every control in `root` that a user can act on."""
    for widget in root.findChildren(QWidget):
        by_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if (isinstance(widget, _KINDS) or by_keys) and not _inner(widget):
            yield widget


def spoken(widget: QWidget) -> str:
    """What a screen reader says of a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return "" if interface is None else interface.text(QAccessible.Text.Name).replace("&", "").strip()


def nameless(root: QWidget) -> list[str]:
    return sorted({f"{type(w).__name__} {w.objectName()!r}" for w in interactive(root) if not spoken(w)})


@pytest.fixture
def with_target(opened: MainWindow) -> MainWindow:
    opened.editing.set_target(Point(0.3, 0.6))
    return opened


def test_every_control_has_a_name(with_target: MainWindow, qtbot: QtBot) -> None:
    assert not nameless(with_target)
    for name in ("keys", "about", "export", "palette"):
        with_target.menus.actions[name].trigger()
        assert not nameless(with_target), name
        for page in with_target.findChildren(QDialog):
            page.close()


def test_the_start_page_has_names(window: MainWindow) -> None:
    assert not nameless(window.start_page)


def test_tab_reaches_every_control_and_comes_back(with_target: MainWindow, qtbot: QtBot) -> None:
    expected = {
        w
        for w in interactive(with_target)
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisible() and w.isEnabled() and w.window() is with_target
    }
    first = with_target.workspace.picture
    first.setFocus()
    met: list[QWidget] = []
    for _ in range(3 * len(expected)):
        now = QApplication.focusWidget()
        assert now is not None
        if now is first and met:
            break
        met.append(now)
        qtbot.keyClick(now, Qt.Key.Key_Tab)
    else:
        pytest.fail(f"Tab never comes back; it goes round in {[w.objectName() for w in met[-6:]]}")
    missed = {w for w in expected if w not in met and w.focusProxy() not in met}
    assert not {f"{type(w).__name__} {w.objectName()!r}" for w in missed}


def test_tab_follows_the_way_one_reads(with_target: MainWindow) -> None:
    with_target.resize(1680, 1000)
    inspector = with_target.workspace.inspector
    for panel in (with_target.workspace.transport, inspector.content):
        met = [w for w in _chain(with_target.workspace.picture) if panel.isAncestorOf(w)]
        places = [w.mapTo(panel, w.rect().center()) for w in met]
        if panel is inspector.content:
            headings = ("find_planes", "suggest_button", "f_number_slider")
            names = [w.objectName() for w in met]
            assert [n for n in names if n in headings] == list(headings)
        else:
            assert [p.x() for p in places] == sorted(p.x() for p in places)


def _chain(first: QWidget) -> Iterator[QWidget]:
    """What comes after a widget by Tab, hidden or not."""
    now: QWidget | None = first.nextInFocusChain()
    while now is not None and now is not first:
        if now.isVisible() and now.isEnabled() and now.focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield now
        now = now.nextInFocusChain()


def test_focus_is_seen(with_target: MainWindow, qtbot: QtBot) -> None:
    unseen = []
    rest = with_target.workspace.timeline
    for widget in list(interactive(with_target)):
        if not (widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled()):
            continue
        other = rest if widget is not rest else with_target.workspace.picture
        other.setFocus(Qt.FocusReason.TabFocusReason)
        before = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        after = widget.grab().toImage()
        if before == after:
            unseen.append(f"{type(widget).__name__} {widget.objectName()!r}")
    assert not unseen


def test_controls_are_large_enough_to_be_hit(with_target: MainWindow) -> None:
    small = [
        f"{w.objectName()} {w.width()}x{w.height()}"
        for w in interactive(with_target)
        if isinstance(w, QAbstractButton) and w.isVisible() and min(w.width(), w.height()) < 16
    ]
    assert not small


@pytest.mark.parametrize("size", [(960, 600), (1280, 720), (2560, 1440)])
def test_nothing_hangs_over_the_edge_of_the_window(
    with_target: MainWindow, qtbot: QtBot, size: tuple[int, int]
) -> None:
    with_target.resize(*size)
    qtbot.wait(50)
    assert (with_target.width(), with_target.height()) == size
    room = with_target.rect()
    for part in (with_target.workspace.picture, with_target.workspace.transport, with_target.workspace.timeline):
        corner = part.mapTo(with_target, QPoint(part.width() - 1, part.height() - 1))
        assert room.contains(corner), part.objectName()
        assert part.height() > 20
