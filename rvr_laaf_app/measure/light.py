"""How much of the light that clipping took comes back, and how little else is touched."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.estimate.light import lifted_light
from rvr_laaf_app.estimate.upsample import upsample_boost
from rvr_laaf_app.measure.estimating import Estimator, Tell, estimated, picture_frame, silent
from rvr_laaf_app.measure.hdr_views import Exposed, HdrMap, expose, load_map, random_light

VIEWS = 12  # of each map
VIEW_SIZE = (640, 480)
LEAST_CLIPPED = 50  # samples, or a view does not count
TOUCHED_STOPS = 0.1
LIT_SHARES = (85.0, 99.5)  # percentile of the light that just clips


def measure_light(
    estimator: Estimator, maps: Sequence[Path], *, views: int = VIEWS, tell: Tell = silent
) -> dict[str, Any]:
    """Return the error in stops on clipped samples of seeded views of HDR maps.

    Keys: maps (a list: name, views, error_stops, network_error_stops, clipped_input_stops, bias_stops, touched_share)
    and the same figures in `mean` (every map counts once). error_stops: mean |log2| between the light that the program
    renders with and the true light, on channels that clipped; network_error_stops: the same with the plain estimated
    boost; clipped_input_stops: of the picture as it is; bias_stops: below 0 = too dark; touched_share: of channels that
    did not clip, those that changed by more than 0.1 stop.
    """
    rows: list[dict[str, Any]] = []
    skipped = []
    for path in maps:
        tell(f"light {path.name}")
        try:
            rows.append(_map_row(estimator, load_map(path), views))
        except MediaError as error:
            skipped.append({"what": path.name, "why": error.what})
    names = ("error_stops", "network_error_stops", "clipped_input_stops", "bias_stops", "touched_share")
    mean = {}
    for name in names:
        known = [row[name] for row in rows if row[name] is not None]
        mean[name] = round(float(np.mean(known)), 5 if name == "touched_share" else 3) if known else None
    return {"maps": rows, "mean": mean, "skipped": skipped}


def _map_row(estimator: Estimator, source: HdrMap, views: int) -> dict[str, Any]:
    figures: list[tuple[float, ...]] = []
    touched = []
    for number in range(views):
        view = view_of(source, number)
        boost, lifted = _lifted(estimator, view.rgb)
        clipped = view.stops > 0
        touched.append(float((np.abs(lifted[~clipped]) > TOUCHED_STOPS).mean()))
        if clipped.sum() >= LEAST_CLIPPED:
            left = (lifted - view.stops)[clipped]
            plain = np.abs(boost - view.stops)[clipped]
            figures.append(tuple(float(v.mean()) for v in (np.abs(left), plain, view.stops[clipped], left)))
    error, network, given, bias = np.mean(figures, axis=0).tolist() if figures else (None,) * 4
    return {
        "name": source.name,
        "views": len(figures),
        "error_stops": _rounded(error, 3),
        "network_error_stops": _rounded(network, 3),
        "clipped_input_stops": _rounded(given, 3),
        "bias_stops": _rounded(bias, 3),
        "touched_share": round(float(np.mean(touched)), 5),
    }


def view_of(source: HdrMap, number: int) -> Exposed:
    """Return view `number` of a map: always the same one, whatever else is measured."""
    rng = np.random.default_rng((zlib.crc32(source.name.encode()), number))
    linear = random_light(source, size=VIEW_SIZE, rng=rng)
    return expose(linear, white=float(np.percentile(linear.max(2), rng.uniform(*LIT_SHARES))), rng=None)


def _lifted(estimator: Estimator, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return stops [h, w, 3] added by the network, and those added by the program in the end."""
    frame = picture_frame(rgb)
    boost = upsample_boost(estimated(estimator, frame).boost_stops.astype(np.float32), rgb)
    linear = to_linear(rgb, frame.transfer)
    floor = np.float32(1e-6)
    return boost, np.log2(np.maximum(lifted_light(linear, boost), floor) / np.maximum(linear, floor))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
