"""Keeps the focus check of the open clip up to date in the background, shows it, and walks through its problems.

The newest request wins, and a check that was overtaken is broken off between two targets; what was measured stays.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rvr_laaf_app.ui import focus_texts
from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.viewer.zone_bars import ZoneBars

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.document import Change
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.jobs.scheduler import JobStatus
    from rvr_laaf_app.pipeline.focus_check import FocusReport
    from rvr_laaf_app.pipeline.focus_problems import FocusProblem
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.editing import Editing
    from rvr_laaf_app.ui.panels.problems_panel import ProblemsPanel
    from rvr_laaf_app.ui.pictures import ClipPictures
    from rvr_laaf_app.ui.stage import Stage
    from rvr_laaf_app.ui.viewer.picture_view import PictureView

GATHER_MS = 40  # changes that come within are checked together
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wish:
    clip: ClipPictures
    project: Project
    generation: int


class FocusWatch(QObject):
    """Watches one session; everything but the check itself runs in the GUI thread."""

    changed = Signal()  # what is known of the focus, or whether it is known

    def __init__(self, session: Session, stage: Stage, editing: Editing, bridge: GuiBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._stage, self._editing, self._bridge = session, stage, editing, bridge
        self._bars: ZoneBars | None = None
        self._panel: ProblemsPanel | None = None
        self._clip: ClipPictures | None = None
        self._report: FocusReport | None = None
        self._failed = False
        self._chosen: FocusProblem | None = None
        self._settled: Hashable = None
        self._generation = self._delivered = 0
        self._worker: NewestWorker[_Wish] = NewestWorker(self._work, name="focus-check")
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(GATHER_MS)
        self._gather.timeout.connect(self._submit)
        stage.index_changed.connect(self._show_bars)
        self._unsubscribe = [
            session.on_change(self._changed),
            session.on_job(self._job_told),
            session.on_clip(self._clip_told),
        ]

    def show_in(self, picture: PictureView, panel: ProblemsPanel) -> None:
        """Show bars over `picture` and the problems in `panel`, as far as the user wants to see them."""
        self._bars, self._panel = ZoneBars(picture), panel
        self._bars.setVisible(self._session.settings.zone_bars)
        panel.setVisible(self._session.settings.problem_list)
        panel.row_chosen.connect(self.go_to)

    def ask_to_end(self) -> None:
        """Hear no more of the session and break off the check under way; does not wait."""
        for end in self._unsubscribe:
            end()
        self._unsubscribe = []
        self._gather.stop()
        self._generation += 1  # breaks off the check under way
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        return self._worker.close(timeout_s)

    @property
    def report(self) -> FocusReport | None:
        """The newest result; None while there is none for this clip."""
        return self._report

    @property
    def problems(self) -> tuple[FocusProblem, ...]:
        """The problems that are known."""
        return self._report.problems if self._report is not None else ()

    @property
    def up_to_date(self) -> bool:
        """True if nothing is being checked."""
        return not self._gather.isActive() and self._delivered == self._generation

    @property
    def count_text(self) -> str:
        """How many problems there are, for the status line; empty without targets."""
        targets = any(t.strength != "suggested" for t in self._session.project.targets)
        return focus_texts.count_text(self._report, len(self.problems)) if self._clip and targets else ""

    def export_text(self, start_s: float | None, stop_s: float | None) -> tuple[str, bool]:
        """Return what the check found between two times, and whether that is a problem."""
        info = self._session.clip
        if info is None or info.table is None or not self._session.project.targets:
            return "", False
        start = 0 if start_s is None else info.table.index_at(start_s)
        stop = info.frames if stop_s is None else info.table.index_at(stop_s) + 1
        inside = [p for p in self.problems if p.start < stop and p.stop > start]
        return focus_texts.export_text(self._report, inside), bool(inside)

    # What is shown, and the way through it

    def show_bars(self, shown: bool) -> None:
        """Show or hide the bars, and remember it."""
        self._session.remember_shown(zone_bars=shown)
        if self._bars is not None:
            self._bars.setVisible(shown)

    def show_list(self, shown: bool) -> None:
        """Show or hide the list, and remember it."""
        self._session.remember_shown(problem_list=shown)
        if self._panel is not None:
            self._panel.setVisible(shown)

    def walk(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) problem from here; behind the last one comes the first."""
        problems, index = self.problems, self._stage.index
        if not problems:
            return
        here = self._chosen
        if here in problems and here.frame == index:
            number = problems.index(here) + direction
        elif direction > 0:
            number = next((n for n, p in enumerate(problems) if p.frame > index), 0)
        else:
            number = next((n for n in reversed(range(len(problems))) if problems[n].frame < index), -1)
        self.go_to(number % len(problems))

    @Slot(int)
    def go_to(self, number: int) -> None:
        """Go to a problem: the frame where it is seen best, and its target."""
        problem = self.problems[number]
        self._chosen = problem
        self._stage.seek(problem.frame)
        if self._session.project.target(problem.target_id) is not None:
            self._editing.select(problem.target_id)
        if self._panel is not None:
            self._panel.choose(number)

    # What happened

    def show_clip(self) -> None:
        """Begin anew if the stage shows another clip."""
        if self._stage.pictures is not self._clip:
            self._clip = self._stage.pictures
            self._report, self._chosen, self._failed, self._settled = None, None, False, None
            self._show()
        self._request()

    def _clip_told(self) -> None:
        if self._session.clip_state == "offline":  # no clip comes, so `show_clip` is not called
            self._show()

    def _changed(self, change: Change) -> None:
        if change.kind != "open":
            self._request()
            self._show()

    def _job_told(self, status: JobStatus) -> None:
        products = self._session.products
        settled = None if products is None else (products.complete, products.meta.final)
        if settled != self._settled:
            self._settled = settled
            self._request()

    def _request(self) -> None:
        if not self._gather.isActive():
            self._gather.start()

    @Slot()
    def _submit(self) -> None:
        clip = self._clip
        if clip is not None and clip.products is not None:
            self._generation += 1
            self._worker.submit(_Wish(clip, self._session.project, self._generation))

    def _deliver(self, wish: _Wish, report: FocusReport | None) -> None:
        if wish.clip is not self._clip or wish.generation <= self._delivered:
            return
        self._delivered = wish.generation
        self._report, self._failed = report, report is None
        self._show()

    def _show(self) -> None:
        self._show_bars(self._stage.index)
        info, panel = self._session.clip, self._panel
        if panel is not None and self._session.clip_state == "offline":
            panel.show_rows((), focus_texts.tr("The clip was not found, so focus cannot be checked."))
        if panel is not None and info is not None and info.table is not None:
            problems = self.problems
            state = focus_texts.state_text(
                self._session.project, self._report, failed=self._failed, possible=self._session.products is not None
            )
            same = (n for n, p in enumerate(problems) if self._chosen is not None and _alike(p, self._chosen))
            number = next(same, -1)
            self._chosen = problems[number] if number >= 0 else None
            panel.show_rows(focus_texts.rows_of(problems, info.table), state, chosen=number)
        self.changed.emit()

    @Slot(int)
    def _show_bars(self, index: int) -> None:
        if self._bars is not None:
            project = self._session.project
            bars = focus_texts.bars_of(project, self._report, index) if self._clip is not None else ()
            self._bars.set_bars(bars)

    # In the worker's thread

    def _work(self, wish: _Wish) -> None:
        try:
            report = self._check(wish)
        except Exception as error:
            log.info("the focus cannot be checked", exc_info=error)
            self._bridge.post(lambda: self._deliver(wish, None))
            return
        if report is not None:
            self._bridge.post(lambda: self._deliver(wish, report))

    def _check(self, wish: _Wish) -> FocusReport | None:
        """Return the report; None if a newer wish came meanwhile."""
        from rvr_laaf_app.pipeline.focus_check import check_job

        products = wish.clip.products
        if products is None:
            return None
        job = check_job(products, wish.project, wish.clip.curve(wish.project))
        while True:
            if wish.generation != self._generation:
                job.close()
                return None
            try:
                next(job)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]


def _alike(first: FocusProblem, second: FocusProblem) -> bool:
    """Tell whether two checks mean the same spot."""
    overlap = first.start < second.stop and second.start < first.stop
    return overlap and (first.kind, first.target_id) == (second.kind, second.target_id)
