"""Write the cafe's exact truth as folders that `rvr-laaf eval` measures with.

    python -m rvr_laaf_app.training.scenes.write_truth --out DIR [--clip resources/sample_clip.mp4]

writes DIR/sample_clip.mp4 (a copy) with DIR/sample_clip.disparity/NNNNNN.npy, the disparity of each of its frames, for
`eval steady` (smear of moving edges); and DIR/cafe_N/ with the deep shot, its depth and four shots of a wide lens, for
`eval depth` (disparity, edges, refocused pictures).
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.media.exr import write_exr
from rvr_laaf_app.training.scenes import cafe
from rvr_laaf_app.training.scenes.score import DURATION_S, FRAME_RATE, FRAMES

CLIP_SIZE = (480, 270)  # of the disparity: the estimators' maps are hardly larger
SCENE_SIZE = (640, 360)
FARTHEST_M = 1e4  # where the sky is put
FOCAL_MM, SENSOR_MM = 50.0, 36.0
SHOTS = {"f14_near": (1.4, 1.3), "f14_far": (1.4, 6.9), "f28_near": (2.8, 1.3), "f28_far": (2.8, 6.9)}  # N, focus m


def write_clip_truth(clip: Path, out: Path, *, size: tuple[int, int] = CLIP_SIZE, frames: int = FRAMES) -> None:
    """Copy the clip and write the disparity [h, w] float16 of its first frames beside it."""
    folder = out / f"{clip.stem}.disparity"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(clip, out / clip.name)
    for index in range(frames):
        moment = cafe.render_frame(index / FRAME_RATE, size, grid=1)
        np.save(folder / f"{index:06d}.npy", moment.disparity.astype(np.float16))


def write_scene(seconds: float, folder: Path, *, size: tuple[int, int] = SCENE_SIZE, samples: int = 192) -> None:
    """Write one moment as a deep shot with depth, and as four shots of a wide lens; light is linear."""
    folder.mkdir(parents=True, exist_ok=True)
    moment = cafe.render_frame(seconds, size, grid=4)
    write_exr(folder / "sharp.exr", moment.linear)
    np.savez_compressed(folder / "depth.npz", depth=np.minimum(moment.distance_m, np.float32(FARTHEST_M)))
    shots = {}
    for name, (f_number, focus_m) in SHOTS.items():
        lens = Lens(FOCAL_MM, f_number, SENSOR_MM)
        write_exr(folder / f"{name}.exr", cafe.render_thin_lens(seconds, size, lens, focus_m=focus_m, samples=samples))
        shots[name] = {
            "f_number": f_number,
            "focus_distance_m": focus_m,
            "focal_length_m": FOCAL_MM / 1000,
            "sensor_width_m": SENSOR_MM / 1000,
        }
    (folder / "meta.json").write_text(json.dumps({"seconds": seconds, "shots": shots}, indent=1))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the truth of the clip and of some moments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clip", type=Path, default=Path("resources/sample_clip.mp4"))
    parser.add_argument("--frames", type=int, default=FRAMES, help="of the clip, from its first")
    parser.add_argument("--scenes", type=int, default=2, help="moments of which lens shots are rendered")
    options = parser.parse_args(arguments)
    write_clip_truth(options.clip, options.out, frames=options.frames)
    for number in range(options.scenes):
        write_scene((number + 0.5) / options.scenes * DURATION_S, options.out / f"cafe_{number + 1}")


if __name__ == "__main__":
    main()
