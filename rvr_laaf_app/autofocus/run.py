"""Run a search to its end against anything that shows the patch at a lens position, and count what it cost.

For measurements, tests and scripts; a camera session drives the generator itself, between its other duties.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rvr_laaf_app.autofocus.base import Autofocus, FocusRange, FocusResult, Patch


@dataclass(frozen=True, slots=True)
class FocusRun:
    """What a search found and what it cost.

    moves: times that the lens went somewhere else after the first picture at the start, the last way to the result
        included; this is what "steps" are, for every method alike. pictures: how many were looked at.
    seconds: processor time of the method itself, without the making of the pictures.
    """

    result: FocusResult
    moves: int
    pictures: int
    seconds: float


def run_search(
    method: Autofocus, limits: FocusRange, see: Callable[[int], Patch], *, start: int, seed: int = 0
) -> FocusRun:
    """Answer each position that `method` asks for with `see(position)`; positions outside the limits are an error."""
    search = method.search(limits, start=start, seed=seed)
    place, moves, pictures, spent = start, 0, 0, 0.0
    patch: Patch | None = None
    while True:
        began = time.process_time()
        try:
            wanted = next(search) if patch is None else search.send(patch)
        except StopIteration as end:
            spent += time.process_time() - began
            result: FocusResult = end.value
            return FocusRun(result, moves + (result.position != place), pictures, spent)
        spent += time.process_time() - began
        if not limits.minimum <= wanted <= limits.maximum:
            raise ValueError(f"{method.name} asked for {wanted}, outside {limits.minimum}..{limits.maximum}")
        moves += wanted != place
        place, pictures = wanted, pictures + 1
        patch = see(wanted)
