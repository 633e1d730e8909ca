"""Between the camera and what shows its lens: ruler, drive buttons, marks, rack, autofocus with its trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.capture.autofocus_panel import MethodChoice
from rvr_laaf_app.ui.capture.ruler_state import RulerState, RulerStep

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState, SweepEvent, TaskEnd
    from rvr_laaf_app.camera.defocus import DefocusModel
    from rvr_laaf_app.pipeline.capture_focus import FocusLook, FocusResult
    from rvr_laaf_app.pipeline.capture_keep import FocusKeeper
    from rvr_laaf_app.pipeline.capture_region import RegionFollower
    from rvr_laaf_app.ui.capture.live_look import LiveLook
    from rvr_laaf_app.ui.capture.window import CaptureWindow

FOCUS: Final = "autofocus"
RACK: Final = "rack"
LIMITS: Final = "limits"


@dataclass(slots=True)
class _Run:
    """One autofocus run: its looks, its answer."""

    looks: list[FocusLook]
    result: FocusResult | None = None
    error: str = ""
    stopped: bool = False

    @property
    def notes(self) -> dict[int, str]:
        """What the method said of each look, by the look's place."""
        before = sum(look.scanning for look in self.looks)
        return {} if self.result is None else {before + n: s.note for n, s in enumerate(self.result.steps)}


