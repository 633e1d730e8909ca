"""The export queue as a panel: the jobs, how far each and all are, and what can be done with the chosen one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.export_texts import QueueRow
from rvr_laaf_app.ui.panels.export_queue_rows import ROW, JobList

_PER_MILLE: Final = 1000
_WIDTH_PX: Final = 280
_ROOM_FOR_DETAIL_PX: Final = 300
_DETAIL_PX: Final = 84  # at most: four lines, the rest is in the tool tip
# what can be done with a job -> in which of its states
_POSSIBLE: Final = {
    "pause": ("waiting", "running"),
    "resume": ("paused", "interrupted"),
    "retry": ("failed", "cancelled"),
    "cancel": ("waiting", "running", "paused", "interrupted"),
    "up": ("waiting", "paused", "interrupted", "failed", "cancelled"),
    "down": ("waiting", "paused", "interrupted", "failed", "cancelled"),
    "show": ("done",),
    "folder": ("waiting", "running", "paused", "interrupted", "done", "failed", "cancelled"),
    "remove": ("paused", "interrupted", "done", "failed", "cancelled"),
}


class ExportQueuePanel(QWidget):
    """Shows rows; says what the user wants done: `asked(what, job id)` with what of _POSSIBLE."""

    asked = Signal(str, str)
    moved = Signal(str, int)
    hold_toggled = Signal(bool)
    continue_requested = Signal()
    forget_requested = Signal()
    clear_requested = Signal()
    add_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_queue_panel")
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._rows: tuple[QueueRow, ...] = ()
        self._make_head()
        self._make_list()
        self._make_actions()
        self._arrange()
        self.show_rows(())
        self.show_whole("", None, held=False, busy=False)
        self.show_interrupted(0)

    # Building

    def _make_head(self) -> None:
        self.total = QLabel("", self)
        self.total.setObjectName("queue_total")
        self.total.setFont(theme.tabular_font())
        self.total.setWordWrap(True)  # the panel must not become wider, and the picture smaller, for a longer text
        self.bar = QProgressBar(self)
        self.bar.setObjectName("queue_bar")
        self.bar.setRange(0, _PER_MILLE)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("All exports together"))
        self.hold = QPushButton(self.tr("Pause All"), self)
        self.hold.setObjectName("queue_hold")
        self.hold.setCheckable(True)
        self.notice = QFrame(self)
        self.notice.setObjectName("queue_interrupted")
        self.notice.setProperty("role", "wait")
        self.go_on = QPushButton("", self.notice)
        self.go_on.setObjectName("queue_continue")
        self.forget = QToolButton(self.notice)
        self.forget.setObjectName("queue_forget")
        self.forget.setProperty("role", "flat")
        self.forget.setIcon(theme.icon("close", size_px=12))
        self.forget.setToolTip(self.tr("Remove the unfinished exports"))
        self.forget.setAccessibleName(self.forget.toolTip())

    def _make_list(self) -> None:
        self.list = JobList(self)
        self.empty = QLabel(self.tr("Nothing is being exported.\nCtrl+E adds the open clip."), self)
        self.empty.setObjectName("queue_empty")
        self.empty.setProperty("role", "quiet")
        self.empty.setWordWrap(True)
        self.add = QPushButton(self.tr("Export…"), self)
        self.add.setObjectName("queue_add")
        self.detail = QLabel("", self)
        self.detail.setObjectName("queue_detail")
        self.detail.setTextFormat(Qt.TextFormat.PlainText)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail.setWordWrap(True)
        self.detail.setMaximumHeight(_DETAIL_PX)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignTop)

    def _make_actions(self) -> None:
        texts = (
            ("pause", self.tr("Pause"), Qt.Key.Key_P),
            ("resume", self.tr("Resume"), Qt.Key.Key_P),
            ("retry", self.tr("Try Again"), Qt.Key.Key_R),
            ("cancel", self.tr("Cancel"), Qt.Key.Key_Backspace),
            ("show", self.tr("Show File"), Qt.Key.Key_Return),
            ("folder", self.tr("Open Folder"), Qt.Key.Key_O),
            ("up", self.tr("Move Up"), Qt.KeyboardModifier.AltModifier | Qt.Key.Key_Up),
            ("down", self.tr("Move Down"), Qt.KeyboardModifier.AltModifier | Qt.Key.Key_Down),
            ("remove", self.tr("Remove from List"), Qt.Key.Key_Delete),
        )
        self.actions_of: dict[str, QAction] = {}
        self.buttons: dict[str, QToolButton] = {}
        for name, text, key in texts:
            action = QAction(text, self.list)
            action.setObjectName(f"queue_{name}")
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setToolTip(f"{text}  {action.shortcut().toString()}")
            action.triggered.connect(self._act)
            self.list.addAction(action)
            self.actions_of[name] = action
        for name in ("pause", "resume", "retry", "cancel", "show"):
            button = QToolButton(self)
            button.setObjectName(f"queue_{name}_button")
            button.setDefaultAction(self.actions_of[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            self.buttons[name] = button
        self.more = QToolButton(self)
        self.more.setObjectName("queue_more")
        self.more.setText("\u22ef")
        self.more.setToolTip(self.tr("More for the chosen export"))
        self.more.setAccessibleName(self.tr("More for the chosen export"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        for name in ("folder", "up", "down", "remove"):
            self.menu.addAction(self.actions_of[name])
        self.menu.addSeparator()
        self.clear = self.menu.addAction(self.tr("Remove All Finished"))
        self.clear.setObjectName("queue_clear")
        self.more.setMenu(self.menu)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.total, 1)
        head.addWidget(self.hold)
        line = QHBoxLayout(self.notice)
        line.setContentsMargins(8, 4, 4, 4)
        line.setSpacing(4)
        line.addWidget(self.go_on, 1)
        line.addWidget(self.forget)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in self.buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addWidget(self.notice)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty)
        layout.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.detail)
        layout.addLayout(buttons)
        self._bottom = layout.count()
        layout.addStretch(0)
        self.list.currentRowChanged.connect(self._show_chosen)
        self.list.itemActivated.connect(self._activated)
        self.list.moved.connect(self.moved)
        self.list.customContextMenuRequested.connect(self._context_menu)
        self.hold.toggled.connect(self.hold_toggled)
        self.go_on.clicked.connect(self.continue_requested)
        self.forget.clicked.connect(self.forget_requested)
        self.clear.triggered.connect(self.clear_requested)
        self.add.clicked.connect(self.add_requested)

    # What is shown

    def sizeHint(self) -> QSize:
        """Room for a few jobs with what is said of them, until the user drags the dock to another size."""
        return QSize(_WIDTH_PX, _ROOM_FOR_DETAIL_PX + 24)

    @property
    def rows(self) -> tuple[QueueRow, ...]:
        """What is listed."""
        return self._rows

    @property
    def chosen(self) -> QueueRow | None:
        """The chosen line."""
        number = self.list.currentRow()
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def show_rows(self, rows: tuple[QueueRow, ...]) -> None:
        """List the rows; the chosen job stays chosen."""
        before = self.chosen
        same = [r.id for r in rows] == [r.id for r in self._rows]
        self._rows = rows
        if same:
            self.list.change_rows(rows)
        else:
            with QSignalBlocker(self.list):
                self.list.set_rows(rows)
                kept = next((n for n, r in enumerate(rows) if before is not None and r.id == before.id), -1)
                self.list.setCurrentRow(kept if kept >= 0 else (0 if rows else -1))
        filled: tuple[QWidget, ...] = (self.list, self.detail, self.more)
        for part in (*filled, self.empty, self.add):
            part.setVisible(bool(rows) == (part in filled))
        self._show_detail()
        layout = self.layout()
        if isinstance(layout, QVBoxLayout):
            layout.setStretch(self._bottom, 0 if rows else 1)
        self.clear.setEnabled(any(r.state in ("done", "failed", "cancelled") for r in rows))
        self._show_chosen()

    def show_whole(self, text: str, fraction: float | None, *, held: bool, busy: bool) -> None:
        """Show how far all are; busy: there is something to pause."""
        # Broken between its parts only, never between a number and its unit.
        self.total.setText("  ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in text.split("  ")))
        self.total.setVisible(bool(text) or held or busy)
        self.bar.setVisible(fraction is not None)
        if fraction is not None:
            self.bar.setValue(round(fraction * _PER_MILLE))
        with QSignalBlocker(self.hold):
            self.hold.setChecked(held)
        self.hold.setText(self.tr("Go On") if held else self.tr("Pause All"))
        self.hold.setVisible(held or busy)

    def show_interrupted(self, count: int) -> None:
        """Offer to continue what an end of the program interrupted."""
        text = self.tr("Continue {0} unfinished").replace("{0}", str(count))
        whole = self.tr("Exports that were not finished when the program ended. They use the project as it was then.")
        self.go_on.setText(text)
        self.go_on.setToolTip(whole)
        self.go_on.setAccessibleDescription(whole)
        self.notice.setVisible(count > 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the details to the tool tip where there is no room for them."""
        super().resizeEvent(event)
        self._show_detail()

    def _show_detail(self) -> None:
        self.detail.setVisible(bool(self._rows) and self.height() >= _ROOM_FOR_DETAIL_PX)

    @Slot()
    def _show_chosen(self) -> None:
        row = self.chosen
        for name, action in self.actions_of.items():
            action.setEnabled(row is not None and row.state in _POSSIBLE[name])
        wanted = {name for name in self.buttons if row is not None and row.state in _POSSIBLE[name]}
        # First those that go: with both sets shown for a moment the dock would become wider, and stay so.
        for name in sorted(self.buttons, key=lambda name: name in wanted):
            self.buttons[name].setVisible(name in wanted)
        text = "" if row is None else row.detail
        if self.detail.text() != text:
            self.detail.setText(text)
            self.detail.setToolTip(text)
        role = "problem" if row is not None and row.problem else "quiet"
        if self.detail.property("role") != role:
            self.detail.setProperty("role", role)
            self.detail.style().polish(self.detail)

    # What the user does

    @Slot()
    def _act(self) -> None:
        action, row = self.sender(), self.chosen
        if isinstance(action, QAction) and row is not None:
            self._ask(action.objectName().removeprefix("queue_"), row)

    def _ask(self, what: str, row: QueueRow) -> None:
        if what in ("up", "down"):
            self.moved.emit(row.id, max(self.list.currentRow() + (1 if what == "down" else -1), 0))
        else:
            self.asked.emit(what, row.id)

    @Slot(QListWidgetItem)
    def _activated(self, item: QListWidgetItem) -> None:
        row = item.data(ROW)
        if row.state in _POSSIBLE["show"]:
            self.asked.emit("show", row.id)

    @Slot(QPoint)
    def _context_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self.actions_of.values():
            if action.isEnabled():
                menu.addAction(action)
        menu.popup(self.list.viewport().mapToGlobal(at))
