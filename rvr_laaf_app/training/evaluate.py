"""Measure an estimator, as the program uses it (maps refined and brought to full size), against what is known.

    python -m rvr_laaf_app.training.evaluate --data DATA [--estimator rvr] [--checkpoint FILE]

prints JSON: wrong-order rate and reliability of the confidence on ranked photographs (val), rank correlation with a
reference video, aligned disparity error on measured scenes, lost light on HDR maps that never trained. It only reads.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.base import ESTIMATORS, RgbdEstimator
from rvr_laaf_app.estimate.rvr import RvrEstimator
from rvr_laaf_app.estimate.upsample import upsample_boost, upsample_disparity
from rvr_laaf_app.training.data_hdr import expose, load_map, random_light, split_names
from rvr_laaf_app.training.data_photos import RankedPhoto, load_ranked

Estimator = RgbdEstimator[Any]
Truth = tuple[str, NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_]]
RELIABILITY_BINS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 1.001)


def estimated(estimator: Estimator, rgb: NDArray[np.uint8]) -> RgbdFrame:
    """The estimate for one picture [H, W, 3] uint8, taken as a clip of its own."""
    frame = Frame(0, 0, np.ascontiguousarray(rgb), "srgb")
    clip = ClipTrait(*frame.size, 1, 25.0)
    before, after = estimator.context
    rgbd, _ = estimator.step([frame] * (before + 1 + after), estimator.start(clip))
    return rgbd


def order_of_points(estimator: Estimator, photos: list[RankedPhoto]) -> dict[str, Any]:
    """Share of strictly ordered pairs put in the wrong order, and how often each degree of confidence was right."""
    chances, rights = [], []
    for photo in photos:
        rgbd = estimated(estimator, photo.rgb)
        disparity = upsample_disparity(rgbd.disparity, photo.rgb)
        values, sure = _at(disparity, photo.points), _at(rgbd.confidence, photo.points).astype(np.float64)
        first, second = np.triu_indices(len(values), 1)
        ordered = photo.levels[first] != photo.levels[second]
        first, second = first[ordered], second[ordered]
        nearer = photo.levels[first] < photo.levels[second]
        rights.append(np.where(nearer, values[first] > values[second], values[first] < values[second]))
        chances.append((1 + sure[first] * sure[second]) / 2)
    right, chance = np.concatenate(rights), np.concatenate(chances)
    table = []
    for low, high in pairwise(RELIABILITY_BINS):
        chosen = (chance >= low) & (chance < high)
        if chosen.any():
            said, was = float(chance[chosen].mean()), float(right[chosen].mean())
            table.append({"pairs": int(chosen.sum()), "said_right": round(said, 3), "was_right": round(was, 3)})
    return {"wrong_order_rate": round(1 - float(right.mean()), 4), "pairs": len(right), "confidence": table}


def agreement_with_video(estimator: Estimator, clip: Path, reference: Path, *, every: int = 20) -> float:
    """Mean Spearman correlation with a reference disparity video (brighter = nearer), over every n-th frame."""
    scores = []
    for index, (rgb, wanted) in enumerate(zip(_frames(clip), _frames(reference), strict=False)):
        if index % every:
            continue
        disparity = estimated(estimator, rgb).disparity.astype(np.float32)
        size = disparity.shape[1], disparity.shape[0]
        truth = cv2.resize(wanted, size, interpolation=cv2.INTER_AREA).mean(axis=2)
        scores.append(spearmanr(disparity[::4, ::4].ravel(), truth[::4, ::4].ravel()).statistic)
    return round(float(np.mean(scores)), 4)


def aligned_error(disparity: NDArray[np.float32], truth: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    """Mean |a d + b - t| as a share of the truth's range (2nd to 98th percentile); a, b by least squares."""
    low, high = np.percentile(truth[known], (2, 98))
    wanted = (truth[known] - low) / (high - low)
    given = np.column_stack([disparity[known], np.ones(int(known.sum()))]).astype(np.float64)
    solution, *_ = np.linalg.lstsq(given, wanted, rcond=None)
    return float(np.abs(given @ solution - wanted).mean())


