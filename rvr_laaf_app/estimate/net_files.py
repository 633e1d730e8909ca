"""What the folder of a public depth network must hold, checked before anything of it is installed or loaded.

Three files in the layout of `transformers`: config.json, preprocessor_config.json and model.safetensors. Only JSON and
safetensors are ever read: both are data, nothing in them can run. Pickled weights (.bin, .pt, .pth, .ckpt, .pkl) and
folders that bring code of their own are refused. Knows no torch and no `transformers`; installs and loads nothing.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from rvr_laaf_app.core.errors import CheckpointError

Output = Literal["disparity", "distance"]
"""What a network's numbers are: larger = nearer (relative inverse depth), or metres from the camera."""

LIBRARY: Final = "transformers==5.23.0"  # the optional package that runs such networks, as tested (extra "hub")
CONFIG: Final = "config.json"
PREPARATION: Final = "preprocessor_config.json"
WEIGHTS: Final = "model.safetensors"
FILES: Final = (CONFIG, PREPARATION, WEIGHTS)

# Kind of network (config.json: model_type) -> its class in `transformers`.
KINDS: Final = {
    "depth_anything": "DepthAnythingForDepthEstimation",
    "dpt": "DPTForDepthEstimation",
    "zoedepth": "ZoeDepthForDepthEstimation",
    "glpn": "GLPNForDepthEstimation",
    "depth_pro": "DepthProForDepthEstimation",
}
LARGEST_JSON_BYTES: Final = 1 << 20
LARGEST_WEIGHTS_BYTES: Final = 8 << 30
_PICKLED: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_NO_PICKLE: Final = "Such files can run code when they are opened. Get the network as model.safetensors."
_BYTES_OF: Final = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True, slots=True)
class NetFacts:
    """kind: a key of KINDS. output: what its numbers are, as far as its settings tell."""

    kind: str
    output: Output


def check_folder(folder: Path) -> NetFacts:
    """Return what network lies in `folder`; raise CheckpointError unless it is whole and of a kind that is known."""
    if folder.suffix.lower() in _PICKLED and not folder.is_dir():
        raise CheckpointError("these are pickled weights, which are never opened", where=folder, remedy=_NO_PICKLE)
    if not folder.is_dir():
        raise CheckpointError("there is no such folder", where=folder, remedy="Check the path.")
    _check_present(folder)
    facts = facts_of(read_json(folder / CONFIG), where=folder / CONFIG)
    read_json(folder / PREPARATION)
    check_weights(folder / WEIGHTS)
    return facts


def _check_present(folder: Path) -> None:
    if not (folder / WEIGHTS).is_file():
        names = sorted(entry.name for entry in folder.iterdir())
        if any(Path(name).suffix.lower() in _PICKLED for name in names):
            raise CheckpointError("the folder holds pickled weights only", where=folder, remedy=_NO_PICKLE)
        if any(name.endswith(".safetensors") or name.endswith(".safetensors.index.json") for name in names):
            raise CheckpointError(
                "the weights must be one file named model.safetensors", where=folder, remedy="Choose a smaller network."
            )
    for name in FILES:
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{name} is missing", where=folder, remedy=f"The folder must hold {', '.join(FILES)}."
            )


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file of at most 1 MiB; raise CheckpointError if it is not that."""
    try:
        if path.stat().st_size > LARGEST_JSON_BYTES:
            raise CheckpointError("the file is larger than 1 MiB, which settings never are", where=path)
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(error.strerror or str(error), where=path) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError("this is not valid JSON", where=path, remedy="Get the network again.") from error
    if not isinstance(values, dict):
        raise CheckpointError("this is not a JSON object", where=path, remedy="Get the network again.")
    return values


def facts_of(config: dict[str, Any], *, where: Path) -> NetFacts:
    """Return what config.json says; raise CheckpointError for kinds that are unknown or want code or other files."""
    kind = config.get("model_type")
    if kind not in KINDS:
        raise CheckpointError(
            f"a network of the kind {kind!r} is not supported", where=where, remedy=f"Supported: {', '.join(KINDS)}."
        )
    if "auto_map" in config or "custom_pipelines" in config:
        raise CheckpointError("the network wants to run code of its own", where=where, remedy="It is not installed.")
    for part in (config, config.get("backbone_config")):
        if isinstance(part, dict) and (part.get("backbone") or part.get("use_timm_backbone")):
            raise CheckpointError("the network takes parts from elsewhere, which is not supported", where=where)
    return NetFacts(str(kind), _output_of(str(kind), config))


def _output_of(kind: str, config: dict[str, Any]) -> Output:
    """What the numbers are. DPT does not say it: those on DINOv2 are trained on metres, the others as MiDaS was."""
    if kind == "depth_anything":
        return "distance" if config.get("depth_estimation_type") == "metric" else "disparity"
    if kind == "dpt":
        backbone = config.get("backbone_config")
        return "distance" if isinstance(backbone, dict) and backbone.get("model_type") == "dinov2" else "disparity"
    # Depth Pro gives the canonical inverse depth; its field of view, a factor per frame, is not used.
    return "disparity" if kind == "depth_pro" else "distance"


def check_weights(path: Path) -> None:
    """Raise CheckpointError unless `path` is a safetensors file whose every byte belongs to a tensor of sane shape."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size > LARGEST_WEIGHTS_BYTES or length > LARGEST_JSON_BYTES or 8 + length > size:
                raise ValueError("its header is too long")
            header = json.loads(file.read(length))
        _check_layout(header, size - 8 - length)
    except OSError as error:
        raise CheckpointError(f"the weights cannot be read ({error.strerror})", where=path) from error
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise CheckpointError(
            f"the weights are damaged or no safetensors file ({error})", where=path, remedy="Get the network again."
        ) from error


def _check_layout(header: dict[str, Any], block_bytes: int) -> None:
    tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
    if not tensors:
        raise ValueError("it holds no tensors")
    reached = 0
    for name, entry in sorted(tensors.items(), key=lambda item: (item[1]["data_offsets"], item[0])):
        start, stop = entry["data_offsets"]
        shape = entry["shape"]
        if any(not isinstance(side, int) or side < 0 for side in shape) or len(shape) > 8:
            raise ValueError(f"{name} has no valid shape")
        if start != reached or stop - start != _BYTES_OF[entry["dtype"]] * math.prod(shape):
            raise ValueError(f"{name} does not lie where it should")
        reached = stop
    if reached != block_bytes:
        raise ValueError("it is cut short or has bytes that belong to nothing")


def stated_licence(folder: Path) -> str:
    """Return the licence that the folder's model card or licence file states, or "not stated"."""
    card = _first_lines(folder / "README.md")
    if card and card[0].strip() == "---":
        for line in card[1:]:
            if line.strip() == "---":
                break
            key, _, value = line.partition(":")
            if key.strip() == "license" and value.strip():
                return value.strip().strip("\"'")
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"):
        titles = [line.strip() for line in _first_lines(folder / name) if line.strip()]
        if titles:
            return titles[0][:80]
    return "not stated"


def _first_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            text = file.read(16384).decode("utf-8", "replace")
    except OSError:
        return []
    return ["".join(c for c in line if c.isprintable()) for line in text.splitlines()]


def folder_bytes(folder: Path) -> int:
    """Return the size of the three files together."""
    return sum(os.path.getsize(folder / name) for name in FILES)
