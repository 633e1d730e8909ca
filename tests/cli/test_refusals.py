"""What the command line refuses, that it does so before the work, in one line, and without touching any input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.cli import main
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.store import load_project, save_project
from rvr_laaf_app.media.exr import read_exr, write_exr
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline import analyse
from tests.clips import frame_of, write_clip

Refused = Callable[..., None]  # (exit code, words of the line, *arguments)
TARGET = ("--target", "0.3,0.6@0", "--estimator", "lower-is-nearer")


def run(*arguments: object) -> int:
    return main.run([str(a) for a in arguments])


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Return a function that asserts: this exit code, one line, no output, no analysis begun."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the work began")

    monkeypatch.setattr(analyse, "analyse_job", never)

    def check(code: int, words: str, *arguments: object) -> None:
        assert run(*arguments) == code
        out, errors = capsys.readouterr()
        assert out == ""
        assert errors.count("\n") == 1, errors
        assert words in errors

    return check


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("refusals") / "clip.mp4", frames=12)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), frame_of(0, (80, 60)))
    return tmp_path / "photo.png"


@pytest.mark.parametrize(
    ("out", "options", "code", "words"),
    [
        ("out.avi", (), 2, "'.avi' is not known"),
        ("out", (), 2, "folder with the codec png"),
        ("out.mp4", ("--codec", "prores"), 2, "does not go into"),
        ("out.mkv", ("--codec", "dnxhr"), 2, "does not go into"),
        ("out.mov", ("--codec", "dnxhr"), 2, "at least 256 x 120"),
        ("out.mp4", ("--codec", "png"), 2, "do not go into"),
        ("out.png", ("--codec", "h264"), 2, "does not go into"),
        ("out.png", (), 2, "one file cannot hold all frames"),
        ("a_%d_%d.png", (), 2, "one number"),
        ("nowhere/out.mp4", (), 2, "folder does not exist"),
        ("nowhere/out", ("--codec", "exr"), 2, "folder does not exist"),
        ("full", ("--codec", "png", "--overwrite"), 2, "not empty"),
        ("there.mp4", (), 4, "exists already"),
        ("there_%d.png", (), 4, "exists already"),
        ("out.mp4", ("--from", "0.3", "--to", "0.2"), 2, "nothing lies between"),
        ("out.mp4", ("--target", "0.9,0.9,1e-9,0.5@0"), 2, "less than 2 pixels"),
        ("out.mp4", ("--save-project", "p.txt"), 2, "end in .rvr"),
    ],
)
def test_outputs_are_judged_before_the_work(
    refused: Refused, clip: Path, tmp_path: Path, out: str, options: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "there.mp4").touch()
    (tmp_path / "there_3.png").touch()
    before = sorted(tmp_path.rglob("*"))
    refused(code, words, "refocus", clip, "-o", tmp_path / out, *TARGET, *options)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("how", ["itself", "symbolic link", "hard link"])
def test_a_source_is_never_replaced(refused: Refused, photo: Path, tmp_path: Path, how: str) -> None:
    before = photo.read_bytes()
    name = photo if how == "itself" else tmp_path / "link.png"
    if how == "symbolic link":
        name.symlink_to(photo)
    elif how == "hard link":
        name.hardlink_to(photo)
    write_exr(tmp_path / "depth.exr", np.full((60, 80), 3.0, np.float32))
    words = "replace the clip itself"
    refused(2, words, "refocus", photo, "-o", name, "--overwrite", *TARGET)
    refused(2, words, "frame", photo, 0, "-o", name)
    refused(2, words, "depth", photo, "-o", name)
    lens = ("--focus-m", 2, "--f-number", 2)
    refused(2, words, "bokeh", photo, "--depth", tmp_path / "depth.exr", *lens, "-o", name)
    refused(2, words, "bokeh", photo, "--depth", tmp_path / "depth.exr", *lens, "-o", tmp_path / "depth.exr")
    assert photo.read_bytes() == before


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_photograph_is_refocused(tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (240, 320, 3), np.uint8)
    photo = tmp_path / f"photo{suffix}"
    cv2.imwrite(str(photo), noise)
    assert run("refocus", photo, "-o", tmp_path / "out.png", "--blur", 6, *TARGET) == 0
    assert capsys.readouterr().err == ""
    out = cv2.imread(str(tmp_path / "out.png"))
    assert out.shape == noise.shape
    sharp, blurred = out[120:168].std(), out[:24].std()  # row 0.6 is in focus, the top is farthest
    assert blurred < 0.5 * sharp
    assert run("refocus", photo, "-o", tmp_path / "out.mp4", *TARGET) == 0
    assert probe(tmp_path / "out.mp4").frames == 1


def test_depth_does_not_depend_on_what_the_cache_holds(clip: Path, tmp_path: Path) -> None:
    one = ("depth", clip, "--frame", 5, "--estimator", "lower-is-nearer", "-o")
    assert run(*one, tmp_path / "before.npy") == 0
    assert run(*one, tmp_path / "steady.npy", "--steady") == 0
    assert run(*one, tmp_path / "after.npy") == 0
    assert (tmp_path / "before.npy").read_bytes() == (tmp_path / "after.npy").read_bytes()


def test_sound_alone_is_media_that_cannot_be_used(refused: Refused, clip: Path, tmp_path: Path) -> None:
    import av

    with av.open(str(clip)) as source, av.open(str(tmp_path / "sound.m4a"), "w", format="ipod") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    sound = tmp_path / "sound.m4a"
    refused(3, "no pictures", "refocus", sound, "-o", tmp_path / "o.mp4", *TARGET)
    refused(3, "no pictures", "analyse", sound)
    refused(3, "no pictures", "depth", sound, "-o", tmp_path / "o.npy")
    refused(3, "no pictures", "frame", sound, 0, "-o", tmp_path / "o.png")


def test_a_project_is_refocused_with_another_lens_and_one_more_target(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, out = tmp_path / "p.rvr", tmp_path / "out.mp4"
    assert run("refocus", clip, "-o", out, *TARGET, "--blur", 3, "--save-project", project) == 0
    more = ("--target", "0.6,0.2@0.2", "--f-number", 4, "--overwrite", "--estimator", "lower-is-nearer", "--json")
    capsys.readouterr()
    assert run("refocus", project, "-o", out, *more, "--save-project", project) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [t["id"] for t in facts["targets"]] == ["cli-1", "cli-2"]
    saved = load_project(project)
    assert saved.lens.blur_px is None
    assert saved.lens.lens.f_number == 4
    assert all(saved.track_of(t) is not None for t in saved.targets)


def test_projects_that_do_not_fit(refused: Refused, clip: Path, tmp_path: Path) -> None:
    save_project(Project(), tmp_path / "empty.rvr")
    refused(5, "no clip yet", "refocus", tmp_path / "empty.rvr", "-o", tmp_path / "o.mp4")
    theirs = ("--save-project", tmp_path / "empty.rvr")
    refused(5, "exists already", "refocus", clip, "-o", tmp_path / "o.mp4", *TARGET, *theirs)


def test_a_project_of_another_clip_is_not_guessed_at(refused: Refused, tmp_path: Path) -> None:
    from rvr_laaf_app.document.project import ClipRef

    write_clip(tmp_path / "clip.mp4", frames=3)
    save_project(Project(clip=ClipRef(str(tmp_path / "clip.mp4"), "another", 3)), tmp_path / "p.rvr")
    refused(5, "not the clip", "refocus", tmp_path / "p.rvr", "-o", tmp_path / "o.mp4")


def test_what_nobody_foresaw_is_one_line_too(refused: Refused, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("rvr_laaf_app.media.probe.probe", broken)
    refused(1, "ZeroDivisionError", "probe", clip)
    monkeypatch.setenv("RVR_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run("probe", clip)


def test_missing_weights_have_their_own_code(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"file": "gone.safetensors", "sha256": "0" * 64, "bytes": 3}
    (tmp_path / "manifest.json").write_text(json.dumps({"roles": {"rvr": "gone"}, "checkpoints": {"gone": entry}}))
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    assert run("depth", clip, "-o", tmp_path / "d.npy") == 6
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "d.npy").exists()


@pytest.mark.parametrize("cache", ["/proc/nowhere", "/dev/null"])
def test_a_cache_that_cannot_be_written_is_said(
    clip: Path, tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not Path(cache).parent.is_dir():
        pytest.skip("no such place on this system")
    monkeypatch.setenv("RVR_CACHE_DIR", cache)
    assert run("refocus", clip, "-o", tmp_path / "o.mp4", *TARGET) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "RVR_CACHE_DIR" in errors
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_cache_is_repaired_on_the_way(tmp_path: Path) -> None:
    from rvr_laaf_app.media.cache import cache_root

    clip = write_clip(tmp_path / "long.mp4", frames=70)
    assert run("refocus", clip, "-o", tmp_path / "one.mp4", *TARGET) == 0
    chunks = sorted(cache_root().rglob("*.rgbd"))
    assert len(chunks) == 3
    for chunk in chunks[:2]:
        data = bytearray(chunk.read_bytes())
        data[len(data) // 2] ^= 0xFF
        chunk.write_bytes(data)
    assert run("refocus", clip, "-o", tmp_path / "two.mp4", *TARGET) == 0
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


LENS = ("--focus-m", 2, "--f-number", 1.4, "--focal-mm", 135)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (30, 1), (30, 40)])
def test_bokeh_of_any_size_and_of_grey(tmp_path: Path, size: tuple[int, int]) -> None:
    write_exr(tmp_path / "grey.exr", np.full(size, 0.5, np.float32))
    np.savez(tmp_path / "depth.npz", depth=np.full((*size, 1), 3.0))
    assert run("bokeh", tmp_path / "grey.exr", "--depth", tmp_path / "depth.npz", *LENS, "-o", tmp_path / "o.exr") == 0
    blurred = read_exr(tmp_path / "o.exr")
    assert blurred.shape == (*size, 3)
    np.testing.assert_allclose(blurred, 0.5, atol=2e-3)


def test_bokeh_refuses_depth_that_is_none(refused: Refused, tmp_path: Path) -> None:
    picture = tmp_path / "p.exr"
    write_exr(picture, np.full((20, 30, 3), 0.5, np.float32))
    good = np.full((20, 30), 3.0, np.float32)
    wrong = {"nan": np.nan, "zero": 0.0, "negative": -1.0}
    out = ("-o", tmp_path / "o.exr")
    for name, value in wrong.items():
        bad = good.copy()
        bad[3, 4] = value
        np.savez(tmp_path / f"{name}.npz", depth=bad)
        refused(2, "above 0", "bokeh", picture, "--depth", tmp_path / f"{name}.npz", *LENS, *out)
    np.savez(tmp_path / "small.npz", depth=good[:10])
    refused(2, "30x10", "bokeh", picture, "--depth", tmp_path / "small.npz", *LENS, *out)
    np.savez(tmp_path / "two.npz", a=good, b=good)
    refused(3, "holds a, b", "bokeh", picture, "--depth", tmp_path / "two.npz", *LENS, *out)
    cv2.imwrite(str(tmp_path / "d.png"), np.full((20, 30), 9, np.uint16))
    refused(2, "no metres", "bokeh", picture, "--depth", tmp_path / "d.png", *LENS, *out)
    assert not (tmp_path / "o.exr").exists()


def test_bokeh_of_absurd_numbers_stays_finite(tmp_path: Path) -> None:
    picture = np.full((20, 30, 3), 0.5, np.float32)
    write_exr(tmp_path / "p.exr", picture)
    depth = np.full((20, 30), 1e300)
    depth[:, 15:] = 2.0
    np.savez(tmp_path / "d.npz", depth=depth)
    lens = ("--focus-m", 2, "--f-number", 1e-6, "--focal-mm", 1999, "--sensor-mm", 1e-6)
    assert run("bokeh", tmp_path / "p.exr", "--depth", tmp_path / "d.npz", *lens, "-o", tmp_path / "o.exr") == 0
    np.testing.assert_allclose(read_exr(tmp_path / "o.exr"), 0.5, atol=2e-3)
