"""From a wish of the export window to the exports that fulfil it, and what there is to say about them beforehand."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.export_queue_estimate import Estimate, ExportSize, free_bytes
from rvr_laaf_app.app.export_queue_names import free_path, name_of
from rvr_laaf_app.app.export_queue_progress import written_size
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.ui import export_texts
from rvr_laaf_app.ui.export_texts import tr
from rvr_laaf_app.ui.panels.export_wish import Advice, ExportSource, ExportWish

if TYPE_CHECKING:
    from rvr_laaf_app.app.export_queue import ExportQueue
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.app.work import ClipWork
    from rvr_laaf_app.media.probe import ClipInfo

_SAFETY = 1.2  # an estimate of the size this much below the free space is no reason to worry


@dataclass(frozen=True, slots=True)
class Planned:
    """One export that a wish means."""

    title: str
    project: Project
    choice: ExportChoice
    size: ExportSize


def source_of(session: Session) -> ExportSource | None:
    """Return what of the open clip could be exported; None if there is none."""
    info = session.clip
    if info is None or info.table is None:
        return None
    clips = [c for c in session.production.clips if c.project.clip is not None]
    return ExportSource(
        info.fingerprint,
        str(Path(info.path).absolute().parent),
        info.display_size,
        info.table.duration_s,
        marks_of(session.project, info),
        len(clips),
    )


def marks_of(project: Project, info: ClipInfo) -> tuple[float, float] | None:
    """Return the marked range of a clip in seconds, None if nothing is marked."""
    table, marks = info.table, project.play_range
    if table is None or not marks.is_set:
        return None
    start, stop = marks.frames(len(table))
    end_s = table.duration_s if stop >= len(table) else table.seconds_of(stop)
    return table.seconds_of(start), end_s


def planned(session: Session, queue: ExportQueue, wish: ExportWish) -> tuple[Planned, ...]:
    """Return the exports of a wish, with names that nobody has yet; raise RvrError for what cannot be."""
    if not wish.folder:
        raise UsageError("choose a folder")
    entries = [c for c in session.production.clips if c.project.clip is not None]
    if not wish.all_clips:
        entries = [c for c in entries if c.id == session.production.shown]
    taken, found = queue.outputs(), []
    for entry in entries:
        work = session.clips.work(entry.id)
        if work is None:
            raise UsageError(f"the clip {entry.title} was not found", remedy="Find it first, or export one clip.")
        one = _one(wish, entry.project, work, taken, clip=Path(entry.title).stem, title=session.title)
        taken = [*taken, one.choice.path]
        found.append(one)
    if not found:
        raise UsageError("there is no clip to export")
    return tuple(found)


def _one(wish: ExportWish, project: Project, work: ClipWork, taken: list[str], *, clip: str, title: str) -> Planned:
    info, products = work.info, work.products
    preset, start_s, stop_s = wish.preset, wish.start_s, wish.stop_s
    if wish.marked:
        marks = marks_of(project, info)
        start_s, stop_s = marks if marks is not None else (None, None)
    name = name_of(preset, clip=clip, project=title, start_s=start_s, stop_s=stop_s)
    path = Path(wish.folder) / name
    if not wish.overwrite:
        path = free_path(path, taken, suffix=preset.suffix)
    choice = preset.choice(str(path), start_s=start_s, stop_s=stop_s, overwrite=wish.overwrite)
    frames = frames_between(info, start_s, stop_s)
    missing = 0 if products is None else max(products.meta.frames - products.meta.final, 0)
    size = ExportSize(frames, written_size(info.display_size, preset.long_side), missing)
    return Planned(clip, project, choice, size)


def frames_between(info: ClipInfo, start_s: float | None, stop_s: float | None) -> int:
    """Return how many frames lie between two times, as the export counts them."""
    table = info.table
    if table is None or (start_s is None and stop_s is None):
        return info.frames
    first = table.index_at(start_s or 0.0)
    if stop_s is None or stop_s >= table.duration_s:
        return max(len(table) - first, 1)
    half_tick = float(table.time_base) / 2
    return max(sum(1 for s in table.times_s[first:] if s < stop_s - half_tick), 1)


class Adviser:
    """Answers the export window. check: what the focus check found between two times, and whether that is bad."""

    def __init__(
        self, session: Session, queue: ExportQueue, check: Callable[[float | None, float | None], tuple[str, bool]]
    ) -> None:
        self._session, self._queue, self._check = session, queue, check

    def __call__(self, wish: ExportWish) -> Advice:
        """Return what there is to say about a wish."""
        if self._session.clip is None:
            return Advice(tr("Open a clip first."), possible=False)
        text, bad = self._check(wish.start_s, wish.stop_s)
        text = text or tr("No targets: nothing has to be sharp.")
        try:
            jobs = planned(self._session, self._queue, wish)
        except RvrError as error:
            said = f"{error.what[:1].upper()}{error.what[1:]}. {error.remedy}".strip()
            return Advice(said, result_bad=True, check=text, check_bad=bad, possible=False)
        names = Path(jobs[0].choice.path).name
        if len(jobs) > 1:
            names = tr("{0} and {1} more", names, str(len(jobs) - 1))
        estimates = [self._queue.paces.estimate(j.choice, j.size) for j in jobs]
        whole = Estimate(
            sum(e.size_bytes for e in estimates),
            math.fsum(e.seconds for e in estimates),
            any(e.rough for e in estimates),
        )
        there = os.path.isdir(wish.folder)  # False, not an error, for what is too long to be a path
        room, short = _room(Path(wish.folder), whole, there=there)
        return Advice(
            names, False, export_texts.estimate_text(whole, jobs=len(jobs)), room, short, text, bad, possible=there
        )


def _room(folder: Path, estimate: Estimate, *, there: bool) -> tuple[str, bool]:
    """Return how much space is free, and whether that may be too little. It warns; the export itself checks again."""
    if not there:
        return tr("This folder does not exist. Make it first, or choose another."), True
    free = free_bytes(folder)
    if free is None:
        return "", False
    said = tr("{0} free on this disk", export_texts.size_text(free))
    if free < estimate.size_bytes * _SAFETY:
        return tr("{0}: probably not enough. Choose another folder or free some space.", said), True
    return said, False
