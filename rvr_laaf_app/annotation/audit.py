"""Whether a data set is sound: journals whole, clips there, frames found again, annotators right where it is known.

It changes nothing, but for `adopt`: annotations of a clip that lies here re-encoded are journalled for the new file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rvr_laaf_app.annotation.agreement import Agreement, agreement
from rvr_laaf_app.annotation.encoding import VafData
from rvr_laaf_app.annotation.exchange.loose import Bound, bind, loosened
from rvr_laaf_app.annotation.looks import find_again
from rvr_laaf_app.annotation.schema import ClipAnnotation
from rvr_laaf_app.annotation.store import AnnotatorStore, Book, read_books
from rvr_laaf_app.annotation.work import ClipFacts, Survey, looks_of, queue_for
from rvr_laaf_app.core.errors import MediaError

ELSEWHERE = "taken over by the file that shows the same frames"


@dataclass(frozen=True, slots=True)
class Audit:
    """What `check` finds. ways: how many targets were found exact, alike, moved or lost in the clips that are here.

    problems: what must be looked at; remarks: what may be meant so. orphans: by annotator, annotations of clips that
    are not here as they were. checks: every annotator against the hidden check clips.
    """

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    ways: Mapping[str, int]
    orphans: Mapping[str, tuple[ClipAnnotation, ...]] = field(default_factory=dict)
    checks: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """How far one annotator is. rate: targets set per minute of active time, None before there is any."""

    annotator: str
    role: str
    done: int
    begun: int
    set_aside: int
    left: int
    targets: int
    subjects: int
    edits: int
    active_s: float
    rate: float | None


def audit(folder: Path, survey: Survey) -> Audit:
    """Check all journals of a folder against its clips."""
    books, errors = read_books(folder)
    problems = [str(error) for error in errors]
    remarks = [f"{u.name}: {u.reason}" for u in survey.unreadable]
    remarks += [f"{name}: shows the same frames as {other}" for name, other in survey.copies]
    ways: Counter[str] = Counter()
    orphans: dict[str, tuple[ClipAnnotation, ...]] = {}
    known = survey.by_pictures()
    for book in books:
        if book.damaged:
            problems.append(
                f"{book.annotator}: {book.damaged} lines of the journal cannot be read; what is before them can"
            )
        lost = []
        for annotation in book.annotations:
            facts = known.get(annotation.clip.pictures)
            if facts is None:
                if annotation.reason != ELSEWHERE:
                    lost.append(annotation)
                continue
            try:
                problems += _frames(folder, facts, annotation, book.annotator, ways)
            except MediaError as error:
                problems.append(str(error))
            remarks += _oddities(facts, annotation, book.annotator)
        if lost:
            orphans[book.annotator] = tuple(lost)
            problems += [_orphan(a, book.annotator, survey) for a in lost]
    return Audit(tuple(problems), tuple(remarks), dict(ways), orphans, tuple(check_scores(books)))


def check_scores(books: Sequence[Book]) -> list[Agreement]:
    """Compare every annotator with the known answers of the hidden check clips."""
    answers = [a for b in books if b.role == "check" for a in b.annotations]
    people = [b for b in books if b.role == "annotator"]
    found = [agreement((b.annotator, b.annotations), ("check", answers)) for b in people]
    return [score for score in found if score.clips]


def adopt(folder: Path, survey: Survey, found: Audit) -> list[Bound]:
    """Journal orphaned annotations for the files of the same name, their frames found again; what was left out is said.

    The old annotation stays, set aside, so that one undo brings it back.
    """
    roles = {b.annotator: b.role for b in read_books(folder)[0]}
    bounds = []
    for annotator, orphans in found.orphans.items():
        here = [o for o in orphans if survey.named(o.clip.name) is not None]
        with AnnotatorStore.open(folder, annotator, role=roles[annotator]) as store:
            for orphan in here:
                bound = bind(loosened(VafData({annotator: (orphan,)})), survey, lambda facts: looks_of(folder, facts))
                bounds.append(bound)
                for new in bound.annotations.get(annotator, ()):
                    if new.clip.pictures in store.said or (orphan.targets and not new.targets):
                        continue  # somebody annotated the new file already, or nothing was found again
                    take_over(store, new, label=f"take over {new.clip.name}")
                    store.edit(orphan.clip, _set_aside, label=f"set aside the old {orphan.clip.name}", imported=True)
    return bounds


def take_over(store: AnnotatorStore, new: ClipAnnotation, *, label: str) -> None:
    """Let an annotation count as it is, in place of what was said about the clip."""
    store.edit(new.clip, lambda _: new, label=label, imported=True)


def summaries(survey: Survey, books: Sequence[Book]) -> list[Summary]:
    """Return how far everybody is."""
    rows = []
    for book in books:
        states = Counter(a.state for a in book.annotations)
        targets = sum(len(a.targets) for a in book.annotations)
        subjects = {t.subject.casefold() for a in book.annotations for t in a.targets if t.subject}
        rate = 60.0 * book.made / book.active_s if book.active_s > 0 and book.made else None
        left = len(queue_for(book.annotator, survey.clips, book.said))
        counts = states["done"], states["open"], states["set_aside"], left, targets, len(subjects)
        rows.append(Summary(book.annotator, book.role, *counts, book.edits, book.active_s, rate))
    return rows


def _set_aside(annotation: ClipAnnotation) -> ClipAnnotation:
    return replace(annotation, state="set_aside", reason=ELSEWHERE)


def _frames(
    folder: Path, facts: ClipFacts, annotation: ClipAnnotation, annotator: str, ways: Counter[str]
) -> list[str]:
    """Look whether each target's frame is what it was; count how it was found."""
    if not annotation.targets:
        return []
    found = find_again([t.at for t in annotation.targets], facts.table, looks_of(folder, facts))
    problems = []
    for target, place in zip(annotation.targets, found, strict=True):
        ways[place.how] += 1
        if place.how in ("moved", "lost"):
            where = "is nowhere in the clip" if place.frame is None else f"lies at frame {place.frame}"
            when = f"{facts.clip.name}, {annotator}: the target at {target.at.seconds:.2f} s"
            problems.append(f"{when} was set on a frame that {where}")
    return problems


def _oddities(facts: ClipFacts, annotation: ClipAnnotation, annotator: str) -> list[str]:
    """Name what may be a slip of the annotator."""
    where = f"{facts.clip.name}, {annotator}"
    odd = []
    if annotation.state == "done" and not annotation.targets:
        odd.append(f"{where}: done without a target")
    if not facts.usable and annotation.state == "done":
        odd.append(f"{where}: annotated, but set aside: {facts.set_aside}")
    late = [t for t in annotation.targets if t.at.seconds > facts.table.duration_s]
    odd += [f"{where}: the target at {t.at.seconds:.2f} s is after the end" for t in late]
    return odd


def _orphan(annotation: ClipAnnotation, annotator: str, survey: Survey) -> str:
    clip, number = annotation.clip, len(annotation.targets)
    what = f"{clip.name}, {annotator}: {number} targets of a file that is not here"
    if survey.named(clip.name) is None:
        return what
    return f"{what}; one of this name shows other pixels (re-encoded?): --adopt finds the frames again"
