"""How well depth from focus works: methods against exact depth on rendered focal stacks, beside the slides' figures.

Stacks come from `dff_scenes` with textures that are drawn, so nothing has to be on disk. Depth is metres over the
farthest focus distance (0..1); the far wall does not count. MSE is the mean over stacks, RMS the mean over stacks of
each one's root, accuracy the share of pixels in percent that are less than a quarter off, max(p / t, t / p) < 1.25: the
slides name these three without defining them; this is what they are elsewhere (Eigen et al. 2014), and their MSE and
RMS agree with it. Errors of disparity (0..1 over the focus range), which is what methods give, stand beside them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.measure.dff_scenes import FocalStack, Things, random_stack
from rvr_laaf_app.stack.depth_from_focus import FEW_SLICES, depth_from_focus
from rvr_laaf_app.stack.depth_from_focus_net import ROLE, learned_depth, load_published

Map = NDArray[np.float32]
Method = Callable[[Map, Map], tuple[Map, Map]]
"""(slices [n, h, w, 3] float32, places [n] falling from 1 to 0) -> (disparity [h, w], confidence [h, w])."""

SLIDES = {
    "DDFF": {"mse": 1.8e-3, "rms": 0.041, "accuracy": 86.78},
    "LSTM-DDFF": {"mse": 1.1e-3, "rms": 0.033, "accuracy": 94.98},
    "recurrent AE": {"mse": 3.4e-3, "rms": 0.058, "accuracy": 69.02},
}
"""Synthetic Blender test set, small objects, as printed; on their scenes, not on these."""
GOAL = {"rms": 0.025, "accuracy": 97.0}
NET_ROLES = ("ddff", "lstm-ddff", "recurrent", "poolnet", "focus-volume")
SEED_SPACE = 20261  # keeps test scenes apart from those of training pools


@dataclass(frozen=True, slots=True)
class StackScore:
    """Errors on one stack; sure_rms: RMS of disparity on the half of the pixels with the highest confidence."""

    mse: float
    rms: float
    accuracy: float
    disparity_rms: float
    sure_rms: float
    seconds: float


def known_methods() -> dict[str, Method]:
    """Return what can be measured here: the classical method, every published network, and ours with sharpness."""

    def entry(name: str) -> Method:
        return lambda slices, places: depth_from_focus(slices, 1.0 - places, method=name)

    methods: dict[str, Method] = {"classical": entry("classical")}
    for kind in NET_ROLES:
        with contextlib.suppress(CheckpointError):  # not shipped
            methods[kind] = of_role(f"{ROLE}-{kind}")
    with contextlib.suppress(CheckpointError):
        load_published()
        methods["dense"] = entry("dense")
    return methods


def of_role(role: str) -> Method:
    """Return the method that the published network of a role is; raise CheckpointError if there is none."""
    net = load_published(role)
    return lambda slices, places: learned_depth(list(slices[::-1]), places[::-1], net=net)


def measure_dff(
    methods: Mapping[str, Method],
    *,
    seed: int,
    stacks: int = 16,
    frames: int = 4,
    side: int = 256,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Return {"methods": {name: {"static" | "moving": figures}}, "slides", "goal", ...}; `stacks` of each sort."""
    scores: dict[str, dict[str, list[StackScore]]] = {name: {"static": [], "moving": []} for name in methods}
    for number, (sort, stack) in enumerate(test_stacks(seed, stacks, frames, side)):
        for name, method in methods.items():
            tell(f"dff {number + 1}/{2 * stacks} {name}")
            scores[name][sort].append(score(stack, method))
    return {
        "measure": "dff",
        "seed": seed,
        "stacks": stacks,
        "frames": frames,
        "side": side,
        "default": "focus-volume" if frames <= FEW_SLICES else "dense",
        "methods": {name: {sort: summary(found) for sort, found in sorts.items()} for name, sorts in scores.items()},
        "slides": SLIDES,
        "goal": GOAL,
    }


def test_stacks(seed: int, stacks: int, frames: int, side: int) -> Iterator[tuple[str, FocalStack]]:
    """Stacks of a seed, standing and moving in turn, small and large things in turn."""
    for k in range(stacks):
        for sort in ("static", "moving"):
            rng = np.random.default_rng([SEED_SPACE, seed, k, int(sort == "moving")])
            things: Things = "small" if k % 2 == 0 else "large"
            yield sort, random_stack(rng, size=(side, side), frames=frames, things=things, moving=sort == "moving")


def score(stack: FocalStack, method: Method) -> StackScore:
    """Run a method on a stack and compare."""
    slices = stack.slices.astype(np.float32) / np.float32(255.0)
    began = time.process_time()
    disparity, sure = method(slices, stack.places)
    seconds = time.process_time() - began
    known = stack.known
    if not known.any():
        return StackScore(0.0, 0.0, 100.0, 0.0, 0.0, seconds)
    depth, truth = stack.depth_of(disparity)[known], stack.depth[known]
    square = float(np.mean((depth - truth) ** 2))
    close = np.maximum(depth / truth, truth / depth) < 1.25
    off = (disparity - stack.disparity)[known] ** 2
    best = sure[known] >= np.median(sure[known])
    return StackScore(
        square,
        float(np.sqrt(square)),
        100.0 * float(close.mean()),
        float(np.sqrt(off.mean())),
        float(np.sqrt(off[best].mean())),
        seconds,
    )


def summary(scores: list[StackScore]) -> dict[str, float]:
    """Mean of every figure over stacks."""
    return {
        name: round(float(np.mean([getattr(score, name) for score in scores])), 6 if name == "mse" else 4)
        for name in StackScore.__slots__
    }
