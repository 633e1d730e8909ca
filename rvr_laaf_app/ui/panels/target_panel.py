"""The target part of the inspector: the list of targets, and pull, ease and tracker of the selected one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, FocusTarget
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.panels.plane_strip import PlaneStrip
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale
from rvr_laaf_app.ui.panels.target_details import TargetDetails

EASES = ("linear", "in", "out", "in_out")
MAX_PULL_FRAMES = 120
_MOST_ROWS = 6  # of the list, before it scrolls


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One line of the list: the target, when it is, and how its tracking stands ("", "tracking 40 %", "lost 12 %")."""

    target: FocusTarget
    time_text: str
    note: str = ""
    problem: bool = False


class TargetPanel(QWidget):
    """Shows targets; says what the user picked, changed or removed."""

    selection_asked = Signal(object, str)  # ids, the one that leads
    target_activated = Signal(str)
    removal_requested = Signal(str)
    pull_edited = Signal(int)
    ease_chosen = Signal(str)
    tracker_chosen = Signal(str)
    gesture_ended = Signal()

    def __init__(self, trackers: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("target_panel")
        self._trackers = trackers
        self._selected: FocusTarget | None = None
        self._make()
        self._arrange()
        self._connect()
        self.show_rows((), None, seconds_per_frame=0.04)

    def _make(self) -> None:
        self.list = QListWidget(self)
        self.list.setObjectName("target_list")
        self.list.setAccessibleName(self.tr("Targets"))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.empty = QLabel(self.tr("Click a subject in the picture, or drag a box around it, to focus there."), self)
        self.empty.setObjectName("no_targets")
        self.empty.setProperty("role", "quiet")
        self.empty.setWordWrap(True)
        self.go = QPushButton(self.tr("Go to"), self)
        self.go.setObjectName("go_to_target")
        self.remove = QPushButton(self.tr("Remove"), self)
        self.remove.setObjectName("remove_target")
        self.pull = SliderRow(
            "pull_length", self.tr("Pull"), SliderScale(0, MAX_PULL_FRAMES, step=1), suffix=self.tr(" frames"),
            hint=self.tr("How long the focus takes to get here; it arrives exactly at the target's time"),
        )  # fmt: skip
        self.pull_time = QLabel(self)
        self.pull_time.setObjectName("pull_seconds")
        self.pull_time.setProperty("role", "quiet")
        self.pull_time.setProperty("small", True)
        self.ease = QComboBox(self)
        self.ease.setObjectName("pull_ease")
        self.ease.setAccessibleName(self.tr("Ease of the pull"))
        self.ease.addItems([self.tr("Linear"), self.tr("Slow start"), self.tr("Slow end"), self.tr("Slow both ends")])
        self.details = TargetDetails(self)
        self.planes = PlaneStrip(self)
        self.tracker = QComboBox(self)
        self.tracker.setObjectName("target_tracker")
        self.tracker.setAccessibleName(self.tr("Tracker"))
        self.tracker.addItems([name.upper() for name in self._trackers])

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.list)
        layout.addWidget(self.empty)
        buttons = QHBoxLayout()
        buttons.addWidget(self.go, 1)
        buttons.addWidget(self.remove, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.details.together)
        layout.addWidget(self.planes)
        self.way = QWidget(self)
        details = QVBoxLayout(self.way)
        details.setContentsMargins(0, 0, 0, 0)
        details.setSpacing(10)
        layout.addWidget(self.way)
        layout.addWidget(self.details)
        details.addWidget(self.pull)
        details.addWidget(self.pull_time)
        for title, control in ((self.tr("Ease"), self.ease), (self.tr("Tracker"), self.tracker)):
            line = QHBoxLayout()
            label = QLabel(title, self)
            label.setBuddy(control)
            control.setFixedWidth(168)
            line.addWidget(label, 1)
            line.addWidget(control)
            details.addLayout(line)

    def _connect(self) -> None:
        self.list.itemSelectionChanged.connect(self._items_selected)
        self.list.itemActivated.connect(self._item_activated)
        self.go.clicked.connect(self._go_clicked)
        self.remove.clicked.connect(self._remove_clicked)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._remove_clicked)
        self.pull.value_edited.connect(self._pull_edited)
        self.pull.gesture_ended.connect(self.gesture_ended)
        self.ease.activated.connect(self._ease_activated)
        self.tracker.activated.connect(self._tracker_activated)

    def show_rows(
        self,
        rows: tuple[TargetRow, ...],
        selected_id: str | None,
        *,
        seconds_per_frame: float,
        selection: tuple[str, ...] = (),
    ) -> None:
        """Show the targets and the values of the selected one, which leads a `selection` of several; tells nobody."""
        with QSignalBlocker(self.list):
            self._fill_list(rows, selected_id, selection)
        self._fit_list(len(rows))
        self._selected = next((r.target for r in rows if r.target.id == selected_id), None)
        for part in (self.list, self.go, self.remove, self.way, self.details):
            part.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        for control in (self.go, self.remove, self.pull, self.ease, self.tracker):
            control.setEnabled(self._selected is not None)
        target = self._selected
        pull_frames = target.pull_frames if target else DEFAULT_PULL_FRAMES
        self.pull.set_value(pull_frames)
        self.pull_time.setText(self.tr("begins {0} s before").replace("{0}", f"{pull_frames * seconds_per_frame:.2f}"))
        chosen = selection or ((selected_id,) if selected_id else ())
        self.details.show_target(target, tuple(r.target for r in rows if r.target.id in chosen))
        with QSignalBlocker(self.ease), QSignalBlocker(self.tracker):
            self.ease.setCurrentIndex(EASES.index(target.ease) if target else 0)
            known = target is not None and target.tracker in self._trackers
            self.tracker.setCurrentIndex(self._trackers.index(target.tracker) if target and known else 0)

    def _fill_list(self, rows: tuple[TargetRow, ...], selected_id: str | None, selection: tuple[str, ...]) -> None:
        """Write the rows into the list, keeping its items so that focus and scroll stay where they are."""
        while self.list.count() > len(rows):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(rows):
            self.list.addItem(QListWidgetItem())
        for number, row in enumerate(rows):
            item = self.list.item(number)
            item.setText(f"{row.time_text}   {row.note}" if row.note else row.time_text)
            item.setData(Qt.ItemDataRole.UserRole, row.target.id)
            item.setForeground(theme.DARK.color("problem" if row.problem else "text"))
        chosen = next((n for n, row in enumerate(rows) if row.target.id == selected_id), -1)
        self.list.setCurrentRow(chosen, QItemSelectionModel.SelectionFlag.NoUpdate)
        for number, row in enumerate(rows):
            self.list.item(number).setSelected(number == chosen or row.target.id in selection)

    def _fit_list(self, count: int) -> None:
        """Make the list as high as its rows, up to six."""
        row = max(self.list.sizeHintForRow(0), 1) if count else 0
        self.list.setFixedHeight(min(max(count, 1), _MOST_ROWS) * row + 2 * self.list.frameWidth() + 2)

    @Slot()
    def _items_selected(self) -> None:
        chosen = tuple(item.data(Qt.ItemDataRole.UserRole) for item in self.list.selectedItems())
        here = self.list.currentItem()
        leading = here.data(Qt.ItemDataRole.UserRole) if here is not None else ""
        if chosen:
            self.selection_asked.emit(chosen, leading if leading in chosen else chosen[-1])

    @Slot(QListWidgetItem)
    def _item_activated(self, item: QListWidgetItem) -> None:
        self.target_activated.emit(item.data(Qt.ItemDataRole.UserRole))

    @Slot()
    def _go_clicked(self) -> None:
        if self._selected is not None:
            self.target_activated.emit(self._selected.id)

    @Slot()
    def _remove_clicked(self) -> None:
        if self._selected is not None:
            self.removal_requested.emit(self._selected.id)

    @Slot(float)
    def _pull_edited(self, value: float) -> None:
        self.pull_edited.emit(round(value))

    @Slot(int)
    def _ease_activated(self, number: int) -> None:
        self.ease_chosen.emit(EASES[number])

    @Slot(int)
    def _tracker_activated(self, number: int) -> None:
        self.tracker_chosen.emit(self._trackers[number])
