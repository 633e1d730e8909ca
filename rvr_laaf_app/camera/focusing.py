"""Running an autofocus search on a session's camera: drive where it asks, send back the patch that is seen there.

The search is any generator of lens positions (see `autofocus.base`); nothing of its method is known here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.camera.connection import Connection, Work
from rvr_laaf_app.camera.lens_drive import CountedLens
from rvr_laaf_app.core.errors import Cancelled
from rvr_laaf_app.core.geometry import Box

T = TypeVar("T")
Region = Box | Callable[[LiveFrame], Box] | None
_SMALLEST_PX: Final = 16
_AS_SHARP: Final = 0.97  # share of the best sharpness seen in a search that counts as the same
_MOST_TOUCHES: Final = 12
_FORGET: Final = 0.998  # share of the held sharpness that is left after a frame
_MOST_AGAIN: Final = 3  # searches in a row for a subject that had been sharper
LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One step of a search: where the lens stood, the frame, and the box that was looked at."""

    position: int
    frame: LiveFrame
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class FocusTask(Generic[T]):
    """What to focus on, and how: region None = the whole frame."""

    search: Generator[int, Any, T]
    region: Region = None
    on_step: Callable[[Seen], None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FollowTask:
    """What to keep in focus: make_search begins a search from where the lens stands.

    drop: share of the sharpness that must be lost, in `patience` frames in a row, before a new search begins.
    """

    make_search: Callable[[int], Generator[int, Any, Any]]
    region: Region = None
    on_step: Callable[[Seen], None] | None = None
    drop: float = 0.25
    patience: int = 2


def focus(connection: Connection, task: FocusTask[T], cancel: threading.Event) -> Work[T]:
    """Run the search to its end and leave the lens at the result's `position` if one was found; yields between steps.

    Raises:
        Cancelled: stopped. LensStuck, NotOffered, CameraError: the lens or the live view cannot be used.
    """
    patch: NDArray[np.float32] | None = None
    steps, sharpest = 0, 0.0
    try:
        while True:
            try:
                wanted = next(task.search) if patch is None else task.search.send(patch)
            except StopIteration as end:
                result: T = end.value
                break
            connection.tell(done=steps, total=0)
            yield
            seen = yield from connection.survive(lambda at=wanted: _see(connection, at, task.region), cancel)  # type: ignore[misc]
            patch = patch_of(seen.frame, seen.box)
            steps, sharpest = steps + 1, max(sharpest, contrast(patch))
            if task.on_step is not None:
                task.on_step(seen)
            if cancel.is_set():
                raise Cancelled("autofocus was stopped")
        best = getattr(result, "position", None)
        if isinstance(best, int) and getattr(result, "found", True):
            yield from _arrive(connection, task, best, sharpest, cancel)
    finally:
        task.search.close()
    return result


def _arrive(
    connection: Connection, task: FocusTask[T], position: int, sharpest: float, cancel: threading.Event
) -> Work[None]:
    """Drive to the result. A counted lens may miss it: then climb from there to the sharpness that was seen before."""
    counted = isinstance(connection.lens_or_refuse(), CountedLens)
    region = task.region if counted else None
    here = yield from connection.survive(lambda: _see(connection, position, region), cancel)
    if not counted:
        return
    drive = connection.lens_or_refuse().drive
    low, high = drive.minimum, drive.maximum
    step = 16 if low is None or high is None else max(4, (high - low) // 50)
    value, turned = contrast(patch_of(here.frame, here.box)), 0
    at = position
    for _ in range(_MOST_TOUCHES):
        if value >= _AS_SHARP * sharpest or abs(step) < 2:
            break
        there = at + step if low is None or high is None else min(max(at + step, low), high)
        seen = yield from connection.survive(partial(_see, connection, there, task.region), cancel)
        if task.on_step is not None:
            task.on_step(seen)
        now = contrast(patch_of(seen.frame, seen.box))
        if now > value:
            at, value, turned = there, now, 0
        else:
            turned += 1
            step = -step if turned % 2 else -(step // 2)
    if connection.lens_or_refuse().position != at:
        yield from connection.survive(lambda: _see(connection, at, task.region), cancel)


def follow(connection: Connection, task: FollowTask, cancel: threading.Event) -> Work[int]:
    """Keep a subject in focus until stopped: search again whenever it has become clearly less sharp.

    Returns how often it searched. The sharpness to hold is that after each search, and may rise; it falls slowly by
    itself, so that a change of light or of the subject does not start searches without end. A search that ends clearly
    less sharp than the subject has been is made again a few times: it may have moved on while it was searched for.
    """
    held: float | None = None
    known = 0.0
    searches = unsharp = again = 0

    def note(seen: Seen) -> None:
        nonlocal known
        known = max(known, contrast(patch_of(seen.frame, seen.box)))
        if task.on_step is not None:
            task.on_step(seen)

    while not cancel.is_set():
        yield
        try:
            if held is None:
                here = connection.lens_or_refuse().read(connection)
                search = FocusTask(task.make_search(here), task.region, note)
                yield from focus(connection, search, cancel)
                searches += 1
            frame = yield from connection.survive(connection.look, cancel)
        except Cancelled:
            break
        value = contrast(patch_of(frame, _box_in(frame, task.region)))
        known *= _FORGET
        if held is None:
            missed = value < (1.0 - task.drop) * known and again < _MOST_AGAIN
            again, unsharp = (again + 1, 0) if missed else (0, 0)
            if not missed:
                held = known = value
            continue
        unsharp = unsharp + 1 if value < (1.0 - task.drop) * held else 0
        known = max(known, value)
        held = None if unsharp >= task.patience else max(held * _FORGET, value)
    return searches


def contrast(patch: NDArray[np.float32]) -> float:
    """Return the mean squared gradient of a grey patch [h, w] relative to its squared mean: free of the exposure."""
    across, down = np.diff(patch, axis=1), np.diff(patch, axis=0)
    level = max(float(patch.mean()), 1e-3)
    return float(np.mean(across * across) + np.mean(down * down)) / level**2


def _box_in(frame: LiveFrame, region: Region) -> Box:
    return region(frame) if callable(region) else region or WHOLE


def patch_of(frame: LiveFrame, box: Box) -> NDArray[np.float32]:
    """Return the grey patch [h, w] float32 0..1, display-encoded, of a box; at least 16 pixels each way."""
    height, width = frame.rgb.shape[:2]
    left, top = int(box.x * width), int(box.y * height)
    wide = min(width, max(_SMALLEST_PX, round(box.width * width)))
    tall = min(height, max(_SMALLEST_PX, round(box.height * height)))
    left, top = min(max(left, 0), width - wide), min(max(top, 0), height - tall)
    return np.asarray(frame.rgb[top : top + tall, left : left + wide] @ (LUMA / np.float32(255.0)), np.float32)


def _see(connection: Connection, position: int, region: Region) -> Seen:
    connection.lens_or_refuse().to(connection, position)
    connection.tell_position()
    frame = connection.look()
    return Seen(position, frame, _box_in(frame, region))
