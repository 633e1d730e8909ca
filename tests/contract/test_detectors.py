"""What every detector must do: each frame (or hop) once and in order, nothing from nothing, the same every time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, Finding
from rvr_laaf_app.detect.base import DETECTORS, SOUND_RATE, Heard, HearingDetector, Look, SeeingDetector

SIZE = (192, 108)
Rgb = NDArray[np.uint8]


def wall(seed: int = 3) -> Rgb:
    coarse = np.random.default_rng(seed).integers(40, 200, (14, 24, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def looks(pictures: list[Rgb], name: str, *, cut: int | None = None) -> list[Finding]:
    detector = DETECTORS.load(name)()
    assert isinstance(detector, SeeingDetector)
    found = [f for i, rgb in enumerate(pictures) for f in detector.look(Look(i, i / 25, rgb, i == cut))]
    return found + detector.finish()


SEEING = [name for name in DETECTORS if name != "voice"]


@pytest.mark.parametrize("name", SEEING)
def test_each_frame_is_told_of_once_in_order(name: str) -> None:
    found = looks([wall()] * 9, name, cut=5)
    assert [f.index for f in found] == list(range(9))
    for finding in found:
        if finding.heat is not None:
            assert finding.heat.shape == GRID[::-1]
            assert finding.heat.min() >= 0.0
            assert finding.heat.max() <= 1.0 + 1e-6


@pytest.mark.parametrize("name", SEEING)
def test_nothing_stands_out_in_a_wall_that_does_not_move(name: str) -> None:
    assert all(not f.regions for f in looks([wall()] * 9, name))


@pytest.mark.parametrize("name", SEEING)
def test_the_same_every_time(name: str) -> None:
    pictures = [np.roll(wall(), 2 * i, axis=1) for i in range(5)]
    first, second = looks(pictures, name), looks(pictures, name)
    assert [f.regions for f in first] == [f.regions for f in second]
    assert [f.measures for f in first] == [f.measures for f in second]


@pytest.mark.parametrize("name", SEEING)
def test_tiny_and_odd_pictures_do_no_harm(name: str) -> None:
    for shape in ((5, 7, 3), (40, 31, 3), (9, 300, 3)):
        assert len(looks([np.full(shape, 90, np.uint8)] * 3, name)) == 3


def test_sound_is_measured_hop_by_hop_whatever_the_blocks() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, SOUND_RATE // 2).astype(np.float32)

    def heard(block: int) -> list[Finding]:
        detector = DETECTORS.load("voice")()
        assert isinstance(detector, HearingDetector)
        found = [f for i in range(0, len(sound), block) for f in detector.hear(Heard(sound[i : i + block]))]
        return found + detector.finish()

    whole, pieces = heard(len(sound)), heard(777)
    assert [f.index for f in whole] == list(range(len(whole)))
    assert len(whole) >= 50
    np.testing.assert_allclose([f.measures for f in whole], [f.measures for f in pieces], atol=1e-3)
