"""Depth-from-focus networks: shapes, order of slices, any number of them, and that they can learn at all."""

from __future__ import annotations

import pytest
import torch

from rvr_laaf_app.nets.depth_from_focus_nets import (
    NETS,
    VOLUME_WIDTHS,
    DffConfig,
    Reblurred,
    build,
    confidence,
    doubled,
    log_contrast,
    multiple_of,
    to_input,
)

SIDE = 32


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def stack(batch: int = 2, count: int = 4, side: int = SIDE) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, count, 3, side, side), torch.linspace(1, 0, count).repeat(batch, 1)


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("coc", [False, True])
def test_shapes(kind: str, coc: bool) -> None:
    net = build(DffConfig(kind, coc=coc, tile=SIDE)).eval()
    slices, places = stack()
    out = net(slices, places)
    assert out.disparity.shape == (2, SIDE, SIDE)
    if coc:
        assert out.coc is not None
        assert out.coc.shape == (2, 4, SIDE, SIDE)
    else:
        assert out.coc is None
    assert (out.error is not None) == (kind == "focus_volume")
    assert SIDE % multiple_of(net.config) == 0


@pytest.mark.parametrize("kind", NETS)
def test_small_enough_for_a_processor(kind: str) -> None:
    parameters = sum(p.numel() for p in build(DffConfig(kind, coc=False)).parameters())
    assert 200_000 < parameters < 900_000


@pytest.mark.parametrize("kind", ["poolnet", "focus_volume"])
@pytest.mark.parametrize("coc", [False, True])
def test_the_order_of_slices_does_not_matter(kind: str, coc: bool) -> None:
    net = build(DffConfig(kind, coc=coc)).eval()
    slices, places = stack(count=5)
    order = torch.tensor([3, 0, 4, 1, 2])
    straight, mixed = net(slices, places), net(slices[:, order], places[:, order])
    torch.testing.assert_close(straight.disparity, mixed.disparity, atol=1e-4, rtol=1e-4)
    if coc:
        torch.testing.assert_close(straight.coc[:, order], mixed.coc, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["ddff", "lstm_ddff", "recurrent"])
def test_the_order_of_slices_matters_to_those_that_read_them_as_a_sequence(kind: str) -> None:
    net = build(DffConfig(kind, tile=SIDE)).eval()
    slices, places = stack()
    assert (net(slices, places).disparity - net(slices.flip(1), places).disparity).abs().max() > 1e-5


@pytest.mark.parametrize("kind", ["poolnet", "focus_volume", "recurrent"])
@pytest.mark.parametrize("count", [2, 7])
def test_any_number_of_slices(kind: str, count: int) -> None:
    slices, places = stack(count=count, side=48)
    assert build(DffConfig(kind)).eval()(slices, places).disparity.shape == (2, 48, 48)


def test_the_cost_volume_counts_where_the_config_has_levels() -> None:
    net = build(DffConfig("focus_volume", levels=9)).eval()
    slices, places = stack()
    costs = torch.rand(2, 9, SIDE // 2, SIDE // 2) * 20
    found = net(slices, places, costs).disparity
    assert found.shape == (2, SIDE, SIDE)
    assert not torch.equal(found, net(slices, places, costs.flip(1)).disparity)


def test_the_place_of_least_cost_is_chosen_as_far_as_it_is_trusted() -> None:
    reblurred = Reblurred(5)
    torch.nn.init.zeros_(reblurred.trust.weight)
    costs = torch.full((1, 5, 4, 4), 60.0)
    costs[:, 3] = 1.0
    y = torch.zeros(1, VOLUME_WIDTHS[0], 4, 4)
    for bias, wanted in ((-30.0, 0.1), (30.0, 0.75)):
        torch.nn.init.constant_(reblurred.trust.bias, bias)
        found = reblurred.chosen(costs, torch.full((1, 1, 4, 4), 0.1), y)
        torch.testing.assert_close(found, torch.full((1, 1, 4, 4), wanted))


def test_poolnet_without_the_focus_distance_does_not_see_it() -> None:
    slices, places = stack()
    blind, seeing = (build(DffConfig("poolnet", place_channel=channel)).eval() for channel in (False, True))
    assert torch.equal(blind(slices, places).disparity, blind(slices, places**2).disparity)
    assert not torch.equal(seeing(slices, places).disparity, seeing(slices, places**2).disparity)


@pytest.mark.parametrize("kind", NETS)
def test_one_batch_is_learned_by_heart(kind: str) -> None:
    """What is textured and sharp in slice k lies at place k: everything that a network needs is in the picture."""
    slices, places = stack(batch=1)
    truth = places[0][torch.randint(0, 4, (4, 4))].repeat_interleave(8, 0).repeat_interleave(8, 1)[None]
    sharp = (truth[:, None] == places[:, :, None, None]).float().unsqueeze(2)
    slices = slices * (0.1 + 0.9 * sharp)
    net = build(DffConfig(kind, coc=True, tile=SIDE)).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = (net(slices, places).disparity - truth).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert min(losses[-10:]) < 0.2 * losses[0]


def test_input_is_the_same_from_bytes_and_from_numbers() -> None:
    given = torch.randint(0, 256, (1, 2, 8, 8, 3), dtype=torch.uint8)
    torch.testing.assert_close(to_input(given), to_input(given.float() / 255))
    assert to_input(given).shape == (1, 2, 3, 8, 8)


def test_log_contrast_is_higher_where_it_is_sharper() -> None:
    sharp = torch.randn(1, 1, 3, 32, 32)
    soft = torch.nn.functional.avg_pool2d(sharp[0], 5, 1, 2)[None]
    found = log_contrast(torch.cat([sharp, soft], 1))
    assert found.shape == (1, 2, 3, 16, 16)
    assert bool((found[:, 0, 0] > found[:, 1, 0] + 1).all())


def test_doubled_keeps_what_is_even_and_stays_within_what_is_around() -> None:
    logits = torch.randn(1, 36, 4, 5)
    torch.testing.assert_close(doubled(torch.full((1, 1, 4, 5), 0.3), logits), torch.full((1, 1, 8, 10), 0.3))
    half = torch.rand(1, 1, 4, 5)
    assert half.min() <= doubled(half, logits).min()
    assert doubled(half, logits).max() <= half.max()


def test_confidence_falls_with_the_expected_error() -> None:
    sure = confidence(torch.tensor([0.0, 0.05, 1.0]))
    assert sure[0] == 1.0
    assert abs(float(sure[1]) - 0.3679) < 1e-3
    assert sure[2] < 1e-6
