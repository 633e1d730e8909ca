"""The export command on real small projects: several clips and presets, what is done is not redone, kill -9, errors."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rvr_laaf_app.cli.main import build_parser, run
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.document.production import ClipEntry, Production
from rvr_laaf_app.document.project import ClipRef, FocusTarget, Project
from rvr_laaf_app.document.store import save_project
from rvr_laaf_app.media.probe import probe
from tests.clips import write_clip

FRAMES = 10
QUICK = ["--estimator", "lower-is-nearer"]


def project_of(clip: Path, **changes: Any) -> Project:
    info = probe(clip)
    target = FocusTarget("t1", 0, Point(0.3, 0.6))
    return Project(clip=ClipRef(str(clip), info.fingerprint, info.frames), **changes).with_targets((target,))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return tuple(  # type: ignore[return-value]
        write_clip(folder / name, frames=FRAMES, size=size) for name, size in (("a.mp4", (96, 64)), ("b.mp4", (64, 96)))
    )


@pytest.fixture
def project(tmp_path: Path, clips: tuple[Path, Path]) -> Path:
    """A project of two clips; the second has its first four frames marked."""
    one, two = (Path(shutil.copy(c, tmp_path / c.name)) for c in clips)
    marked = project_of(two, play_range=PlayRange(None, 4))
    production = Production((ClipEntry("c1", project_of(one)), ClipEntry("c2", marked, "Second one")), "c1")
    path = tmp_path / "film.rvr"
    save_project(production, path)
    return path


def export(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    code = run(["export", *map(str, arguments), *QUICK, "--json"])
    return code, json.loads(capsys.readouterr().out)["exports"]


def test_all_clips_in_several_presets_and_nothing_twice(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    wanted = (project, "--out", out, "--preset", "share h.264", "--preset", "Depth as 16-bit PNG")
    code, rows = export(*wanted, capsys=capsys)
    assert code == 0
    assert [r["state"] for r in rows] == ["done"] * 4
    assert sorted(os.listdir(out)) == [
        "Second one_depth16", "Second one_refocused.mp4", "a_depth16", "a_refocused.mp4",
    ]  # fmt: skip
    assert probe(out / "a_refocused.mp4").frames == FRAMES
    before = (out / "a_refocused.mp4").stat().st_mtime_ns
    (out / "Second one_refocused.mp4").unlink()
    code, rows = export(*wanted, capsys=capsys)
    assert (code, [r["state"] for r in rows]) == (0, ["skipped", "skipped", "done", "skipped"])
    assert (out / "a_refocused.mp4").stat().st_mtime_ns == before


def test_a_result_of_another_state_of_the_project_is_not_taken_for_done(
    project: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = export(project, "--clip", "1", capsys=capsys)
    assert (code, rows[0]["state"]) == (0, "done")
    entry = project_of(project.parent / "a.mp4").with_targets((FocusTarget("t1", 0, Point(0.9, 0.1)),))
    save_project(Production((ClipEntry("c1", entry),), "c1"), project)
    code, rows = export(project, capsys=capsys)
    assert (code, rows[0]["state"]) == (4, "failed")
    assert "--overwrite" in rows[0]["error"]["remedy"]
    code, rows = export(project, "--overwrite", capsys=capsys)
    assert (code, rows[0]["state"]) == (0, "done")


def test_one_failure_does_not_stop_the_others_and_gives_the_exit_code(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.rvr").write_text("{")
    (tmp_path / "a.mp4").unlink()
    code, rows = export(tmp_path / "bad.rvr", project, tmp_path / "gone.rvr", capsys=capsys)
    assert code == 5
    assert [r["state"] for r in rows] == ["failed", "failed", "done", "failed"]
    assert rows[1]["error"]["what"] == "the clip was not found"
    assert run(["export", str(tmp_path / "bad.rvr"), *QUICK]) == 5
    printed = capsys.readouterr()
    assert "1 failed" in printed.out
    assert printed.err.startswith("[1/1] failed:")


def test_one_clip_a_range_and_the_marks(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = export(project, "--clip", "Second one", "--marked", capsys=capsys)
    assert (code, rows[0]["frames"]) == (0, 4)
    code, rows = export(project, "--clip", "1", "--to", "0.2", "--name", "{project}-{clip}", capsys=capsys)
    assert (code, rows[0]["frames"], Path(rows[0]["output"]).name) == (0, 5, "film-a.mp4")


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (["--preset", "nobody's"], 2), (["--out", "/nowhere/at/all"], 2), (["--marked", "--to", "1"], 2),
    ],
)  # fmt: skip
def test_wrong_use_is_told_before_any_work(
    project: Path, extra: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(project), *extra]) == code
    assert run(["export"]) == 2
    capsys.readouterr()


def test_wrong_clip_and_pattern_fail_their_rows(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(project, "--clip", "third", capsys=capsys)[0] == 2
    code, rows = export(project, "--name", "{unheard}", capsys=capsys)
    assert code == 2
    assert all("knows nothing" in r["error"]["what"] for r in rows)


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--list-presets"]) == 0
    assert "ProRes 422 HQ" in capsys.readouterr().out
    assert build_parser().parse_args(["export", "a.rvr", "b.rvr", "--preset", "DNxHR"]).projects == ["a.rvr", "b.rvr"]


def test_a_full_disk_fails_its_export_with_a_remedy(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rvr_laaf_app.media.writer import ClipWriter

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ClipWriter, "_mux", full)
    code, rows = export(project, capsys=capsys)
    assert code == 4
    assert all("disk is full" in r["error"]["what"] and "Free some space" in r["error"]["remedy"] for r in rows)
    assert not list(project.parent.glob("*.part"))


def test_a_result_that_another_program_holds_fails_clearly(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr("rvr_laaf_app.media.writer.publish", held)
    code, rows = export(project, "--clip", "1", capsys=capsys)
    assert code == 4
    assert "used by another process" in rows[0]["error"]["what"]
    assert not list(project.parent.glob("*.part"))


@pytest.mark.slow
def test_a_killed_batch_goes_on_with_what_is_missing(project: Path, tmp_path: Path) -> None:
    """Killed while it writes; the same command again leaves what was done alone, and no part behind."""
    long = write_clip(tmp_path / "b.mp4", frames=120, size=(160, 96))
    production = Production(
        (ClipEntry("c1", project_of(tmp_path / "a.mp4")), ClipEntry("c2", project_of(long), "Second one")), "c1"
    )
    save_project(production, project)
    command = [sys.executable, "-m", "rvr_laaf_app", "export", str(project), *QUICK, "--json"]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, env=dict(os.environ))
    try:
        for _ in range(6000):
            if list(tmp_path.glob("Second one*.part")):
                break
            assert process.poll() is None, "it ended before it could be killed"
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait(20)
    assert (tmp_path / "a_refocused.mp4").exists()
    assert not (tmp_path / "Second one_refocused.mp4").exists()
    assert list(tmp_path.glob("*.part"))
    again = subprocess.run(command, cwd=root, capture_output=True, env=dict(os.environ), timeout=120, check=True)
    rows = json.loads(again.stdout)["exports"]
    assert [r["state"] for r in rows] == ["skipped", "done"]
    assert probe(tmp_path / "Second one_refocused.mp4").frames == 120
    assert not list(tmp_path.glob("*.part"))
