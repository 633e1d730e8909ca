"""Run a job on the command line: one progress line with the time left, on stderr if that is a terminal.

Elsewhere stderr holds errors and notes only.
"""

from __future__ import annotations

import sys
import time
from typing import TypeVar

from rvr_laaf_app.jobs.job import Job

T = TypeVar("T")
REDRAW_S = 0.2


def clock(seconds: float) -> str:
    """Return seconds as m:ss or h:mm:ss."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def run_with_progress(job: Job[T], label: str, *, quiet: bool = False) -> T:
    """Run `job` to its end and return its result; on any exception the job is closed, so that it cleans up."""
    show = not quiet and sys.stderr.isatty()
    began = drawn = time.monotonic()
    first = 0
    try:
        while True:
            progress = next(job)
            now = time.monotonic()
            if first == 0:
                first = progress.done
            if show and now - drawn >= REDRAW_S and progress.total:
                drawn = now
                speed = (progress.done - first) / max(now - began, 1e-6)
                left = clock((progress.total - progress.done) / speed) if speed > 0 else "?"
                line = f"{label}: {progress.done}/{progress.total} {progress.message} ({left} left)"
                print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
    except StopIteration as end:
        if show:
            print(f"\r\x1b[2K{label}: done in {time.monotonic() - began:.1f} s", file=sys.stderr)
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()
        if show:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
