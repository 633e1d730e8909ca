"""Both halves on scenes whose disparity is known: nearly still, without drift or lag, and sharp where things move."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.flow.backward import BackwardFilter, steadied
from rvr_laaf_app.flow.temporal import TemporalFilter
from tests.unit.flow.moving_scene import HEIGHT, WIDTH, approach, inner, rim, scene, wobbling

Run = tuple[np.ndarray, np.ndarray, np.ndarray]


def final(pictures: list[np.ndarray], disparity: np.ndarray, *, cuts: tuple[int, ...] = ()) -> np.ndarray:
    dark = np.zeros((*disparity.shape[1:], 3), np.float32)
    return np.stack(steadied(pictures, list(disparity), [dark] * len(disparity), cuts=cuts)[0])


@pytest.fixture(scope="module", params=["textured", "flat"])
def run(request: pytest.FixtureRequest) -> Run:
    """Truth, wobbling estimate and steadied estimate of a scene that is easy, and of one that is hard, for the flow."""
    pictures, truth = scene(40, textured=request.param == "textured")
    noisy = wobbling(truth)
    return truth, noisy, final(pictures, noisy)


def test_static_pixels_are_still_from_the_first_frame_on(run: Run) -> None:
    _, noisy, calm = run
    before, after = (np.abs(np.diff(v[:, :35], axis=0)).mean() for v in (noisy, calm))
    assert after < 0.05 * before


def test_the_moving_subject_is_calmed_too(run: Run) -> None:
    truth, noisy, calm = run
    series = [np.array([v[m].mean() for v, m in zip(values, inner(truth), strict=True)]) for values in (noisy, calm)]
    before, after = (np.abs(np.diff(s)).mean() for s in series)
    assert after < 0.2 * before


def test_moving_edges_stay_sharp(run: Run) -> None:
    """Within two pixels of the square's border a pixel is nearer to its own side than to the other."""
    truth, _, calm = run
    wrong = [((c > 0.5) != n)[rim(n)].mean() for c, n in zip(calm, truth > 0.5, strict=True)]
    assert np.mean(wrong) < 0.01


def test_error_falls_at_moving_edges_too(run: Run) -> None:
    truth, noisy, calm = run
    edge = np.stack([rim(t > 0.5) for t in truth])
    before, after = (np.abs(v - truth) for v in (noisy, calm))
    assert after.mean() < 0.35 * before.mean()
    assert after[edge].mean() < 0.6 * before[edge].mean()
    assert np.quantile(after, 0.999) < np.quantile(before, 0.999), "no trails"


def test_slow_drift_is_taken_out_where_nothing_moves() -> None:
    pictures, truth = scene(48)
    slow = 0.05 * np.sin(np.arange(48) / 8).astype(np.float32)[:, None, None]
    calm = final(pictures, truth + slow)
    assert np.ptp(calm[:, :35], axis=0).mean() < 0.1 * np.ptp(slow)


def test_what_comes_nearer_is_followed_without_lag() -> None:
    pictures, truth = approach(48)
    calm = final(pictures, wobbling(truth))
    level, wanted = (
        np.array([v[m].mean() for v, m in zip(values, inner(truth, 0.3), strict=True)]) for values in (calm, truth)
    )
    speed, wanted_speed = (np.polyfit(np.arange(48), s, 1)[0] for s in (level, wanted))
    assert speed == pytest.approx(wanted_speed, rel=0.35)  # a subject of 44 px, nearly as strong as the wobble
    assert np.abs((level - wanted)[6:-6]).mean() < 0.015


def test_nothing_crosses_a_cut() -> None:
    pictures, truth = scene(8)
    others, other_truth = scene(8, seed=50)
    joined = wobbling(np.concatenate([truth, 1 - other_truth]))
    across = final(pictures + others, joined, cuts=(8,))
    np.testing.assert_array_equal(across[:8], final(pictures, joined[:8]))
    np.testing.assert_array_equal(across[8:], final(others, joined[8:]))


def test_a_steady_truth_stays_as_it_is() -> None:
    pictures, truth = scene(12)
    assert np.abs(final(pictures, truth) - truth).mean() < 0.002


def test_a_change_of_the_lights_does_not_undo_it() -> None:
    pictures, truth = scene(24)
    dimmed = [np.clip(p * (1 + 0.2 * np.sin(k / 3)), 0, 255).astype(np.uint8) for k, p in enumerate(pictures)]
    noisy = wobbling(truth)
    before, after = (np.abs(np.diff(v[:, :35], axis=0)).mean() for v in (noisy, final(dimmed, noisy)))
    assert after < 0.15 * before


def test_light_is_steadied_from_both_sides() -> None:
    pictures, truth = scene(24, step=0)
    rng, boosts = np.random.default_rng(0), []
    for _ in pictures:
        boost = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        boost[10:30, 150:180] = 3.0 + rng.normal(0, 0.3)
        boosts.append(boost)
    _, lights = steadied(pictures, list(truth), boosts)
    before, after = (np.array([b[20, 165, 0] for b in values]) for values in (boosts, lights))
    assert np.abs(np.diff(after)).mean() < 0.1 * np.abs(np.diff(before)).mean()
    assert abs(after.mean() - 3.0) < 0.2
    assert all((light[60:] == 0).all() and light.min() >= 0 for light in lights)


def test_a_glitch_of_one_frame_is_gone() -> None:
    pictures, truth = scene(20)
    spoilt = truth.copy()
    spoilt[10] = np.clip(truth[10] * 0.8 + 0.15, 0, 1)
    assert np.abs(final(pictures, spoilt)[10] - truth[10]).mean() < 0.2 * np.abs(spoilt[10] - truth[10]).mean()


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (17, 33)])
def test_any_size_goes_through(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(3)]
    disparities = [rng.random(size).astype(np.float32) for _ in range(3)]
    calm, lights = steadied(pictures, disparities, [rng.random((*size, 3)).astype(np.float32) for _ in range(3)])
    for values in (*calm, *lights):
        assert np.isfinite(values).all()
    assert calm[0].shape == size


def test_another_size_counts_for_nothing() -> None:
    pictures, truth = scene(2)
    zero, steady, backward = np.zeros((HEIGHT, WIDTH, 3), np.float32), TemporalFilter(), BackwardFilter()
    _, _, _, big = steady.step(None, pictures[0], truth[0], zero, truth[0], cut=False)
    small_rgb, small = np.ascontiguousarray(pictures[1][:80, :90]), truth[1][:80, :90].copy()
    _, _, _, state = steady.step(None, small_rgb, small, zero[:80, :90], small, cut=False)
    _, _, later = backward.step(None, small, zero[:80, :90], state.trace)
    got, _, _ = backward.step(later, truth[0], zero, big.trace)
    np.testing.assert_array_equal(got, truth[0])
