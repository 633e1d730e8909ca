"""Refocused pictures against true ones: true disparity wins, a good guess comes near it, a plane does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.measure.bokeh import NOTHING, find_rendered, measure_bokeh, psnr_display
from rvr_laaf_app.measure.truth import find_scenes
from rvr_laaf_app.media.exr import write_exr
from rvr_laaf_app.render.base import Aperture
from rvr_laaf_app.render.spans import SpanRenderer
from tests.unit.measure.pretend import Pretend, grey_is_near

LENS = Lens(50.0, 1.4, 36.0)


def write_scene(folder: Path) -> None:
    """A bright near box with a lamp behind it; the true shot is made by the program itself, with the true depth."""
    metres = np.full((60, 96), 6.0, np.float32)
    metres[20:, 30:60] = 1.5
    rng = np.random.default_rng(3)
    linear = np.where(metres[..., None] < 2, 0.5, 0.05) + rng.random((60, 96, 3)) * 0.04
    linear[8:11, 70:73] = 20.0
    linear = linear.astype(np.float32)
    coc = LENS.coc_px_at_distance(metres, focus_m=1.5, width_px=96)
    wide = SpanRenderer().render(linear, coc, aperture=Aperture(), quality="final")
    folder.mkdir(parents=True)
    write_exr(folder / "sharp.exr", linear)
    write_exr(folder / "wide.exr", wide)
    np.savez(folder / "depth.npz", depth=metres)
    shot = {"focal_length_m": 0.05, "sensor_width_m": 0.036, "f_number": 1.4, "focus_distance_m": 1.5}
    (folder / "meta.json").write_text(json.dumps({"shots": {"wide": shot}}))


def test_psnr_is_of_what_is_displayed() -> None:
    white = np.ones((4, 4, 3), np.float32)
    assert psnr_display(9 * white, white) == pytest.approx(120.0)
    assert psnr_display(0 * white, white) == pytest.approx(0.0)


def test_better_depth_and_light_make_better_pictures(tmp_path: Path) -> None:
    write_scene(tmp_path / "set" / "box")
    scenes = find_rendered(find_scenes(tmp_path)[0])
    assert [scene.name for scene in scenes] == ["set/box"]

    def lamp(frame: Frame) -> NDArray[np.floating]:
        return np.where(frame.rgb == 255, np.log2(20.0), 0.0)

    def box(frame: Frame) -> NDArray[np.floating]:
        grey = grey_is_near(frame)
        return np.where((grey > 0.5) & (grey < 0.95), 0.8, 0.1)

    good = measure_bokeh(Pretend(box, boost=lamp), scenes)
    mean = good["mean"]
    assert mean["true"]["true"] > 50  # half floats
    assert mean["true"]["true"] >= mean["predicted"]["true"] > mean["plane"]["true"]
    assert mean["true"]["estimated"] > mean["true"]["clipped"]
    assert mean["true"]["true"] > mean[NOTHING]["true"]
    bad = measure_bokeh(Pretend(lambda frame: np.random.default_rng(0).random(frame.rgb.shape[:2])), scenes)
    assert bad["mean"]["predicted"]["true"] < mean["predicted"]["true"] - 3


def test_a_scene_with_a_missing_shot_is_skipped(tmp_path: Path) -> None:
    write_scene(tmp_path / "box")
    (tmp_path / "box" / "wide.exr").rename(tmp_path / "box" / "other.exr")
    figures = measure_bokeh(Pretend(grey_is_near), find_rendered(find_scenes(tmp_path)[0]))
    assert figures["shots"] == []
    assert figures["skipped"][0]["what"] == "box"
