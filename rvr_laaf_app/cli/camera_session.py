"""A camera for one command: which one is meant, opened and held, long work with progress, and an orderly end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from rvr_laaf_app.app.capture_places import calibration_path
from rvr_laaf_app.camera.base import BACKENDS, CameraGone, CameraInfo
from rvr_laaf_app.camera.defocus import DefocusModel, load_model
from rvr_laaf_app.camera.finding import list_cameras, open_camera
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import SessionState, SessionTask
from rvr_laaf_app.core.errors import Cancelled, RvrError, UsageError

T = TypeVar("T")
OPEN_S: Final = 30.0
USUAL_SHARE: Final = 0.02  # of the lens's way: what looks sharp at once if nobody has measured it
_POLL_S: Final = 0.05
_PAUSE: Final = threading.Event()  # never set: a wait that Ctrl+C ends
_REDRAW_S: Final = 0.2


def camera_id(text: str) -> str:
    """Return the id that is meant: an id as it is, else the one camera whose name, serial or kind holds the text."""
    kind, colon, _ = text.partition(":")
    if colon and kind in BACKENDS:
        return text
    cameras = list_cameras().cameras
    for wanted in (_is_exactly, _holds):
        found = [c for c in cameras if wanted(c, text.casefold())]
        if len(found) == 1:
            return found[0].id
        if found:
            names = ", ".join(c.id for c in found)
            raise UsageError(f"several cameras are called {text!r}", remedy=f"Name one by its id: {names}.")
    known = ", ".join(c.id for c in cameras) or "none is connected"
    raise UsageError(f"there is no camera {text!r}", remedy=f"Found: {known}.")


def _is_exactly(camera: CameraInfo, text: str) -> bool:
    return text in (camera.name.casefold(), camera.serial.casefold())


def _holds(camera: CameraInfo, text: str) -> bool:
    return text in camera.name.casefold() or text == camera.backend


@contextmanager
def opened(text: str) -> Iterator[CameraSession]:
    """Open a camera for the time of the block; CameraError if it is not there or does not answer."""
    camera = open_camera(camera_id(text))
    session = CameraSession(camera, live=False)
    try:
        _wait_until_open(session)
        yield session
    finally:
        session.close()


def _wait_until_open(session: CameraSession) -> None:
    end_s = time.monotonic() + OPEN_S
    while session.status.state is SessionState.OPENING and not session.status.message and time.monotonic() < end_s:
        _PAUSE.wait(_POLL_S)
    status = session.status
    if status.state in (SessionState.OPENING, SessionState.DISCONNECTED, SessionState.CLOSED):
        said = status.message or "the camera does not answer"
        raise CameraGone(said, where=status.camera.name, remedy="Check that it is connected and switched on.")


def answer(future: Future[T]) -> T:
    """Wait for a short piece of work, and let Ctrl+C through."""
    while True:
        try:
            return future.result(_POLL_S)
        except NotYet:
            continue


def finished(session: CameraSession, task: SessionTask[T], label: str, *, quiet: bool) -> T:
    """Wait for long work, with one line of progress; Ctrl+C stops it at the next picture, and then goes on."""
    show = not quiet and sys.stderr.isatty()
    drawn_s, said = 0.0, ""
    try:
        while not task.future.done():
            try:
                task.future.result(_POLL_S)
            except NotYet:
                pass
            except RvrError:
                break
            status = session.status
            if status.message and status.message != said:
                said = status.message
                print(f"\r\x1b[2K{said}" if show else said, file=sys.stderr)
            if show and time.monotonic() - drawn_s >= _REDRAW_S:
                drawn_s = time.monotonic()
                total = f"/{status.total}" if status.total else ""
                print(f"\r\x1b[2K{label}: {status.done}{total}", end="", file=sys.stderr, flush=True)
        return task.result(0)
    except KeyboardInterrupt:
        task.cancel()
        _wait_quietly(task)
        raise
    finally:
        if show:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _wait_quietly(task: SessionTask[T]) -> None:
    """Let the picture under way be finished and written."""
    try:
        task.result(OPEN_S)
    except (RvrError, NotYet, Cancelled):
        return


def limits_of(session: CameraSession) -> tuple[int, int]:
    """Return the ends of the lens's way; a lens that counts steps is driven to both first."""
    drive = answer(session.find_limits())
    if drive.minimum is None or drive.maximum is None:
        raise UsageError("the ends of this lens are not known", where=session.status.camera.name)
    return drive.minimum, drive.maximum


def model_of(session: CameraSession, path: Path | None = None) -> DefocusModel | None:
    """Return the calibration of this camera, or that in a file; None if there is none."""
    info = session.status.camera
    place = path or calibration_path(info.serial or info.id, "")
    return load_model(place) if path is not None or place.is_file() else None


def live_width(session: CameraSession) -> int | None:
    """Return how wide the live picture is; None if none comes."""
    session.show_live(True)
    end_s = time.monotonic() + OPEN_S
    while (frame := session.frames.take()) is None and time.monotonic() < end_s:
        _PAUSE.wait(_POLL_S)
    session.show_live(False)
    return None if frame is None else int(frame.rgb.shape[1])


def span_of(limits: tuple[int, int], model: DefocusModel | None) -> Callable[[float], float]:
    """Return how many steps look sharp at once at a lens position: as calibrated, else a share of the way."""
    if model is None:
        usual = max((limits[1] - limits[0]) * USUAL_SHARE, 1.0)
        return lambda _position: usual
    from rvr_laaf_app.pipeline.capture_plan import sharp_span

    return sharp_span(model)
