"""Motion that the camera does not explain, and what draws the eye."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import Finding
from rvr_laaf_app.detect.action import ActionDetector
from rvr_laaf_app.detect.base import Look
from rvr_laaf_app.detect.saliency import SaliencyDetector

SIZE = (320, 180)
Rgb = NDArray[np.uint8]


def wall() -> Rgb:
    coarse = np.random.default_rng(5).integers(30, 220, (30, 52, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (400, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def scene(frame: int, *, pan: float = 0.0, ball: float | None = None) -> Rgb:
    """A wall seen by a camera that pans, and a patterned ball whose left side is at `ball` px."""
    shift = np.array([[1, 0, -20 - pan * frame], [0, 1, -20]], np.float32)
    picture = np.asarray(cv2.warpAffine(wall(), shift, SIZE, borderMode=cv2.BORDER_REFLECT), np.uint8)
    if ball is not None:
        patch = np.random.default_rng(9).integers(0, 255, (8, 8, 3)).astype(np.uint8)
        large = np.asarray(cv2.resize(patch, (44, 44), interpolation=cv2.INTER_CUBIC), np.uint8)
        mask = np.zeros((180, 320), np.uint8)
        cv2.circle(mask, (round(ball) + 22, 100), 21, 255, -1)
        whole = picture.copy()
        x0, x1 = max(round(ball), 0), min(round(ball) + 44, 320)
        if x1 > x0:
            whole[78:122, x0:x1] = large[:, x0 - round(ball) : x1 - round(ball)]
        picture = np.where(mask[:, :, None] > 0, whole, picture)
    return picture


def run(pictures: list[Rgb]) -> list[Finding]:
    detector = ActionDetector()
    return [f for i, rgb in enumerate(pictures) for f in detector.look(Look(i, i / 25, rgb))]


@pytest.mark.parametrize("pan", [0.0, 2.0])
def test_a_ball_is_found_while_the_camera_stands_or_pans(pan: float) -> None:
    found = run([scene(i, pan=pan, ball=60.0 + 5 * i) for i in range(8)])
    for frame in range(2, 8):
        assert found[frame].regions
        box = found[frame].regions[0].box
        assert abs(box.centre.x - (60 + 5 * frame + 22) / 320) < 0.05
        assert abs(box.centre.y - 100 / 180) < 0.08
        assert found[frame].regions[0].measures[2] > 0.7  # most of the action is there


def test_velocity_is_told_in_pictures_a_second() -> None:
    box = run([scene(i, ball=60.0 + 5 * i) for i in range(6)])[5].regions[0]
    assert box.measures[0] == pytest.approx(5 * 25 / 320, rel=0.4)  # its rim counts too, and moves less
    assert abs(box.measures[1]) < 0.1


def test_a_pan_is_the_cameras_and_no_action() -> None:
    found = run([scene(i, pan=3.0) for i in range(6)])
    assert all(not f.regions for f in found)
    assert found[4].measures[0] == pytest.approx(-3.0 / 320, abs=0.002)
    assert found[4].measures[2] == pytest.approx(1.0)


def test_noise_and_flicker_are_no_action() -> None:
    rng = np.random.default_rng(2)
    still = scene(0).astype(np.float64)
    noisy = [np.clip(still + rng.normal(0, 3, still.shape) + 4 * (i % 2), 0, 255).astype(np.uint8) for i in range(8)]
    assert sum(len(f.regions) for f in run(noisy)) == 0


def test_nothing_is_compared_across_a_cut() -> None:
    detector = ActionDetector()
    detector.look(Look(0, 0.0, scene(0, ball=20.0)))
    assert not detector.look(Look(1, 0.04, scene(0, ball=200.0), cut=True))[0].regions


def test_a_red_thing_on_grey_draws_the_eye() -> None:
    picture = np.full((180, 320, 3), 128, np.uint8)
    cv2.circle(picture, (220, 90), 16, (220, 30, 30), -1)
    heat = SaliencyDetector().look(Look(0, 0.0, picture))[0].heat
    assert heat is not None
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert abs((column + 0.5) / heat.shape[1] - 220 / 320) < 0.06
    assert abs((row + 0.5) / heat.shape[0] - 0.5) < 0.1
