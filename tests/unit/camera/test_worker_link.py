"""The link to a worker process: deadlines, crashes, hangs, nonsense, and that nothing is left behind."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rvr_laaf_app.camera.worker_entry import run_worker
from rvr_laaf_app.camera.worker_link import LinkLost, Refused, Worker
from rvr_laaf_app.camera.worker_messages import BrokenMessage, pack, read_message

MODULE = "tests.peers.odd_worker"
PATIENT_S = 20.0


@pytest.fixture
def worker() -> Iterator[Worker]:
    found = Worker(MODULE)
    found.start()
    yield found
    found.close()


def test_messages_go_through_whole() -> None:
    stream = io.BytesIO(pack({"id": 1, "result": "ä"}, b"\0\xff") + pack({"id": 2}))
    assert read_message(stream) == ({"id": 1, "result": "ä"}, b"\0\xff")
    assert read_message(stream) == ({"id": 2}, b"")
    assert read_message(stream) is None


@pytest.mark.parametrize(
    "broken",
    [
        b"\0\0",
        pack({"id": 1})[:-1],
        pack({"id": 1}, b"12")[:-1],
        struct.pack(">II", 2, 0) + b"[]",
        b"\xff" * 8,
        struct.pack(">II", 3, 0) + b"{a}",
    ],
)
def test_broken_messages_are_told(broken: bytes) -> None:
    with pytest.raises(BrokenMessage):
        read_message(io.BytesIO(broken))


def test_answers_and_refusals(worker: Worker) -> None:
    assert worker.call("echo", deadline_s=PATIENT_S, words=["a", 1]) == (["a", 1], b"")
    assert worker.call("echo", deadline_s=PATIENT_S, words=None, size=3_000_000) == (None, bytes(3_000_000))
    with pytest.raises(Refused, match="not today") as told:
        worker.call("refuse", deadline_s=PATIENT_S)
    assert told.value.code == -9
    assert worker.call("chatter", deadline_s=PATIENT_S) == ("done", b"")
    assert worker.running


@pytest.mark.parametrize("how", ["leave_at_once", "fault_of_ours", "nonsense", "no_such_request", "_private"])
def test_a_worker_that_ends_is_noticed_at_once(worker: Worker, how: str) -> None:
    with pytest.raises(LinkLost) as told:
        worker.call(how, deadline_s=PATIENT_S)
    assert not told.value.hung  # the deadline was not waited for
    assert not worker.running
    with pytest.raises(LinkLost):
        worker.call("echo", deadline_s=PATIENT_S, words=1)
    worker.start()
    assert worker.call("echo", deadline_s=PATIENT_S, words=1)[0] == 1


def test_a_hanging_worker_is_killed_at_the_deadline(worker: Worker) -> None:
    pid = worker.process_id
    assert pid is not None
    began = time.monotonic()
    with pytest.raises(LinkLost) as told:
        worker.call("hang", deadline_s=0.5)
    assert time.monotonic() - began > 0.4
    assert told.value.hung
    assert not psutil.pid_exists(pid)


def test_a_worker_that_cannot_start_is_told() -> None:
    worker = Worker(MODULE, {"ODD_START": "crash", "PATH": ""})
    with pytest.raises(LinkLost):
        worker.start()
    worker.close()


def test_closing_twice_and_without_starting() -> None:
    worker = Worker(MODULE)
    worker.close()
    worker.start()
    pid = worker.process_id
    assert pid is not None
    worker.close()
    worker.close()
    assert not psutil.pid_exists(pid)


def test_no_worker_outlives_a_killed_program() -> None:
    """The program is killed while its worker hangs in a call: the worker's own alarm ends it."""
    program = (
        "from rvr_laaf_app.camera.worker_link import Worker\n"
        f"worker = Worker({MODULE!r})\n"
        "worker.start()\n"
        "print(worker.process_id, flush=True)\n"
        "worker.call('hang', deadline_s=1.0)\n"
    )
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3)  # it is in the call now, or the end of its standard input ends it
        parent.kill()
    until = time.monotonic() + 30
    while psutil.pid_exists(pid) and time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:  # nobody here may reap another's child
                break
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    else:
        assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="the packed program is a script here")
def test_a_packed_program_starts_itself_as_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "rvr-laaf"
    root = Path(__file__).resolve().parents[3]
    packed.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
        "from rvr_laaf_app.__main__ import main\nsys.exit(main())\n"
    )
    packed.chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(packed))
    worker = Worker("rvr_laaf_app.camera.uvc_opencv_worker")
    try:
        worker.start()  # it has answered
        assert worker.running
    finally:
        worker.close()
    nothing = Worker("rvr_laaf_app.cli.main")
    with pytest.raises(LinkLost):
        nothing.start()
    nothing.close()


def test_only_workers_are_run_by_that_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_worker("os") == 2
    assert run_worker("rvr_laaf_app.camera.session") == 2
    assert "no worker" in capsys.readouterr().err
