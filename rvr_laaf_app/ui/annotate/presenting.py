"""From what was said about a clip to what the page shows of it: strip, marks, texts. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rvr_laaf_app.annotation.making import Ground
from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget
from rvr_laaf_app.annotation.work import ClipFacts
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.annotate.following import Path
from rvr_laaf_app.ui.annotate.strip_drawing import StripTarget
from rvr_laaf_app.ui.annotate.target_form import TargetText
from rvr_laaf_app.ui.timeline.scale import clock_text
from rvr_laaf_app.ui.viewer.marks import SubjectMark, TargetMark


def strip_of(said: ClipAnnotation, subjects: Sequence[str]) -> list[StripTarget]:
    """Return the targets of a clip for the strip."""
    found = []
    for target, following in zip(said.targets, [*said.targets, None][1:], strict=True):
        end_s = following.at.seconds if following is not None else said.clip.duration_s
        held = target.hold is not None and target.seconds(target.hold) < end_s
        if held and target.hold is not None:
            end_s = target.seconds(target.hold)
        number = subjects.index(target.subject) + 1 if target.subject in subjects else 0
        text = " \u00b7 ".join(part for part in (f"{number} {target.subject}".strip(), target.reason) if part)
        times = (target.at.pts, target.arrive, target.early, target.late)
        at_s, arrive_s, early_s, late_s = (target.seconds(t) for t in times)
        found.append(StripTarget(target.id, at_s, arrive_s, early_s, late_s, end_s, number, text, held))
    return found


def text_of(target: VafTarget, said: ClipAnnotation) -> TargetText:
    """Return what the form shows of a target."""
    place = f"{said.targets.index(target) + 1} / {len(said.targets)}"
    ticks = {"at": target.at.pts, "arrive": target.arrive, "early": target.early, "late": target.late}
    times = {name: clock_text(target.seconds(t)) for name, t in ticks.items()}
    times["hold"] = "\u2014" if target.hold is None else clock_text(target.seconds(target.hold))
    return TargetText(place, target.subject, target.reason, times)


def marks_of(
    targets: Sequence[VafTarget],
    subjects: Sequence[str],
    paths: Mapping[str, Path],
    index: int,
    *,
    chosen: VafTarget | None,
    ruling: VafTarget | None,
) -> tuple[tuple[SubjectMark, ...], tuple[TargetMark, ...]]:
    """Return the boxes of the subjects at a frame, and the points that were set on it.

    Who has the focus is amber. Of the others only those are shown that are surely seen.
    """
    marks = []
    for number, subject in enumerate(subjects):
        rules = ruling is not None and ruling.subject == subject
        here = next((t for t in targets if t.at.frame == index and t.subject == subject), None)
        selected = chosen is not None and chosen.subject == subject
        label = f"{number + 1} {subject}"
        followed = paths[subject].at(index) if subject in paths else None
        if here is not None and not isinstance(here.place, Point):
            sure = followed[1] if followed is not None else 0.0
            marks.append(
                SubjectMark(here.id, here.place, max(sure, 0.01), label, selected, rules, tentative=followed is None)
            )
        elif followed is not None and (followed[1] > 0 or rules):
            marks.append(SubjectMark(subject, followed[0], followed[1], label, selected, rules))
    points = tuple(
        TargetMark(t.id, t.place, chosen is not None and t.id == chosen.id)
        for t in targets
        if t.at.frame == index and isinstance(t.place, Point)
    )
    return tuple(marks), points


def subject_under(paths: Mapping[str, Path], index: int, point: Point) -> str | None:
    """Return the subject whose box is surely under a place of a frame, the smallest if there are several."""
    found = []
    for subject, path in paths.items():
        here = path.at(index)
        if here is not None and here[1] > 0 and _holds(here[0], point):
            found.append((here[0].area, subject))
    return min(found)[1] if found else None


def _holds(box: Box, point: Point) -> bool:
    return box.x <= point.x <= box.x + box.width and box.y <= point.y <= box.y + box.height


def where_text(facts: ClipFacts, ground: Ground, index: int) -> str:
    """Return the moment, the number of the frame and the name of the clip."""
    now = clock_text(ground.table.seconds_of(index))
    return f"{now} / {clock_text(ground.table.duration_s)}    {index + 1} / {len(ground.table)}    {facts.clip.name}"
