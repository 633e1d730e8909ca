"""Read published trunk weights (PyTorch's zip format, or the one before it) without running anything they contain.

The formats hold pickles, and a pickle can call any function. This reader lets it name exactly four things: an ordered
dict, a float and an integer storage, and the function that makes a tensor of one; everything else is refused. Only
training needs it; the program itself reads safetensors.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.nets.efficientnet_lite import EfficientNetLite

LARGEST_BYTES = 64 << 20
Storage = np.ndarray[tuple[int], np.dtype[Any]]
# The format before zip: these two pickles come first, then one of the system, the tensors, the order of the storages.
OLD_MAGIC, OLD_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
BATCH_NORM_EPSILON = 1e-3  # of the published EfficientNet-Lite


class _FloatStorage:
    """Stands for torch.FloatStorage in the pickle."""


class _LongStorage:
    """Stands for torch.LongStorage in the pickle (batch norm counts its batches with it)."""


STORAGE_TYPES = {_FloatStorage: "<f4", _LongStorage: "<i8"}


def _rebuild(storage: Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    """What torch._utils._rebuild_tensor_v2 does, with bounds checked first."""
    reach = offset + 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if offset < 0 or any(size < 1 for size in shape) or any(step < 0 for step in stride) or reach > storage.size:
        raise CheckpointError("a tensor reaches outside its storage")
    return torch.from_numpy(storage).as_strided(shape, stride, offset)


ALLOWED_NAMES = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): _FloatStorage,
    ("torch", "LongStorage"): _LongStorage,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
}


class _WeightsOnly(pickle.Unpickler):
    """An unpickler that knows four names; `storage_of(key, numbers, dtype)` gives what a tensor lies in."""

    def __init__(self, file: IO[bytes], storage_of: Callable[[str, int, str], Storage]) -> None:
        super().__init__(file)
        self._storage_of = storage_of

    def find_class(self, module: str, name: str) -> object:
        """Return one of the four allowed things."""
        try:
            return ALLOWED_NAMES[module, name]
        except KeyError:
            raise CheckpointError(f"the weights name {module}.{name}, which is not allowed") from None

    def persistent_load(self, pid: object) -> Storage:
        """Return the storage that a tensor lies in."""
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and pid[1] in STORAGE_TYPES):
            raise CheckpointError("the weights hold something other than float storages")
        return self._storage_of(str(pid[2]), int(pid[4]), STORAGE_TYPES[pid[1]])


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a PyTorch weight file by name; raise CheckpointError if it holds anything else."""
    try:
        with path.open("rb") as file:
            loaded = _read_zip(path) if zipfile.is_zipfile(file) else _read_old(path)
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, ValueError, KeyError, TypeError, EOFError) as error:
        raise CheckpointError(f"these are not PyTorch weights ({error})", where=path) from error
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise CheckpointError("the weights are not a plain list of tensors", where=path)
    return {name: value.clone() for name, value in loaded.items()}


def _read_zip(path: Path) -> object:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST_BYTES:
            raise CheckpointError("the weights are far larger than a trunk", where=path)
        (listing,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        folder = listing.removesuffix("/data.pkl")

        def storage_of(key: str, _: int, dtype: str) -> Storage:
            return np.frombuffer(archive.read(f"{folder}/data/{int(key)}"), dtype).copy()

        return _WeightsOnly(io.BytesIO(archive.read(listing)), storage_of).load()


def _read_old(path: Path) -> object:
    """Tensors first, the numbers of their storages after them: storages are made empty and filled at the end."""
    if path.stat().st_size > LARGEST_BYTES:
        raise CheckpointError("the weights are far larger than a trunk", where=path)
    storages: dict[str, Storage] = {}

    def storage_of(key: str, numbers: int, dtype: str) -> Storage:
        if key not in storages:
            if not 0 <= numbers * np.dtype(dtype).itemsize <= path.stat().st_size:
                raise CheckpointError("a storage is larger than its file", where=path)
            storages[key] = np.zeros(numbers, dtype)
        return storages[key]

    with path.open("rb") as file:
        header = [_WeightsOnly(file, storage_of).load() for _ in range(3)]
        if header[:2] != [OLD_MAGIC, OLD_PROTOCOL]:
            raise CheckpointError("these are not PyTorch weights", where=path)
        loaded = _WeightsOnly(file, storage_of).load()
        for key in _WeightsOnly(file, storage_of).load():
            storage = storages[str(key)]
            if int.from_bytes(file.read(8), "little") != storage.size:
                raise CheckpointError("a storage has another size than its tensors say", where=path)
            storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
    return loaded


def start_from_efficientnet_lite(encoder: EfficientNetLite, path: Path) -> None:
    """Copy the published convolutions into the encoder, each with its batch norm folded in."""
    weights = read_weights(path)

    @torch.no_grad()
    def fold(ours: torch.nn.Conv2d, conv: str, norm: str) -> None:
        try:
            scale = weights[norm + ".weight"] / (weights[norm + ".running_var"] + BATCH_NORM_EPSILON).sqrt()
            kernel, shift = weights[conv + ".weight"], weights[norm + ".bias"] - weights[norm + ".running_mean"] * scale
        except KeyError as error:
            raise CheckpointError(f"the trunk lacks {error}", where=path) from error
        if kernel.shape != ours.weight.shape or ours.bias is None:
            raise CheckpointError(f"the trunk is of another size: {conv} is {tuple(kernel.shape)}", where=path)
        ours.weight.copy_(kernel * scale[:, None, None, None])
        ours.bias.copy_(shift)

    fold(encoder.stem, "_conv_stem", "_bn0")
    for number, block in enumerate(encoder.blocks()):
        name = f"_blocks.{number}."
        if block.expand is not None:
            fold(block.expand, name + "_expand_conv", name + "_bn0")
        fold(block.depthwise, name + "_depthwise_conv", name + "_bn1")
        fold(block.project, name + "_project_conv", name + "_bn2")
