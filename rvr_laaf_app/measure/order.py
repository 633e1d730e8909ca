"""Is the nearer point nearer? The wrong-order rate on photographs whose points were ranked near to far by eye.

The labels file is JSON, with the photographs' paths relative to it:

    {"photos": [{"photo": "a.jpg", "split": "val", "points": [{"x": 0.3, "y": 0.6, "level": 0}, ...]}, ...]}

x and y are fractions of the picture from its top left corner; level 0 is nearest, equal levels count for nothing.
`split` may be left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError, UsageError
from rvr_laaf_app.measure.estimating import Estimator, Tell, estimated, full_disparity, read_picture, row_ramp, silent

ALL = "all"
RELIABILITY_BINS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 1.001)
RESAMPLINGS = 1000  # of photographs, for the interval


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Points of one photograph: points [K, 2] float32 (x, y in 0..1), levels [K] int64, 0 = nearest."""

    photo: Path
    split: str
    points: NDArray[np.float32]
    levels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The strictly ordered pairs of one photograph, all arrays [n].

    right, ramp_right: put in the right order by the estimator, by "lower is nearer"; chance: probability of being
    right as the confidence says it; nearest: the nearer point is at level 0; adjacent: the levels differ by one.
    """

    right: NDArray[np.bool_]
    ramp_right: NDArray[np.bool_]
    chance: NDArray[np.float64]
    nearest: NDArray[np.bool_]
    adjacent: NDArray[np.bool_]


def load_rankings(labels: Path, split: str = ALL) -> list[Ranking]:
    """Read the rankings of one split ("all" = every one); raise UsageError if there is none, MediaError if damaged."""
    try:
        entries = json.loads(labels.read_bytes())["photos"]
        rankings = [_ranking(labels.parent, entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MediaError(f"the labels cannot be read ({type(error).__name__}: {error})", where=labels) from error
    chosen = [ranking for ranking in rankings if split in (ALL, ranking.split)]
    if not chosen:
        known = ", ".join(sorted({ranking.split for ranking in rankings if ranking.split})) or "none"
        raise UsageError(f"no photograph has the split {split!r}", where=labels, remedy=f"Splits there: {known}.")
    return chosen


def _ranking(folder: Path, entry: dict[str, Any]) -> Ranking:
    points = np.array([(point["x"], point["y"]) for point in entry["points"]], np.float32).reshape(-1, 2)
    levels = np.array([point["level"] for point in entry["points"]], np.int64)
    return Ranking(folder / str(entry["photo"]), str(entry.get("split", "")), points, levels)


def judged(estimator: Estimator, ranking: Ranking) -> Pairs:
    """Estimate one photograph and look at each of its ordered pairs; a tie is a wrong order."""
    frame = read_picture(ranking.photo)
    rgbd = estimated(estimator, frame)
    values = _at(full_disparity(rgbd, frame), ranking.points)
    ramp = _at(row_ramp(frame.rgb.shape[:2]), ranking.points)
    sure = _at(rgbd.confidence.astype(np.float32), ranking.points).astype(np.float64)
    levels = ranking.levels
    near, far = np.triu_indices(len(levels), 1)
    swapped = levels[near] > levels[far]
    near, far = np.where(swapped, far, near), np.where(swapped, near, far)
    ordered = levels[near] < levels[far]
    near, far = near[ordered], far[ordered]
    return Pairs(
        right=values[near] > values[far],
        ramp_right=ramp[near] > ramp[far],
        chance=(1 + sure[near] * sure[far]) / 2,
        nearest=levels[near] == 0,
        adjacent=levels[far] - levels[near] == 1,
    )


def measure_order(estimator: Estimator, rankings: Sequence[Ranking], *, tell: Tell = silent) -> dict[str, Any]:
    """Return the wrong-order rate with its parts and its interval, the ramp's, and how honest the confidence is.

    Keys: photos, pairs, wrong_order_rate, interval_95 (photographs drawn again), lower_is_nearer, nearest (pairs with
    a point of level 0), beyond (the others), adjacent (levels that differ by one), confidence (a list of bins: pairs,
    said_right, was_right), skipped (photographs that could not be read).
    """
    found: list[Pairs] = []
    skipped = []
    for number, ranking in enumerate(rankings):
        tell(f"order {number + 1}/{len(rankings)}")
        try:
            found.append(judged(estimator, ranking))
        except MediaError as error:
            skipped.append({"what": str(ranking.photo), "why": error.what})
    found = [pairs for pairs in found if len(pairs.right)]
    if not found:
        return {"photos": 0, "pairs": 0, "skipped": skipped}
    right, ramp = (np.concatenate([getattr(p, name) for p in found]) for name in ("right", "ramp_right"))
    nearest, adjacent = (np.concatenate([getattr(p, name) for p in found]) for name in ("nearest", "adjacent"))
    return {
        "photos": len(found),
        "pairs": len(right),
        "wrong_order_rate": _wrong(right),
        "interval_95": _interval(found),
        "lower_is_nearer": _wrong(ramp),
        "nearest": {"pairs": int(nearest.sum()), "wrong": _wrong(right[nearest]), "ramp": _wrong(ramp[nearest])},
        "beyond": {"pairs": int((~nearest).sum()), "wrong": _wrong(right[~nearest]), "ramp": _wrong(ramp[~nearest])},
        "adjacent": {"pairs": int(adjacent.sum()), "wrong": _wrong(right[adjacent]), "ramp": _wrong(ramp[adjacent])},
        "confidence": reliability(right, np.concatenate([pairs.chance for pairs in found])),
        "skipped": skipped,
    }


def reliability(right: NDArray[np.bool_], chance: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return, per bin of what the confidence said, how many pairs there were and how many of them were right."""
    table = []
    for low, high in pairwise(RELIABILITY_BINS):
        chosen = (chance >= low) & (chance < high)
        if chosen.any():
            said, was = float(chance[chosen].mean()), float(right[chosen].mean())
            table.append({"pairs": int(chosen.sum()), "said_right": round(said, 3), "was_right": round(was, 3)})
    return table


def _wrong(right: NDArray[np.bool_]) -> float | None:
    return round(1.0 - float(right.mean()), 4) if len(right) else None


def _interval(found: Sequence[Pairs]) -> list[float]:
    """The middle 95 % of the rate when photographs are drawn anew, with putting back (seeded)."""
    wrong = np.array([(~pairs.right).sum() for pairs in found], np.float64)
    count = np.array([len(pairs.right) for pairs in found], np.float64)
    drawn = np.random.default_rng(0).integers(len(found), size=(RESAMPLINGS, len(found)))
    rates = wrong[drawn].sum(1) / count[drawn].sum(1)
    return [round(float(value), 4) for value in np.percentile(rates, (2.5, 97.5))]


def _at(maps: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = maps.shape
    columns = np.clip((points[:, 0] * width).astype(int), 0, width - 1)
    rows = np.clip((points[:, 1] * height).astype(int), 0, height - 1)
    return np.asarray(maps[rows, columns], np.float32)
