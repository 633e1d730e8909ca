"""Clips, moments and targets made up for tests; no file is decoded for them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rvr_laaf_app.annotation.looks import Looks, hash_of, moment_at, pictures_of
from rvr_laaf_app.annotation.schema import LOOK_SIDE, ClipAnnotation, ClipIdentity, Moment, VafTarget
from rvr_laaf_app.annotation.work import ClipFacts
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.timebase import FrameTable

TICK = Fraction(1, 1000)


def looks_of_noise(frames: int, seed: int = 0) -> Looks:
    """Frames of which each differs from each."""
    return np.random.default_rng(seed).integers(0, 256, (frames, LOOK_SIDE, LOOK_SIDE), np.uint8)


def table_of(frames: int, step: int = 40) -> FrameTable:
    return FrameTable(np.arange(frames, dtype=np.int64) * step, TICK)


def facts_of(name: str, frames: int = 100, *, seed: int = 0, step: int = 40, set_aside: str = "") -> ClipFacts:
    looks = looks_of_noise(frames, seed)
    clip = ClipIdentity(name, f"{seed:032x}", pictures_of(looks), frames, frames * step / 1000, (640, 360))
    pts = tuple(range(0, frames * step, step))
    return ClipFacts(clip, pts, frames * step, TICK, (), set_aside)


def target_at(
    seconds: float,
    *,
    name: str = "",
    place: Box | Point | None = None,
    early_s: float | None = None,
    late_s: float | None = None,
    hold_s: float | None = None,
    subject: str = "",
) -> VafTarget:
    """A target in a clip of 25 frames a second, with ticks of a millisecond."""
    ticks = round(seconds * 1000)
    look = np.full((LOOK_SIDE, LOOK_SIDE), 7, np.uint8)
    at = Moment(ticks // 40, ticks, TICK, hash_of(look), look.tobytes())
    early = ticks if early_s is None else round(early_s * 1000)
    late = ticks if late_s is None else round(late_s * 1000)
    hold = None if hold_s is None else round(hold_s * 1000)
    place = place or Box(0.1, 0.1, 0.2, 0.2)
    return VafTarget(name or f"t{ticks}", at, place, ticks, early, late, hold, subject)


def said(*targets: VafTarget, clip: ClipIdentity | None = None, state: str = "done") -> ClipAnnotation:
    return ClipAnnotation(clip or facts_of("a.mp4").clip, targets, state)


def bound_target(facts: ClipFacts, frame: int, name: str = "t", *, seed: int = 0) -> VafTarget:
    """A target on a real frame of a made-up clip."""
    at = moment_at(facts.table, looks_of_noise(facts.clip.frames, seed), frame)
    return VafTarget(name, at, Box(0.25, 0.25, 0.25, 0.5), at.pts, at.pts, at.pts)
