"""Run AF-Net over a clip once, and keep what it says in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CacheError, MediaError, UsageError
from rvr_laaf_app.core.evidence import Finding
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.detect.base import Look
from rvr_laaf_app.estimate.attention_nets import af_nets, af_weights
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.laaf.path import smoothed
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.detect_job import detect_job
from rvr_laaf_app.pipeline.evidence_store import EvidenceStore

LONG_SIDE = 320
PREFETCH = 6
SMOOTH_S = 0.2  # over which the network's probabilities are averaged
STEPS_VERSION = 1  # raise when anything after the network changes


@dataclass(frozen=True, slots=True, eq=False)
class FocusChanges:
    """likely [N] float32: the probability of a New Focus Target; places [N, 2] float32: where focus belongs (x, y).

    The network has seen no cuts: the first frame of a new shot is a target for certain, whatever it says.
    """

    likely: NDArray[np.float32]
    places: NDArray[np.float32]


def check_af_net() -> None:
    """Raise UsageError if AF-Net is not installed."""
    if not af_weights():
        raise UsageError("no weights of AF-Net are installed", remedy="Use the mode auto, conversation or action.")


def focus_changes_job(info: ClipInfo) -> Job[FocusChanges]:
    """Find the shots of a clip, then what AF-Net says of each."""
    check_af_net()
    evidence = yield from detect_job(info)
    return (yield from af_job(info, evidence.cuts))


def af_job(info: ClipInfo, cuts: tuple[int, ...]) -> Job[FocusChanges]:
    """Take what the cache knows, or look at the clip; yields after each frame. Raises UsageError without weights."""
    check_af_net()
    if info.table is None or info.frames == 0:
        raise MediaError("there are no pictures to look at", where=info.path)
    from rvr_laaf_app.detect.focus_change import FocusChangeDetector

    weights = "-".join(w.sha256[:16] for w in af_weights())
    made_by = f"af-net|{FocusChangeDetector.version}.{STEPS_VERSION}|{weights}|{LONG_SIDE}"
    key = f"{made_by}|{','.join(map(str, cuts))}"
    store = EvidenceStore(info.fingerprint, key)
    if store.has(0):
        try:
            kept = store.read(0)
            return FocusChanges(np.asarray(kept["likely"], np.float32), np.asarray(kept["places"], np.float32))
        except (CacheError, KeyError, ValueError):
            store.clear()
    times = info.table.times_s
    span = float(times[-1] - times[0])
    detector = FocusChangeDetector(af_nets(), (info.frames - 1) / span if span > 0 else 30.0)
    found: list[Finding] = []
    with ClipReader(info, size=fit_long_side(info.display_size, LONG_SIDE)) as reader:
        for frame in reader.frames(0, info.frames, prefetch=PREFETCH):
            look = Look(frame.index, float(times[frame.index]), frame.rgb8, frame.index in cuts)
            found += detector.look(look)
            yield Progress(frame.index + 1, info.frames, "expecting changes")
    found += detector.finish()
    if len(found) != info.frames:
        raise MediaError("not every frame can be decoded", where=info.path)
    likely = np.array([f.measures[0] for f in found], np.float32)
    bounds = [0, *cuts, info.frames]
    for start, stop in pairwise(bounds):
        likely[start:stop] = smoothed(likely[start:stop], SMOOTH_S * detector.rate)
    likely[list(cuts)] = 1.0
    centres = [f.regions[0].box.centre for f in found]
    places = np.array([(p.x, p.y) for p in centres], np.float32)
    store.write(0, {"likely": likely, "places": places})
    return FocusChanges(likely, places)
