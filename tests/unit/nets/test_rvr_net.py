"""The RGBD-HDR network: what goes in and out, how its grid is read, and that its side heads only read."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from rvr_laaf_app.nets.rvr_net import BETTER, RvrConfig, RvrNet, from_output, luma_of, slice_grid, to_input

TINY = RvrConfig(widths=(16, 16, 16, 16), exposure=8, dropout=0.0)


@pytest.fixture(scope="module")
def net() -> RvrNet:
    torch.manual_seed(0)
    return RvrNet(TINY).eval()


@pytest.mark.parametrize(("config", "most"), [(RvrConfig(), 20e6), (BETTER, 40e6)])
def test_published_files_stay_under_their_limit(config: RvrConfig, most: float) -> None:
    assert 4 * sum(p.numel() for p in RvrNet(config).parameters()) < most


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160), (192, 64)])
def test_maps_have_their_sizes(net: RvrNet, height: int, width: int) -> None:
    with torch.inference_mode():
        raw = net(to_input(torch.zeros(2, height, width, 3, dtype=torch.uint8)))
    assert raw.grid.shape == (2, TINY.luma_bins, height // 4, width // 4)
    assert raw.confidence.shape == (2, height // 4, width // 4)
    assert raw.boost.shape == (2, 3, height // 2, width // 2)


def test_results_have_the_guides_size_and_their_units(net: RvrNet) -> None:
    picture = torch.randint(0, 256, (1, 96, 128, 3), dtype=torch.uint8)
    guide = to_input(picture)
    with torch.inference_mode():
        raw = net(F.interpolate(guide, size=(64, 96)))
        disparity, boost, confidence = from_output(raw, guide, TINY)
    assert disparity.shape == (1, 96, 128)
    for part in (disparity, confidence):
        assert bool(((part >= 0) & (part <= 1)).all())
    assert bool(((boost >= 0) & (boost <= TINY.max_boost_stops)).all())


def test_slicing_is_trilinear() -> None:
    """Against torch's 3-D sampling of the grid as a volume of lumas."""
    torch.manual_seed(1)
    grid, luma = torch.randn(2, 8, 6, 9), torch.rand(2, 1, 48, 72)
    ys = (torch.arange(48) + 0.5) / 48 * 2 - 1
    xs = (torch.arange(72) + 0.5) / 72 * 2 - 1
    where = torch.stack(
        [xs.expand(2, 48, 72), ys[:, None].expand(2, 48, 72), luma[:, 0] * 2 - 1], -1
    )[:, None]  # fmt: skip
    wanted = F.grid_sample(grid[:, None], where, padding_mode="border", align_corners=False)[:, 0, 0]
    assert torch.allclose(slice_grid(grid, luma), wanted, atol=1e-5)


def test_a_step_of_luma_is_a_step_of_disparity_at_the_same_pixel() -> None:
    grid = torch.linspace(0, 1, 8).view(1, 8, 1, 1).expand(1, 8, 8, 8)
    luma = torch.full((1, 1, 64, 64), 0.1)
    luma[..., 29:] = 0.9
    sliced = slice_grid(grid, luma)[0, 30]
    assert torch.unique(sliced.round(decimals=4)).numel() == 2
    assert float(sliced[29] - sliced[28]) > 0.7


def test_disparity_is_linear_between_its_soft_ends() -> None:
    config = RvrConfig(disparity_low=-1.0, disparity_high=3.0)
    raw = RvrNet(TINY).eval()(to_input(torch.zeros(1, 64, 64, 3, dtype=torch.uint8)))
    values = torch.tensor([-9.0, -1.0, 0.0, 1.0, 2.0, 3.0, 20.0])
    guide = to_input(torch.zeros(1, 7, 1, 3, dtype=torch.uint8))
    raw = raw._replace(grid=values.view(1, 1, 7, 1).expand(1, 8, 7, 1))
    disparity = from_output(raw, guide, config)[0][0, :, 0].tolist()
    assert disparity[1:6] == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert 0 <= disparity[0] < 0.01
    assert 0.99 < disparity[6] <= 1


def test_luma_is_that_of_the_bytes() -> None:
    picture = torch.randint(0, 256, (1, 4, 6, 3), dtype=torch.uint8)
    wanted = (picture.float() @ torch.tensor([0.2126, 0.7152, 0.0722])) / 255
    assert torch.allclose(luma_of(to_input(picture))[:, 0], wanted, atol=1e-5)


def test_side_heads_do_not_bend_the_disparity() -> None:
    net = RvrNet(TINY)
    raw = net(to_input(torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)))
    (raw.confidence.sum() + raw.boost.sum()).backward()
    own = ("to_confidence", "exposure", "to_boost")
    moved = {name for name, p in net.named_parameters() if p.grad is not None and bool(p.grad.abs().any())}
    assert moved
    assert all(name.startswith(own) for name in moved)


def test_light_can_be_left_out_for_the_first_pictures(net: RvrNet) -> None:
    x = to_input(torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8))
    with torch.inference_mode():
        whole, part = net(x), net(x, light_from=2)
    assert torch.allclose(whole.boost[2:], part.boost, atol=1e-5)
    assert torch.allclose(whole.grid, part.grid, atol=1e-5)
