"""Does the disparity of what stands still stand still, and does what moves keep its edge?

Jitter. On clips whose camera stands still: a pixel is static from one frame to the next if the flow there is shorter
than a quarter pixel and its luma changes by less than 6 codes (a little inside such a region: the mask is eroded). Its
jitter is the absolute change of disparity along the flow, as a share of the 2nd-98th percentile of that sequence (so
flattening everything gains nothing). Drift is the same over 25 frames, on pixels that were static all that time.
Both are given for the estimator's frames one by one and for the steadied ones, and as a ratio.

Smear. On clips with true disparity for each frame (folder NAME.disparity beside NAME.mp4, its files in order): the
error where the truth has changed within the last 6 frames, one scale and shift for the whole clip, steadied against
frame by frame. A ratio above 1 is smear. The errors of the estimator may hide it, so the truth itself is steadied as
well, with the pictures of the clip: what it loses there, as a share of its range, is smear and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.flow.backward import steadied
from rvr_laaf_app.flow.consistency import warp
from rvr_laaf_app.flow.dis import DisFlow
from rvr_laaf_app.measure.aligned import aligned
from rvr_laaf_app.measure.estimating import Estimator, Tell, silent
from rvr_laaf_app.media.image_file import read_plane
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.shots import CutFinder

LONG_SIDE = 640  # of the frames that are looked at, as in analysis
FRAMES = 90
DRIFT_FRAMES = 25
STILL_FLOW_PX, STILL_CODES = 0.25, 6
STATIC_CAMERA_SHARE = 0.3  # of static pixels, below which the camera is taken to move
CHANGED_SHARE, CHANGED_WITHIN, BAND_PX = 0.05, 6, 3
TRUTH_FOLDER = ".disparity"
VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """Frames of a clip at map size, and which of them begin a shot."""

    frames: tuple[Frame, ...]
    cuts: frozenset[int]
    rate: float = 25.0


Steadier = Callable[[Shot, Sequence[RgbdFrame]], list[Map]]
"""Makes steady disparity [h, w], one a frame, from the estimates of single frames."""


def filtered(shot: Shot, estimates: Sequence[RgbdFrame]) -> list[Map]:
    """Steady the disparity as analysis does: both halves over each shot."""
    pictures = [_picture(frame, rgbd.size) for frame, rgbd in zip(shot.frames, estimates, strict=True)]
    disparities = [rgbd.disparity.astype(np.float32) for rgbd in estimates]
    boosts = [rgbd.boost_stops.astype(np.float32) for rgbd in estimates]
    return steadied(pictures, disparities, boosts, cuts=sorted(shot.cuts))[0]


def find_clips(folder: Path) -> list[Path]:
    """Return the videos in `folder`, reference disparities left out."""
    return sorted(
        p for p in folder.iterdir() if p.suffix.lower() in VIDEOS and not p.stem.endswith(".disparity_reference")
    )


def measure_steadiness(
    estimator: Estimator,
    clips: Sequence[Path],
    *,
    frames: int = FRAMES,
    steadier: Steadier = filtered,
    moving_too: bool = False,
    tell: Tell = silent,
) -> dict[str, Any]:
    """Return jitter, drift and smear of each clip over its first frames.

    Keys: clips (a list: clip, frames, static_share, jitter and drift, each {frame_by_frame, steadied, ratio} in shares
    of the range, or None; smear {frame_by_frame, steadied, ratio} and truth_smear, a share, or None without truth),
    mean (of the ratios and of truth_smear), skipped.
    Clips whose camera moves and that have no truth are skipped, unless `moving_too`.
    """
    rows: list[dict[str, Any]] = []
    skipped = []
    for clip in clips:
        tell(f"steady {clip.name}")
        try:
            row = _clip_row(estimator, clip, frames, steadier, moving_too)
        except MediaError as error:
            skipped.append({"what": clip.name, "why": error.what})
            continue
        if row is None:
            skipped.append({"what": clip.name, "why": "the camera moves"})
        else:
            rows.append(row)
    mean = {}
    for name in ("jitter", "drift", "smear", "truth_smear"):
        found = [row[name] for row in rows if row[name] is not None]
        values = [part["ratio"] if isinstance(part, dict) else part for part in found]
        mean[name] = round(float(np.mean(values)), 4) if values else None
    return {"clips": rows, "mean": mean, "skipped": skipped}


def _clip_row(
    estimator: Estimator, clip: Path, frames: int, steadier: Steadier, moving_too: bool
) -> dict[str, Any] | None:
    shot = read_shot(clip, frames)
    truth_folder = clip.with_name(clip.stem + TRUTH_FOLDER)
    masks = static_masks(shot)
    static_share = float(np.mean([mask.mean() for mask in masks])) if masks else 0.0
    still = static_share >= STATIC_CAMERA_SHARE or moving_too
    if not still and not truth_folder.is_dir():
        return None
    estimates = estimated_shot(estimator, shot)
    plain = [rgbd.disparity.astype(np.float32) for rgbd in estimates]
    steady = steadier(shot, estimates)
    flows = [_way_back(before, now, plain[0].shape) for before, now in pairwise(shot.frames)]
    masks = [_mask_at(mask, plain[0].shape) for mask in masks]
    row: dict[str, Any] = {
        "clip": clip.name,
        "frames": len(shot.frames),
        "static_share": round(static_share, 3),
        "jitter": compared(plain, steady, lambda maps: jitter(maps, flows, masks)) if still else None,
        "drift": compared(plain, steady, lambda maps: drift(maps, masks)) if still else None,
        "smear": None,
        "truth_smear": None,
    }
    if truth_folder.is_dir():
        truth = read_truth(truth_folder, len(plain), plain[0].shape)
        row["smear"] = compared(plain, steady, lambda maps: smear(maps, truth))
        true_estimates = [told(rgbd, values) for rgbd, values in zip(estimates, truth, strict=True)]
        row["truth_smear"] = round(smear(steadier(shot, true_estimates), truth), 5)
    return row


def compared(plain: list[Map], steady: list[Map], figure: Callable[[list[Map]], float]) -> dict[str, float] | None:
    """Return a figure of both sequences and the ratio steadied / frame by frame; None if it says nothing."""
    first, second = figure(plain), figure(steady)
    if not (np.isfinite(first) and np.isfinite(second)):
        return None
    ratio = second / first if first > 0 else (1.0 if second == 0 else float("inf"))
    return {"frame_by_frame": round(first, 5), "steadied": round(second, 5), "ratio": round(ratio, 4)}


def jitter(maps: Sequence[Map], flows: Sequence[Map], masks: Sequence[NDArray[np.bool_]]) -> float:
    """Mean change of disparity from frame to frame on static pixels, as a share of the range of all maps."""
    changes, count = 0.0, 0
    for before, now, flow, mask in zip(maps[:-1], maps[1:], flows, masks, strict=True):
        changes += float(np.abs(now - warp(before, flow))[mask].sum())
        count += int(mask.sum())
    return changes / count / _span(maps) if count else float("nan")


def drift(maps: Sequence[Map], masks: Sequence[NDArray[np.bool_]], *, over: int = DRIFT_FRAMES) -> float:
    """Mean change of disparity over so many frames, on pixels that were static all the while, as a share."""
    changes, count = 0.0, 0
    for first in range(0, len(maps) - over, 5):
        kept = np.logical_and.reduce(masks[first : first + over])
        changes += float(np.abs(maps[first + over] - maps[first])[kept].sum())
        count += int(kept.sum())
    return changes / count / _span(maps) if count else float("nan")


def smear(maps: Sequence[Map], truth: Sequence[Map]) -> float:
    """Mean error, in shares of the truth's range, where the truth changed within the last CHANGED_WITHIN frames."""
    given, wanted = np.stack(maps), np.stack(truth)
    everywhere = np.ones(given.shape, np.bool_)
    span = _span(truth)
    error = np.abs(aligned(given, wanted, everywhere) - wanted) / span
    window = np.ones((2 * BAND_PX + 1,) * 2, np.uint8)
    band = np.zeros(given.shape, np.bool_)
    for index in range(1, len(truth)):
        past = wanted[max(index - CHANGED_WITHIN, 0) : index]
        changed = (np.abs(past - wanted[index]).max(axis=0) > CHANGED_SHARE * span).astype(np.uint8)
        band[index] = cv2.dilate(changed, window).astype(bool)
    return float(error[band].mean()) if band.any() else float("nan")


