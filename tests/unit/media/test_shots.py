from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.shots import CutFinder, find_cuts, small_size


def _scene(seed: int, size: tuple[int, int] = (400, 200)) -> NDArray[np.uint8]:
    """A picture with texture at several scales and colours of its own."""
    random = np.random.default_rng(seed)
    picture = np.zeros((size[1], size[0], 3), np.float32)
    for scale in (8, 24, 60):
        coarse = random.uniform(0, 1, (size[1] // scale + 2, size[0] // scale + 2, 3)).astype(np.float32)
        picture += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(picture * 80 * random.uniform(0.6, 1.2, 3), 0, 255).astype(np.uint8)


def _view(scene: NDArray[np.uint8], x: int, y: int = 10) -> NDArray[np.uint8]:
    return np.ascontiguousarray(scene[y : y + 144, x : x + 256])


def _cuts(frames: list[NDArray[np.uint8]]) -> list[int]:
    finder = CutFinder()
    return [k for k, frame in enumerate(frames) if finder.push(frame)]


def test_a_cut_is_found_at_its_frame() -> None:
    a, b, c = (_scene(k) for k in (1, 2, 3))
    frames = [_view(a, k) for k in range(10)] + [_view(b, k) for k in range(7)] + [_view(c, 9)] * 8
    assert _cuts(frames) == [10, 17]


def test_motion_is_no_cut() -> None:
    scene = _scene(4)
    assert _cuts([_view(scene, k, k // 3) for k in range(0, 140, 2)]) == []


@pytest.mark.parametrize("speed", [20, 45])
def test_a_fast_pan_is_no_cut(speed: int) -> None:
    wide = _scene(5, (1600, 200))
    assert _cuts([_view(wide, 0)] * 5 + [_view(wide, x) for x in range(0, 1300, speed)] + [_view(wide, 1300)] * 5) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length: int) -> None:
    scene = _scene(6)
    frames = [_view(scene, k) for k in range(20)]
    for k in range(8, 8 + length):
        frames[k] = np.clip(frames[k].astype(np.int32) * 3 + 120, 0, 255).astype(np.uint8)
    assert _cuts(frames) == []


def test_a_change_of_exposure_is_no_cut() -> None:
    scene = _scene(7)
    assert _cuts([(_view(scene, 5) * (1.0 if k < 6 else 0.45)).astype(np.uint8) for k in range(12)]) == []


def test_something_large_moving_through_is_no_cut() -> None:
    scene, other = _scene(8), _scene(9)
    frames = []
    for k in range(24):
        frame = _view(scene, 20).copy()
        left = -90 + 15 * k
        frame[20:140, max(left, 0) : max(left + 90, 0)] = other[
            20:140, 50 : 50 + len(frame[0, max(left, 0) : max(left + 90, 0)])
        ]
        frames.append(frame)
    assert _cuts(frames) == []


def test_flat_pictures_are_told_apart_by_colour() -> None:
    red, blue = np.full((90, 160, 3), (180, 20, 20), np.uint8), np.full((90, 160, 3), (20, 20, 180), np.uint8)
    assert _cuts([red] * 4 + [blue] * 4) == [4]
    assert _cuts([red] * 8) == []


def test_sixteen_bits_and_tiny_pictures_are_taken() -> None:
    a, b = _view(_scene(1), 0), _view(_scene(2), 0)
    assert _cuts([x.astype(np.uint16) * 257 for x in (a, a, b, b)]) == [2]
    assert _cuts([a[:9, :5], a[:9, :5]]) == []
    assert small_size(1280, 720) == (128, 72)
    assert small_size(17, 33) == (17, 33)


def test_an_edited_recording_has_its_three_cuts(shared_data: Path) -> None:
    with ClipReader(shared_data / "clips" / "hamilton_performance.mp4") as reader:
        assert find_cuts(reader) == [20, 82, 211]


@pytest.mark.parametrize(
    "name", ["gopro_hero7_walk.mp4", "sam2_01_dog.mp4", "cotracker_pillow.mp4", "mma_basketball.mp4"]
)
def test_recordings_in_one_piece_have_no_cut(name: str, shared_data: Path) -> None:
    with ClipReader(shared_data / "clips" / name) as reader:
        assert find_cuts(reader) == []
