"""The forward half on scenes whose disparity is known: calmer, not smeared, not across a cut, and resumable."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.flow.temporal import FilterState, TemporalFilter, Trace
from tests.unit.flow.moving_scene import HEIGHT, WIDTH, inner, rim, scene, wobbling

SETTLED = 12  # frames after which the one-sided result is calm


def filtered(
    pictures: list[np.ndarray], disparity: np.ndarray, *, cuts: tuple[int, ...] = (), state: FilterState | None = None
) -> np.ndarray:
    steady, out = TemporalFilter(), []
    zero, sure = np.zeros((*disparity.shape[1:], 3), np.float32), np.ones(disparity.shape[1:], np.float32)
    for k, (rgb, frame) in enumerate(zip(pictures, disparity, strict=True)):
        calm, _, _, state = steady.step(state, rgb, frame, zero, sure, cut=k in cuts)
        out.append(calm)
    return np.stack(out)


@pytest.fixture(scope="module", params=["textured", "flat"])
def run(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, wobbling estimate and filtered estimate of a scene that is easy, and of one that is hard, for the flow."""
    pictures, truth = scene(40, textured=request.param == "textured")
    noisy = wobbling(truth)
    return truth, noisy, filtered(pictures, noisy)


def jitter(values: np.ndarray) -> float:
    """Mean absolute change from frame to frame, once settled, of pixels at which nothing moves."""
    return float(np.abs(np.diff(values[SETTLED:, :35], axis=0)).mean())


