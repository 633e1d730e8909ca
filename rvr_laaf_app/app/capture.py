"""One camera in use by a window: which there are, which is chosen, what it does, what came of it. No Qt, no pixels.

Belongs to the thread that made it; the session's threads reach it through `post` only. Live pictures go to `sinks`
in the session's thread, which must only take them and return.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.app.capture_focusing import Focusing, Region
from rvr_laaf_app.app.capture_rack import Rack
from rvr_laaf_app.app.capture_state import CaptureState, SweepEvent, TaskEnd, state_of, unforeseen
from rvr_laaf_app.app.observers import Observers
from rvr_laaf_app.camera.base import Camera, CameraGone, CameraInfo, Control, LiveFrame, Still
from rvr_laaf_app.camera.finding import CameraWatch, Change, Finder, Found, open_camera
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import DEFAULT_DEADLINES, Deadlines, SessionStatus, SessionTask
from rvr_laaf_app.camera.sweeping import SweepPlan
from rvr_laaf_app.core.errors import Cancelled, RvrError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rvr_laaf_app.camera.defocus import DefocusModel
    from rvr_laaf_app.core.geometry import Box
    from rvr_laaf_app.pipeline.capture_focus import FocusLook

Post = Callable[[Callable[[], None]], None]
log = logging.getLogger(__name__)


class Capture:
    """Observers (each `on_...` returns the function that ends the subscription), all called in the owner's thread:

    on_found(Found) when the list of cameras changed; on_state(CaptureState) when anything about the camera in use did;
    on_look(FocusLook), on_sweep(SweepEvent), on_controls(controls) as they come; on_end(TaskEnd) when a task is over;
    on_problem(RvrError) for what did not work and belongs to no task.
    """  # noqa: D415 - the list is the sentence

    def __init__(
        self,
        post: Post,
        *,
        open_by_id: Callable[[str], Camera] = open_camera,
        backends: Sequence[str] | None = None,
        deadlines: Deadlines = DEFAULT_DEADLINES,
    ) -> None:
        """backends: those that are asked for their cameras; None = all."""
        self._post, self._open_by_id, self._deadlines = post, open_by_id, deadlines
        self._backends = backends
        self.sinks: list[Callable[[LiveFrame], None]] = []
        self.state = CaptureState()
        self.found = Found(())
        self._session: CameraSession | None = None
        self._watch: CameraWatch | None = None
        self._task: SessionTask[Any] | None = None
        self._then: Callable[[Any], SessionTask[Any]] | None = None
        self._rack: Rack | None = None
        self._name = ""
        self._newest: SessionStatus | None = None
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._choosing: object | None = None
        self._found: Observers[[Found]] = Observers()
        self._states: Observers[[CaptureState]] = Observers()
        self._looks: Observers[[FocusLook]] = Observers()
        self._sweeps: Observers[[SweepEvent]] = Observers()
        self._controls: Observers[[tuple[Control, ...]]] = Observers()
        self._ends: Observers[[TaskEnd]] = Observers()
        self._problems: Observers[[RvrError]] = Observers()
        self.on_found, self.on_state = self._found.add, self._states.add
        self.on_look, self.on_sweep, self.on_controls = self._looks.add, self._sweeps.add, self._controls.add
        self.on_end, self.on_problem = self._ends.add, self._problems.add

    # Which cameras there are

    def begin(self) -> None:
        """Watch for cameras that come and go, from now on."""
        if self._watch is None:
            look = Finder(self._backends).look
            self._watch = CameraWatch(lambda change: self._post(lambda: self._cameras(change)), look=look)

    def look_again(self) -> None:
        """Look for cameras now."""
        if self._watch is not None:
            self._watch.look_now()

    def _cameras(self, change: Change) -> None:
        self.found = change.found
        self._found.tell(change.found)

    def choose(self, camera_id: str) -> None:
        """Use this camera; the former one is let go. An id that makes no sense is told by on_problem."""
        if self.state.info is not None and self.state.info.id == camera_id and self.state.phase != "none":
            return
        self.let_go()
        kind, _, address = camera_id.partition(":")
        known = next((c for c in self.found.cameras if c.id == camera_id), None)
        self._choosing = choosing = object()
        self._show(CaptureState("opening", known or CameraInfo(camera_id, address or camera_id, kind)))

        def make() -> None:  # a backend may read files, or start a process
            try:
                camera = self._open_by_id(camera_id)
            except RvrError as error:
                problem = error
                self._post(lambda: self._not_made(problem, choosing))
            else:
                self._post(lambda: self._use(camera, choosing))

        self._aside(make, "camera opening")

    def _not_made(self, problem: RvrError, choosing: object) -> None:
        if choosing is self._choosing:
            self._choosing = None
            self._show(CaptureState())
            self._problems.tell(problem)

    def _use(self, camera: Camera, choosing: object) -> None:
        if choosing is not self._choosing:
            return  # another one was chosen meanwhile; this one was never opened
        self._choosing = None
        session = CameraSession(camera, deadlines=self._deadlines)
        with self._lock:
            self._session = session
        session.frames.set_wake(lambda: self._frame_there(session))
        session.observe(lambda status: self._status_came(session, status))
        self._status_came(session, session.status)
        self.read_controls()

    def _aside(self, work: Callable[[], object], name: str) -> None:
        """Do something that may hang in a thread of its own, joined in the end."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]

    def let_go(self) -> None:
        """Use no camera. Work under way ends; what was captured is on the disk."""
        with self._lock:
            session, self._session, self._newest = self._session, None, None
        self._choosing = None
        self.stop()
        if self._name:
            self._end(TaskEnd(self._name, cancelled=True, closing=True))
        if session is not None:
            session.frames.set_wake(None)
            self._aside(session.close, "camera leaving")  # a driver may hang: nobody waits for it here
        self._show(CaptureState())

    # Lens and settings

    def drive_to(self, position: int) -> None:
        """Send the lens to a position; of several wishes the newest counts."""
        if self._session is not None and not self._name and self.state.phase != "gone":
            self._watch_for_problems(self._session.drive_to(position))

    def drive_by(self, steps: int) -> None:
        """Drive the lens by steps, positive = as the drive counts."""
        if self._session is not None and not self._name:
            self._watch_for_problems(self._session.drive_by(steps))

    def read_controls(self) -> None:
        """Ask for the camera's settings; they are told by on_controls."""
        if self._session is not None:
            session = self._session

            def came(future: Future[tuple[Control, ...]]) -> None:
                if not future.cancelled() and future.exception() is None:
                    controls = future.result()
                    self._post(lambda: self._controls.tell(controls) if session is self._session else None)

            session.controls().add_done_callback(came)

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Change a setting of the camera, and read all of them again."""
        if self._session is not None:
            self._watch_for_problems(self._session.set_control(name, value))
            self.read_controls()

    # Tasks: one at a time

    def autofocus(
        self,
        method: str,
        region: Region,
        *,
        depth_of_field: int,
        model: DefocusModel | None = None,
        width_px: int | None = None,
        nearest: Callable[[Box], None] | None = None,
    ) -> None:
        """Find focus with a method, on what `region` says in each picture (called in the session's thread).

        model: the calibration of the lens, if there is one; width_px: of the live picture. nearest: look for the
        nearest subject first, and tell where it is.
        """
        session, limits = self._ready(), self._limits()
        start = self.state.position if self.state.position is not None else sum(limits) // 2

        def told(look: FocusLook) -> None:
            self._post(lambda: self._looks.tell(look))

        run = Focusing(session, limits, method, depth_of_field, model, width_px, told)
        if nearest is None:
            self._begin("autofocus", run.on(region, start=start))
        else:
            self._begin("autofocus", run.nearest())
            self._then = run.after(region, start=start, told=nearest)

    def sweep(
        self, positions: Sequence[int], folder: Path, *, span: int, region: Box | None = None, name: str = "sweep",
        resume: bool = False,
    ) -> None:  # fmt: skip
        """Take a picture at each position, into a folder; what happens to the camera meanwhile is survived.

        span: steps that look sharp at once; region: whose sharpness is told. resume: go on with what lies there.
        """
        plan = SweepPlan(folder, tuple(positions), depth_of_field_steps=span, resume=resume)
        self._begin(name, self._sweep_task(self._ready(), plan, region))

    def _sweep_task(self, session: CameraSession, plan: SweepPlan, region: Box | None) -> SessionTask[Any]:
        from rvr_laaf_app.camera.sweep import read_sweep
        from rvr_laaf_app.pipeline.capture_sweep import SweepView

        view = SweepView(plan.depth_of_field_steps or 1, region)

        def taken(still: Still, position: int) -> None:
            sweep = read_sweep(plan.folder)
            if plan.resume:
                view.recall(sweep)
            small = view.add(still, position)
            event = SweepEvent(sweep.positions, sweep.paths, sweep.planned, view.sharp, view.curve, small)
            self._post(lambda: self._sweeps.tell(event))

        return session.sweep(plan, on_frame=taken)

    def needed(
        self, model: DefocusModel, ends: tuple[int, int], folder: Path, *, span: int, region: Box | None = None
    ) -> None:
        """Let the live picture decide at which positions something is sharp, then take a picture at each of them."""
        from rvr_laaf_app.pipeline.capture_needed import needed_search

        session = self._ready()

        def looked(sharp: NDArray[np.float32]) -> None:
            self._post(lambda: self._sweeps.tell(SweepEvent((), (), (), sharp)))

        start = self.state.position if self.state.position is not None else ends[0]
        task = session.run_autofocus(needed_search(model, ends, start=start, watch=looked))
        self._begin("sweep", task)
        self._then = lambda found: self._sweep_task(
            session, SweepPlan(folder, found.positions, depth_of_field_steps=span), region
        )

    def find_limits(self) -> None:
        """Run a lens that only knows steps to both ends."""
        session, cancel = self._ready(), threading.Event()
        self._begin("limits", SessionTask(session.find_limits(cancel=cancel), cancel))

    def learn_steps(self) -> None:
        """Learn what the sizes of steps of a lens are worth."""
        session, cancel = self._ready(), threading.Event()
        self._begin("learning", SessionTask(session.learn_steps(cancel=cancel), cancel))

    def rack(self, to: int, seconds: float) -> None:
        """Pull focus evenly from where the lens stands to a position, in so many seconds."""
        session = self._ready()
        if self.state.position is None:
            raise UsageError("this lens does not say where it is")
        self._name = "rack"
        self._rack = Rack(session, self.state.position, to, seconds, self._rack_over)
        self._show(replace(self.state, task="rack"))

    def stop(self) -> None:
        """Stop the task under way; what it has captured stays."""
        if self._rack is not None:
            self._rack.stop()
        if self._task is not None:
            self._task.cancel()

    def _rack_over(self, error: BaseException | None) -> None:
        problem = error if error is None or isinstance(error, RvrError) else unforeseen("rack", error)
        self._post(lambda: self._end(TaskEnd("rack", error=problem)))

    def _ready(self) -> CameraSession:
        if self._session is None:
            raise UsageError("no camera is in use", remedy="Choose one first.")
        if self._name:
            raise UsageError("the camera is at work", remedy="Stop that first.")
        return self._session

    def _limits(self) -> tuple[int, int]:
        if self.state.limits is None:
            raise UsageError("the ends of this lens are not known", remedy="Let them be found first.")
        return self.state.limits

    def _begin(self, name: str, task: SessionTask[Any]) -> None:
        self._name, self._task, self._then = name, task, None
        self._show(replace(self.state, task=name))
        self._listen(task)

    def _listen(self, task: SessionTask[Any]) -> None:
        task.future.add_done_callback(lambda future: self._post(lambda: self._over(task, future)))

    def _over(self, task: SessionTask[Any], future: Future[Any]) -> None:
        if task is not self._task:
            return  # the camera was let go, and the end was told
        name = self._name
        try:
            result = future.result(0)
            if self._then is not None:  # that was the first half
                self._task, self._then = self._then(result), None
                self._listen(self._task)
                return
            end = TaskEnd(name, result=result, cancelled=bool(getattr(result, "cancelled", False)))
        except (Cancelled, CancelledError):
            end = TaskEnd(name, cancelled=True)
        except RvrError as error:
            end = TaskEnd(name, error=error)
        except Exception as error:
            log.exception("%s failed", name)
            end = TaskEnd(name, error=unforeseen(name, error))
        self._end(end)

    def _end(self, end: TaskEnd) -> None:
        if end.name != self._name:
            return
        self._name, self._task, self._rack, self._then = "", None, None, None
        if self._session is not None:
            self._show(state_of(self._session.status, ""))
        self._ends.tell(end)

    # What the session tells, in its thread

    def _frame_there(self, session: CameraSession) -> None:
        frame = session.frames.take()
        if frame is not None and session is self._session:
            for sink in tuple(self.sinks):
                sink(frame)

    def _status_came(self, session: CameraSession, status: SessionStatus) -> None:
        with self._lock:
            if session is not self._session:
                return  # it was let go
            waiting, self._newest = self._newest is not None, status
        if not waiting:
            self._post(self._take_status)

    def _take_status(self) -> None:
        with self._lock:
            status, self._newest = self._newest, None
        if status is not None:
            self._show(state_of(status, self._name))

    def _show(self, state: CaptureState) -> None:
        former, self.state = self.state, state
        if state == former:
            return
        self._states.tell(state)
        if state.phase == "live" and former.phase in ("opening", "gone"):
            self.read_controls()

    def _watch_for_problems(self, future: Future[Any]) -> None:
        def over(done: Future[Any]) -> None:
            error = None if done.cancelled() else done.exception()
            # That the camera is gone is what its state says already, for as long as it lasts.
            if isinstance(error, RvrError) and not isinstance(error, (Cancelled, CameraGone)):
                self._post(lambda: self._problems.tell(error))

        future.add_done_callback(over)

    # The end

    def ask_to_end(self) -> None:
        """Let the camera go and stop watching, without waiting."""
        self.let_go()
        watch, self._watch = self._watch, None
        if watch is not None:
            self._aside(watch.close, "camera watch leaving")

    def close(self, timeout_s: float) -> bool:
        """Join the threads; False if one did not end in time."""
        end_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))
        return not any(t.is_alive() for t in self._threads)