def told(rgbd: RgbdFrame, truth: Map) -> RgbdFrame:
    """Return the estimate with another disparity [h, w] in 0..1."""
    return RgbdFrame(rgbd.index, truth.astype(np.float16), rgbd.boost_stops, rgbd.confidence)


def read_shot(clip: Path, frames: int) -> Shot:
    """Read the first frames of a clip at map size and find its cuts; raise MediaError if there are too few."""
    info = probe(str(clip))
    total = min(info.frames, frames)
    if info.table is None or total < 2:
        raise MediaError("the clip has fewer than two frames", where=clip)
    finder = CutFinder()
    kept, cuts = [], set()
    with ClipReader(info, size=fit_long_side(info.display_size, LONG_SIDE)) as reader:
        for frame in reader.frames(0, total):
            if finder.push(frame.rgb8) and frame.index > 0:
                cuts.add(frame.index)
            kept.append(frame)
    return Shot(tuple(kept), frozenset(cuts), float(info.table.average_rate))


def estimated_shot(estimator: Estimator, shot: Shot) -> list[RgbdFrame]:
    """Estimate every frame, each with the context that the estimator wants; its state begins anew at each cut."""
    before, after = estimator.context
    clip = ClipTrait(*shot.frames[0].size, len(shot.frames), shot.rate)
    last = len(shot.frames) - 1
    state = estimator.start(clip)
    estimates = []
    for index in range(len(shot.frames)):
        if index in shot.cuts:
            state = estimator.start(clip)
        window = [shot.frames[min(max(i, 0), last)] for i in range(index - before, index + after + 1)]
        rgbd, state = estimator.step(window, state)
        estimates.append(rgbd)
    return estimates


