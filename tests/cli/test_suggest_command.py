"""`rvr-laaf suggest`, `refocus --auto` and `eval laaf` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rvr_laaf_app.cli.main import run
from rvr_laaf_app.document.store import load_project
from tests.clips import write_clip

FRAMES = 40


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=FRAMES, size=(320, 192), cut_at=20)


def test_json_is_as_promised_and_targets_go_into_a_project(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "film.rvr"
    assert run(["suggest", str(clip), "--mode", "action", "--json", "--apply", str(project)]) == 0
    targets = json.loads(capsys.readouterr().out)["targets"]
    assert targets[0]["frame"] == 0
    assert 20 in [t["frame"] for t in targets]
    for target in targets:
        assert {"frame", "time_s", "box", "score", "detector", "reason"} <= set(target)
        assert target["time_s"] == pytest.approx(target["frame"] / 25, abs=0.03)
        x, y, w, h = target["box"]
        assert 0 <= x <= x + w <= 1.0001
        assert 0 <= y <= y + h <= 1.0001
        assert 0 <= target["score"] <= 1
    first = load_project(project)
    assert len(first.targets) == len(targets)
    assert run(["suggest", str(clip), "--apply", str(project)]) == 0
    assert len(load_project(project).targets) >= len(first.targets)
    assert "s  " in capsys.readouterr().out


def test_wrong_use_is_one_line(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manifest.json").write_text('{"roles": {}, "checkpoints": {}}')
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    for arguments, words in (
        (["suggest", str(clip), "--mode", "af-net"], "no weights of AF-Net"),
        (["suggest", str(clip), "--apply", str(tmp_path / "a.txt")], ".rvr"),
        (["suggest", str(clip), "--yunet", str(tmp_path / "no.onnx")], "no such network"),
        (["suggest", str(tmp_path / "no.mp4")], "no.mp4"),
        (["eval", "laaf", "--truth", str(tmp_path / "no.json")], "cannot be read"),
    ):
        assert run(arguments) != 0
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


def test_refocus_by_itself(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mp4"
    command = ["refocus", str(clip), "-o", str(out), "--auto", "action", "--estimator", "lower-is-nearer"]
    assert run([*command, "--quality", "preview", "--to", "0.6", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert out.is_file()
    assert facts["targets"][0]["frame"] == 0


def test_eval_laaf_beside_the_paper(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = [0.1, 0.4, 0.3, 0.3]
    rows = [{"frame": f, "early": f, "late": f + 2, "box": box} for f in (0, 20)]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"clips": {"clip": {"frames": FRAMES, "fps": 25, "targets": rows}}}))
    assert run(["eval", "laaf", "--truth", str(truth), "--mode", "action", "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["modes"]["action"]["mean"]["mean_abs_delta_t"] == 0.0
    assert report["modes"]["action"]["paper"]["mean_abs_delta_t"] == 15.1
    command = ["eval", "laaf", "--truth", str(truth), "--clips", str(tmp_path), "--as-printed", "--depth"]
    assert run([*command, "--mode", "action", "--estimator", "lower-is-nearer"]) == 0
    assert "15.1" in capsys.readouterr().out
