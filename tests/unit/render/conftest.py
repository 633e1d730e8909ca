"""Small scenes made by the tests themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Scene = tuple[NDArray[np.float32], NDArray[np.float32]]


def small_scene(height: int = 72, width: int = 112, *, radius_px: float = 9.0, lights: float = 4.0) -> Scene:
    """Return a picture and its coc: far wall with lights, slanted ground, sharp subject, near leaf."""
    rng = np.random.default_rng(7)
    linear = rng.uniform(0.02, 0.6, (height, width, 3)).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    disparity = np.where(y < 0.5, 0.1, 0.1 + 0.9 * (y - 0.5))
    linear[5:8, 20:23] = lights
    linear[12, 60:62] = 2 * lights
    subject = (x - 0.5) ** 2 + (y - 0.55) ** 2 < 0.04
    leaf = (x > 0.8) & (y > 0.4)
    linear[subject] *= np.float32([0.9, 0.5, 0.4])
    linear[leaf] *= np.float32([0.2, 0.8, 0.2])
    disparity = np.where(subject, 0.5, np.where(leaf, 0.95, disparity))
    return linear, ((disparity - 0.5) * 2 * radius_px / 0.45).astype(np.float32)


@pytest.fixture
def make_scene() -> Callable[..., Scene]:
    """The maker of scenes of four depths with lights."""
    return small_scene
