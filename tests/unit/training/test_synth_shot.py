from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.training.synth_draw import THING, Layer, Piece, draw_all, flatten
from rvr_laaf_app.training.synth_geometry import Camera, Plane, facing, turned
from rvr_laaf_app.training.synth_lens import blurred_layer, stacked
from rvr_laaf_app.training.synth_shot import _flow, _moment, _Route, surfaces_of
from rvr_laaf_app.training.synth_stage import Stage, flat
from rvr_laaf_app.training.synth_textures import SceneLibrary

SIZE = (96, 72)


def smooth(seed: int, low: float = 0.2, high: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(low, high, (3, 3, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC), np.float32)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A wall, the ground and one thing that stands on it and moves by itself."""
    camera = Camera.looking(SIZE, field_deg=60, place=(0.0, -1.5, 0.0), tilt=0.1, roll=0.02)
    stage = Stage(SceneLibrary(tmp_path, seed=0), camera, np.random.default_rng(0))
    flat(stage, Plane(np.array([-9.0, -8, 9]), np.array([18.0, 0, 0]), np.array([0, 9.0, 0])), smooth(1), tile_m=18)
    flat(stage, Plane(np.array([-9.0, 0, -1]), np.array([18.0, 0, 0]), np.array([0, 0, 9.9])), smooth(2), tile_m=18)
    owner = stage.next_owner()
    plane = facing(np.array([0.3, 0.0, 4.0]), width=0.8, height=1.6)
    stage.things.append((4.0, [Piece(plane, smooth(3, 0.6, 0.8), owner=owner)]))
    return stage


def moments(stage: Stage) -> tuple:
    route = _Route(np.array([0.05, 0.01, 0.08]), np.array([0.004, 0.006, -0.008]), 0.0, np.zeros(3))
    paths = {1: np.array([0.06, 0.0, -0.04])}
    still = stage.pieces()
    return tuple(_moment(stage, still, paths, route, index) for index in (0, 1))


def test_flow_is_where_the_same_point_is_next(stage: Stage) -> None:
    now, then = moments(stage)
    flow, visible = _flow(now, then)
    for number in range(3):
        plane, later = now.pieces[number].plane, then.pieces[number].plane
        for u, v in ((0.5, 0.7), (0.4, 0.6), (0.55, 0.45), (0.5, 0.5)):
            here = now.camera.project((plane.origin + u * plane.across + v * plane.down)[None])[0]
            there = then.camera.project((later.origin + u * later.across + v * later.down)[None])[0]
            x, y = round(here[0]), round(here[1])
            if not (0 <= x < SIZE[0] and 0 <= y < SIZE[1]) or now.flat.piece[y, x] != number:
                continue
            assert np.abs(flow[y, x] - (there - here)[:2]).max() < 0.5
    assert 0.7 < visible.mean() < 1.0
    assert np.abs(flow).max() > 1


def test_flow_takes_one_frame_to_the_next(stage: Stage) -> None:
    now, then = moments(stage)
    flow, visible = _flow(now, then)
    x = np.arange(SIZE[0], dtype=np.float32) + flow[..., 0]
    y = np.arange(SIZE[1], dtype=np.float32)[:, None] + flow[..., 1]
    pulled = cv2.remap(then.flat.rgba[..., :3].copy(), x, y, cv2.INTER_LINEAR)
    inner = cv2.erode(visible.astype(np.uint8), np.ones((3, 3))) > 0  # rims mix two things
    difference = np.abs(pulled - now.flat.rgba[..., :3])[inner]
    assert difference.max() < 1 / 255
    hidden = ~visible & (x >= 0) & (y >= 0) & (x < SIZE[0] - 1) & (y < SIZE[1] - 1)
    assert np.abs(pulled - now.flat.rgba[..., :3])[hidden].mean() > 5 * difference.mean()


def test_a_camera_at_rest_before_things_at_rest_moves_nothing(stage: Stage) -> None:
    rest = _Route(np.zeros(3), np.zeros(3), 0.0, np.zeros(3))
    still = stage.pieces()
    one, two = (_moment(stage, still, {1: np.zeros(3)}, rest, index) for index in (0, 3))
    flow, visible = _flow(one, two)
    assert np.abs(flow).max() < 1e-4
    assert visible[5:-5, 5:-5].mean() > 0.95


def test_turning_the_camera_is_a_rotation() -> None:
    axes = turned(tilt=0.3, roll=-0.2, heading=0.5)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    assert turned(tilt=0.3)[2, 1] > 0  # ahead points down
    assert turned(heading=0.3)[2, 0] > 0


def surfaces(stage: Stage) -> tuple[list, np.ndarray, np.ndarray]:
    pieces = stage.pieces()
    layers: list[Layer] = draw_all(list(enumerate(pieces)), stage.camera)
    whole = flatten(layers, pieces, SIZE)
    return surfaces_of(layers, pieces, SIZE), whole.rgba[..., :3], whole.disparity


def test_a_pinhole_sees_the_sharp_picture(stage: Stage) -> None:
    made, sharp, _ = surfaces(stage)
    np.testing.assert_allclose(stacked(made, gain_px=0.0, focus=0.2), sharp, atol=1e-5)
    np.testing.assert_allclose(stacked(made, gain_px=1e-4, focus=0.2), sharp, atol=1e-4)


def test_what_is_in_focus_stays_sharp_and_the_rest_blurs(stage: Stage) -> None:
    stage.base[0] = Piece(stage.base[0].plane, np.random.default_rng(0).random((96, 96, 3)).astype(np.float32), role=1,
                          tiles=(1.0, 1.0))  # fmt: skip
    thing = stage.things[0][1][0]
    noisy = np.random.default_rng(1).random((96, 96, 3)).astype(np.float32)
    stage.things[0] = (4.0, [Piece(thing.plane, noisy)])
    made, sharp, disparity = surfaces(stage)
    focus = float(np.median(made[-1][1][made[-1][0][..., 3] > 0.5]))
    shallow = stacked(made, gain_px=80.0, focus=focus)
    person = cv2.erode((np.abs(disparity - focus) < 0.02).astype(np.uint8)[:40], np.ones((5, 5))) > 0
    wall = cv2.erode((np.abs(disparity - 0.11) < 0.02).astype(np.uint8)[:24], np.ones((9, 9))) > 0
    assert person.sum() > 50
    assert wall.sum() > 50
    assert np.abs(shallow - sharp)[:40][person].mean() < 0.02
    assert shallow[:24][wall].std() < 0.5 * sharp[:24][wall].std()


def test_a_slanted_surface_stays_as_bright_as_it_was(stage: Stage) -> None:
    _, _, disparity = surfaces(stage)
    rows = disparity[50:]
    grey = np.full((*rows.shape, 4), 0.5, np.float32)
    grey[..., 3] = 1
    coc = ((rows - rows.mean()) * 30).astype(np.float32)
    out = blurred_layer(grey, coc)
    inner = out[8:-8, 8:-8]
    np.testing.assert_allclose(inner[..., :3] / inner[..., 3:], 0.5, rtol=1e-5)
    assert inner[..., 3].min() > 0.8


@pytest.mark.parametrize("coc", [-9.0, -3.3, 0.4, 6.0, 13.0])
def test_a_lamp_keeps_its_light(coc: float) -> None:
    layer = np.zeros((48, 48, 4), np.float32)
    layer[24, 24] = (100.0, 60.0, 20.0, 1.0)
    out = blurred_layer(layer, np.full((48, 48), coc, np.float32))
    np.testing.assert_allclose(out[..., :3].sum((0, 1)), (100, 60, 20), rtol=1e-4)
    if abs(coc) > 3:
        reach = np.flatnonzero(out[24, :, 3] > 0.2 * out[..., 3].max())
        assert abs((reach[-1] - reach[0] + 1) - abs(coc)) <= 1.5


def test_the_hidden_wall_shows_through_a_blurred_rim() -> None:
    wall = np.zeros((40, 60, 4), np.float32)
    wall[..., 1], wall[..., 3] = 1.0, 1.0
    front = np.zeros((40, 60, 4), np.float32)
    front[:, 30:] = (1.0, 0.0, 0.0, 1.0)
    made = [(wall, np.full((40, 60), 0.2, np.float32)), (front, np.full((40, 60), 1.0, np.float32))]
    out = stacked(made, gain_px=12.0, focus=0.2)
    row = out[20]
    np.testing.assert_allclose(row.sum(axis=1), 1.0, atol=1e-4)  # red comes as green goes
    assert 0.05 < row[31, 1] < 0.95
    assert 0.05 < row[28, 0] < 0.95
    assert row[20, 0] == 0
    assert THING == 2
