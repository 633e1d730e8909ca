"""The inside of a worker process: reads requests from standard input, does them, answers on standard output.

It ends with its standard input; and the system ends it (an alarm) when a call outlives its deadline, even one that
never returns and holds Python's lock, so that no process is left behind when the program itself was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Final, Protocol

from rvr_laaf_app.camera.worker_messages import Head, pack, read_message

_GRACE_S: Final = 2.0  # between the other side's deadline and our own end


class Device(Protocol):
    """What is served: each public method is a request, takes keywords and returns (result, bytes)."""

    def leave(self) -> tuple[object, bytes]:
        """Let the camera go."""
        ...


def serve(device: Device, refusal: Callable[[Exception], Head | None], before: Callable[[], None]) -> None:
    """Answer requests on the standard streams until the other side ends.

    refusal: what to tell of an error of the library ({"code", "text", "detail"}), None = a fault of ours, which ends
    the process. before: called ahead of each request.
    """
    # What a library prints must not come between the messages: standard output is moved away and then is stderr.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with answers, contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        while (message := read_message(sys.stdin.buffer)) is not None:
            before()
            answers.write(_answer(device, refusal, message[0]))
            answers.flush()
    device.leave()


def _answer(device: Device, refusal: Callable[[Exception], Head | None], request: Head) -> bytes:
    number, name = int(request["id"]), str(request["call"])
    if name.startswith("_"):
        raise ValueError(f"no request: {name}")
    _set_alarm(float(request["limit_s"]) + _GRACE_S)
    try:
        result, body = getattr(device, name)(**request["arguments"])
        return pack({"id": number, "result": result}, body)
    except Exception as error:
        told = refusal(error)
        if told is None:
            raise
        return pack({"id": number, "error": told})
    finally:
        _set_alarm(0.0)


def _set_alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):  # elsewhere the other side's kill is all there is
        signal.setitimer(signal.ITIMER_REAL, seconds)
