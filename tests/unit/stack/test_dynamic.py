"""All-in-focus video: what a moving focus saw sharp is carried along, and nothing false with it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.measure.fusion_quality import psnr
from rvr_laaf_app.measure.stack_scenes import StackSpec, draw_stack
from rvr_laaf_app.stack.dynamic import DynamicFusion, fuse_video

SIZE = (320, 240)


def _still(src: NDArray[np.uint8], _: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return np.zeros((*src.shape, 2), np.float32), np.ones(src.shape, np.bool_)


def _moved_by(dx: float) -> object:
    def flow(src: NDArray[np.uint8], _: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        uv = np.zeros((*src.shape, 2), np.float32)
        uv[..., 0] = dx
        return uv, np.ones(src.shape, np.bool_)

    return flow


def _rgb8(picture: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return (picture >> 8).astype(np.uint8)


def test_a_sweep_over_a_still_scene_becomes_sharp() -> None:
    stack = draw_stack(31, StackSpec(size=SIZE, slices=4, max_radius_px=6, noise=0.004))
    frames = [*stack.slices, *stack.slices[::-1]]
    fused = [_rgb8(f) for f in fuse_video(frames, _still)]
    assert np.array_equal(fused[0], frames[0])
    for number in (3, 7):
        assert psnr(fused[number], stack.truth, border=8) > psnr(frames[number], stack.truth, border=8) + 3


def test_pixels_are_carried_along_the_flow() -> None:
    stack = draw_stack(32, StackSpec(size=SIZE, slices=3, max_radius_px=6, noise=0.004))
    shift = 5.0
    frames, truths = [], []
    for number, own in enumerate(stack.slices):
        matrix = np.array([[1.0, 0, shift * number], [0, 1.0, 0]])
        frames.append(cv2.warpAffine(own, matrix, SIZE, borderMode=cv2.BORDER_REFLECT))
        truths.append(cv2.warpAffine(stack.truth, matrix, SIZE, borderMode=cv2.BORDER_REFLECT))
    right = DynamicFusion(_moved_by(-shift))  # type: ignore[arg-type]
    wrong = DynamicFusion(_still)
    last = [(_rgb8(right.add(f)), _rgb8(wrong.add(f))) for f in frames][-1]
    assert psnr(last[0], truths[-1], border=24) > psnr(frames[-1], truths[-1], border=24) + 1.5
    assert psnr(last[0], truths[-1], border=24) > psnr(last[1], truths[-1], border=24) + 1.0


def test_what_the_new_frame_cannot_be_a_blur_of_is_not_carried() -> None:
    """Something else is there now: no ghost of the past may show, however sharp it was."""
    one = draw_stack(33, StackSpec(size=SIZE, slices=1, layers=1)).truth
    two = cv2.GaussianBlur(255 - draw_stack(34, StackSpec(size=SIZE, slices=1, layers=1)).truth, (0, 0), 2)
    fusion = DynamicFusion(_still)
    fusion.add(one)
    shown = _rgb8(fusion.add(two))
    assert psnr(shown, two) > 30


def test_a_cut_forgets_the_past() -> None:
    stack = draw_stack(35, StackSpec(size=(160, 120), slices=2))
    fusion = DynamicFusion(_still)
    fusion.add(stack.slices[0])
    fusion.reset()
    assert np.array_equal(_rgb8(fusion.add(stack.slices[1])), stack.slices[1])
    larger = draw_stack(36, StackSpec(size=(200, 120), slices=1)).slices[0]
    assert np.array_equal(_rgb8(fusion.add(larger)), larger)


def test_invalid_flow_everywhere_shows_the_frame_itself() -> None:
    stack = draw_stack(37, StackSpec(size=(160, 120), slices=2))

    def lost(src: NDArray[np.uint8], _: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return np.zeros((*src.shape, 2), np.float32), np.zeros(src.shape, np.bool_)

    fusion = DynamicFusion(lost)
    fusion.add(stack.slices[0])
    assert np.abs(_rgb8(fusion.add(stack.slices[1])).astype(int) - stack.slices[1]).max() <= 1
