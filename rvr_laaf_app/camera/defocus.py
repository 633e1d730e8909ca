"""How a lens blurs and magnifies when the sensor-side focus is off: the calibrated model of one camera and lens.

The paper's model (intelligent autofocus, Eq. 1-2): I_d = scale(I_i * h_r, alpha), h a disk of radius r pixels, with r
and alpha functions of the best lens position z0 and the lens position z, known on a grid and interpolated between.
Made by `autofocus.calibrate`, used by the simulated camera, by training data and by the strategies.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rvr_laaf_app.camera import fields
from rvr_laaf_app.camera.base import CameraError
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import MediaError, UsageError

SCHEMA: Final = "rvr-defocus/1"
MAX_GRID: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class DefocusModel:
    """r and alpha over (z0, z), and the depth of field, of one camera, lens and f-number.

    positions [k] int: lens positions of the grid, rising.
    radius_px [k, k] float: row = z0 (best position of what is seen), column = z (where the lens stands), for a picture
        `width_px` wide.
    magnification [k, k] float: size of what is seen at z relative to its size at z0 (1 = no focus breathing).
    depth_of_field [k] int: whole span around z0 that looks sharp, in steps.
    """

    camera: str
    lens: str
    f_number: float
    width_px: int
    positions: NDArray[np.int64]
    radius_px: NDArray[np.float64]
    magnification: NDArray[np.float64]
    depth_of_field: NDArray[np.int64]
    measured: bool = False  # False: drawn up from a lens formula, not from a real camera

    def __post_init__(self) -> None:
        count = len(self.positions)
        for name, shape in (("radius_px", (count, count)), ("magnification", (count, count))):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have the shape {shape}, not {getattr(self, name).shape}")
        if self.depth_of_field.shape != (count,):
            raise ValueError("depth_of_field must have one value per position")
        if count < 2 or not (np.diff(self.positions) > 0).all():
            raise ValueError("positions must be at least two, and rise")
        if not (np.isfinite(self.radius_px).all() and (self.radius_px >= 0).all()):
            raise ValueError("radius_px must be finite and not negative")
        if not (np.isfinite(self.magnification).all() and (self.magnification > 0).all()):
            raise ValueError("magnification must be finite and positive")
        if not (self.depth_of_field > 0).all():
            raise ValueError("depth_of_field must be positive")
        if self.width_px < 1 or not (math.isfinite(self.f_number) and self.f_number > 0):
            raise ValueError("width_px and f_number must be positive")

    @property
    def limits(self) -> tuple[int, int]:
        """The first and last lens position that was calibrated."""
        return int(self.positions[0]), int(self.positions[-1])

    def radius_at(self, z0: ArrayLike, z: ArrayLike, *, width_px: int | None = None) -> NDArray[np.float64]:
        """Return the blur radius in pixels of what is best at z0, seen at z [any shapes that broadcast].

        For a picture `width_px` wide (default: that of the model).
        """
        return np.abs(self.signed_radius_at(z0, z, width_px=width_px))

    def signed_radius_at(self, z0: ArrayLike, z: ArrayLike, *, width_px: int | None = None) -> NDArray[np.float64]:
        """Return the radius with the sign of z - z0; beyond the grid it goes on straight."""
        signed = self.radius_px * np.sign(self.positions[None, :] - self.positions[:, None])
        return _between(self.positions, signed, z0, z) * ((width_px or self.width_px) / self.width_px)

    def magnification_at(self, z0: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        """Return the size of what is best at z0, seen at z, relative to its size at z0."""
        return _between(self.positions, self.magnification, z0, z)

    def depth_of_field_at(self, z0: int | float) -> int:
        """Return the whole span around z0 that looks sharp, in steps (at least 1)."""
        return max(1, round(float(np.interp(z0, self.positions, self.depth_of_field))))


def _between(
    positions: NDArray[np.int64], table: NDArray[np.float64], z0: ArrayLike, z: ArrayLike
) -> NDArray[np.float64]:
    """Interpolate between rows at equal z - z0, so that the zero of the diagonal stays zero between grid points."""
    best, lens = np.broadcast_arrays(np.asarray(z0, np.float64), np.asarray(z, np.float64))
    grid = positions.astype(np.float64)
    row = np.clip(np.searchsorted(grid, best, side="right") - 1, 0, len(grid) - 2)
    share = np.clip((best - grid[row]) / (grid[row + 1] - grid[row]), 0.0, 1.0)
    offset = lens - best
    low = _along(grid, table, row, grid[row] + offset)
    high = _along(grid, table, row + 1, grid[row + 1] + offset)
    return np.asarray((1.0 - share) * low + share * high, np.float64)


def _along(
    grid: NDArray[np.float64], table: NDArray[np.float64], row: NDArray[np.intp], lens: NDArray[np.float64]
) -> NDArray[np.float64]:
    column = np.clip(np.searchsorted(grid, lens, side="right") - 1, 0, len(grid) - 2)
    share = (lens - grid[column]) / (grid[column + 1] - grid[column])
    return np.asarray((1.0 - share) * table[row, column] + share * table[row, column + 1], np.float64)


@dataclass(frozen=True, slots=True)
class LensFormula:
    """A thin lens whose extension v grows evenly with the steps, from `near_m` (first limit) to `far_m` (last).

    1/f = 1/distance + 1/v. What is best at v0 has the blur radius A / (2 p) |v - v0| / v0 (A aperture diameter, p pixel
    pitch; given by the largest radius of all) and grows by `breathing` times v / v0 - 1 (1 = the whole lens moves; less
    = inner focusing). The depth of field is where the radius stays below `sharp_radius_px`.
    """

    camera: str
    limits: tuple[int, int]
    focal_mm: float
    near_m: float
    far_m: float
    largest_radius_px: float
    breathing: float
    sharp_radius_px: float = 1.5
    sensor_width_mm: float = 17.3
    width_px: int = 1920

    def extension_mm(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return v for distances in metres."""
        return np.asarray(1.0 / (1.0 / self.focal_mm - 1e-3 / np.asarray(distance_m, np.float64)))

    def position_of(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return the lens position that is best for distances in metres; beyond the limits for what is out of reach."""
        near, far = self.extension_mm(self.near_m), self.extension_mm(self.far_m)
        share = (near - self.extension_mm(distance_m)) / (near - far)
        return np.asarray(self.limits[0] + share * (self.limits[1] - self.limits[0]), np.float64)

    def model(self, *, step: int) -> DefocusModel:
        """Return the defocus model on a grid of so many steps; `measured` is False."""
        low, high = self.limits
        positions = np.unique(np.append(np.arange(low, high, step), high)).astype(np.int64)
        near, far = float(self.extension_mm(self.near_m)), float(self.extension_mm(self.far_m))
        v = np.interp(positions, [low, high], [near, far])
        shape = np.abs(v[None, :] - v[:, None]) / v[:, None]
        gain = self.largest_radius_px / float(shape.max())
        slope = gain * abs(near - far) / (high - low) / v
        size = 1.0 + self.breathing * (v / far - 1.0)
        aperture_mm = 2.0 * gain * self.sensor_width_mm / self.width_px
        return DefocusModel(
            camera=self.camera,
            lens=f"{self.focal_mm:g} mm by formula",
            f_number=round(self.focal_mm / aperture_mm, 2),
            width_px=self.width_px,
            positions=positions,
            radius_px=shape * gain,
            magnification=size[None, :] / size[:, None],
            depth_of_field=np.maximum(1, np.round(2.0 * self.sharp_radius_px / slope)).astype(np.int64),
        )


# The camera of the paper: 2200 motor steps, calibrated from 1050 to 2100 (0.4-10 m), blur radius up to 160 px, depth of
# field about 20 steps. Its second camera is a voice coil module: coarser. A macro lens, for stacks.
LENSES: Final = {
    "paper": LensFormula("simulated (the paper's camera)", (1050, 2100), 50.0, 0.4, 10.0, 160.0, 0.3),
    "voice_coil": LensFormula(
        "simulated (voice coil module)", (200, 800), 4.2, 0.1, 10.0, 14.0, 0.9, 0.7, sensor_width_mm=5.1, width_px=1280
    ),
    "macro": LensFormula("simulated (macro lens)", (0, 3000), 100.0, 0.31, 0.5, 220.0, 0.3, 1.2, sensor_width_mm=23.5),
}


def paper_model(*, step: int = 50) -> DefocusModel:
    """Return the camera of the paper by formula: 1050-2100, radius up to 160 px at 1920, depth of field about 20."""
    return LENSES["paper"].model(step=step)


def save_model(path: Path | str, model: DefocusModel) -> None:
    """Write the model as JSON, whole or not at all; CameraError when it cannot be written."""
    values = {
        "schema": SCHEMA,
        "camera": model.camera,
        "lens": model.lens,
        "f_number": model.f_number,
        "width_px": model.width_px,
        "measured": model.measured,
        "positions": model.positions.tolist(),
        "radius_px": [[round(x, 4) for x in row] for row in model.radius_px.tolist()],
        "magnification": [[round(x, 6) for x in row] for row in model.magnification.tolist()],
        "depth_of_field": model.depth_of_field.tolist(),
    }
    try:
        write_atomic(path, (json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise CameraError(f"the calibration cannot be written: {error.strerror or error}", where=path) from error


def load_model(path: Path | str) -> DefocusModel:
    """Read a model; MediaError with one sentence if it is missing, damaged or makes no sense."""
    try:
        return _decode(fields.read_object(Path(path)))
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise MediaError(f"the calibration cannot be used: {reason}", where=path) from None


def _decode(values: dict[str, object]) -> DefocusModel:
    if values.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {str(values.get('schema'))[:40]!r}, not {SCHEMA!r}")
    positions = np.array(fields.integers(values, "positions"), np.int64)
    if not 2 <= len(positions) <= MAX_GRID:
        raise ValueError(f"positions must be 2 to {MAX_GRID}")
    return DefocusModel(
        camera=fields.text(values, "camera", ""),
        lens=fields.text(values, "lens", ""),
        f_number=fields.real(values.get("f_number"), "f_number"),
        width_px=fields.integer(values.get("width_px"), "width_px"),
        positions=positions,
        radius_px=_square(values, "radius_px", len(positions)),
        magnification=_square(values, "magnification", len(positions)),
        depth_of_field=np.array(fields.integers(values, "depth_of_field"), np.int64),
        measured=fields.switch(values, "measured", False),
    )


def _square(values: dict[str, object], name: str, count: int) -> NDArray[np.float64]:
    rows = fields.items(values, name)
    if len(rows) != count or not all(isinstance(row, list) and len(row) == count for row in rows):
        raise ValueError(f"{name} must have {count} rows of {count} numbers")
    return np.array([[fields.real(x, name) for x in row] for row in rows if isinstance(row, list)], np.float64)


def apply_defocus(linear: NDArray[np.float32], radius_px: float, *, magnification: float = 1.0) -> NDArray[np.float32]:
    """Return a sharp picture [h, w] or [h, w, 3] in linear light as seen out of focus (the paper's Eq. 1).

    Exact disk blur, then scaling about the centre, same size; the border is mirrored, so the outermost `radius_px` are
    not to be trusted. UsageError for a radius or magnification that makes no sense.
    """
    from rvr_laaf_app.camera.blur import blur_disk, scale_about_centre

    source = np.ascontiguousarray(linear, np.float32)
    try:
        blurred = blur_disk(source, radius_px)
        return np.maximum(scale_about_centre(blurred, magnification), 0.0)
    except ValueError as error:
        raise UsageError(str(error)) from None


def apply_defocus_display(
    display: NDArray[np.float32], radius_px: float, *, magnification: float = 1.0
) -> NDArray[np.float32]:
    """Return the same for a display-encoded picture 0..1 (sRGB curve): to light, blurred, and back."""
    from rvr_laaf_app.core.color import decode_transfer, encode_transfer

    light = decode_transfer(display, "srgb").astype(np.float32)
    seen = apply_defocus(light, radius_px, magnification=magnification)
    return np.clip(encode_transfer(seen, "srgb"), 0.0, 1.0).astype(np.float32)
