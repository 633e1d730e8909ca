"""How good proposed New Focus Targets are against targets that a person set: the figures of rvr-laaf.txt, section 6.2.

delta_t is the distance in frames from each true target to the proposed one that is matched to it; the first target of
a clip is free and counts nowhere. A truth has a range [early, late] in which the change would still be right; a
proposal that comes near no truth is false. The paper's figures stand beside, on other clips and by other people's eyes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box

CLOSE_FRAMES = 15  # the paper counts 8 of 11 targets closer than this
AHEAD_FRAMES = 6  # a pull so soon before a distraction is meant for it
PROTOCOL_FRAMES, EDGE_FRAMES, PLACINGS = 100, 10, 7
MISSED_FRAMES = 30  # what a target counts that nothing was proposed for; the paper writes ">30"
RESAMPLES = 1000
SAME_PLACE = 0.1  # overlap; or the middle of one box lies in the other
PAPER: dict[str, dict[str, float]] = {
    "action": {"mean_abs_delta_t": 15.1, "close": 8 / 11, "mean_delta_d": 1.99},
    "af-net": {"delta_t_in_hundred_frames": 24.5, "mean_delta_d": 2.64},  # 19.8 on its VAF test set
}


@dataclass(frozen=True, slots=True)
class TrueTarget:
    """A target as a person set it: at `frame`, right from `early` to `late`, both included."""

    frame: int
    early: int
    late: int
    box: Box


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something that is heard or done in the frames [start, stop); box: who, None = must not draw focus."""

    start: int
    stop: int
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """The true targets of one clip, in order; of generated conversations also every turn, coughs and unseen voices."""

    name: str
    frames: int
    fps: float
    targets: tuple[TrueTarget, ...]
    turns: tuple[Stretch, ...] = ()
    distractions: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one true target. delta_t: proposed - true in frames, None if nothing was proposed for it."""

    frame: int
    delta_t: int | None
    in_window: bool
    in_place: bool


@dataclass(frozen=True, slots=True)
class ClipScore:
    """The figures of one clip; false: proposed frames that belong to no true target; delta_d: None = not measured.

    turns_in_focus: the speaker was the subject when the first word fell. distracted: distractions with a false target.
    """

    name: str
    seconds: float
    matches: tuple[Match, ...]
    false: tuple[int, ...]
    first_in_place: bool
    turns: int = 0
    turns_in_focus: int = 0
    distractions: int = 0
    distracted: int = 0
    delta_d: float | None = None


def load_truth(path: Path) -> list[ClipTruth]:
    """Read targets set by eye ({"clips": {name: {frames, fps, targets: [{frame, early, late, box}]}}})."""
    try:
        clips = json.loads(path.read_text(encoding="utf-8"))["clips"]
        return [
            ClipTruth(
                str(name),
                int(clip["frames"]),
                float(clip["fps"]),
                tuple(
                    TrueTarget(
                        int(t["frame"]),
                        int(t.get("early", t["frame"])),
                        int(t.get("late", t["frame"])),
                        Box(*(float(v) for v in t["box"])),
                    )
                    for t in sorted(clip["targets"], key=lambda t: int(t["frame"]))
                ),
                tuple(_stretch(row) for row in clip.get("turns", ())),
                tuple(_stretch(row) for row in clip.get("not_targets", ())),
            )
            for name, clip in clips.items()
        ]
    except OSError as error:
        raise UsageError("the truth cannot be read", where=path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"this is no file of true targets ({error})", where=path) from error


def _stretch(row: dict[str, Any]) -> Stretch:
    box = Box(*(float(v) for v in row["box"])) if "box" in row else None
    return Stretch(int(row["start"]), int(row["stop"]), box)


def score_clip(truth: ClipTruth, suggestions: Sequence[Suggestion], *, delta_d: float | None = None) -> ClipScore:
    """Match proposals to true targets one to one, the closest pairs first, and count."""
    wanted = [t for t in truth.targets if t.frame > 0]
    offered = [s for s in suggestions if s.frame > 0]
    pairs = sorted(
        (
            (_distance(t, s.frame), abs(s.frame - t.frame), i, j)
            for i, t in enumerate(wanted)
            for j, s in enumerate(offered)
        ),
    )
    chosen: dict[int, int] = {}
    for distance, _, i, j in pairs:
        if i not in chosen and j not in chosen.values() and distance <= MISSED_FRAMES:
            chosen[i] = j
    matches = []
    for i, true in enumerate(wanted):
        if i not in chosen:
            matches.append(Match(true.frame, None, in_window=False, in_place=False))
            continue
        found = offered[chosen[i]]
        matches.append(
            Match(
                true.frame,
                found.frame - true.frame,
                true.early <= found.frame <= true.late,
                same_place(true.box, found.box),
            )
        )
    right = {
        chosen[i]
        for i, m in enumerate(matches)
        if m.delta_t is not None and _distance(wanted[i], m.frame + m.delta_t) <= CLOSE_FRAMES
    }
    false = tuple(s.frame for j, s in enumerate(offered) if j not in right)
    opening = [s for s in suggestions if s.frame == 0]
    first = [t for t in truth.targets if t.frame == 0]
    first_in_place = bool(opening and first) and same_place(first[0].box, opening[0].box)
    seconds = truth.frames / truth.fps
    return ClipScore(
        truth.name,
        seconds,
        tuple(matches),
        false,
        first_in_place,
        len(truth.turns),
        sum(_in_focus(turn, suggestions) for turn in truth.turns),
        len(truth.distractions),
        sum(any(d.start - AHEAD_FRAMES <= f < d.stop for f in false) for d in truth.distractions),
        delta_d,
    )


def _in_focus(turn: Stretch, suggestions: Sequence[Suggestion]) -> bool:
    """Tell whether the pull to the one who speaks had ended when the first word fell."""
    reached = [s for s in suggestions if s.ready <= turn.start]
    return bool(reached) and turn.box is not None and same_place(turn.box, reached[-1].box)


def hundred_frames(truth: ClipTruth, likely: NDArray[np.floating]) -> list[tuple[float, float]]:
    """Return for each true target how far the likeliest of 100 frames is from it, and how far their middle is.

    The protocol of the paper for AF-Net (rvr-laaf.txt, section 6.2): one stretch of PROTOCOL_FRAMES frames that holds
    the target, anywhere but within EDGE_FRAMES of its ends. Here the mean over PLACINGS such stretches, evenly placed.
    The middle is what a guess without looking would say.
    """
    found = []
    for target in truth.targets:
        if target.frame == 0:
            continue
        rows = []
        for share in (np.arange(PLACINGS) + 0.5) / PLACINGS:
            into = EDGE_FRAMES + share * (PROTOCOL_FRAMES - 2 * EDGE_FRAMES)
            begin = max(0, min(round(target.frame - into), len(likely) - PROTOCOL_FRAMES))
            part = likely[begin : begin + PROTOCOL_FRAMES]
            away = abs(begin + int(np.argmax(part)) - target.frame)
            rows.append((away, abs(begin + (len(part) - 1) / 2 - target.frame)))
        away, middle = np.mean(rows, axis=0)
        found.append((float(away), float(middle)))
    return found


def same_place(a: Box, b: Box) -> bool:
    """Tell whether two boxes may mean the same subject."""
    return a.overlap(b) >= SAME_PLACE or _holds(a, b) or _holds(b, a)


def _holds(box: Box, other: Box) -> bool:
    centre = other.clipped().centre
    return box.x <= centre.x <= box.x + box.width and box.y <= centre.y <= box.y + box.height


def _distance(true: TrueTarget, frame: int) -> int:
    """Return how many frames a proposal lies outside the range of a true target."""
    return max(true.early - frame, frame - true.late, 0)


def summary(scores: Sequence[ClipScore]) -> dict[str, Any]:
    """Return the figures over all clips; None where there is nothing to count."""
    matches = [m for score in scores for m in score.matches]
    found = [abs(m.delta_t) for m in matches if m.delta_t is not None]
    minutes = sum(score.seconds for score in scores) / 60.0
    counted = [*found, *[MISSED_FRAMES] * (len(matches) - len(found))]
    depths = [score.delta_d for score in scores if score.delta_d is not None]
    total = len(matches)
    return {
        "targets": total,
        "missed": total - len(found),
        "mean_abs_delta_t": float(np.mean(counted)) if counted else None,
        "mean_abs_delta_t_of_found": float(np.mean(found)) if found else None,
        "close": sum(d < CLOSE_FRAMES for d in found) / total if total else None,
        "in_window": sum(m.in_window for m in matches) / total if total else None,
        "in_window_and_place": sum(m.in_window and m.in_place for m in matches) / total if total else None,
        "first_in_place": sum(s.first_in_place for s in scores) / len(scores) if scores else None,
        "false_per_minute": sum(len(s.false) for s in scores) / minutes if minutes else None,
        "turns": sum(s.turns for s in scores) or None,
        "turns_in_focus": _share(sum(s.turns_in_focus for s in scores), sum(s.turns for s in scores)),
        "distracted": _share(sum(s.distracted for s in scores), sum(s.distractions for s in scores)),
        "mean_delta_d": float(np.mean(depths)) if depths else None,
    }


def spread(scores: Sequence[ClipScore], *, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Return for each figure of `summary` the 95 % interval over clips drawn anew from these (Efron 1979).

    What other clips of the same kinds would give; it knows nothing of rules that were chosen on these very clips.
    """
    rng = np.random.default_rng(seed)
    draws = RESAMPLES if scores else 0
    drawn = [summary([scores[i] for i in rng.integers(0, len(scores), len(scores))]) for _ in range(draws)]
    found = {}
    for key in drawn[0] if drawn else ():
        values = [float(d[key]) for d in drawn if d[key] is not None]
        if len(values) > RESAMPLES // 2:
            low, high = np.percentile(values, (2.5, 97.5))
            found[key] = float(low), float(high)
    return found


def halves(scores: Sequence[ClipScore]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of every other clip in the order of names, and those of the rest."""
    ordered = sorted(scores, key=lambda s: s.name)
    return summary(ordered[::2]), summary(ordered[1::2])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
