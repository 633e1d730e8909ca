"""When somebody or something in the picture is heard: the source of the sound (evidence) joined to a subject.

A dog that barks, a ball that is struck. Voices of faces are turns (`laaf.turns`) and count there. What is heard but not
seen gives nothing here, and `unseen` tells so. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import HOP_S, ClipEvidence, box_of
from rvr_laaf_app.laaf.path import runs, smoothed
from rvr_laaf_app.laaf.subjects import Subject, shared
from rvr_laaf_app.laaf.turns import Turn, quiet_level

LOUD_DB = 9.0  # above the quiet of the clip
PAUSE_S = 1.0  # shorter pauses belong together: barks, bounces
SAME_PLACE = 0.5  # share of the smaller of source and subject that they have in common
FULLY_SURE = 8.0  # deviations above chance
HEARD = 0.25  # share of a shot that must be loud for anything to be heard at all


@dataclass(frozen=True, slots=True)
class Sounding:
    """A subject (by number) makes the sound of the frames [start, stop); share: 0..1, how sure."""

    start: int
    stop: int
    number: int
    share: float


def soundings(evidence: ClipEvidence, subjects: list[Subject], start: int, stop: int) -> list[Sounding]:
    """Return what is heard of the subjects of the shot [start, stop), in order."""
    inside = (evidence.sources[:, 0] < stop) & (evidence.sources[:, 1] > start)
    if evidence.sound is None or not inside.any():
        return []
    loud = _loud(evidence)
    found: list[Sounding] = []
    for row in evidence.sources[inside]:
        first, last = max(int(row[0]), start), min(int(row[1]), stop)
        number = _subject_at(subjects, row, (first + last) // 2)
        if number is None:
            continue
        share = float(min(row[6] / FULLY_SURE, 1.0))
        for low, high, is_loud in runs(loud[first:last].astype(np.int64)):
            if not is_loud:
                continue
            if found and found[-1].number == number and first + low - found[-1].stop <= PAUSE_S * evidence.rate:
                found[-1] = Sounding(found[-1].start, max(first + high, found[-1].stop), number, share)
            else:
                found.append(Sounding(first + low, first + high, number, share))
    return found


def unseen(evidence: ClipEvidence, turns: list[Turn], heard: list[Sounding], start: int, stop: int) -> bool:
    """True if there is much to hear in a shot and nothing in the picture that it comes from."""
    if evidence.sound is None or turns or heard:
        return False
    return float(_loud(evidence)[start:stop].mean()) > HEARD


def _loud(evidence: ClipEvidence) -> NDArray[np.bool_]:
    assert evidence.sound is not None
    level = smoothed(evidence.sound[:, 0], 2.0)
    hops = (np.arange(len(level)) + 0.5) * HOP_S
    middle = evidence.times_s + 0.5 / evidence.rate
    return np.interp(middle, hops, level) > quiet_level(evidence.sound) + LOUD_DB


def _subject_at(subjects: list[Subject], row: NDArray[np.float32], frame: int) -> int | None:
    """Return the subject that lies where the sound comes from, the best fitting one."""
    box = box_of(row[2:])
    there = [(shared(s.box_at(frame), box), s.box_at(frame).overlap(box), s.number) for s in subjects]
    best = max((item for item in there if item[0] > SAME_PLACE), key=lambda item: item[1], default=None)
    return None if best is None else best[2]
