"""What all training scripts share: seeds, learning rate, averaged weights, and checkpoints that can be resumed.

Checkpoints are safetensors with a JSON header, never pickles. The loops themselves stand in the scripts.
"""

from __future__ import annotations

import csv
import json
import math
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

T = TypeVar("T")


def set_seeds(seed: int) -> None:
    """Seed every source of chance."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def learning_rate_share(step: int, *, steps: int, warmup: int) -> float:
    """Share of the full rate: linear warm-up, then half a cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    done = min((step - warmup) / max(steps - warmup, 1), 1.0)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, *, decay: float) -> None:
    """Move the averaged weights towards the network's (exponential moving average); buffers are copied."""
    for slow, fast in zip(average.parameters(), net.parameters(), strict=True):
        slow.lerp_(fast, 1 - decay)
    for slow_buffer, buffer in zip(average.buffers(), net.buffers(), strict=True):
        slow_buffer.copy_(buffer)


def save_checkpoint(
    path: Path, *, nets: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer | None, facts: Mapping[str, object]
) -> None:
    """Write nets, optimizer (if given) and facts (JSON) in one file, atomically."""
    tensors: dict[str, Tensor] = {}
    for label, net in nets.items():
        tensors.update({f"{label}/{name}": value.contiguous() for name, value in net.state_dict().items()})
    states = {} if optimizer is None else optimizer.state_dict()["state"]
    for index, state in states.items():
        tensors.update({f"optimizer/{index}/{key}": value.contiguous() for key, value in state.items()})
    partial = path.with_suffix(".part")
    save_file({name: value.clone() for name, value in tensors.items()}, partial, {"facts": json.dumps(dict(facts))})
    os.replace(partial, path)


def load_checkpoint(
    path: Path, *, nets: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer | None
) -> dict[str, object]:
    """Fill nets and optimizer from a file of `save_checkpoint`; return its facts."""
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        facts: dict[str, object] = json.loads(file.metadata()["facts"])
    for label, net in nets.items():
        part = {name.removeprefix(label + "/"): v for name, v in tensors.items() if name.startswith(label + "/")}
        net.load_state_dict(part)
    if optimizer is not None:
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer/"):
                _, index, key = name.split("/")
                state.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return facts


def load_mean(paths: Sequence[Path], net: nn.Module) -> None:
    """Fill the network with the mean of the averaged weights of several checkpoints of one run."""
    states = []
    for path in paths:
        load_checkpoint(path, nets={"average": net}, optimizer=None)
        states.append({name: value.clone() for name, value in net.state_dict().items()})
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.stack([state[name] for state in states]).mean(0))


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, each made in a thread while the one before is used."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def log_row(path: Path, row: Mapping[str, object]) -> None:
    """Append one line to a CSV log; the first line names the columns."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
