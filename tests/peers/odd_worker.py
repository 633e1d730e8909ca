"""A worker process that misbehaves on request, for tests of the link: `python -m tests.peers.odd_worker`."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from rvr_laaf_app.camera.worker_loop import serve
from rvr_laaf_app.camera.worker_messages import Head


class Odd:
    """Each public method is a request."""

    def hello(self) -> tuple[Any, bytes]:
        if os.environ.get("ODD_START") == "crash":
            os._exit(3)
        return os.getpid(), b""

    def echo(self, *, words: Any, size: int = 0) -> tuple[Any, bytes]:
        return words, bytes(size)

    def refuse(self) -> tuple[Any, bytes]:
        raise RuntimeError("not today")

    def fault_of_ours(self) -> tuple[Any, bytes]:
        raise KeyError("a mistake")

    def hang(self) -> tuple[Any, bytes]:
        threading.Event().wait()
        return None, b""

    def leave_at_once(self) -> tuple[Any, bytes]:
        os._exit(0)

    def chatter(self) -> tuple[Any, bytes]:
        """Libraries print; that must not come between the messages."""
        sys.stdout.write("Hello from a library\n")
        sys.stdout.flush()
        os.write(1, b"and from C\n")
        return "done", b""

    def nonsense(self) -> tuple[Any, bytes]:
        """Write something else where the answers go (the copy of standard output that `serve` made)."""
        for descriptor in range(3, 10):
            try:
                os.write(descriptor, b"\xff" * 64)
            except OSError:
                continue
        return None, b""

    def leave(self) -> tuple[Any, bytes]:
        return None, b""


def refusal(error: Exception) -> Head | None:
    return {"code": -9, "text": str(error)} if isinstance(error, RuntimeError) else None


if __name__ == "__main__":
    serve(Odd(), refusal, before=lambda: None)
