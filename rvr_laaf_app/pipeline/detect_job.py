"""Run the detectors over a clip: one pass of decoding, chunk by chunk into the cache, and the sound beside it.

Each chunk is looked at from a little before its first frame with fresh detectors, so that a chunk is the same whether
the job ran through or was stopped and resumed, and nothing has to remember a detector's state.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np

from rvr_laaf_app.core.errors import CacheError, MediaError
from rvr_laaf_app.core.evidence import SOUND_BANDS, ClipEvidence, Finding
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.detect.base import DETECTORS, SOUND_RATE, Heard, HearingDetector, Look, SeeingDetector
from rvr_laaf_app.detect.sound_source import with_sources
from rvr_laaf_app.estimate.attention_nets import gaze_net, weights_of
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.audio import audio_blocks
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.shots import CutFinder
from rvr_laaf_app.pipeline.evidence_store import CHUNK_FRAMES, Arrays, EvidenceStore, assembled

LOOK_LONG_SIDE = 640
WARM_UP_FRAMES = 8
PREFETCH = 6
SIGHT = ("face", "action", "saliency")


def evidence_key(yunet: Path | None = None) -> str:
    """Return what decides the evidence besides the clip: the detectors, their versions and their weights."""
    parts = [f"{name}-{getattr(DETECTORS.load(name), 'version', '')}" for name in DETECTORS]
    gaze = weights_of("gaze")
    parts.append(f"gaze-{gaze.sha256[:16] if gaze else 'none'}")
    return "|".join([*parts, str(LOOK_LONG_SIDE), str(CHUNK_FRAMES), yunet.name if yunet else "hog"])


def detect_job(info: ClipInfo, *, yunet: Path | None = None) -> Job[ClipEvidence]:
    """Find what the cache does not hold yet; yields after each frame; returns the evidence of the whole clip.

    yunet: the file of a YuNet network that finds faces instead of the detector that comes with the program.
    Raises MediaError if the clip cannot be decoded.
    """
    if info.table is None or info.frames == 0:
        raise MediaError("there are no pictures to look at", where=info.path)
    store = EvidenceStore(info.fingerprint, evidence_key(yunet))
    for _ in range(2):  # a second time if a chunk turns out to be damaged
        for start in range(0, info.frames, CHUNK_FRAMES):
            if not store.has(start):
                yield from _chunk(info, store, start, yunet)
        if info.audio and not store.has(-1):
            yield from _sound(info, store)
        try:
            return with_sources(assembled(store, info.table.times_s, sound=bool(info.audio)))
        except (CacheError, KeyError, ValueError):
            continue
    store.clear()
    raise CacheError("what the detectors found cannot be read back", where=store.folder)


def _chunk(info: ClipInfo, store: EvidenceStore, start: int, yunet: Path | None) -> Iterator[Progress]:
    """Look at the frames of one chunk and store what was found."""
    assert info.table is not None
    stop = min(start + CHUNK_FRAMES, info.frames)
    begin = max(0, start - WARM_UP_FRAMES)
    times = info.table.times_s
    detectors = {name: _new(name, yunet) for name in SIGHT}
    cutter, cuts = CutFinder(), []
    found: dict[str, list[Finding]] = {name: [] for name in SIGHT}
    with ClipReader(info, size=fit_long_side(info.display_size, LOOK_LONG_SIDE)) as reader:
        for frame in reader.frames(begin, stop, prefetch=PREFETCH):
            rgb = frame.rgb8
            cut = cutter.push(rgb) and frame.index > 0
            look = Look(frame.index, float(times[frame.index]), rgb, cut)
            for name, detector in detectors.items():
                found[name] += detector.look(look)
            if cut and frame.index >= start:
                cuts.append(frame.index)
            yield Progress(max(frame.index + 1, start), info.frames, "looking")
    for name, detector in detectors.items():
        found[name] += detector.finish()
    kept = {name: [f for f in findings if start <= f.index < stop] for name, findings in found.items()}
    if any(len(findings) != stop - start for findings in kept.values()):
        raise MediaError(f"frames {start} to {stop} cannot all be decoded", where=info.path)
    store.write(start, {"cuts": np.array(cuts, np.int64), **_arrays(kept)})


def _new(name: str, yunet: Path | None) -> SeeingDetector:
    if name == "face" and yunet is not None:
        from rvr_laaf_app.detect.face import FaceDetector, YuNetFinder

        return FaceDetector(YuNetFinder(yunet))
    if name == "saliency":
        from rvr_laaf_app.detect.saliency import SaliencyDetector

        return SaliencyDetector(gaze_net())
    return cast("SeeingDetector", DETECTORS.load(name)())


def _arrays(found: dict[str, list[Finding]]) -> Arrays:
    faces = [
        (f.index, r.subject, r.box.x, r.box.y, r.box.width, r.box.height, r.score, *r.measures)
        for f in found["face"]
        for r in f.regions
    ]
    blobs = [
        (f.index, r.box.x, r.box.y, r.box.width, r.box.height, r.score, *r.measures)
        for f in found["action"]
        for r in f.regions
    ]
    return {
        "faces": np.array(faces, np.float32).reshape(-1, 10),
        "blobs": np.array(blobs, np.float32).reshape(-1, 9),
        "camera": np.array([f.measures for f in found["action"]], np.float32),
        "motion": np.array([f.heat for f in found["action"]], np.float16),
        "saliency": np.array([f.heat for f in found["saliency"]], np.float16),
    }


def _sound(info: ClipInfo, store: EvidenceStore) -> Iterator[Progress]:
    """Listen to the whole clip and store what was heard."""
    assert info.table is not None
    detector = cast("HearingDetector", DETECTORS.load("voice")())
    found: list[Finding] = []
    blocks = audio_blocks(info, rate=SOUND_RATE, stop_s=info.table.duration_s)
    for block in blocks:
        found += detector.hear(Heard(block.mean(axis=1, dtype=np.float32)))
        yield Progress(info.frames, info.frames, "listening")
    found += detector.finish()
    rows = np.array([f.measures for f in found], np.float32).reshape(-1, 4 + SOUND_BANDS)
    store.write(-1, {"sound": rows})
