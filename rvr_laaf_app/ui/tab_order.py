"""The Tab key goes through a panel in the order in which one reads it, whoever put its parts there, and when."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


def tab_in_reading_order(panel: QWidget) -> None:
    """Let Tab follow the layouts of a panel. Call it again when controls were added."""
    for before, after in pairwise(_controls(panel)):
        QWidget.setTabOrder(before, after)


def _controls(widget: QWidget) -> Iterator[QWidget]:
    """Yield what takes the keys by Tab, in the order of the layouts; the parts of a control belong to it."""
    takes_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    layout = widget.layout()
    if takes_keys:
        yield widget
    elif layout is not None:
        yield from _inside(layout)


def _inside(layout: QLayout) -> Iterator[QWidget]:
    for number in range(layout.count()):
        item: QLayoutItem | None = layout.itemAt(number)
        widget, inner = (None, None) if item is None else (item.widget(), item.layout())
        if widget is not None:
            yield from _controls(widget)
        elif inner is not None:
            yield from _inside(inner)
