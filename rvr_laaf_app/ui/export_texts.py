"""What the export queue says, as texts: states, progress, times, sizes. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rvr_laaf_app.app.export_queue_presets import SUFFIXES
from rvr_laaf_app.ui import present

if TYPE_CHECKING:
    from rvr_laaf_app.app.export_queue import ExportQueue
    from rvr_laaf_app.app.export_queue_estimate import Estimate
    from rvr_laaf_app.app.export_queue_job import ExportJob
    from rvr_laaf_app.app.export_queue_progress import Pulse, Whole


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the list. state: as in app.export_queue_job; fraction None: no bar."""

    id: str
    title: str
    how: str
    standing: str
    state: str
    fraction: float | None = None
    detail: str = ""
    problem: bool = False


def tr(text: str, *values: str) -> str:
    """Translate a text and fill in its numbered places."""
    said = QCoreApplication.translate("Exports", text)
    for number, value in enumerate(values):
        said = said.replace(f"{{{number}}}", value)
    return said


def size_text(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 100 * size else f"{count / size:.0f} {unit}"
    return f"{max(count / 1e3, 1):.0f} kB"


def rows_of(queue: ExportQueue) -> tuple[QueueRow, ...]:
    """Return the lines of the list."""
    return tuple(row_of(job, queue.pulse(job.id), held=queue.held) for job in queue.jobs)


def row_of(job: ExportJob, pulse: Pulse | None, *, held: bool = False) -> QueueRow:
    """Return the line of one job."""
    path = Path(job.choice.path)
    standing, fraction = _standing(job, pulse, held=held)
    detail = str(path)
    if job.trouble is not None:
        detail = job.trouble.sentence
    return QueueRow(
        job.id,
        f"{path.name}/" if SUFFIXES.get(job.choice.codec or "") == ("",) else path.name,
        job.preset,
        standing,
        job.state,
        fraction,
        detail,
        problem=job.state == "failed",
    )


def _standing(job: ExportJob, pulse: Pulse | None, *, held: bool) -> tuple[str, float | None]:
    if job.state == "done":
        took = present.time_left(job.seconds)
        return "  ".join(t for t in (tr("Done"), size_text(job.size_bytes) if job.size_bytes else "", took) if t), None
    if job.state == "failed":
        return (job.trouble.what if job.trouble is not None else tr("Failed")), None
    if job.state == "cancelled":
        return tr("Cancelled, no file was left"), None
    if job.state == "interrupted":
        return tr("Not finished last time"), None
    if pulse is not None:
        share = pulse.progress.fraction
        if job.state == "running":
            return running_text(pulse), share if share is not None else 0.0
        at = f"  {share:.0%}" if share is not None and pulse.writing else ""
        return (tr("Paused") if job.state == "paused" or held else tr("Waiting to go on")) + at, share
    if job.state == "paused":
        return tr("Paused"), None
    return (tr("Waiting; the queue is paused") if held else tr("Waiting")), None


def running_text(pulse: Pulse) -> str:
    """Return "34 %  102 of 300  2.1 fps  1 min 35 s left"."""
    progress = pulse.progress
    left = present.time_left(pulse.left_s) if (progress.fraction or 1.0) < 1.0 else ""
    parts = [f"{progress.fraction:.0%}" if progress.fraction is not None else ""]
    if pulse.writing:
        parts.append(tr("frame {0} of {1}", str(progress.done), str(progress.total)))
        parts.append(tr("{0} fps", f"{pulse.fps:.1f}" if pulse.fps < 10 else f"{pulse.fps:.0f}") if pulse.fps else "")
    else:
        parts.insert(0, phase_text(progress.message))
    parts.append(tr("{0} left", left) if left else "")
    return "  ".join(p for p in parts if p)


def phase_text(message: str) -> str:
    """Return what a job does besides writing."""
    known = {
        "opening": tr("Opening"),
        "analysing": tr("Analysing depth first"),
        "tracking": tr("Following the subjects first"),
        "exporting": tr("Exporting"),
        "writing depth": tr("Exporting"),
    }
    return known.get(message, tr("Checking the result") if message.startswith("checking") else tr("Preparing"))


def whole_text(whole: Whole, *, held: bool) -> str:
    """Return the line above the list."""
    if whole.left == 0:
        return ""
    left = present.time_left(whole.left_s)
    count = tr("1 export left") if whole.left == 1 else tr("{0} exports left", str(whole.left))
    parts = [count, f"{whole.fraction:.0%}"]
    if held:
        parts.append(tr("paused"))
    elif left:
        parts.append(tr("about {0}", left))
    return "  ".join(parts)


def estimate_text(estimate: Estimate, *, jobs: int = 1) -> str:
    """Return "About 42 MB in 3 min (an estimate)"."""
    took = present.time_left(estimate.seconds) or "1 s"
    if estimate.rough:
        said = tr("Very roughly {0} in {1}; better after the first export", size_text(estimate.size_bytes), took)
    else:
        said = tr("About {0} in {1}, as exports went here before", size_text(estimate.size_bytes), took)
    return said if jobs == 1 else f"{said} ({tr('{0} clips', str(jobs))})"


def idle_text(done: int, failed: int) -> str:
    """Return what to say when the last export has ended."""
    finished = tr("1 export is done") if done == 1 else tr("{0} exports are done", str(done))
    broke = tr("1 failed") if failed == 1 else tr("{0} failed", str(failed))
    if not done:
        return tr("The export failed") if failed == 1 else tr("All {0} exports failed", str(failed))
    return f"{finished}, {broke}" if failed else finished
