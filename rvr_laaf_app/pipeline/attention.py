"""Where people look in a frame: recorded fixations if there are any beside the clip, else what should draw the eye.

Recorded ones lie in the folder `fixations` of the clips, by the clip's name without its ending: NAME.csv with columns
seconds, x, y (0..1 of the picture; further columns are ignored), or a folder NAME of maps as pictures (bright =
looked at), one a frame or spread evenly over the clip.
"""

from __future__ import annotations

import csv
import logging
import math
from pathlib import Path, PurePosixPath
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CheckpointError, MediaError
from rvr_laaf_app.core.evidence import GRID
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.detect.base import Look
from rvr_laaf_app.detect.saliency import SaliencyDetector
from rvr_laaf_app.media.stills import read_still

FOLDER = "fixations"
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
SIZE = (96, 54)  # columns and rows of the maps that are made
SPREAD = 0.045  # of a fixation, in widths of the picture: about 1.5 degrees
WINDOW_S = 0.25  # fixations so close in time count, the closer the more
MAX_FIXATIONS = 2_000_000
Source = Literal["fixations", "maps", "computed"]
Heat = NDArray[np.float32]
log = logging.getLogger(__name__)


class Attention:
    """The maps of one clip. For one thread: the computed one remembers the frame before."""

    def __init__(self, folder: Path, name: str, table: FrameTable, *, cuts: tuple[int, ...] = ()) -> None:
        stem = PurePosixPath(name).with_suffix("")
        self._table, self._cuts = table, frozenset(cuts)
        self._fixations = _read_fixations(folder / FOLDER / f"{stem}.csv")
        self._maps = _list_maps(folder / FOLDER / str(stem))
        self._detector: SaliencyDetector | None = None
        self._before = -1

    @property
    def source(self) -> Source:
        """Where the maps come from."""
        if self._fixations is not None:
            return "fixations"
        return "maps" if self._maps else "computed"

    def heat(self, index: int, rgb: NDArray[np.uint8]) -> Heat:
        """Return the map [h, w] float32, 0..1, of a frame whose picture is rgb [h', w', 3]."""
        if self._fixations is not None:
            return _fixation_heat(self._fixations, self._table.seconds_of(index), rgb.shape[1] / rgb.shape[0])
        if self._maps:
            try:
                return _map_heat(self._maps[index * len(self._maps) // len(self._table)])
            except MediaError as error:
                log.warning("a map of fixations cannot be read: %s", error)
                return np.zeros(SIZE[::-1], np.float32)
        return self._computed(index, rgb)

    def _computed(self, index: int, rgb: NDArray[np.uint8]) -> Heat:
        jumped = not 0 <= index - self._before <= 1
        if self._detector is None:
            self._detector = _detector()
        self._before = index
        found = self._detector.look(Look(index, self._table.seconds_of(index), rgb, jumped or index in self._cuts))
        heat = found[-1].heat if found else None
        return np.zeros(GRID[::-1], np.float32) if heat is None else heat


def _detector() -> SaliencyDetector:
    """Return what computes the map: by the network of where people look, or without it if it cannot be used."""
    from rvr_laaf_app.estimate.attention_nets import gaze_net

    try:
        return SaliencyDetector(gaze_net())
    except CheckpointError as error:
        log.warning("the network of where people look cannot be used: %s", error)
        return SaliencyDetector()


def _read_fixations(path: Path) -> NDArray[np.float32] | None:
    """Return [n, 3] float32 (seconds, x, y) sorted by time; None if there is no such file, or nothing sane in it."""
    if not path.is_file():
        return None
    rows: list[tuple[float, float, float]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            for row in csv.DictReader(file):
                found = _fixation_of(row)
                if found is not None:
                    rows.append(found)
                if len(rows) >= MAX_FIXATIONS:
                    break
    except (OSError, csv.Error) as error:
        log.warning("fixations cannot be read: %s: %s", path, error)
    return np.array(sorted(rows), np.float32) if rows else None


def _fixation_of(row: dict[str, str]) -> tuple[float, float, float] | None:
    try:
        values = float(row["seconds"]), float(row["x"]), float(row["y"])
    except (KeyError, TypeError, ValueError):
        return None
    inside = all(math.isfinite(v) for v in values) and 0 <= values[1] <= 1 and 0 <= values[2] <= 1
    return values if inside else None


def _fixation_heat(fixations: NDArray[np.float32], seconds: float, aspect: float) -> Heat:
    first, last = np.searchsorted(fixations[:, 0], [seconds - 2 * WINDOW_S, seconds + 2 * WINDOW_S])
    near = fixations[first:last]
    width, height = SIZE
    if len(near) == 0:
        return np.zeros((height, width), np.float32)
    weight = np.exp(-0.5 * ((near[:, 0] - seconds) / WINDOW_S) ** 2)
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    across = np.exp(-0.5 * ((x[None] - near[:, 1:2]) / SPREAD) ** 2)
    down = np.exp(-0.5 * ((y[None] - near[:, 2:3]) / (SPREAD * aspect)) ** 2)
    heat = np.einsum("n,ny,nx->yx", weight, down, across)
    return np.asarray(heat / max(float(heat.max()), 1e-9), np.float32)


def _list_maps(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith(".")]
    return sorted(found, key=lambda p: (len(p.stem), p.stem))


def _map_heat(path: Path) -> Heat:
    rgb = np.asarray(read_still(str(path)).rgb, np.float32)
    heat = cv2.resize(rgb.mean(axis=2), SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(heat / max(float(heat.max()), 1e-9), np.float32)
