"""How many steps each autofocus method needs, how near it comes and how long it thinks, on the paper's camera.

A *step* is the same for every method: the lens goes somewhere else after the first picture, the last way to the answer
included. (The paper counts turns of its loop, in which the lens may move twice; Algorithm 1 gets both counts.) Within
the depth of field means that the error is at most half its span. Pictures are simulated, see `autofocus_scenes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rvr_laaf_app.autofocus.base import AUTOFOCUS, Autofocus, FocusRange, Patch
from rvr_laaf_app.autofocus.modern import ModernAutofocus
from rvr_laaf_app.autofocus.run import FocusRun, run_search
from rvr_laaf_app.autofocus.timing import measure_times
from rvr_laaf_app.camera.defocus import DefocusModel
from rvr_laaf_app.camera.simulated_device import LIGHT_LEVELS
from rvr_laaf_app.measure.autofocus_scenes import Subject, photograph

STARTS: Final = (1100, 1400, 1700, 2000)
# these go through the whole range wherever they begin: one start tells all
ANYWHERE: Final = frozenset({"fibonacci", "rule_based", "curve_fit"})
METHODS: Final = ("learned", "algorithm1", "fibonacci", "rule_based", "hill_climbing", "curve_fit")
# tables 3, 4 and 5: steps over 18 targets x 4 starts, milliseconds of a step on a processor
PAPER: Final[dict[str, dict[str, float]]] = {
    "algorithm1": {"mean_steps": 1.62, "worst_steps": 5, "ms_per_step": 3.56},
    "fibonacci": {"mean_steps": 13, "worst_steps": 13, "ms_per_step": 3.89},
    "rule_based": {"mean_steps": 54.3, "worst_steps": 87, "ms_per_step": 3.89},
}


@dataclass(frozen=True, slots=True)
class AutofocusRow:
    """One run of one method."""

    subject: str
    z0: int
    start: int
    light: str
    position: int
    found: bool
    steps: int
    rounds: int
    pictures: int
    seconds: float

    @property
    def error(self) -> int:
        """Steps of the lens between the answer and the truth."""
        return abs(self.position - self.z0)


def make_method(name: str, model: DefocusModel) -> Autofocus:
    """Return a method by name, calibrated where it can be."""
    return ModernAutofocus(model) if name == "learned" else AUTOFOCUS.load(name)()


def measure_method(
    name: str,
    subjects: Sequence[Subject],
    model: DefocusModel,
    *,
    lights: Sequence[str] = tuple(LIGHT_LEVELS),
    starts: Sequence[int] = STARTS,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> list[AutofocusRow]:
    """Run a method on every subject from every start (see ANYWHERE) at every light level."""
    method = make_method(name, model)
    rows = []
    for number, subject in enumerate(subjects):
        tell(f"{name}: {subject.name}")
        limits = FocusRange(*model.limits, model.depth_of_field_at(subject.z0))
        for light in lights:
            for start in starts[:1] if name in ANYWHERE else starts:
                rng = np.random.default_rng((seed, number, start, list(LIGHT_LEVELS).index(light)))

                def see(z: int, subject: Subject = subject, rng: Any = rng, light: str = light) -> Patch:
                    return photograph(subject.seen(z, model), light, rng)

                run = run_search(method, limits, see, start=start, seed=seed)
                rows.append(_row(subject, start, light, run))
    return rows


def _row(subject: Subject, start: int, light: str, run: FocusRun) -> AutofocusRow:
    # Algorithm 1 looks at two places in one time step of its own count; its notes say which
    rounds = len({step.note.partition(",")[0] for step in run.result.steps if step.note.startswith("time step")}) - 1
    return AutofocusRow(
        subject.name,
        subject.z0,
        start,
        light,
        run.result.position,
        run.result.found,
        run.moves,
        rounds if rounds >= 0 else run.moves,
        run.pictures,
        run.seconds,
    )


def summary(rows: Sequence[AutofocusRow], model: DefocusModel) -> dict[str, Any]:
    """Return the figures of some runs; `within_dof` is the share whose error is at most half the depth of field."""
    error = np.array([row.error for row in rows])
    half = np.array([model.depth_of_field_at(row.z0) / 2 for row in rows])
    steps = np.array([row.steps for row in rows])
    pictures = sum(row.pictures for row in rows)
    return {
        "mean_steps": round(float(steps.mean()), 3),
        "worst_steps": int(steps.max()),
        "mean_rounds": round(float(np.mean([row.rounds for row in rows])), 3),
        "worst_rounds": max(row.rounds for row in rows),
        "within_dof": round(float((error <= half).mean()), 4),
        "within_twice_dof": round(float((error <= 2 * half).mean()), 4),
        "mean_error": round(float(error.mean()), 2),
        "worst_error": int(error.max()),
        "found": round(float(np.mean([row.found for row in rows])), 4),
        "ms_per_step": round(1000.0 * sum(row.seconds for row in rows) / max(pictures, 1), 3),
        "runs": len(rows),
    }


def measure_all(
    subjects: Sequence[Subject],
    model: DefocusModel,
    *,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Return the report of all methods: over all light levels, and at each."""
    report: dict[str, Any] = {"methods": {}, "paper": PAPER, "ms_of_512_patch": measure_times()}
    for name in methods:
        rows = measure_method(name, subjects, model, seed=seed, tell=tell)
        lights = {light: summary([row for row in rows if row.light == light], model) for light in LIGHT_LEVELS}
        report["methods"][name] = {**summary(rows, model), "lights": lights}
    return report
