from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from session_desk import Desk

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.core.errors import CacheError, Cancelled, CheckpointError, ExportError, MediaError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.document import Change
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.jobs.scheduler import JobStatus

HERE = Point(0.5, 0.5)


def test_opening_a_clip_begins_a_project(desk: Desk, clip: Path) -> None:
    session, changes, told = desk.session, [], []
    session.on_change(changes.append)
    session.on_clip(lambda: told.append(session.clip_state))
    assert session.clip_state == "none"
    assert session.title == "Untitled"
    desk.open(clip)
    assert told == ["opening", "online"]
    assert [c.kind for c in changes] == ["open"]
    assert session.project.clip is not None
    assert (session.project.clip.path, session.project.clip.frames) == (str(clip), 100)
    assert session.title == "film"
    assert not session.modified
    assert not desk.problems


def test_a_clip_that_cannot_be_opened_leaves_what_was_open(desk: Desk, clip: Path, tmp_path: Path) -> None:
    session = desk.open(clip)
    session.add_target_at(HERE, 3)
    before = session.project.targets
    (tmp_path / "bad.clip").write_text("nonsense")
    desk.open(tmp_path / "bad.clip")
    assert session.project.targets == before
    assert session.clip_state == "online"
    assert [type(p) for p in desk.problems] == [MediaError]
    desk.open(tmp_path / "missing.rvr")
    assert session.project.targets == before
    assert len(desk.problems) == 2


def test_the_latest_opening_wins(desk: Desk, clip: Path, tmp_path: Path, engine: FakeEngine) -> None:
    other = tmp_path / "other.clip"
    other.write_text("7")
    engine.gate.clear()
    first = desk.session.open(clip)
    desk.session.open(other)
    engine.gate.set()
    desk.idle()
    assert first.finished
    assert desk.session.title == "other"


def test_sound_without_pictures_is_refused(desk: Desk, tmp_path: Path) -> None:
    sound = tmp_path / "song.clip"
    sound.write_text("0")
    desk.open(sound)
    assert "no pictures" in str(desk.problems[0])
    assert desk.session.clip_state == "none"


