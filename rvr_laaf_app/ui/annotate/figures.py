"""What the pages of figures show, computed in a thread: how far everybody is, how far two annotators agree."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.newest import NewestWorker

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.agreement import Agreement
    from rvr_laaf_app.annotation.audit import Summary
    from rvr_laaf_app.annotation.differences import Difference
    from rvr_laaf_app.annotation.replay import Book
    from rvr_laaf_app.annotation.work import Survey
    from rvr_laaf_app.ui.bridge import GuiBridge

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two annotators. people: all there are; agreement None: there are not two, or they have no clip in common."""

    people: tuple[str, ...]
    first: str = ""
    second: str = ""
    agreement: Agreement | None = None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """The data set in numbers. Counts of targets per clip, of subjects and of reasons over all annotators."""

    clips: int
    usable: int
    seconds: float
    set_aside: int
    done: int  # clips that somebody has done
    targets: int
    people: tuple[Summary, ...]
    split: tuple[int, int]  # train, test
    per_clip: tuple[tuple[str, int], ...]
    subjects: tuple[tuple[str, int], ...]
    reasons: tuple[tuple[str, int], ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    folder: Path
    survey: Survey | None  # None: compare the two
    first: str = ""
    second: str = ""


class Figures(QObject):
    """Answers the newest question."""

    compared = Signal(object)  # Compared
    counted = Signal(object)  # Counted
    failed = Signal(object)  # Exception

    def __init__(self, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._closed = False
        self._worker: NewestWorker[_Question] = NewestWorker(self._answer, name="figures")

    def compare(self, folder: Path, first: str = "", second: str = "") -> None:
        """Ask how far two annotators agree; without names, the first two that have a clip in common."""
        self._worker.submit(_Question(folder, None, first, second))

    def count(self, folder: Path, survey: Survey) -> None:
        """Ask for the data set in numbers."""
        self._worker.submit(_Question(folder, survey))

    def ask_to_end(self) -> None:
        """Answer nothing more."""
        self._closed = True
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        return self._worker.close(timeout_s)

    # In the worker thread:

    def _answer(self, question: _Question) -> None:
        try:
            if question.survey is None:
                answer: Compared | Counted = compared(question.folder, question.first, question.second)
                signal = self.compared
            else:
                answer, signal = counted(question.folder, question.survey), self.counted
        except (RvrError, OSError, ValueError) as error:
            log.info("the figures of %s cannot be computed", question.folder, exc_info=True)
            failure = error
            self._bridge.post(lambda: None if self._closed else self.failed.emit(failure))
            return
        self._bridge.post(lambda: None if self._closed else signal.emit(answer))


def compared(folder: Path, first: str, second: str) -> Compared:
    """Compare two annotators, or the first two that have a clip in common."""
    from rvr_laaf_app.annotation.agreement import agreement, agreements
    from rvr_laaf_app.annotation.differences import differences

    books = _people(folder)
    people = {b.annotator: b.annotations for b in books}
    names = tuple(sorted(people))
    if first not in people or second not in people or first == second:
        found = agreements(people)
        if not found:
            return Compared(names)
        result = max(found, key=lambda a: a.clips)
        first, second = result.first, result.second
    else:
        result = agreement((first, people[first]), (second, people[second]))
    if not result.clips:
        return Compared(names, first, second)
    return Compared(names, first, second, result, tuple(differences(people[first], people[second])))


def counted(folder: Path, survey: Survey) -> Counted:
    """Count what is in the journals of a folder."""
    from rvr_laaf_app.annotation.audit import summaries
    from rvr_laaf_app.annotation.schema import is_named
    from rvr_laaf_app.annotation.split import load_split
    from rvr_laaf_app.annotation.store import read_books

    books, errors = read_books(folder)
    people = [b for b in books if b.role == "annotator"]
    said = [a for b in people for a in b.annotations]
    done = [a for a in said if a.state == "done"]
    targets = [t for a in said for t in a.targets]
    usable = [f for f in survey.clips if f.usable]
    sides = Counter(load_split(folder).values())
    lengths = Counter(min(len(a.targets), 8) for a in done)
    per_clip = tuple((f"{n}" if n < 8 else "8+", lengths[n]) for n in range(1, max(lengths, default=0) + 1))
    subjects = Counter(t.subject if is_named(t.subject) else "(no name)" for t in targets)
    reasons = Counter(t.reason or "(none given)" for t in targets)
    return Counted(
        len(survey.clips),
        len(usable),
        sum(f.clip.duration_s for f in usable),
        len(survey.clips) - len(usable),
        len({a.clip.pictures for a in done}),
        len(targets),
        tuple(summaries(survey, people)),
        (sides["train"], sides["test"]),
        per_clip,
        tuple(subjects.most_common(8)),
        tuple(reasons.most_common(8)),
        tuple(str(e) for e in errors),
    )


def _people(folder: Path) -> list[Book]:
    from rvr_laaf_app.annotation.store import read_books

    return [b for b in read_books(folder)[0] if b.role == "annotator"]
