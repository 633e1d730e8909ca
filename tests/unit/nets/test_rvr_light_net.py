"""The light network: what goes in and out, its size, and that its heads only read."""

from __future__ import annotations

import pytest
import torch

from rvr_laaf_app.nets.rvr_light_net import (
    RvrLightConfig,
    RvrLightNet,
    clip_gate,
    from_output,
    to_input,
    working_size,
)

TINY = RvrLightConfig(context=16, wide=16, middle=16, fine=8, exposure=8)


@pytest.fixture(scope="module")
def net() -> RvrLightNet:
    torch.manual_seed(0)
    return RvrLightNet(TINY).eval()


def test_the_weights_fit_in_ten_megabytes() -> None:
    count = sum(parameter.numel() for parameter in RvrLightNet(RvrLightConfig()).parameters())
    assert 1_000_000 < count < 2_500_000


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160), (192, 64)])
def test_maps_have_half_the_size(net: RvrLightNet, height: int, width: int) -> None:
    with torch.inference_mode():
        raw = net(to_input(torch.zeros(2, height, width, 3, dtype=torch.uint8)))
    assert raw.disparity.shape == raw.confidence.shape == (2, height // 2, width // 2)
    assert raw.boost.shape == (2, 3, height // 2, width // 2)


def test_results_have_their_units(net: RvrLightNet) -> None:
    with torch.inference_mode():
        raw = net(to_input(torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8)))
        disparity, boost, confidence = from_output(raw, TINY)
    for part in (disparity, confidence):
        assert bool(((part >= 0) & (part <= 1)).all())
    assert bool(((boost >= 0) & (boost <= TINY.max_boost_stops)).all())


def test_bytes_and_floats_are_the_same_input() -> None:
    picture = torch.randint(0, 256, (2, 8, 6, 3), dtype=torch.uint8)
    floats = picture.permute(0, 3, 1, 2) / 255.0
    assert torch.allclose(to_input(picture), to_input(floats), atol=1e-4)


def test_more_raw_disparity_is_nearer(net: RvrLightNet) -> None:
    raw = net(to_input(torch.zeros(1, 64, 64, 3, dtype=torch.uint8)))._replace(
        disparity=torch.tensor([[[-9.0, 0, 9.0]]])
    )
    disparity, _, _ = from_output(raw, TINY)
    assert disparity[0, 0].tolist() == sorted(disparity[0, 0].tolist())
    assert float(disparity[0, 0, 1].detach()) == pytest.approx(0.5)


def test_confidence_and_light_do_not_bend_the_disparity(net: RvrLightNet) -> None:
    _, confidence = net.depth(to_input(torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)))
    net.zero_grad()
    confidence.sum().backward()
    touched = {name for name, parameter in net.named_parameters() if parameter.grad is not None}
    assert touched
    assert all(name.startswith("to_confidence") for name in touched)
    net.zero_grad()


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1280, 720, (352, 192)),
        (720, 1280, (192, 352)),
        (33, 17, (352, 192)),
        (4000, 100, (352, 64)),
        (1, 1, (352, 352)),
    ],
)
def test_working_size_keeps_the_aspect_in_steps_of_32(width: int, height: int, expected: tuple[int, int]) -> None:
    assert working_size(width, height, long_side=352) == expected


def test_only_what_is_clipped_passes_the_gate() -> None:
    gate = clip_gate(torch.tensor([0.0, 200, 240, 246, 252, 255]) / 255)
    assert gate[:3].tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert 0.4 < float(gate[3]) < 0.6
    assert gate[4:].tolist() == pytest.approx([1, 1])
