"""Find and load the published weights of the autofocus networks: safetensors only, checked before they are used.

The file that `models/manifest.json` names for a role is read once, its hash compared, and every tensor must have the
name and shape that the network wants. Knows the files; what the networks compute is said in `nets.autofocus_nets`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
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
_LARGEST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class PaperNets:
    """f_e and f_d of the paper, trained for the camera of `camera.defocus.paper_model`."""

    estimator: StepEstimator
    discriminator: FocusDiscriminator


def models_folder() -> Path:
    """Return the folder of published weights: $RVR_MODELS_DIR, the checkout's, or the installation's."""
    frozen = getattr(sys, "_MEIPASS", None)
    candidates = [
        os.environ.get("RVR_MODELS_DIR"),
        Path(__file__).resolve().parents[2] / "models",
        Path(frozen) / "models" if frozen else None,
        Path(sys.prefix) / "share" / "rvr-laaf" / "models",
    ]
    for candidate in candidates:
        if candidate and (Path(candidate) / "manifest.json").is_file():
            return Path(candidate)
    raise CheckpointError("no published weights were found", where=candidates[1], remedy=_REMEDY)


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
    """Return path, metadata and tensors of the checkpoint that has a role; the hash is of the very bytes used."""
    import safetensors
    from safetensors.torch import load

    place = models_folder() if folder is None else folder
    manifest = place / "manifest.json"
    try:
        listing = json.loads(manifest.read_bytes())
        entry = listing["checkpoints"][listing["roles"][role]]
        name, sha256 = str(entry["file"]), str(entry["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"the list of weights has nothing for {role!r} ({error!r})"
        raise CheckpointError(what, where=manifest, remedy=_REMEDY) from error
    path = place / name
    if Path(name).name != name:
        raise CheckpointError(f"the list of weights names a file elsewhere ({name})", where=manifest, remedy=_REMEDY)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CheckpointError("the weights are too large", where=path, remedy=_REMEDY)
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"the weights cannot be read ({error.strerror})", where=path, remedy=_REMEDY) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError("the weights are not the published ones (sha256 differs)", where=path, remedy=_REMEDY)
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = {str(k): str(v) for k, v in json.loads(data[8 : 8 + length]).get("__metadata__", {}).items()}
    except (safetensors.SafetensorError, ValueError, AttributeError) as error:
        raise CheckpointError(f"the weights are damaged ({error})", where=path, remedy=_REMEDY) from error
    if metadata.get("net") != net:
        raise CheckpointError(f"these are weights of another network ({metadata.get('net')})", where=path)
    return path, metadata, tensors


def _filled(net: Net, tensors: dict[str, Tensor], path: Path) -> Net:
    import torch

    wanted = net.state_dict()
    if {name: value.shape for name, value in wanted.items()} != {name: value.shape for name, value in tensors.items()}:
        raise CheckpointError("the weights do not fit the network", where=path, remedy=_REMEDY)
    if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise CheckpointError("the weights hold numbers that are not finite", where=path, remedy=_REMEDY)
    net.load_state_dict(tensors)
    return net.eval().requires_grad_(False)
