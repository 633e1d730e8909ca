from __future__ import annotations

import os
from pathlib import Path

import pytest
from session_desk import Desk

from rvr_laaf_app.app.actions import ACTIONS, MENUS, NEEDS, needs_met
from rvr_laaf_app.app.folders import config_folder, unsaved_folder
from rvr_laaf_app.app.settings import MAX_RECENT, Settings, load_settings, save_settings
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.project import LensSettings


def test_settings_come_back(tmp_path: Path) -> None:
    settings = Settings().with_recent(tmp_path / "a").with_recent(tmp_path / "ü").with_lens(LensSettings(blur_px=3.5))
    assert save_settings(settings, tmp_path / "new" / "folder")
    assert load_settings(tmp_path / "new" / "folder") == settings
    assert load_settings(tmp_path / "none") == Settings()


def test_recent_files_are_unique_newest_first_and_few() -> None:
    settings = Settings()
    for number in range(30):
        settings = settings.with_recent(f"/clips/{number % 20}")
    assert len(settings.recent) == MAX_RECENT
    assert settings.recent[0] == "/clips/9"
    assert settings.without_recent("/clips/9").recent[0] == "/clips/8"


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 99, b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"recent": NaN}', b'{"a": 1, "a": 2}'],
)
def test_damaged_settings_never_stop_the_start(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load_settings(tmp_path) == Settings()
    assert (tmp_path / "settings.damaged.json").read_bytes() == content
    assert save_settings(Settings(pull_frames=5), tmp_path)
    assert load_settings(tmp_path).pull_frames == 5


def test_a_damaged_setting_does_not_take_the_others_along(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(
        '{"recent": [5], "pull_frames": -3, "f_number": 2.8, "blur_px": "x", "later": {}}', encoding="utf-8"
    )
    assert load_settings(tmp_path) == Settings(f_number=2.8)


def test_settings_that_cannot_be_written_are_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("x")
    assert not save_settings(Settings(), tmp_path / "file" / "folder")
    (tmp_path / "settings.json").mkdir()
    assert load_settings(tmp_path) == Settings()
    assert "settings" in caplog.text


def test_folders_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RVR_CONFIG_DIR", str(tmp_path / "c"))
    assert config_folder() == tmp_path / "c"
    assert unsaved_folder().parent == tmp_path / "c"
    monkeypatch.delenv("RVR_CONFIG_DIR")
    assert "rvr-laaf" in os.fspath(config_folder())
    assert "rvr-laaf" in os.fspath(unsaved_folder())


def test_the_table_of_actions_is_sound() -> None:
    ids = [a.id for a in ACTIONS]
    keys = [k for a in ACTIONS for k in a.keys]
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys), "two actions share a key"
    assert {a.menu for a in ACTIONS} <= set(MENUS)
    assert {a.needs for a in ACTIONS} <= set(NEEDS)
    assert all(a.text.strip() == a.text and a.text for a in ACTIONS)


def test_needs_follow_the_session(desk: Desk, clip: Path) -> None:
    session = desk.session
    known = {"always", "clip", "project", "undo", "redo", "target", "analysis"}
    assert needs_met(session) & known == {"always"}
    desk.open(clip)
    target = session.add_target_at(Point(0.5, 0.5), 1)
    assert needs_met(session, target) & known == {"always", "clip", "project", "undo", "target", "analysis"}
    session.undo()
    assert needs_met(session, target) & known == {"always", "clip", "project", "redo", "analysis"}


def test_hidden_lanes_are_remembered_and_damage_hides_nothing(tmp_path: Path) -> None:
    assert save_settings(Settings(hidden_lanes=("film", "depth")), tmp_path)
    assert load_settings(tmp_path).hidden_lanes == ("film", "depth")
    (tmp_path / "settings.json").write_text('{"hidden_lanes": "depth", "pull_frames": 7}', encoding="utf-8")
    assert load_settings(tmp_path) == Settings(pull_frames=7)


def test_what_is_shown_is_remembered_by_itself(tmp_path: Path) -> None:
    save_settings(Settings(zone_bars=False, problem_list=False), tmp_path)
    assert load_settings(tmp_path) == Settings(zone_bars=False, problem_list=False)
    (tmp_path / "settings.json").write_text('{"zone_bars": 1, "problem_list": false}')
    assert load_settings(tmp_path) == Settings(problem_list=False)


def test_a_session_remembers_what_is_shown_at_once(desk: Desk) -> None:
    desk.session.remember_shown(zone_bars=False)
    assert not load_settings().zone_bars
    assert load_settings().problem_list
    desk.session.remember_shown(problem_list=False)
    assert not desk.session.settings.zone_bars
    assert not load_settings().problem_list
