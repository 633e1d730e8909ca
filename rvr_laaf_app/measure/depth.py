"""Disparity against measured and rendered truth: error after alignment, edges, and rank against a reference video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.measure.aligned import aligned_error
from rvr_laaf_app.measure.boundary import bilinear_disparity, boundary_f1
from rvr_laaf_app.measure.estimating import Estimator, Tell, estimated, full_disparity, row_ramp, silent
from rvr_laaf_app.measure.truth import SceneFiles, load_scene
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader

REFERENCE = ".disparity_reference"
EVERY = 20  # frames of a reference video


def measure_scenes(estimator: Estimator, scenes: Sequence[SceneFiles], *, tell: Tell = silent) -> dict[str, Any]:
    """Return the errors of each scene and their means.

    Keys: scenes (a list: name, group, error, ramp, plane, known_share, and where edges are known edge_f1,
    edge_f1_bilinear, bilinear_of), mean (over scenes), mean_of_groups (every folder counts once), worse_than_ramp
    (names), skipped.
    `error` is the mean absolute difference as a share of the truth's 2nd-98th percentile, after scale and shift; `ramp`
    that of "lower is nearer", `plane` that of no depth at all.
    """
    rows: list[dict[str, Any]] = []
    skipped = []
    for number, files in enumerate(scenes):
        tell(f"scenes {number + 1}/{len(scenes)}")
        try:
            rows.append(_scene_row(estimator, files))
        except MediaError as error:
            skipped.append({"what": files.name, "why": error.what})
    names = ("error", "ramp", "plane", "edge_f1", "edge_f1_bilinear")
    groups = sorted({row["group"] for row in rows})
    by_group = [{name: _mean(r[name] for r in rows if r["group"] == group) for name in names} for group in groups]
    return {
        "scenes": rows,
        "mean": {name: _mean(row[name] for row in rows) for name in names},
        "mean_of_groups": {name: _mean(row[name] for row in by_group) for name in names},
        "worse_than_ramp": [row["name"] for row in rows if row["error"] > row["ramp"]],
        "skipped": skipped,
    }


def _scene_row(estimator: Estimator, files: SceneFiles) -> dict[str, Any]:
    scene = load_scene(files)
    truth, known = scene.disparity, scene.known
    rgbd = estimated(estimator, scene.frame)
    disparity = full_disparity(rgbd, scene.frame)
    row: dict[str, Any] = {
        "name": files.name,
        "group": files.group,
        "error": round(aligned_error(disparity, truth, known), 4),
        "ramp": round(aligned_error(row_ramp(truth.shape), truth, known), 4),
        "plane": round(aligned_error(np.zeros(truth.shape, np.float32), truth, known), 4),
        "known_share": round(float(known.mean()), 3),
        "edge_f1": None,
        "edge_f1_bilinear": None,
    }
    if scene.edges:
        plain, source = bilinear_disparity(estimator, scene.frame, rgbd)
        row["edge_f1"] = _number(boundary_f1(disparity, truth, known))
        row["edge_f1_bilinear"] = _number(boundary_f1(plain, truth, known))
        row["bilinear_of"] = source
    return row


def find_references(folder: Path) -> list[tuple[Path, Path]]:
    """Return (clip, reference disparity video) for every NAME.disparity_reference.* beside a NAME.* in `folder`."""
    pairs = []
    for reference in sorted(folder.glob(f"*{REFERENCE}.*")):
        label = reference.stem.removesuffix(REFERENCE)
        clip = next((p for p in sorted(folder.glob(f"{label}.*")) if p != reference and p.stem == label), None)
        if clip is not None:
            pairs.append((clip, reference))
    return pairs


def measure_references(
    estimator: Estimator, pairs: Sequence[tuple[Path, Path]], *, every: int = EVERY, tell: Tell = silent
) -> list[dict[str, Any]]:
    """Return, per clip, the mean Spearman correlation with its reference (brighter = nearer) over every n-th frame."""
    rows = []
    for clip, reference in pairs:
        tell(f"video {clip.name}")
        scores, ramps = [], []
        total = min(probe(str(clip)).frames, probe(str(reference)).frames)
        with ClipReader(str(clip)) as pictures, ClipReader(str(reference)) as wanted:
            for index in range(0, total, every):
                disparity = estimated(estimator, pictures.read(index)).disparity.astype(np.float32)
                grey = wanted.read(index).rgb8.astype(np.float32).mean(axis=2)
                scores.append(_rank(disparity, grey))
                ramps.append(_rank(row_ramp(disparity.shape), grey))
        rows.append(
            {
                "clip": clip.name,
                "frames": len(scores),
                "rank_correlation": round(float(np.mean(scores)), 4),
                "lowest": round(float(np.min(scores)), 4),
                "ramp": round(float(np.mean(ramps)), 4),
            }
        )
    return rows


def _rank(disparity: NDArray[np.float32], grey: NDArray[np.float32]) -> float:
    size = disparity.shape[1], disparity.shape[0]
    truth = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return float(spearmanr(disparity[::4, ::4].ravel(), truth[::4, ::4].ravel()).statistic)


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
