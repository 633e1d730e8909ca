"""The stretches of a clip in which subjects last: its shots, and what lies before and after a whip pan.

A camera that is thrown round to something else exchanges the picture as a cut does: who was seen before is gone. A
camera that follows somebody turns as far, but slowly, and is no such thing. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rvr_laaf_app.core.evidence import ClipEvidence
from rvr_laaf_app.laaf.path import runs, smoothed

WHIP = 0.6  # widths or heights of the picture a second
WHIP_S = 0.07  # over which the speed is smoothed
EXCHANGED = 2 / 3  # of the picture: what was seen before is gone


@dataclass(frozen=True, slots=True)
class Section:
    """The frames [start, stop); settled: None after a cut, else the frame at which the whip pan before it ends."""

    start: int
    stop: int
    settled: int | None = None


def sections(evidence: ClipEvidence) -> list[Section]:
    """Return the sections of a clip, in order, all its frames in them."""
    found: list[Section] = []
    for start, stop in evidence.shots():
        begin, settled = start, None
        for exchanged, end in _whips(evidence, start, stop):
            found.append(Section(begin, exchanged, settled))
            begin, settled = exchanged, end
        found.append(Section(begin, stop, settled))
    return found


def _whips(evidence: ClipEvidence, start: int, stop: int) -> list[tuple[int, int]]:
    """Return for each whip pan of a shot the frame at which its new picture comes in, and the one at which it ends."""
    shift = evidence.camera[start:stop, :2].astype(np.float64)
    speed = smoothed(np.abs(shift).max(axis=1) * evidence.rate, WHIP_S * evidence.rate)
    found: list[tuple[int, int]] = []
    for first, last, fast in runs((speed > WHIP).astype(np.int64)):
        if not fast:
            continue
        gone = np.cumsum(shift[first:last], axis=0)
        left = np.abs(gone[-1] - gone).max(axis=1)
        new = np.flatnonzero((np.abs(gone).max(axis=1) >= EXCHANGED) & (left < 1.0))
        if new.size:
            found.append((start + first + int(new[0]), start + last))
    return found
