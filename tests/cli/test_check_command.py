"""`rvr-laaf check`: a table and JSON of what is wrong, what is not known said to be so, problems no failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.cli.main import run
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.document.store import load_project, save_project
from tests.clips import write_clip

LOW, HIGH = Box(0.1, 0.6, 0.25, 0.3), Box(0.4, 0.05, 0.25, 0.3)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two targets three frames apart, far from each other in depth: one hurried pull."""
    clip = write_clip(tmp_path / "clip.mp4", frames=30)
    targets = (FocusTarget("a", 0, LOW), FocusTarget("b", 12, LOW), FocusTarget("c", 15, HIGH))
    path = tmp_path / "project.rvr"
    save_project(Project(ClipRef(str(clip), frames=30), targets, lens=LensSettings(blur_px=8)), path)
    return path


@pytest.fixture
def check(capsys: Capture) -> Callable[..., str]:
    def call(*arguments: object) -> str:
        assert run(["check", *map(str, arguments), "--estimator", "lower-is-nearer"]) == 0
        return capsys.readouterr().out

    return call


def test_what_is_not_analysed_is_not_known(project: Path, check: Callable[..., str]) -> None:
    text = check(project)
    assert "frames 0 to 29 are not analysed" in text
    assert "target 1, 2, 3 is not followed" in text
    assert "problem" not in text
    facts = json.loads(check(project, "--json"))
    assert (facts["known_frames"], facts["complete"], facts["problems"]) == (0, False, [])
    assert facts["pending"] == ["a", "b", "c"]
    assert all(s["sharp_share"] is None and s["worst_coc_px"] is None for s in facts["subjects"])


def test_a_hurried_pull_is_told_and_is_no_failure(project: Path, check: Callable[..., str]) -> None:
    before = project.read_bytes()
    text = check(project, "--analyse")
    assert "hurried pull" in text
    assert "1 problem" in text
    assert "not known" not in text
    assert project.read_bytes() == before, "the check changes nothing"


def test_json_has_every_frame_on_request(project: Path, check: Callable[..., str]) -> None:
    facts = json.loads(check(project, "--analyse", "--json", "--frames"))
    assert facts["schema"] == "FocusCheck.1"
    assert (facts["frames"], facts["known_frames"], facts["complete"]) == (30, 30, True)
    first, second, third = facts["subjects"]
    assert len(first["coc_px"]) == len(third["coc_px"]) == 30
    assert abs(first["coc_px"][1]) < 0.3
    known = [value is not None for value in third["coc_px"]]
    assert known == [False] * 12 + [True] * 18, "followed back to the target before, and no further"
    assert third["coc_px"][12] < third["coc_px"][13] < third["coc_px"][14] == 0.0, (
        "the plane comes and is there in time"
    )

    assert second["sharp_share"] == 1.0
    (problem,) = facts["problems"]
    assert (problem["kind"], problem["target"]) == ("pull_hurried", "c")
    assert (problem["start"], problem["stop"]) == (12, 16)
    assert problem["start_s"] == pytest.approx(0.48)
    assert problem["size_dof"] > 2
    assert "3 frames apart" in problem["sentence"]


def test_a_project_without_targets(project: Path, check: Callable[..., str]) -> None:
    save_project(replace(load_project(project), targets=(), tracks=()), project)
    assert "no targets" in check(project)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("clip.mp4",), 2, "wants a project"),
        (("none.rvr",), 5, "none.rvr"),
        (("project.rvr", "--frames"), 2, "--json"),
        (("empty.rvr",), 5, "no clip"),
        (("moved.rvr",), 3, "gone.mp4"),
        (("other.rvr",), 5, "not the clip"),
    ],
)
def test_wrong_use_is_one_line(
    project: Path, arguments: tuple[str, ...], code: int, words: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    save_project(Project(), Path("empty.rvr"))
    save_project(Project(ClipRef("gone.mp4")), Path("moved.rvr"))
    save_project(Project(ClipRef(str(project.parent / "clip.mp4"), fingerprint="0" * 32)), Path("other.rvr"))
    assert run(["check", *arguments]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
