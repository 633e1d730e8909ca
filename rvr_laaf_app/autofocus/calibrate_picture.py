"""The picture of a calibration: radius and magnification over lens positions, as measured and as the model says.

And where calibrations are kept: one file per camera and lens. Draws with OpenCV into an array; shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.calibrate import Sample
from rvr_laaf_app.camera.defocus import DefocusModel, load_model, save_model

_SIZE: Final = (960, 420)  # of one diagram, width and height
_MARGIN: Final = (70, 24, 34, 44)  # left, right, top, bottom
_PAPER, _INK, _FAINT = (24, 24, 27), (212, 212, 216), (63, 63, 70)
_COLOURS: Final = ((96, 165, 250), (251, 191, 36), (74, 222, 128), (248, 113, 113), (192, 132, 252), (45, 212, 191))


def calibration_path(folder: Path, *, camera: str, lens: str) -> Path:
    """Return the file in which the calibration of this camera and lens is kept."""
    words = [re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unknown" for text in (camera, lens)]
    return folder / f"{words[0][:60]}--{words[1][:60]}.json"


def save_calibration(folder: Path, model: DefocusModel) -> Path:
    """Write a model under its camera and lens; return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = calibration_path(folder, camera=model.camera, lens=model.lens)
    save_model(path, model)
    return path


def load_calibration(folder: Path, *, camera: str, lens: str) -> DefocusModel | None:
    """Return the calibration of this camera and lens; None if there is none, MediaError if it is damaged."""
    path = calibration_path(folder, camera=camera, lens=lens)
    return load_model(path) if path.is_file() else None


def draw_fit(samples: Sequence[Sample], model: DefocusModel) -> NDArray[np.uint8]:
    """Return two diagrams over one another [h, w, 3] uint8 RGB: dots are measured, lines the model."""
    at = sorted({sample.z0 for sample in samples})
    low, high = model.limits
    x = np.arange(low, high + 1, max(1, (high - low) // 400))
    radius = _diagram(
        "blur radius, px",
        (low, high),
        [(z0, x, model.radius_at(z0, x)) for z0 in at],
        [(s.z0, s.z, s.radius_px) for s in samples],
    )
    size = _diagram(
        "magnification",
        (low, high),
        [(z0, x, model.magnification_at(z0, x)) for z0 in at],
        [(s.z0, s.z, s.magnification) for s in samples],
    )
    return np.vstack([radius, size])


def _diagram(
    title: str,
    limits: tuple[int, int],
    lines: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]],
    dots: Sequence[tuple[int, int, float]],
) -> NDArray[np.uint8]:
    width, height = _SIZE
    canvas = np.full((height, width, 3), _PAPER, np.uint8)
    values = [float(v) for _, _, y in lines for v in (y.min(), y.max())] + [value for _, _, value in dots]
    bottom, top = min(values), max(values)
    top = top if top > bottom else bottom + 1.0
    left, right, above, below = _MARGIN

    def point(z: float, value: float) -> tuple[int, int]:
        across = left + (width - left - right) * (z - limits[0]) / (limits[1] - limits[0])
        return round(across), round(above + (height - above - below) * (top - value) / (top - bottom))

    _axes(canvas, limits, (bottom, top), point)
    number = {z0: k for k, z0 in enumerate(sorted({z0 for z0, _, _ in lines}))}
    for z0, x, y in lines:
        path = np.array([point(float(a), float(b)) for a, b in zip(x, y, strict=True)], np.int32)
        cv2.polylines(canvas, [path], False, _COLOURS[number[z0] % len(_COLOURS)], 1, cv2.LINE_AA)
    for z0, z, value in dots:
        cv2.circle(canvas, point(z, value), 4, _COLOURS[number[z0] % len(_COLOURS)], -1, cv2.LINE_AA)
    cv2.putText(canvas, title, (left, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.55, _INK, 1, cv2.LINE_AA)
    return canvas


def _axes(
    canvas: NDArray[np.uint8],
    limits: tuple[int, int],
    values: tuple[float, float],
    point: Callable[[float, float], tuple[int, int]],
) -> None:
    for share in np.linspace(0.0, 1.0, 5):
        value = values[0] + share * (values[1] - values[0])
        y = point(limits[0], value)[1]
        cv2.line(canvas, (_MARGIN[0], y), (canvas.shape[1] - _MARGIN[1], y), _FAINT, 1)
        cv2.putText(canvas, f"{value:.4g}", (8, y + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
        z = round(limits[0] + share * (limits[1] - limits[0]))
        x = point(z, values[0])[0]
        place = (x - 16, canvas.shape[0] - 16)
        cv2.putText(canvas, str(z), place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
