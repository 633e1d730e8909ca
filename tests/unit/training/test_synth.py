from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.training.synth import SceneLibrary, main, random_shot, random_view, triplet
from rvr_laaf_app.training.synth_actors import close_up, put_one
from rvr_laaf_app.training.synth_camera import Look, lost_stops, on_sensor, random_look, record
from rvr_laaf_app.training.synth_cutouts import Cutout
from rvr_laaf_app.training.synth_draw import BASE, Piece, draw_all, flatten, occlusion_edges
from rvr_laaf_app.training.synth_geometry import Camera, Plane, facing
from rvr_laaf_app.training.synth_stage import Stage, block, flat, lamp, stand
from rvr_laaf_app.training.synth_subjects import cut_out

SIZE = (96, 72)


def smooth(rng: np.random.Generator, size: tuple[int, int] = (64, 64)) -> np.ndarray:
    coarse = rng.uniform(0.1, 0.6, (4, 4, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32).clip(0.02, 0.9)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> SceneLibrary:
    """Photographs drawn here: a bright disc before a dark ground, so that there is something to cut out."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "photos").mkdir()
    rng = np.random.default_rng(5)
    entries = []
    for number in range(5):
        photo = (255 * smooth(rng, (120, 90)) * 0.5).astype(np.uint8)
        cv2.circle(photo, (60, 45), 22, tuple(int(v) for v in rng.integers(170, 255, 3)), -1)
        photo = np.clip(photo + rng.normal(0, 5, photo.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "photos" / f"{number}.png"), photo)
        points = [
            {"x": 0.5, "y": 0.5, "level": 0},
            {"x": 0.15, "y": 0.2, "level": 1},
            {"x": 0.85, "y": 0.2, "level": 1},
        ]
        entries.append({"photo": f"{number}.png", "split": "train", "points": points})
    entries.append({"photo": "secret.png", "split": "test", "points": []})  # does not exist: must not be opened
    (folder / "photos" / "ordinal_depth.json").write_text(json.dumps({"photos": entries}))
    return SceneLibrary(folder, seed=0)


def stage_of(library: SceneLibrary, *, tilt: float = 0.12, roll: float = 0.03, margin: int = 0) -> Stage:
    camera = Camera.looking(SIZE, field_deg=60, place=(0.0, -1.5, 0.0), tilt=tilt, roll=roll)
    camera = Camera(camera.size, camera.focal_px, camera.place, camera.axes, margin)
    stage = Stage(library, camera, np.random.default_rng(0))
    ground = Plane(np.array([-60.0, 0, -2]), np.array([120.0, 0, 0]), np.array([0, 0, 80.0]))
    flat(stage, ground, smooth(np.random.default_rng(1)), tile_m=6.0)
    return stage


def seen(stage: Stage) -> tuple[np.ndarray, np.ndarray, list[Piece]]:
    pieces = stage.pieces()
    whole = flatten(draw_all(list(enumerate(pieces)), stage.camera), pieces, stage.camera.canvas)
    return whole.disparity, whole.piece, pieces


def person_like(height: int = 60, width: int = 24) -> Cutout:
    alpha = np.ones((height, width), np.float32)
    colour = np.full((height, width, 3), (0.5, 0.2, 0.1), np.float32)
    return Cutout(np.dstack([colour, alpha]), np.zeros((height, width), np.float32), width / height)


def test_only_the_split_asked_for_is_opened(library: SceneLibrary, tmp_path: Path) -> None:
    assert len(library.photos) == 5
    with pytest.raises(ValueError, match="train and val"):
        SceneLibrary(tmp_path, seed=0, photos="test")


def test_something_near_is_cut_out_of_a_photograph(library: SceneLibrary) -> None:
    subject = cut_out(library.photos[0], [{"x": 0.5, "y": 0.5, "level": 0}, {"x": 0.1, "y": 0.1, "level": 1}])
    assert subject is not None
    assert not subject.cut_below
    height, width = subject.alpha.shape
    assert abs(width / height - 1) < 0.12  # the disc
    assert abs((subject.alpha > 127).mean() - np.pi / 4) < 0.06
    assert cut_out(library.photos[0], []) is None


def test_the_disparity_of_the_ground_is_linear_in_the_picture(library: SceneLibrary) -> None:
    stage = stage_of(library)
    disparity, piece, _ = seen(stage)
    rows, columns = np.nonzero((piece == 0) & (disparity > 1 / 40))
    design = np.column_stack([columns, rows, np.ones(len(rows))])
    fit, *_ = np.linalg.lstsq(design, disparity[rows, columns], rcond=None)
    assert np.abs(design @ fit - disparity[rows, columns]).max() < 1e-5
    # 1 / Z by the ray itself, at one pixel
    ray = np.linalg.solve(stage.camera.matrix()[:, :3], np.array([30.0, 65.0, 1.0]))
    assert disparity[65, 30] == pytest.approx(ray[1] / 1.5, rel=1e-5)


def test_a_cutout_stands_where_its_foot_is(library: SceneLibrary) -> None:
    stage = stage_of(library, roll=0.0)
    foot = np.array([0.4, 0.0, 5.0])
    stand(stage, person_like(), foot, height_m=1.7)
    disparity, piece, pieces = seen(stage)
    owner = next(n for n, one in enumerate(pieces) if one.solid and one.role != BASE)
    rows, columns = np.nonzero(piece == owner)
    lowest = rows.max()
    column = int(np.median(columns[rows == lowest]))
    assert disparity[lowest, column] == pytest.approx(disparity[lowest + 1, column], rel=0.03)
    x, y, z = stage.camera.project(foot[None])[0]
    assert abs(lowest - y) < 1.5
    assert abs(column - x) < 3
    assert disparity[lowest, column] == pytest.approx(1 / z, rel=0.01)
    top = stage.camera.project((foot - [0, 1.7, 0])[None])[0]
    assert abs(rows.min() - top[1]) < 1.5  # its size follows from its distance


def test_a_box_shows_the_faces_turned_to_us_and_no_seam(library: SceneLibrary) -> None:
    stage = stage_of(library)
    block(stage, np.array([0.0, 0, 3.0]), size=(1, 1, 1), heading=0.6, texture=np.full((8, 8, 3), 0.5, np.float32))
    pieces = stage.pieces()
    layers = draw_all(list(enumerate(pieces)), stage.camera)
    box = layers[-1]
    assert box.faces is not None
    assert len(np.unique(box.faces[box.rgba[..., 3] > 0.9])) == 3  # two sides and the top
    inside = cv2.erode((box.rgba[..., 3] > 0.5).astype(np.uint8), np.ones((5, 5)))
    assert inside.sum() > 400
    assert box.rgba[..., 3][inside > 0].min() > 0.97
    near, far = box.disparity[inside > 0].max(), box.disparity[inside > 0].min()
    assert 1 / near > 1.9
    assert 1 / far < 4.0


def test_edges_are_where_one_thing_hides_another(library: SceneLibrary) -> None:
    stage = stage_of(library, roll=0.0)
    stand(stage, person_like(), np.array([0.0, 0.0, 4.0]), height_m=1.7)
    disparity, piece, _ = seen(stage)
    edges = occlusion_edges(disparity, piece)
    row = 34
    sides = np.flatnonzero(np.diff((piece[row] == piece[row, SIZE[0] // 2]).astype(int)))
    assert set(np.flatnonzero(edges[row])) == {sides[0], sides[0] + 1, sides[1], sides[1] + 1}
    assert not edges[-3:].any()  # ground only


def test_clipped_pixels_and_their_stops_give_the_light(library: SceneLibrary) -> None:
    stage = stage_of(library)
    lamp(stage, np.array([0.0, -1.5, 3.0]), radius_m=0.2, radiance=50.0, colour=np.array([1, 0.8, 0.5], np.float32))
    pieces = stage.pieces()
    light = flatten(draw_all(list(enumerate(pieces)), stage.camera), pieces, SIZE).rgba[..., :3]
    look = Look(0.4, 0.01, 0.001, 0.2, (1.0, 1.0, 1.0), 0.01, False, None)
    linear = on_sensor(light, look)
    stops = lost_stops(linear)
    rgb = record(linear, look, np.random.default_rng(0))
    clipped = linear >= 1
    assert clipped.sum() > 20
    assert (rgb[clipped] == 255).all()
    np.testing.assert_allclose(np.exp2(stops[clipped]), linear[clipped], rtol=1e-4)
    assert (stops[~clipped] == 0).all()


def test_the_same_seed_gives_the_same_view(library: SceneLibrary) -> None:
    first, again, other = (random_view(library, size=SIZE, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.disparity, again.disparity)
    np.testing.assert_array_equal(first.stops, again.stops)
    assert (first.rgb != other.rgb).any()


def test_views_of_every_kind_are_sound(library: SceneLibrary) -> None:
    rng = np.random.default_rng(11)
    for size in [SIZE, (72, 96)] * 8:
        view = random_view(library, size=size, rng=rng)
        shape = (size[1], size[0])
        assert view.rgb.shape == (*shape, 3)
        assert view.rgb.dtype == np.uint8
        assert view.disparity.shape == view.edges.shape == shape
        assert view.linear.dtype == view.stops.dtype == view.disparity.dtype == np.float32
        assert np.isfinite(view.linear).all()
        assert (view.linear >= 0).all()
        assert np.isfinite(view.disparity).all()
        assert (view.disparity >= 0).all()
        assert view.disparity.max() < 10  # nothing nearer than 10 cm


def test_every_kind_of_thing_can_be_put_down(library: SceneLibrary) -> None:
    stage = stage_of(library)
    for distance in np.linspace(2, 20, 24):
        put_one(stage, np.array([0.0, 0.0, distance]))
    disparity, piece, _ = seen(stage)
    assert len(np.unique(piece)) > 3
    assert np.isfinite(disparity).all()
    assert not close_up(stage, z=1.0)  # no subject here was cut off by its frame


def test_without_any_data_everything_is_drawn(tmp_path: Path) -> None:
    bare = SceneLibrary(tmp_path, seed=0)
    assert not bare.photos
    view = random_view(bare, size=SIZE, rng=np.random.default_rng(0))
    assert view.rgb.std() > 1


def test_a_shot_keeps_camera_and_size_and_tells_flow(library: SceneLibrary) -> None:
    shot = random_shot(library, size=SIZE, rng=np.random.default_rng(6), frames=3)
    assert len(shot.views) == 3
    assert len(shot.flows) == len(shot.visible) == 2
    assert shot.flows[0].shape == (SIZE[1], SIZE[0], 2)
    assert shot.visible[0].mean() > 0.3
    again = random_shot(library, size=SIZE, rng=np.random.default_rng(6), frames=3)
    np.testing.assert_array_equal(shot.views[2].rgb, again.views[2].rgb)
    np.testing.assert_array_equal(shot.flows[1], again.flows[1])


def test_a_triplet_is_one_scene_through_four_lenses(library: SceneLibrary) -> None:
    made = triplet(library, size=SIZE, rng=np.random.default_rng(2))
    first, wide_open, refocused, _ = made.shots
    assert first.linear.shape == made.view.linear.shape
    alpha, beta = first.affine_to(wide_open)
    assert beta == 0
    assert 0 < alpha < 1
    alpha, beta = first.affine_to(refocused)
    assert alpha == 1
    coc = first.gain_px * (made.view.disparity - first.focus)
    np.testing.assert_allclose(
        alpha * coc + beta, refocused.gain_px * (made.view.disparity - refocused.focus), atol=1e-3
    )
    assert np.isfinite(first.linear).all()


def test_cameras_differ_and_repeat() -> None:
    looks = [random_look(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert looks[0] == looks[1] != looks[2]


def test_a_plane_behind_the_camera_is_not_drawn() -> None:
    camera = Camera.looking(SIZE, field_deg=60, place=(0.0, 0.0, 0.0))
    assert facing(np.array([0.0, 0, -3]), width=1, height=1).window(camera) is None


def test_a_contact_sheet_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = ["--width", "48", "--height", "36", "--count", "1"]
    monkeypatch.setattr("sys.argv", ["synth", "--data", str(tmp_path), "--out", str(tmp_path / "sheets"), *size])
    main()
    page = cv2.imread(str(tmp_path / "sheets" / "sheet_000.png"))
    assert page.shape == (36, 4 * 48, 3)
