"""Flat subjects before a simulated camera, one patch at a time: what autofocus is measured with.

A subject is a sharp picture at one best lens position. It is blurred exactly and magnified by a `DefocusModel`, exposed
with the noise of the simulated camera's light levels, and encoded in 8 bits. Subjects are drawn by code, so that the
measurement runs anywhere; photographs take their place where a folder of them is given. Knows no autofocus method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.defocus import DefocusModel, apply_defocus
from rvr_laaf_app.camera.procedural import make_scene
from rvr_laaf_app.camera.simulated_device import LIGHT_LEVELS
from rvr_laaf_app.core.color import luminance
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.measure.order import load_rankings
from rvr_laaf_app.media.image_file import read_linear

Light = NDArray[np.float32]
PATCH: Final = 512
_SIDE: Final = 880  # of a subject: the patch, and room for the largest disk around it
_READ_NOISE_E: Final = 4.0  # as in the simulated camera
# Best positions of the 18 targets in tables 4 and 5 of the paper, pictures first
PAPER_POSITIONS: Final = (
    *(1570, 1310, 1150, 1850, 1590, 1390, 1280, 1950, 1890, 1530),
    *(1830, 1360, 1410, 1580, 1240, 1560, 1260, 1300),
)
_DRAWN: Final = ("chart", "slope", "two", "desk")
_PICTURES: Final = {".jpg", ".jpeg", ".png"}


@dataclass(slots=True, eq=False)
class Subject:
    """A sharp flat picture [SIDE, SIDE] of linear light, best at lens position z0; clean patches are kept."""

    name: str
    light: Light
    z0: int
    clean: dict[int, Light] = field(default_factory=dict)

    def seen(self, z: int, model: DefocusModel) -> Light:
        """Return the middle patch as it looks at lens position z, without noise."""
        if z not in self.clean:
            size = float(model.magnification_at(self.z0, z))
            radius_px = round(float(model.radius_at(self.z0, z)), 3)
            start = (_SIDE - PATCH) // 2
            whole = apply_defocus(self.light, radius_px, magnification=size)
            self.clean[z] = np.ascontiguousarray(whole[start : start + PATCH, start : start + PATCH])
        return self.clean[z]


def photograph(light: Light, level: str, rng: np.random.Generator, *, middle: float = 0.2) -> NDArray[np.float32]:
    """Return what the camera shows of a patch at a light level (a name of LIGHT_LEVELS), 0..1 display-encoded.

    The exposure is set so that the mean light becomes `middle`; white collects the electrons of the level.
    """
    electrons = LIGHT_LEVELS[level]
    x = light * np.float32(middle / max(float(light.mean()), 1e-6))
    spread = np.sqrt(x / np.float32(electrons) + np.float32((_READ_NOISE_E / electrons) ** 2))
    noisy = x + spread * rng.standard_normal(x.shape, dtype=np.float32)
    table = _display_table()
    return np.asarray(table[np.clip(noisy * (len(table) - 1), 0, len(table) - 1).astype(np.int32)], np.float32)


@lru_cache(maxsize=1)
def _display_table() -> NDArray[np.float32]:
    """The sRGB curve at 16384 levels, rounded to 8 bits."""
    x = np.linspace(0.0, 1.0, 16384)
    shown = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(shown * 255.0) / 255.0, np.float32)


def make_subjects(*, seed: int, limits: tuple[int, int], photos: Sequence[Path] = ()) -> list[Subject]:
    """Return 18 subjects; of photographs as far as there are any, the last 8 always drawn.

    With seed 0 they stand where those of the paper stood, with other seeds anywhere but at the very ends of the range.
    """
    rng = np.random.default_rng(seed)
    count = len(PAPER_POSITIONS)
    margin = (limits[1] - limits[0]) // 40
    anywhere = rng.integers(limits[0] + margin, limits[1] - margin + 1, count)
    positions = PAPER_POSITIONS if seed == 0 else [int(place) for place in anywhere]
    chosen = [photos[int(k)] for k in rng.permutation(len(photos))[:10]]
    subjects = []
    for number, z0 in enumerate(positions):
        if number < len(chosen):
            subjects.append(Subject(chosen[number].stem, _photo_light(chosen[number]), z0))
        else:
            kind = _DRAWN[number % len(_DRAWN)]
            subjects.append(Subject(f"{kind} {number + 1}", _drawn(kind, rng, limits), z0))
    return subjects


def find_photos(folder: Path) -> list[Path]:
    """Return the pictures under a folder, in order; where a labels file marks some as trained on, the others."""
    labels = folder / "ordinal_depth.json"
    if labels.is_file():
        return [ranking.photo for ranking in load_rankings(labels) if ranking.split != "train"]
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)


def _drawn(kind: str, rng: np.random.Generator, limits: tuple[int, int]) -> Light:
    """Cut a square out of a drawn scene with everything sharp."""
    scene = make_scene(kind, size=(_SIDE, _SIDE), limits=limits, seed=int(rng.integers(1 << 30)))
    return luminance(scene.sharp_linear())


def _photo_light(path: Path) -> Light:
    """Return a photograph as light, at its own sharpness; one that is too small is continued by its mirror images."""
    try:
        linear, _ = read_linear(path)
    except RvrError as error:
        raise type(error)(error.what, where=path, remedy="Give a folder of photographs.") from error
    grey = luminance(linear)
    lack = [max(0, _SIDE - side) for side in grey.shape]
    whole = cv2.copyMakeBorder(grey, *_halves(lack[0]), *_halves(lack[1]), cv2.BORDER_REFLECT) if any(lack) else grey
    top, left = (whole.shape[0] - _SIDE) // 2, (whole.shape[1] - _SIDE) // 2
    return np.ascontiguousarray(whole[top : top + _SIDE, left : left + _SIDE], np.float32)


def _halves(lack: int) -> tuple[int, int]:
    return lack // 2, lack - lack // 2
