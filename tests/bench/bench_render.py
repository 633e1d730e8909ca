"""Run the renderer benchmark: `python -m tests.bench.bench_render [--quick]`; prints a Markdown table."""

from __future__ import annotations

import os
import platform
import sys

from rvr_laaf_app.render.benchmark import run, table


def main() -> None:
    """Print the machine, its load and the table."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    print(f"{platform.machine()}, {os.cpu_count()} threads, load {load}\n")  # noqa: T201
    print(table(run(quick="--quick" in sys.argv[1:])))  # noqa: T201


if __name__ == "__main__":
    main()
