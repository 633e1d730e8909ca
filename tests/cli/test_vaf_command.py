"""`rvr-laaf vaf` as a user has it: a folder of clips, targets in, figures and files out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import av
import pytest

from rvr_laaf_app.annotation.store import AnnotatorStore, journal_path, read_book
from rvr_laaf_app.annotation.work import decide, load_survey, looks_of, queue_for, surveyed
from rvr_laaf_app.cli.main import run
from rvr_laaf_app.cli.vaf_command import FORMAT_NAMES
from rvr_laaf_app.measure.laaf import load_truth
from tests.clips import frame_of, write_clip

FRAMES = 30
BY_EYE = {
    "clips": {
        "one": {
            "frames": FRAMES,
            "fps": 25,
            "targets": [
                {"frame": 0, "early": 0, "late": 0, "box": [0.1, 0.4, 0.2, 0.3], "subject": "square", "why": "alone"},
                {"frame": 12, "early": 10, "late": 15, "box": [0.5, 0.1, 0.2, 0.3], "subject": "=x", "why": "a, b"},
            ],
            "note": "certain",
        },
        "gone": {"frames": 5, "fps": 25, "targets": [{"frame": 0, "box": [0.1, 0.4, 0.2, 0.3]}]},
    }
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, one with a cut, a copy, something that is no video; looked at once."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "one.mp4", frames=FRAMES, sound=False)
    (folder / "more").mkdir()
    stamps = [40 * i + (17 if i % 3 else 0) for i in range(FRAMES)]
    write_clip(folder / "more" / "two.mkv", pts=stamps, size=(128, 96), sound=False)
    write_clip(folder / "cut.mp4", frames=FRAMES, cut_at=14, sound=False)
    shutil.copy(folder / "one.mp4", folder / "zz_copy.mp4")
    (folder / "broken.mp4").write_bytes(b"no video at all" * 100)
    (folder / ".hidden.mp4").write_bytes(b"x")
    surveyed(folder)
    return folder


@pytest.fixture
def clips(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    shutil.copytree(made, folder)
    (folder / "by_eye.json").write_text(json.dumps(BY_EYE))
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["vaf", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    return err if code > 1 else out


def report(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, object]:
    values = json.loads(told(capsys, *arguments, "--json", code=code))
    assert isinstance(values, dict)
    return values


def test_what_is_set_aside_is_said_with_its_reason(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, "stats", clips)
    assert (found["clips"], found["usable"]) == (3, 2)
    assert found["set_aside"] == [{"name": "cut.mp4", "reason": "1 jump cut at 0.56 s"}]
    assert found["copies"] == [{"name": "zz_copy.mp4", "of": "one.mp4"}]
    assert [u["name"] for u in found["unreadable"]] == ["broken.mp4"]  # type: ignore[index]
    text = told(capsys, "stats", clips, "--clips")
    assert "3 clips, 2 to annotate" in text
    assert "more/two.mkv" in text


def test_a_person_may_keep_what_was_set_aside(clips: Path) -> None:
    cut = load_survey(clips).named("cut")
    assert cut is not None
    assert decide(clips, cut.clip.pictures, kept=True).named("cut").usable  # type: ignore[union-attr]
    assert surveyed(clips).named("cut").usable, "a new survey does not forget it"  # type: ignore[union-attr]
    orders = {tuple(f.clip.name for f in queue_for(who, surveyed(clips).clips, {})) for who in "abcdefgh"}
    assert len(orders) > 1, "each annotator has an order of their own"
    assert {frozenset(o) for o in orders} == {frozenset({"one.mp4", "more/two.mkv", "cut.mp4"})}


def test_targets_by_eye_come_in_and_go_out(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(capsys, "import", clips, clips / "by_eye.json", "--annotator", "eye")
    assert (found["targets"], found["clips"], found["found_by"]) == (2, 1, {"number": 2})
    assert "gone" in str(found["notes"])
    assert report(capsys, "check", clips)["targets"] == {"exact": 2}
    for name, output in zip(FORMAT_NAMES, ("v.json", "v.csv", "v.xml", "coco.json", "eye.json"), strict=True):
        told(capsys, "export", clips, clips / output, "--format", name)
        again = clips / "again"
        shutil.copytree(clips / "vaf", again / "vaf", ignore=shutil.ignore_patterns("*journal*", ".*"))
        for clip in ("one.mp4", "cut.mp4", "more/two.mkv"):
            (again / clip).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(clips / clip, again / clip)
        told(capsys, "import", again, clips / output, "--annotator", "eye")
        books = [read_book(journal_path(folder, "eye")) for folder in (clips, again)]
        targets = [
            [(t.at, t.early, t.late, t.subject, t.reason) for a in b.annotations for t in a.targets] for b in books
        ]
        assert targets[0] == targets[1], name
        shutil.rmtree(again)
    (truth,) = load_truth(clips / "eye.json")
    assert [(t.frame, t.early, t.late) for t in truth.targets] == [(0, 0, 0), (12, 10, 15)]


def test_a_wrong_count_of_frames_is_not_believed(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = json.loads(json.dumps(BY_EYE))
    values["clips"]["one"]["frames"] = FRAMES + 1
    (clips / "by_eye.json").write_text(json.dumps(values))
    found = report(capsys, "import", clips, clips / "by_eye.json")
    assert (found["targets"], found["found_by"]) == (0, {"lost": 2})
    assert "may be any other" in str(found["notes"])


def test_a_re_encoded_clip_is_an_orphan_until_it_is_adopted(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "import", clips, clips / "by_eye.json", "--annotator", "eye")
    write_late(clips / "one.mp4", skip=3)
    assert report(capsys, "check", clips)["targets"] == {"exact": 2}, "its copy shows the same frames"
    (clips / "zz_copy.mp4").unlink()
    found = report(capsys, "check", clips, code=1)
    assert "re-encoded" in str(found["problems"])
    found = report(capsys, "check", clips, "--adopt")
    assert found["problems"] == []
    assert sum(found["adopted"].values()) == 2  # type: ignore[attr-defined]
    survey = surveyed(clips)
    facts = survey.named("one.mp4")
    assert facts is not None
    (new,) = [a for a in read_book(journal_path(clips, "eye")).annotations if a.state == "done"]
    assert new.clip == facts.clip
    assert new.targets[-1].at.frame == 12 - 3
    assert new.targets[-1].at.look == looks_of(clips, facts)[9].tobytes()


def write_late(path: Path, *, skip: int) -> None:
    """The same pictures from frame `skip` on, coarser."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "26", "preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for index in range(skip, FRAMES):
            frame = av.VideoFrame.from_ndarray(frame_of(index, (160, 96)), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_hidden_check_clips_tell_who_is_right(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "import", clips, clips / "by_eye.json", "--as-check")
    told(capsys, "import", clips, clips / "by_eye.json", "--annotator", "ann")
    (score,) = report(capsys, "check", clips)["check_clips"]  # type: ignore[misc]
    assert (score["first"], score["second"]) == ("ann", "check")
    assert score["figures"]["time_s"]["value"] == 0.0
    assert report(capsys, "agree", clips) == {"agreements": []}, "known answers are nobody's work"
    assert "on hidden check clips" in told(capsys, "check", clips)
    with AnnotatorStore.open(clips, "new") as store:
        assert {f.clip.name for f in queue_for("new", surveyed(clips).clips, store.said)} == {"one.mp4", "more/two.mkv"}


def test_two_annotators_agree(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for who in ("ann", "bob"):
        told(capsys, "import", clips, clips / "by_eye.json", "--annotator", who)
    text = told(capsys, "agree", clips)
    assert "ann and bob: 1 clips, 2 targets of both" in text
    assert "100 %" in text
    assert "no annotator 'zoe'" in told(capsys, "agree", clips, "zoe", code=2)


def test_a_split_is_recorded_and_stays(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = report(capsys, "split", clips)
    assert sorted([*first["train"], *first["test"]]) == ["more/two.mkv", "one.mp4"]  # type: ignore[misc]
    assert report(capsys, "split", clips)["new"] == 0
    (clips / "vaf" / "split.json").write_text("{}")
    assert "held out cannot be read" in told(capsys, "split", clips, code=5)


def test_what_is_there_is_not_replaced_unasked(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "import", clips, clips / "by_eye.json", "--annotator", "eye")
    values = json.loads(json.dumps(BY_EYE))
    values["clips"]["one"]["targets"].pop()
    (clips / "by_eye.json").write_text(json.dumps(values))
    assert "--replace" in str(report(capsys, "import", clips, clips / "by_eye.json", "--annotator", "eye")["notes"])
    told(capsys, "import", clips, clips / "by_eye.json", "--annotator", "eye", "--replace")
    assert [len(a.targets) for a in read_book(journal_path(clips, "eye")).annotations] == [1]
    told(capsys, "export", clips, clips / "v.json")
    assert "exists" in told(capsys, "export", clips, clips / "v.json", code=2)


def test_refusals_are_one_line(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "folder" in told(capsys, "stats", clips / "missing", code=2)
    assert "no annotations" in told(capsys, "export", clips, clips / "x.json", code=2)
    (clips / "bad.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>')
    assert "declares" in told(capsys, "import", clips, clips / "bad.xml", code=2)
    if os.name == "posix":
        os.mkfifo(clips / "pipe.json")
        assert "regular file" in told(capsys, "import", clips, clips / "pipe.json", code=2)
    (clips / "vaf" / "clips.json").write_text('{"schema": "rvr-laaf/vaf-1", "clips": [{}]}')
    assert report(capsys, "stats", clips)["clips"] == 3, "a damaged record of the survey is made again"
