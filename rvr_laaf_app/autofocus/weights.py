"""Find and load the published weights of the autofocus networks: safetensors only, checked before they are used.

How they are found and checked is the business of `estimate.checkpoints`; what the networks compute is said in
`nets.autofocus_nets`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from rvr_laaf_app.core.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from rvr_laaf_app.nets.autofocus_nets import BlurNet, FocusDiscriminator, StepEstimator

    Net = TypeVar("Net", bound=nn.Module)

LEARNED, PAPER = "autofocus", "autofocus_paper"  # roles in the manifest
_REMEDY: Final = "Install the program again, or restore the folder models/."


@dataclass(frozen=True, slots=True, eq=False)
class PaperNets:
    """f_e and f_d of the paper, trained for the camera of `camera.defocus.paper_model`."""

    estimator: StepEstimator
    discriminator: FocusDiscriminator


@lru_cache(maxsize=2)
def load_blur_net(folder: Path | None = None) -> BlurNet:
    """Return the published network of the role `autofocus`, ready for use; CheckpointError if it cannot be."""
    from rvr_laaf_app.nets.autofocus_nets import BlurNet, BlurNetConfig

    path, metadata, tensors = _read(LEARNED, folder, net="blur_net")
    try:
        values = json.loads(metadata["config"])
        if any(isinstance(value, bool) or not 0 < value <= 1024 for value in values.values()):
            raise ValueError(f"its settings are out of range ({values})")
        net = BlurNet(BlurNetConfig(**values))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"the weights describe no valid network ({error})", where=path, remedy=_REMEDY) from error
    return _filled(net, tensors, path)


@lru_cache(maxsize=2)
def load_paper_nets(folder: Path | None = None) -> PaperNets:
    """Return the published networks of the role `autofocus_paper`, ready for use; CheckpointError if they cannot be."""
    from rvr_laaf_app.nets.autofocus_nets import FocusDiscriminator, StepEstimator, StepEstimatorConfig

    path, metadata, tensors = _read(PAPER, folder, net="autofocus_paper")
    try:
        estimator = StepEstimator(StepEstimatorConfig(float(json.loads(metadata["config"])["steps_per_unit"])))
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"the weights describe no valid network ({error})", where=path, remedy=_REMEDY) from error
    return PaperNets(
        _filled(estimator, _part(tensors, "estimator."), path),
        _filled(FocusDiscriminator(), _part(tensors, "discriminator."), path),
    )


def _part(tensors: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _read(role: str, folder: Path | None, *, net: str) -> tuple[Path, dict[str, str], dict[str, Tensor]]:
    """Return path, metadata and tensors of the checkpoint that has a role."""
    from rvr_laaf_app.estimate.checkpoints import published, read_checkpoint

    found = published(role, folder=folder)
    metadata, tensors = read_checkpoint(found.path, sha256=found.sha256)
    if metadata.get("net") != net:
        raise CheckpointError(f"these are weights of another network ({metadata.get('net')})", where=found.path)
    return found.path, metadata, tensors


def _filled(net: Net, tensors: dict[str, Tensor], path: Path) -> Net:
    from rvr_laaf_app.estimate.checkpoints import fill

    fill(net, tensors, where=path)
    return net.eval().requires_grad_(False)
