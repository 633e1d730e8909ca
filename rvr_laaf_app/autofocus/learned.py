"""Algorithm 1 of the paper "Intelligent Autofocus", as printed: a step estimator, a focus discriminator, no memory.

A single picture tells how far focus is, not on which side; so the algorithm looks at both sides where both lie in the
range. The networks are trained for one camera (pictures 1920 wide, 2200 steps; see the card of the weights); on another
one they need training from its calibration. For the method of ours see `modern`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from rvr_laaf_app.autofocus.base import FocusRange, FocusResult, FocusStep, Patch, Search
from rvr_laaf_app.autofocus.weights import PaperNets, load_paper_nets

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 512  # of the patch that the networks see


class AlgorithmOne:
    """Algorithm 1; a time step of the paper is one turn of its loop, in which the lens may move twice."""

    name = "algorithm1"
    rounds: ClassVar[int] = 25  # the printed loop has no end of its own where nothing ever looks in focus

    def __init__(self, nets: PaperNets | None = None) -> None:
        self.nets = nets or load_paper_nets()

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """See Autofocus. Line numbers are those of the printed algorithm."""
        rng = np.random.default_rng(seed)
        place = min(max(start, limits.minimum), limits.maximum)
        steps: list[FocusStep] = []
        away, verified = 0, False
        for number in range(1, self.rounds + 1):
            if not verified:  # 3
                away, sharp, focused = yield from self._look(place, f"time step {number - 1}", steps)
                if focused:  # 4
                    return FocusResult(place, True, sharp, tuple(steps))
            up, down = place + away, place - away
            if up > limits.maximum and down < limits.minimum:  # 9
                place, verified = int(rng.integers(limits.minimum, limits.maximum + 1)), False
            elif down < limits.minimum:  # 11
                place, verified = min(up, limits.maximum), False
            elif up > limits.maximum:  # 13
                place, verified = max(down, limits.minimum), False
            else:  # 15
                from_up, sharp_up, focused_up = yield from self._look(up, f"time step {number}, up", steps)
                from_down, sharp_down, focused_down = yield from self._look(down, f"time step {number}, down", steps)
                if from_up < from_down:  # 17
                    place, away, sharp, focused = up, from_up, sharp_up, focused_up
                else:
                    place, away, sharp, focused = down, from_down, sharp_down, focused_down
                if focused:
                    return FocusResult(place, True, sharp, tuple(steps))
                verified = True  # 30
        nearest = min(steps, key=lambda step: step.reading)
        return FocusResult(nearest.position, False, 0.0, tuple(steps), "no picture was taken for one in focus")

    def _look(self, place: int, note: str, steps: list[FocusStep]) -> Generator[int, Patch, tuple[int, float, bool]]:
        """Return f_e in whole steps (at least 1), f_d, and whether f_d says in focus."""
        patch = yield place
        away, sharp = self.read(patch)
        steps.append(FocusStep(place, away, note))
        return max(1, round(away)), sharp, sharp >= 0.5

    def read(self, patch: Patch) -> tuple[float, float]:
        """Return f_e (steps to focus, not negative) and f_d (0..1) of a patch of any size."""
        import torch

        from rvr_laaf_app.nets.autofocus_nets import to_input

        with torch.inference_mode():
            x = to_input(middle(patch))
            away, sharp = float(self.nets.estimator(x)), float(self.nets.discriminator(x))
        return abs(away), min(max(sharp, 0.0), 1.0)


def middle(patch: Patch) -> Tensor:
    """Return the middle 512 x 512 of a patch [1, 512, 512]; a smaller one is continued by mirror images.

    It is never resized: how large the blur is in pixels is what the networks measure.
    """
    import torch

    parts = []
    for side in patch.shape:
        lack = max(0, SIDE - side)
        parts.append((lack // 2, lack - lack // 2))
    whole = np.pad(patch, parts, mode="symmetric") if any(map(sum, parts)) else patch
    top, left = (whole.shape[0] - SIDE) // 2, (whole.shape[1] - SIDE) // 2
    return torch.from_numpy(np.ascontiguousarray(whole[top : top + SIDE, left : left + SIDE], np.float32))[None]