class LensControl(QObject):
    """Holds marks and the last run; everything else is the camera's."""

    changed = Signal()  # marks, run or position: actions may be possible now

    def __init__(self, window: CaptureWindow, capture: Capture, region: RegionFollower) -> None:
        super().__init__(window)
        self._window, self._capture, self._region = window, capture, region
        self._state: CaptureState | None = None
        self._marks: dict[str, int | None] = {"a": None, "b": None}
        self._run: _Run | None = None
        self._curve: tuple[tuple[int, float], ...] = ()
        self._swept: tuple[tuple[int, float], ...] = ()
        self._span = 0.0
        self._bracket = RulerState()
        self._method = ""
        self._keeping = False
        self._width_px = 0
        self.forget_curve: Callable[[], None] = lambda: None
        self.model: Callable[[], DefocusModel | None] = lambda: None
        self.keep_with: Callable[[FocusKeeper | None], None] = lambda _keeper: None
        self._connect()

    def _connect(self) -> None:
        ruler, lens, focus = self._window.ruler, self._window.lens, self._window.autofocus
        ruler.position_wanted.connect(self._capture.drive_to)
        ruler.nudged.connect(self._capture.drive_by)
        ruler.mark_moved.connect(self._move_mark)
        lens.position_wanted.connect(self._capture.drive_to)
        lens.nudged.connect(self.nudge)
        lens.mark_set.connect(self.set_mark)
        lens.mark_wanted.connect(self.go_to_mark)
        lens.rack_wanted.connect(self._rack_in)
        lens.stop_wanted.connect(self._capture.stop)
        focus.focus_wanted.connect(self.focus)
        focus.stop_wanted.connect(self._capture.stop)
        focus.keep_toggled.connect(self.keep)
        focus.method_chosen.connect(self._choose_method)
        focus.region_chosen.connect(self._choose_region)
        self._window.picture.point_chosen.connect(self._point)
        self._window.picture.box_chosen.connect(self._box)

    def begin(self) -> None:
        """Fill the list of methods; called once, when the window is on the screen."""
        from rvr_laaf_app.pipeline.capture_focus import focus_methods

        methods = focus_methods()
        titles = {
            "learned": self.tr("Learned"), "algorithm1": self.tr("Learned, as published"),
            "fibonacci": self.tr("Fibonacci search"), "rule_based": self.tr("Rule-based search"),
            "hill_climbing": self.tr("Hill climbing"), "curve_fit": self.tr("Curve fit"),
        }  # fmt: skip
        choices = [MethodChoice(m.name, titles.get(m.name, m.title), m.reason) for m in methods]
        self._method = next((c.name for c in choices if not c.reason), "")
        self._window.autofocus.show_methods(choices, self._method)

    # What the user wants

    @property
    def marks(self) -> tuple[int | None, int | None]:
        """Marks A and B."""
        return self._marks["a"], self._marks["b"]

    @property
    def position(self) -> int | None:
        """Where the lens stands."""
        return None if self._state is None else self._state.position

    @Slot(int)
    def nudge(self, steps: int) -> None:
        """Drive by steps; positive is what the screen shows on the right, towards far."""
        state = self._state
        if state is not None:
            self._capture.drive_by(steps if state.drive is None or state.drive.near_is_low else -steps)

    def step(self, way: int) -> None:
        """Drive by one depth of field."""
        self.nudge(way * max(round(self._span), 1) if self._span else way * 10)

    @Slot(str)
    def set_mark(self, name: str) -> None:
        """Put a mark where the lens stands."""
        if self.position is None:
            raise UsageError("this lens does not say where it is", remedy="Marks need a lens that does.")
        self._marks[name] = self.position
        self._show()

    @Slot(str)
    def go_to_mark(self, name: str) -> None:
        """Drive to a mark."""
        place = self._marks[name]
        if place is None:
            raise UsageError(f"mark {name.upper()} is not set", remedy="Set it where the lens stands.")
        self._capture.drive_to(place)

    def rack(self) -> None:
        """Pull focus to the mark that is farther away."""
        self._window.lens.rack.click()

    @Slot(str, float)
    def _rack_in(self, to: str, seconds: float) -> None:
        place = self._marks[to]
        if place is not None:
            self._capture.rack(place, seconds)

    @Slot(str, int)
    def _move_mark(self, name: str, position: int) -> None:
        self._marks[name] = position
        self._show()

    @Slot()
    def focus(self) -> None:
        """Focus once on the region."""
        self._run = _Run([])
        span = max(round(self._span), 1)
        self._capture.autofocus(
            self._method,
            lambda _frame: self._region.box,
            depth_of_field=span,
            model=self.model(),
            width_px=self._width_px or None,
            nearest=(lambda box: self._region.choose("nearest", box)) if self._region.kind == "nearest" else None,
        )

    @Slot(bool)
    def keep(self, on: bool) -> None:
        """Focus again whenever the region leaves the plane, until switched off."""
        self._keeping = False
        keeper: FocusKeeper | None = None
        if on and self._state is not None and self._state.limits is not None:
            from rvr_laaf_app.pipeline.capture_keep import FocusKeeper

            start = self.position if self.position is not None else self._state.limits[0]
            keeper = FocusKeeper(
                self._state.limits,
                start=start,
                depth_of_field=max(round(self._span), 1),
                model=self.model(),
                width_px=self._width_px or None,
            )
            self._keeping = True
        self.keep_with(keeper)
        self.show_state(self._state)

    @property
    def keeping(self) -> bool:
        """Whether focus is kept."""
        return self._keeping

    @Slot(str)
    def _choose_method(self, name: str) -> None:
        self._method = name

    @Slot(str)
    def _choose_region(self, kind: str) -> None:
        self._region.choose(kind)  # type: ignore[arg-type]
        self._region_changed()

    @Slot(object)
    def _point(self, point: Point) -> None:
        image = self._window.picture.image
        self._region.point(point, image.width() / max(image.height(), 1))
        self._region_changed()

    @Slot(object)
    def _box(self, box: Box) -> None:
        self._region.choose("follow" if self._region.kind == "follow" else "box", box)
        self._region_changed()

    def _region_changed(self) -> None:
        """Show the region, begin its curve anew, and focus on it where focus is kept."""
        self._window.autofocus.show_region(self._region.kind)
        self.forget_curve()
        self._run, self._swept = None, ()
        self._show()
        if self._keeping:
            self.keep(True)  # of the new region nothing is known yet

    # What happened

    def show_state(self, state: CaptureState | None) -> None:
        """Show where the lens is and what may be done with it."""
        self._state = state
        drive = state.drive if state is not None else None
        kind = drive.kind if drive is not None else "none"
        free = self._free()
        self._window.lens.show_lens(kind, self.position, state.limits if state else None, span=self._span)
        self._window.lens.show_racking(state is not None and state.task == RACK)
        self._window.lens.show_finding(state is not None and state.task == LIMITS)
        self._window.lens.set_free(free)
        running = state is not None and state.task == FOCUS
        can = free and state is not None and state.reaches and bool(self._method)
        self._window.autofocus.show_running(running, can=can, keeping=self._keeping)
        self._show()

    def _free(self) -> bool:
        return self._state is not None and self._state.phase == "live" and not self._state.task

    def show_span(self, steps: float) -> None:
        """Take how many steps look sharp at once where the lens stands."""
        if steps != self._span:
            self._span = steps
            self._show()

    def show_bracket(self, bracket: RulerState) -> None:
        """Take the bracket's part of the ruler."""
        self._bracket = bracket
        self._show()

    def captured(self, event: SweepEvent) -> None:
        """Take the curve of a sweep: it stays until live pictures have drawn a better one."""
        self._curve = self._swept = event.curve
        self._show()

    def show_look(self, look: LiveLook) -> None:
        """Take the curve of a live picture."""
        self._width_px = look.width_px
        if len(look.curve) > len(self._swept):
            self._swept = ()
        self._curve = self._swept or look.curve
        self._show()

    def happened(self, look: FocusLook) -> None:
        """Take a look of the run under way."""
        if self._run is not None:
            self._run.looks.append(look)
            self._show_trace()

    def ended(self, end: TaskEnd) -> None:
        """Take the end of a run."""
        if end.name == FOCUS and self._run is not None:
            self._run.result = end.result
            self._run.error = str(end.error) if end.error is not None else ""
            self._run.stopped = end.cancelled
            self._show_trace()
        self._show()

    def _show_trace(self) -> None:
        run = self._run
        rows: list[str] = []
        answer, good = "", None
        if run is not None:
            notes = run.notes
            for place, look in enumerate(run.looks):
                note = self.tr("looking for the nearest subject") if look.scanning else notes.get(place, "")
                rows.append(f"{look.number}   {look.position}   {note}".rstrip())
            answer, good = self._answer(run)
        self._window.autofocus.show_trace(rows, answer, good=good)
        self._show()

    def _answer(self, run: _Run) -> tuple[str, bool | None]:
        if run.error:
            return run.error, False
        if run.stopped:
            return self.tr("Stopped."), None
        if run.result is None:
            return self.tr("Looking…"), None
        result = run.result
        if not result.found:
            return result.reason or self.tr("Nothing to focus on was found here."), False
        looks = len(run.looks)
        text = self.tr("Sharp at {0} after one look.") if looks == 1 else self.tr("Sharp at {0} after {1} looks.")
        return text.replace("{0}", str(result.position)).replace("{1}", str(looks)), True

    def _show(self) -> None:
        state, run = self._state, self._run
        steps: tuple[RulerStep, ...] = ()
        found = None
        if run is not None:
            top = max((look.sharpness for look in run.looks if not look.scanning), default=0.0) or 1.0
            steps = tuple(
                RulerStep(look.position, None if look.scanning else look.sharpness / top, run.notes.get(n, ""))
                for n, look in enumerate(run.looks)
            )
            found = run.result.position if run.result is not None and run.result.found else None
        drive = state.drive if state is not None else None
        self._window.ruler.show_state(
            replace(
                self._bracket,
                limits=state.limits if state is not None else None,
                position=self.position,
                sharp_span=self._span,
                mark_a=self._marks["a"],
                mark_b=self._marks["b"],
                curve=self._curve,
                steps=steps,
                found=found,
                movable=state is not None and state.reaches and self._free(),
                near_is_low=drive is None or drive.near_is_low,
            )
        )
        self._window.lens.show_marks(*self.marks, self.position)
        self.changed.emit()

    def reset(self) -> None:
        """Forget what belonged to another camera."""
        self._marks = {"a": None, "b": None}
        self._run, self._curve, self._swept, self._keeping, self._span = None, (), (), False, 0.0
        self.keep_with(None)
        self._show_trace()
