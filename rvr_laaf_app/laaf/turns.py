"""Who speaks when: stretches of voice in the sound, and the face whose mouth moves with them, or nobody in the picture.

A mouth that moves is not yet a speaker (somebody chews), and a voice is not yet somebody in the picture: a face gets
the word only where its mouth moves more during the voice than otherwise, or in its rhythm. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import HOP_S, ClipEvidence
from rvr_laaf_app.laaf.path import best_path, runs, smoothed

VOICE_DB = 9.0  # above the quiet of the clip
BREATH_DB = 4.0  # above the quiet: consonants and breath that belong to a voice
HARMONIC = 0.6
VOICED_S = 0.06  # of steady voice, without a break, at least: a cough or a knock has none
PAUSE_S = 0.3  # shorter pauses belong to what is said
SHORTEST_S = 0.3  # of what is said
LEAD_IN_S = 0.12  # consonants before the first vowel
RHYTHM_S = 0.6  # to each side, over which rhythm is compared
BEFORE_S = (0.0, 0.08, 0.16)  # mouths move before they sound (Chandrasekaran et al. 2009), and sound may be late
CLEARLY = 0.05  # what another of these must be better by, over all of a shot
SAME_PICTURE = 0.004  # motion of mouth and brow together, below which a frame repeats the one before
MOUTH_WEIGHT, RHYTHM_WEIGHT = 2.0, 2.0
NOBODY = 0.85  # what a face must bring to have the word rather than somebody unseen
CHANGE_COST_S = 0.45  # of evidence that a change of the speaker must bring
SHORTEST_TURN_S = 0.4
UNSEEN = -2.0  # proof of a face that is not in the picture
APART_OCTAVES = 0.6  # between the pitches of two voices
LEAST_OF_VOICE, LEAST_OF_VOICE_S = 0.15, 0.5  # of all voiced sound
VOICE_S = 0.06
LEAST_SEEN = 0.3  # of a shot, for a face to have a voice of its own
IDENTITY_WEIGHT, FULL_TILT = 0.8, 0.4
LEAST_PROOF = 0.4  # of a face over all of a voice, for it to be its own
THROWN_IN_S = 1.0  # shorter between two turns of one speaker
TAKES_OVER_S = 0.8  # around a change of the speaker within a voice: there the new one's mouth begins to move
OPENS_S = 0.3  # before and after it begins
LEAST_RISE, FAIRLY = 0.5, 0.7  # of the logarithm of its motion; share of the steepest rise that will do


@dataclass(frozen=True, slots=True)
class Turn:
    """A face has the word in the frames [start, stop); share: 0..1, how sure."""

    start: int
    stop: int
    face: int
    share: float


def voice_stretches(sound: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Return the stretches (start, stop in seconds) in which somebody speaks or sings; sound as in ClipEvidence."""
    level, harmonic = smoothed(sound[:, 0], 2.0), smoothed(sound[:, 1], 1.5)
    quiet = quiet_level(sound)
    loud = level > quiet + BREATH_DB
    vowel = (level > quiet + VOICE_DB) & (harmonic > HARMONIC)
    found: list[tuple[int, int]] = []
    for start, stop, is_vowel in runs(vowel.astype(np.int64)):
        if not is_vowel or (stop - start) * HOP_S < VOICED_S:
            continue
        first = start
        while first > 0 and loud[first - 1] and (start - first) * HOP_S < LEAD_IN_S:
            first -= 1
        if found and (first - found[-1][1]) * HOP_S <= PAUSE_S:
            found[-1] = found[-1][0], stop
        else:
            found.append((first, stop))
    return [(a * HOP_S, b * HOP_S) for a, b in found if (b - a) * HOP_S >= SHORTEST_S]


def quiet_level(sound: NDArray[np.float32]) -> float:
    """Return the level (dB) of the quiet of a clip: what its quietest tenth does not exceed, digital silence aside."""
    heard = sound[sound[:, 0] > -85.0, 0]
    return float(np.percentile(heard, 10)) if len(heard) else -90.0


