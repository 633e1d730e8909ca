"""AF-Net: shapes, receptive field, and that what it says depends on the whole stretch."""

from __future__ import annotations

import pytest
import torch

from rvr_laaf_app.nets.af_net import AfNet, AfNetConfig, region_centre, to_input

SMALL = AfNetConfig(units=3, unit_frames=2, width=64, height=32, widths=(8, 8, 8, 8), widths2=(8, 8))


def clip(batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    size = batch, SMALL.frames, SMALL.height, SMALL.width, 3
    return torch.randint(0, 255, size, generator=generator).to(torch.uint8)


def test_shapes_follow_the_configuration() -> None:
    out = AfNet(SMALL).eval()(to_input(clip()))
    assert out.region.shape == (2, 3, 4, 8)
    assert out.target.shape == (2,)


def test_the_reach_is_units_times_frames() -> None:
    assert AfNetConfig().frames == 25
    net = AfNet(SMALL).eval()
    x = to_input(clip(1)).requires_grad_()
    net(x).target.sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().amax((0, 2, 3, 4)) > 0).all()  # every frame, past and future, has a say


def test_a_units_region_sees_only_its_unit() -> None:
    net = AfNet(SMALL).eval()
    x = to_input(clip(1)).requires_grad_()
    net(x).region[:, 1].sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().amax((0, 2, 3, 4)) > 0
    assert seen.tolist() == [False, False, True, True, False, False]


def test_an_even_number_of_units_has_no_middle() -> None:
    with pytest.raises(ValueError, match="middle"):
        AfNet(AfNetConfig(units=4))


def test_input_tells_change_and_forgets_exposure() -> None:
    still = torch.full((1, 3, 32, 64, 3), 90, dtype=torch.uint8)
    still[:, :, :, :32] = 40
    x = to_input(still)
    assert x.shape == (1, 3, 4, 32, 64)
    assert float(x[:, :, 3].abs().max()) == 0.0
    assert torch.allclose(to_input(still + 50), x, atol=1e-5)
    moved = still.clone()
    moved[:, 1] = 90
    assert float(to_input(moved)[0, 1, 3].max()) > 1.0


def test_the_strongest_place_is_found_between_cells() -> None:
    logits = torch.full((1, 12, 16), -9.0)
    logits[0, 4, 10] = logits[0, 4, 11] = 3.0
    logits[0, 9, 2] = 2.5  # a weaker place elsewhere pulls at nothing
    x, y = region_centre(logits)[0].tolist()
    assert abs(x - 11 / 16) < 0.01
    assert abs(y - 4.5 / 12) < 0.01
