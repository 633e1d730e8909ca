"""Undo and redo as a list of values with labels. It keeps values and knows nothing of what is in them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
DEFAULT_LIMIT = 500  # steps; values share everything that an edit did not touch


@dataclass(slots=True)
class _Entry(Generic[T]):
    """One state and how it came to be."""

    value: T
    label: str
    merge_key: Hashable | None


class History(Generic[T]):
    """States of one value: undo, redo, merging of the steps of one gesture, and which state is the saved one."""

    def __init__(self, value: T, *, limit: int = DEFAULT_LIMIT) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        self._entries: list[_Entry[T]] = [_Entry(value, "", None)]
        self._at = 0
        self._limit = limit
        self._saved: T | None = value
        self._sealed = True

    @property
    def value(self) -> T:
        """The current state."""
        return self._entries[self._at].value

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back, or None."""
        return self._entries[self._at].label if self._at > 0 else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again, or None."""
        return self._entries[self._at + 1].label if self._at + 1 < len(self._entries) else None

    @property
    def modified(self) -> bool:
        """True unless the current state is the saved one."""
        return self.value is not self._saved

    @property
    def steps(self) -> int:
        """How many steps can be undone."""
        return self._at

    def push(self, value: T, label: str, merge_key: Hashable | None = None) -> None:
        """Make `value` the current state; what could be redone is gone.

        A step with the same merge_key as the one before it (nothing undone, redone or saved in between) joins it;
        a joined step that leads back to where the gesture began vanishes.
        """
        top = self._entries[self._at]
        joins = merge_key is not None and merge_key == top.merge_key and not self._sealed and self._at > 0
        del self._entries[self._at + 1 :]
        if not joins:
            self._entries.append(_Entry(value, label, merge_key))
            self._at += 1
        elif value == self._entries[self._at - 1].value:
            self._entries.pop()
            self._at -= 1
            self._sealed = True
            return
        else:
            self._entries[self._at] = _Entry(value, label, merge_key)
        self._sealed = False
        if self._at > self._limit:
            del self._entries[0]
            self._at -= 1

    def undo(self) -> T | None:
        """Go one state back and return it; None if there is none."""
        if self._at == 0:
            return None
        self._at -= 1
        self._sealed = True
        return self.value

    def redo(self) -> T | None:
        """Go one state forward and return it; None if there is none."""
        if self._at + 1 == len(self._entries):
            return None
        self._at += 1
        self._sealed = True
        return self.value

    def amend(self, change: Callable[[T], T]) -> None:
        """Apply `change` to every state, past and undone ones too: for facts that were found out, not decided."""
        for entry in self._entries:
            entry.value = change(entry.value)

    def seal(self) -> None:
        """End the current gesture: the next step joins nothing."""
        self._sealed = True

    def mark_saved(self, value: T) -> None:
        """Remember `value` (the current state, or one before it) as the saved one."""
        self._saved = value
        self._sealed = True

    def mark_unsaved(self) -> None:
        """No state is saved: the value was recovered, or its file is gone."""
        self._saved = None
        self._sealed = True
