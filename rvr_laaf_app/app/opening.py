"""Jobs that open a clip or a project in the background: nothing of the session changes until they have succeeded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.app.engine import Engine
from rvr_laaf_app.core.errors import MediaError, ProjectError, RvrError
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.journal import Recovery
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.production import ClipEntry, Production
from rvr_laaf_app.document.project import ClipRef, LensSettings, Project
from rvr_laaf_app.document.store import Stamp, is_local_file, read_project
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.jobs.scheduler import FinishReason, Task

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts


@dataclass(frozen=True, slots=True)
class OpenedClip:
    """A clip that can be shown. products is None, and problem says why, if it cannot be analysed on this machine."""

    info: ClipInfo
    products: ClipProducts | None
    problem: RvrError | None = None

    @property
    def reference(self) -> ClipRef:
        """How a project refers to the clip."""
        return ClipRef(os.path.abspath(self.info.path), self.info.fingerprint, self.info.frames)


@dataclass(frozen=True, slots=True)
class FoundClip:
    """What became of looking for one clip: its project with the path where it is. clip None: problem says why."""

    project: Project
    clip: OpenedClip | None
    problem: RvrError | None


@dataclass(frozen=True, slots=True, eq=False)
class Adding:
    """A clip on its way into the list. Clips of one batch are one undo step; show: it is shown when it is there.

    depth: where its depth comes from.
    """

    clip_id: str
    batch: object
    show: bool
    label: str
    depth: DepthSource = DEFAULT_SOURCE


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening job brings.

    path and stamp are those of the project file, None for a fresh project. clip is that of the shown clip, None if it
    is offline, and problem says why. places: where each of the other clips may be; missing: those that are in none of
    them. lock is None for a fresh project, and if the file is read only, for which read_only gives the reason.
    recovered: the unsaved work that this is a copy of. unsaved: it is in no file of its own yet.
    """

    production: Production
    clip: OpenedClip | None = None
    problem: RvrError | None = None
    path: Path | None = None
    stamp: Stamp | None = None
    lock: ProjectLock | None = None
    read_only: str = ""
    recovered: Recovery | None = None
    unsaved: bool = False
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    @property
    def project(self) -> Project:
        """The project of the shown clip."""
        return self.production.project


def open_clip(engine: Engine, path: str, depth: DepthSource = DEFAULT_SOURCE) -> OpenedClip:
    """Probe a clip and find its analysis; raise MediaError if it has no pictures."""
    info = engine.probe(path)
    if info.frames == 0:
        raise MediaError("the file has sound but no pictures", where=path, remedy="Open a video or a photograph.")
    try:
        return OpenedClip(info, engine.products_of(info, depth))
    except RvrError as error:  # missing weights, a cache folder that cannot be written: the clip can still be seen
        return OpenedClip(info, None, error)


def open_clip_job(engine: Engine, path: str, lens: LensSettings) -> Job[Opened]:
    """Open a clip into a fresh project that begins with this lens."""
    yield Progress(0, 1, "opening")
    clip = open_clip(engine, path)
    return Opened(Production.of(Project(clip=clip.reference, lens=lens)), clip, clip.problem)


def relink_job(engine: Engine, path: str) -> Job[Opened]:
    """Open the clip that the user says is the one of the project."""
    yield Progress(0, 1, "opening")
    clip = open_clip(engine, path)
    return Opened(Production.of(Project(clip=clip.reference)), clip, clip.problem)


def add_job(engine: Engine, path: str, depth: DepthSource = DEFAULT_SOURCE) -> Job[OpenedClip]:
    """Open a clip that is to join the others."""
    yield Progress(0, 1, "opening")
    return open_clip(engine, path, depth)


def find_job(engine: Engine, project: Project, places: tuple[str, ...]) -> Job[FoundClip]:
    """Look for one clip of a project in these places and open it."""
    yield Progress(0, 1, "opening")
    return find_clip(engine, project, places)


def recover_job(engine: Engine, recovery: Recovery) -> Job[Opened]:
    """Open unsaved work of an earlier session as a copy without a file of its own."""
    yield Progress(0, 1, "opening")
    production, missing = recovery.production, _missing(recovery.production)
    shown = production.project
    found = find_clip(engine, shown, (shown.clip.path,) if shown.clip is not None else ())
    production = production.edited(production.shown, lambda _: found.project)
    return Opened(production, found.clip, found.problem, recovered=recovery, unsaved=True, missing=missing)


def open_version_job(engine: Engine, backup: Path, project: Path) -> Job[Opened]:
    """Open an earlier save of a project as a copy without a file of its own; the project stays as it is."""
    yield Progress(0, 1, "opening")
    loaded = read_project(backup, beside=project)
    production, places = loaded.production, loaded.places
    missing = _missing(production)
    found = find_clip(engine, loaded.project, places.get(production.shown, ()))
    production = production.edited(production.shown, lambda _: found.project)
    return Opened(production, found.clip, found.problem, unsaved=True, places=places, missing=missing)


def open_project_job(engine: Engine, path: Path) -> Job[Opened]:
    """Open a project and its clip. A clip that is not there, or is another one, leaves the project offline, whole."""
    yield Progress(0, 2, "opening")
    lock, read_only = None, ""
    try:
        lock = ProjectLock.acquire(path)
    except ProjectError as error:
        read_only = str(error)
    handed_over = False
    try:
        loaded = read_project(path)
        yield Progress(1, 2, "opening")
        production, missing = loaded.production, _missing(loaded.production)
        found = find_clip(engine, loaded.project, loaded.places.get(production.shown, ()))
        production = production.edited(production.shown, lambda _: found.project)
        handed_over = True
        return Opened(
            production,
            found.clip,
            found.problem,
            path,
            loaded.stamp,
            lock,
            read_only,
            places=loaded.places,
            missing=missing,
        )
    finally:
        if lock is not None and not handed_over:
            lock.release()


def find_clip(engine: Engine, project: Project, places: tuple[str, ...]) -> FoundClip:
    """Open the first place where the project's own clip lies, known by its content."""
    wanted = project.clip
    if wanted is None:
        return FoundClip(project, None, None)
    problem: RvrError = MediaError(
        "the clip of this project was not found", where=wanted.path, remedy="Put it back, or choose where it is now."
    )
    for path in places:
        try:
            if not is_local_file(path):
                continue
            if wanted.fingerprint and engine.fingerprint(path) != wanted.fingerprint:
                problem = MediaError(
                    "this is not the clip that the project was made with",
                    where=path,
                    remedy="Choose where the clip is now, or choose this one to use it anyway.",
                )
                continue
            clip = open_clip(engine, path, project.depth)
        except RvrError as error:
            problem = error
            continue
        reference = replace(wanted, path=os.path.abspath(path)) if wanted.fingerprint else clip.reference
        if reference == wanted:
            return FoundClip(project, clip, clip.problem)
        return FoundClip(replace(project, clip=reference), clip, clip.problem)
    return FoundClip(project, None, problem)


def let_go(task: Task[Opened]) -> None:
    """Release what an opening that is not wanted any more has brought."""
    if task.status.reason is FinishReason.COMPLETED:
        lock = task.result(0).lock
        if lock is not None:
            lock.release()


def _missing(production: Production) -> frozenset[str]:
    """Return the clips whose file is not there; a look at the folders is enough for that."""

    def gone(entry: ClipEntry) -> bool:
        clip = entry.project.clip
        return clip is not None and not is_local_file(clip.path)

    return frozenset(c.id for c in production.clips if gone(c))
