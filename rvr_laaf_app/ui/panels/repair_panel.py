"""The panel of depth repair: what the brush does, how it is laid on and how far it is carried, and all repairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.document.repair import LARGEST_RADIUS, MAX_REACH, SMALLEST_RADIUS, BrushSettings
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale

_SHARES = ("strength", "softness", "edges")


@dataclass(frozen=True, slots=True)
class RepairRow:
    """One line of the list: when, what, whether it acts, and where it has come to ("carried 60 %" or "")."""

    repair_id: str
    time_text: str
    what: str
    on: bool
    state: str = ""


class RepairPanel(QWidget):
    """Shows a brush and rows; says what the user changed. It knows nothing of projects."""

    brush_edited = Signal(str, object)  # field of BrushSettings, value
    gesture_ended = Signal()
    repair_selected = Signal(str)  # id; "": none
    repair_activated = Signal(str)
    repair_switched = Signal(str, bool)

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("repair_panel")
        self.setProperty("role", "panel")
        self._rows: tuple[RepairRow, ...] = ()
        self._actions = actions
        inner = QWidget(self)
        inner.setProperty("role", "panel")
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 12, 12, 16)
        column.setSpacing(10)
        column.addLayout(self._tool_line())
        column.addLayout(self._kind_line())
        self.hint = self._label("repair_hint", "quiet")
        self.hint.setWordWrap(True)
        column.addWidget(self.hint)
        column.addWidget(_rule(self))
        self.heading = self._label("repair_heading", "heading")
        column.addWidget(self.heading)
        for row in self._make_rows():
            column.addWidget(row)
        column.addLayout(self._reach_line())
        column.addWidget(_rule(self))
        column.addLayout(self._list_head())
        column.addWidget(self._make_list(), 1)
        column.addLayout(self._list_foot())
        area = QScrollArea(self)
        area.setObjectName("repair_scroll")
        area.setAccessibleName(self.tr("Depth repair"))
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.setMinimumWidth(248)
        self.show_brush(BrushSettings(), "")
        self.show_rows((), None)

    # Parts

    def _label(self, name: str, role: str) -> QLabel:
        label = QLabel("", self)
        label.setObjectName(name)
        label.setProperty("role", role)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _button(self, action_id: str, text: str, role: str = "") -> QToolButton:
        """Return a button for an action under a shorter text of its own."""
        action = self._actions[action_id]
        button = QToolButton(self)
        button.setObjectName(f"{action_id}_button")
        button.setText(text)
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text().replace("&", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setCheckable(action.isCheckable())
        if role:
            button.setProperty("role", role)

        def follow() -> None:
            button.setEnabled(action.isEnabled())
            button.setChecked(action.isChecked())

        def ask() -> None:
            action.trigger()
            follow()  # a click turns the button; of a group's chosen one the action says that it stays

        action.changed.connect(follow)
        action.toggled.connect(follow)
        button.clicked.connect(ask)
        follow()
        return button

    def _tool_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self.tool = self._button("repair_tool", self.tr("Brush"), "segment")
        self.shown = QCheckBox(self.tr("Show changes"), self)
        self.shown.setObjectName("show_repairs_box")
        self.shown.setToolTip(self._actions["show_repairs"].toolTip())
        self.shown.toggled.connect(self._shown_toggled)
        self._actions["show_repairs"].toggled.connect(self._follow_shown)
        line.addWidget(self.tool)
        line.addStretch(1)
        line.addWidget(self.shown)
        return line

    def _kind_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(0)
        texts = {
            "repair_nearer": self.tr("Nearer"),
            "repair_farther": self.tr("Farther"),
            "repair_same": self.tr("Same"),
        }
        for action_id, text in texts.items():
            button = self._button(action_id, text, "segment")
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.setMinimumWidth(72)
            line.addWidget(button)
        return line

    def _make_rows(self) -> list[SliderRow]:
        low, high = 100 * SMALLEST_RADIUS, 100 * LARGEST_RADIUS
        size = SliderScale(low, high, log=True, decimals=1, step=0.5)
        share = SliderScale(0.0, 100.0, step=5.0)
        self.rows = {
            "radius": SliderRow(
                "repair_radius", self.tr("Size"), size, suffix=" %",
                hint=self.tr("Radius as a share of the picture's width. Keys: [ and ]"), parent=self,
            ),
            "strength": SliderRow(
                "repair_strength", self.tr("Strength"), share, suffix=" %",
                hint=self.tr("How far the depth is moved, or taken over from the sampled place"), parent=self,
            ),
            "softness": SliderRow(
                "repair_softness", self.tr("Softness"), share, suffix=" %",
                hint=self.tr("How much of the brush fades towards its rim"), parent=self,
            ),
            "edges": SliderRow(
                "repair_edges", self.tr("Stop at edges"), share, suffix=" %",
                hint=self.tr("How firmly edges in the picture hold the brush back; 0: not at all"), parent=self,
            ),
        }  # fmt: skip
        for field, row in self.rows.items():
            row.value_edited.connect(lambda value, field=field: self._row_edited(field, value))
            row.gesture_ended.connect(self.gesture_ended)
        return list(self.rows.values())

    def _reach_line(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        self.reach: dict[str, QSpinBox] = {}
        texts = {"back": self.tr("Frames back"), "ahead": self.tr("Frames ahead")}
        for number, (field, text) in enumerate(texts.items()):
            box = QSpinBox(self)
            box.setObjectName(f"repair_{field}_box")
            box.setAccessibleName(text)
            box.setRange(0, MAX_REACH)
            box.setKeyboardTracking(False)
            box.setFixedWidth(88)
            box.setAlignment(Qt.AlignmentFlag.AlignRight)
            box.setToolTip(self.tr("How far the stroke is carried with the picture. It ends at cuts in any case."))
            box.valueChanged.connect(lambda value, field=field: self.brush_edited.emit(field, value))
            box.editingFinished.connect(self.gesture_ended)
            label = QLabel(text, self)
            label.setBuddy(box)
            grid.addWidget(label, number, 0)
            grid.addWidget(box, number, 1)
            self.reach[field] = box
        grid.setColumnStretch(0, 1)
        return grid

    def _list_head(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(4)
        heading = self._label("repairs_heading", "heading")
        heading.setText(self.tr("REPAIRS"))
        self.state = self._label("repairs_state", "quiet")
        line.addWidget(heading)
        line.addStretch(1)
        line.addWidget(self.state)
        return line

    def _make_list(self) -> QListWidget:
        self.list = QListWidget(self)
        self.list.setObjectName("repair_rows")
        self.list.setAccessibleName(self.tr("Depth repairs"))
        self.list.setUniformItemSizes(True)
        self.list.setMinimumHeight(96)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for action_id in ("switch_repair", "remove_repair"):
            self.list.addAction(self._actions[action_id])
        self.list.currentRowChanged.connect(self._row_changed)
        self.list.itemActivated.connect(self._activated)
        self.list.itemChanged.connect(self._checked)
        return self.list

    def _list_foot(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self._button("previous_repair", self.tr("Previous")))
        line.addWidget(self._button("next_repair", self.tr("Next")))
        line.addStretch(1)
        line.addWidget(self._button("remove_repair", self.tr("Remove")))
        return line

    # What is shown

    @property
    def selected(self) -> str | None:
        """Id of the marked row."""
        number = self.list.currentRow()
        return self._rows[number].repair_id if 0 <= number < len(self._rows) else None

    def show_brush(self, brush: BrushSettings, heading: str) -> None:
        """Show a brush, and whose it is; tells nobody."""
        self.heading.setText(heading)
        self.rows["radius"].set_value(100 * brush.radius)
        for field in _SHARES:
            self.rows[field].set_value(100 * getattr(brush, field))
        for field, box in self.reach.items():
            with QSignalBlocker(box):
                box.setValue(getattr(brush, field))

    def show_hint(self, text: str) -> None:
        """Say what to do next."""
        self.hint.setText(text)

    def show_rows(self, rows: tuple[RepairRow, ...], selected: str | None, *, state: str = "") -> None:
        """List the repairs; tells nobody."""
        with QSignalBlocker(self.list):
            if rows != self._rows:
                self._rows = rows
                self._fill()
            number = next((n for n, row in enumerate(rows) if row.repair_id == selected), -1)
            self.list.setCurrentRow(number)
        self.state.setText(state if rows else self.tr("none"))
        self.list.setVisible(bool(rows))

    def _fill(self) -> None:
        self.list.clear()
        for row in self._rows:
            text = "   ".join(part for part in (row.time_text, row.what, row.state) if part)
            item = QListWidgetItem(text)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if row.on else Qt.CheckState.Unchecked)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, text)
            self.list.addItem(item)

    # What the user did

    def _row_edited(self, field: str, percent: float) -> None:
        self.brush_edited.emit(field, percent / 100)

    @Slot(bool)
    def _shown_toggled(self, shown: bool) -> None:
        if self._actions["show_repairs"].isChecked() != shown:
            self._actions["show_repairs"].trigger()

    @Slot(bool)
    def _follow_shown(self, shown: bool) -> None:
        with QSignalBlocker(self.shown):
            self.shown.setChecked(shown)

    @Slot(int)
    def _row_changed(self, number: int) -> None:
        self.repair_selected.emit(self._rows[number].repair_id if number >= 0 else "")

    @Slot(QListWidgetItem)
    def _activated(self, item: QListWidgetItem) -> None:
        self.repair_activated.emit(self._rows[self.list.row(item)].repair_id)

    @Slot(QListWidgetItem)
    def _checked(self, item: QListWidgetItem) -> None:
        row = self._rows[self.list.row(item)]
        on = item.checkState() == Qt.CheckState.Checked
        if on != row.on:
            self.repair_switched.emit(row.repair_id, on)


def _rule(parent: QWidget) -> QFrame:
    rule = QFrame(parent)
    rule.setProperty("role", "rule")
    return rule
