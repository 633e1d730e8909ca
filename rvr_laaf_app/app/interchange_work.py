"""Focus as files of other programs: the work behind writing targets or the curve, and behind reading a file.

Generators over values and the engine. What a format carries, and how a file becomes targets: document.interchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.app.engine import Engine
from rvr_laaf_app.app.tracking import found, missing_tracks
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.jobs.scheduler import FinishReason, Task

if TYPE_CHECKING:
    from rvr_laaf_app.document.interchange.incoming import Incoming
    from rvr_laaf_app.document.interchange.sheet import What
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts


@dataclass(frozen=True, slots=True)
class FocusFile:
    """What to write where. format: a name of document.interchange.formats; first_frame None: as is usual there."""

    path: str
    format: str
    what: What
    with_tracks: bool = False
    first_frame: int | None = None
    overwrite: bool = False

    @property
    def needs_curve(self) -> bool:
        """True if the clip must be analysed and its subjects followed."""
        return self.what != "targets"


@dataclass(frozen=True, slots=True, eq=False)
class ReadFocus:
    """A file that was read. title: of its format."""

    path: str
    title: str
    incoming: Incoming


def check_focus_file(wish: FocusFile, project: Project) -> None:
    """Raise UsageError or ExportError now for what would fail only after minutes of work."""
    from rvr_laaf_app.document.interchange.formats import check_destination, format_for

    path = Path(wish.path)
    format_ = format_for(path, wish.format)
    if wish.what not in format_.whats:
        raise UsageError(f"{format_.title} cannot carry {wish.what}")
    if wish.what == "targets" and not project.targets:
        raise UsageError("there are no targets to write", remedy="Set one first: click a subject in the picture.")
    check_destination(path, overwrite=wish.overwrite)


def write_focus_job(
    engine: Engine,
    project: Project,
    info: ClipInfo,
    products: ClipProducts | None,
    wish: FocusFile,
    *,
    tracks: Sequence[Task[SubjectTrack]] = (),
) -> Job[FocusFile]:
    """Complete what the file needs, and write it. tracks: finished tracking whose results may fit."""
    from rvr_laaf_app.document.interchange.formats import FORMATS, write_file
    from rvr_laaf_app.document.interchange.sheet import CurveSamples, FocusSheet, curve_samples

    curve: CurveSamples | None = None
    for task in tracks:
        if task.status.reason is FinishReason.COMPLETED:
            project = found(task.result(0))(project)
    if wish.needs_curve:
        from rvr_laaf_app.pipeline.focus import curve_of

        if products is None:
            raise UsageError("the clip cannot be analysed on this machine", where=info.path)
        if not products.complete:
            yield from engine.analyse_job(products)
        for missing in missing_tracks(project, info.frames):
            track = yield from engine.track_job(products, project, missing.target_id)
            project = found(track)(project)
        yield Progress(0, None, "writing")
        focus = curve_of(products, project)
        width = info.display_size[0]
        curve = curve_samples(focus.focus_disparity, focus.state, lens=project.lens, width_px=width)
    yield Progress(0, None, "writing")
    assert info.table is not None
    sheet = FocusSheet(
        project, info.table, info.display_size, curve, with_tracks=wish.with_tracks, first_frame=wish.first_frame
    )
    write_file(Path(wish.path), sheet, FORMATS[wish.format], what=wish.what, overwrite=wish.overwrite)
    return wish


def read_focus_job(path: str) -> Job[ReadFocus]:
    """Read a file of focus targets; raises ProjectError or UsageError for what is wrong with it."""
    from rvr_laaf_app.document.interchange.formats import FORMATS, read_file

    yield Progress(0, None, "reading")
    readable = [f for f in FORMATS.values() if f.read is not None]
    format_ = next((f for f in readable if Path(path).suffix.lower() in f.suffixes), None)
    if format_ is None:
        endings = ", ".join(ending for f in readable for ending in f.suffixes)
        raise UsageError("no targets can be read from such a file", where=path, remedy=f"Choose one of {endings}.")
    return ReadFocus(path, format_.title, read_file(Path(path), format_))
