"""Name -> implementation, loaded on demand, so that a missing optional package never stops the program."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from rvr_laaf_app.core.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why an implementation cannot be used on this machine, in words for the user."""

    reason: str


class Registry(Generic[T]):
    """Implementations of one kind by name; the values are "module:attribute" strings, imported when first asked for."""

    def __init__(self, kind: str, entries: dict[str, str]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def load(self, name: str) -> type[T]:
        """Import and return the implementation; raise UsageError if it is unknown or cannot run here."""
        found = self.find(name)
        if isinstance(found, Unavailable):
            raise UsageError(f"the {self.kind} {name!r} cannot be used here: {found.reason}")
        return found

    def find(self, name: str) -> type[T] | Unavailable:
        """Return the implementation, or Unavailable with the reason; raise UsageError for an unknown name."""
        if name not in self._entries:
            raise UsageError(f"unknown {self.kind} {name!r}", remedy=f"Choose one of: {', '.join(self._entries)}.")
        module, _, attribute = self._entries[name].partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
        except ImportError as error:
            return Unavailable(f"{error.name or module} is not installed")
