"""`rvr-laaf camera`: find cameras, read their settings, focus them, capture sweeps and stacks, calibrate lenses."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.options import positive
from rvr_laaf_app.core.errors import Cancelled, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rvr_laaf_app.camera.defocus import DefocusModel
    from rvr_laaf_app.camera.session import CameraSession
    from rvr_laaf_app.camera.sweeping import SweepReport

METHODS = ("learned", "algorithm1", "fibonacci", "rule_based", "hill_climbing", "curve_fit")
_GO_ON = "Go on with --resume."
CAMERA_HELP = (
    "BACKEND:ADDRESS as `rvr-laaf camera list` prints it, or a part of the camera's name; replay:FOLDER is a recorded "
    "sweep, simulated:desk a simulated camera"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be done and the arguments of each."""
    does = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    listing = does.add_parser("list", help="say which cameras are there, and what is missing for others")
    listing.add_argument("--json", action="store_true", help="print JSON")
    info = _action(does, "info", "say what a camera is, what its lens can do, and its settings")
    info.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting first")
    focus = _action(does, "autofocus", "focus the lens")
    focus.add_argument("--method", choices=METHODS, default=METHODS[0], help=f"how (default {METHODS[0]})")
    focus.add_argument("--region", metavar="X,Y,W,H", help="where, in shares of the picture (default: its middle)")
    focus.add_argument("--start", type=int, metavar="STEP", help="drive there first")
    focus.add_argument("--seed", type=int, default=0, help="of what the method draws by chance (0)")
    for name, text in (
        ("sweep", "capture a picture at each step of a focus bracket"),
        ("stack", "capture a bracket and make the picture that is sharp everywhere, and its depth"),
    ):
        sweep = _action(does, name, text)
        sweep.add_argument("-o", "--out", required=True, type=Path, metavar="DIR", help="the folder of the sweep")
        sweep.add_argument("--near", type=int, metavar="STEP", help="where it begins (default: the near end)")
        sweep.add_argument("--far", type=int, metavar="STEP", help="where it ends (default: the far end)")
        sweep.add_argument("--span", type=positive, metavar="N", help="steps that look sharp at once (as calibrated)")
        sweep.add_argument(
            "--overlap", type=float, default=0.3, metavar="SHARE", help="of two neighbours, 0..0.9 (0.3)"
        )
        sweep.add_argument("--step", type=positive, metavar="N", help="steps between pictures, in place of the above")
        sweep.add_argument("--needed", action="store_true", help="only where the live picture shows something sharp")
        sweep.add_argument("--resume", action="store_true", help="go on with an unfinished sweep in the folder")
    calibrate = _action(does, "calibrate", "measure blur, breathing and depth of field of a lens over its whole way")
    calibrate.add_argument("-o", "--out", type=Path, metavar="FILE", help="keep it here, not with the settings (.json)")
    calibrate.add_argument("--picture", type=Path, metavar="FILE", help="a picture of the fit (.png)")
    calibrate.add_argument("--step", type=int, default=50, metavar="N", help="steps between pictures (50)")
    panel = does.add_parser("panel", help="open the capture window")
    panel.add_argument("--camera", metavar="NAME", help=CAMERA_HELP)


