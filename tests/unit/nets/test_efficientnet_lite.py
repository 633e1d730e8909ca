"""The encoder: the published sizes, and that a map's cell lies where its pixels lie."""

from __future__ import annotations

import pytest
import torch

from rvr_laaf_app.nets.efficientnet_lite import EfficientNetLite, scaled_stages


@pytest.mark.parametrize(
    ("size", "channels", "millions"),
    [("lite0", (16, 24, 40, 112, 320), 2.94), ("lite2", (16, 24, 48, 120, 352), 4.33)],
)
def test_the_published_sizes(size: str, channels: tuple[int, ...], millions: float) -> None:
    net = EfficientNetLite(size)
    assert net.channels == channels
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


def test_the_larger_sizes_are_deeper() -> None:
    assert [stage.repeats for stage in scaled_stages("lite0")] == [1, 2, 2, 3, 3, 4, 1]
    assert [stage.repeats for stage in scaled_stages("lite2")] == [1, 3, 3, 4, 4, 5, 1]


def test_maps_have_their_strides() -> None:
    with torch.inference_mode():
        maps = EfficientNetLite("lite0").eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[-2:]) for m in maps] == [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]


def test_cells_lie_within_half_a_cell_of_their_pixels() -> None:
    """The middle of what a cell sees, by its gradient, against the middle of the pixels it stands for."""
    torch.manual_seed(0)
    net = EfficientNetLite("lite0").eval()
    with torch.no_grad():  # positive kernels: what is seen adds up, and the middle is that of the geometry
        for parameter in net.parameters():
            parameter.abs_() if parameter.ndim > 1 else parameter.fill_(0.0)
            if parameter.ndim > 1:
                parameter /= parameter.flatten(1).sum(1).clamp(min=1e-9)[:, None, None, None]
    x = torch.full((1, 3, 512, 512), 1e-4, requires_grad=True)
    for stride, maps in zip((2, 4, 8, 16, 32), net(x), strict=True):
        cell = 256 // stride
        (seen,) = torch.autograd.grad(maps[0, :, cell, cell].sum(), x, retain_graph=True)
        columns = seen[0].sum((0, 1))
        middle = float((columns * torch.arange(512)).sum() / columns.sum())
        assert abs(middle - (256 + (stride - 1) / 2)) <= max(0.5 * stride - 0.4, 0.6)
