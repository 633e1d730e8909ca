"""Repairs in a session: edits with names, carrying in the background, and never lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_engine import FakeEngine, FakeProducts
from session_desk import Desk

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.repair import BrushSettings
from rvr_laaf_app.jobs.job import Job, Progress

STROKE = (0.1, 0.2, 0.3, 0.4)


class Analysed(FakeProducts):
    """Products that are known to their end."""

    @property
    def meta(self) -> Any:
        return SimpleNamespace(done=self.info.frames, final=self.info.frames, frames=self.info.frames, cuts=())


class RepairEngine(FakeEngine):
    """Its products say how far they are; carrying is a job of three steps that is written down."""

    def products_of(self, info: Any, source: Any = None) -> Any:
        return Analysed(info, complete=True)

    def repair_job(self, products: Any, project: Project) -> Job[int]:
        for step in range(3):
            self._pass(f"repair {len(project.repairs)}")
            yield Progress(step + 1, 3, "carrying repairs")
        self.log.append("carried")
        return 3


@pytest.fixture
def engine() -> RepairEngine:
    return RepairEngine()


@pytest.fixture
def desk(engine: RepairEngine, clip: Path) -> Iterator[Desk]:
    desk = Desk(engine)
    desk.open(clip)
    yield desk
    engine.gate.set()
    assert desk.session.close(20.0)


def carried(engine: FakeEngine) -> int:
    return engine.log.count("carried")


def test_every_edit_has_its_name_and_can_be_undone(desk: Desk) -> None:
    session = desk.session
    values = [session.project]
    labels = []

    def note() -> None:
        values.append(session.project)
        labels.append(session.document.undo_label)

    first = session.add_repair("nearer", 5, STROKE)
    note()
    session.add_repair("farther", 5, STROKE)
    note()
    session.add_repair("same", 5, STROKE, sample=Point(0.5, 0.5), shift=0.1)
    note()
    session.change_repair(first, strength=0.9)
    note()
    session.switch_repair(first, on=False)
    note()
    session.switch_repair(first, on=True)
    note()
    session.remove_repair(first)
    note()
    assert labels == [
        "Brush nearer",
        "Brush farther",
        "Brush same depth",
        "Change repair",
        "Switch repair off",
        "Switch repair on",
        "Remove repair",
    ]
    for expected in reversed(values[:-1]):
        assert session.undo()
        assert session.project == expected
    for expected in values[1:]:
        assert session.redo()
        assert session.project == expected
    desk.idle()


def test_a_gesture_is_one_step(desk: Desk) -> None:
    session = desk.session
    repair_id = session.add_repair("nearer", 5, STROKE)
    for strength in (0.6, 0.7, 0.8):
        session.change_repair(repair_id, strength=strength, gesture=1)
    session.end_gesture()
    assert session.project.repairs[0].brush.strength == 0.8
    session.undo()
    assert session.project.repairs[0].brush.strength == 0.5
    desk.idle()


def test_what_cannot_be_is_refused_and_changes_nothing(desk: Desk) -> None:
    session = desk.session
    with pytest.raises(UsageError, match="frame"):
        session.add_repair("nearer", 100, STROKE)
    with pytest.raises(UsageError, match="sampled"):
        session.add_repair("same", 5, STROKE)
    with pytest.raises(UsageError, match="stroke"):
        session.add_repair("nearer", 5, (0.1, float("nan")))
    with pytest.raises(UsageError, match="radius"):
        session.add_repair("nearer", 5, STROKE, brush=BrushSettings(radius=9.0))
    with pytest.raises(UsageError, match="no repair"):
        session.change_repair("nothing", strength=0.1)
    assert session.project.repairs == ()
    assert session.document.undo_label is None


def test_carrying_begins_by_itself_and_only_for_what_is_new(desk: Desk, engine: RepairEngine) -> None:
    session = desk.session
    repair_id = session.add_repair("nearer", 5, STROKE)
    desk.idle()
    assert carried(engine) == 1
    session.change_repair(repair_id, strength=0.1)  # what it does, not where
    session.undo()
    desk.idle()
    assert carried(engine) == 1
    session.change_repair(repair_id, radius=0.1)
    desk.idle()
    assert carried(engine) == 2
    session.switch_repair(repair_id, on=False)
    desk.idle()
    assert carried(engine) == 2


def test_a_newer_stroke_takes_over_and_a_stopped_one_stays_stopped(desk: Desk, engine: RepairEngine) -> None:
    session = desk.session
    engine.gate.clear()
    session.add_repair("nearer", 5, STROKE)
    desk.until(lambda: "repair 1" in engine.log)
    session.add_repair("nearer", 6, STROKE)
    engine.gate.set()
    desk.idle()
    assert carried(engine) == 1
    assert engine.log[-1] == "carried"
    assert "repair 2" in engine.log
    engine.gate.clear()
    session.add_repair("nearer", 7, STROKE)
    desk.until(lambda: "repair 3" in engine.log)
    session.stop_repairs()
    engine.gate.set()
    desk.idle()
    session.add_target_at(Point(0.5, 0.5), 3)  # any other edit does not begin it again
    desk.idle()
    assert carried(engine) == 1
    assert len(session.project.repairs) == 3


def test_save_and_open_keep_everything(desk: Desk, tmp_path: Path) -> None:
    session = desk.session
    session.add_repair("same", 5, STROKE, sample=Point(0.5, 0.25), shift=-0.2, brush=BrushSettings(back=3, ahead=9))
    session.switch_repair(session.add_repair("farther", 9, STROKE), on=False)
    kept = session.project.repairs
    path = session.save(tmp_path / "work.rvr")
    session.new()
    desk.open(path)
    assert session.project.repairs == kept
    assert not session.modified


KILLED = """
import os, signal, sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
from session_desk import Desk
from test_repairing import STROKE, RepairEngine
desk = Desk(RepairEngine())
desk.open(Path({clip!r}))
desk.session.save({path!r})
desk.session.add_repair("nearer", 5, STROKE)
desk.session.switch_repair(desk.session.add_repair("farther", 9, STROKE), on=False)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="needs SIGKILL")
def test_kill_loses_no_repair(engine: RepairEngine, clip: Path, tmp_path: Path) -> None:
    here = Path(__file__).parent
    script = KILLED.format(tests=str(here), root=str(here.parents[2]), clip=str(clip), path=str(tmp_path / "work.rvr"))
    done = subprocess.run([sys.executable, "-c", script], env=dict(os.environ), timeout=60, check=False)
    assert done.returncode == -9
    desk = Desk(engine)
    try:
        desk.open(tmp_path / "work.rvr")
        (offer,) = desk.session.recoveries()
        desk.session.recover(offer)
        desk.idle()
        repairs = desk.session.project.repairs
        assert [(r.kind, r.frame, r.on) for r in repairs] == [("nearer", 5, True), ("farther", 9, False)]
        assert repairs[0] == replace(repairs[0], stroke=STROKE)
    finally:
        assert desk.session.close(20.0)
