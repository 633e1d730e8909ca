"""The command line: one parser, one file per command, errors as one line on stderr, and the exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 media, 4 writing, 5 project, 6 weights, 7 camera, 130 cancelled.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, Protocol

from rvr_laaf_app import __version__
from rvr_laaf_app.core.errors import Cancelled, RvrError, UsageError

# name -> one-line help; the module cli/<name>_command.py holds add_arguments(parser) and run(arguments) -> int
COMMANDS = {
    "edit": "open the window on a clip or a project",
    "refocus": "refocus a clip on targets and write it, with its sound",
    "stack": "one sharp picture and its depth from a focus sweep",
    "suggest": "propose focus targets from what is seen and heard: who speaks, what acts",
    "export": "export projects in a row, all their clips, in one or several presets",
    "check": "say where a project's focus is not as it should be",
    "probe": "say what is in a media file",
    "frame": "write one frame as a PNG, upright, as displayed",
    "analyse": "estimate depth and light of a clip, steady over time, into the cache",
    "depth": "write the disparity (and the light) of a clip's frame or of a photograph",
    "bokeh": "blur one picture with a given depth",
    "planes": "a photograph in a few depth planes, near to far, and one of them in focus",
    "interchange": "targets and focus curve to and from other programs",
    "models": "list, install and remove depth networks",
    "eval": "measure depth, light, steadiness, and proposed focus targets",
    "vaf": "the data set of focus targets that people set: how far it is, whether it is sound, in and out",
    "camera": "connected cameras: list, focus, capture focus sweeps and stacks, calibrate, open the capture window",
    "annotate": "open the window in which focus targets are set on a folder of clips",
    "bench": "measure the stages and the renderer on this machine",
}


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work; return the exit code; raise RvrError on failure."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are our errors: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, remedy=f"See: {self.prog} --help")


def _command(name: str) -> Command:
    return importlib.import_module(f"rvr_laaf_app.cli.{name}_command")


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; only the chosen command's module is imported (all of them if None)."""
    parser = _Parser(prog="rvr-laaf", description="Put cinema focus into video that was shot without it.")
    parser.add_argument("--version", action="version", version=f"rvr-laaf {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if chosen in (None, name):
            module = _command(name)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _prepare_process() -> None:
    """Let the signals that end a program end a job cleanly, and any file name be printed."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP: so do we
            signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            exact = stream is sys.stdout and stream.encoding.lower() == "utf-8"
            stream.reconfigure(errors="surrogateescape" if exact else "backslashreplace")


def _fail(error: RvrError) -> int:
    if sys.stderr is not None:  # closed: print would turn to stdout
        print(f"rvr-laaf: {error}", file=sys.stderr)
    return error.exit_code


def run(argv: Sequence[str]) -> int:
    """Parse `argv`, run the command, and turn every failure into one line and an exit code."""
    _prepare_process()
    chosen = next((a for a in argv if a in COMMANDS), "")
    try:
        parser = build_parser(chosen)
        arguments = parser.parse_args(argv)
        if not arguments.command:
            parser.print_help()
            return 2
        code = int(arguments.run(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a reader that went away or a full disk can still be told
        return code
    except RvrError as error:
        return _fail(error)
    except KeyboardInterrupt:
        return _fail(Cancelled("cancelled; nothing half-made was left behind"))
    except BrokenPipeError:  # the reader of our output went away (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _fail(RvrError("not enough memory", remedy="Close other programs or use a smaller picture."))
    except OSError as error:
        return _fail(RvrError(error.strerror or str(error), where=error.filename))
    except Exception as error:
        if os.environ.get("RVR_TRACEBACK"):
            raise
        what = f"this should not have happened: {type(error).__name__}: {error}"
        return _fail(RvrError(what, remedy="Please report it; RVR_TRACEBACK=1 shows where it was."))
