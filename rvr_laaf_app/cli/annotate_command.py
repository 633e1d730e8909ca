"""`rvr-laaf annotate`: the window in which focus targets are set on a folder of clips, for the VAF data set."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from rvr_laaf_app.core.errors import RvrError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of clips; what is said lies in DIR/vaf")
    parser.add_argument("--annotator", metavar="NAME", help="who annotates (default: you)")


def run(arguments: argparse.Namespace) -> int:
    """Open the window; say clearly what is in the way before anything is shown."""
    from rvr_laaf_app.annotation.work import find_clips

    folder = arguments.folder.absolute()
    if not folder.exists():
        raise UsageError("no such folder", where=arguments.folder)
    if not find_clips(folder):
        raise UsageError("there are no clips in this folder", where=folder, remedy="Give a folder with videos.")
    who = arguments.annotator if arguments.annotator is not None else _user()
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or platform
    if sys.platform.startswith("linux") and not has_screen:
        raise UsageError(
            "there is no screen to open a window on", remedy="Use `rvr-laaf vaf` for what needs no window."
        )
    from rvr_laaf_app.ui.annotate.start import run as run_window

    return run_window(folder, who)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise RvrError("this system does not say who you are", remedy="Give --annotator NAME.") from error