def static_masks(shot: Shot) -> list[NDArray[np.bool_]]:
    """Return, per pair of neighbouring frames, which pixels [h, w] of the later one stand still; none across cuts."""
    flow = DisFlow()
    window = np.ones((5, 5), np.uint8)
    greys = [cv2.cvtColor(frame.rgb8, cv2.COLOR_RGB2GRAY) for frame in shot.frames]
    masks = []
    for index, (before, now) in enumerate(pairwise(greys), start=1):
        if index in shot.cuts:
            masks.append(np.zeros(now.shape, np.bool_))
            continue
        uv = flow.flow(now, before)
        calm = np.hypot(uv[..., 0], uv[..., 1]) < STILL_FLOW_PX
        same = cv2.absdiff(cv2.GaussianBlur(now, (0, 0), 1), cv2.GaussianBlur(before, (0, 0), 1)) < STILL_CODES
        masks.append(cv2.erode((calm & same).astype(np.uint8), window).astype(bool))
    return masks


def read_truth(folder: Path, count: int, shape: tuple[int, int]) -> list[Map]:
    """Read the first true disparities of a clip, brought to map size and to 0..1; raise MediaError if too few."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".npy", ".npz", ".exr", ".png"))
    if len(files) < count:
        raise MediaError(f"there are {len(files)} true disparities for {count} frames", where=folder)
    size = shape[1], shape[0]
    return [
        np.asarray(cv2.resize(read_plane(f), size, interpolation=cv2.INTER_AREA), np.float32) for f in files[:count]
    ]


def _way_back(before: Frame, now: Frame, shape: tuple[int, int]) -> Map:
    size = shape[1], shape[0]
    greys = [cv2.cvtColor(_picture(frame, size), cv2.COLOR_RGB2GRAY) for frame in (now, before)]
    return DisFlow().flow(*greys)


def _picture(frame: Frame, size: tuple[int, int]) -> NDArray[np.uint8]:
    if frame.size == size:
        return frame.rgb8
    return np.asarray(cv2.resize(frame.rgb8, size, interpolation=cv2.INTER_AREA), np.uint8)


def _mask_at(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    grown = cv2.resize(mask.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown, np.bool_)


def _span(maps: Sequence[Map]) -> float:
    low, high = np.percentile(np.stack([values[::4, ::4] for values in maps]), (2, 98))
    return max(float(high - low), 1e-9)
