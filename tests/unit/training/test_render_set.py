from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.training import render_set


@pytest.mark.parametrize("name", sorted(render_set.SCENES))
def test_a_scene_is_always_the_same_and_says_where_it_focuses(name: str) -> None:
    scene = render_set.describe(name)
    assert scene == render_set.describe(name)
    assert scene.name == name
    assert 0.3 < scene.focus_near_m < scene.focus_far_m
    assert len(scene.solids) > 50
    assert all(len(solid.place) == 3 and min(solid.size) > 0 for solid in scene.solids)
    assert all(solid.end is not None for solid in scene.solids if solid.kind == "rod")
    assert any(abs(solid.place[1] - scene.focus_near_m) < 0.3 for solid in scene.solids)


def test_scenes_of_the_night_have_small_strong_lamps() -> None:
    lamps = [solid for solid in render_set.describe("evening").solids if solid.glow > 0 and solid.kind == "ball"]
    assert len(lamps) > 20
    assert max(lamp.glow for lamp in lamps) > 100


def test_the_circle_of_confusion_is_that_of_the_lens() -> None:
    lens = Lens(focal_length_mm=50.0, f_number=1.4, sensor_width_mm=36.0)
    for distance in (0.7, 1.5, 4.0, 30.0):
        ours = render_set.coc_diameter_px(distance, f_number=1.4, focus_m=1.5, width=480)
        theirs = lens.coc_px_at_distance(np.array([distance]), focus_m=1.5, width_px=480)[0]
        assert ours == pytest.approx(abs(float(theirs)), rel=1e-4, abs=1e-6)
    assert render_set.blender_f_number(1.4, 1.5) == pytest.approx(1.3533333)  # as in the sets that exist already


def test_what_is_written_about_a_scene_can_be_read() -> None:
    scene = render_set.describe("hall")
    depth = np.array([[0.8, 2.0], [6.0, render_set.NOTHING_M]], np.float32)
    said = json.loads(json.dumps(render_set.meta(scene, size=(480, 270), samples=4, depth=depth)))
    assert said["image_size"] == [480, 270]
    assert said["background_fraction"] == 0.25
    assert set(said["shots"]) == {"dof_f14_near", "dof_f14_far", "dof_f28_near", "dof_f28_far"}
    shot = said["shots"]["dof_f14_near"]
    assert shot["f_number"] == 1.4
    assert shot["focus_distance_m"] == scene.focus_near_m
    half = said["shots"]["dof_f28_near"]["max_coc_px_radius"]
    assert shot["max_coc_px_radius"] == pytest.approx(2 * half)


@pytest.mark.slow
def test_blender_renders_a_scene(tmp_path: Path) -> None:
    """Only where an environment with bpy is named by RVR_BPY_PYTHON."""
    python = os.environ.get("RVR_BPY_PYTHON", "")
    if not python or not Path(python).exists():
        pytest.skip("RVR_BPY_PYTHON names no Python with bpy")
    script = [python, render_set.__file__, "--out", str(tmp_path), "--scenes", "hall", "--samples", "1"]
    subprocess.run([*script, "--width", "64", "--height", "36", "--threads", "1"], check=True, timeout=300)
    folder = tmp_path / "hall"
    assert {path.name for path in folder.iterdir()} >= {"sharp.exr", "sharp.png", "depth.npz", "meta.json"}
    depth = np.load(folder / "depth.npz")["depth"]
    assert depth.shape == (36, 64)
    assert 0.5 < depth.min() < 2.0
