"""When things happen in the sample clip: one table for the picture and the sound, in seconds from frame 0."""

from __future__ import annotations

import math
from dataclasses import dataclass

FRAME_RATE = 24
FRAMES = 192
DURATION_S = FRAMES / FRAME_RATE

SONG_STARTS_S = 3.0
HOP_STARTS_S = 5.5


@dataclass(frozen=True, slots=True)
class Syllable:
    """One sung syllable: start and length in seconds, pitch in Hz, vowel ("a", "e", "i", "o", "u"), mouth 0..1."""

    start_s: float
    length_s: float
    pitch_hz: float
    vowel: str
    mouth: float


SONG = (
    Syllable(SONG_STARTS_S, 0.26, 220.0, "a", 0.9),
    Syllable(3.32, 0.20, 277.2, "e", 0.6),
    Syllable(3.56, 0.34, 329.6, "a", 1.0),
    Syllable(3.96, 0.22, 293.7, "o", 0.75),
    Syllable(4.22, 0.22, 277.2, "e", 0.6),
    Syllable(4.50, 0.82, 246.9, "a", 1.0),
)


@dataclass(frozen=True, slots=True)
class Hop:
    """One jump: take-off and length in seconds, height in metres."""

    start_s: float
    length_s: float
    height_m: float


HOPS = (Hop(HOP_STARTS_S, 0.50, 0.115), Hop(6.12, 0.38, 0.06), Hop(6.62, 0.26, 0.022))


def smooth(low: float, high: float, x: float) -> float:
    """0 below `low`, 1 above `high`, with a soft start and end between."""
    x = min(max((x - low) / (high - low), 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


def voice_level(syllable: Syllable, seconds: float) -> float:
    """Loudness 0..1 of one syllable: a quick attack from its start, a soft end."""
    since = seconds - syllable.start_s
    if since < 0.0 or since > syllable.length_s:
        return 0.0
    return min(since / 0.018, 1.0) * smooth(0.0, 0.09, syllable.length_s - since)


def mouth_open(seconds: float) -> float:
    """How far the singer's mouth is open, 0..1; it begins to move with the first sound."""
    opening = 0.0
    for s in SONG:
        since = seconds - s.start_s
        if 0.0 <= since <= s.length_s:
            opening = max(opening, s.mouth * smooth(0.0, 0.07, since) * smooth(0.0, 0.11, s.length_s - since))
    return opening


def hop_height(seconds: float) -> float:
    """Metres of the near toy above the table: a parabola for each hop."""
    for hop in HOPS:
        share = (seconds - hop.start_s) / hop.length_s
        if 0.0 < share < 1.0:
            return 4.0 * hop.height_m * share * (1.0 - share)
    return 0.0


def hop_stretch(seconds: float) -> float:
    """Height of the near toy relative to rest: long when it flies fast, squashed where it lands; volume is kept."""
    stretch = 1.0
    for hop in HOPS:
        since, strength = seconds - hop.start_s, hop.height_m / 0.115
        if 0.0 < since < hop.length_s:
            share = since / hop.length_s
            stretch = 1.0 + 0.13 * strength * abs(1.0 - 2.0 * share) * smooth(0.0, 0.12, share)
        landed = since - hop.length_s
        if landed >= 0.0:
            bounce = math.exp(-landed * 11.0) * math.cos(landed * 30.0) * smooth(0.0, 0.03, landed)
            stretch -= 0.2 * strength * bounce if landed < 0.6 else 0.0
    return stretch
