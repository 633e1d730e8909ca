"""Failing or killing the n-th change that a piece of code makes to the file system, for every n."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

CHANGES = ("open", "write", "fsync", "replace", "link", "unlink", "ftruncate")
FAULTS = ("ENOSPC", "EIO", "short", "kill", "half+kill")
KILLED = 77


class Counter:
    """Counts changes; at number `at` (from 1) it does what `fault` says. From then on a full disk stays full."""

    def __init__(self, at: int = 0, fault: str = "") -> None:
        self.at, self.fault, self.count = at, fault, 0
        self.names: list[str] = []

    def call(
        self, name: str, real: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> object:
        if name == "open" and not int(args[1]) & (os.O_CREAT | os.O_TRUNC):  # type: ignore[call-overload]
            return real(*args, **kwargs)
        self.count += 1
        self.names.append(name)
        full = self.fault in ("ENOSPC", "short") and self.at and self.count > self.at and name in ("open", "write")
        if self.count != self.at and not full:
            return real(*args, **kwargs)
        if self.fault in ("short", "half+kill") and name == "write" and not full:
            handle, data = args
            real(handle, bytes(data)[: len(data) // 2])  # type: ignore[call-overload,arg-type]
        if self.fault in ("kill", "half+kill"):
            os._exit(KILLED)
        number = errno.EIO if self.fault == "EIO" else errno.ENOSPC
        raise OSError(number, os.strerror(number))


@contextmanager
def watching(counter: Counter) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            real = getattr(os, name)

            def replaced(
                *args: object, _name: str = name, _real: Callable[..., object] = real, **kwargs: object
            ) -> object:
                return counter.call(_name, _real, args, kwargs)

            patch.setattr(os, name, replaced)
        yield


def in_child(act: Callable[[], None], counter: Counter) -> int:
    """Run `act` in a forked process under the counter; return its exit status (0 = it came through)."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with watching(counter):
                act()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