def voice_by_frame(evidence: ClipEvidence) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return for each frame whether there is a voice [N], and the envelope of the sound [N], 0..1."""
    frames = evidence.frames
    if evidence.sound is None:
        return np.zeros(frames, bool), np.zeros(frames)
    middle = evidence.times_s + 0.5 / evidence.rate
    voiced = np.zeros(frames, bool)
    for start, stop in voice_stretches(evidence.sound):
        voiced |= (middle >= start) & (middle < stop)
    above = np.clip((evidence.sound[:, 0] - quiet_level(evidence.sound)) / 30.0, 0.0, 1.0)
    hops = (np.arange(len(above)) + 0.5) * HOP_S
    return voiced, np.interp(middle, hops, smoothed(above, 3.0))


def turns_of_shot(evidence: ClipEvidence, start: int, stop: int) -> list[Turn]:
    """Return who has the word in the shot [start, stop), in order; voices of nobody in the picture give no turn."""
    voiced, envelope = voice_by_frame(evidence)
    voiced, envelope = voiced[start:stop], envelope[start:stop]
    inside = (evidence.faces[:, 0] >= start) & (evidence.faces[:, 0] < stop)
    rows = evidence.faces[inside]
    numbers = np.unique(rows[:, 1]).astype(int)
    if not voiced.any() or len(numbers) == 0:
        return []
    rate = evidence.rate
    each = [rows[rows[:, 1] == n] for n in numbers]
    envelope = _as_it_is_seen(each, start, voiced, envelope, rate)
    proof = np.stack([_proof(own, start, voiced, envelope, rate) for own in each])
    proof += _own_voices(proof, voice_height(evidence)[start:stop])
    scores = np.concatenate([proof, np.full((1, stop - start), NOBODY)]) * voiced / rate
    path = best_path(scores, CHANGE_COST_S)
    found: list[Turn] = []
    for first, last, state in runs(np.where(voiced, path, -1)):
        if state < 0 or state == len(numbers) or proof[state, first:last].mean() < NOBODY:
            continue
        sure = float(np.clip(0.5 + 0.5 * (proof[state, first:last].mean() - NOBODY), 0.0, 1.0))
        face = int(numbers[state])
        if first > 0 and voiced[first - 1]:
            first = _takes_over(rows[rows[:, 1] == face], start, voiced, first, rate)
        if found and found[-1].face == face and not _somebody_between(path, found[-1].stop - start, first, state):
            found[-1] = Turn(found[-1].start, start + last, face, max(found[-1].share, sure))
        else:
            found.append(Turn(start + first, start + last, face, sure))
    return _without_thrown_in([t for t in found if t.stop - t.start >= SHORTEST_TURN_S * rate], rate)


def _without_thrown_in(turns: list[Turn], rate: float) -> list[Turn]:
    """Return turns less those that are thrown into another's: nobody pulls there and back for a word or a cough."""
    found: list[Turn] = []
    for index, turn in enumerate(turns):
        after = turns[index + 1] if index + 1 < len(turns) else None
        former = found[-1] if found else None
        thrown_in = former is not None and after is not None and former.face == after.face != turn.face
        if thrown_in and turn.stop - turn.start < THROWN_IN_S * rate:
            continue
        if former is not None and former.face == turn.face and turn.start - former.stop < THROWN_IN_S * rate:
            found[-1] = Turn(former.start, turn.stop, turn.face, max(former.share, turn.share))
        else:
            found.append(turn)
    return found


def _takes_over(rows: NDArray[np.float32], start: int, voiced: NDArray[np.bool_], first: int, rate: float) -> int:
    """Return the frame near `first` from which the mouth of a face moves most more than before: it takes the word.

    Where one voice follows another without a pause the sound does not tell when, and the rhythm only about.
    """
    reach, side = round(TAKES_OVER_S * rate), max(round(OPENS_S * rate), 1)
    moved = _mouth(rows, start, len(voiced))
    sums = np.concatenate([[0.0], np.cumsum(moved)])
    near = np.arange(max(first - reach, side), min(first + reach, len(voiced) - side) + 1)
    near = near[voiced[np.minimum(near, len(voiced) - 1)]]
    if near.size == 0:
        return first
    rise = (sums[near + side] - 2.0 * sums[near] + sums[near - side]) / side
    if rise.max() < LEAST_RISE:
        return first
    return int(near[np.flatnonzero(rise >= FAIRLY * rise.max())[0]])  # rather early than late


def voice_height(evidence: ClipEvidence) -> NDArray[np.float64]:
    """Return for each frame which of two voices is heard [N]: 1 the higher, -1 the lower, 0 none, or there is but one.

    Two voices are two heaps of pitch far enough apart, each with a fair share of all that is spoken.
    """
    heights = np.zeros(evidence.frames)
    if evidence.sound is None:
        return heights
    sound = evidence.sound
    sung = (sound[:, 1] > HARMONIC) & (sound[:, 2] > 0) & (sound[:, 0] > quiet_level(sound) + VOICE_DB)
    if sung.sum() * HOP_S < 2 * LEAST_OF_VOICE_S:
        return heights
    pitch = np.log2(np.maximum(sound[:, 2], 1.0))
    low, high = two_heaps(pitch[sung])
    middle = 0.5 * (low + high)
    above = float((pitch[sung] > middle).mean())
    if high - low < APART_OCTAVES or not LEAST_OF_VOICE < above < 1.0 - LEAST_OF_VOICE:
        return heights
    tells = np.where(sung, np.sign(pitch - middle), 0.0)
    sums = smoothed(tells, VOICE_S / HOP_S) / np.maximum(smoothed(sung.astype(np.float64), VOICE_S / HOP_S), 0.05)
    hops = (np.arange(len(sums)) + 0.5) * HOP_S
    return np.interp(evidence.times_s + 0.5 / evidence.rate, hops, np.clip(sums, -1.0, 1.0))


