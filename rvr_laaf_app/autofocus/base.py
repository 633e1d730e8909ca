"""The contract of every autofocus search: a generator that asks for lens positions and is given pictures.

Whoever runs it drives the lens (`camera.session`, a simulator, a test) and sends the patch seen there; so a search
knows no camera, no thread and no clock.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.registry import Registry

Patch = NDArray[np.float32]  # [h, w] grey, display-encoded, 0..1


@dataclass(frozen=True, slots=True)
class FocusRange:
    """Where the lens may go, in steps, and how many steps the depth of field spans at that lens and f-number."""

    minimum: int
    maximum: int
    depth_of_field: int


@dataclass(frozen=True, slots=True)
class FocusStep:
    """One picture that was looked at: where, what the method read there, and why the next position was chosen.

    reading: sharpness (bigger = sharper) for searches; predicted distance to focus in steps for learned methods.
    """

    position: int
    reading: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class FocusResult:
    """Where focus was found. confidence 0..1; found is False if the method gave up (nothing there to focus on)."""

    position: int
    found: bool
    confidence: float
    steps: tuple[FocusStep, ...]
    reason: str = ""


# yields the position wanted next, receives the patch seen there; the first value sent answers the first yield
Search = Generator[int, Patch, FocusResult]


class Autofocus(Protocol):
    """A way to find focus; instances hold no state of a run."""

    name: str

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """Begin at lens position `start`; positions asked for are always within `limits`."""
        ...


AUTOFOCUS: Registry[Autofocus] = Registry(
    "autofocus",
    {
        "learned": "rvr_laaf_app.autofocus.modern:ModernAutofocus",
        "algorithm1": "rvr_laaf_app.autofocus.learned:AlgorithmOne",
        "fibonacci": "rvr_laaf_app.autofocus.search:FibonacciSearch",
        "rule_based": "rvr_laaf_app.autofocus.search:RuleBasedSearch",
        "hill_climbing": "rvr_laaf_app.autofocus.search:HillClimbing",
        "curve_fit": "rvr_laaf_app.autofocus.search:CurveFit",
    },
)
DEFAULT_AUTOFOCUS = "learned"
