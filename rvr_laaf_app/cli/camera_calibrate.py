"""`rvr-laaf camera calibrate`: a sweep over the whole way of the lens, the fit, and where it is kept."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from rvr_laaf_app.app.capture_places import calibration_path
from rvr_laaf_app.core.errors import Cancelled, UsageError


def calibrate(arguments: argparse.Namespace) -> int:
    """Capture, fit, keep, say."""
    from rvr_laaf_app.camera.defocus import save_model
    from rvr_laaf_app.camera.sweeping import SweepPlan
    from rvr_laaf_app.cli.camera_session import finished, limits_of, opened
    from rvr_laaf_app.cli.progress import run_with_progress
    from rvr_laaf_app.media.image_file import check_picture_output, write_png
    from rvr_laaf_app.pipeline.capture_calibrate import calibrate_job, calibration_positions

    if arguments.step < 1:
        raise UsageError("there must be at least one step between two pictures")
    if arguments.picture is not None:
        check_picture_output(arguments.picture, (".png",), sources=())
    with tempfile.TemporaryDirectory(prefix="rvr-calibration-") as place:
        folder = Path(place) / "sweep"
        with opened(arguments.camera) as session:
            info, drive = session.status.camera, session.status.drive
            positions = calibration_positions(limits_of(session), arguments.step)
            report = finished(session, session.sweep(SweepPlan(folder, positions)), "sweep", quiet=arguments.json)
        if report.cancelled:
            raise Cancelled("stopped; nothing was changed")
        job = calibrate_job(folder, near_is_low=drive.near_is_low)
        found = run_with_progress(job, "calibrate", quiet=arguments.json)
    path = arguments.out or calibration_path(info.serial or info.id, "")
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    save_model(path, found.model)
    if arguments.picture is not None:
        write_png(arguments.picture, found.picture)
    if arguments.json:
        model = found.model
        values = {
            "file": str(path),
            "camera": info.id,
            "simulated": info.simulated,
            "positions": model.positions.tolist(),
            "depth_of_field": model.depth_of_field.tolist(),
            "largest_radius_px": round(float(model.radius_px.max()), 2),
            "magnification": [round(float(model.magnification.min()), 4), round(float(model.magnification.max()), 4)],
            "width_px": model.width_px,
        }
        print(json.dumps(values, indent=1))
    else:
        print(found.summary)
        print(path)
    return 0
