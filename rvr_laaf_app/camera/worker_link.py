"""The process that holds a camera's library, seen from outside: started, asked with a deadline, killed when it hangs.

Some calls of camera libraries never return (a camera that stalls), some hold Python's lock for seconds, and a crash in
a driver would take the program with it; so none of it happens in this process. Here is no knowledge of cameras.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from rvr_laaf_app.camera.worker_entry import worker_command
from rvr_laaf_app.camera.worker_messages import BrokenMessage, Head, pack, read_message

_LEAVE_S: Final = 1.5  # for a worker that was asked to end by itself
_KILL_S: Final = 5.0
_START_S: Final = 15.0  # interpreter and library, on a machine that is busy with something else
_STDERR_TAIL: Final = 2000
_log = logging.getLogger(__name__)
_ROOT: Final = Path(__file__).resolve().parents[2]


class LinkLost(Exception):
    """The worker hung beyond the deadline, crashed or is not running; it has been ended."""

    def __init__(self, reason: str, *, hung: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hung = hung


class Refused(Exception):
    """The library answered with an error: its code (negative), its text, and the last lines of its log."""

    def __init__(self, code: int, text: str, detail: str = "") -> None:
        super().__init__(f"[{code}] {text} {detail}".strip())
        self.code = code
        self.text = text
        self.detail = detail


class Worker:
    """One worker process. Used by one thread at a time; `kill` may be called from any thread."""

    def __init__(self, module: str, environment: Mapping[str, str] | None = None) -> None:
        self._module = module
        self._environment = dict(os.environ if environment is None else environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[tuple[Head, bytes] | None] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._errors: BinaryIO | None = None
        self._numbers = itertools.count(1)

    @property
    def running(self) -> bool:
        """True while the process lives and can be asked."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process and wait until it has loaded the library; LinkLost if it cannot, Refused if it may not."""
        if self.running:
            return
        self.kill()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        environment = self._environment | {
            "PYTHONPATH": os.pathsep.join(p for p in (str(_ROOT), self._environment.get("PYTHONPATH")) if p),
            "PYTHONFAULTHANDLER": "1",
            # The library translates names of choices ("Near 1"); the program must always see the originals.
            "LANGUAGE": "C",
            "LC_ALL": "C",
        }
        self._answers = queue.SimpleQueue()
        self._process = subprocess.Popen(
            worker_command(self._module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # Ctrl-C in a terminal is for the program, which then closes the camera in order
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, self._answers), daemon=True)
        self._reader.name = "camera answers"
        self._reader.start()
        self.call("hello", deadline_s=_START_S)

    def call(self, name: str, /, *, deadline_s: float, **arguments: Any) -> tuple[Any, bytes]:
        """Ask the worker and return (result, bytes); LinkLost when it is gone or late, Refused when it says no."""
        process = self._process
        if process is None or process.stdin is None or process.poll() is not None:
            raise LinkLost(self._end("the camera's process has ended"))
        number = next(self._numbers)
        try:
            process.stdin.write(pack({"id": number, "call": name, "limit_s": deadline_s, "arguments": arguments}))
            process.stdin.flush()
        except OSError as error:
            raise LinkLost(self._end("the camera's process has ended")) from error
        until = time.monotonic() + deadline_s
        while True:
            try:
                answer = self._answers.get(timeout=max(until - time.monotonic(), 0.0))
            except queue.Empty:
                raise LinkLost(self._end(f"no answer to {name!r} in time"), hung=True) from None
            if answer is None:
                raise LinkLost(self._end("the camera's process has ended"))
            head, body = answer
            if head.get("id") != number:
                continue
            if "error" in head:
                refusal = head["error"]
                raise Refused(int(refusal["code"]), str(refusal["text"]), str(refusal.get("detail", "")))
            return head.get("result"), body

    def close(self) -> None:
        """Let the worker leave the camera in order and end; kill it if that takes too long. Never raises."""
        if self.running:
            with contextlib.suppress(LinkLost, Refused):
                self.call("leave", deadline_s=_LEAVE_S)
        self.kill()

    def kill(self) -> None:
        """End the process at once. Never raises, may be called twice."""
        process, reader, errors = self._process, self._reader, self._errors
        self._process = self._reader = self._errors = None
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_KILL_S)
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        if reader is not None and reader is not threading.current_thread():
            reader.join(_KILL_S)
        if process is not None and process.stdout is not None:
            process.stdout.close()
        if errors is not None:
            errors.close()

    def _end(self, reason: str) -> str:
        tail = ""
        if self._errors is not None and not self._errors.closed:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(size - _STDERR_TAIL, 0))
            tail = self._errors.read().decode(errors="replace").strip()
        _log.info("%s%s", reason, f"; its last words:\n{tail}" if tail else "")
        self.kill()
        return reason

    @staticmethod
    def _read(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[tuple[Head, bytes] | None]) -> None:
        assert process.stdout is not None
        try:
            while (message := read_message(process.stdout)) is not None:
                answers.put(message)
        except (BrokenMessage, OSError, ValueError) as error:
            _log.info("the camera's process wrote something else: %s", error)
        answers.put(None)
