"""Several clips in one session: showing, adding, analysis in the background, missing ones, and crashes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from session_desk import Desk

from rvr_laaf_app.app.clip_files import MOST_CLIPS, Match, clip_files, search_job
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.document.store import read_project
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.jobs.scheduler import JobState

HERE = Point(0.5, 0.5)
NewDesk = Callable[[], Desk]


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{'abc'[number]}.clip")
        paths[-1].write_text(str(50 + number))
    return paths


def opened(desk: Desk, clips: list[Path]) -> tuple[str, ...]:
    desk.open(clips[0])
    desk.session.add_clips(clips[1:], show=False)
    desk.idle()
    return desk.session.production.ids


def test_clips_are_added_as_one_step_and_each_has_its_own_targets(desk: Desk, clips: list[Path]) -> None:
    first, second, third = opened(desk, clips)
    session = desk.session
    assert session.document.undo_label == "Add clips"
    assert session.production.shown == first
    session.add_target_at(HERE, 1)
    assert session.show_clip(second)
    assert session.project.targets == ()
    assert session.clip is not None
    assert session.clip.frames == 51
    session.add_target_at(HERE, 2)
    assert session.undo()
    assert session.production.shown == second
    assert session.undo()
    assert session.production.shown == first
    assert session.project.targets == ()
    assert session.undo()
    assert session.production.ids == (first,)
    session.redo()
    assert session.production.ids == (first, second, third)


def test_showing_tells_once_what_is_needed_and_at_once(desk: Desk, clips: list[Path]) -> None:
    _, second, _ = opened(desk, clips)
    session, told = desk.session, []
    session.on_change(lambda c: told.append((c.kind, session.clip.frames if session.clip else 0)))
    session.on_clip(lambda: told.append("clip"))
    assert session.show_clip(second)
    assert told == [("open", 51), "clip"]
    assert not session.show_clip(second)
    assert not session.show_clip("nobody")
    assert not session.jobs
    assert session.document.undo_label == "Add clips"


def test_with_nothing_open_added_clips_begin_a_project(desk: Desk, clips: list[Path]) -> None:
    desk.session.add_clips(clips)
    desk.idle()
    assert len(desk.session.production.clips) == 3
    assert desk.session.clip_state == "online"
    assert desk.session.title == "a"
    assert desk.session.modified


def test_what_is_no_clip_is_told_and_not_added(desk: Desk, clips: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "notes.clip"
    bad.write_text("hello")
    opened(desk, clips[:1])
    desk.session.add_clips([bad, clips[1]])
    desk.idle()
    assert len(desk.session.production.clips) == 2
    assert [p.where for p in desk.problems] == [str(bad)]


def test_the_list_is_saved_and_opened_again(desk: Desk, clips: list[Path], tmp_path: Path, new_desk: NewDesk) -> None:
    first, second, third = opened(desk, clips)
    session = desk.session
    session.rename_clip(third, "the close one")
    session.move_clips(third, before=first)
    session.show_clip(second)
    session.set_lens(LensSettings(blur_px=7))
    session.save(tmp_path / "film.rvr")
    session.close()
    later = new_desk()
    later.open(tmp_path / "film.rvr")
    assert later.session.production == session.production
    assert later.session.production.shown == second
    assert later.session.production.clips[0].title == "the close one"
    assert all(later.session.clips.state(i) == "online" for i in (first, second, third))
    assert not later.session.modified
    later.session.remove_clips(first, second)
    assert later.session.production.shown == third
    assert later.session.clip_state == "online"
    later.session.undo()
    assert later.session.clip_state == "online"


def test_other_clips_are_analysed_in_the_background_one_by_one(desk: Desk, clips: list[Path]) -> None:
    first, second, third = opened(desk, clips)
    session, seen = desk.session, []
    session.on_job(lambda s: seen.append(s))
    session.analyse_others(True)
    desk.idle()
    assert session.products is not None
    assert not session.products.complete  # the shown one is begun by whoever shows it
    for other in (second, third):
        work = session.clips.work(other)
        assert work is not None
        assert work.analysed
    assert seen == []  # nobody who watches the screen hears of them
    session.start_analysis()
    desk.idle()
    assert {s.subject for s in seen} == {str(clips[0])}
    assert first


def test_the_shown_clip_goes_first_and_jobs_of_the_former_end_for_the_screen(
    desk: Desk, clips: list[Path], engine: FakeEngine
) -> None:
    _, second, _ = opened(desk, clips)
    session, seen = desk.session, []
    engine.steps = 1_000_000
    session.on_job(seen.append)
    task = session.start_analysis()
    desk.until(lambda: any(s.progress.done > 1 for s in seen))
    engine.steps = 50
    session.show_clip(second)
    assert seen[-1].state is JobState.FINISHED
    assert seen[-1].subject == str(clips[0])
    assert not task.finished
    other = session.start_analysis()
    desk.until(lambda: other.finished)
    assert not task.finished
    assert {s.subject for s in seen if s.id == other.status.id} == {str(clips[1])}
    assert seen[-1].id == other.status.id
    task.cancel()
    desk.until(lambda: task.finished)


def test_flicking_through_the_clips_holds_few_networks(desk: Desk, tmp_path: Path, engine: FakeEngine) -> None:
    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.clip")
        paths[-1].write_text(str(20 + number))
    ids = opened(desk, paths)
    session = desk.session
    engine.steps = 100_000
    for clip_id in ids:
        session.show_clip(clip_id)
        task = session.start_analysis()
        desk.until(lambda task=task: task.status.progress.done > 2)  # type: ignore[misc]
        begun = [t for t in session.jobs if t.name == "analyse" and t.state is JobState.RUNNING]
        assert len(begun) <= 3  # one of them may be about to close
    engine.steps = 5


def test_targets_of_a_clip_are_followed_when_another_is_shown(
    desk: Desk, clips: list[Path], engine: FakeEngine
) -> None:
    first, second, _ = opened(desk, clips)
    session = desk.session
    engine.gate.clear()
    target = session.add_target_at(HERE, 3)
    session.show_clip(second)
    engine.gate.set()
    desk.idle()
    entry = session.production.entry(first)
    assert entry is not None
    found = entry.project.target(target)
    assert found is not None
    assert entry.project.track_of(found) is not None
    assert session.production.shown == second
    session.undo()  # and it is undone as one step with its track
    assert session.production.shown == first
    assert session.project.tracks == ()


def test_two_clips_with_one_content_share_their_analysis(desk: Desk, clips: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.clip"
    copy.write_text(clips[0].read_text())
    first, second = opened(desk, [clips[0], copy])
    session = desk.session
    session.start_analysis()
    session.show_clip(second)
    session.start_analysis()
    desk.idle()
    for clip_id in (first, second):
        work = session.clips.work(clip_id)
        assert work is not None
        assert work.analysed


def saved(desk: Desk, clips: list[Path], path: Path) -> tuple[str, ...]:
    ids = opened(desk, clips)
    desk.session.add_target_at(HERE, 5)
    desk.idle()
    desk.session.save(path)
    desk.session.close()
    return ids


def test_missing_clips_are_found_in_a_folder_by_content_or_name(
    desk: Desk, clips: list[Path], tmp_path: Path, new_desk: NewDesk, engine: FakeEngine
) -> None:
    ids = saved(desk, clips, tmp_path / "film.rvr")
    place = tmp_path / "moved" / "inner"
    place.mkdir(parents=True)
    clips[0].rename(place / "a.clip")
    clips[1].rename(place / "other name.mp4")
    clips[2].unlink()
    (place / "c.clip").write_text("77")
    later = new_desk()
    session = later.open(tmp_path / "film.rvr")
    assert session.clip_state == "offline"
    missing = session.clips.missing(session.production)
    assert tuple(c.id for c in missing) == ids
    found = run_job(search_job(engine, missing, str(tmp_path / "moved")))
    assert set(found) == {
        Match(ids[0], str(place / "a.clip"), same=True),
        Match(ids[1], str(place / "other name.mp4"), same=True),
        Match(ids[2], str(place / "c.clip"), same=False),
    }
    targets = session.project.targets
    session.use_places({m.clip_id: (m.path, m.same) for m in found})
    later.idle()
    assert session.clips.missing(session.production) == ()
    assert session.clip_state == "online"
    assert session.project.targets == targets
    assert session.project.tracks
    last = session.production.entry(ids[2])
    assert last is not None
    assert last.project.clip is not None
    assert last.project.clip.frames == 77  # taken as it is
    assert session.modified
    session.undo()
    assert session.clip_state == "online"  # where a clip lies is no edit
    session.save()
    assert all(len(p) >= 1 for p in read_project(tmp_path / "film.rvr").places.values())


def test_five_hundred_missing_clips_open_soon(desk: Desk, clips: list[Path], tmp_path: Path, new_desk: NewDesk) -> None:
    path = tmp_path / "film.rvr"
    saved(desk, clips[:1], path)
    values = json.loads(path.read_text(encoding="utf-8"))
    one = values["clips"][0]
    values["clips"] += [
        {**one, "id": f"m{n}", "clip": {**one["clip"], "path": f"/gone/{n}.mp4", "relative_path": f"gone/{n}.mp4"}}
        for n in range(500)
    ]
    path.write_text(json.dumps(values), encoding="utf-8")
    later = new_desk()
    session = later.open(path)
    assert session.clip_state == "online"
    assert len(session.clips.missing(session.production)) == 500
    session.save()
    assert len(read_project(path).production.clips) == 501


def test_folders_give_their_videos(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "notes.txt", ".hidden.mp4", "deep/c.mkv", "stills/x.png"):
        path = tmp_path / "shoot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "shoot" / "loop").symlink_to(tmp_path / "shoot")
    os.mkfifo(tmp_path / "shoot" / "pipe.mp4")
    names = [Path(p).name for p in clip_files([str(tmp_path / "shoot"), "/elsewhere/z.any"])]
    assert names == ["a.MOV", "b.mp4", "c.mkv", "z.any"]
    assert [Path(p).name for p in clip_files([str(tmp_path / "shoot" / "stills")])] == ["x.png"]
    assert clip_files([str(tmp_path / "nothing")]) == [str(tmp_path / "nothing")]
    many = tmp_path / "many"
    many.mkdir()
    for number in range(MOST_CLIPS + 20):
        (many / f"{number}.mp4").touch()
    assert len(clip_files([str(many)])) == MOST_CLIPS


def test_relinking_needs_a_clip(desk: Desk) -> None:
    with pytest.raises(UsageError):
        desk.session.relink("x")


def test_an_earlier_version_is_opened_as_a_copy(desk: Desk, clips: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    opened(desk, clips)
    session = desk.session
    session.save(path)
    session.set_lens(LensSettings(blur_px=3))
    session.save()
    session.open_version(path, 1)
    desk.idle()
    assert session.path is None
    assert session.modified
    assert session.project.lens.blur_px is None
    assert len(session.production.clips) == 3
    assert read_project(path).project.lens.blur_px == 3


CRASHER = """
import sys
sys.path[:0] = {paths!r}
from fake_engine import FakeEngine
from session_desk import Desk
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.project import LensSettings
import random
desk = Desk(FakeEngine())
session = desk.open({clip!r}) if {project!r} is None else desk.open({project!r})
session.add_clips({others!r}, show=False)
desk.idle()
rng = random.Random({seed})
print("ready", flush=True)
done = 0
while True:
    ids = session.production.ids
    kind = rng.randrange(6)
    if kind == 0:
        session.show_clip(rng.choice(ids))
        continue
    if kind == 1 and len(ids) > 2:
        session.remove_clips(rng.choice(ids))
    elif kind == 2:
        session.rename_clip(rng.choice(ids), f"name {{done}}")
    elif kind == 3:
        session.move_clips(rng.choice(ids), before=None)
        session.rename_clip(ids[0], f"first {{done}}")
        done += 1
    elif kind == 4 and session.document.undo_label:
        session.undo()
    else:
        session.set_lens(LensSettings(blur_px=float(done % 90)))
    done += 1
    state = [(c.id, c.name, c.project.lens.blur_px, len(c.project.targets)) for c in session.production.clips]
    print(repr(state), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
@pytest.mark.parametrize("seed", range(3))
def test_kill_9_of_a_real_process_in_the_middle_of_edits_loses_at_most_one_action(
    desk: Desk, clips: list[Path], seed: int
) -> None:
    """Another process edits three clips, tells each state, and is killed; all that it told is offered again."""
    here = str(Path(__file__).parent)
    code = CRASHER.format(
        paths=[here, str(Path(here).parents[2])],
        clip=clips[0],
        project=None,
        others=[str(c) for c in clips[1:]],
        seed=seed,
    ).replace("PosixPath", "__import__('pathlib').Path")
    rng = random.Random(seed)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        told = [child.stdout.readline() for _ in range(rng.randrange(20, 60))]
        threading.Event().wait(rng.random() * 0.01)
        child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    lines = [line.rstrip("\n") for line in told if line.endswith("]\n")]
    offers = desk.session.recoveries()
    assert len(offers) == 1
    found = repr([(c.id, c.name, c.project.lens.blur_px, len(c.project.targets)) for c in offers[0].production.clips])
    if found != lines[-1]:  # the action under way may be there already, and one action may be two changes
        assert offers[0].edits >= len(lines)
    desk.session.recover(offers[0])
    desk.idle()
    assert desk.session.modified
    assert desk.session.production == offers[0].production
    assert desk.session.clip_state == "online"
