"""The work of one queued export: find the clip, complete what it needs, write. Generators over values and the engine.

It is in two halves because only the first one writes the analysis of a clip: two of these must take turns, while a
paused second half may rest as long as it likes. A first half that is broken off loses nothing: the analysis goes on
from the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.app.engine import Engine, ExportChoice
from rvr_laaf_app.app.tracking import found, missing_tracks
from rvr_laaf_app.core.atomic import remove_leftovers
from rvr_laaf_app.core.errors import CacheError, MediaError, UsageError
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.document.store import is_local_file
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.jobs.scheduler import FinishReason, Task

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.export import ExportReport
    from rvr_laaf_app.pipeline.products import ClipProducts

PICTURES = "frames"  # what media.frame_sequence calls its temporary folder after, in a target that exists


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A project that can be written: its clip is there and analysed, its targets are followed."""

    project: Project
    products: ClipProducts


def find_clip(engine: Engine, project: Project) -> ClipInfo:
    """Return what is in the project's clip; raise MediaError if it is gone or is another one by now."""
    clip = project.clip
    if clip is None:
        raise UsageError("the project has no clip", remedy="Open one and add it to the queue again.")
    if not is_local_file(clip.path):
        raise MediaError("the clip was not found", where=clip.path, remedy="Put it back, then try again.")
    if clip.fingerprint and engine.fingerprint(clip.path) != clip.fingerprint:
        raise MediaError(
            "this is not the clip that the project was made with",
            where=clip.path,
            remedy="Put the right one there, then try again.",
        )
    return engine.probe(clip.path)


def prepare_job(
    engine: Engine,
    project: Project,
    choice: ExportChoice,
    *,
    products: ClipProducts | None = None,
    tracks: Sequence[Task[SubjectTrack]] = (),
) -> Job[Prepared]:
    """Complete what the export needs; whatever would fail only after minutes of it fails at once.

    products: the analysis as somebody else has it open already. tracks: finished tracking whose results may fit.
    """
    yield Progress(0, None, "opening")
    info = find_clip(engine, project)
    engine.check_export(choice, info)
    if products is None:
        products = engine.products_of(info, project.depth)
    if not products.complete:
        yield from engine.analyse_job(products)
    for task in tracks:
        if task.status.reason is FinishReason.COMPLETED:
            project = found(task.result(0))(project)
    if choice.depth_form is None:
        for wish in missing_tracks(project, info.frames):
            track = yield from engine.track_job(products, project, wish.target_id)
            project = found(track)(project)
    clip = project.clip
    if clip is not None and not clip.fingerprint:
        project = replace(project, clip=replace(clip, fingerprint=info.fingerprint, frames=info.frames))
    return Prepared(project, products)


def write_job(engine: Engine, prepared: Prepared, choice: ExportChoice) -> Job[ExportReport]:
    """Write the result. A part of the analysis that turns out to be damaged on the disk is computed again, once."""
    try:
        return (yield from engine.export_job(prepared.products, prepared.project, choice))
    except CacheError:
        store = prepared.products.store
        store.verify()
        if not store.missing(prepared.products.meta.done):  # nothing was damaged: it would end the same way
            raise
    yield from engine.analyse_job(prepared.products)
    return (yield from engine.export_job(prepared.products, prepared.project, choice))


def tidy(paths: Iterable[str]) -> int:
    """Delete what killed exports to these paths left unfinished; return how many files and folders. Never raises."""
    removed = 0
    for path in paths:
        removed += remove_leftovers(Path(path))
        if Path(path).is_dir():
            removed += remove_leftovers(Path(path) / PICTURES)
    return removed
