"""`rvr-laaf interchange` as a user has it: files out, files in, one line for every refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.cli.interchange_command import FORMAT_NAMES, READABLE_NAMES
from rvr_laaf_app.cli.main import run
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.interchange.formats import FORMATS
from rvr_laaf_app.document.project import ClipRef, FocusTarget, Project
from rvr_laaf_app.document.store import load_project, save_project
from rvr_laaf_app.media.probe import probe
from tests.clips import write_clip

TARGETS = (
    FocusTarget("a", 4, Point(0.3, 0.6), reason="the square"),
    FocusTarget("b", 15, Box(0.6, 0.1, 0.2, 0.2), pull_frames=5, ease="in_out"),
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same 24 frames at a constant and at a variable rate."""
    folder = tmp_path_factory.mktemp("clips")
    stamps = [40 * i + (17 if i % 3 else 0) for i in range(24)]
    return write_clip(folder / "even.mp4", frames=24), write_clip(folder / "uneven.mp4", frames=24, pts=stamps)


def saved(path: Path, clip: Path, *targets: FocusTarget) -> Path:
    info = probe(str(clip))
    save_project(Project(clip=ClipRef(str(clip), info.fingerprint, info.frames)).with_targets(targets), path)
    return path


def told(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """Run the command; assert its exit code; return what it printed (stderr, one line, on failure)."""
    assert run(["interchange", *map(str, arguments)]) == code
    out, err = capsys.readouterr()
    if code:
        assert len(err.strip().splitlines()) == 1
    return err if code else out + err


def test_names_are_those_of_the_formats() -> None:
    assert list(FORMATS) == FORMAT_NAMES
    assert [f.name for f in FORMATS.values() if f.read is not None] == READABLE_NAMES


@pytest.mark.parametrize("suffix", ["json", "csv", "otio", "fcpxml"])
def test_out_and_in_again(
    tmp_path: Path, clips: tuple[Path, Path], suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for clip in clips:
        full, bare = saved(tmp_path / "full.rvr", clip, *TARGETS), saved(tmp_path / "bare.rvr", clip)
        file = tmp_path / f"{clip.stem}.{suffix}"
        said = told(capsys, 0, "export", full, file)
        assert str(file) in said
        assert ("cannot carry" in said) == (suffix != "json")
        before = bare.read_bytes()
        told(capsys, 0, "import", bare, file, "--out", tmp_path / f"{clip.stem}.rvr")
        assert load_project(tmp_path / f"{clip.stem}.rvr").targets == TARGETS
        assert bare.read_bytes() == before
        facts = json.loads(told(capsys, 0, "import", bare, file, "--json"))
        assert (facts["targets"], facts["changed"]) == (["a", "b"], True)
        assert load_project(bare).targets == TARGETS
        assert json.loads(told(capsys, 0, "import", bare, file, "--json"))["changed"] is False


def test_targets_go_by_time_to_a_clip_of_another_rate(
    tmp_path: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    slow = write_clip(tmp_path / "slow.mp4", pts=[80 * i for i in range(12)])
    told(capsys, 0, "export", saved(tmp_path / "a.rvr", clips[0], *TARGETS), tmp_path / "a.json")
    said = told(capsys, 0, "import", saved(tmp_path / "b.rvr", slow), tmp_path / "a.json")
    assert "another clip" in said
    assert [t.frame for t in load_project(tmp_path / "b.rvr").targets] == [2, 7]


def test_replace_removes_what_the_file_does_not_have(
    tmp_path: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys, 0, "export", saved(tmp_path / "a.rvr", clips[0], TARGETS[0]), tmp_path / "a.csv")
    project = saved(tmp_path / "b.rvr", clips[0], TARGETS[1], replace(TARGETS[0], frame=20))
    told(capsys, 0, "import", project, tmp_path / "a.csv")
    assert load_project(project).targets == TARGETS
    told(capsys, 0, "import", project, tmp_path / "a.csv", "--replace")
    assert load_project(project).targets == TARGETS[:1]


def test_the_curve_is_made_where_it_is_wanted(
    tmp_path: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project = saved(tmp_path / "a.rvr", clips[0], *TARGETS)
    before = project.read_bytes()
    cheap = ("--estimator", "lower-is-nearer")
    told(capsys, 0, "export", project, tmp_path / "a.json", "--what", "all", "--tracks", *cheap)
    values = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    rows = [dict(zip(values["curve"]["columns"], row, strict=True)) for row in values["curve"]["rows"]]
    assert len(rows) == 24
    assert {"follow", "pull"} <= {row["state"] for row in rows}
    assert [row["state"] for row in rows[10:15]] == ["pull"] * 5
    assert set(values["tracks"]["targets"]) == {"a", "b"}
    for name, arguments, sign in (
        ("a.nk", ("--first-frame", 1001), "curve x1001 "),
        ("a.txt", (), "Adobe After Effects 8.0 Keyframe Data"),
        ("c.txt", ("--format", "ae-camera"), "Camera Options\tFocus Distance"),
        ("a.usda", (), "focusDistance.timeSamples"),
        ("curve.csv", ("--what", "curve"), "focus_disparity"),
    ):
        assert "cannot carry" in told(capsys, 0, "export", project, tmp_path / name, *arguments, *cheap)
        assert sign in (tmp_path / name).read_text(encoding="utf-8")
    assert "focus curve without targets" in told(capsys, 2, "import", project, tmp_path / "curve.csv")
    assert project.read_bytes() == before


def test_refusals(tmp_path: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    project, file = saved(tmp_path / "a.rvr", clips[0], *TARGETS), tmp_path / "a.json"
    told(capsys, 0, "export", project, file)
    before, mine = file.read_bytes(), project.read_bytes()
    assert "exists already" in told(capsys, 4, "export", project, file)
    assert "exists already" in told(capsys, 4, "import", project, file, "--out", saved(tmp_path / "b.rvr", clips[0]))
    assert file.read_bytes() == before
    told(capsys, 0, "export", project, file, "--overwrite")
    assert "means no format" in told(capsys, 2, "export", project, tmp_path / "a.edl")
    assert "cannot carry targets" in told(capsys, 2, "export", project, tmp_path / "a.nk", "--what", "targets")
    assert "tracks" in told(capsys, 2, "export", project, tmp_path / "a.csv", "--tracks")
    assert ".rvr" in told(capsys, 2, "import", project, file, "--out", tmp_path / "b.json")
    assert "cannot be read" in told(capsys, 5, "import", project, tmp_path / "none.json")
    assert "no targets" in told(capsys, 2, "export", saved(tmp_path / "c.rvr", clips[0]), tmp_path / "c.json")
    file.write_text('{"schema": "rvr-laaf.focus", "version": 9}', encoding="utf-8")
    assert "newer version" in told(capsys, 5, "import", project, file)
    assert project.read_bytes() == mine


def test_a_clip_that_is_gone_or_another(
    tmp_path: Path, clips: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    gone, other = tmp_path / "gone.rvr", tmp_path / "other.rvr"
    save_project(Project(clip=ClipRef(str(tmp_path / "gone.mp4"), "ff", 24), targets=TARGETS), gone)
    save_project(Project(clip=ClipRef(str(clips[0]), "ff", 24), targets=TARGETS), other)
    assert "gone.mp4" in told(capsys, 3, "export", gone, tmp_path / "x.json")
    assert "not the clip" in told(capsys, 5, "export", other, tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


def test_the_list_of_formats(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, 0, "formats")
    assert all(name in said for name in FORMAT_NAMES)