def _action(does: Any, name: str, text: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = does.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    action.add_argument("--camera", required=True, metavar="NAME", help=CAMERA_HELP)
    action.add_argument("--json", action="store_true", help="print JSON")
    if name != "info":
        action.add_argument(
            "--model", type=Path, metavar="FILE", help="a calibration of the lens (default: the saved one)"
        )
    return action


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    actions = {
        "list": _list,
        "info": _info,
        "autofocus": _autofocus,
        "sweep": _sweep,
        "stack": _stack,
        "calibrate": _calibrate,
        "panel": _panel,
    }
    return actions[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.camera.finding import list_cameras

    found = list_cameras()
    if arguments.json:
        missing = [{"backend": name, "reason": reason} for name, reason in found.missing]
        print(json.dumps({"cameras": [asdict(c) for c in found.cameras], "missing": missing}, indent=1))
        return 0
    for camera in found.cameras:
        notes = ", ".join(t for t in (camera.serial, camera.note) if t)
        print(f"{camera.id}\t{camera.name}" + (f"\t({notes})" if notes else ""))
    for name, reason in found.missing:
        print(f"{name}: {reason}", file=sys.stderr)
    return 0


def _info(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.cli.camera_session import answer, model_of, opened

    with opened(arguments.camera) as session:
        for text in arguments.set:
            _set(session, text)
        controls = answer(session.controls())
        if session.status.drive.kind == "absolute":
            answer(session.drive_by(0))  # asks where it stands
        status, model = session.status, model_of(session)
        if arguments.json:
            values = {
                "camera": asdict(status.camera),
                "lens": asdict(status.drive),
                "position": status.position,
                "controls": [asdict(c) for c in controls],
                "calibrated": model is not None,
            }
            print(json.dumps(values, indent=1))
            return 0
        print(f"{status.camera.id}\t{status.camera.name}")
        for text in (status.camera.serial, status.camera.note):
            if text:
                print(f"  {text}")
        drive = status.drive
        ends = f" from {drive.minimum} to {drive.maximum}" if drive.minimum is not None else ""
        print(f"  lens: {drive.kind}{ends}, at {status.position}" + (", calibrated" if model else ""))
        for control in controls:
            fixed = " (read only)" if control.read_only else ""
            choices = f" [{', '.join(control.choices)}]" if control.choices else ""
            print(f"  {control.name} = {control.value}{' ' + control.unit if control.unit else ''}{choices}{fixed}")
    return 0


def _set(session: CameraSession, text: str) -> None:
    from rvr_laaf_app.cli.camera_session import answer

    name, sign, value = text.partition("=")
    control = next((c for c in answer(session.controls()) if c.name == name), None)
    if not sign or control is None:
        raise UsageError(f"{text!r} sets nothing of this camera", remedy="Write NAME=VALUE with a name that it has.")
    converted: float | str | bool = value
    if control.kind == "switch":
        converted = value.casefold() in ("1", "on", "true", "yes")
    elif control.kind == "range":
        try:
            converted = float(value)
        except ValueError:
            raise UsageError(f"{value!r} is not a number for {name}") from None
    answer(session.set_control(name, converted))


def _autofocus(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.cli.camera_session import answer, finished, limits_of, live_width, model_of, opened, span_of
    from rvr_laaf_app.core.geometry import Box
    from rvr_laaf_app.pipeline.capture_focus import begin_search, region_for

    box = None
    if arguments.region:
        try:
            box = Box(*(float(v) for v in arguments.region.split(","))).clipped()
        except (TypeError, ValueError):
            raise UsageError(
                f"{arguments.region!r} is not X,Y,W,H", remedy="Give four shares of the picture."
            ) from None
    with opened(arguments.camera) as session:
        limits = limits_of(session)
        if arguments.start is not None:
            answer(session.drive_to(arguments.start))
        start = session.status.position
        begin = start if start is not None else sum(limits) // 2
        model = model_of(session, arguments.model)
        span = round(span_of(limits, model)(begin))
        width = live_width(session) if model is not None else None
        search = begin_search(
            arguments.method, limits, start=begin, depth_of_field=span, model=model, width_px=width, seed=arguments.seed
        )
        began_s = time.monotonic()
        task = session.run_autofocus(search, region=region_for(lambda _frame: box))
        result = finished(session, task, "autofocus", quiet=arguments.json)
        seconds = time.monotonic() - began_s
    if arguments.json:
        values = {
            "camera": session.status.camera.id,
            "simulated": session.status.camera.simulated,
            "method": arguments.method,
            "found": result.found,
            "position": result.position,
            "confidence": round(result.confidence, 4),
            "reason": result.reason,
            "seconds": round(seconds, 3),
            "steps": [{"position": s.position, "reading": round(s.reading, 6), "note": s.note} for s in result.steps],
        }
        print(json.dumps(values, indent=1))
        return 0 if result.found else 1
    for number, step in enumerate(result.steps, start=1):
        print(f"{number:3d}  {step.position:6d}  {step.reading:12.5g}  {step.note}".rstrip())
    if not result.found:
        print(f"nothing to focus on was found: {result.reason}".rstrip(": "), file=sys.stderr)
        return 1
    print(f"sharp at {result.position} after {len(result.steps)} looks")
    return 0


def _sweep(arguments: argparse.Namespace) -> int:
    report, _ = _captured(arguments)
    _say(arguments, report, {})
    return 130 if report.cancelled else 0


def _stack(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.cli.progress import run_with_progress
    from rvr_laaf_app.pipeline.capture_develop import develop_job

    report, near_is_low = _captured(arguments)
    if report.cancelled:
        _say(arguments, report, {})
        return 130
    made = run_with_progress(develop_job(report.sweep.folder, near_is_low=near_is_low), "stack", quiet=arguments.json)
    for note in made.notes:
        print(f"note: {note}", file=sys.stderr)
    _say(arguments, report, {"picture": str(made.picture), "depth": str(made.depth)})
    return 0


def _captured(arguments: argparse.Namespace) -> tuple[SweepReport, bool | None]:
    """Capture; return what came of it, and whether positions grow from near to far (None: nobody knows)."""
    from rvr_laaf_app.camera.sweeping import SweepPlan
    from rvr_laaf_app.cli.camera_session import finished, limits_of, model_of, opened, span_of

    with opened(arguments.camera) as session:
        limits = limits_of(session)
        near = limits[0] if arguments.near is None else arguments.near
        far = limits[1] if arguments.far is None else arguments.far
        if not all(limits[0] <= end <= limits[1] for end in (near, far)):
            raise UsageError(f"the lens goes from {limits[0]} to {limits[1]} only")
        model = model_of(session, arguments.model)
        measured = span_of(limits, model)
        span = (lambda _position: arguments.span) if arguments.span else measured
        try:
            if arguments.needed:
                positions = _needed(session, model, (near, far), quiet=arguments.json)
            else:
                positions = _planned(arguments, (near, far), span)
            steps = max(round(span((near + far) / 2)), 1)
            wish = SweepPlan(arguments.out, positions, depth_of_field_steps=steps, resume=arguments.resume)
            report = finished(session, session.sweep(wish), "sweep", quiet=arguments.json)
        except KeyboardInterrupt:
            raise Cancelled("stopped; the pictures so far are kept", where=arguments.out, remedy=_GO_ON) from None
        known = session.status.camera.backend != "replay"
        return report, session.status.drive.near_is_low if known else None


def _planned(arguments: argparse.Namespace, ends: tuple[int, int], span: Callable[[float], float]) -> tuple[int, ...]:
    from rvr_laaf_app.pipeline.capture_plan import plan_bracket

    if arguments.step:
        return plan_bracket(*ends, depth_of_field=lambda _position: arguments.step, overlap=0.0).positions
    return plan_bracket(*ends, depth_of_field=span, overlap=arguments.overlap).positions


def _needed(
    session: CameraSession, model: DefocusModel | None, ends: tuple[int, int], *, quiet: bool
) -> tuple[int, ...]:
    """Return where something is sharp, by looking at the live picture."""
    from rvr_laaf_app.cli.camera_session import finished
    from rvr_laaf_app.pipeline.capture_needed import needed_search

    if model is None:
        raise UsageError(
            "the lens is not calibrated", remedy="Run `rvr-laaf camera calibrate` first, or leave --needed out."
        )
    here = session.status.position
    search = needed_search(model, ends, start=ends[0] if here is None else here)
    return finished(session, session.run_autofocus(search), "looking", quiet=quiet).positions


def _say(arguments: argparse.Namespace, report: SweepReport, more: dict[str, str]) -> None:
    sweep = report.sweep
    for note in report.notes:
        print(f"note: {note}", file=sys.stderr)
    if arguments.json:
        values = {
            "folder": str(sweep.folder),
            "simulated": sweep.simulated,
            "frames": len(sweep.frames),
            "planned": len(sweep.planned),
            "positions": list(sweep.positions),
            "cancelled": report.cancelled,
            "faults": [f.kind for f in report.faults],
            **more,
        }
        print(json.dumps(values, indent=1))
        return
    left = f", {len(sweep.remaining)} left (go on with --resume)" if sweep.remaining else ""
    print(f"{sweep.folder}: {len(sweep.frames)} pictures{left}")
    for path in more.values():
        print(path)


def _calibrate(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.cli.camera_calibrate import calibrate

    return calibrate(arguments)


def _panel(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.cli.camera_session import camera_id
    from rvr_laaf_app.cli.edit_command import check_screen

    chosen = camera_id(arguments.camera) if arguments.camera else ""
    check_screen()
    from rvr_laaf_app.ui.start import run as run_window

    return run_window(None, capture=True, camera=chosen)
