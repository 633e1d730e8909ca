"""Decisions on a clip become rows of a data set on this machine that the tools of the data set accept."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.annotation.store import read_books
from rvr_laaf_app.annotation.work import surveyed
from rvr_laaf_app.app.learning import ANNOTATOR, Learned, decisions_of, learn_job, learning_folder
from rvr_laaf_app.app.settings import Settings, load_settings, save_settings
from rvr_laaf_app.cli.main import run
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ClipRef, FocusTarget, Project
from rvr_laaf_app.document.refusal import Refusal
from rvr_laaf_app.jobs.job import run_job
from tests.clips import write_clip

BOX = Box(0.2, 0.3, 0.2, 0.4)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "my clip.mp4", frames=40, sound=False)


def project(clip: Path) -> Project:
    return Project(
        clip=ClipRef(str(clip)),
        targets=(
            FocusTarget("mine", 0, Point(0.3, 0.6)),
            FocusTarget("auto-0", 20, BOX, source="detector:audio", reason="begins to speak", hold_frames=10),
            FocusTarget("maybe", 30, BOX, strength="suggested"),
        ),
        refusals=(Refusal(12, Box(0.6, 0.1, 0.2, 0.2)),),
    )


def learn(clip: Path, folder: Path, of: Project) -> Learned:
    return run_job(learn_job(clip, decisions_of(of), folder))


def test_what_was_decided_is_told_apart(clip: Path) -> None:
    found = decisions_of(project(clip))
    assert [t.id for t in found.own] == ["mine"]
    assert [t.id for t in found.accepted] == ["auto-0"]
    assert (len(found.refused), found.count) == (1, 3)


def test_it_becomes_a_data_set_that_its_tools_accept(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "learned"
    found = learn(clip, folder, project(clip))
    assert (found.targets, found.refused, found.new) == (2, 1, True)
    assert run(["vaf", "check", str(folder)]) == 0
    assert "no problems" in capsys.readouterr().out
    books = {b.role: b for b in read_books(folder)[0]}
    (said,) = books["annotator"].annotations
    assert books["annotator"].annotator == ANNOTATOR
    assert said.state == "done"
    assert [(t.at.frame, t.reason) for t in said.targets] == [(0, ""), (20, "begins to speak")]
    assert said.targets[1].box == BOX
    assert said.targets[1].seconds(said.targets[1].hold or 0) == pytest.approx(30 * 0.04)
    (no,) = books["refused"].annotations
    assert [t.at.frame for t in no.targets] == [12]
    assert run(["vaf", "agree", str(folder)]) == 0
    assert "no two annotators" in capsys.readouterr().out, "refusals are nobody's annotation"


def test_the_clip_is_linked_not_copied(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "learned"
    learn(clip, folder, project(clip))
    (link,) = [p for p in folder.iterdir() if p.suffix == ".mp4"]
    assert link.is_symlink() or os.stat(link).st_ino == os.stat(clip).st_ino
    moved = clip.rename(tmp_path / "elsewhere.mp4")
    again = learn(moved, folder, project(moved))
    assert (again.targets, again.new) == (2, False), "it is known by its content"
    assert len(surveyed(folder).clips) == 1


def test_adding_again_replaces_what_was_said(clip: Path, tmp_path: Path) -> None:
    folder, first = tmp_path / "learned", project(clip)
    learn(clip, folder, first)
    assert not learn(clip, folder, first).new
    changed = replace(first, targets=first.targets[:1], refusals=())
    assert learn(clip, folder, changed).new
    books = {b.role: b for b in read_books(folder)[0]}
    assert [t.at.frame for t in books["annotator"].annotations[0].targets] == [0]
    assert not books["refused"].annotations[0].targets


def test_a_clip_with_cuts_is_used_because_somebody_decided_on_it(tmp_path: Path) -> None:
    cut = write_clip(tmp_path / "cut.mp4", frames=40, cut_at=20, sound=False)
    learn(cut, tmp_path / "learned", project(cut))
    (facts,) = surveyed(tmp_path / "learned").clips
    assert facts.usable
    assert facts.cuts == (20,)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 500)
    with pytest.raises(MediaError):
        learn(bad, tmp_path / "learned", project(bad))


def test_it_is_off_until_it_is_turned_on_and_lies_with_the_user(tmp_path: Path) -> None:
    assert not Settings().learn
    assert save_settings(Settings(learn=True), tmp_path)
    assert load_settings(tmp_path).learn
    (tmp_path / "settings.json").write_text('{"learn": "perhaps"}')
    assert not load_settings(tmp_path).learn, "what cannot be read is off"
    assert learning_folder().parent == Path(os.environ["RVR_CONFIG_DIR"])
