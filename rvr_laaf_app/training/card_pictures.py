"""The sheet of pictures of a model card: own rendered scenes, what the estimator makes of them, and the truth.

    python -m rvr_laaf_app.training.card_pictures --scenes FOLDER --out models/rvr-fast-3.jpg [--estimator rvr]

FOLDER holds ray-traced scenes (`scenes.write_truth`, `render_set`). One row each, from the least to the largest error
of disparity, so that the last rows are the bad cases: deep shot; predicted and true disparity (bright = near); and
for the widest lens focused near and far, the picture refocused by prediction beside the one that the lens really took.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import encode_transfer, to_linear
from rvr_laaf_app.estimate.light import lifted_light
from rvr_laaf_app.estimate.upsample import upsample_boost
from rvr_laaf_app.measure.aligned import aligned, aligned_error
from rvr_laaf_app.measure.bokeh import find_rendered, refocused
from rvr_laaf_app.measure.estimating import Estimator, estimated, full_disparity, new_estimator
from rvr_laaf_app.measure.truth import SceneFiles, find_scenes, load_scene
from rvr_laaf_app.media.exr import read_exr

COLUMN_PX = 320
HEADING_PX = 26
HEADINGS = ("deep shot", "predicted", "true", "refocused near", "true lens near", "refocused far", "true lens far")
ENDS = ("near", "far")

Picture = NDArray[np.uint8]


def scene_row(estimator: Estimator, files: SceneFiles) -> tuple[float, Picture]:
    """Error of disparity (share of the truth's range) and the row [h, 7 w, 3] uint8 of one scene."""
    scene = load_scene(files)
    everywhere = np.ones(scene.disparity.shape, np.bool_)
    rgbd = estimated(estimator, scene.frame)
    guess = full_disparity(rgbd, scene.frame)
    error = aligned_error(guess, scene.disparity, everywhere)
    inverse_m = np.maximum(aligned(guess, scene.disparity, everywhere), 0.0).astype(np.float32)
    boost = upsample_boost(rgbd.boost_stops.astype(np.float32), scene.frame.rgb8)
    light = lifted_light(to_linear(scene.frame.rgb, scene.frame.transfer), boost)
    folder = files.picture.parent
    facts = json.loads((folder / "meta.json").read_text())["shots"]
    low, high = np.percentile(scene.disparity, (1, 99))
    parts = [scene.frame.rgb8, _grey(inverse_m, low, high), _grey(np.asarray(scene.disparity, np.float32), low, high)]
    for end in ENDS:
        name = min((shot for shot in facts if shot.endswith(end)), key=lambda shot: float(facts[shot]["f_number"]))
        parts += [_shown(refocused(light, inverse_m, facts[name])), _shown(read_exr(folder / f"{name}.exr"))]
    height = round(parts[0].shape[0] * COLUMN_PX / parts[0].shape[1])
    return error, np.hstack([_fitted(part, (COLUMN_PX, height)) for part in parts])


def sheet(rows: Sequence[tuple[float, Picture]]) -> Picture:
    """All rows, best first, under their headings: [h, w, 3] uint8."""
    ordered = sorted(rows, key=lambda row: row[0])
    heading = np.full((HEADING_PX, COLUMN_PX * len(HEADINGS), 3), 24, np.uint8)
    for number, text in enumerate(HEADINGS):
        _write(heading, text, (number * COLUMN_PX + 6, 18))
    for error, picture in ordered:
        _write(picture, f"error {error:.3f}", (COLUMN_PX + 6, 18))
    return np.vstack([heading, *(picture for _, picture in ordered)])


def _write(picture: Picture, text: str, place: tuple[int, int]) -> None:
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA)


def _grey(disparity: NDArray[np.float32], low: float, high: float) -> Picture:
    level = np.clip((disparity - low) / max(high - low, 1e-9), 0.0, 1.0)
    return np.repeat(np.rint(level * 255).astype(np.uint8)[..., None], 3, axis=2)


def _shown(linear: NDArray[np.float32]) -> Picture:
    return np.rint(encode_transfer(np.clip(linear, 0.0, 1.0), "srgb") * 255).astype(np.uint8)


def _fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--estimator", default="rvr")
    parser.add_argument("--checkpoint", type=Path, default=None)
    options = parser.parse_args()
    estimator = new_estimator(options.estimator, options.checkpoint)
    found = [files for folder in options.scenes for files in find_rendered(find_scenes(folder)[0])]
    picture = sheet([scene_row(estimator, files) for files in found])
    _, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    options.out.write_bytes(coded.tobytes())


if __name__ == "__main__":
    main()
