"""The one mutable cell: the current production, its history, and those who watch it. It does no file and no clip.

Most of the program sees only the shown clip's project: `project`, `apply` and `Change` speak of that one.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from rvr_laaf_app.document.history import DEFAULT_LIMIT, History
from rvr_laaf_app.document.production import Production, clip_concerned
from rvr_laaf_app.document.project import Project

Edit = Callable[[Project], Project]
ListEdit = Callable[[Production], Production]
ChangeKind = Literal["edit", "undo", "redo", "result", "open"]


@dataclass(frozen=True, slots=True)
class Change:
    """The shown clip's project was `old` and is `new`. What is untouched is the same object: compare parts with `is`.

    kind: edit (by the user), undo, redo, result (a job found something out), open (another clip is shown, or another
    project altogether: nothing of what was on screen holds). before and after: all clips.
    """

    old: Project
    new: Project
    label: str
    kind: ChangeKind = "edit"
    before: Production = field(default=Production(), compare=False)
    after: Production = field(default=Production(), compare=False)


Observer = Callable[[Change], None]


class Document:
    """Clips that are being edited. Everything must be called by the thread that made it (RuntimeError otherwise)."""

    def __init__(self, start: Project | Production = Project(), *, limit: int = DEFAULT_LIMIT) -> None:  # noqa: B008
        production = Production.of(start)
        self._history: History[Production] = History(production, limit=limit)
        self._current = production  # the history's value, with the clip shown that is shown now
        self._observers: list[Observer] = []
        self._waiting: deque[Change] = deque()
        self._telling = False
        self._depth = 0
        self._owner = threading.get_ident()

    @property
    def production(self) -> Production:
        """The current value, all clips."""
        return self._current

    @property
    def project(self) -> Project:
        """The current value of the shown clip."""
        return self._current.project

    @property
    def undo_label(self) -> str | None:
        """What undo would take back ("Add target"), or None."""
        return self._history.undo_label

    @property
    def redo_label(self) -> str | None:
        """What redo would do again, or None."""
        return self._history.redo_label

    @property
    def modified(self) -> bool:
        """True unless the current value is the saved one."""
        return self._history.modified or self._depth > 0

    @property
    def in_transaction(self) -> bool:
        """True inside `transaction`."""
        return self._depth > 0

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Call `observer` with each Change from now on; return the function that ends that."""
        self._check_thread()
        self._observers.append(observer)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._observers.remove(observer)

        return unsubscribe

    def apply(
        self, label: str, edit: Edit, merge_key: Hashable | None = None, *, clip_id: str | None = None
    ) -> Project:
        """Apply an edit to a clip (default: the shown one) and return its new value; without effect it leaves no trace.

        Steps in a row with one merge_key (one per mouse gesture) are one undo step.
        """
        wanted = self._current.shown if clip_id is None else clip_id
        key = None if merge_key is None else (wanted, merge_key)
        self.apply_to_all(label, lambda p: p.edited(wanted, edit), key)
        entry = self._current.entry(wanted)
        return self._current.project if entry is None else entry.project

    def apply_to_all(self, label: str, edit: ListEdit, merge_key: Hashable | None = None) -> Production:
        """Apply an edit to the production: clips come, go, move. Like `apply`."""
        self._check_thread()
        old, new = self._current, edit(self._current)
        if new is old or new == old:
            return old
        if self._depth:  # observers hear of it when the transaction is complete
            self._current = new
            return new
        self._history.push(new, label, merge_key)
        new = self._history.value.showing(new.shown)
        self._tell(old, new, label, "edit")
        return new

    def show(self, clip_id: str) -> bool:
        """Show another clip; no undo step, and no change of what is saved. False if it is shown already or unknown."""
        self._check_thread()
        if self._depth:
            raise RuntimeError("another clip is shown inside a transaction")
        old = self._current
        new = old.showing(clip_id)
        if new is old:
            return False
        self._history.seal()
        self._tell(old, new, "Show clip", "open")
        return True

    def amend(self, label: str, edit: Edit, *, clip_id: str | None = None) -> Project:
        """Put the result of a job into the current value and into all values that can be undone or redone to.

        No undo step: undoing "Add target" must not first take back what tracking found. The edit must return its
        argument where it does not apply. clip_id: default the shown one.
        """
        self._check_thread()
        if self._depth:
            raise RuntimeError("results cannot arrive inside a transaction")
        old = self._current
        wanted = old.shown if clip_id is None else clip_id
        self._history.amend(lambda p: p.edited(wanted, edit))
        new = self._history.value.showing(old.shown)
        if new != old:
            self._tell(old, new, label, "result")
        return self._current.project

    @contextlib.contextmanager
    def transaction(self, label: str) -> Iterator[None]:
        """Make all edits inside one undo step and one Change; an exception takes them all back. Inner ones join in."""
        self._check_thread()
        begin = self._current
        self._depth += 1
        try:
            yield
        except BaseException:
            self._current = begin
            raise
        finally:
            self._depth -= 1
        if self._depth == 0 and self._current is not begin:
            new, self._current = self._current, begin
            self.apply_to_all(label, lambda _: new)

    def undo(self) -> bool:
        """Take the last step back; False if there is none."""
        return self._travel("undo")

    def redo(self) -> bool:
        """Do the step again that was taken back last; False if there is none."""
        return self._travel("redo")

    def end_gesture(self) -> None:
        """The next edit is a new undo step, whatever its merge_key."""
        self._history.seal()

    def mark_saved(self) -> None:
        """Remember the current value as what is in the file."""
        self._check_thread()
        self._history.mark_saved(self._history.value)

    def mark_unsaved(self) -> None:
        """No value is in a file: it was recovered."""
        self._check_thread()
        self._history.mark_unsaved()

    def _travel(self, kind: Literal["undo", "redo"]) -> bool:
        self._check_thread()
        if self._depth:
            raise RuntimeError(f"{kind} inside a transaction")
        history, old = self._history, self._current
        label = (history.undo_label if kind == "undo" else history.redo_label) or ""
        new = history.undo() if kind == "undo" else history.redo()
        if new is None:
            return False
        self._tell(old, new.showing(clip_concerned(old, new)), label, kind)
        return True

    def _tell(self, old: Production, new: Production, label: str, kind: ChangeKind) -> None:
        """Set the current value and tell everyone, each change to all before the next one (observers may edit)."""
        self._current = new
        told = kind if old.shown == new.shown else "open"
        self._waiting.append(Change(old.project, new.project, label, told, old, new))
        if self._telling:
            return
        self._telling = True
        failed: Exception | None = None
        try:
            while self._waiting:
                change = self._waiting.popleft()
                for observer in tuple(self._observers):
                    try:
                        observer(change)
                    except Exception as error:  # noqa: BLE001  # the others must hear of the change first
                        failed = failed or error
        finally:
            self._telling = False
        if failed is not None:
            raise failed

    def _check_thread(self) -> None:
        if threading.get_ident() != self._owner:
            raise RuntimeError("the document is touched by a thread that does not own it")
