"""The nearest subject is found, also when something farther has more detail; and nothing in a plain wall."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.pipeline.capture_nearest import LOOKS, Nearest, nearest_search

SIZE = (180, 320)
LIMITS = (1000, 2000)


def run(subjects: list[tuple[tuple[int, int], int, float]], *, near_is_low: bool = True) -> tuple[Nearest, int]:
    """Search among squares of noise (left top, in focus at, contrast) before a plain wall; also how often it looked."""
    import cv2

    rng = np.random.default_rng(4)
    textures = [rng.random((60, 60)).astype(np.float32) for _ in subjects]

    def seen(position: int) -> NDArray[np.float32]:
        picture = np.full(SIZE, 0.5, np.float32)
        for ((left, top), focus, contrast), texture in zip(subjects, textures, strict=True):
            sigma = abs(position - focus) / 40
            blurred = texture if sigma < 0.1 else cv2.GaussianBlur(texture, (0, 0), sigma)
            picture[top : top + 60, left : left + 60] = 0.5 + contrast * (blurred - 0.5)
        return picture + rng.normal(0, 0.004, SIZE).astype(np.float32)

    search = nearest_search(LIMITS, near_is_low=near_is_low)
    position, looks = next(search), 1
    while True:
        assert LIMITS[0] <= position <= LIMITS[1]
        try:
            position = search.send(seen(position))
        except StopIteration as end:
            return end.value, looks
        looks += 1


def middle(found: Nearest) -> tuple[float, float]:
    assert found.box is not None
    return (found.box.x + found.box.width / 2) * SIZE[1], (found.box.y + found.box.height / 2) * SIZE[0]


def test_the_nearest_is_taken_though_another_shows_more() -> None:
    found, looks = run([((220, 100), 1330, 0.4), ((40, 30), 1780, 0.9)])
    x, y = middle(found)
    assert 220 <= x <= 280
    assert 100 <= y <= 160
    assert abs(found.place - 1330) <= (LIMITS[1] - LIMITS[0]) / (LOOKS - 1)
    assert looks < LOOKS  # it does not go on to the end


def test_near_may_be_the_high_end() -> None:
    found, _ = run([((220, 100), 1330, 0.6), ((40, 30), 1780, 0.6)], near_is_low=False)
    assert 40 <= middle(found)[0] <= 100
    assert abs(found.place - 1780) <= (LIMITS[1] - LIMITS[0]) / (LOOKS - 1)


@pytest.mark.parametrize("focus", [1000, 2000])
def test_a_subject_at_an_end_of_the_way_is_found(focus: int) -> None:
    found, _ = run([((130, 60), focus, 0.6)])
    x, y = middle(found)
    assert 130 <= x <= 190
    assert 60 <= y <= 120


def test_a_plain_wall_has_no_subject() -> None:
    found, looks = run([])
    assert found.box is None
    assert looks == LOOKS
