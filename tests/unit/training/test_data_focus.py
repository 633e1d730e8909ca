"""Focal stacks: the sharp picture is put together rightly, views stay together, the right disparity renders best."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rvr_laaf_app.training import losses
from rvr_laaf_app.training.data_focus import RADII_PX, FocusStack, disc_blurred, focus_view, fuse, load_stacks

NEAR, FAR = slice(0, 96), slice(96, 192)


def two_planes() -> tuple[np.ndarray, np.ndarray]:
    """A picture whose upper half is far and whose lower half is near, and the slices focused near and far."""
    sharp = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    soft = np.rint(disc_blurred(sharp.astype(np.float32), 3.7)).astype(np.uint8)
    near, far = sharp.copy(), sharp.copy()
    near[NEAR], far[FAR] = soft[NEAR], soft[FAR]
    return sharp, np.stack([near, far])


@pytest.fixture(scope="module")
def stack() -> FocusStack:
    return fuse("two planes", two_planes()[1])


def test_each_pixel_comes_from_where_it_is_sharp(stack: FocusStack) -> None:
    sharp, _ = two_planes()
    inner = np.r_[8:84, 108:184]
    assert np.abs(stack.sharp[inner].astype(int) - sharp[inner]).mean() < 1.0
    assert (stack.sharpest[8:84] == 1).mean() > 0.98
    assert (stack.sharpest[108:184] == 0).mean() > 0.98
    assert stack.sure.mean() > 0.5


def test_a_flat_picture_is_finite_and_unsure() -> None:
    flat = fuse("flat", np.full((3, 32, 32, 3), 90, np.uint8))
    assert bool((flat.sharp == 90).all())
    assert not flat.sure.any()


def test_a_view_shows_the_same_window_everywhere(stack: FocusStack) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        view = focus_view(stack, scene=3, size=(96, 96), rng=rng)
        assert view.chosen == (0, 1)
        assert view.scene == 3
        assert np.abs(view.blurs[0] * 255 - view.rgb).max() < 1e-3
        assert np.abs(np.minimum(*np.abs(view.wanted - view.blurs[0]))).mean() < 0.03


def test_the_right_disparity_renders_the_slices_best(stack: FocusStack) -> None:
    view = focus_view(stack, scene=0, size=(192, 192), rng=np.random.default_rng(2), smallest=1.0)
    focus = losses.FocusSettings([2])
    truth = torch.ones(1, 192, 192)
    truth[:, NEAR] = -1.0

    def loss(disparity: torch.Tensor) -> float:
        scene, chosen = torch.tensor([0]), torch.tensor([view.chosen])
        radius = focus.coc_px(disparity, scene, chosen, width=192)
        blurs, wanted = torch.from_numpy(view.blurs)[None], torch.from_numpy(view.wanted)[None]
        return float(losses.refocus_loss(blurs, wanted, radius, radii_px=RADII_PX).detach())

    assert loss(truth) < 0.6 * loss(torch.zeros_like(truth))
    assert loss(truth) < 0.6 * loss(-truth)


def test_radii_between_two_blurs_are_interpolated() -> None:
    blurs = torch.arange(len(RADII_PX), dtype=torch.float32).view(1, -1, 1, 1, 1).expand(1, -1, 1, 4, 3)
    radius = torch.tensor([0.0, 0.35, -1.2, 99.0]).view(1, 1, 1, 4)
    wanted = torch.tensor([0.0, 0.5, 2.0, 6.0]).view(1, 1, 1, 4, 1).expand(1, 1, 1, 4, 3)
    assert float(losses.refocus_loss(blurs, wanted, radius, radii_px=RADII_PX)) == pytest.approx(0.0, abs=1e-5)


def test_every_seventh_scene_never_trains(tmp_path: Path) -> None:
    for scene in range(15):
        for number in (0, 4):
            cv2.imwrite(str(tmp_path / f"{scene:03d}_{number:02d}.jpg"), np.full((16, 16, 3), 9 * scene, np.uint8))
    train, unseen = load_stacks(tmp_path)
    assert [stack.name for stack in unseen] == ["006", "013"]
    assert len(train) == 13
    assert all(len(stack.slices) == 2 for stack in train)
