"""Weights of a finished network, published or from a run, as something that can be trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from rvr_laaf_app.estimate.checkpoints import fill, read_checkpoint
from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet
from rvr_laaf_app.training.loop import load_checkpoint


def finished(path: Path) -> RvrNet:
    """The network of published weights, or the averaged one of a training checkpoint; batch norms as they are."""
    with safe_open(path, "pt") as file:
        header = file.metadata()
    if "facts" in header:
        net = RvrNet(_config(json.loads(header["facts"])["config"]))
        load_checkpoint(path, nets={"average": net}, optimizer=None)
    else:
        net = RvrNet(_config(json.loads(header["config"])))
        fill(net, read_checkpoint(path)[1], where=path)
    return net


def _config(fields: dict[str, Any]) -> RvrConfig:
    return RvrConfig(**fields | {"widths": tuple(fields["widths"])})
