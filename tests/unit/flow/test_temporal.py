"""The temporal filter on scenes whose disparity is known: calmer, not smeared, not across a cut, and resumable."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.flow.temporal import WARM_UP_FRAMES, WINDOW, FilterState, TemporalFilter

HEIGHT, WIDTH, SIDE = 120, 200, 44
FAR, NEAR = 0.3, 0.7


def texture(height: int, width: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    mixed = cv2.GaussianBlur(noise, (0, 0), 1.2) + 2 * cv2.GaussianBlur(noise, (0, 0), 3)
    return cv2.normalize(mixed, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def flat(height: int, width: int, code: int) -> np.ndarray:
    noise = np.random.default_rng(code).normal(code, 1.5, (height, width, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


def scene(frames: int, *, step: int = 3, seed: int = 0, textured: bool = True) -> tuple[list[np.ndarray], np.ndarray]:
    """A near square moves `step` px a frame over a far wall: pictures, true disparity [frames, h, w]."""
    if textured:
        wall, square = texture(HEIGHT, WIDTH, seed), texture(SIDE, SIDE, seed + 1)
    else:
        wall, square = flat(HEIGHT, WIDTH, 120), flat(SIDE, SIDE, 160)
    pictures, truth = [], np.full((frames, HEIGHT, WIDTH), FAR, np.float32)
    for k in range(frames):
        left = 10 + (k * step) % (WIDTH - SIDE - 20)
        picture = wall.copy()
        picture[40 : 40 + SIDE, left : left + SIDE] = square
        truth[k, 40 : 40 + SIDE, left : left + SIDE] = NEAR
        pictures.append(picture)
    return pictures, truth


def wobbling(truth: np.ndarray, seed: int = 7) -> np.ndarray:
    """The truth as an unsteady network gives it: each frame's scale and shift, swelling regions, a little noise."""
    rng = np.random.default_rng(seed)
    out = np.empty_like(truth)
    for k, frame in enumerate(truth):
        regions = cv2.resize(
            rng.normal(0, 0.03, (3, 5)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
        )
        noise = rng.normal(0, 0.005, frame.shape).astype(np.float32)
        out[k] = frame * (1 + rng.normal(0, 0.04)) + rng.normal(0, 0.02) + regions + noise
    return np.clip(out, 0, 1)


def filtered(
    pictures: list[np.ndarray], disparity: np.ndarray, *, cuts: tuple[int, ...] = (), state: FilterState | None = None
) -> np.ndarray:
    steady, out = TemporalFilter(), []
    state = state or steady.start()
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
    """Mean absolute change from frame to frame, after warm-up, of pixels at which nothing moves."""
    return float(np.abs(np.diff(values[WARM_UP_FRAMES:, :35], axis=0)).mean())


def test_static_pixels_are_calmed(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    _, noisy, calm = run
    assert jitter(calm) < 0.15 * jitter(noisy)


def test_the_moving_subject_is_calmed_too(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, noisy, calm = run
    inner = [cv2.erode((t > 0.5).astype(np.uint8), np.ones((9, 9))) > 0 for t in truth]
    series = [np.array([v[m].mean() for v, m in zip(values, inner, strict=True)]) for values in (noisy, calm)]
    before, after = (np.abs(np.diff(s[WARM_UP_FRAMES:])).mean() for s in series)
    assert after < 0.25 * before


def test_moving_edges_stay_sharp(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Within two pixels of the square's border a pixel is nearer to its own side than to the other."""
    truth, _, calm = run
    wrong = []
    for k in range(WARM_UP_FRAMES, len(truth)):
        near = truth[k] > 0.5
        rim = cv2.dilate(near.astype(np.uint8), np.ones((5, 5))) != cv2.erode(near.astype(np.uint8), np.ones((5, 5)))
        wrong.append(((calm[k] > 0.5) != near)[rim].mean())
    assert np.mean(wrong) < 0.01


def test_error_against_the_truth_falls_everywhere(run: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    truth, noisy, calm = run
    late = slice(WARM_UP_FRAMES, None)
    error_before, error_after = (np.abs(v[late] - truth[late]) for v in (noisy, calm))
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


@pytest.mark.parametrize("at", [23, 31])
def test_a_run_resumed_after_warm_up_is_the_same_bit_by_bit(
    at: int,
) -> None:
    pictures, truth = scene(40)
    noisy = wobbling(truth)
    calm = filtered(pictures, noisy)
    begin = at - WARM_UP_FRAMES
    resumed = filtered(pictures[begin:], noisy[begin:])
    np.testing.assert_array_equal(resumed[WARM_UP_FRAMES:], calm[at:])


def test_a_steady_truth_stays_as_it_is() -> None:
    pictures, truth = scene(12)
    assert np.abs(filtered(pictures, truth) - truth).mean() < 0.002


def test_an_approach_is_followed() -> None:
    """The whole scene comes nearer: the filter may lag by frames, not stick."""
    pictures, truth = scene(50)
    nearer = truth + np.linspace(0, 0.2, 50, dtype=np.float32)[:, None, None]
    lag = (nearer - filtered(pictures, nearer))[-1].mean() / (0.2 / 49)
    assert 0 <= lag < 10


def test_boost_is_steadied_and_dark_stays_dark() -> None:
    pictures, truth = scene(12, step=0)
    rng, steady = np.random.default_rng(0), TemporalFilter()
    state, sure, before, after = steady.start(), np.ones(truth.shape[1:], np.float32), [], []
    for rgb, disparity in zip(pictures, truth, strict=True):
        boost = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        boost[10:30, 150:180] = 3.0 + rng.normal(0, 0.3)
        _, calm, confidence, state = steady.step(state, rgb, disparity, boost, sure, cut=False)
        before.append(boost[20, 165, 0])
        after.append(calm[20, 165, 0])
        assert (calm[60:] == 0).all()
        assert calm.min() >= 0
        np.testing.assert_array_equal(confidence, sure)
    assert np.std(np.diff(after[WINDOW:])) < 0.4 * np.std(np.diff(before[WINDOW:]))
    assert abs(np.mean(after[WINDOW:]) - 3.0) < 0.3


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (17, 33), (33, 17), (64, 48)])
def test_any_size_goes_through(size: tuple[int, int]) -> None:
    rng, steady = np.random.default_rng(1), TemporalFilter()
    state = steady.start()
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


def test_a_change_of_size_begins_anew() -> None:
    pictures, truth = scene(3)
    steady = TemporalFilter()
    state = steady.start()
    for rgb, disparity in zip(pictures, truth, strict=True):
        zero = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        _, _, _, state = steady.step(state, rgb, disparity, zero, disparity, cut=False)
    small = wobbling(truth)[0][:80, :90].copy()
    rgb = np.ascontiguousarray(pictures[0][:80, :90])
    calm, _, _, _ = steady.step(state, rgb, small, np.zeros((80, 90, 3), np.float32), small, cut=False)
    np.testing.assert_array_equal(calm, small)
