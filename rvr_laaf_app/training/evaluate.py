"""Measure an estimator on the development data and print all figures as JSON: what a model card is made from.

    python -m rvr_laaf_app.training.evaluate --data DATA [--estimator rvr] [--checkpoint FILE]

The measures are those of `rvr-laaf eval` (package `measure`): here all at once, on the development set's fixed parts.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rvr_laaf_app.estimate.base import ESTIMATORS
from rvr_laaf_app.measure.bokeh import find_rendered, measure_bokeh
from rvr_laaf_app.measure.depth import find_references, measure_references, measure_scenes
from rvr_laaf_app.measure.estimating import Estimator, new_estimator
from rvr_laaf_app.measure.hdr_views import split_names
from rvr_laaf_app.measure.light import measure_light
from rvr_laaf_app.measure.order import load_rankings, measure_order
from rvr_laaf_app.measure.truth import find_scenes


def evaluate(estimator: Estimator, data: Path) -> dict[str, Any]:
    """Return every figure of the estimator on the folders photos, depth, rendered, clips and hdr of `data`."""
    measured, _ = find_scenes(data / "depth")
    rendered, _ = find_scenes(data / "rendered")
    maps = [data / "hdr" / name for name in split_names(data / "hdr")[1]]
    return {
        "version": estimator.version,
        "order": measure_order(estimator, load_rankings(data / "photos" / "ordinal_depth.json", "val")),
        "measured": measure_scenes(estimator, measured),
        "rendered": measure_scenes(estimator, rendered),
        "bokeh": measure_bokeh(estimator, find_rendered(rendered)),
        "video": measure_references(estimator, find_references(data / "clips")),
        "light": measure_light(estimator, maps),
    }


def main() -> None:
    """Print all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--estimator", default="rvr", choices=list(ESTIMATORS))
    parser.add_argument("--checkpoint", type=Path, default=None, help="weights other than the published ones")
    options = parser.parse_args()
    estimator = new_estimator(options.estimator, options.checkpoint)
    print(json.dumps(evaluate(estimator, options.data), indent=1))


if __name__ == "__main__":
    main()