def two_heaps(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return the middles of the two heaps [N] falls into (2-means), the lower one first."""
    low, high = (float(v) for v in np.percentile(values, (20, 80)))
    for _ in range(20):
        upper = values > 0.5 * (low + high)
        if upper.all() or not upper.any():
            break
        low, high = float(values[~upper].mean()), float(values[upper].mean())
    return low, high


def _own_voices(proof: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each face [faces, frames] gains while its own voice is heard, and loses while the other's is.

    Whose voice is whose is told by all of the shot: by which voice a mouth moves with more than the other mouths do.
    """
    none = np.zeros_like(proof)
    seen = (proof > UNSEEN).mean(axis=1) > LEAST_SEEN
    higher, lower = height > 0.5, height < -0.5
    if seen.sum() < 2 or min(higher.sum(), lower.sum()) < 5:
        return none
    high, low = proof[:, higher].mean(axis=1), proof[:, lower].mean(axis=1)
    tilt = high - low
    own = np.clip((tilt - tilt[seen].mean()) / FULL_TILT, -1.0, 1.0) * seen
    # A voice may be that of nobody in the picture: it is nobody's whose mouth does not move with it by itself.
    owned = np.where(own > 0, high, low) > LEAST_PROOF
    gain = own[:, None] * height[None, :]
    return np.asarray(IDENTITY_WEIGHT * np.where((gain > 0) & ~owned[:, None], 0.0, gain), np.float64)


def _somebody_between(path: NDArray[np.int64], first: int, last: int, state: int) -> bool:
    return bool((path[first:last] != state).any())


def _proof(
    rows: NDArray[np.float32],
    start: int,
    voiced: NDArray[np.bool_],
    envelope: NDArray[np.float64],
    rate: float,
) -> NDArray[np.float64]:
    """Return for each frame of a shot how much speaks for this face's having the word; strongly negative if unseen."""
    frames = len(voiced)
    at = rows[:, 0].astype(int) - start
    seen = np.zeros(frames, bool)
    seen[at] = True
    mouth = smoothed(_mouth(rows, start, frames), 0.2 * rate)
    quiet = seen & ~voiced
    rest = np.median(mouth[quiet]) if quiet.sum() > 0.5 * rate else np.percentile(mouth[seen], 15)
    rhythm = _rhythm(rows, start, envelope, rate)
    proof = MOUTH_WEIGHT * np.clip(mouth - rest, -0.5, 1.0) + RHYTHM_WEIGHT * rhythm
    return np.where(seen, proof, UNSEEN)


def _as_it_is_seen(
    faces: list[NDArray[np.float32]],
    start: int,
    voiced: NDArray[np.bool_],
    envelope: NDArray[np.float64],
    rate: float,
) -> NDArray[np.float64]:
    """Return the envelope of the sound [N] at the time at which it is seen: where mouths agree with it best.

    One time for all of a shot; that of the sound itself, if no other is clearly better.
    """
    heard = voiced if voiced.any() else np.ones_like(voiced)
    found, best = envelope, -np.inf
    for before in BEFORE_S:
        ahead = round(before * rate)
        shifted = np.concatenate([envelope[ahead:], np.repeat(envelope[-1:], ahead)])
        agreement = np.stack([_rhythm(rows, start, shifted, rate) for rows in faces]).max(axis=0)
        figure = float(np.maximum(agreement[heard], 0.0).mean())
        if figure > best + (CLEARLY if before else 0.0):
            found, best = shifted, figure
    return found


def _rhythm(rows: NDArray[np.float32], start: int, envelope: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Return for each frame of a shot how well the mouth of a face moves with the envelope of the sound, -1..1."""
    rows = _moving(rows)
    raw = np.interp(np.arange(len(envelope)), rows[:, 0].astype(int) - start, rows[:, 7])
    return local_correlation(smoothed(raw, 0.08 * rate), smoothed(envelope, 0.06 * rate), RHYTHM_S * rate)


def _mouth(rows: NDArray[np.float32], start: int, frames: int) -> NDArray[np.float64]:
    """Return for each frame of a shot how much the mouth of a face moves more than its brow does (logarithm)."""
    rows = _moving(rows)
    ratio = np.log((rows[:, 7] + 0.02) / (rows[:, 9] + 0.02))
    return np.interp(np.arange(frames), rows[:, 0].astype(int) - start, ratio)


def _moving(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows of a face without frames that repeat the one before: they say nothing of motion."""
    moving = rows[:, 7] + rows[:, 9] >= SAME_PICTURE
    return rows[moving] if moving.any() else rows


def local_correlation(a: NDArray[np.floating], b: NDArray[np.floating], reach: float) -> NDArray[np.float64]:
    """Return the correlation [..., N] of two series over a Gaussian neighbourhood of each frame; 0 where either rests.

    b [N]; a [..., N].
    """
    mean_a, mean_b = smoothed(a, reach / 2), smoothed(b, reach / 2)
    covariance = smoothed(a * b, reach / 2) - mean_a * mean_b
    spread_a = smoothed(np.square(a), reach / 2) - mean_a**2
    spread_b = smoothed(np.square(b), reach / 2) - mean_b**2
    bottom = np.sqrt(np.maximum(spread_a, 1e-8) * np.maximum(spread_b, 1e-4))
    return np.asarray(covariance / bottom, np.float64)
