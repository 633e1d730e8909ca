"""Find published weights and load them safely: safetensors only, every byte accounted for before it is used.

A checkpoint is named in `models/manifest.json` with its size and sha256. The file is read once, its hash compared, its
header (at most 1 MiB of JSON) checked against the exact list of names, shapes and types that the network wants. Nothing
in a file is ever run. Does not know what the networks compute.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.nets.efficientnet_lite import SIZES
from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet

LARGEST_HEADER_BYTES = 1 << 20
LARGEST_FILE_BYTES = 256 << 20
_REMEDY = "Install the program again, or restore the folder models/."


@dataclass(frozen=True, slots=True)
class Published:
    """One entry of the manifest: where the weights lie and what they must hash to."""

    name: str
    path: Path
    sha256: str
    bytes: int


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


def published(role: str, *, folder: Path | None = None) -> Published:
    """Return the checkpoint that the manifest gives this role (e.g. "rvr"); raise CheckpointError if it cannot."""
    folder = models_folder() if folder is None else folder
    manifest = folder / "manifest.json"
    try:
        listing = json.loads(manifest.read_bytes())
        name = listing["roles"][role]
        entry = listing["checkpoints"][name]
        file, sha256, size = str(entry["file"]), str(entry["sha256"]), int(entry["bytes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"the list of weights is damaged ({error!r})", where=manifest, remedy=_REMEDY) from error
    if Path(file).name != file:
        raise CheckpointError(f"the list of weights names a file elsewhere ({file})", where=manifest, remedy=_REMEDY)
    return Published(str(name), folder / file, sha256, size)


def read_checkpoint(path: Path, *, sha256: str | None = None) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return metadata and float32 tensors of a safetensors file; raise CheckpointError if anything is not right.

    The hash is of the very bytes that are used, so the file cannot change between check and use.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise CheckpointError(f"the weights are too large ({size} bytes)", where=path, remedy=_REMEDY)
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"the weights cannot be read ({error.strerror})", where=path, remedy=_REMEDY) from error
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError("the weights are not the published ones (sha256 differs)", where=path, remedy=_REMEDY)
    try:
        return _parse(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"the weights are damaged ({error})", where=path, remedy=_REMEDY) from error


def load_rvr(path: Path, *, sha256: str | None = None) -> RvrNet:
    """Return the network of a published file, ready for use (evaluation mode, no gradients, batch norm folded)."""
    metadata, tensors = read_checkpoint(path, sha256=sha256)
    if metadata.get("net") != "rvr":
        raise CheckpointError(f"these are weights of another network ({metadata.get('net')})", where=path)
    try:
        config = _config(json.loads(metadata["config"]))
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"the weights describe no valid network ({error})", where=path, remedy=_REMEDY) from error
    net = RvrNet(config)
    fill(net, tensors, where=path)
    return folded(net)


def fill(net: nn.Module, tensors: Mapping[str, Tensor], *, where: Path) -> None:
    """Copy tensors into the network; every name and shape must be there, and no other."""
    wanted = {name: value for name, value in net.state_dict().items() if value.is_floating_point()}
    if wanted.keys() != tensors.keys():
        odd = sorted(wanted.keys() ^ tensors.keys())
        raise CheckpointError(f"the weights do not fit the network: {len(odd)} names differ ({odd[0]})", where=where)
    for name, value in tensors.items():
        if value.shape != wanted[name].shape:
            raise CheckpointError(
                f"the weights do not fit the network: {name} is {tuple(value.shape)}, not {tuple(wanted[name].shape)}",
                where=where,
            )
        if not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"the weights hold numbers that are not finite ({name})", where=where)
        wanted[name].copy_(value)


def folded(net: RvrNet) -> RvrNet:
    """Fold every batch norm into the convolution before it: the same function with fewer passes over memory."""
    net = net.eval().requires_grad_(False)
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[1], nn.BatchNorm2d):
            conv, norm = module[0], module[1]
            if isinstance(conv, nn.Conv2d):
                module[0] = nn.utils.fuse_conv_bn_eval(conv, norm)
                module[1] = nn.Identity()
    return net


def _config(values: Mapping[str, Any]) -> RvrConfig:
    known = {field.name: field.default for field in fields(RvrConfig)}
    if not isinstance(values, dict) or values.keys() != known.keys():
        raise ValueError("its settings are not those of this network")
    trunk, widths = values["trunk"], values["widths"]
    if trunk not in SIZES or not isinstance(widths, list) or len(widths) != len(RvrConfig().widths):
        raise ValueError(f"trunk = {trunk!r}, widths = {widths!r}")
    plain = {name: value for name, value in values.items() if name not in ("trunk", "widths")}
    for name, value, kind in [
        *((name, value, type(known[name])) for name, value in plain.items()),
        *(("widths", width, int) for width in widths),
    ]:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # A hostile width would reserve all memory before its tensors could be found missing.
        low = 1 if kind is int else -1024
        if not number or not low <= value <= 1024 or (kind is int and not isinstance(value, int)):
            raise ValueError(f"{name} = {value!r}")
    return RvrConfig(trunk=trunk, widths=tuple(widths), **plain)


def _parse(data: bytes) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The safetensors format: header length (u64), JSON header, one block of data without gaps."""
    if len(data) < 8:
        raise ValueError("it is shorter than its header")
    length = int.from_bytes(data[:8], "little")
    if length > LARGEST_HEADER_BYTES or 8 + length > len(data):
        raise ValueError(f"its header claims {length} bytes")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in metadata.items()):
        raise ValueError("its metadata is not text")
    block = memoryview(data)[8 + length :]
    tensors, reached = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
        start, stop = entry["data_offsets"]
        shape = tuple(entry["shape"])
        if entry["dtype"] != "F32" or any(not isinstance(side, int) or side < 0 for side in shape) or len(shape) > 8:
            raise ValueError(f"{name} is not a float32 tensor")
        if start != reached or stop - start != 4 * math.prod(shape) or stop > len(block):
            raise ValueError(f"{name} does not lie where it should")
        part = bytearray(block[start:stop])
        tensors[name] = torch.frombuffer(part, dtype=torch.float32).reshape(shape) if part else torch.zeros(shape)
        reached = stop
    if reached != len(block):
        raise ValueError("it has bytes that belong to nothing")
    return metadata, tensors
