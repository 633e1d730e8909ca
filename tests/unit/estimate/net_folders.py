"""Folders of depth networks as tests need them: the real layout, with weights of a few bytes that fit no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

PREPARATION = {
    "do_resize": True,
    "size": {"height": 70, "width": 70},
    "keep_aspect_ratio": True,
    "ensure_multiple_of": 14,
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def safetensors_bytes(tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """Write the format by hand: header length, JSON header, one block."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    block = b""
    for name, value in tensors.items():
        data = value.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(value.shape),
            "data_offsets": [len(block), len(block) + len(data)],
        }
        block += data
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + block


def write_net(folder: Path, *, config: dict[str, Any] | None = None, card: str = "") -> Path:
    folder.mkdir(parents=True)
    values = {"model_type": "depth_anything", "depth_estimation_type": "relative", **(config or {})}
    (folder / "config.json").write_text(json.dumps(values))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION))
    weights = {"head.weight": np.arange(12.0).reshape(3, 4), "head.bias": np.zeros(3)}
    (folder / "model.safetensors").write_bytes(safetensors_bytes(weights))
    if card:
        (folder / "README.md").write_text(card)
    return folder
