"""Masks carried along flow: they follow what they lie on, keep their shape, and end where it is hidden."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.flow.carry import Carried, Carrier, Ride, View, ride_on

SIZE = (240, 144)
SIDE = 48


def texture(seed: int, shape: tuple[int, int], *, low: int, high: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    fine = rng.integers(low, high, (*shape, 3)).astype(np.float32)
    return cv2.GaussianBlur(fine, (0, 0), 2.5) * 4.0 - 3.0 * float(fine.mean())


def scene(step: int, *, wall: bool = False) -> tuple[View, np.ndarray]:
    """Return a frame with a textured square at column 40 + 3 steps, and where it is seen; a wall may stand before."""
    width, height = SIZE
    picture = texture(1, (height, width), low=30, high=120)
    mask = np.zeros((height, width), bool)
    x, y = 40 + 3 * step, 50
    picture[y : y + SIDE, x : x + SIDE] = texture(2, (SIDE, SIDE), low=120, high=250) + np.float32((40, 0, -60))
    mask[y : y + SIDE, x : x + SIDE] = True
    if wall:
        picture[:, 118:170] = texture(3, (height, 52), low=10, high=60)
        mask[:, 118:170] = False
    return View.of(np.clip(picture, 0, 255).astype(np.uint8)), mask


def carried_along(steps: range, *, wall: bool = False) -> tuple[list[Carried], list[np.ndarray]]:
    carrier = Carrier()
    last, mask = scene(steps[0], wall=wall)
    ride = Ride.from_carried(Carried((mask * 255).astype(np.uint8)), last)
    found, truth = [], []
    for step in steps[1:]:
        view, mask = scene(step, wall=wall)
        carried, ride = ride_on(ride, carrier.step(last, view), view)
        found.append(carried)
        truth.append(mask)
        last = view
    return found, truth


def overlap(carried: Carried, truth: np.ndarray) -> float:
    mask = carried.alpha > 127
    return float((mask & truth).sum() / max((mask | truth).sum(), 1))


@pytest.mark.parametrize("steps", [range(0, 16), range(15, -1, -1)], ids=["ahead", "back"])
def test_it_follows_a_moving_thing_in_both_directions(steps: range) -> None:
    found, truth = carried_along(steps)
    overlaps = [overlap(c, t) for c, t in zip(found, truth, strict=True)]
    assert overlaps[-1] > 0.7
    assert overlaps[7] > 0.9
    beside = [float((c.alpha > 127)[~t].sum() / (c.alpha > 127).sum()) for c, t in zip(found, truth, strict=True)]
    assert max(beside) < 0.02  # nothing stays behind on what the square uncovers
    assert found[-1].alpha.max() > 230  # does not fade while nothing is in doubt


def test_it_does_not_lie_on_what_hides_the_thing() -> None:
    found, _ = carried_along(range(6, 24), wall=True)
    last = found[-1].alpha[50:98]
    assert last[:, 124:164].mean() < 25


def test_a_place_moves_with_its_thing() -> None:
    carrier = Carrier()
    last, mask = scene(0)
    width, height = SIZE
    begin = Carried((mask * 255).astype(np.uint8), (64.5 / width, 74.5 / height), 1.0)
    ride = Ride.from_carried(begin, last)
    carried = begin
    for step in range(1, 12):
        view, _ = scene(step)
        carried, ride = ride_on(ride, carrier.step(last, view), view)
        last = view
    assert carried.place is not None
    assert carried.place[0] * width == pytest.approx(64.5 + 33, abs=2.0)
    assert carried.place[1] * height == pytest.approx(74.5, abs=2.0)
    assert carried.sure > 0.8


def test_planes_keep_everything() -> None:
    alpha = np.arange(64, dtype=np.uint8).reshape(8, 8)
    kept = Carried.from_planes(Carried(alpha, (0.25, 1.1), 0.5).as_planes())
    assert np.array_equal(kept.alpha, alpha)
    assert kept.place == pytest.approx((0.25, 1.1), abs=1e-4)
    assert kept.sure == pytest.approx(0.5, abs=1e-4)
    assert Carried.from_planes(Carried(alpha).as_planes()).place is None


@pytest.mark.parametrize("planes", [[], [np.zeros((2, 2), np.uint16)], [np.zeros((2, 2), np.uint8)] * 2])
def test_planes_that_are_no_mask_are_refused(planes: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"mask|place"):
        Carried.from_planes(planes)


def test_nothing_left_is_known() -> None:
    assert Carried(np.zeros((4, 4), np.uint8)).gone
    assert not Carried(np.full((4, 4), 200, np.uint8)).gone
    assert not Carried(np.zeros((4, 4), np.uint8), (0.5, 0.5), 0.9).gone
