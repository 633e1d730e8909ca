"""`rvr-laaf camera`: list, info, autofocus, sweep, stack, Ctrl+C, and errors of one line, with a simulated camera."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rvr_laaf_app.camera.sweep import read_sweep
from rvr_laaf_app.cli.main import run

SMALL = "simulated:desk?size=320x180"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RVR_CONFIG_DIR", str(tmp_path / "config"))


def test_list_names_the_simulated_camera_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["camera", "list", "--json"]) == 0
    cameras = json.loads(capsys.readouterr().out)["cameras"]
    desk = next(c for c in cameras if c["id"] == "simulated:desk")
    assert desk["simulated"] is True
    assert run(["camera", "list"]) == 0
    assert "simulated:desk" in capsys.readouterr().out


def test_info_tells_lens_and_settings_and_sets_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["camera", "info", "--camera", f"{SMALL}&seed=7", "--set", "exposure=1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lens"]["kind"] == "absolute"
    assert told["lens"]["minimum"] < told["position"] < told["lens"]["maximum"]
    assert next(c for c in told["controls"] if c["name"] == "exposure")["value"] == 1
    assert run(["camera", "info", "--camera", SMALL, "--set", "nothing=1"]) == 2


def test_autofocus_ends_sharp_and_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["camera", "autofocus", "--camera", SMALL, "--method", "fibonacci", "--start", "1900", "--json"]
    assert run(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["found"]
    assert told["simulated"]
    assert len(told["steps"]) > 5
    sharpest = max(told["steps"], key=lambda s: s["reading"])
    assert abs(sharpest["position"] - told["position"]) <= 40
    assert run([*arguments[:-1], "--region", "0.4,0.4"]) == 2


def test_a_sweep_is_planned_captured_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sweep"
    arguments = ["camera", "sweep", "--camera", SMALL, "-o", str(folder), "--near", "1100", "--far", "1500"]
    assert run([*arguments, "--span", "100", "--overlap", "0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["positions"] == [1100, 1180, 1260, 1340, 1420, 1500]
    assert read_sweep(folder, verify=True).simulated
    assert run([*arguments, "--span", "100", "--overlap", "0.2"]) == 2  # it holds a sweep already
    assert capsys.readouterr().err.count("\n") == 1
    assert run([*arguments, "--span", "100", "--overlap", "0.2", "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 6


def test_a_stack_is_a_picture_and_its_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "stack"
    assert run(["camera", "stack", "--camera", SMALL, "-o", str(folder), "--step", "150", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    picture, depth = Path(told["picture"]), Path(told["depth"])
    assert picture.is_file()
    assert picture.parent.parent == folder
    assert depth.is_file()
    assert run(["probe", str(picture)]) == 0


def test_a_calibration_is_kept_and_then_only_needed_frames_are_captured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart, fit = "simulated:chart?size=480x270", tmp_path / "fit.png"
    model = tmp_path / "lens.json"
    arguments = ["camera", "calibrate", "--camera", chart, "--step", "75", "-o", str(model), "--picture", str(fit)]
    assert run([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"]
    assert told["positions"][0] == 1050
    assert fit.is_file()
    folder = tmp_path / "needed"
    needed = ["camera", "sweep", "--camera", SMALL, "-o", str(folder), "--needed"]
    assert run(needed) == 2
    assert "not calibrated" in capsys.readouterr().err
    assert run([*needed, "--model", str(model), "--json"]) == 0
    bracket = 73  # pictures of `sweep --model lens.json` over the whole range
    assert 2 <= json.loads(capsys.readouterr().out)["frames"] <= 0.65 * bracket


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["info", "--camera", "nobody"], 2, "there is no camera 'nobody'"),
        (["info", "--camera", "simulated:atlantis"], 2, "atlantis"),
        (["info", "--camera", "replay:/not/there"], 2, "no such folder"),
        (["info", "--camera", f"{SMALL}&seed=3&fault=unplug@1"], 7, "not there"),
        (["sweep", "--camera", SMALL, "-o", "x", "--near", "1"], 2, "the lens goes from 1050 to 2100"),
        (["sweep", "--camera", SMALL, "-o", "x", "--overlap", "1.5"], 2, "overlap"),
        (["autofocus", "--camera", f"{SMALL}&drive=none"], 7, "focused by hand"),
        (["autofocus", "--camera", SMALL, "--method", "prayer"], 2, "invalid choice"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["camera", *arguments]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_ctrl_c_keeps_what_was_captured(tmp_path: Path) -> None:
    """The picture under way is finished; the sweep reads, and can be gone on with."""
    folder = tmp_path / "sweep"
    camera = f"{SMALL}&latency=0.05"
    command = [sys.executable, "-m", "rvr_laaf_app", "camera", "sweep", "--camera", camera, "-o", str(folder)]
    process = subprocess.Popen([*command, "--step", "10"], stderr=subprocess.PIPE, text=True, env=os.environ)
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s and len(list(folder.glob("frame_*.png"))) < 3:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in error
    assert error.count("\n") == 1
    sweep = read_sweep(folder, verify=True)
    assert 3 <= len(sweep.frames) < len(sweep.planned)
