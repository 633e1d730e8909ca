"""The published networks of attention: where people look (role "gaze"), and AF-Net (AF_ROLES), loaded once.

Both are small and optional: where the manifest does not name them the program does without. What it names has to be
right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate.checkpoints import Published, fill, models_folder, published, read_checkpoint

if TYPE_CHECKING:
    from rvr_laaf_app.nets.af_net import AfNet
    from rvr_laaf_app.nets.gaze import GazeNet

AF_ROLES = ("af-net", "af-net-2")  # trained from different beginnings; what they say is averaged
LARGEST_SETTING = 1024  # a hostile one would reserve all memory before its tensors could be found missing


def weights_of(role: str) -> Published | None:
    """Return the published weights of a role; None if the manifest does not name it. Raises CheckpointError."""
    try:
        listing = json.loads((models_folder() / "manifest.json").read_bytes())
        known = role in listing["roles"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"the list of weights is damaged ({error!r})", where=models_folder()) from error
    return published(role) if known else None


def gaze_net() -> GazeNet | None:
    """Return the network of gaze, ready for use; None if it is not installed."""
    weights = weights_of("gaze")
    return None if weights is None else _gaze(weights)


def af_weights() -> list[Published]:
    """Return the published weights of AF-Net, one for each role that there is."""
    return [weights for role in AF_ROLES if (weights := weights_of(role)) is not None]


def af_nets() -> list[AfNet]:
    """Return the networks of AF-Net, ready for use; none if none is installed. They must be of one configuration."""
    nets = [_af(weights) for weights in af_weights()]
    if any(net.config != nets[0].config for net in nets):
        raise CheckpointError("the networks of AF-Net are of different kinds", where=models_folder())
    return nets


@lru_cache(maxsize=1)
def _gaze(weights: Published) -> GazeNet:
    from rvr_laaf_app.nets.gaze import GazeConfig, GazeNet

    header, tensors = read_checkpoint(weights.path, sha256=weights.sha256)
    net = GazeNet(GazeConfig(**_settings(header, "gaze", GazeConfig, weights)))
    fill(net, tensors, where=weights.path)
    return net.eval().requires_grad_(False)


@lru_cache(maxsize=len(AF_ROLES))
def _af(weights: Published) -> AfNet:
    from rvr_laaf_app.nets.af_net import AfNet, AfNetConfig

    header, tensors = read_checkpoint(weights.path, sha256=weights.sha256)
    net = AfNet(AfNetConfig(**_settings(header, "af-net", AfNetConfig, weights)))
    fill(net, tensors, where=weights.path)
    return net.eval().requires_grad_(False)


def _settings(header: Mapping[str, str], kind: str, config: type[Any], weights: Published) -> dict[str, Any]:
    """Return the settings of a network from the header of its file; raise CheckpointError for any that cannot be."""
    if header.get("net") != kind:
        raise CheckpointError(f"these are weights of another network ({header.get('net')})", where=weights.path)
    try:
        said = json.loads(header["config"])
        wanted = {field.name: field.default for field in fields(config)}
        if not isinstance(said, dict) or said.keys() != wanted.keys():
            raise ValueError("its settings are not those of this network")
        return {name: _setting(name, said[name], usual) for name, usual in wanted.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"the weights describe no valid network ({error})", where=weights.path) from error


def _setting(name: str, value: object, usual: object) -> object:
    if isinstance(usual, tuple):
        if not isinstance(value, list) or len(value) != len(usual):
            raise ValueError(f"{name} = {value!r}")
        return tuple(_setting(name, v, u) for v, u in zip(value, usual, strict=True))
    whole = isinstance(usual, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise ValueError(f"{name} = {value!r}")
    if not (1 if whole else 0) <= value <= LARGEST_SETTING:
        raise ValueError(f"{name} = {value!r}")
    return value
