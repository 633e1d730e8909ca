"""Truth folders: every layout is found and read, what is incomplete is told, units do not matter."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.measure.depth import find_references, measure_references, measure_scenes
from rvr_laaf_app.measure.truth import display_frame, find_scenes, load_scene
from rvr_laaf_app.media.exr import write_exr
from tests.clips import write_clip
from tests.unit.measure.pretend import Pretend, grey_is_near

RNG = np.random.default_rng(5)
# Metres of a floor with a near box on it; the pictures show disparity as grey.
METRES = np.repeat(np.linspace(8, 2, 48, dtype=np.float32)[:, None], 64, 1)
METRES[16:40, 24:44] = 1.6
GREY = np.rint(255 * (1 / METRES) / (1 / METRES).max()).astype(np.uint8)


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.repeat(GREY[..., None], 3, 2))


def plane(path: Path, values: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez(path, depth=values)
    elif path.suffix == ".exr":
        write_exr(path, values.astype(np.float32))
    else:
        assert cv2.imwrite(str(path), values)


def write_rendered(folder: Path) -> None:
    linear = (np.repeat(GREY[..., None], 3, 2) / 255.0).astype(np.float32) ** 2.2
    folder.mkdir()
    write_exr(folder / "sharp.exr", linear)
    plane(folder / "depth.npz", METRES)
    shot = {"focal_length_m": 0.05, "sensor_width_m": 0.036, "f_number": 1.4, "focus_distance_m": 1.6}
    (folder / "meta.json").write_text(json.dumps({"shots": {"wide": shot}}))


def write_every_layout(folder: Path) -> None:
    millimetres = (1000 * METRES).astype(np.uint16)
    pixels = np.rint(200 / METRES).astype(np.uint8)
    picture(folder / "plain" / "a.png")
    plane(folder / "plain" / "a.disparity.npy", 1 / METRES)
    picture(folder / "plain" / "b.jpg")
    plane(folder / "plain" / "b.depth.exr", METRES)
    picture(folder / "rgbd" / "frame-1.color.png")
    plane(folder / "rgbd" / "frame-1.depth.png", millimetres)
    picture(folder / "street" / "rgb" / "05.png")
    plane(folder / "street" / "depth" / "05.png", (256 * METRES).astype(np.uint16))
    picture(folder / "stereo" / "im2.png")
    plane(folder / "stereo" / "disp2.pgm", pixels)
    picture(folder / "bike" / "Bike_left.png")
    plane(folder / "bike" / "Bike_gt.png", pixels)
    write_rendered(folder / "room")


def test_every_layout_is_found_and_means_the_same(tmp_path: Path) -> None:
    write_every_layout(tmp_path)
    found, skipped = find_scenes(tmp_path)
    names = {scene.name for scene in found}
    assert names == {"plain/a", "plain/b", "rgbd/frame-1", "street/05", "stereo/im2", "bike/Bike", "room"}
    assert skipped == []
    assert [scene.name for scene in found if scene.rendered] == ["room"]
    figures = measure_scenes(Pretend(grey_is_near), found)
    for row in figures["scenes"]:
        assert row["error"] < 0.02 < row["ramp"], row
        sensor = row["name"] in {"rgbd/frame-1", "street/05"}
        assert (row["edge_f1"] is None) == sensor
        assert sensor or row["edge_f1"] > 0.9 > row["edge_f1_bilinear"]
    assert figures["worse_than_ramp"] == []
    assert figures["mean"]["error"] < 0.02


def test_what_is_incomplete_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    plane(tmp_path / "a.disparity.npy", 1 / METRES)
    picture(tmp_path / "alone.png")
    plane(tmp_path / "lost.depth.npy", METRES)
    found, skipped = find_scenes(tmp_path)
    assert [scene.name for scene in found] == ["a"]
    assert {row["what"]: row["why"] for row in skipped} == {
        "alone.png": "no truth for this picture",
        "lost.depth.npy": "no picture for this truth",
    }


def test_unknown_pixels_are_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    holed = METRES.copy()
    holed[:10] = np.nan
    holed[10:12] = 0
    plane(tmp_path / "a.depth.npy", holed)
    scene = load_scene(find_scenes(tmp_path)[0][0])
    assert scene.known.sum() == 36 * 64
    assert not scene.edges
    deep = (1000 * METRES).astype(np.uint16)
    deep[:5] = 65535
    picture(tmp_path / "b.png")
    plane(tmp_path / "b.depth.png", deep)
    other = next(files for files in find_scenes(tmp_path)[0] if files.name == "b")
    assert load_scene(other).known.sum() == 43 * 64


def test_a_mask_takes_pixels_away(tmp_path: Path) -> None:
    picture(tmp_path / "x_left.png")
    plane(tmp_path / "x_gt.png", np.rint(200 / METRES).astype(np.uint8))
    mask = np.full(METRES.shape, 255, np.uint8)
    mask[:, :32] = 0
    plane(tmp_path / "x_mask.png", mask)
    assert load_scene(find_scenes(tmp_path)[0][0]).known.sum() == 48 * 32


def test_truth_of_another_size_is_brought_to_the_picture(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    plane(tmp_path / "a.disparity.npy", (1 / METRES)[::2, ::2])
    scene = load_scene(find_scenes(tmp_path)[0][0])
    assert scene.disparity.shape == (48, 64)


@pytest.mark.parametrize("content", [b"", b"no plane"])
def test_damaged_truth_is_skipped(tmp_path: Path, content: bytes) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "a.disparity.png").write_bytes(content)
    found, _ = find_scenes(tmp_path)
    with pytest.raises(MediaError):
        load_scene(found[0])
    figures = measure_scenes(Pretend(grey_is_near), found)
    assert figures["scenes"] == []
    assert figures["skipped"][0]["what"] == "a"


def test_flat_truth_is_skipped(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    plane(tmp_path / "a.depth.npy", np.full((48, 64), 3.0, np.float32))
    assert "no depth" in measure_scenes(Pretend(grey_is_near), find_scenes(tmp_path)[0])["skipped"][0]["why"]


def test_light_is_seen_as_a_camera_records_it(tmp_path: Path) -> None:
    write_exr(tmp_path / "l.exr", np.full((4, 4, 3), (0.25, 1.0, 9.0), np.float32))
    assert display_frame(tmp_path / "l.exr").rgb[0, 0].tolist() == [137, 255, 255]


def test_rank_with_a_reference_video(tmp_path: Path) -> None:
    write_clip(tmp_path / "talk.mp4", frames=6, sound=False)
    write_clip(tmp_path / "talk.disparity_reference.mp4", frames=6, sound=False)
    write_clip(tmp_path / "other.mp4", frames=3, sound=False)
    pairs = find_references(tmp_path)
    assert [(clip.name, reference.name) for clip, reference in pairs] == [("talk.mp4", "talk.disparity_reference.mp4")]
    same = measure_references(Pretend(grey_is_near), pairs, every=3)[0]
    assert same["frames"] == 2
    assert same["rank_correlation"] > 0.99
    against = measure_references(Pretend(lambda frame: 1 - grey_is_near(frame)), pairs, every=3)[0]
    assert against["rank_correlation"] < -0.99
