"""Read published trunk weights (PyTorch's zip format) without running anything they contain.

The format holds a pickle, and a pickle can call any function. This reader lets it name exactly three things: an
ordered dict, a float storage and the function that makes a tensor of one; everything else is refused. Only training
needs it; the program itself reads safetensors.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.nets.rvr_light_net import RvrLightNet

LARGEST_BYTES = 64 << 20
# Position in torchvision's `features` -> name in our network.
TRUNK_LAYERS = {
    "features.0": "stem.0",
    "features.3": "stage4.0",
    "features.4": "stage4.1",
    "features.5": "stage4.2",
    "features.7": "stage8.0",
    "features.8": "stage8.1",
    "features.9": "stage8.2",
    "features.10": "stage8.3",
    "features.12": "stage16",
}


class _FloatStorage:
    """Stands for torch.FloatStorage in the pickle."""


def _rebuild(
    storage: np.ndarray[tuple[int], np.dtype[np.float32]],
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    *_: object,
) -> Tensor:
    """What torch._utils._rebuild_tensor_v2 does, with bounds checked first."""
    reach = offset + 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if offset < 0 or any(size < 1 for size in shape) or any(step < 0 for step in stride) or reach > storage.size:
        raise CheckpointError("a tensor reaches outside its storage")
    return torch.from_numpy(storage).as_strided(shape, stride, offset).clone()


ALLOWED_NAMES = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): _FloatStorage,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
}


class _WeightsOnly(pickle.Unpickler):
    """An unpickler that knows three names."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(data))
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> object:
        """Return one of the three allowed things."""
        try:
            return ALLOWED_NAMES[module, name]
        except KeyError:
            raise CheckpointError(f"the weights name {module}.{name}, which is not allowed") from None

    def persistent_load(self, pid: object) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Return the float32 storage that a tensor lies in."""
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage" and pid[1] is _FloatStorage):
            raise CheckpointError("the weights hold something other than float storages")
        return np.frombuffer(self._archive.read(f"{self._folder}/data/{int(pid[2])}"), "<f4").copy()


def read_zip_weights(path: Path) -> dict[str, Tensor]:
    """Return the float tensors of a PyTorch zip file by name; raise CheckpointError if it holds anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_BYTES:
                raise CheckpointError("the weights are far larger than a trunk", where=path)
            (listing,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            loaded = _WeightsOnly(archive.read(listing), archive, listing.removesuffix("/data.pkl")).load()
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, ValueError, KeyError, TypeError, EOFError) as error:
        raise CheckpointError(f"these are not PyTorch zip weights ({error})", where=path) from error
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise CheckpointError("the weights are not a plain list of tensors", where=path)
    return dict(loaded)


def start_from_trunk(net: RvrLightNet, path: Path) -> None:
    """Copy SqueezeNet 1.0's convolutions (BGR, as published) into the network's encoder (RGB)."""
    weights = read_zip_weights(path)
    own = net.state_dict()
    for theirs, ours in TRUNK_LAYERS.items():
        found = {name: value for name, value in weights.items() if name.startswith(theirs + ".")}
        if not found:
            raise CheckpointError(f"the trunk lacks {theirs}", where=path)
        for name, value in found.items():
            if name == "features.0.weight":
                value = value.flip(1)
            own[ours + name.removeprefix(theirs)].copy_(value)
