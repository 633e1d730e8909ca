"""How far a queued export is, and all of them together. Pure functions of what the scheduler tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rvr_laaf_app.app.export_queue_job import ExportJob
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.jobs.job import Progress
from rvr_laaf_app.jobs.scheduler import JobStatus

WRITING: Final = "exporting", "writing depth"


@dataclass(frozen=True, slots=True)
class Pulse:
    """How far the job that is being worked on is. left_s, fps: None while that cannot be said; fps of the writing."""

    progress: Progress
    left_s: float | None = None
    fps: float | None = None

    @property
    def writing(self) -> bool:
        """True if pictures are being written, False while the export is prepared or its result checked."""
        return self.progress.message in WRITING


@dataclass(frozen=True, slots=True)
class Whole:
    """The queue as a whole: jobs left, share of the work done since the list was last all done, seconds left."""

    left: int
    fraction: float
    left_s: float | None


def pulse_of(status: JobStatus, before: Pulse | None) -> Pulse:
    """Return how far a job is; while its pace is not known yet the former one of the writing stands."""
    progress = status.progress
    if not progress.message and before is not None:  # the second half waits for its first step
        return before
    writing = progress.message in WRITING
    missing = (progress.total or 0) - progress.done
    fps = missing / status.left_s if writing and status.left_s and missing > 0 else None
    kept = before.fps if before is not None and before.writing and writing else None
    return Pulse(progress, status.left_s, fps or kept)


def whole_of(jobs: Sequence[ExportJob], pulses: Mapping[str, Pulse]) -> Whole:
    """Return how far a queue is, counted in frames; what waits is taken to go as fast as what runs.

    Jobs that were interrupted and not continued do not count.
    """
    left = [j for j in jobs if j.left and j.state != "interrupted"]
    done, rate = 0.0, None
    for job in left:
        pulse = pulses.get(job.id)
        if pulse is not None and pulse.writing:
            done += (pulse.progress.fraction or 0.0) * job.frames
            rate = pulse.fps if job.state == "running" and pulse.fps else rate
    to_do = sum(j.frames for j in left)
    finished = sum(j.frames for j in jobs if j.state == "done") if left else 0
    return Whole(len(left), (done + finished) / max(to_do + finished, 1), (to_do - done) / rate if rate else None)


def written_size(size: tuple[int, int], long_side: int | None) -> tuple[int, int]:
    """Return (width, height) of the pictures that are written of a clip of this size."""
    return size if long_side is None or long_side >= max(size) else fit_long_side(size, long_side)