def test_without_weights_a_clip_can_still_be_seen(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    engine.fail["products"] = CheckpointError("weights are missing")
    session = desk.open(clip)
    assert session.clip_state == "online"
    assert session.products is None
    assert "weights" in str(desk.problems[0])
    session.add_target_at(HERE, 1)
    with pytest.raises(UsageError, match="cannot be analysed"):
        session.start_analysis()
    with pytest.raises(UsageError):
        session.request_export(ExportChoice("x.mp4"))


def test_a_target_is_analysed_and_tracked_by_itself(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    session = desk.open(clip)
    first = session.add_target_at(HERE, 10)
    desk.idle()
    assert session.products is not None
    assert session.products.complete
    track = session.project.tracks[0]
    assert (track.target_id, track.start, track.stop) == (first, 10, 100)
    assert session.document.undo_label == "Add target"
    second = session.add_target_at(Box(0.1, 0.1, 0.2, 0.2), 50, tracker="csrt")
    desk.idle()
    assert {t.target_id: t.stop for t in session.project.tracks}.keys() == {first, second}
    assert engine.log.count(f"track {first}") == 2  # one run of two steps: its old track is long enough
    session.remove_target(second)
    session.undo()
    desk.idle()
    assert session.project.track_of(session.project.targets[1]) is not None
    assert engine.log.count(f"track {second}") == 2


def test_undo_and_redo_do_not_lose_tracks(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    session = desk.open(clip)
    session.add_target_at(HERE, 10)
    session.set_lens(LensSettings(blur_px=9.0))
    desk.idle()
    assert session.project.tracks
    runs = len(engine.log)
    for _ in range(2):
        assert session.undo()
    assert session.project.targets == ()
    for _ in range(2):
        assert session.redo()
    desk.idle()
    assert session.project.tracks
    assert len(engine.log) == runs


def test_a_moved_target_is_tracked_anew_and_the_late_result_is_dropped(
    desk: Desk, clip: Path, engine: FakeEngine
) -> None:
    session = desk.open(clip)
    session.start_analysis()
    desk.idle()
    engine.gate.clear()
    target = session.add_target_at(HERE, 10)
    desk.until(lambda: f"track {target}" in engine.log)
    session.move_target(target, place=Point(0.1, 0.1))
    engine.gate.set()
    desk.idle()
    assert session.project.tracks[0].for_place == (10, Point(0.1, 0.1))
    assert len(session.project.tracks) == 1


def test_a_drag_is_one_step_and_tracked_once(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    session = desk.open(clip)
    target = session.add_target_at(HERE, 10)
    desk.idle()
    engine.log.clear()
    for number in range(20):
        session.move_target(target, place=Point(number / 20, 0.5), gesture="drag 1")
        desk.mailbox.run_pending()
    assert not engine.log
    session.end_gesture()
    desk.idle()
    assert engine.log == [f"track {target}"] * 2
    session.undo()
    assert session.project.targets[0].place == HERE
    assert session.project.track_of(session.project.targets[0]) is not None


def test_removing_a_later_target_lengthens_the_earlier_track(desk: Desk, clip: Path) -> None:
    session = desk.open(clip)
    second = session.add_target_at(HERE, 50)
    session.add_target_at(HERE, 10)
    desk.idle()
    assert sorted(t.stop for t in session.project.tracks) == [50, 100]
    session.remove_target(second)
    desk.idle()
    assert [t.stop for t in session.project.tracks] == [100]


def test_a_failed_track_is_told_once_and_can_be_tried_again(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    session = desk.open(clip)
    engine.fail["track"] = CacheError("a frame is damaged")
    target = session.add_target_at(HERE, 10)
    desk.idle()
    session.set_lens(LensSettings(blur_px=3.0))
    desk.idle()
    assert len(desk.problems) == 1
    assert not session.project.tracks
    del engine.fail["track"]
    session.start_tracking(target)
    desk.idle()
    assert session.project.tracks


def test_a_broken_analysis_is_not_begun_again_by_itself(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    session = desk.open(clip)
    engine.fail["analyse"] = OSError(28, "No space left on device")
    session.add_target_at(HERE, 10)
    desk.idle()
    session.add_target_at(HERE, 20)
    desk.idle()
    assert engine.log.count("analyse") == 1
    assert len(desk.problems) == 1
    assert "OSError" in str(desk.problems[0])
    del engine.fail["analyse"]
    session.start_analysis()
    desk.idle()
    assert len(session.project.tracks) == 2


def test_export_waits_for_analysis_and_tracks(desk: Desk, clip: Path, engine: FakeEngine, tmp_path: Path) -> None:
    session, seen = desk.open(clip), []
    session.on_job(lambda status: seen.append(status))
    session.add_target_at(HERE, 10)
    out = tmp_path / "out.mp4"
    task = session.request_export(ExportChoice(str(out)))
    session.add_target_at(HERE, 40)  # not part of what was asked for
    desk.idle()
    assert task.result(0).path == str(out)
    assert out.read_text() == "1 targets"
    tracked = [entry for entry in engine.log if entry.startswith("track")]
    assert len(tracked) == len(set(tracked)) * 2  # two steps for each target: nothing was tracked twice
    names = [s.name for s in seen if s.finished]
    assert names.index("analyse") < names.index("export")
    exported = [s for s in seen if s.name == "export" and s.finished]
    assert exported[0].progress.fraction == 1.0
    with pytest.raises(ExportError, match="exists already"):
        session.request_export(ExportChoice(str(out)))


def test_export_does_the_analysis_itself_if_it_was_stopped(
    desk: Desk, clip: Path, engine: FakeEngine, tmp_path: Path
) -> None:
    session = desk.open(clip)
    engine.gate.clear()
    analysis = session.start_analysis()
    task = session.request_export(ExportChoice(str(tmp_path / "out.mp4")))
    analysis.pause()
    analysis.cancel()
    session.start_analysis()  # must wait for the export, which writes the products now
    engine.gate.set()
    desk.idle()
    assert task.result(0).frames == 100
    with pytest.raises(Cancelled):
        analysis.result(0)
    assert not desk.problems


def test_an_export_survives_the_opening_of_another_clip_and_can_be_cancelled(
    desk: Desk, clip: Path, engine: FakeEngine, tmp_path: Path
) -> None:
    session, other = desk.open(clip), tmp_path / "other.clip"
    other.write_text("9")
    going = session.request_export(ExportChoice(str(tmp_path / "a.mp4")))
    cancelled = session.request_export(ExportChoice(str(tmp_path / "b.mp4")))
    cancelled.cancel()
    desk.open(other)
    assert going.result(0).frames == 100
    assert not (tmp_path / "b.mp4").exists()
    assert session.title == "other"


def test_a_job_result_is_in_the_project_when_the_job_is_told_finished(desk: Desk, clip: Path) -> None:
    session, tracks_then = desk.open(clip), []

    def told(status: JobStatus) -> None:
        if status.name == "track" and status.finished:
            tracks_then.append(len(session.project.tracks))

    session.on_job(told)
    session.add_target_at(HERE, 10)
    desk.idle()
    assert tracks_then == [1]


def test_values_that_make_no_sense_are_refused_and_nothing_changes(desk: Desk, clip: Path) -> None:
    session = desk.session
    with pytest.raises(UsageError, match="open a clip"):
        session.add_target_at(HERE, 0)
    with pytest.raises(UsageError):
        session.start_analysis()
    desk.open(clip)
    before = session.project
    for act in (
        lambda: session.add_target_at(HERE, 100),
        lambda: session.add_target_at(HERE, -1),
        lambda: session.add_target_at(Point(float("nan"), 0), 1),
        lambda: session.add_target_at(HERE, 1, pull_frames=-5),
        lambda: session.remove_target("x"),
        lambda: session.start_tracking("x"),
        lambda: session.set_lens(LensSettings(highlight_boost=9)),
    ):
        with pytest.raises(UsageError):
            act()
    assert session.project is before
    assert not session.modified


def test_a_transaction_of_the_session_is_one_step(desk: Desk, clip: Path) -> None:
    session, changes = desk.open(clip), []
    session.on_change(changes.append)
    with session.transaction("Two at once"):
        session.add_target_at(HERE, 1)
        session.add_target_at(HERE, 2)
    edits = [c for c in changes if c.kind == "edit"]
    assert len(edits) == 1
    assert session.document.undo_label == "Two at once"


def test_new_targets_begin_as_the_user_had_them_last(desk: Desk, clip: Path, new_desk: Callable[[], Desk]) -> None:
    session = desk.open(clip)
    first = session.add_target_at(HERE, 10)
    session.set_target(first, pull_frames=24)
    second = session.add_target_at(HERE, 20)
    assert session.project.target(second).pull_frames == 24  # type: ignore[union-attr]
    session.set_lens(LensSettings(blur_px=17.0))
    session.discard_changes()
    session.close()
    later = new_desk().open(clip)
    assert later.project.lens.blur_px == 17.0
    assert later.settings.recent == (str(clip),)


def test_close_ends_every_thread_even_in_the_middle_of_work(desk: Desk, clip: Path, engine: FakeEngine) -> None:
    session = desk.open(clip)
    engine.gate.clear()
    session.add_target_at(HERE, 10)
    desk.until(lambda: "analyse" in engine.log)
    session.open(clip)
    engine.gate.set()
    assert session.close(20.0)
    assert session.close(20.0)
    seen: list[Change] = []
    session.on_change(seen.append)
    desk.mailbox.run_pending()  # what arrives late changes nothing
    assert not seen
