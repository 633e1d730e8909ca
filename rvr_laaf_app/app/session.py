"""What the program can do with one open project: open, edit, save, analyse, track, export. No Qt, no pixels.

A Session belongs to the thread that made it; every method and property is for that thread only. Work runs in the
lanes of a scheduler, and what it finds comes back through `post`, a function that runs a callable in the owner's thread
later, never at once (the window's bridge, or jobs.mailbox.Mailbox).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rvr_laaf_app.app.backups import backup_folder
from rvr_laaf_app.app.editor import PROJECT_SUFFIX, ProjectEditor
from rvr_laaf_app.app.engine import Engine, PipelineEngine
from rvr_laaf_app.app.observers import Observers
from rvr_laaf_app.app.open_clips import OpenClips
from rvr_laaf_app.app.opening import (
    Adding,
    FoundClip,
    Opened,
    OpenedClip,
    add_job,
    let_go,
    open_clip_job,
    open_project_job,
    open_version_job,
    recover_job,
    relink_job,
)
from rvr_laaf_app.app.project_file import ProjectFile
from rvr_laaf_app.app.session_depth import SessionDepth
from rvr_laaf_app.app.session_interchange import SessionInterchange
from rvr_laaf_app.app.session_suggestions import SessionSuggestions
from rvr_laaf_app.app.settings import save_settings
from rvr_laaf_app.app.tracking import found
from rvr_laaf_app.app.work import ClipWork, as_problem
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.document import Change
from rvr_laaf_app.document.journal import Recovery
from rvr_laaf_app.document.production import ClipEntry, Production, add_clips, new_clip_id
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job
from rvr_laaf_app.jobs.scheduler import FinishReason, JobState, JobStatus, Priority, Scheduler, Task

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts

T = TypeVar("T")
Post = Callable[[Callable[[], None]], None]
ClipState = Literal["none", "opening", "online", "offline"]
log = logging.getLogger(__name__)


class Session(ProjectEditor, SessionSuggestions, SessionInterchange, SessionDepth):
    """One window's worth of work. `close` it in the end.

    Observers (each `on_...` returns the function that ends the subscription), all called in the owner's thread:
    on_change(Change) for each new value of the project, kind "open" when it is another project altogether;
    on_job(JobStatus) for each change and progress of a job; a finished job's result is in the project before that;
    on_problem(RvrError) for what went wrong in the background; on_clip() when clip, clip state, path or title changed;
    on_clips() when anything about the list of clips changed. Methods that do something at once raise RvrError
    themselves.

    Of several clips one is shown; `project`, `clip`, `products`, every edit and on_job speak of that one. When another
    is shown, the unfinished jobs of the former are told once more as finished, since nobody hears of them after that.
    """

    def __init__(self, post: Post, *, engine: Engine | None = None) -> None:
        super().__init__()
        self._engine: Engine = engine or PipelineEngine()
        self._scheduler = Scheduler(lambda status: post(lambda: self._job_told(status)))
        self._job: Observers[[JobStatus]] = Observers()
        self.on_job = self._job.add
        self._clips_changed: Observers[[]] = Observers()
        self.on_clips = self._clips_changed.add
        self._told: dict[int, JobStatus] = {}  # unfinished jobs of clips that on_job was told of
        self._exports: list[Task[Any]] = []
        self._clips = OpenClips(self._engine, self._scheduler, self._exports, self._clip_found, self._track_found)
        self._done: dict[int, Callable[[], object]] = {}  # by job: what to do when it is over
        self._openings: dict[int, Task[Opened]] = {}
        self._opening: Task[Opened] | None = None
        self._relinking: Task[Opened] | None = None
        self._relinked_id = ""
        self._closed = False

    # What is open

    @property
    def clip(self) -> ClipInfo | None:
        """What is known of the open clip; None if there is none or it is offline."""
        return self._work.info if self._work else None

    @property
    def products(self) -> ClipProducts | None:
        """The analysis of the clip, as far as it is; None without a clip, or if it cannot be analysed here."""
        return self._work.products if self._work else None

    @property
    def _work(self) -> ClipWork | None:
        return self._clips.work(self.production.shown)

    @property
    def clip_state(self) -> ClipState:
        """none: nothing is open; opening; online: the clip is there; offline: a project whose clip was not found."""
        if self._opening is not None:
            return "opening"
        if self.project.clip is None:
            return "none"
        state = self._clips.state(self.production.shown)
        return "opening" if state == "waiting" else state

    # Opening

    def open(self, path: str | Path) -> Task[Opened]:
        """Open a project (.rvr) or a clip in the background, see `open_project` and `open_clip`."""
        if Path(path).suffix.lower() == PROJECT_SUFFIX:
            return self.open_project(path)
        return self.open_clip(path)

    def open_clip(self, path: str | Path) -> Task[Opened]:
        """Begin a new project with a clip. What was open stays until the clip has been read; failure: on_problem.

        The result is there when on_change (kind "open") and on_clip were called. Unsaved changes of what was open stay
        in its journal and are offered by `recoveries`.
        """
        return self._open(open_clip_job(self._engine, str(path), self._settings.lens), str(path))

    def open_project(self, path: str | Path) -> Task[Opened]:
        """Open a project file; like `open_clip`. If its clip is missing the state is "offline", told by on_problem."""
        return self._open(open_project_job(self._engine, Path(path)), str(path))

    def relink(self, path: str | Path, clip_id: str | None = None) -> Task[Opened]:
        """Say where a clip (default: the shown one) is now; all targets stay. Undo does not take it back."""
        entry = self.production.entry(clip_id or self.production.shown)
        if entry is None or entry.project.clip is None:
            raise UsageError("there is no clip to look for")
        task = self._open(relink_job(self._engine, str(path)), str(path))
        self._relinking, self._relinked_id = task, entry.id
        return task

    def open_version(self, project: Path, generation: int) -> Task[Opened]:
        """Open an earlier save of a project as an unsaved copy; the project's file stays as it is."""
        backup = backup_folder(project) / f"{generation:09d}.rvr"
        return self._open(open_version_job(self._engine, backup, project), str(project))

    # Several clips

    def show_clip(self, clip_id: str) -> bool:
        """Show another clip of the project, at once; False if it is shown already or there is none of this id."""
        if self._in_gesture:
            self.end_gesture()
        return self._document.show(clip_id)

    def add_clips(
        self, paths: Sequence[str | Path], *, show: bool = True, depth: DepthSource = DEFAULT_SOURCE
    ) -> list[str]:
        """Add clips in the background, each as soon as it was read, all as one undo step; return the ids to be.

        What cannot be read is told by on_problem, and is not added. show: the first one is shown when it is there.
        """
        batch, label = object(), "Add clip" if len(paths) == 1 else "Add clips"
        ids = []
        for number, path in enumerate(paths):
            adding = Adding(new_clip_id(self.production), batch, show and number == 0, label, depth)
            job = add_job(self._engine, str(path), depth)
            self.run(job, "open", subject=str(path), done=partial(self._added, adding))
            ids.append(adding.clip_id)
        return ids

    def run(self, job: Job[T], name: str, *, subject: str = "", done: Callable[[Task[T]], object]) -> Task[T]:
        """Do a short piece of work in the background; `done(task)` is called in the owner's thread when it is over."""
        task = self._scheduler.submit(job, name, subject=subject, lane="io", priority=Priority.OPEN)
        self._done[task.status.id] = partial(done, task)
        return task

    def use_places(self, places: Mapping[str, tuple[str, bool]]) -> None:
        """Say where clips are now: by id the path, and whether it is surely the same clip. Undo does not take it back.

        They are opened in the background; another clip than the former one is taken as it is.
        """
        for clip_id, (path, same) in places.items():
            self._clips.lose(clip_id, path)
            self._document.amend("Find clip", partial(edits.set_place, path=path, same=same), clip_id=clip_id)
        self._clips.go_on(self.production)
        self._clip_changed.tell()
        self._clips_changed.tell()

    @property
    def clips(self) -> OpenClips:
        """What is known of each clip: found or not, how far its analysis is. Only to look at."""
        return self._clips

    def analyse_others(self, wanted: bool) -> None:
        """Say whether clips that are not shown are analysed when nothing else is to do."""
        self._clips.analyse_others = wanted
        self._clips.go_on(self.production)

    def new(self) -> None:
        """Close what is open and start with an empty project."""
        self._adopt(Opened(Production()))

    def recover(self, recovery: Recovery) -> Task[Opened]:
        """Open unsaved work as a new, unsaved copy. Its journal stays until the copy is saved."""
        return self._open(recover_job(self._engine, recovery), str(recovery.project_path or "unsaved work"))

    # Long work

    @property
    def jobs(self) -> list[JobStatus]:
        """The jobs that are not finished."""
        return [task.status for task in self._scheduler.tasks()]

    def start_analysis(self) -> Task[ClipProducts]:
        """Analyse what is missing of the clip, or return the analysis under way. Raises UsageError if impossible."""
        return self._need_work().start_analysis()

    def stop_repairs(self) -> None:
        """Give up carrying repairs until they change or more is analysed. An export carries them all the same."""
        if self._work is not None:
            self._work.repairs.stop()

    def start_tracking(self, target_id: str, *, forwards: bool = True, backwards: bool = True) -> None:
        """Follow a subject again, after or before the target's own frame, or both. Ordinarily it starts by itself."""
        if self.project.target(target_id) is None:
            raise UsageError(f"there is no target {target_id!r}")
        self._need_work().follow_again(target_id)

        def again(project: Project) -> Project:
            if project.target(target_id) is None:
                return project
            return edits.forget_track(project, target_id, forwards=forwards, backwards=backwards)

        self._document.amend("Track again", again)
        self._follow()

    def ask_to_end(self) -> None:
        """Cancel all jobs and take no new ones; does not wait. `close` has to follow."""
        self._scheduler.ask_to_end()

    def close(self, timeout_s: float = 30.0) -> bool:
        """End everything: cancel jobs, join threads, let go of the file. False if a thread did not end in time.

        Unsaved changes stay in the journal and are offered next time, unless `discard_changes` was called.
        """
        if self._closed:
            return True
        self._closed = True
        ended = self._scheduler.shutdown(timeout_s)
        for task in self._openings.values():
            let_go(task)
        self._file.close(keep_journal=self._document.modified)
        save_settings(self._settings)
        return ended

    # Inside

    def _open(self, job: Job[Opened], subject: str) -> Task[Opened]:
        if self._opening is not None:
            self._opening.cancel()
        self._opening = task = self._scheduler.submit(job, "open", subject=subject, lane="io", priority=Priority.OPEN)
        self._openings[task.status.id] = task
        self._clip_changed.tell()
        return task

    def _job_told(self, status: JobStatus) -> None:
        """Hear of a job, in the owner's thread: first use its result, then tell the others."""
        if self._closed:
            return
        problem, of_clip = None, self._clips.owns(status)
        shown = self._clips.concerns_shown(status)
        if status.finished:
            problem = as_problem(status)
            opening, done = self._openings.pop(status.id, None), self._done.pop(status.id, None)
            if opening is not None:
                self._opened(opening)
            elif done is not None:
                done()
            elif self._clips.finished(status, self.production):
                self._clips.go_on(self.production)
        if not of_clip or shown or status.id in self._told:
            self._tell_job(status, of_clip=of_clip)
        if of_clip or status.finished:
            self._clips_changed.tell()
        if problem is not None and (shown or not of_clip):
            self._problem.tell(problem)

    def _tell_job(self, status: JobStatus, *, of_clip: bool) -> None:
        if of_clip and not status.finished:
            self._told[status.id] = status
        else:
            self._told.pop(status.id, None)
        self._job.tell(status)

    def _leave_jobs(self) -> None:
        """Tell those who watch the screen that the jobs of the clip that was shown are over for them."""
        for status in list(self._told.values()):
            if not self._clips.concerns_shown(status):
                over = replace(status, state=JobState.FINISHED, reason=FinishReason.CANCELLED)
                self._tell_job(over, of_clip=True)

    def _opened(self, task: Task[Opened]) -> None:
        if task is not self._opening:  # overtaken by a later one
            let_go(task)
            return
        self._opening = None
        if task.status.reason is not FinishReason.COMPLETED:
            self._clip_changed.tell()
        elif task is self._relinking:
            self._relinked(task.result(0))
        else:
            self._adopt(task.result(0))

    def _adopt(self, opened: Opened) -> None:
        """Put what was opened in the place of what was open."""
        old, before = self.project, self.production
        file = ProjectFile(
            opened.production,
            path=opened.path,
            stamp=opened.stamp,
            lock=opened.lock,
            read_only=opened.read_only,
            recovered=opened.recovered,
        )
        self._begin(opened.production, file)
        if opened.unsaved:
            self._document.mark_unsaved()
        self._clips.begin(opened)
        self._leave_jobs()
        remembered = opened.path or (opened.clip.info.path if opened.clip and not opened.unsaved else None)
        if remembered is not None:
            self._remember(remembered)
        self._change.tell(Change(old, opened.project, "Open", "open", before, opened.production))
        self._clip_changed.tell()
        self._clips_changed.tell()
        self._follow()
        self._clips.go_on(self.production)
        if opened.problem is not None:
            self._problem.tell(opened.problem)

    def _relinked(self, opened: Opened) -> None:
        self._relinking = None
        clip_id = self._relinked_id
        assert opened.clip is not None  # else the job had failed
        self._clips.put(clip_id, opened.clip)
        self._document.amend("Find clip", lambda p: edits.set_clip(p, opened.project.clip), clip_id=clip_id)
        self._clip_changed.tell()
        self._clips_changed.tell()
        if opened.problem is not None:
            self._problem.tell(opened.problem)
        self._follow()

    def _added(self, adding: Adding, task: Task[OpenedClip]) -> None:
        """Put a clip that was opened into the list."""
        if task.status.reason is not FinishReason.COMPLETED:
            return
        clip = task.result(0)
        project = Project(clip=clip.reference, lens=self._settings.lens, depth=adding.depth)
        entry = ClipEntry(adding.clip_id, project)
        self._clips.put(entry.id, clip)
        key = ("add", adding.batch)
        self._document.apply_to_all(adding.label, lambda p: add_clips(p, (entry,), show=adding.show), key)

    def _changed(self, change: Change) -> None:
        switched = change.before.shown != change.after.shown
        if switched:
            self._in_gesture = False
            self._clips.show(change.after.shown)
            self._leave_jobs()
        turned = self._turn_to_depth(change)
        super()._changed(change)
        if switched or turned:
            self._clip_changed.tell()
        self._clips.go_on(self.production)
        self._clips_changed.tell()

    def _clip_found(self, clip_id: str, found: FoundClip) -> None:
        """Use what the search for a clip of the open project has brought."""
        path = found.project.clip
        if found.clip is not None:
            self._document.amend("Find clip", lambda p: edits.set_clip(p, path), clip_id=clip_id)
        if clip_id == self.production.shown:
            self._clip_changed.tell()
            if found.problem is not None:
                self._problem.tell(found.problem)
            self._follow()

    def _track_found(self, clip_id: str, track: SubjectTrack) -> None:
        self._document.amend("Track subject", found(track), clip_id=clip_id)

    def _follow(self) -> None:
        if self._work is not None and not self._in_gesture and not self._closed:
            self._work.follow(self.project)
