"""`rvr-laaf probe`: what is in a media file."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("clip", help="a video, photograph or sound file")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the facts, for a person or as JSON."""
    from rvr_laaf_app.media.probe import as_json, probe

    facts = as_json(probe(arguments.clip))
    if arguments.json:
        print(json.dumps(facts))
        return 0
    for name, value in facts.items():
        if name == "times_s":
            print(f"{'times_s':16} {_times(value)}")
        elif name == "audio":
            for i, stream in enumerate(value):
                print(f"{'audio' if i == 0 else '':16} " + ", ".join(f"{k} {v}" for k, v in stream.items()))
        elif isinstance(value, list):
            print(f"{name:16} {' x '.join(map(str, value)) if name.endswith('size') else ', '.join(map(str, value))}")
        else:
            print(f"{name:16} {value}")
    return 0


def _times(times: list[float]) -> str:
    if len(times) < 2:
        return ", ".join(f"{t:.3f}" for t in times)
    return f"{times[0]:.3f} .. {times[-1]:.3f} ({len(times)} frames; --json lists all)"
