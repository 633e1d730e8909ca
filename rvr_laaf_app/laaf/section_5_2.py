"""Scene-specific autofocus as the paper prints it (rvr-laaf.txt, section 5.2), to be measured beside `laaf.fusion`.

The maps of two detectors are intersected; K-means (K = 4) on the pixels of the intersection; the centroid of the
largest cluster is the focus, its disparity is read; an empty frame keeps the former disparity; a bilateral filter over
time, then edges of the disparity are New Focus Targets. What the paper leaves open (thresholds) is named below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, ClipEvidence, Suggestion, box_of
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.laaf.look_ahead import DEFAULT_LEAD_FRAMES, timed
from rvr_laaf_app.laaf.turns import local_correlation, voice_by_frame

CLUSTERS = 4
ROUNDS = 12
MAP_SHARE = 0.5  # of a map's maximum in the frame: above it the detector says yes
LEAST_ACTION = 0.02  # long sides a second / 0.5
LEAST_RHYTHM = 0.15
RHYTHM_S = 0.75
BILATERAL_FRAMES, BILATERAL_DISPARITY = 6.0, 0.08
EDGE = 0.06  # disparity between the sides of a target
SIDE_FRAMES = 4
BOX_SIDE = 0.12
DisparityAt = Callable[[int, Point], float]
Mask = NDArray[np.bool_]


def suggest_as_printed(
    evidence: ClipEvidence, mode: str, disparity_at: DisparityAt, *, lead_frames: int = DEFAULT_LEAD_FRAMES
) -> list[Suggestion]:
    """Return the New Focus Targets of section 5.2; mode: "action" or "conversation".

    disparity_at: frame and point -> disparity 0..1. Each shot is treated by itself; the paper has no cuts.
    """
    found: list[Suggestion] = []
    detectors = "action and saliency" if mode == "action" else "sound and faces"
    for start, stop in evidence.shots():
        masks = _action(evidence, start, stop) if mode == "action" else _conversation(evidence, start, stop)
        points = focus_points(masks)
        levels = _levels(points, start, disparity_at)
        frames = [0, *disparity_edges(bilateral(levels))] if np.isfinite(levels).any() else []
        for frame in frames:
            point = _point_near(points, frame)
            box = Box.around(point, BOX_SIDE, BOX_SIDE)
            why = "first focus of the shot" if frame == 0 else "the depth of the focus changes"
            found.append(Suggestion(start + frame, box, 0.5, f"section 5.2: {detectors}", why))
    return timed(found, lead_frames, cuts=evidence.cuts)


def _action(evidence: ClipEvidence, start: int, stop: int) -> list[Mask]:
    """H_act and H_sal."""
    masks = []
    for frame in range(start, stop):
        motion = evidence.motion[frame].astype(np.float32)
        saliency = evidence.saliency[frame].astype(np.float32)
        acts = (motion > MAP_SHARE * motion.max()) & (motion > LEAST_ACTION)
        masks.append(acts & (saliency > MAP_SHARE * saliency.max()))
    return masks


def _conversation(evidence: ClipEvidence, start: int, stop: int) -> list[Mask]:
    """H_aud (the cells that move in the rhythm of the sound) and H_face."""
    voiced, envelope = voice_by_frame(evidence)
    motion = np.moveaxis(evidence.motion[start:stop].astype(np.float32), 0, -1)
    rhythm = np.moveaxis(local_correlation(motion, envelope[start:stop], RHYTHM_S * evidence.rate), -1, 0)
    columns, rows = GRID
    masks = []
    for frame in range(start, stop):
        faces = np.zeros((rows, columns), bool)
        for row in evidence.faces[evidence.faces[:, 0] == frame]:
            x, y, w, h = box_of(row[2:]).clipped().pixels(columns, rows)
            faces[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))] = True
        heard = rhythm[frame - start]
        heard = (heard > MAP_SHARE * heard.max()) & (heard > LEAST_RHYTHM) & bool(voiced[frame])
        masks.append(faces & heard)
    return masks


def focus_points(masks: Sequence[Mask]) -> list[Point | None]:
    """Return for each map [rows, columns] the centroid of the largest of four clusters of its pixels; None if empty."""
    points: list[Point | None] = []
    for mask in masks:
        y, x = np.nonzero(mask)
        if len(x) == 0:
            points.append(None)
            continue
        rows, columns = mask.shape
        places = np.stack([(x + 0.5) / columns, (y + 0.5) / rows], axis=1)
        centres, names = k_means(places, CLUSTERS)
        centre = centres[np.bincount(names, minlength=len(centres)).argmax()]
        points.append(Point(float(centre[0]), float(centre[1])))
    return points


def k_means(places: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return centres [K, 2] and the cluster of each place [N]; begun with places far apart, hence always the same."""
    count = min(count, len(places))
    centres = places[np.argsort(((places - places.mean(axis=0)) ** 2).sum(axis=1))[:1]]
    while len(centres) < count:
        nearest = ((places[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)
        centres = np.concatenate([centres, places[nearest.argmax()][None]])
    names = np.zeros(len(places), np.int64)
    for _ in range(ROUNDS):
        names = ((places[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        fresh = np.stack([places[names == k].mean(axis=0) if (names == k).any() else centres[k] for k in range(count)])
        if np.allclose(fresh, centres):
            break
        centres = fresh
    return centres, names


def bilateral(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a series [N] filtered over time, its steps kept: near in time and near in disparity counts."""
    reach = int(2 * BILATERAL_FRAMES)
    steps = np.arange(-reach, reach + 1)
    padded = np.pad(levels, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    weights = np.exp(-0.5 * (steps / BILATERAL_FRAMES) ** 2)[None] * np.exp(
        -0.5 * ((windows - levels[:, None]) / BILATERAL_DISPARITY) ** 2
    )
    return np.asarray((weights * windows).sum(axis=1) / weights.sum(axis=1), np.float64)


def disparity_edges(levels: NDArray[np.float64]) -> list[int]:
    """Return the frames at which a series [N] changes by more than EDGE between its sides, the steepest of each."""
    frames = len(levels)
    after = np.array([levels[i : i + SIDE_FRAMES].mean() for i in range(frames)])
    before = np.array([levels[max(i - SIDE_FRAMES, 0) : max(i, 1)].mean() for i in range(frames)])
    strength = np.abs(after - before)
    return [
        i
        for i in range(1, frames)
        if strength[i] > EDGE and strength[i] >= strength[max(i - SIDE_FRAMES, 0) : i + SIDE_FRAMES + 1].max()
    ]


def _levels(points: Sequence[Point | None], start: int, disparity_at: DisparityAt) -> NDArray[np.float64]:
    """Return the disparity at each point; a frame without one keeps the former, the first ones take the next."""
    levels = np.full(len(points), np.nan)
    for index, point in enumerate(points):
        levels[index] = levels[index - 1] if point is None and index else np.nan
        if point is not None:
            levels[index] = disparity_at(start + index, point)
    known = np.flatnonzero(np.isfinite(levels))
    if known.size:
        levels[: known[0]] = levels[known[0]]
    return levels


def _point_near(points: Sequence[Point | None], frame: int) -> Point:
    """Return the point of the first frame from here on that has one, else the last before."""
    for point in [*points[frame:], *reversed(points[:frame])]:
        if point is not None:
            return point
    return Point(0.5, 0.5)
