"""How long a job will still take, from the pace of its own progress. It knows nothing of what the job does."""

from __future__ import annotations

from rvr_laaf_app.jobs.job import Progress

WINDOW_S = 12.0  # the pace of the last seconds counts: a clip's later frames may be slower than its first
MOST_POINTS = 512  # of very quick steps every other one is forgotten
LEAST_S = 0.5  # no estimate from less than this


class TimeLeft:
    """Estimate the seconds left of one job. Feed it each progress with a monotonic time in seconds.

    A step backwards, a new total or a new message starts a new phase (analyse, then write): paces do not mix.
    """

    def __init__(self) -> None:
        self._phase: tuple[int | None, str] | None = None
        self._points: list[tuple[float, int]] = []

    def push(self, progress: Progress, now_s: float) -> float | None:
        """Return the seconds left after this progress, or None while that cannot be said."""
        phase = (progress.total, progress.message)
        if phase != self._phase or (self._points and progress.done < self._points[-1][1]):
            self._phase, self._points = phase, []
        self._points.append((now_s, progress.done))
        while len(self._points) > 2 and now_s - self._points[1][0] >= WINDOW_S:
            self._points.pop(0)
        if len(self._points) > MOST_POINTS:
            self._points = [*self._points[:-1:2], self._points[-1]]
        return self._estimate(progress, now_s)

    def _estimate(self, progress: Progress, now_s: float) -> float | None:
        if progress.total is None:
            return None
        if progress.done >= progress.total:
            return 0.0
        begin_s, begin_done = self._points[0]
        took_s, steps = now_s - begin_s, progress.done - begin_done
        if took_s < LEAST_S or steps <= 0:
            return None
        return (progress.total - progress.done) * took_s / steps

    def pause(self) -> None:
        """Forget the pace: the time spent waiting must not count as work."""
        self._points = []
