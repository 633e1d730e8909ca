"""Entry point of `rvr-laaf` and `python -m rvr_laaf_app`: the first argument decides what is run."""

from __future__ import annotations

import os
import sys

# Threads of torch and numba that wait for work must sleep, not spin: spinning takes the core from the stage that is
# working (measured on two busy cores: a step of the network in 450 ms instead of 45). Read when libgomp loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def main() -> int:
    """Run the command line (which opens the window for `edit`) and return the exit code."""
    if len(sys.argv) == 3 and sys.argv[1] == "--camera-worker":  # of a packed program: camera.worker_entry
        from rvr_laaf_app.camera.worker_entry import run_worker

        return run_worker(sys.argv[2])
    from rvr_laaf_app.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
