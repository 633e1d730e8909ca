"""From a click to a box that holds what was clicked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.track.box import subject_box

WIDTH, HEIGHT = 320, 180


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A wall, a sloping floor and a standing figure 40 x 100 px at (140..180, 50..150)."""
    disparity = np.full((HEIGHT, WIDTH), 0.2, np.float32)
    disparity[110:] = np.linspace(0.25, 0.8, 70, dtype=np.float32)[:, None]
    rgb = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)
    rgb[110:] = (110, 90, 70)
    disparity[50:150, 140:180] = 0.6
    rgb[50:150, 140:180] = (40, 60, 160)
    disparity = cv2.GaussianBlur(disparity, (0, 0), 2)
    return disparity, rgb


@pytest.mark.parametrize(
    ("click", "least"), [((160, 60), 0.6), ((160, 100), 0.6), ((150, 130), 0.6), ((175, 140), 0.45)]
)
def test_a_click_anywhere_on_the_figure_gives_the_figure(click: tuple[int, int], least: float) -> None:
    disparity, rgb = scene()
    point = Point((click[0] + 0.5) / WIDTH, (click[1] + 0.5) / HEIGHT)
    box = subject_box(point, disparity, rgb)
    assert box.overlap(Box.from_pixels(140, 50, 40, 100, picture=(WIDTH, HEIGHT))) > least


@pytest.mark.parametrize("point", [Point(0.1, 0.2), Point(0.9, 0.9), Point(0.5, 0.99)])
def test_a_click_on_wall_or_floor_gives_a_moderate_box_around_it(point: Point) -> None:
    box = subject_box(point, *scene())
    assert box.width <= 0.55
    assert box.height <= 0.7
    assert box.x <= point.x <= box.x + box.width
    assert box.y <= point.y <= box.y + box.height


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_boxes_lie_inside_the_picture_and_hold_the_point(corner: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for size in ((180, 320), (33, 17), (4, 5)):
        disparity = rng.random(size).astype(np.float16)
        box = subject_box(Point(*corner), disparity, rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        assert box.area > 0
        assert box.clipped().area == pytest.approx(box.area)
        assert box.x <= corner[0] <= box.x + box.width + 1e-9
        assert box.y <= corner[1] <= box.y + box.height + 1e-9


def test_neighbours_at_equal_depth_are_not_joined() -> None:
    """Two people side by side on the same floor: the click chooses one of them."""
    disparity, rgb = np.full((HEIGHT, WIDTH), 0.2, np.float32), np.full((HEIGHT, WIDTH, 3), 150, np.uint8)
    for left, colour in ((90, (40, 60, 160)), (150, (160, 60, 40))):
        disparity[50:140, left : left + 45] = 0.6
        rgb[50:140, left : left + 45] = colour
    disparity[120:140, 80:210] = 0.6
    box = subject_box(Point(112 / WIDTH, 80 / HEIGHT), disparity, rgb)
    assert box.overlap(Box.from_pixels(90, 50, 45, 90, picture=(WIDTH, HEIGHT))) > 0.55
    assert box.x + box.width < 160 / WIDTH


@pytest.mark.parametrize("share", [0.2, 0.4, 0.7])
def test_a_figure_of_any_size_is_taken_whole(share: float) -> None:
    """A body before a far wall, a little nearer at its middle than at its rim."""
    disparity, rgb = np.full((HEIGHT, WIDTH), 0.2, np.float32), np.full((HEIGHT, WIDTH, 3), 130, np.uint8)
    high, wide = round(share * HEIGHT), round(share * HEIGHT * 0.6)
    top, left = (HEIGHT - high) // 2, (WIDTH - wide) // 2
    bulge = np.outer(np.hanning(high), np.hanning(wide)).astype(np.float32)
    disparity[top : top + high, left : left + wide] = 0.6 + 0.06 * bulge
    rgb[top : top + high, left : left + wide] = (180, 90, 60)
    true = Box.from_pixels(left, top, wide, high, picture=(WIDTH, HEIGHT))
    for dx, dy in ((0.0, 0.0), (0.25, 0.3), (-0.3, -0.25)):
        click = Point(true.centre.x + dx * true.width, true.centre.y + dy * true.height)
        assert subject_box(click, disparity, rgb).overlap(true) > 0.75
