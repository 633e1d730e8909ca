"""New Focus Targets from AF-Net's probabilities: the peaks that stand out, each on the subject that is there.

The network tells when and about where; which subject that is and its extent are known from the other evidence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import ClipEvidence, Suggestion
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.laaf.look_ahead import DEFAULT_LEAD_FRAMES, timed
from rvr_laaf_app.laaf.subjects import Subject, subjects_of_shot

LIKELY = 0.5
APART_S = 1.5  # between targets
SIDE = 0.2  # of the picture, where no subject is known


def suggest_likely(
    evidence: ClipEvidence,
    likely: NDArray[np.floating],
    places: NDArray[np.floating],
    *,
    lead_frames: int = DEFAULT_LEAD_FRAMES,
) -> list[Suggestion]:
    """Return New Focus Targets from probabilities [N] and places (x, y) [N, 2]; each shot begins with one."""
    found: list[Suggestion] = []
    for start, stop in evidence.shots():
        subjects = subjects_of_shot(evidence, start, stop)
        series = np.asarray(likely[start:stop], np.float64)
        reason = "first subject of the clip" if start == 0 else "a new shot"
        found.append(_target(subjects, start, places[start], float(max(series[0], 0.3)), f"{reason}, by AF-Net"))
        for peak in peaks(series, LIKELY, round(APART_S * evidence.rate)):
            found.append(
                _target(subjects, start + peak, places[start + peak], float(series[peak]), "AF-Net expects a change")
            )
    return timed(found, lead_frames, cuts=evidence.cuts)


def peaks(series: NDArray[np.float64], least: float, apart: int) -> list[int]:
    """Return the places of the highest values of a series [N] that reach `least`, at least `apart` from each other."""
    found: list[int] = []
    inner = np.flatnonzero((series[1:-1] >= series[:-2]) & (series[1:-1] >= series[2:])) + 1
    for place in sorted(inner.tolist(), key=lambda i: -series[i]):
        if series[place] >= least and place >= apart // 2 and all(abs(place - other) >= apart for other in found):
            found.append(place)
    return sorted(found)


def _target(subjects: list[Subject], frame: int, place: NDArray[np.floating], score: float, reason: str) -> Suggestion:
    x, y = (float(v) for v in place)
    there = [s for s in subjects if s.start <= frame < s.stop and _holds(s.box_at(frame), x, y)]
    around = Box.around(Point(x, y), SIDE, SIDE)
    box = min((s.box_at(frame) for s in there), key=lambda b: b.area, default=around)
    return Suggestion(frame, box, float(np.clip(score, 0.0, 1.0)), "af-net", reason)


def _holds(box: Box, x: float, y: float) -> bool:
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
