"""Entry point of `rvr-laaf` and `python -m rvr_laaf_app`: the first argument decides what is run."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line (which opens the window for `edit`) and return the exit code."""
    from rvr_laaf_app.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
