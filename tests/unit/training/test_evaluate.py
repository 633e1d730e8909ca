"""All measures at once, on a set in the shape of the development data."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.training import evaluate
from tests.clips import write_clip
from tests.unit.measure.test_order import write_labels
from tests.unit.measure.test_truth import GREY, METRES


def test_every_figure_comes_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("photos", "depth", "rendered", "clips", "hdr"):
        (tmp_path / name).mkdir()
    write_labels(tmp_path / "photos").rename(tmp_path / "photos" / "ordinal_depth.json")
    cv2.imwrite(str(tmp_path / "depth" / "a.png"), np.repeat(GREY[..., None], 3, 2))
    np.save(tmp_path / "depth" / "a.depth.npy", METRES)
    write_clip(tmp_path / "clips" / "talk.mp4", frames=2, sound=False)
    write_clip(tmp_path / "clips" / "talk.disparity_reference.mp4", frames=2, sound=False)
    cv2.imwrite(str(tmp_path / "hdr" / "m.hdr"), np.random.default_rng(0).random((32, 64, 3)).astype(np.float32) * 4)
    arguments = ["evaluate", "--data", str(tmp_path), "--estimator", "lower-is-nearer"]
    monkeypatch.setattr(sys, "argv", arguments)
    evaluate.main()
    figures = json.loads(capsys.readouterr().out)
    assert figures["version"] == "lower-is-nearer-1"
    assert figures["order"]["wrong_order_rate"] == 1.0
    assert figures["measured"]["scenes"][0]["error"] == pytest.approx(
        figures["measured"]["scenes"][0]["ramp"], abs=0.01
    )
    assert figures["rendered"]["scenes"] == []
    assert figures["video"][0]["clip"] == "talk.mp4"
    assert figures["light"]["maps"][0]["name"] == "m.hdr"
