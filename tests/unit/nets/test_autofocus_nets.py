"""Layers as printed, the conversion to the global estimator, and that all of it can learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rvr_laaf_app.nets.autofocus_nets import (
    FEATURES,
    BlurNet,
    BlurNetAtOnce,
    BlurNetConfig,
    FocusDiscriminator,
    GlobalStepEstimator,
    RingSpectra,
    StepEstimator,
    StepEstimatorConfig,
    bin_of,
    radii_of_bins,
    to_input,
)


@pytest.fixture(scope="module")
def estimator() -> StepEstimator:
    torch.manual_seed(0)
    return StepEstimator(StepEstimatorConfig()).eval()


def test_the_layers_are_those_of_figure_4(estimator: StepEstimator) -> None:
    convs = [m for m in estimator.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.out_channels, c.kernel_size[0], c.stride[0]) for c in convs] == [(4, 8, 8), (8, 4, 4), (8, 4, 4)]
    dense = [m for m in estimator.modules() if isinstance(m, nn.Linear)]
    assert [m.out_features for m in dense] == [1024, 512, 10, 1]
    judge = FocusDiscriminator()
    convs = [m for m in judge.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.out_channels, c.kernel_size[0], c.stride[0]) for c in convs] == [(1, 8, 8), (1, 8, 8)]
    assert [m.out_features for m in judge.modules() if isinstance(m, nn.Linear)] == [10, 1]
    assert [m.p for m in judge.modules() if isinstance(m, nn.Dropout)] == [0.5]
    x = torch.rand(3, 1, 512, 512)
    assert estimator(x).shape == judge(x).shape == (3,)


@torch.inference_mode()
def test_the_global_estimator_is_the_patch_network_at_every_place(estimator: StepEstimator) -> None:
    picture = torch.rand(1, 1, 516, 522)
    everywhere = GlobalStepEstimator(estimator)(picture)
    assert everywhere.shape == (1, 5, 11)
    for row in range(5):
        for column in range(11):
            patch = picture[:, :, row : row + 512, column : column + 512]
            assert float(everywhere[0, row, column]) == pytest.approx(float(estimator(patch)), abs=2e-3)


@pytest.mark.parametrize("every", [8, 32, 128])
@torch.inference_mode()
def test_leaving_out_patches_changes_none_of_the_others(estimator: StepEstimator, every: int) -> None:
    picture = torch.rand(1, 1, 512 + 2 * every + 3, 512 + every)
    some = GlobalStepEstimator(estimator)(picture, every=every)
    assert some.shape == (1, 3, 2)
    for row in range(3):
        for column in range(2):
            top, left = row * every, column * every
            patch = picture[:, :, top : top + 512, left : left + 512]
            assert float(some[0, row, column]) == pytest.approx(float(estimator(patch)), abs=2e-3)
    with pytest.raises(ValueError, match="every 5"):
        GlobalStepEstimator(estimator)(picture, every=5)


def test_one_batch_can_be_learnt_by_heart() -> None:
    torch.manual_seed(1)
    patches = to_input(torch.rand(6, 512, 512) * torch.linspace(0.2, 1.0, 6)[:, None, None] ** 2)
    patches = patches * torch.arange(1.0, 7.0)[:, None, None, None]
    away = torch.tensor([0.0, 100.0, 200.0, 400.0, 700.0, 1000.0])
    net = StepEstimator(StepEstimatorConfig())
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    losses = []
    for _ in range(150):
        loss = ((net(patches) - away) / 100).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 10


def test_bins_and_radii_belong_together() -> None:
    config = BlurNetConfig()
    radii = radii_of_bins(config)
    assert float(radii[0]) == 0.0
    assert float(radii[-1]) == pytest.approx(config.largest_px, rel=1e-4)
    assert bool((radii[1:] > radii[:-1]).all())
    assert torch.allclose(bin_of(radii, config), torch.arange(config.bins).float(), atol=1e-2)
    assert float(bin_of(torch.tensor(1e6), config)) == pytest.approx(config.bins - 1)


def test_the_blur_net_learns_a_batch_and_gives_probabilities() -> None:
    torch.manual_seed(2)
    config = BlurNetConfig(width=32, members=2, bins=40, dropout=0.0)
    net = BlurNet(config)
    features, wanted = torch.randn(16, FEATURES), torch.randint(40, (16,))
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(120):
        loss = -net.answers(features)[:, torch.arange(16), wanted].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 10
    assert torch.allclose(net(features).exp().sum(1), torch.ones(16), atol=1e-4)


@torch.inference_mode()
def test_spectra_tell_white_noise_as_white_and_find_the_rings_of_a_disk() -> None:
    net = RingSpectra()
    rng = np.random.default_rng(0)
    noise = torch.from_numpy(0.5 + 0.05 * rng.standard_normal((1, 512, 512), dtype=np.float32))
    found = net(noise)[0]
    for part, first in ((found[:32], 2), (found[32:96], 2), (found[96:], 6)):
        assert float(part[first:].max() - part[first:].min()) < 1.2
    assert net(torch.rand(2, 64, 64)).shape == (2, FEATURES)
    assert net(torch.rand(1, 100, 333)).shape == (1, FEATURES)
    # a disk of 20 px has no light at 0.61 / 20 cycles per pixel: at ring 15.6 of 512, number 31 of the half rings
    y, x = np.mgrid[-256:256, -256:256]
    disk = np.roll((x * x + y * y <= 400).astype(np.float32), (256, 256), (0, 1))
    blurred = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((512, 512))) * np.fft.rfft2(disk / disk.sum()), (512, 512))
    rings = net(torch.from_numpy((0.5 + blurred / blurred.std() * 0.05).astype(np.float32))[None])[0, 96:]
    dark = int(rings[20:44].argmin()) + 20 + 1
    assert abs(dark / 2 - 0.61 / 20 * 512) <= 1.5


def test_the_members_side_by_side_say_the_same() -> None:
    torch.manual_seed(4)
    net = BlurNet(BlurNetConfig(members=3)).eval()
    net.mean.copy_(torch.randn(FEATURES))
    net.scale.copy_(torch.rand(FEATURES) + 0.5)
    net.log_prior.copy_(torch.randn(net.config.bins))
    features = torch.randn(5, FEATURES)
    assert torch.allclose(BlurNetAtOnce(net)(features), net.log_likelihood(features), atol=1e-5)
