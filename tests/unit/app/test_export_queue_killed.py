"""kill -9 in the middle of a queued export: nothing of the queue is lost, what was half written goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from session_desk import Desk

from rvr_laaf_app.app.export_queue import ExportQueue
from rvr_laaf_app.core.atomic import temporary_beside

HERE = Path(__file__).resolve().parent
SCRIPT = """
import sys
from pathlib import Path
from fake_engine import FakeEngine
from session_desk import Desk
from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.export_queue import ExportQueue
from rvr_laaf_app.core.atomic import temporary_beside
from rvr_laaf_app.core.geometry import Point

folder = Path(sys.argv[1])
desk = Desk(FakeEngine())
desk.open(folder / "film.clip")
desk.session.add_target_at(Point(0.5, 0.5), 3)
queue = ExportQueue(desk.session)
queue.load()
desk.engine.gate.clear()
for name in ("a.mp4", "b.mp4"):
    queue.add(desk.session.project, ExportChoice(str(folder / name)), preset="x", title="film", frames=100)
desk.session.add_target_at(Point(0.1, 0.1), 50)
temporary_beside(folder / "a.mp4").write_text("half")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX systems can tell whether a process lives")
def test_a_killed_program_loses_no_job_and_leaves_no_part(
    tmp_path: Path, clip: Path, new_desk: Callable[[], Desk]
) -> None:
    path = os.pathsep.join([str(HERE), str(HERE.parents[2])])
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert list(tmp_path.glob("a.mp4*.part"))
    mine = temporary_beside(tmp_path / "a.mp4")
    mine.write_text("of a living process")
    desk = new_desk()
    queue = ExportQueue(desk.session)
    queue.load()
    try:
        assert [j.state for j in queue.jobs] == ["interrupted", "interrupted"]
        queue.continue_interrupted()
        desk.until(lambda: all(j.state == "done" for j in queue.jobs))
        assert [(tmp_path / n).read_text() for n in ("a.mp4", "b.mp4")] == ["1 targets"] * 2
    finally:
        queue.close()
    assert list(tmp_path.glob("*.part")) == [mine]
