"""Asking a thread to give up long work half-way: the thread says when, the work says where.

A thread that may be asked to stop wraps its work in `stoppable`; long work of any room calls `stop_if_asked` between
its steps. Elsewhere (the command line, exports, tests) nobody asks and the call costs next to nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_of_thread = threading.local()


class Stopped(BaseException):
    """The thread is to end. No fault: like KeyboardInterrupt it passes by everything that handles errors."""


@contextmanager
def stoppable(asked: Callable[[], bool]) -> Iterator[None]:
    """Let `stop_if_asked` raise in this thread once `asked()` is true, and swallow the Stopped that comes of it.

    Not to be nested.
    """
    _of_thread.asked = asked
    try:
        yield
    except Stopped:
        pass
    finally:
        _of_thread.asked = None


def stop_if_asked() -> None:
    """Raise Stopped if this thread was asked to stop; call it where nothing half-made would be left behind."""
    asked = getattr(_of_thread, "asked", None)
    if asked is not None and asked():
        raise Stopped
