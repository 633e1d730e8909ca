"""What is seen in one live picture, computed off the GUI thread: the picture for Qt, peaking, histogram, distances.

Plain work on arrays in one worker thread; it touches no widget. Newest picture wins; what was passed over is counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QImage

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.qt_image import to_qimage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rvr_laaf_app.camera.base import LiveFrame
    from rvr_laaf_app.pipeline.capture_keep import FocusKeeper
    from rvr_laaf_app.pipeline.capture_needed import ZoneEstimate
    from rvr_laaf_app.pipeline.capture_region import RegionFollower
    from rvr_laaf_app.pipeline.capture_view import Histogram, ZoneMap, ZoneMemory

log = logging.getLogger(__name__)
_RATE_S: Final = 2.0
_MOST_POINTS: Final = 240
_ESTIMATE_S: Final = 1.0  # between two estimates while the lens stands
_LONG_SIDE: Final = 1280  # of what is shown: larger live pictures are shown smaller, and measured as they are


@dataclass(frozen=True, slots=True)
class LookWish:
    """What is to be computed besides the picture itself."""

    peaking: bool = False
    zones: bool = False
    sensitivity: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class LiveLook:
    """One live picture as it is shown. curve: (position, sharpness of the region) where the lens was, in its order."""

    number: int
    image: QImage
    position: int | None
    peaking: QImage | None
    histogram: Histogram
    zones: ZoneMap | None
    region: Box | None
    region_known: bool
    faces: tuple[Box, ...]
    curve: tuple[tuple[int, float], ...]
    sharpness: float
    fps: float
    width_px: int


class LiveLooker:
    """The worker. `take` is called by the camera's thread; `told` gets each LiveLook in the worker's thread."""

    def __init__(self, region: RegionFollower, told: Callable[[LiveLook], None]) -> None:
        self._region, self._told = region, told
        self._memory: ZoneMemory | None = None
        self._wish = LookWish()
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=200)
        self._curve: dict[int, float] = {}
        self._curve_of: object = None
        self._forget = False
        self._logged = ""
        self._estimate: ZoneEstimate | None = None
        self._estimated: tuple[float, int, ZoneMap] | None = None  # when, at which lens position, what
        self._keeper: FocusKeeper | None = None
        self.sent: Callable[[int], None] = lambda _position: None  # where the keeper wants the lens
        self.failed: Callable[[RvrError], None] = lambda _error: None  # why it cannot go on
        self._worker: NewestWorker[LiveFrame] = NewestWorker(self._look, name="live look")

    def take(self, frame: LiveFrame) -> None:
        """Look at a picture, unless a newer one comes first."""
        with self._lock:
            self._times.append(frame.monotonic_s)
        self._worker.submit(frame)

    def wish(self, wish: LookWish) -> None:
        """Say what is wanted from the next picture on."""
        self._wish = wish

    def estimate_with(self, estimate: ZoneEstimate | None) -> None:
        """Use this for distances that were not measured yet."""
        self._estimate = estimate

    def keep_with(self, keeper: FocusKeeper | None) -> None:
        """Let this say where the lens is to go, from the next picture on; None: nothing does."""
        self._keeper = keeper

    def forget(self) -> None:
        """Begin curve and distances anew: another camera, another region."""
        self._forget = True

    def rate(self) -> float:
        """Return how many live pictures come a second."""
        now_s = time.monotonic()
        with self._lock:
            recent = [t for t in self._times if now_s - t <= _RATE_S]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else 0.0

    def ask_to_end(self) -> None:
        """Let the thread end."""
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        return self._worker.close(timeout_s)

    # In the worker's thread

    def _look(self, frame: LiveFrame) -> None:
        try:
            self._see(frame)
        except Exception as error:
            # The border of the thread: one picture that cannot be judged must not end the live view.
            if str(error) != self._logged:
                self._logged = str(error)
                log.exception("a live picture could not be judged")

    def _see(self, frame: LiveFrame) -> None:
        from rvr_laaf_app.pipeline.capture_focus import patch_of, sharpness_of
        from rvr_laaf_app.pipeline.capture_view import ZoneMemory, histogram, peaking

        wish, rgb = self._wish, frame.rgb
        if self._memory is None or self._forget:
            self._memory, self._curve, self._forget = ZoneMemory(), {}, False
        self._region.see(rgb)
        box = self._region.box
        sharpness = sharpness_of(patch_of(rgb, box))
        self._note(frame.position, sharpness)
        if frame.position is not None:
            self._memory.add(rgb, frame.position)
        self._keep(frame, box)
        zones = self._zones(frame) if wish.zones else None
        mask = peaking(rgb, wish.sensitivity) if wish.peaking else None
        self._told(
            LiveLook(
                frame.number,
                to_qimage(_at_most(rgb, _LONG_SIDE)),
                frame.position,
                None if mask is None else peaking_image(mask),
                histogram(_at_most(rgb, 480)),
                zones,
                box,
                self._region.known,
                self._region.faces,
                self._curve_now(),
                sharpness,
                self.rate(),
                int(rgb.shape[1]),
            )
        )

    def _keep(self, frame: LiveFrame, box: Box | None) -> None:
        keeper = self._keeper
        if keeper is None:
            return
        try:
            wanted = keeper.see(frame, box, known=self._region.known)
        except RvrError as error:
            self._keeper = None
            self.failed(error)
        else:
            if wanted is not None:
                self.sent(wanted)

    def _note(self, position: int | None, sharpness: float) -> None:
        """Put a point into the curve; it begins anew when the region is of another kind."""
        kind = self._region.kind
        if kind != self._curve_of:
            self._curve_of, self._curve = kind, {}
        if position is None:
            return
        former = self._curve.get(position)
        self._curve[position] = sharpness if former is None else 0.5 * (former + sharpness)
        if len(self._curve) > _MOST_POINTS:
            self._curve.pop(next(iter(self._curve)))

    def _curve_now(self) -> tuple[tuple[int, float], ...]:
        top = max(self._curve.values(), default=0.0)
        return tuple((p, v / top if top > 0 else 0.0) for p, v in sorted(self._curve.items()))

    def _zones(self, frame: LiveFrame) -> ZoneMap | None:
        assert self._memory is not None
        measured = self._memory.zones(frame.position) if frame.position is not None else None
        estimate, at = self._estimate, frame.position
        if measured is not None or estimate is None or at is None:
            return measured
        known = self._estimated
        if known is None or known[1] != at or frame.monotonic_s - known[0] > _ESTIMATE_S:
            try:
                known = self._estimated = (frame.monotonic_s, at, estimate.zones(frame.rgb, at))
            except RvrError:  # without the network distances are measured only
                self._estimate = None
                return None
        return known[2]


def _at_most(rgb: NDArray[np.uint8], long_side: int) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    height, width = rgb.shape[:2]
    if max(height, width) <= long_side:
        return np.ascontiguousarray(rgb)
    scale = long_side / max(height, width)
    return np.asarray(cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA))


def peaking_image(mask: NDArray[np.bool_]) -> QImage:
    """Return what is sharp [h, w] in green, transparent elsewhere; wider in large pictures, so that it is seen."""
    import cv2
    import numpy as np

    wide = mask.astype(np.uint8)
    if mask.shape[1] > _LONG_SIDE:
        wide = np.asarray(cv2.dilate(wide, np.ones((2, 2), np.uint8)), np.uint8)
    colour = theme.DARK.color("in_focus").lighter(125)
    height, width = mask.shape
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[wide > 0] = (colour.blue(), colour.green(), colour.red(), 240)
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
