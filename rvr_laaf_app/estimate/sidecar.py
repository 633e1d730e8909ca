"""Imported depth as an estimator: for each frame of a clip the plane that the user's files hold for it.

The files say what is near and far; they are believed everywhere (confidence 1) except where they hold no number (0),
or as far as they say themselves (depth that was measured, such as that of a focus sweep).
They say nothing of light: it comes from our own network, as for every other estimator. Does not read files itself: the
one who makes it gives it something that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.base import SIDECAR
from rvr_laaf_app.estimate.borrowed_light import BorrowedLight
from rvr_laaf_app.estimate.level_range import LevelRange

Meaning = Literal["disparity", "depth", "inverted"]
"""What stored numbers are: larger = nearer; distance (any unit); or larger = farther, but linear in disparity."""

# Raise when anything between files and result changes, so that cached products are made again.
STEPS_VERSION: Final = 1
LOOKS: Final = 24  # planes, evenly spaced, from which the range of numbers without a known scale is told
_ASPECT_TOLERANCE: Final = 0.03
_SLACK: Final = 1e-3


@dataclass(frozen=True, slots=True)
class SidecarSpec:
    """Where depth lies and how it is read. meaning None: disparity, unless the numbers speak against it.

    limits: (low, high) of the stored numbers that become the ends of the range; None = found out. steady: filter it
    over time as if it were estimated; not wanted for depth that was rendered or measured.
    """

    path: str
    meaning: Meaning | None = None
    limits: tuple[float, float] | None = None
    steady: bool = False


class DepthPlanes(Protocol):
    """What is read from: see `media.depth_files`."""

    frames: int
    size: tuple[int, int]
    coded: bool
    fingerprint: str

    def read(self, index: int) -> NDArray[np.float32]:
        """Return plane `index` [H, W] float32 as stored."""
        ...

    def confidence(self, index: int) -> NDArray[np.float32] | None:
        """Return how far that plane can be trusted [H, W] float32 in 0..1; None where the files do not say."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class SidecarEstimator:
    """Disparity from files, light by our own network. There is no state."""

    name = SIDECAR
    context = (0, 0)

    def __init__(self, planes: DepthPlanes, spec: SidecarSpec) -> None:
        self._planes, self._spec = planes, spec
        self._light = BorrowedLight()
        read_as = f"{spec.meaning}:{spec.limits}"
        self.version = f"{SIDECAR}-{planes.fingerprint}-{read_as}-{STEPS_VERSION}+{self._light.version}"
        self._range: LevelRange | None = None

    def look_ahead(self, read: Callable[[int], Frame], frames: int) -> Iterator[tuple[int, int]]:
        """Find the range of the stored numbers, where they have no known one; yields (planes seen, planes in all)."""
        if self._known_range() is not None:
            return
        found = LevelRange()
        wanted = np.unique(np.linspace(0, self._planes.frames - 1, min(LOOKS, self._planes.frames)).round().astype(int))
        for seen, index in enumerate(wanted, start=1):
            found = found.including(self._levels(self._planes.read(int(index))))
            yield seen, len(wanted)
        self._range = found

    def close(self) -> None:
        """Close the files; they are opened again when needed."""
        self._planes.close()

    def start(self, clip: ClipTrait) -> None:
        """Raise MediaError unless the files fit the clip."""
        check_fits(self._planes, clip, where=self._spec.path)

    def step(self, frames: Sequence[Frame], state: None) -> tuple[RgbdFrame, None]:
        """Return the plane of the middle frame as disparity, no larger than the frame or the plane."""
        frame = frames[len(frames) // 2]
        levels = self._levels(self._planes.read(frame.index))
        valid = np.isfinite(levels)
        disparity = self._disparity(filled(levels, valid))
        size = _map_size(frame.size, (levels.shape[1], levels.shape[0]))
        height, width = size[1], size[0]
        small = np.clip(_resized(disparity, size), 0.0, 1.0).astype(np.float16)
        told = self._planes.confidence(frame.index)
        sure = np.ones((height, width), np.float16)
        if told is not None and told.shape == valid.shape:
            sure = _resized(np.where(valid, told, np.float32(0.0)), size).astype(np.float16)
        elif not valid.all():
            sure = _resized(valid.astype(np.float32), size).astype(np.float16)
        return RgbdFrame(frame.index, small, self._light.boost_stops(frame, size), sure), state

    def disparity_of(self, index: int) -> NDArray[np.float32]:
        """Return plane `index` as disparity [H, W] in 0..1 at its own size; what has no number is filled up."""
        levels = self._levels(self._planes.read(index))
        return self._disparity(filled(levels, np.isfinite(levels)))

    def _levels(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the plane as levels that rise with nearness, linear in disparity; NaN where there is no number."""
        if self._spec.meaning != "depth":
            levels = -plane if self._spec.meaning == "inverted" else plane
            return np.where(np.isfinite(levels), levels, np.float32(np.nan))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(plane > 0, np.reciprocal(plane), np.float32(np.nan))  # infinitely far: 0

    def _known_range(self) -> LevelRange | None:
        """Return the range that needs no looking: the user's, or that of integer codes."""
        limits, meaning = self._spec.limits, self._spec.meaning
        if limits is None:
            limits = (0.0, 1.0) if self._planes.coded and meaning != "depth" else None
        if limits is None:
            return None
        ends = self._levels(np.array([list(limits)], np.float32))
        if not np.isfinite(ends).all() or ends[0, 0] == ends[0, 1]:
            raise MediaError(f"numbers from {limits[0]:g} to {limits[1]:g} are no range", where=self._spec.path)
        return LevelRange(float(ends.min()), float(ends.max()))

    def _disparity(self, levels: NDArray[np.float32]) -> NDArray[np.float32]:
        known = self._known_range()
        if known is None:
            found = self._range or LevelRange().including(levels)
            if self._spec.meaning == "depth" or not self._normalised(found):
                return found.disparity(levels)
            known = LevelRange(-1.0, 0.0) if self._spec.meaning == "inverted" else LevelRange(0.0, 1.0)
        span = np.float32(known.high - known.low)
        return np.asarray(np.clip((levels - np.float32(known.low)) / span, 0.0, 1.0), np.float32)

    def _normalised(self, found: LevelRange) -> bool:
        """True if floats lie in 0..1, as disparity does; raise MediaError if nobody said what larger ones are."""
        low, high = (-found.high, -found.low) if self._spec.meaning == "inverted" else (found.low, found.high)
        inside = low >= -_SLACK and high <= 1.0 + _SLACK
        if not inside and self._spec.meaning is None:
            raise MediaError(
                f"the depth holds numbers from {low:.4g} to {high:.4g}, which may be distances or disparity",
                where=self._spec.path,
                remedy="Say --depth-is depth (larger is farther) or --depth-is disparity (larger is nearer).",
            )
        return inside


def check_fits(planes: DepthPlanes, clip: ClipTrait, *, where: object) -> None:
    """Raise MediaError unless there is one plane for each frame, of the clip's aspect."""
    if planes.frames != clip.frames:
        raise MediaError(
            f"the depth has {planes.frames} frames, the clip has {clip.frames}",
            where=where,
            remedy="Depth must be there for each frame of the clip, and for no other.",
        )
    width, height = planes.size
    if abs(width * clip.height / (height * clip.width) - 1.0) > _ASPECT_TOLERANCE and min(width, height) > 8:
        raise MediaError(
            f"the depth is {width} x {height}, the clip {clip.width} x {clip.height}: not the same shape",
            where=where,
            remedy="Export it upright and uncropped.",
        )


def filled(levels: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return levels [H, W] with what has no number replaced by the nearest that has; zeros if none has."""
    if valid.all():
        return levels
    if not valid.any():
        return np.zeros_like(levels)
    empty = (~valid).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros(int(labels.max()) + 1, np.float32)
    known[labels[valid]] = levels[valid]
    return np.asarray(known[labels], np.float32)


def _map_size(frame: tuple[int, int], plane: tuple[int, int]) -> tuple[int, int]:
    """The frame's size, or less with the frame's aspect if the plane has fewer pixels."""
    scale = min(max(plane) / max(frame), 1.0)
    return max(round(frame[0] * scale), 1), max(round(frame[1] * scale), 1)


def _resized(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    shrinks = size[0] <= plane.shape[1] and size[1] <= plane.shape[0]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=kind), np.float32)
