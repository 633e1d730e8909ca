"""`rvr-laaf analyse`: estimate depth and light of a clip into the cache, ready for instant refocusing."""

from __future__ import annotations

import argparse
import json

from rvr_laaf_app.cli.options import add_estimator_arguments, chosen_products, clip_with_pictures
from rvr_laaf_app.cli.progress import run_with_progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("clip", help="a video or photograph")
    add_estimator_arguments(parser)
    parser.add_argument("--again", action="store_true", help="forget what the cache has and start over")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Analyse the clip and say what was found."""
    from rvr_laaf_app.pipeline.analyse import analyse_job

    info = clip_with_pictures(arguments.clip)
    products = chosen_products(info, arguments)
    if arguments.again:
        products.forget()
    run_with_progress(analyse_job(products), "analyse", quiet=arguments.json)
    cuts = list(products.cuts)
    size = products.store.size_bytes()
    if arguments.json:
        facts = {
            "frames": products.meta.done,
            "cuts": cuts,
            "estimator": products.key.estimator,
            "estimator_version": products.key.estimator_version,
            "cache": str(products.store.folder),
            "cache_bytes": size,
        }
        print(json.dumps(facts))
    else:
        frames = "1 frame" if info.frames == 1 else f"{info.frames} frames"
        print(f"{frames} analysed, cuts at frames: {', '.join(map(str, cuts)) or 'none'}")
        print(f"kept in {products.store.folder} ({size / 2**20:.1f} MiB)")
    return 0