def measured_scenes(folder: Path) -> Iterator[Truth]:
    """Name, picture, disparity (any unit) and where it is known, for each scene of data/depth."""

    def scene(name: str, picture: str, truth: NDArray[np.float64], known: NDArray[np.bool_]) -> Truth:
        rgb = _read(folder / picture, cv2.IMREAD_COLOR)[..., ::-1]
        size = rgb.shape[1], rgb.shape[0]
        if truth.shape != rgb.shape[:2]:
            truth = np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST), np.float64)
            known = cv2.resize(known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
        return name, np.ascontiguousarray(rgb, np.uint8), truth, known

    def inverse(path: Path, unit: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        raw = _read(path, cv2.IMREAD_UNCHANGED).astype(np.float64)
        known = (raw > 0) & (raw < 65535)
        return np.where(known, unit / np.where(known, raw, 1), 0), known

    mask = _read(folder / "midd_adirondack_2bt/Adirondack_mask.png", cv2.IMREAD_GRAYSCALE)
    truth = _read(folder / "midd_adirondack_2bt/Adirondack_gt.png", cv2.IMREAD_GRAYSCALE).astype(np.float64)
    yield scene("adirondack", "midd_adirondack_2bt/Adirondack_left.png", truth, (truth > 0) & (mask > 0))
    truth = _read(folder / "midd_cones/disp2.pgm", cv2.IMREAD_GRAYSCALE).astype(np.float64)
    yield scene("cones", "midd_cones/im2.png", truth, truth > 0)
    for number in ("0000000005", "0000000050", "0000000100"):
        pair = inverse(folder / f"metric3d_kitti_demo/depth/{number}.png", 256.0)
        yield scene(f"kitti {number[-3:]}", f"metric3d_kitti_demo/rgb/{number}.png", *pair)
    for number in ("1", "2"):
        pair = inverse(folder / f"slambook_joinmap/depth/{number}.pgm", 1000.0)
        yield scene(f"slambook {number}", f"slambook_joinmap/color/{number}.png", *pair)
    for number in ("150", "162", "174", "186", "198"):
        pair = inverse(folder / f"7scenes_redkitchen/frame-000{number}.depth.png", 1000.0)
        yield scene(f"kitchen {number}", f"7scenes_redkitchen/frame-000{number}.color.png", *pair)


def errors_on_scenes(estimator: Estimator, folder: Path) -> dict[str, dict[str, float]]:
    """Aligned error of the estimator and of the plain ramp (lower is nearer) for each measured scene."""
    table = {}
    for name, rgb, truth, known in measured_scenes(folder):
        disparity = upsample_disparity(estimated(estimator, rgb).disparity, rgb)
        ramp = np.repeat(np.arange(rgb.shape[0], dtype=np.float32)[:, None], rgb.shape[1], axis=1)
        ours, plain = aligned_error(disparity, truth, known), aligned_error(ramp, truth, known)
        table[name] = {"error": round(ours, 4), "ramp": round(plain, 4)}
    return table


def lost_light(estimator: Estimator, folder: Path, *, each: int = 12) -> dict[str, Any]:
    """Error in stops on clipped pixels of held-out maps (network, clipped input), and how much else was changed."""
    errors, plain, touched = [], [], []
    for index, name in enumerate(split_names(folder)[1]):
        source, rng = load_map(folder / name), np.random.default_rng((2, index))
        for _ in range(each):
            linear = random_light(source, size=(640, 480), rng=rng)
            view = expose(linear, white=float(np.percentile(linear.max(2), rng.uniform(85, 99.5))), rng=None)
            boost = upsample_boost(estimated(estimator, view.rgb).boost_stops, view.rgb)
            clipped = view.stops > 0
            touched.append(float((boost[~clipped] > 0.1).mean()))
            if clipped.sum() >= 50:
                errors.append(float(np.abs(boost - view.stops)[clipped].mean()))
                plain.append(float(view.stops[clipped].mean()))
    return {
        "clipped_error_stops": round(float(np.mean(errors)), 3),
        "clipped_input_error_stops": round(float(np.mean(plain)), 3),
        "unclipped_changed_share": round(float(np.mean(touched)), 5),
    }


def _at(maps: NDArray[np.floating], points: NDArray[np.float32]) -> NDArray[np.floating]:
    height, width = maps.shape
    columns = np.clip((points[:, 0] * width).astype(int), 0, width - 1)
    rows = np.clip((points[:, 1] * height).astype(int), 0, height - 1)
    return maps[rows, columns]


def _read(path: Path, flags: int) -> NDArray[Any]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise FileNotFoundError(path)
    return picture


def _frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def main() -> None:
    """Print all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--estimator", default="rvr", choices=list(ESTIMATORS))
    parser.add_argument("--checkpoint", type=Path, default=None, help="weights other than the published ones")
    options = parser.parse_args()
    estimator: Estimator = ESTIMATORS.load(options.estimator)()
    if options.checkpoint is not None:
        estimator = RvrEstimator(options.checkpoint)
    clips = options.data / "clips"
    figures = {
        "version": estimator.version,
        "val": order_of_points(estimator, load_ranked(options.data / "photos" / "ordinal_depth.json", "val")),
        "table_talk": agreement_with_video(
            estimator, clips / "table_talk.mp4", clips / "table_talk.disparity_reference.mp4"
        ),
        "scenes": errors_on_scenes(estimator, options.data / "depth"),
        "hdr": lost_light(estimator, options.data / "hdr"),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
