"""Fusion: every method on stacks with truth, the small pieces of GFDF, and what streams in bounded memory."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.measure.fusion_quality import psnr, ssim
from rvr_laaf_app.measure.stack_scenes import StackSpec, TrueStack, draw_stack
from rvr_laaf_app.stack.focus_measure import smoothed
from rvr_laaf_app.stack.fuse import METHODS, fuse, fusing, steps_of
from rvr_laaf_app.stack.gfdf import filled, without_small_regions
from rvr_laaf_app.stack.slices import ListedSlices, Rgb


@pytest.fixture(scope="module")
def stack() -> TrueStack:
    return draw_stack(21, StackSpec(size=(320, 240), noise=0.006))


@pytest.fixture(scope="module")
def scores(stack: TrueStack) -> dict[str, float]:
    return {m: psnr(_rgb8(stack.slices, m), stack.truth, border=4) for m in METHODS}


def _rgb8(slices: tuple[Rgb, ...], method: str) -> np.ndarray:
    return (fuse(ListedSlices(slices), method=method).rgb >> 8).astype(np.uint8)


def test_the_default_is_at_least_as_near_to_the_truth_as_the_others(scores: dict[str, float]) -> None:
    assert scores["guided"] >= scores["gfdf"] - 0.05
    assert scores["guided"] > scores["average"] + 4
    assert scores["guided"] > scores["max_laplacian"]


def test_no_slice_alone_comes_near_to_the_fused_picture(stack: TrueStack, scores: dict[str, float]) -> None:
    assert scores["guided"] > max(psnr(s, stack.truth, border=4) for s in stack.slices) + 3
    assert ssim(_rgb8(stack.slices, "guided"), stack.truth, border=4) > 0.95


def test_the_index_names_the_slice_where_each_place_is_sharp(stack: TrueStack) -> None:
    fused = fuse(ListedSlices(stack.slices))
    true = stack.depth * (len(stack.slices) - 1)
    near = np.abs(fused.index - true) <= 1.0
    assert near.mean() > 0.75


@pytest.mark.parametrize("method", METHODS)
def test_progress_and_result_of_every_method(method: str, stack: TrueStack) -> None:
    run = fusing(ListedSlices(stack.slices[:3]), method=method)
    counted = []
    while True:
        try:
            counted.append(next(run))
        except StopIteration as end:
            fused = end.value
            break
    assert counted == list(range(1, steps_of(method, 3) + 1))
    assert fused.rgb.shape == stack.truth.shape
    assert fused.rgb.dtype == np.uint16
    assert fused.index.shape == stack.truth.shape[:2]
    assert fused.index.min() >= 0
    assert fused.index.max() <= 2


@pytest.mark.parametrize("method", METHODS)
def test_equal_slices_give_themselves(method: str) -> None:
    picture = draw_stack(22, StackSpec(size=(160, 120), slices=1, layers=1)).truth
    fused = fuse(ListedSlices([picture] * 3), method=method)
    assert np.abs(fused.rgb.astype(int) - picture.astype(int) * 257).max() <= 257


@pytest.mark.parametrize("method", METHODS)
def test_one_slice_and_flat_slices(method: str) -> None:
    flat = np.full((96, 128, 3), 77, np.uint8)
    for count in (1, 2):
        assert np.abs((fuse(ListedSlices([flat] * count), method=method).rgb >> 8).astype(int) - 77).max() <= 1


def test_flat_areas_are_less_noisy_than_a_slice() -> None:
    """Where nothing is sharp, many slices are mixed; choosing one of them at random would keep all of its noise."""
    random = np.random.default_rng(3)
    slices = []
    for number in range(8):
        picture = np.full((240, 320, 3), 90.0) + random.normal(0, 4, (240, 320, 3))
        if number in (2, 5):
            picture[:, 160 * (number == 5) : 160 * (number == 5) + 20] += random.normal(0, 60, (240, 20, 3))
        slices.append(np.clip(picture, 0, 255).astype(np.uint8))
    flat = np.s_[40:200, 60:140]
    fused = fuse(ListedSlices(slices)).rgb[flat] / 257.0
    patches = fuse(ListedSlices(slices), method="max_laplacian").rgb[flat] / 257.0
    assert fused.std() < 0.95 * slices[0][flat].std()
    assert fused.std() < patches.std()


def test_16_bits_stay_16_bits(stack: TrueStack) -> None:
    deep = [s.astype(np.uint16) * 257 for s in stack.slices]
    assert np.array_equal(fuse(ListedSlices(deep)).rgb, fuse(ListedSlices(stack.slices)).rgb) or (
        np.abs(fuse(ListedSlices(deep)).rgb.astype(int) - fuse(ListedSlices(stack.slices)).rgb).mean() < 40
    )


def test_unknown_methods_and_empty_stacks_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown fusion 'magic'"):
        fuse(ListedSlices([np.zeros((32, 32, 3), np.uint8)]), method="magic")
    with pytest.raises(UsageError, match="no pictures"):
        fuse(ListedSlices([]))


def test_small_regions_go_to_their_neighbours() -> None:
    labels = np.zeros((60, 80), np.uint16)
    labels[:, 40:] = 3
    labels[10:13, 10:13] = 3
    labels[30:33, 60:63] = 1
    cleaned = without_small_regions(labels, 0.01)
    assert (cleaned[:, :40] == 0).all()
    assert (cleaned[:, 40:] == 3).all()
    assert np.array_equal(without_small_regions(labels, 0.0), labels)


def test_unknown_pixels_take_the_nearest_label() -> None:
    labels = np.repeat(np.array([[4, 0, 0, 0, 9]], np.uint16), 5, axis=0)
    unknown = np.repeat(np.array([[0, 1, 1, 1, 0]], np.uint8), 5, axis=0)
    out = filled(labels, unknown)
    assert out[2].tolist()[0:2] == [4, 4]
    assert out[2].tolist()[3:] == [9, 9]


def test_strips_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    guide, values = (random.random((200, 60)).astype(np.float32) for _ in range(2))
    whole = smoothed(guide, values)
    monkeypatch.setattr("rvr_laaf_app.stack.focus_measure.STRIP_ROWS", 37)
    assert np.abs(smoothed(guide, values) - whole).max() < 1e-4


def test_memory_does_not_grow_with_the_number_of_slices() -> None:
    random = np.random.default_rng(2)
    base = random.integers(0, 255, (400, 600, 3), dtype=np.uint8)

    class Made:
        def __init__(self, count: int) -> None:
            self.count = count

        def read(self, index: int) -> Rgb:
            return np.roll(base, index, axis=0)

    peaks = []
    for count in (3, 12):
        tracemalloc.start()
        fuse(Made(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.15 * peaks[0]
    assert peaks[1] < 60 * base.shape[0] * base.shape[1]  # bytes a pixel: 24 megapixels fit into 1.5 GB


def test_the_glow_of_burnt_out_lights_is_not_taken_from_blurred_slices() -> None:
    """The border of a burnt-out blur disc is sharp, but it is no thing: the dark picture around the light is true."""
    scene = np.full((160, 220, 3), 0.05, np.float32)
    scene[60:100:8, 30:200] = 0.08
    light = np.zeros((160, 220), np.float32)
    light[78:82, 100:104] = 60.0
    slices = []
    for radius in (0, 8, 16):
        disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
        spread = cv2.filter2D(light, -1, (disc / disc.sum()).astype(np.float32))
        base = cv2.GaussianBlur(scene, (0, 0), radius / 2) if radius else scene
        slices.append(np.rint(np.clip(base + spread[..., None], 0, 1) ** (1 / 2.2) * 255).astype(np.uint8))
    fused, printed = ((fuse(ListedSlices(slices), method=m).rgb >> 8).astype(int) for m in ("guided", "gfdf"))
    around = np.s_[50:110, 70:134]
    wrong, plain = (np.abs(f[around] - slices[0][around].astype(int)).mean() for f in (fused, printed))
    assert wrong < 0.5 * plain
    assert fused[79, 101].min() > 240
