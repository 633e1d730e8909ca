"""Scenes through a lens: sharp where they should be, blurred edges that let the background through, breathing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.blur import blur_disk
from rvr_laaf_app.camera.defocus import paper_model
from rvr_laaf_app.camera.picture_files import read_picture
from rvr_laaf_app.camera.procedural import SCENES, make_scene
from rvr_laaf_app.camera.scene import (
    Scene,
    Surface,
    breathing,
    look,
    photograph,
    picture_with_depth,
    position_of_distance,
    seen_positions,
)
from rvr_laaf_app.camera.scene_files import read_scene
from rvr_laaf_app.core.errors import MediaError, UsageError

LENS = paper_model()
SIZE = (120, 200)


def sharpness(linear: np.ndarray) -> float:
    return float(np.mean(np.diff(np.sqrt(linear), axis=0) ** 2))


@pytest.mark.parametrize("name", SCENES)
def test_scenes_are_drawn_by_seed_and_lie_in_range(name: str) -> None:
    scene, again = (make_scene(name, size=SIZE, limits=LENS.limits, seed=5) for _ in range(2))
    other = make_scene(name, size=SIZE, limits=LENS.limits, seed=6)
    assert scene.size == SIZE
    assert np.array_equal(scene.sharp_linear(), again.sharp_linear())
    if name != "blank":
        assert not np.array_equal(scene.sharp_linear(), other.sharp_linear())
    best = scene.best_positions()
    assert best.min() >= LENS.limits[0]
    assert best.max() <= LENS.limits[1]
    seen = look(scene, LENS, 1500)
    assert seen.shape == (*SIZE, 3)
    assert np.isfinite(seen).all()
    assert seen.min() >= 0


def test_unknown_scenes_and_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="no simulated scene"):
        make_scene("moon", size=SIZE, limits=LENS.limits)
    with pytest.raises(UsageError):
        make_scene("desk", size=(4, 4), limits=LENS.limits)


def test_a_chart_is_sharpest_at_its_best_position() -> None:
    scene = make_scene("chart", size=SIZE, limits=LENS.limits, seed=2)
    best = float(scene.best_positions()[0, 0])
    offsets = [-300, -100, -40, -20, 0, 20, 40, 100, 300]
    inside = [(best + d, sharpness(look(scene, LENS, best + d))) for d in offsets if 1050 <= best + d <= 2100]
    assert max(inside, key=lambda pair: pair[1])[0] == best


def test_a_flat_photograph_is_blurred_by_the_model() -> None:
    rng = np.random.default_rng(0)
    sharp = blur_disk(rng.random((*SIZE, 3), dtype=np.float32), 1.0)
    seen = look(photograph(sharp, 1500.0), LENS, 1700)
    radius = float(LENS.radius_at(1500, 1700, width_px=SIZE[1]))
    still = look(photograph(blur_disk(sharp, radius), 1700.0), LENS, 1700)  # the same breathing, no more blur
    assert radius > 2
    assert np.abs(seen - still).max() < 1e-4


def test_each_part_of_a_slope_is_sharpest_at_its_own_position() -> None:
    scene = make_scene("slope", size=(200, 160), limits=LENS.limits, seed=1)
    stack = {z: look(scene, LENS, z) for z in range(1100, 2060, 50)}
    for z in (1300, 1600, 1900):
        rows = np.flatnonzero(np.abs(seen_positions(scene, LENS, z)[:, 80] - z) < 40)
        band = slice(int(rows[0]), int(rows[-1]) + 1)
        winner = max(stack, key=lambda at: sharpness(stack[at][band]))
        assert abs(winner - z) <= 50


def two_planes(near: float, far: float) -> Scene:
    whole = np.ones(SIZE, np.float32)
    cover = np.zeros(SIZE, np.float32)
    cover[:, :100] = 1.0
    dark = np.full((*SIZE, 3), 0.1, np.float32)
    light = np.full((*SIZE, 3), 0.9, np.float32)
    return Scene("planes", (Surface(light, whole, far), Surface(dark, cover, near)))


def test_a_blurred_near_edge_lets_the_background_through_and_a_sharp_one_hides_it() -> None:
    sharp = look(two_planes(1200, 2000), LENS, 1200)
    blurred = look(two_planes(1200, 2000), LENS, 2000)
    row_sharp, row_blurred = sharp[60, :, 0], blurred[60, :, 0]
    assert np.ptp(row_sharp[:95]) < 0.01  # the far plane's blur does not spill over the near one
    assert row_blurred[98] == pytest.approx(0.5, abs=0.1)
    assert (np.diff(row_blurred) > -1e-3).all()
    assert row_blurred[:60].max() < 0.12
    assert row_blurred[140:].min() > 0.88


def test_light_is_neither_lost_nor_made_on_slopes() -> None:
    grey = np.full((*SIZE, 3), 0.4, np.float32)
    slope = np.linspace(1100, 2000, SIZE[0], dtype=np.float32)[:, None].repeat(SIZE[1], axis=1)
    for scene in (
        Scene("slope", (Surface(grey, np.ones(SIZE, np.float32), slope),)),
        picture_with_depth(grey, slope),
    ):
        assert np.abs(look(scene, LENS, 1500) - 0.4).max() < 0.02


def test_breathing_enlarges_by_a_few_percent_and_never_shows_a_border() -> None:
    sizes = [breathing(LENS, z) for z in range(1050, 2101, 150)]
    assert min(sizes) > 1.0
    assert 1.02 < max(sizes) / min(sizes) < 1.06


def test_positions_of_distances_run_from_near_to_far() -> None:
    at = position_of_distance(np.array([0.2, 0.4, 1.0, 10.0, 1e9]), (1050, 2100))
    assert at[1] == pytest.approx(1050)
    assert at[3] == pytest.approx(2100)
    assert (np.diff(at) > 0).all()


def test_moving_things_come_and_go() -> None:
    scene = make_scene("moving", size=SIZE, limits=LENS.limits, seed=0)
    assert scene.moves
    start, later, back = (scene.at(s).best_positions() for s in (0.0, 3.0, 12.0))
    assert not np.array_equal(start, later)
    assert np.array_equal(start, back)


def test_a_folder_with_depth_becomes_a_scene(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    tilted = read_scene(tmp_path, limits=LENS.limits)
    assert tilted.best_positions()[0].mean() > tilted.best_positions()[-1].mean()
    depth = np.full((30, 40), 2.0, np.float32)
    depth[:, :20] = 0.5
    np.savez(tmp_path / "depth.npz", depth=depth)
    scene = read_scene(tmp_path, limits=LENS.limits, size=(30, 40))
    assert scene.size == (30, 40)
    best = scene.best_positions()
    assert best[:, :20].max() < best[:, 20:].min()
    assert np.array_equal(read_picture(tmp_path / "a.png"), picture[..., ::-1])


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_bad_pictures_and_depths_are_media_errors(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(MediaError, match="no picture"):
        read_scene(tmp_path, limits=LENS.limits)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(MediaError, match="decoded"):
        read_scene(tmp_path, limits=LENS.limits)
    picture = np.zeros((40, 40, 3), np.uint8)
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    (tmp_path / "depth.npz").write_bytes(data)
    with pytest.raises(MediaError, match="depth"):
        read_scene(tmp_path, limits=LENS.limits)
