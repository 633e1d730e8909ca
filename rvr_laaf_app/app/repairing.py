"""Carrying the repairs of the open clip in the background: when it is to be done, begun again, and given up."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from rvr_laaf_app.app.engine import Engine
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.jobs.scheduler import Priority, Scheduler, Task

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts

JOB = "repair"


class RepairWork:
    """The carrying of one clip's repairs. Everything is called by the session's thread."""

    def __init__(self, engine: Engine, scheduler: Scheduler, info: ClipInfo, products: ClipProducts | None) -> None:
        self._engine, self._scheduler = engine, scheduler
        self._info, self._products = info, products
        self._task: Task[int] | None = None
        self._wish: Hashable = ()

    @property
    def running(self) -> bool:
        """True while strokes are being carried."""
        return self._task is not None and not self._task.finished

    def follow(self, project: Project) -> None:
        """See to it that every repair that is on gets its masks, as far as the clip is analysed.

        One wish is tried once: what the user stopped stays stopped until the repairs change or more is analysed.
        """
        wish = self._wish_of(project)
        if self._products is None or wish == self._wish:
            return
        self._wish = wish
        self.stop()
        if wish:
            self._task = self._scheduler.submit(
                self._engine.repair_job(self._products, project),
                JOB,
                subject=self._info.path,
                priority=Priority.TRACK,
            )

    @property
    def task(self) -> Task[int] | None:
        """The last carrying that was begun and not given up."""
        return self._task

    def stop(self) -> None:
        """Cancel what is under way; whole pieces stay. Does not wait."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def put_aside(self) -> None:
        """Cancel what is under way; the next `follow` begins it again."""
        self.stop()
        self._wish = ()

    def _wish_of(self, project: Project) -> Hashable:
        """Return what decides which masks are needed; () for none."""
        strokes = frozenset((r.shape_digest, r.brush.back, r.brush.ahead) for r in project.repairs if r.on)
        if not strokes or self._products is None:
            return ()
        meta = self._products.meta
        return strokes, meta.done, meta.cuts
