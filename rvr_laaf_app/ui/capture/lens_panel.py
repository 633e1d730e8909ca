"""Driving the lens by hand: small and large steps either way, marks A and B, and a timed rack between them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QVBoxLayout, QWidget

from rvr_laaf_app.ui.capture import parts

_NUDGES = (("large", 8.0), ("medium", 1.0), ("small", 0.0))  # of what looks sharp; 0: one step


class CaptureLensPanel(QWidget):
    """Says where the lens is wanted; shows where it is."""

    position_wanted = Signal(int)
    nudged = Signal(int)
    mark_set = Signal(str)  # "a" or "b"
    mark_wanted = Signal(str)
    rack_wanted = Signal(str, float)  # to "a" or "b", seconds
    stop_wanted = Signal()
    limits_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("capture_lens")
        self._span = 0.0
        self._marks: dict[str, int | None] = {"a": None, "b": None}
        self._movable = self._racking = False
        self._free = True
        self._finding = False
        self._rack_to = "b"
        self._kind = "none"
        self._ends_known = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.heading = parts.label(self, "capture_lens_heading", self.tr("LENS"), "heading")
        column.addWidget(self.heading)
        column.addLayout(self._drive_line())
        self.note = parts.label(self, "capture_lens_note", "", "quiet", wrap=True)
        column.addWidget(self.note)
        tip = self.tr("Drive the lens to both ends, so that its whole way is known")
        self.find_ends = parts.button(self, "find_limits", self.tr("Find the Ends"), tip)
        self.find_ends.clicked.connect(self._find_ends)
        column.addWidget(self.find_ends)
        column.addLayout(self._marks_grid())
        self._show()

    def _drive_line(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        self.nudges: list[tuple[QWidget, int, float]] = []
        tips = {
            "large": self.tr("Far towards {0}"),
            "medium": self.tr("One depth of field towards {0}"),
            "small": self.tr("One step towards {0}"),
        }
        signs = {"large": ("«", "»"), "medium": ("‹", "›"), "small": ("−", "+")}
        ways = (self.tr("near"), self.tr("far"))
        self.position = parts.number(self, "lens_position", self.tr("Lens position"), low=-parts.WIDE, high=parts.WIDE)
        self.position.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.position.valueChanged.connect(self.position_wanted)
        for place, (kind, factor) in enumerate(_NUDGES):
            for way, side in ((-1, 0), (1, 1)):
                tip = tips[kind].replace("{0}", ways[side])
                made = parts.tool(self, f"nudge_{ways[side]}_{kind}", signs[kind][side], tip)
                made.setAutoRepeat(True)
                made.setMinimumSize(30, 26)
                made.clicked.connect(lambda _=False, way=way, factor=factor: self._nudge(way, factor))
                grid.addWidget(made, 0, place if way < 0 else 6 - place)
                self.nudges.append((made, way, factor))
        grid.addWidget(self.position, 0, 3)
        grid.setColumnStretch(3, 1)
        return grid

    def _marks_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        self.sets, self.gos, self.places = {}, {}, {}
        for row, name in enumerate(("a", "b")):
            letter = name.upper()
            set_tip = self.tr("Put mark {0} where the lens stands").replace("{0}", letter)
            go_tip = self.tr("Drive to mark {0}").replace("{0}", letter)
            made = self.sets[name] = parts.button(
                self, f"set_{name}", self.tr("Set {0}").replace("{0}", letter), set_tip
            )
            made.clicked.connect(lambda _=False, name=name: self.mark_set.emit(name))
            self.places[name] = parts.label(self, f"place_{name}", "", "quiet")
            go = self.gos[name] = parts.button(self, f"go_{name}", self.tr("Go to {0}").replace("{0}", letter), go_tip)
            go.clicked.connect(lambda _=False, name=name: self.mark_wanted.emit(name))
            grid.addWidget(made, row, 0)
            grid.addWidget(self.places[name], row, 1)
            grid.addWidget(go, row, 2)
        self.seconds = QDoubleSpinBox(self)
        self.seconds.setObjectName("rack_seconds")
        self.seconds.setAccessibleName(self.tr("Seconds that the rack takes"))
        self.seconds.setToolTip(self.tr("How long the rack takes"))
        self.seconds.setRange(0.2, 60.0)
        self.seconds.setDecimals(1)
        self.seconds.setSingleStep(0.5)
        self.seconds.setValue(2.0)
        self.seconds.setSuffix(self.tr(" s"))
        self.seconds.setFixedWidth(72)
        self.seconds.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.rack = parts.button(self, "rack", self.tr("Rack to B"), self.tr("Pull focus evenly between the marks"))
        self.rack.clicked.connect(self._rack)
        grid.addWidget(parts.label(self, "rack_label", self.tr("Rack in")), 2, 0)
        grid.addWidget(self.seconds, 2, 1)
        grid.addWidget(self.rack, 2, 2)
        grid.setColumnStretch(1, 1)
        return grid

    # What is shown

    def show_lens(self, kind: str, position: int | None, limits: tuple[int, int] | None, *, span: float) -> None:
        """Show where the lens is. kind: "absolute", "relative" or "none", as a FocusDrive has it."""
        self._kind, self._span, self._movable = kind, span, kind != "none"
        self._ends_known = limits is not None
        with QSignalBlocker(self.position):
            if limits is not None:
                self.position.setRange(*limits)
            else:
                self.position.setRange(-parts.WIDE, parts.WIDE)
            if position is not None and not self.position.hasFocus():
                self.position.setValue(position)
        self._show()

    def show_marks(self, mark_a: int | None, mark_b: int | None, position: int | None) -> None:
        """Show the marks; the rack goes to the one that is farther away."""
        self._marks = {"a": mark_a, "b": mark_b}
        if mark_a is not None and mark_b is not None and position is not None:
            self._rack_to = "a" if abs(position - mark_b) < abs(position - mark_a) else "b"
        self._show()

    def show_racking(self, racking: bool) -> None:
        """Turn the button of the rack into one that stops it."""
        self._racking = racking
        self._show()

    def show_finding(self, finding: bool) -> None:
        """Turn the button that finds the ends into one that stops it."""
        self._finding = finding
        self._show()

    def set_free(self, free: bool) -> None:
        """Let the lens be driven, or not while something else drives it."""
        self._free = free
        self._show()

    def _show(self) -> None:
        can = self._movable and self._free
        notes = {
            "none": self.tr("This lens is focused by hand: turn its ring, the ruler cannot follow."),
            "relative": self.tr("This lens counts steps only; zero is where it stood when the camera was opened."),
        }
        finding = self.tr("The lens runs to both ends. One that does not tell its ends may need some minutes.")
        note = finding if self._finding else notes.get(self._kind, "")
        if self._kind == "relative" and self._ends_known:
            note = self.tr("This lens counts steps; they are counted from its near end.")
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.find_ends.setText(self.tr("Stop") if self._finding else self.tr("Find the Ends"))
        parts.set_role(self.find_ends, "primary" if can else "")
        self.find_ends.setVisible(self._finding or (self._movable and not self._ends_known))
        self.find_ends.setEnabled(can or self._finding)
        for control, _, _ in self.nudges:
            control.setEnabled(can)
        self.position.setEnabled(can)
        for name, place in self._marks.items():
            self.places[name].setText("" if place is None else str(place))
            self.sets[name].setEnabled(self._movable)
            self.gos[name].setEnabled(can and place is not None)
        both = None not in self._marks.values()
        onward = self.tr("Rack to {0}").replace("{0}", self._rack_to.upper())
        self.rack.setText(self.tr("Stop") if self._racking else onward)
        self.rack.setEnabled(self._racking or (can and both))

    def _nudge(self, way: int, factor: float) -> None:
        """Ask for a move by a part of what looks sharp; where that is not known, by 1, 10 or 80 steps."""
        steps = round(factor * (self._span or 10.0)) if factor else 1
        self.nudged.emit(way * max(steps, 1))

    @Slot()
    def _find_ends(self) -> None:
        if self._finding:
            self.stop_wanted.emit()
        else:
            self.limits_wanted.emit()

    @Slot()
    def _rack(self) -> None:
        if self._racking:
            self.stop_wanted.emit()
        else:
            self.rack_wanted.emit(self._rack_to, self.seconds.value())
