"""Training of the network of gaze: views keep their fixations, a run learns, resumes, is measured and published."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.training import data_af, train_gaze
from rvr_laaf_app.training.data_af import Looked, load_annotated, load_looked
from rvr_laaf_app.training.train_gaze import density_of, figures, plain, rivals, varied
from tests.clips import write_clip


def looked(x: float, y: float) -> Looked:
    """A dark picture with a bright spot that everybody looks at."""
    rgb = np.full((240, 320, 3), 40, np.uint8)
    cv2.circle(rgb, (round(x * 320), round(y * 240)), 10, (250, 250, 250), -1)
    places = np.random.default_rng(0).normal((x, y), 0.01, (30, 2)).clip(0, 1)
    return Looked(rgb, places.astype(np.float32))


def spot(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    grey = rgb.mean(axis=2)
    return np.asarray(np.argwhere(grey > grey.min() + 0.7 * np.ptp(grey)).mean(0)[::-1] / (256, 192))


def test_views_keep_where_people_looked() -> None:
    for seed in range(8):
        rgb, places = varied(looked(0.6, 0.4), np.random.default_rng(seed))
        assert rgb.shape == (192, 256, 3)
        assert np.abs(spot(rgb) - places.mean(axis=0)).max() < 0.03
    rgb, places = plain(looked(0.7, 0.3), mirrored=True)
    assert np.abs(spot(rgb) - places.mean(axis=0)).max() < 0.03
    assert places[:, 0].mean() == pytest.approx(0.3, abs=0.02)
    assert density_of(places).sum() == pytest.approx(1.0, abs=1e-4)


def test_figures_tell_the_right_map_from_the_wrong() -> None:
    held = [looked(0.25, 0.25), looked(0.7, 0.6)]
    bright = figures(lambda rgb: rgb.mean(axis=2).astype(np.float32), held)
    dark = figures(lambda rgb: -rgb.mean(axis=2).astype(np.float32), held)
    assert bright["auc_judd"] > 0.95
    assert bright["nss"] > 3
    assert bright["cc"] > 0.5
    assert dark["auc_judd"] < 0.6
    for name, predict in rivals(held).items():
        assert figures(predict, held)["auc_judd"] >= 0.0, name


def write_osie(data: Path, count: int) -> None:
    rng = np.random.default_rng(1)
    (data / "photos" / "osie").mkdir(parents=True)
    (data / "gaze").mkdir()
    fixations = {}
    for number in range(1, count + 1):
        x, y = rng.uniform(0.2, 0.8, 2)
        cv2.imwrite(str(data / "photos" / "osie" / f"{number:05d}.jpg"), looked(x, y).rgb)
        seen = [[400.0, 300.0, 200.0], *([float(x * 800), float(y * 600), 200.0] for _ in range(4))]
        fixations[f"{1000 + number}.jpg"] = [seen] * 3
    (data / "gaze" / "osie_fixations.json").write_text(json.dumps(fixations))


def test_every_seventh_photograph_is_held_out(tmp_path: Path) -> None:
    write_osie(tmp_path, 15)
    learnt, held = load_looked(tmp_path, size=(64, 48)), load_looked(tmp_path, size=(64, 48), held_out=True)
    assert (len(learnt), len(held)) == (13, 2)
    assert learnt[0].places.shape == (12, 2)  # of three viewers, without where they start
    (tmp_path / "photos" / "osie" / "00001.jpg").unlink()
    assert len(load_looked(tmp_path, size=(64, 48))) == 12


def test_a_run_learns_resumes_and_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out, models = tmp_path / "data", tmp_path / "run", tmp_path / "models"
    write_osie(data, 14)
    monkeypatch.setattr(train_gaze, "start_from_efficientnet_lite", lambda *_: None)
    arguments = ["train_gaze", "--data", str(data), "--out", str(out), "--head-rounds", "4", "--batch", "4"]
    monkeypatch.setattr("sys.argv", [*arguments, "--rounds", "0"])
    train_gaze.main()
    assert "spectral residual (OpenCV)" in capsys.readouterr().out
    (tmp_path / "card.md").write_text("# a card\n")
    more = ["--rounds", "1", "--publish", str(models), "--card", str(tmp_path / "card.md"), "--number", "3"]
    monkeypatch.setattr("sys.argv", [*arguments, *more])
    train_gaze.main()
    log = (out / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in log] == ["round", "0.0", "1.0"]
    listing = json.loads((models / "manifest.json").read_text())
    assert listing["roles"] == {"gaze": "rvr-gaze-3"}
    assert (models / "rvr-gaze-3.safetensors").stat().st_size < 3_000_000


def test_annotated_clips_give_stretches_around_their_changes(tmp_path: Path) -> None:
    for name in ("still", "changes", "unnamed"):
        write_clip(tmp_path / f"{name}.mp4", frames=300, size=(64, 48))
    still = {"frames": 300, "fps": 30.0, "targets": [{"frame": 0, "box": [0.1, 0.2, 0.3, 0.4]}]}
    changes = still | {"targets": [*still["targets"], {"frame": 200, "box": [0.6, 0.2, 0.3, 0.4]}]}  # type: ignore[misc]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"clips": {"still": still, "changes": changes, "absent": still, "unnamed": changes}}))
    config = data_af.AfNetConfig(units=3, unit_frames=3, width=64, height=32)
    found = load_annotated(truth, ("still", "changes", "absent"), config)
    still_ones, rest = found[: config.stride], found[config.stride :]
    assert sum(len(s.rgb) for s in still_ones) == 300
    assert all(s.target == -1 and s.boxes[0].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4]) for s in still_ones)
    around = [s for s in rest if s.target >= 0]
    assert len(around) == config.stride
    for sequence in around:
        assert sequence.target == data_af.REACH
        assert sequence.boxes[sequence.target - 1, 0] == pytest.approx(0.1)
        assert sequence.boxes[sequence.target, 0] == pytest.approx(0.6)
        data_af.stretch_of(sequence, config, np.random.default_rng(0))
