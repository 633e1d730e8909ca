"""The end of it all: how near the refocused picture comes to what a wide lens really took.

For ray-traced scenes with true shallow shots. The estimator sees the deep shot as a camera would have recorded it (8
bits, clipped). The renderer then gets one of five disparities (true, predicted, "lower is nearer", one plane in the
middle, or nothing: the deep shot itself) with one of three lights (true, estimated, as clipped), the lens of the shot,
and its true focus distance. Score: PSNR of display values (clipped to white, sRGB), all pixels and channels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import encode_transfer, to_linear
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.optics import Lens, coc_px
from rvr_laaf_app.estimate.light import lifted_light
from rvr_laaf_app.estimate.upsample import upsample_boost
from rvr_laaf_app.measure.aligned import aligned
from rvr_laaf_app.measure.estimating import Estimator, Tell, estimated, full_disparity, row_ramp, silent
from rvr_laaf_app.measure.truth import SceneFiles, load_scene
from rvr_laaf_app.media.exr import read_exr
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS, Aperture

WIDEST_COC_SHARE = 0.25  # of the picture's width
LIGHTS = ("true", "estimated", "clipped")
DISPARITIES = ("true", "predicted", "ramp", "plane")
NOTHING = "deep shot"

Map = NDArray[np.float32]


def measure_bokeh(estimator: Estimator, scenes: Sequence[SceneFiles], *, tell: Tell = silent) -> dict[str, Any]:
    """Return PSNR in dB per shot and in the mean.

    Keys: shots (a list: scene, shot, psnr {disparity: {light: dB}}), mean {disparity: {light: dB}}, skipped.
    The deep shot itself counts as disparity "deep shot" with its true light.
    """
    rows: list[dict[str, Any]] = []
    skipped = []
    for files in scenes:
        try:
            for row in _shots(estimator, files):
                tell(f"bokeh {files.name} {row['shot']}")
                rows.append(row)
        except (MediaError, OSError, ValueError, KeyError) as error:
            skipped.append({"what": files.name, "why": str(error)})
    mean: dict[str, dict[str, float]] = {}
    for disparity in rows[0]["psnr"] if rows else ():
        lights = rows[0]["psnr"][disparity]
        mean[disparity] = {
            light: round(float(np.mean([row["psnr"][disparity][light] for row in rows])), 3) for light in lights
        }
    return {"shots": rows, "mean": mean, "skipped": skipped}


def psnr_display(linear: Map, wanted_linear: Map) -> float:
    """PSNR in dB of two pictures of linear light [H, W, 3] as they are displayed: clipped to white, sRGB."""
    shown, wanted = (encode_transfer(np.clip(light, 0.0, 1.0), "srgb") for light in (linear, wanted_linear))
    return float(-10.0 * np.log10(max(float(np.mean((shown - wanted) ** 2)), 1e-12)))


def _shots(estimator: Estimator, files: SceneFiles) -> Iterator[dict[str, Any]]:
    folder = files.picture.parent
    facts = json.loads((folder / "meta.json").read_text())
    scene = load_scene(files)
    inverse_m = np.asarray(scene.disparity, np.float32)
    everywhere = np.ones(inverse_m.shape, np.bool_)
    rgbd = estimated(estimator, scene.frame)
    guesses = {
        "predicted": full_disparity(rgbd, scene.frame),
        "ramp": row_ramp(inverse_m.shape),
        "plane": np.zeros(inverse_m.shape, np.float32),
    }
    depths = {name: _in_line(guess, inverse_m, everywhere) for name, guess in guesses.items()} | {"true": inverse_m}
    clipped = to_linear(scene.frame.rgb, scene.frame.transfer)
    boost = upsample_boost(rgbd.boost_stops.astype(np.float32), scene.frame.rgb8)
    deep = np.maximum(read_exr(files.picture), 0.0)
    lights = {"true": deep, "estimated": lifted_light(clipped, boost), "clipped": clipped}
    for name, shot in sorted(facts["shots"].items()):
        wanted = np.maximum(read_exr(folder / f"{name}.exr"), 0.0)
        psnr = {
            disparity: {
                light: round(psnr_display(refocused(lights[light], depths[disparity], shot), wanted), 3)
                for light in LIGHTS
            }
            for disparity in DISPARITIES
        }
        psnr[NOTHING] = {"true": round(psnr_display(deep, wanted), 3)}
        yield {"scene": files.name, "shot": name, "psnr": psnr}


def _in_line(guess: Map, inverse_m: Map, known: NDArray[np.bool_]) -> Map:
    """Relative disparity as 1/m; what comes out beyond infinity lies at infinity."""
    return np.maximum(aligned(guess, inverse_m, known), 0.0).astype(np.float32)


def refocused(linear: Map, inverse_m: Map, shot: dict[str, Any]) -> Map:
    """Return light [H, W, 3] with depth [H, W] (1/m) as the lens of a shot of meta.json takes it (shipped renderer)."""
    width = linear.shape[1]
    lens = Lens(
        focal_length_mm=1000.0 * float(shot["focal_length_m"]),
        f_number=float(shot["f_number"]),
        sensor_width_mm=1000.0 * float(shot["sensor_width_m"]),
    )
    focus_per_m = 1.0 / float(shot["focus_distance_m"])
    gain = lens.blur_gain_px(width, focus_per_m) / lens.disparity_scale_per_m
    limit = WIDEST_COC_SHARE * width
    coc = np.clip(coc_px(inverse_m, focus_per_m, gain), -limit, limit)
    renderer = RENDERERS.load(DEFAULT_RENDERER)()
    return renderer.render(linear, coc, aperture=Aperture(), quality="final")


def find_rendered(scenes: Sequence[SceneFiles]) -> list[SceneFiles]:
    """Return those scenes that have true shallow shots beside them."""
    return [files for files in scenes if files.rendered and _has_shots(files.picture.parent)]


def _has_shots(folder: Path) -> bool:
    return any(path.name != "sharp.exr" for path in folder.glob("*.exr"))
