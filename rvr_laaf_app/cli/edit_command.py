"""`rvr-laaf edit`: open the window on a clip or a project."""

from __future__ import annotations

import argparse
import os
import sys

from rvr_laaf_app.core.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("path", nargs="?", metavar="CLIP|PROJECT", help="a clip, or a .rvr project; empty: start page")
    parser.add_argument("--capture", action="store_true", help="open the window of connected cameras too")


def check_screen() -> None:
    """Raise UsageError if there is no screen to open a window on."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or platform
    if sys.platform.startswith("linux") and not has_screen:
        raise UsageError("there is no screen to open a window on", remedy="Use `rvr-laaf refocus` on the command line.")


def run(arguments: argparse.Namespace) -> int:
    """Open the window; say clearly if there is no screen to open it on."""
    check_screen()
    from rvr_laaf_app.ui.start import run as run_window

    return run_window(arguments.path, capture=arguments.capture)
