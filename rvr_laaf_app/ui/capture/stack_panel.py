"""The bracket: from where to where, how closely, how many frames; its capture; and what becomes of the pictures."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from rvr_laaf_app.pipeline.capture_plan import USUAL_OVERLAP
from rvr_laaf_app.ui.capture import parts
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale

WAYS = ("bracket", "needed")


@dataclass(frozen=True, slots=True)
class BracketWish:
    """What the user asks for: the ends, the depth of field in steps, the overlap 0..1, and which way."""

    near: int
    far: int
    span: int
    overlap: float
    way: str


@dataclass(frozen=True, slots=True)
class StackProgress:
    """How far a capture is. share_sharp: of the picture that is sharp in one of them, None = not known.

    waiting: for what it waits, "" = it goes on.
    """

    running: bool = False
    done: int = 0
    total: int | None = None
    text: str = ""
    share_sharp: float | None = None
    waiting: str = ""
    developing: bool = False


class StackPanel(QWidget):
    """Shows a plan and a progress; says what is wanted."""

    plan_edited = Signal()
    end_from_lens = Signal(str)  # "near" or "far"
    capture_wanted = Signal()
    stop_wanted = Signal()
    folder_wanted = Signal()
    editor_wanted = Signal()
    compare_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stack_panel")
        self._running = self._can = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(parts.label(self, "bracket_heading", self.tr("BRACKET"), "heading"))
        column.addLayout(self._ends())
        self.overlap = SliderRow(
            "bracket_overlap", self.tr("Overlap"), SliderScale(0, 80, step=5), suffix=" %",
            hint=self.tr("How much of each depth of field the next one covers again"), parent=self,
        )  # fmt: skip
        self.overlap.set_value(100 * USUAL_OVERLAP)
        self.overlap.value_edited.connect(self.plan_edited)
        column.addWidget(self.overlap)
        self.plan = parts.label(self, "bracket_plan", "", "strong", wrap=True)
        column.addWidget(self.plan)
        column.addLayout(self._way_and_folder())
        self.capture = parts.button(self, "capture_stack", self.tr("Capture"), role="primary")
        self.capture.clicked.connect(self._capture)
        column.addWidget(self.capture)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("stack_bar")
        self.bar.setAccessibleName(self.tr("Progress of the capture"))
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        self.state = parts.label(self, "stack_state", "", "", wrap=True)
        column.addWidget(self.state)
        self.waits = parts.label(self, "stack_waits", "", "problem", wrap=True)
        column.addWidget(self.waits)
        column.addWidget(self._results())
        self.show_progress(StackProgress(), can=False)
        self.show_result("")

    def _ends(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        self.ends, self.takes = {}, {}
        texts = {"near": self.tr("Nearest"), "far": self.tr("Farthest")}
        for row, (name, text) in enumerate(texts.items()):
            box = self.ends[name] = parts.number(self, f"bracket_{name}", text, low=-parts.WIDE, high=parts.WIDE)
            box.valueChanged.connect(self.plan_edited)
            take = self.takes[name] = parts.button(
                self, f"take_{name}", self.tr("From lens"), self.tr("Take where the lens stands now")
            )
            take.clicked.connect(lambda _=False, name=name: self.end_from_lens.emit(name))
            title = QLabel(text, self)
            title.setBuddy(box)
            for place, widget in enumerate((title, box, take)):
                grid.addWidget(widget, row, place)
        self.span = parts.number(self, "bracket_span", self.tr("Sharp at once"), low=1, high=100_000)
        self.span.setSuffix(self.tr(" steps"))
        self.span.setValue(20)
        self.span.valueChanged.connect(self.plan_edited)
        title = QLabel(self.tr("Sharp at once"), self)
        title.setBuddy(self.span)
        self.span_source = parts.label(self, "span_source", "", "quiet")
        for place, widget in enumerate((title, self.span, self.span_source)):
            grid.addWidget(widget, 2, place)
        grid.setColumnStretch(0, 1)
        return grid

    def _way_and_folder(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        ways = (("bracket", self.tr("Every step of the bracket")), ("needed", self.tr("Only what is not sharp yet")))
        self.way = parts.choice(self, "stack_way", self.tr("Which frames are captured"), ways)
        self.way.currentIndexChanged.connect(self.plan_edited)
        self.folder = parts.button(self, "stack_folder", "", self.tr("Choose where sweeps are kept"), role="link")
        self.folder.clicked.connect(self.folder_wanted)
        self.folder.setMinimumWidth(60)
        for row, (title, widget) in enumerate(((self.tr("Frames"), self.way), (self.tr("Into"), self.folder))):
            name = QLabel(title, self)
            name.setBuddy(widget)
            grid.addWidget(name, row, 0)
            grid.addWidget(widget, row, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _results(self) -> QWidget:
        self.results = QWidget(self)
        column = QVBoxLayout(self.results)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(parts.rule(self.results))
        column.addWidget(parts.label(self.results, "result_heading", self.tr("RESULT"), "heading"))
        self.result = parts.label(self.results, "result_text", "", "", wrap=True)
        column.addWidget(self.result)
        self.to_editor = parts.button(
            self.results, "to_editor", self.tr("Open in Editor"),
            self.tr("The picture that is sharp everywhere, with its measured depth, ready to be refocused"),
            role="primary",
        )  # fmt: skip
        self.to_editor.clicked.connect(self.editor_wanted)
        self.compare = parts.button(self.results, "compare", self.tr("Compare Slices"))
        self.compare.clicked.connect(self.compare_wanted)
        column.addLayout(parts.line(self.to_editor, self.compare))
        return self.results

    # What is shown

    def wish(self) -> BracketWish:
        """Return what is asked for."""
        return BracketWish(
            self.ends["near"].value(),
            self.ends["far"].value(),
            self.span.value(),
            self.overlap.value / 100.0,
            self.way.currentData(),
        )

    def set_ends(self, near: int | None, far: int | None) -> None:
        """Show these ends; None leaves one as it is. Tells nobody."""
        for name, value in (("near", near), ("far", far)):
            if value is not None:
                with QSignalBlocker(self.ends[name]):
                    self.ends[name].setValue(value)

    def set_span(self, steps: int, source: str) -> None:
        """Show how much is sharp at once, and who says so. Tells nobody."""
        with QSignalBlocker(self.span):
            self.span.setValue(steps)
        self.span_source.setText(source)

    def show_plan(self, text: str, *, problem: bool) -> None:
        """Show what the plan comes to."""
        self.plan.setText(text)
        parts.set_role(self.plan, "problem" if problem else "strong")

    def show_folder(self, text: str, path: str) -> None:
        """Show where sweeps are kept."""
        self.folder.setText(text)
        self.folder.setToolTip(path)
        self.folder.setAccessibleName(self.tr("Sweeps are kept in {0}").replace("{0}", path))

    def show_progress(self, progress: StackProgress, *, can: bool) -> None:
        """Show how far the capture is; can: it could be begun."""
        self._running = progress.running
        self.capture.setText(self.tr("Stop") if progress.running else self.tr("Capture"))
        parts.set_role(self.capture, "" if progress.running else "primary")
        self.capture.setEnabled(can or progress.running)
        for control in (*self.ends.values(), *self.takes.values(), self.span, self.overlap, self.way, self.folder):
            control.setEnabled(not progress.running)
        self.bar.setVisible(progress.running)
        self.bar.setRange(0, progress.total or 0)
        self.bar.setValue(progress.done)
        sharp = "" if progress.share_sharp is None else self.tr("{0} of the picture is sharp in one of them.")
        sharp = sharp.replace("{0}", "" if progress.share_sharp is None else f"{progress.share_sharp:.0%}")
        self.state.setText("\n".join(t for t in (progress.text, sharp) if t))
        self.state.setVisible(bool(self.state.text()))
        self.waits.setText(progress.waiting)
        self.waits.setVisible(bool(progress.waiting))

    def show_result(self, text: str, *, ready: bool = False) -> None:
        """Show what there is of the last capture; ready: it can be opened and compared. Empty: there is none."""
        self.results.setVisible(bool(text))
        self.result.setText(text)
        self.to_editor.setEnabled(ready)
        self.compare.setEnabled(ready)

    @Slot()
    def _capture(self) -> None:
        if self._running:
            self.stop_wanted.emit()
        else:
            self.capture_wanted.emit()
