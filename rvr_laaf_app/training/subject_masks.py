"""Silhouettes of people and animals on the ranked photographs, by MediaPipe's selfie segmentation (Apache-2.0).

    python subject_masks.py --data DATA --out MASKS

Run it in an environment of its own (`pip install mediapipe==0.10.14`; it wants other versions than the program): it
imports nothing of ours. It writes one 8-bit PNG per photograph of the split train, 255 = surely part of a subject.
Depth is ranked at a few points of a photograph; where a person ends is known here to a pixel, and `train_rvr` uses it
only there, to make an edge that the network already sees stand where the silhouette is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import mediapipe  # type: ignore[import-not-found]
import numpy as np


def main() -> None:
    """Write the masks of all photographs that may train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("../subject_masks"))
    options = parser.parse_args()
    photos = json.loads((options.data / "photos" / "ordinal_depth.json").read_text())["photos"]
    with mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as segmentation:
        for entry in photos:
            if entry["split"] != "train":
                continue
            path = options.data / "photos" / entry["photo"]
            bgr = cv2.imread(str(path))
            if bgr is None:
                raise FileNotFoundError(path)
            sure = segmentation.process(np.ascontiguousarray(bgr[..., ::-1])).segmentation_mask
            mask = np.rint(cv2.resize(sure, bgr.shape[1::-1]).clip(0, 1) * 255).astype(np.uint8)
            path = (options.out / entry["photo"]).with_suffix(".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            _, coded = cv2.imencode(".png", mask)
            path.write_bytes(coded.tobytes())


if __name__ == "__main__":
    main()
