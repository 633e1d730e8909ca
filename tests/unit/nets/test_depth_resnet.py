"""The paper's ResNet: shapes for any size, the public layer names, nothing that must not learn."""

from __future__ import annotations

import pytest
import torch

from rvr_laaf_app.nets.depth_resnet import DepthResnet, DepthResnetConfig, ResnetEncoder, to_input, working_size

TINY = (16, 16, 8, 8, 8)


@pytest.mark.parametrize("layers", [18, 50])
@pytest.mark.parametrize("size", [(64, 96), (96, 64), (32, 32)])
def test_the_map_has_the_size_of_the_picture(layers: int, size: tuple[int, int]) -> None:
    net = DepthResnet(DepthResnetConfig(layers=layers, width=8, decoder=TINY)).eval()
    rgb = torch.randint(0, 256, (2, *size, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert net(to_input(rgb)).shape == (2, *size)


@pytest.mark.parametrize(("layers", "millions", "deepest"), [(18, 11.18, 512), (50, 23.51, 2048)])
def test_the_encoder_is_the_known_one(layers: int, millions: float, deepest: int) -> None:
    """Parameters of the public ResNets without their classifier (11.69 and 25.56 million with it), and their names."""
    encoder = ResnetEncoder(layers, 64)
    count = sum(parameter.numel() for parameter in encoder.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.01)
    assert encoder.channels[-1] == deepest
    names = set(encoder.state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer4.1.bn2.bias"} <= names
    assert "layer2.0.downsample.0.weight" in names


def test_other_depths_are_refused() -> None:
    with pytest.raises(ValueError, match="34"):
        ResnetEncoder(34, 64)


def test_input_and_working_size() -> None:
    grey = torch.full((1, 4, 4, 3), 128, dtype=torch.uint8)
    assert to_input(grey)[0, :, 0, 0].tolist() == pytest.approx([0.0740, 0.2052, 0.4265], abs=1e-3)
    assert working_size(1280, 720, long_side=320) == (320, 192)
    assert working_size(720, 1280, long_side=320) == (192, 320)
    assert working_size(5000, 10, long_side=320) == (320, 32)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    net = DepthResnet(DepthResnetConfig(width=8, decoder=TINY))
    net(torch.randn(2, 3, 64, 64)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in net.parameters())
