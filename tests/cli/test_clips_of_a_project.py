"""Commands on a project with several clips: which is meant, and that the others are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rvr_laaf_app.cli.main import run as main
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.production import ClipEntry, Production
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.document.store import read_project, save_project
from rvr_laaf_app.media.probe import probe
from tests.clips import write_clip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    entries = []
    for number, name in enumerate(("wide", "close")):
        clip = write_clip(tmp_path / f"{name}.mp4", frames=8 + number, size=(96, 64))
        info = probe(str(clip))
        target = FocusTarget(f"t-{name}", number, Point(0.25, 0.5))
        reference = ClipRef(str(clip), info.fingerprint, info.frames)
        entries.append(ClipEntry(name, Project(reference, lens=LensSettings(blur_px=4)).with_targets((target,))))
    path = tmp_path / "film.rvr"
    save_project(Production(tuple(entries), "close"), path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_clip_shown_last_is_meant_and_that_is_said(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "interchange", "export", project, tmp_path / "a.json")
    assert code == 0
    assert "of 2 clips this is 'close.mp4'; --clip chooses another" in err
    assert "t-close" in (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["wide", "wide.mp4", "1"])
def test_another_one_is_chosen_by_name_or_number(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, _, err = run(capsys, "interchange", "export", project, tmp_path / "a.json", "--clip", name)
    assert (code, err) == (0, "")
    assert "t-wide" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_a_wrong_name_is_one_clear_line(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "check", project, "--clip", "nobody")
    assert code != 0
    assert "no clip 'nobody'" in err
    assert "'wide.mp4', 'close.mp4'" in err
    code, _, err = run(capsys, "refocus", project.with_name("wide.mp4"), "--clip", "1", "-o", tmp_path / "x.mp4")
    assert code != 0
    assert "--clip" in err


def test_importing_into_one_clip_keeps_the_others(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "interchange", "export", project, tmp_path / "a.json", "--clip", "wide")
    before = read_project(project).production
    code, out, _ = run(capsys, "interchange", "import", project, tmp_path / "a.json", "--clip", "2", "--json")
    assert code == 0
    assert json.loads(out)["changed"]
    after = read_project(project).production
    assert after.ids == before.ids
    assert after.clips[0] == before.clips[0]
    assert len(after.clips[1].project.targets) == 2


def test_refocus_saves_its_clip_and_keeps_the_others(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_project(project).production
    code, out, _ = run(
        capsys, "refocus", project, "--clip", "wide", "-o", tmp_path / "x.mp4", "--estimator", "lower-is-nearer",
        "--save-project", project, "--target", "0.5,0.5@0.1",
    )  # fmt: skip
    assert code == 0
    assert Path(out.strip()).exists()
    after = read_project(project).production
    assert after.clips[1] == before.clips[1]
    assert len(after.clips[0].project.targets) == 2
    assert after.clips[0].project.tracks
