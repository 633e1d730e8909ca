from __future__ import annotations

from pathlib import Path

import pytest
from session_desk import Desk

from rvr_laaf_app.app.backups import KEPT_OLDER, KEPT_RECENT, backup_folder, generations, keep_backup
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.document.store import load_project


def test_every_save_can_be_had_again(desk: Desk, clip: Path, tmp_path: Path) -> None:
    session, path = desk.open(clip), tmp_path / "film.rvr"
    session.add_target_at(Point(0.5, 0.5), 1)
    for number in range(4):
        session.set_lens(LensSettings(blur_px=float(number)))
        session.save(path)
    assert generations(path) == [4, 3, 2, 1]
    kept = [load_project(backup_folder(path) / f"{g:09d}.rvr").lens.blur_px for g in generations(path)]
    assert kept == [3.0, 2.0, 1.0, 0.0]


def test_backups_stay_few_and_reach_far_back(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    for generation in range(1, 600):
        path.write_text(str(generation))
        keep_backup(path, generation)
        there = generations(path)
        assert there[:KEPT_RECENT] == list(range(generation, max(0, generation - KEPT_RECENT), -1))
        assert len(there) <= KEPT_RECENT + KEPT_OLDER
        assert generation < 40 or min(there) <= generation * 3 // 4
    assert min(generations(path)) <= 599 // 2


def test_projects_of_one_name_do_not_mix(tmp_path: Path) -> None:
    assert backup_folder(tmp_path / "a" / "film.rvr") != backup_folder(tmp_path / "b" / "film.rvr")


def test_a_backup_that_cannot_be_made_does_not_stop_the_save(
    desk: Desk, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "backups").write_text("in the way")
    monkeypatch.setenv("RVR_CONFIG_DIR", str(tmp_path / "state"))
    session = desk.open(clip)
    session.add_target_at(Point(0.5, 0.5), 1)
    session.save(tmp_path / "film.rvr")
    assert load_project(tmp_path / "film.rvr").targets
    assert "no backup" in caplog.text
