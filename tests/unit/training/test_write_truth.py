"""The cafe's truth as folders: they are found, complete, and the lens shots are those of the depth beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.measure.bokeh import find_rendered, measure_bokeh
from rvr_laaf_app.measure.depth import measure_scenes
from rvr_laaf_app.measure.steady import measure_steadiness, read_truth
from rvr_laaf_app.measure.truth import find_scenes, load_scene
from rvr_laaf_app.training.scenes import write_truth
from tests.clips import write_clip
from tests.unit.measure.pretend import Pretend, grey_is_near


def test_a_moment_with_its_lens_shots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_truth, "SHOTS", {"wide": (1.4, 1.3)})
    write_truth.write_scene(2.0, tmp_path / "cafe_1", size=(96, 54), samples=24)
    found, skipped = find_scenes(tmp_path)
    assert [scene.name for scene in found] == ["cafe_1"]
    assert skipped == []
    scene = load_scene(found[0])
    assert scene.known.all()
    assert scene.edges
    assert 1 / scene.disparity.max() == pytest.approx(1.3, abs=0.4)
    figures = measure_scenes(Pretend(lambda frame: scene.disparity), found)
    assert figures["scenes"][0]["error"] < 0.01
    mean = measure_bokeh(Pretend(grey_is_near), find_rendered(found))["mean"]
    # Metres, focus distance and lens of the folder fit together: with them the shot is imitated far better.
    assert mean["true"]["true"] > mean["deep shot"]["true"] + 3


def test_the_disparity_of_a_clip(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    clip = write_clip(tmp_path / "from" / "cafe.mp4", frames=3, sound=False)
    write_truth.write_clip_truth(clip, tmp_path / "to", size=(64, 36), frames=3)
    truth = read_truth(tmp_path / "to" / "cafe.disparity", 3, (36, 64))
    assert np.stack(truth).shape == (3, 36, 64)
    assert 0 <= np.min(truth) < 0.2 < 0.6 < np.max(truth) <= 1
    row = measure_steadiness(Pretend(grey_is_near), [tmp_path / "to" / "cafe.mp4"], frames=3)["clips"][0]
    assert row["clip"] == "cafe.mp4"