def test_static_pixels_are_calmed(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    _, noisy, calm = run
    assert jitter(calm) < 0.1 * jitter(noisy)


def test_the_moving_subject_is_calmed_too(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, noisy, calm = run
    series = [np.array([v[m].mean() for v, m in zip(values, inner(truth), strict=True)]) for values in (noisy, calm)]
    before, after = (np.abs(np.diff(s[SETTLED:])).mean() for s in series)
    assert after < 0.35 * before


def test_moving_edges_stay_sharp(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Within two pixels of the square's border a pixel is nearer to its own side than to the other."""
    truth, _, calm = run
    near = truth[SETTLED:] > 0.5
    wrong = [((c > 0.5) != n)[rim(n)].mean() for c, n in zip(calm[SETTLED:], near, strict=True)]
    assert np.mean(wrong) < 0.01


def test_error_against_the_truth_falls_everywhere(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, noisy, calm = run
    error_before, error_after = (np.abs(v[SETTLED:] - truth[SETTLED:]) for v in (noisy, calm))
    assert error_after.mean() < 0.45 * error_before.mean()
    assert np.quantile(error_after, 0.999) < np.quantile(error_before, 0.999), "no trails"


def test_nothing_crosses_a_cut() -> None:
    pictures, truth = scene(8)
    others, other_truth = scene(8, seed=50)
    joined = wobbling(np.concatenate([truth, 1 - other_truth]))
    across = filtered(pictures + others, joined, cuts=(8,))
    np.testing.assert_array_equal(across[8], joined[8])
    np.testing.assert_array_equal(across[8:], filtered(others, joined[8:]))


def test_a_missed_cut_does_not_mix_the_shots() -> None:
    """The check of flow and luma must hold even if nobody told of the cut."""
    pictures, truth = scene(8)
    others, other_truth = scene(8, seed=50)
    across = filtered(pictures + others, np.concatenate([truth, 1 - other_truth]))
    assert np.abs(across[8:] - (1 - other_truth)).mean() < 0.02


@pytest.mark.parametrize("bright", [False, True])
def test_a_run_resumed_from_a_stored_state_is_the_same_bit_by_bit(bright: bool) -> None:
    pictures, truth = scene(12)
    noisy, steady = wobbling(truth), TemporalFilter()
    boost, sure = np.full((HEIGHT, WIDTH, 3), 2.5 * bright, np.float32), np.ones((HEIGHT, WIDTH), np.float32)

    def go_on(state: FilterState | None, begin: int, stop: int) -> tuple[list[np.ndarray], FilterState | None]:
        maps = []
        for k in range(begin, stop):
            calm, light, _, state = steady.step(state, pictures[k], noisy[k], boost * (1 + 0.1 * k), sure, cut=False)
            maps += [calm, light]
        return maps, state

    _, half_way = go_on(None, 0, 6)
    assert half_way is not None
    expected, _ = go_on(half_way.stored, 6, 12)
    planes = [p.copy() for p in half_way.as_planes()]
    assert all(p.dtype in (np.uint8, np.uint16) and p.ndim == 2 for p in planes)
    got, _ = go_on(FilterState.from_planes(planes), 6, 12)
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_trace_survives_being_stored() -> None:
    pictures, truth = scene(3)
    steady, state = TemporalFilter(), None
    boost, sure = np.full((HEIGHT, WIDTH, 3), 2.0, np.float32), np.ones((HEIGHT, WIDTH), np.float32)
    for rgb, disparity in zip(pictures, truth, strict=True):
        _, _, _, state = steady.step(state, rgb, disparity, boost, sure, cut=False)
    assert state is not None
    trace, read = state.trace, Trace.from_planes(state.trace.as_planes())
    np.testing.assert_array_equal(read.grey, trace.grey)
    np.testing.assert_allclose(read.count, trace.count, rtol=0.02)
    np.testing.assert_allclose(read.region_count, trace.region_count, rtol=0.02)
    assert read.boost is not None
    np.testing.assert_allclose(read.boost, trace.boost, atol=0.01)
    with pytest.raises(ValueError, match="planes"):
        Trace.from_planes(state.trace.as_planes()[:-1])


def test_a_steady_truth_stays_as_it_is() -> None:
    pictures, truth = scene(12)
    assert np.abs(filtered(pictures, truth) - truth).mean() < 0.002


def test_boost_is_steadied_and_dark_stays_dark() -> None:
    pictures, truth = scene(24, step=0)
    rng, steady = np.random.default_rng(0), TemporalFilter()
    state, sure, before, after = None, np.ones(truth.shape[1:], np.float32), [], []
    for rgb, disparity in zip(pictures, truth, strict=True):
        boost = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        boost[10:30, 150:180] = 3.0 + rng.normal(0, 0.3)
        _, calm, confidence, state = steady.step(state, rgb, disparity, boost, sure, cut=False)
        before.append(boost[20, 165, 0])
        after.append(calm[20, 165, 0])
        assert (calm[60:] == 0).all()
        assert calm.min() >= 0
        np.testing.assert_array_equal(confidence, sure)
    assert np.std(np.diff(after[SETTLED:])) < 0.2 * np.std(np.diff(before[SETTLED:]))
    assert abs(np.mean(after[SETTLED:]) - 3.0) < 0.3


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (17, 33), (33, 17), (64, 48)])
def test_any_size_goes_through(size: tuple[int, int]) -> None:
    rng, steady = np.random.default_rng(1), TemporalFilter()
    state = None
    for _ in range(4):
        disparity = rng.random(size).astype(np.float32)
        boost = rng.random((*size, 3)).astype(np.float32)
        rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        calm, light, _, state = steady.step(state, rgb, disparity, boost, disparity, cut=False)
        assert calm.shape == size
        assert light.shape == (*size, 3)
        assert calm.dtype == light.dtype == np.float32
        assert np.isfinite(calm).all()
        assert np.isfinite(light).all()
        assert calm.min() >= 0.0
        assert calm.max() <= 1.0
        assert state.stored.disparity.shape == size


def test_a_change_of_size_begins_anew() -> None:
    pictures, truth = scene(3)
    steady, state = TemporalFilter(), None
    for rgb, disparity in zip(pictures, truth, strict=True):
        zero = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        _, _, _, state = steady.step(state, rgb, disparity, zero, disparity, cut=False)
    small = wobbling(truth)[0][:80, :90].copy()
    rgb = np.ascontiguousarray(pictures[0][:80, :90])
    calm, _, _, _ = steady.step(state, rgb, small, np.zeros((80, 90, 3), np.float32), small, cut=False)
    np.testing.assert_array_equal(calm, small)
