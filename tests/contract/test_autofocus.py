"""What every autofocus method must keep to, whatever it looks at: limits, a budget of pictures, one answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import AUTOFOCUS, Autofocus, FocusRange, Patch
from rvr_laaf_app.autofocus.run import run_search
from rvr_laaf_app.camera.blur import blur_fast

LIMITS = FocusRange(1000, 1400, 20)
PX_PER_STEP = 0.15
# pictures that a method may take in this range, whatever it sees
BUDGET = {
    "learned": 25,
    "algorithm1": 60,
    "fibonacci": 12,
    "rule_based": 45,
    "hill_climbing": 40,
    "curve_fit": 16,
}


@pytest.fixture(scope="module", params=list(AUTOFOCUS))
def method(request: pytest.FixtureRequest) -> Autofocus:
    return AUTOFOCUS.load(request.param)()


@pytest.fixture(scope="module")
def surface() -> NDArray[np.float32]:
    rng = np.random.default_rng(8)
    fine = rng.random((256, 256)).astype(np.float32)
    blocks = np.kron(rng.random((32, 32)), np.ones((8, 8))).astype(np.float32)
    return 0.05 + 0.2 * fine + 0.6 * blocks


def world(
    surface: NDArray[np.float32], z0: int, *, noise: float = 0.0, other: int | None = None
) -> Callable[[int], Patch]:
    """A flat subject best at z0; with `other`, the left third of the picture is something that is best there."""
    rng = np.random.default_rng(1)

    def see(z: int) -> Patch:
        light = blur_fast(surface, PX_PER_STEP * abs(z - z0))
        if other is not None:
            light[:, :80] = blur_fast(surface, PX_PER_STEP * abs(z - other))[:, :80]
        light = light + noise * rng.standard_normal(light.shape, dtype=np.float32)
        return np.clip(np.round(255 * np.clip(light, 0, 1) ** (1 / 2.2)) / 255, 0, 1).astype(np.float32)

    return see


def test_every_method_of_the_list_can_be_loaded() -> None:
    assert set(AUTOFOCUS) == set(BUDGET)


@pytest.mark.parametrize("start", [1000, 1210, 1400])
def test_an_ideal_curve(method: Autofocus, surface: NDArray[np.float32], start: int) -> None:
    run = run_search(method, LIMITS, world(surface, 1260), start=start)
    assert run.pictures <= BUDGET[method.name]
    assert len(run.result.steps) == run.pictures
    assert 0.0 <= run.result.confidence <= 1.0
    if method.name != "algorithm1":  # its networks know one camera, with patches of 512
        assert run.result.found
        assert abs(run.result.position - 1260) <= LIMITS.depth_of_field / 2


def test_a_noisy_curve(method: Autofocus, surface: NDArray[np.float32]) -> None:
    run = run_search(method, LIMITS, world(surface, 1120, noise=0.01), start=1300)
    assert run.pictures <= BUDGET[method.name]
    assert LIMITS.minimum <= run.result.position <= LIMITS.maximum
    if method.name != "algorithm1":
        assert abs(run.result.position - 1120) <= LIMITS.depth_of_field


def test_a_curve_with_two_peaks(method: Autofocus, surface: NDArray[np.float32]) -> None:
    run = run_search(method, LIMITS, world(surface, 1100, other=1320), start=1200)
    assert run.pictures <= BUDGET[method.name]
    assert LIMITS.minimum <= run.result.position <= LIMITS.maximum
    if method.name == "rule_based":  # the one that looks at the whole range finds the higher peak
        assert abs(run.result.position - 1100) <= LIMITS.depth_of_field / 2
    if method.name == "learned":
        nearest = min(abs(run.result.position - peak) for peak in (1100, 1320))
        assert nearest <= LIMITS.depth_of_field / 2


@pytest.mark.parametrize("z0", [1000, 1400])
def test_focus_at_the_end_of_the_range(method: Autofocus, surface: NDArray[np.float32], z0: int) -> None:
    run = run_search(method, LIMITS, world(surface, z0), start=1200)
    assert run.pictures <= BUDGET[method.name]
    if method.name != "algorithm1":
        assert abs(run.result.position - z0) <= LIMITS.depth_of_field


@pytest.mark.parametrize("shade", [0.0, 0.4, 1.0])
def test_nothing_to_focus_on_is_no_focus(method: Autofocus, shade: float) -> None:
    blank = np.full((256, 256), shade, np.float32)
    run = run_search(method, LIMITS, lambda _: blank, start=1200)
    assert run.pictures <= BUDGET[method.name]
    if method.name != "algorithm1":
        assert not run.result.found
        assert run.result.reason


def test_noise_alone_keeps_to_the_limits_and_the_budget(method: Autofocus) -> None:
    rng = np.random.default_rng(3)
    run = run_search(method, LIMITS, lambda _: rng.random((200, 300), dtype=np.float32), start=1200, seed=4)
    assert run.pictures <= BUDGET[method.name]


def test_a_range_of_one_position(method: Autofocus, surface: NDArray[np.float32]) -> None:
    run = run_search(method, FocusRange(7, 7, 1), world(surface, 7), start=7)
    assert run.result.position == 7
    assert run.moves == 0


def test_the_same_pictures_give_the_same_answer(method: Autofocus, surface: NDArray[np.float32]) -> None:
    runs = [run_search(method, LIMITS, world(surface, 1260, noise=0.01), start=1100, seed=2) for _ in range(2)]
    assert runs[0].result == runs[1].result


def test_a_position_outside_the_limits_is_an_error(surface: NDArray[np.float32]) -> None:
    class Stray:
        name = "stray"

        def search(self, limits: FocusRange, *, start: int, seed: int = 0):  # type: ignore[no-untyped-def]
            yield limits.maximum + 1

    with pytest.raises(ValueError, match="outside"):
        run_search(Stray(), LIMITS, world(surface, 1200), start=1200)
