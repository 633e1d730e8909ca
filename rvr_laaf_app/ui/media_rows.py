"""From the session to what the media list shows. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING

from rvr_laaf_app.ui.panels.clip_row import ClipRow
from rvr_laaf_app.ui.plural import counted
from rvr_laaf_app.ui.timeline.scale import clock_text

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.production import ClipEntry
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.ui.thumbnails import Thumbnails

Translate = Callable[..., str]


def rows_of(session: Session, pictures: Thumbnails, tr: Translate) -> tuple[ClipRow, ...]:
    """Return one row for each clip of the project."""
    return tuple(_row(session, pictures, entry, tr) for entry in session.production.clips if entry.project.clip)


def wanted_pictures(session: Session) -> tuple[ClipInfo, ...]:
    """Return the clips that are open, to have pictures made of them."""
    works = (session.clips.work(i) for i in session.production.ids)
    return tuple(w.info for w in works if w is not None)


def _row(session: Session, pictures: Thumbnails, entry: ClipEntry, tr: Translate) -> ClipRow:
    clips, clip = session.clips, entry.project.clip
    work, state = clips.work(entry.id), clips.state(entry.id)
    info = work.info if work is not None else None
    targets = len(entry.project.targets)
    parts = [clock_text(info.table.duration_s, digits=0)] if info is not None and info.table is not None else []
    parts.append(counted(tr, "1 target", "{0} targets", targets) if targets else tr("no targets"))
    progress = work.progress if work is not None else None
    path = clip.path if clip is not None else ""
    problem = clips.problem(entry.id)
    return ClipRow(
        id=entry.id,
        title=entry.name or PurePath(path).stem or entry.id,
        detail="   ".join(parts),
        note=_note(state, tr, possible=progress is not None),
        missing=state == "offline",
        progress=progress if state == "online" else None,
        picture=pictures.picture(info) if info is not None else None,
        tip="\n".join(t for t in (path, _analysis(progress, tr), str(problem) if problem is not None else "") if t),
    )


def _note(state: str, tr: Translate, *, possible: bool) -> str:
    if state == "offline":
        return tr("not found")
    if state != "online":
        return tr("opening…") if state == "opening" else tr("waiting")
    return "" if possible else tr("no depth")


def _analysis(progress: float | None, tr: Translate) -> str:
    return "" if progress is None else tr("depth analysed: {0}").replace("{0}", f"{progress:.0%}")
