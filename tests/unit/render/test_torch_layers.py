"""The differentiable form: same picture as the oracle, gradients as finite differences say."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rvr_laaf_app.render.base import Aperture  # noqa: E402
from rvr_laaf_app.render.levels import level_grid  # noqa: E402
from rvr_laaf_app.render.occlusion import plain  # noqa: E402
from rvr_laaf_app.render.reference import layered as reference  # noqa: E402
from rvr_laaf_app.render.torch_layers import layered, opaque  # noqa: E402


def _tensors(make_scene, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    linear, coc = make_scene(height, width, radius_px=4.0, lights=1.0)
    return torch.from_numpy(linear).permute(2, 0, 1).double(), torch.from_numpy(coc).double()


def test_float64_equals_the_reference(make_scene) -> None:
    linear, coc = make_scene(48, 64)
    grid = level_grid(coc)
    image = torch.from_numpy(linear).permute(2, 0, 1).double()
    result = layered(opaque(image), torch.from_numpy(coc).double(), grid, Aperture(blades=6))
    assert np.allclose(
        result.permute(1, 2, 0).numpy(), reference(plain(linear, coc), grid, Aperture(blades=6)), atol=1e-3
    )


@pytest.mark.parametrize("which", ["linear", "coc"])
def test_gradients_match_finite_differences(which: str, make_scene) -> None:
    linear, coc = _tensors(make_scene, 14, 18)
    # A level coordinate that is whole has a kink: stay off it, and off the ends of the grid.
    grid = level_grid(np.float32([[-9.0, 9.0]]))
    coc = (coc * 0.8 + 0.317).clamp(-8, 8)
    weights = torch.from_numpy(np.random.default_rng(5).normal(size=tuple(linear.shape)))

    def loss(light: torch.Tensor, blur: torch.Tensor) -> torch.Tensor:
        return (layered(opaque(light), blur, grid, Aperture()) * weights).sum()

    leaf = (linear if which == "linear" else coc).clone().requires_grad_(True)
    total = loss(leaf, coc) if which == "linear" else loss(linear, leaf)
    (gradient,) = torch.autograd.grad(total, leaf)
    rng, step, close = np.random.default_rng(1), 1e-6, 0
    for _ in range(20):
        direction = torch.from_numpy(rng.normal(size=tuple(leaf.shape)))
        ahead, behind = leaf.detach() + step * direction, leaf.detach() - step * direction
        pair = (
            (loss(ahead, coc), loss(behind, coc)) if which == "linear" else (loss(linear, ahead), loss(linear, behind))
        )
        numeric = float(pair[0] - pair[1]) / (2 * step)
        close += abs(numeric - float((gradient * direction).sum())) <= 1e-3 * max(1.0, abs(numeric))
    assert close >= 18


@pytest.mark.gpu
def test_cuda_equals_the_reference(make_scene) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    linear, coc = make_scene(96, 128)
    grid = level_grid(coc)
    image = torch.from_numpy(linear).permute(2, 0, 1).cuda()
    result = layered(opaque(image), torch.from_numpy(coc).cuda(), grid, Aperture()).permute(1, 2, 0).cpu().numpy()
    assert np.abs(result - reference(plain(linear, coc), grid, Aperture())).max() < 1e-3
