"""Between the camera and its stacks: the plan, the capture, the strip of slices, developing, comparing, the editor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.app.capture_places import new_sweep_folder, usual_sweeps_folder
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus, Scheduler, Task
from rvr_laaf_app.ui.capture.ruler_state import RulerState
from rvr_laaf_app.ui.capture.slice_pictures import Sheet, SlicePictures
from rvr_laaf_app.ui.capture.stack_panel import StackProgress
from rvr_laaf_app.ui.capture.stack_shot import Shot
from rvr_laaf_app.ui.capture.stack_texts import developing, frames_text, plan_text, result_text, under_way

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState, SweepEvent, TaskEnd
    from rvr_laaf_app.camera.defocus import DefocusModel
    from rvr_laaf_app.core.geometry import Box
    from rvr_laaf_app.pipeline.capture_develop import Developed
    from rvr_laaf_app.pipeline.capture_plan import Bracket
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.capture.window import CaptureWindow

SWEEP: Final = "sweep"
_USUAL_SPAN: Final = 20


class StackControl(QObject):
    """Holds the plan and the stack that is shown."""

    changed = Signal()
    developed = Signal(object)  # Developed, the moment it is there
    failed = Signal(object)  # Exception
    editor_wanted = Signal(object)  # Developed
    root_changed = Signal()

    def __init__(self, window: CaptureWindow, capture: Capture, bridge: GuiBridge) -> None:
        super().__init__(window)
        self._window, self._capture = window, capture
        self._state: CaptureState | None = None
        self._shot: Shot | None = None
        self._root: Path | None = None
        self._share: float | None = None
        self._to_editor = False
        self._touched = False  # the user has set the ends
        self._scheduler = Scheduler(lambda status: bridge.post(lambda: self._told(status)))
        self._work: Task[Developed] | None = None
        self.pictures = SlicePictures(bridge, self._sheet_came)
        self.choose_folder: Callable[[str], str | None] = lambda _start: None
        self.show_bracket: Callable[[RulerState], None] = lambda _bracket: None
        self.region: Callable[[], Box | None] = lambda: None
        self.model: Callable[[], DefocusModel | None] = lambda: None
        self._connect()

    def _connect(self) -> None:
        panel, result = self._window.stack, self._window.result
        panel.plan_edited.connect(self._plan_edited)
        panel.end_from_lens.connect(self._take_end)
        panel.capture_wanted.connect(self._capture_clicked)
        panel.stop_wanted.connect(self._stop)
        panel.folder_wanted.connect(self._ask_folder)
        panel.editor_wanted.connect(self.to_editor)
        panel.compare_wanted.connect(self.compare)
        self._window.strip.slice_chosen.connect(self._slice_chosen)
        self._window.tab_chosen.connect(self._tab_chosen)
        result.view_chosen.connect(self._view_chosen)
        result.stroke_drawn.connect(self.pictures.retouch)
        result.undo_wanted.connect(self.pictures.take_back)

    @property
    def root(self) -> Path:
        """The folder that holds the folders of sweeps."""
        return self._root or usual_sweeps_folder()

    def set_root(self, root: Path | None) -> None:
        """Keep sweeps there; None: where they usually are."""
        self._root = root
        self._window.stack.show_folder(f"…/{self.root.name}", str(self.root))
        self.root_changed.emit()

    @property
    def made(self) -> Developed | None:
        """The developed stack that is shown."""
        return self._shot.made if self._shot is not None else None

    @property
    def developing(self) -> bool:
        """Whether a stack is being developed."""
        return self._work is not None and not self._work.finished

    # The plan

    def plan(self) -> Bracket:
        """Return what the panel asks for; raise UsageError if that makes no sense."""
        from rvr_laaf_app.pipeline.capture_plan import plan_bracket

        wish, state = self._window.stack.wish(), self._state
        if state is not None and state.limits is not None:
            low, high = state.limits
            if not (low <= wish.near <= high and low <= wish.far <= high):
                raise UsageError(f"the lens goes from {low} to {high} only")
        elif state is not None and state.drive is not None and state.drive.kind == "relative":
            raise UsageError("the ends of this lens are not known", remedy="Let them be found, on the tab Focus.")
        if wish.way == "needed" and self.model() is None:
            raise UsageError("the lens is not calibrated", remedy="Calibrate it first, or capture every step.")
        return plan_bracket(wish.near, wish.far, depth_of_field=wish.span, overlap=wish.overlap)

    @Slot()
    def _plan_edited(self) -> None:
        self._touched = True
        self._show()

    @Slot(str)
    def _take_end(self, name: str) -> None:
        position = self._state.position if self._state is not None else None
        if position is not None:
            self._touched = True
            self._window.stack.set_ends(*((position, None) if name == "near" else (None, position)))
            self._show()

    def show_span(self, steps: int, source: str) -> None:
        """Take how many steps look sharp at once, and who says so."""
        self._window.stack.set_span(max(steps, 1), source)
        self._show()

    # The capture

    @Slot()
    def _capture_clicked(self) -> None:
        try:
            self.capture()
        except RvrError as error:
            self.failed.emit(error)

    def capture(self) -> None:
        """Capture what is planned. Raises UsageError if that cannot be."""
        state, wish = self._state, self._window.stack.wish()
        if state is None or state.info is None:
            raise UsageError("no camera is in use", remedy="Choose one first.")
        plan = self.plan()
        folder = new_sweep_folder(self.root, state.info.name, datetime.now())
        self._begin(Shot(folder, plan.positions, simulated=state.info.simulated, near_is_low=self._near_is_low()))
        model = self.model()
        if wish.way == "needed" and model is not None:
            self._shot = Shot(folder, simulated=state.info.simulated, near_is_low=self._near_is_low())
            self._capture.needed(model, (wish.near, wish.far), folder, span=wish.span, region=self.region())
        else:
            self._capture.sweep(plan.positions, folder, span=wish.span, region=self.region())
        self._show()

    def go_on(self, folder: Path) -> None:
        """Capture what is missing of an interrupted sweep. Raises MediaError or UsageError if that cannot be."""
        from rvr_laaf_app.camera.sweep import read_sweep

        sweep, panel = read_sweep(folder), self._window.stack
        span = sweep.depth_of_field_steps or panel.wish().span
        self._touched = True
        panel.set_ends(sweep.planned[0], sweep.planned[-1])
        self._begin(Shot.of(sweep, near_is_low=self._near_is_low()))
        self.pictures.read_thumbs(sweep.paths, sweep.positions)
        self._window.show_tab("stack")
        self._capture.sweep(sweep.planned, folder, span=span, region=self.region(), resume=True)
        self._show()

    def _begin(self, shot: Shot) -> None:
        self._shot, self._share = shot, None
        self.pictures.forget()
        self._window.show_view("live")

    def _near_is_low(self) -> bool | None:
        state = self._state
        if state is None or state.drive is None or state.info is None or state.info.backend == "replay":
            return None  # a recording does not know
        return state.drive.near_is_low

    @Slot()
    def _stop(self) -> None:
        if self.developing and self._work is not None:
            self._work.cancel()
        else:
            self._capture.stop()

    def captured(self, event: SweepEvent) -> None:
        """Take note of one more picture, or of waiting."""
        shot = self._shot
        if shot is None:
            return
        shot.taken, shot.paths = event.positions, event.paths
        shot.planned = event.planned or shot.planned
        self._share = None if event.sharp is None else float(event.sharp.mean())
        self.pictures.read_thumbs(shot.paths, shot.taken)
        self._show()
        self._window.strip.newest()

    def ended(self, end: TaskEnd) -> None:
        """Develop what was captured, also what a stopped capture has left; tell what went wrong."""
        shot = self._shot
        if end.name != SWEEP or shot is None:
            return
        if end.error is not None:
            shot.trouble = str(end.error)
        if len(shot.taken) >= 2 and not end.closing:
            self.develop(shot.folder)
        self._show()

    # Developing

    def open_folder(self, folder: Path, *, to_editor: bool = False) -> None:
        """Develop a sweep that lies in a folder. Raises MediaError if there is none."""
        from rvr_laaf_app.camera.sweep import read_sweep

        sweep = read_sweep(folder)
        self._shot = Shot.of(sweep)
        self._to_editor = to_editor
        self.pictures.forget()
        self.pictures.read_thumbs(sweep.paths, sweep.positions)
        self.develop(folder)

    def develop(self, folder: Path) -> None:
        """Align, fuse and measure in the background."""
        from rvr_laaf_app.pipeline.capture_develop import develop_job

        low = self._shot.near_is_low if self._shot is not None else None
        if self._work is not None:
            self._work.cancel()
        self._work = self._scheduler.submit(develop_job(folder, near_is_low=low), "develop", subject=str(folder))
        self._show()

    def _told(self, status: JobStatus) -> None:
        work, shot = self._work, self._shot
        if work is None or status.id != work.status.id or shot is None:
            return
        if status.finished:
            if status.reason is FinishReason.COMPLETED:
                shot.made = work.result(0)
                shot.paths, shot.taken = shot.made.slices, shot.made.positions
                self.pictures.open(shot.made)
                self.developed.emit(shot.made)
            elif status.error is not None:
                shot.trouble = str(status.error)
                self.failed.emit(status.error)
            if shot.made is not None and self._to_editor:
                self.editor_wanted.emit(shot.made)
            self._to_editor = False
        self._show()

    @Slot()
    def to_editor(self) -> None:
        """Hand the stack over."""
        if self.made is None:
            self.failed.emit(UsageError("there is no developed stack", remedy="Capture or open one first."))
            return
        self.editor_wanted.emit(self.made)

    # Comparing

    @Slot()
    def compare(self) -> None:
        """Show the slice that is chosen, or the middle one, against the result."""
        if self.made is None:
            return
        row = self._window.strip.currentRow()
        row = row if row >= 0 else len(self.made.slices) // 2
        self._window.strip.choose(row)
        self._window.show_view("result")
        self._window.result.show_view("wipe")
        self.pictures.show_slice(row)

    @Slot(int)
    def _slice_chosen(self, row: int) -> None:
        self.pictures.show_slice(row)
        if self._window.view != "result":
            self._window.show_view("result")
        if self._window.result.view in ("result", "depth") and self.made is not None:
            self._window.result.show_view("slice")

    @Slot(str)
    def _view_chosen(self, view: str) -> None:
        if view in ("slice", "wipe") and self._window.strip.currentRow() < 0 and self.made is not None:
            self._window.strip.choose(len(self.made.slices) // 2)
            self.pictures.show_slice(len(self.made.slices) // 2)
        self._show_legend()

    def _sheet_came(self, sheet: Sheet) -> None:
        """Show what the worker has read."""
        result = self._window.result
        if sheet.kind == "thumbs":
            shot = self._shot
            if shot is not None and len(sheet.images) == len(shot.taken):
                self._window.strip.show_slices(shot.taken, sheet.images)
            return
        if sheet.problem is not None:
            self.failed.emit(sheet.problem)
            return
        result.show_image(sheet.kind, sheet.images[0] or QImage())
        result.show_retouch(possible=self.pictures.can_retouch, strokes=self.pictures.strokes)
        if sheet.kind == "result" and self._window.view == "live" and not self._to_editor:
            self._window.show_view("result")
        self._show_legend()

    def _show_legend(self) -> None:
        made, row = self.made, self._window.strip.currentRow()
        if made is None:
            return
        text = self.tr("{0} pictures in one").replace("{0}", str(len(made.slices)))
        if self._window.result.view in ("slice", "wipe") and 0 <= row < len(made.positions):
            text = self.tr("Slice at {0}").replace("{0}", str(made.positions[row]))
        elif self._window.result.view == "depth":
            text = self.tr("Measured depth: bright is near")
        self._window.result.show_legend(text)

    # Showing

    def show_state(self, state: CaptureState | None) -> None:
        """Show what may be done."""
        former, self._state = self._state, state
        limits = state.limits if state is not None else None
        if limits is not None and not self._touched and (former is None or former.limits != limits):
            self._window.stack.set_ends(*limits)
        self._show()

    def reset(self) -> None:
        """Another camera: ends and plan are no longer those of this one. The stack that is there stays."""
        self._touched = False
        if self._shot is not None and self._shot.made is None:
            self._shot = None
        if self._shot is None:
            self._window.strip.show_slices((), ())

    def _show(self) -> None:
        state, shot, panel = self._state, self._shot, self._window.stack
        capturing = state is not None and state.task == SWEEP
        drivable = state is not None and state.reaches
        free = state is not None and state.phase == "live" and not state.task and drivable
        try:
            found = self.plan()
            plan: Bracket | None = found
            text = frames_text(shot.planned) if capturing and shot is not None else plan_text(found, panel.wish())
            panel.show_plan(text, problem=False)
        except UsageError as error:
            plan = None
            panel.show_plan(str(error), problem=True)
        panel.show_progress(self._progress(capturing), can=free and plan is not None and not self.developing)
        panel.show_result(self._result_text(), ready=self.made is not None)
        self._window.offer_views(result=self.made is not None, ahead=True)
        shown = shot is not None and (capturing or bool(shot.taken))
        wanted = plan.positions if plan is not None and self._window.tab == "stack" else ()
        planned = shot.planned if shown and shot is not None else wanted
        wish = panel.wish()
        self.show_bracket(
            RulerState(
                planned=planned if drivable else (),
                taken=shot.taken if shown and shot is not None else (),
                near=wish.near if planned and drivable else None,
                far=wish.far if planned and drivable else None,
            )
        )
        self.changed.emit()

    def _progress(self, capturing: bool) -> StackProgress:
        state, shot = self._state, self._shot
        if self.developing and self._work is not None:
            return developing(self._work.status.progress, self._share)
        if capturing and shot is not None and state is not None:
            return under_way(state, len(shot.taken), len(shot.planned), self._share)
        return StackProgress()

    def _result_text(self) -> str:
        shot = self._shot
        if shot is None or not shot.taken or self.developing:
            return ""
        return result_text(shot.made) if shot.made is not None else shot.trouble

    def ask_to_end(self) -> None:
        """Let the work end."""
        self._scheduler.ask_to_end()
        self.pictures.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the threads."""
        ended = self._scheduler.shutdown(timeout_s)
        return self.pictures.close(timeout_s) and ended

    @Slot(str)
    def _tab_chosen(self, _tab: str) -> None:
        self._show()

    @Slot()
    def _ask_folder(self) -> None:
        chosen = self.choose_folder(str(self.root))
        if chosen:
            self.set_root(Path(chosen))
