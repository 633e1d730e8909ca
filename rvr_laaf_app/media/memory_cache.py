"""A cache in memory that is limited by bytes and forgets what was used longest ago. Safe to use from many threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class MemoryCache(Generic[K, V]):
    """Values by key, at most `limit_bytes` in all as measured by `size_of`. A value larger than that is not kept."""

    def __init__(self, limit_bytes: int, size_of: Callable[[V], int]) -> None:
        if limit_bytes < 0:
            raise ValueError("limit_bytes must not be negative")
        self._limit = limit_bytes
        self._size_of = size_of
        self._lock = threading.Lock()
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        with self._lock:
            return len(self._values)

    def __contains__(self, key: K) -> bool:
        with self._lock:
            return key in self._values

    @property
    def bytes_used(self) -> int:
        """Sum of the sizes of the values kept now."""
        with self._lock:
            return self._bytes

    def get(self, key: K) -> V | None:
        """Return the value, and count this as its latest use; None if it is not (or no longer) here."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V) -> None:
        """Keep the value, replace an older one of this key, and drop those used longest ago while over the limit."""
        size = self._size_of(value)
        with self._lock:
            self._drop(key)
            if size > self._limit:
                return
            self._values[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, dropped) = self._values.popitem(last=False)
                self._bytes -= dropped

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        """Return the value, made now if needed. Two threads may both make it; the later one is kept."""
        found = self.get(key)
        if found is not None:
            return found
        value = make()
        self.put(key, value)
        return value

    def discard(self, key: K) -> None:
        """Forget one value."""
        with self._lock:
            self._drop(key)

    def discard_where(self, matches: Callable[[K], bool]) -> None:
        """Forget every value whose key matches."""
        with self._lock:
            for key in [k for k in self._values if matches(k)]:
                self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._bytes = 0

    def _drop(self, key: K) -> None:
        found = self._values.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
