"""The command line as a user has it: a real process, its output, its one-line errors and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.media.exr import read_exr, write_exr
from rvr_laaf_app.media.probe import probe
from tests.clips import write_clip


def rvr(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rvr_laaf_app", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)  # type: ignore[call-overload]


def failed(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Assert a clean failure and return its one line."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("cli") / "clip.mp4", frames=24)


def test_help_and_version() -> None:
    assert "refocus" in rvr("--help").stdout
    assert rvr("--version").stdout.startswith("rvr-laaf ")
    for command in ("edit", "refocus", "probe", "frame", "analyse", "depth", "bokeh", "bench"):
        assert rvr(command, "--help").returncode == 0


def test_probe_as_json(clip: Path) -> None:
    facts = json.loads(rvr("probe", clip, "--json").stdout)
    assert facts["frames"] == 24
    assert facts["display_size"] == [160, 96]
    assert facts["vfr"] is False
    assert facts["rotation_cw"] == 0
    assert {"times_s", "mirror", "range", "matrix", "transfer", "audio"} <= set(facts)


def test_refocus_writes_a_whole_clip_with_sound(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    done = rvr(
        "refocus", clip, "-o", out, "--target", "40,60@0.2", "--blur", 6, "--estimator", "lower-is-nearer", "--json"
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["frames"] == 24
    assert facts["targets"][0]["frame"] == 5
    info = probe(out)
    assert info.frames == 24
    assert len(info.audio) == 1


def test_refocus_needs_a_target(clip: Path, tmp_path: Path) -> None:
    assert "--target" in failed(rvr("refocus", clip, "-o", tmp_path / "o.mp4"), 2)


def test_wrong_usage_is_one_line(clip: Path, tmp_path: Path) -> None:
    assert "XX" in failed(rvr("refocus", clip, "-o", tmp_path / "o.mp4", "--target", "XX"), 2)
    assert "ends at" in failed(rvr("refocus", clip, "-o", tmp_path / "o.mp4", "--target", "0.5,0.5@99"), 2)
    assert "frames 0 to 23" in failed(rvr("frame", clip, 24, "-o", tmp_path / "o.png"), 2)
    failed(rvr("nonsense"), 2)


def test_bad_media_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("this is no video")
    failed(rvr("probe", text), 3)
    failed(rvr("refocus", text, "-o", tmp_path / "o.mp4", "--target", "0.5,0.5@0"), 3)
    failed(rvr("probe", tmp_path / "missing.mp4"), 3)


def test_frame_is_upright_and_whole(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "frame.png"
    assert rvr("frame", clip, 3, "-o", out).returncode == 0
    assert probe(out).display_size == (160, 96)


def test_depth_is_full_size_and_in_range(clip: Path, tmp_path: Path) -> None:
    out, light = tmp_path / "d.npy", tmp_path / "light.exr"
    assert rvr("depth", clip, "--frame", 3, "-o", out, "--hdr", light, "--estimator", "lower-is-nearer").returncode == 0
    disparity = np.load(out)
    assert disparity.shape == (96, 160)
    assert disparity.dtype == np.float32
    assert 0 <= disparity.min() < disparity.max() <= 1
    assert disparity[-8:].mean() > disparity[:8].mean(), "lower is nearer"
    assert read_exr(light).shape == (96, 160, 3)


def test_bokeh_blurs_only_what_is_out_of_focus(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    picture = rng.random((60, 80, 3), np.float32)
    depth = np.full((60, 80), 2.0, np.float32)
    depth[:, 40:] = 8.0
    write_exr(tmp_path / "sharp.exr", picture)
    np.savez(tmp_path / "depth.npz", depth=depth)
    out = tmp_path / "out.exr"
    lens = ("--focus-m", 2, "--f-number", 1.4, "--focal-mm", 135)  # a disc of 11.6 px at 8 m
    done = rvr("bokeh", tmp_path / "sharp.exr", "--depth", tmp_path / "depth.npz", *lens, "-o", out)
    assert done.returncode == 0, done.stderr
    blurred = read_exr(out)
    np.testing.assert_allclose(blurred[:, :25], picture[:, :25], atol=2e-3)
    assert blurred[20:40, 60:].std() < 0.5 * picture[20:40, 60:].std()
    wrong = rvr(
        "bokeh",
        tmp_path / "sharp.exr",
        "--depth",
        tmp_path / "sharp.exr",
        "--focus-m",
        0.01,
        "--f-number",
        2,
        "-o",
        out,
    )
    failed(wrong, 2)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_refocus_leaves_no_output(tmp_path: Path, how: signal.Signals) -> None:
    """Interrupt or kill in the middle; afterwards the same command simply works."""
    clip = write_clip(tmp_path / "long.mp4", frames=90, size=(320, 192))
    out = tmp_path / "out.mp4"
    command = ["refocus", clip, "-o", out, "--target", "40,100@0", "--blur", 6, "--estimator", "lower-is-nearer"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rvr_laaf_app", *map(str, command)], stderr=subprocess.PIPE, text=True
    )
    limit = time.monotonic() + 120
    while time.monotonic() < limit and not [p for p in tmp_path.iterdir() if p.name not in ("long.mp4",)]:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert not out.exists()
    if how is not signal.SIGKILL:
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert [p.name for p in tmp_path.iterdir()] == ["long.mp4"]
    assert rvr(*command).returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["long.mp4", "out.mp4"]


def test_no_screen_is_said_plainly(clip: Path) -> None:
    bare = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    assert "no screen" in failed(rvr("edit", clip, env=bare), 2)
