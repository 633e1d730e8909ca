"""What the focus check found, in words: rows of the list, the count, what is not known yet. Pure functions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rvr_laaf_app.ui.panels.problems_panel import ProblemRow
from rvr_laaf_app.ui.present import ruling_targets
from rvr_laaf_app.ui.timeline.scale import clock_text
from rvr_laaf_app.ui.viewer.zone_bars import ZoneBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rvr_laaf_app.core.timebase import FrameTable
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.pipeline.focus_check import FocusReport
    from rvr_laaf_app.pipeline.focus_problems import FocusProblem

_SAME = 0.3  # boxes that overlap so far are on the same thing


def tr(text: str, *arguments: str) -> str:
    """Return the text in the user's language, {0}, {1}... replaced by the arguments."""
    translated = QCoreApplication.translate("FocusCheck", text)
    for number, argument in enumerate(arguments):
        translated = translated.replace(f"{{{number}}}", argument)
    return translated


def rows_of(problems: Sequence[FocusProblem], table: FrameTable) -> tuple[ProblemRow, ...]:
    """Return the lines of the list."""
    return tuple(
        ProblemRow(
            time_text=clock_text(table.seconds_of(min(p.start, len(table) - 1))),
            what="   ".join(part for part in (p.name, tr(p.title)) if part),
            size="" if p.size_dof is None else f"{p.size_dof:.1f}×",
            sentence=tr(p.template, *p.arguments),
        )
        for p in problems
    )


def bars_of(project: Project, report: FocusReport | None, index: int) -> tuple[ZoneBar, ...]:
    """Return the bars of the subjects that are followed at a frame; only a distance that is known is shown as one."""
    bars: list[ZoneBar] = []
    sharp = 1.0 if report is None else report.sharp_coc_px
    # Tracks may go on after the next target has taken over: of two on one thing the later one is of today.
    ruling = {t.id for t in ruling_targets(project, index)}
    numbered = list(enumerate(zip(project.targets, project.fitting_tracks(), strict=True), start=1))
    numbered.sort(key=lambda pair: (pair[1][0].id not in ruling, -pair[0]))
    for number, (target, track) in numbered:
        box = None if track is None else track.box_at(index)
        if box is None or target.strength == "suggested" or any(b.box.overlap(box) > _SAME for b in bars):
            continue
        subject = None if report is None else report.subject(target.id)
        error = None if subject is None else subject.at(index)
        if error is None and bars:
            continue  # what was followed once and is not seen now
        bars.append(ZoneBar(target.id, str(number), box, error, sharp, ruling=target.id in ruling))
    return tuple(bars)


def count_text(report: FocusReport | None, problems: int) -> str:
    """Return "3 problems", "No problems", or that it is not known yet."""
    if report is None or (problems == 0 and not report.complete):
        return tr("Focus not checked yet")
    if problems == 0:
        return tr("No focus problems")
    return tr("1 focus problem") if problems == 1 else tr("{0} focus problems", str(problems))


def state_text(project: Project, report: FocusReport | None, *, failed: bool, possible: bool) -> str:
    """Return what there is to say besides the problems: that there are none, or what is missing to tell."""
    if not possible:
        return tr("There is no depth, so focus cannot be checked.")
    if not any(t.strength != "suggested" for t in project.targets):
        return tr("No targets yet: nothing has to be sharp.")
    if failed:
        return tr("Focus could not be checked. Analyse the clip again (Depth menu).")
    if report is None:
        return tr("Checking focus…")
    if report.known < report.frames:
        return tr("Depth is not analysed to the end: what comes after is not known yet.")
    if report.pending:
        names = ", ".join(str(n) for n, t in enumerate(project.targets, start=1) if t.id in report.pending)
        return tr("The subject of target {0} is not followed to its end: not known yet.", names)
    return "" if report.problems else tr("No problems found: every subject is sharp while it has the focus.")


def export_text(report: FocusReport | None, problems: Sequence[FocusProblem]) -> str:
    """Return one line for the export window: how many problems of which kind, and whether all is known."""
    if report is None:
        return tr("Focus is not checked yet.")
    rest = "" if report.complete else tr("Not everything is analysed yet.")
    if not problems:
        return rest or tr("Focus checked: no problems found.")
    kinds = Counter(p.title for p in problems)
    listed = ", ".join(f"{n} {tr(title)}" for title, n in kinds.most_common())
    found = (
        tr("Focus checked: 1 problem") if len(problems) == 1 else tr("Focus checked: {0} problems", str(len(problems)))
    )
    return f"{found} ({listed}). {rest}".rstrip()
