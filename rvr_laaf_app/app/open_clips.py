"""The clips of the open project as they are on this machine: found or not, open, and the work on each of them.

One clip is shown; its work goes first. The others are looked for and analysed one after the other when nothing more
urgent is to do. It keeps no project values: those are handed in, and what was found goes out through callables.
Everything is called by the session's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rvr_laaf_app.app.engine import Engine
from rvr_laaf_app.app.opening import FoundClip, Opened, OpenedClip, find_job
from rvr_laaf_app.app.work import BACKGROUND, ClipWork
from rvr_laaf_app.core.errors import MediaError, RvrError
from rvr_laaf_app.document.production import ClipEntry, Production
from rvr_laaf_app.document.project import SubjectTrack
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus, Priority, Scheduler, Task

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.products import ClipProducts

SeatState = Literal["waiting", "opening", "online", "offline"]
MOST_BEGUN = 2  # analyses that hold a network in memory: the shown clip's and the one that it interrupted


@dataclass(slots=True)
class _Seat:
    """One clip: where it may be, and what has become of it."""

    places: tuple[str, ...] = ()
    state: SeatState = "waiting"
    problem: RvrError | None = None
    work: ClipWork | None = None
    finding: Task[FoundClip] | None = None


@dataclass(slots=True)
class OpenClips:
    """The clips by id. on_found(clip_id, found) and on_track(clip_id, track) put into the project what was found."""

    engine: Engine
    scheduler: Scheduler
    exports: list[Task[Any]]
    on_found: Callable[[str, FoundClip], None]
    on_track: Callable[[str, SubjectTrack], None]
    analyse_others: bool = False
    _seats: dict[str, _Seat] = field(default_factory=dict)
    _shown: str = ""
    _analyses: dict[str, Task[ClipProducts]] = field(default_factory=dict)  # by fingerprint: one writer of each cache

    def work(self, clip_id: str) -> ClipWork | None:
        """Return the work on a clip; None if it is not open."""
        seat = self._seats.get(clip_id)
        return None if seat is None else seat.work

    def state(self, clip_id: str) -> SeatState:
        """Return what is known of a clip."""
        seat = self._seats.get(clip_id)
        return "waiting" if seat is None else seat.state

    def problem(self, clip_id: str) -> RvrError | None:
        """Return why a clip is offline, or cannot be analysed."""
        seat = self._seats.get(clip_id)
        return None if seat is None else seat.problem

    def missing(self, production: Production) -> tuple[ClipEntry, ...]:
        """Return the clips that were looked for and not found."""
        return tuple(c for c in production.clips if c.project.clip is not None and self.state(c.id) == "offline")

    def work_on(self, fingerprint: str) -> ClipWork | None:
        """Return the work on a clip with this content."""
        works = (s.work for s in self._seats.values() if s.work is not None)
        return next((w for w in works if w.info.fingerprint == fingerprint), None)

    def begin(self, opened: Opened) -> None:
        """Turn to another project: stop the work on the former one."""
        self.stop()
        self._seats = {}
        production, clip, places, gone = opened.production, opened.clip, opened.places, opened.missing
        for entry in production.clips:
            known = entry.project.clip
            own = (known.path,) if known is not None else ()
            seat = self._seats[entry.id] = _Seat(places.get(entry.id, own))
            if entry.id in gone:
                self._miss(seat, own)
        self._shown = production.shown
        if production.shown:
            seat = self._seats[production.shown]
            if clip is not None:
                self.put(production.shown, clip)
            elif production.project.clip is not None and seat.state == "waiting":
                self._miss(seat, (production.project.clip.path,))

    def put(self, clip_id: str, clip: OpenedClip) -> None:
        """Use an opened clip for this id, in the place of what was there."""
        seat = self._seats.setdefault(clip_id, _Seat())
        if seat.work is not None:
            seat.work.stop()
        if seat.finding is not None:
            seat.finding.cancel()
        alike = self.work_on(clip.info.fingerprint) if clip.info.fingerprint else None
        products = clip.products
        if alike is not None and alike is not seat.work and _same_key(alike.products, products):
            products = alike.products
        seat.state, seat.problem, seat.places, seat.finding = "online", clip.problem, (clip.info.path,), None
        seat.work = ClipWork(
            self.engine,
            self.scheduler,
            clip.info,
            products,
            exports=self.exports,
            analyses=self._analyses,
            on_track=lambda track: self.on_track(clip_id, track),
        )
        seat.work.come_forward(clip_id == self._shown)

    def show(self, clip_id: str) -> None:
        """Let the work on this clip go first."""
        if clip_id == self._shown:
            return
        self._shown = clip_id
        for other, seat in self._seats.items():
            if seat.work is not None:
                seat.work.come_forward(other == clip_id)
            if seat.finding is not None:
                seat.finding.priority = Priority.OPEN if other == clip_id else BACKGROUND
        begun = [s.work for i, s in self._seats.items() if i != clip_id and s.work is not None and s.work.begun]
        for work in begun[: max(0, len(begun) - MOST_BEGUN + 1)]:
            work.put_aside()

    def go_on(self, production: Production) -> None:
        """Start what can be started now: the shown clip is looked for, then the others; then they are analysed."""
        entries = [e for e in _shown_first(production) if e.project.clip is not None]
        finding = any(s.finding is not None for s in self._seats.values())
        for entry in entries:
            seat = self._seats.setdefault(entry.id, _Seat((entry.project.clip.path,) if entry.project.clip else ()))
            if seat.state == "waiting" and (entry.id == production.shown or not finding):
                self._find(entry, seat)
                finding = True
        here = set(production.ids)
        for work in (s.work for i, s in self._seats.items() if i not in here and s.work is not None):
            work.put_aside()  # it was removed; undo brings it back as it is
        if self.analyse_others and not any(not t.finished for t in self._analyses.values()):
            self._analyse_next(entries)

    def finished(self, status: JobStatus, production: Production) -> bool:
        """Take note of a finished job; return whether it was one of these."""
        for clip_id, seat in self._seats.items():
            if seat.finding is not None and seat.finding.status.id == status.id:
                self._found(clip_id, seat, seat.finding)
                return True
        mine = False
        for clip_id, seat in list(self._seats.items()):
            entry = production.entry(clip_id)
            if seat.work is not None and entry is not None:
                mine = seat.work.finished(status, entry.project) or mine
        return mine

    def concerns_shown(self, status: JobStatus) -> bool:
        """Return whether a job of the clips is about the shown one."""
        seat = self._seats.get(self._shown)
        if seat is None:
            return False
        if seat.finding is not None and seat.finding.status.id == status.id:
            return True
        return seat.work is not None and seat.work.does(status.id)

    def owns(self, status: JobStatus) -> bool:
        """Return whether a job is about one of the clips (others are exports and openings of projects)."""
        return any(
            (s.finding is not None and s.finding.status.id == status.id)
            or (s.work is not None and s.work.does(status.id))
            for s in self._seats.values()
        )

    def lose(self, clip_id: str, path: str) -> None:
        """Let a clip be looked for again, here."""
        seat = self._seats.get(clip_id)
        if seat is not None and seat.work is not None:
            seat.work.stop()
        if seat is not None and seat.finding is not None:
            seat.finding.cancel()
        self._seats[clip_id] = _Seat((path,))

    def stop(self) -> None:
        """Stop all work on these clips; exports go on."""
        for seat in self._seats.values():
            if seat.work is not None:
                seat.work.stop()
            if seat.finding is not None:
                seat.finding.cancel()

    def _find(self, entry: ClipEntry, seat: _Seat) -> None:
        shown = entry.id == self._shown
        seat.state = "opening"
        seat.finding = self.scheduler.submit(
            find_job(self.engine, entry.project, seat.places),
            "open",
            subject=seat.places[0] if seat.places else "",
            lane="io",
            priority=Priority.OPEN if shown else BACKGROUND,
        )

    def _found(self, clip_id: str, seat: _Seat, task: Task[FoundClip]) -> None:
        seat.finding = None
        if task.status.reason is not FinishReason.COMPLETED:
            seat.state = "waiting" if task.status.reason is FinishReason.CANCELLED else "offline"
            return
        found = task.result(0)
        if found.clip is None:
            seat.state, seat.problem = "offline", found.problem
        else:
            self.put(clip_id, found.clip)
        self.on_found(clip_id, found)

    def _analyse_next(self, entries: list[ClipEntry]) -> None:
        for entry in entries:
            work = self.work(entry.id)
            if work is not None and work.may_analyse and entry.id != self._shown:
                work.start_analysis()
                return

    @staticmethod
    def _miss(seat: _Seat, places: tuple[str, ...]) -> None:
        seat.state = "offline"
        seat.problem = MediaError(
            "the clip of this project was not found",
            where=places[0] if places else None,
            remedy="Put it back, or choose where it is now.",
        )


def _same_key(one: ClipProducts | None, other: ClipProducts | None) -> bool:
    """Return whether two analyses are of the same kind: one of them is then enough."""
    return one is not None and other is not None and one.key == other.key


def _shown_first(production: Production) -> Iterator[ClipEntry]:
    """Yield the clips in the order in which they are wanted: the shown one, those after it, those before it."""
    at = production.ids.index(production.shown) if production.shown else 0
    yield from production.clips[at:]
    yield from production.clips[:at]
