"""Pictures of a stack for the window, read in a worker: thumbnails, the chosen slice as the result lies, result, depth.

It holds what is wanted; the worker does what is missing and tells each picture through the bridge.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.stopping import stop_if_asked
from rvr_laaf_app.ui.bridge import GuiBridge
from rvr_laaf_app.ui.capture.slice_strip import THUMB_PX
from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.qt_image import to_qimage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rvr_laaf_app.pipeline.capture_develop import Developed
    from rvr_laaf_app.pipeline.capture_retouch import BrushStroke

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What was read. kind: "thumbs" (one image for each slice), "result", "slice" or "depth" (one image)."""

    kind: str
    images: tuple[QImage | None, ...]
    problem: RvrError | None = None


@dataclass(frozen=True, slots=True)
class _Want:
    """What is to be shown; generation: of the stack, so that pictures of a former one are not shown."""

    generation: int = 0
    paths: tuple[Path, ...] = ()
    made: Developed | None = None
    row: int = -1
    strokes: tuple[BrushStroke, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """Aligned slices, of which the last few are kept."""

    count: int
    read: Callable[[int], NDArray[Any]]


class SlicePictures:
    """Called by the GUI thread; `came(sheet)` too is called there."""

    def __init__(self, bridge: GuiBridge, came: Callable[[Sheet], None]) -> None:
        self._bridge, self._came = bridge, came
        self._want = _Want()
        self._lock = threading.Lock()
        # The worker's own:
        self._thumbs: dict[Path, QImage | None] = {}
        self._shown: dict[str, Any] = {}
        self._base: NDArray[Any] | None = None
        self._aligned: Any = None
        self._slices: dict[int, NDArray[Any]] = {}
        self._worker: NewestWorker[_Want] = NewestWorker(self._work, name="stack pictures")

    @property
    def can_retouch(self) -> bool:
        """Whether there is a result to paint on, and a slice to paint with."""
        return self._want.made is not None and self._want.row >= 0

    @property
    def strokes(self) -> int:
        """How many strokes are painted."""
        return len(self._want.strokes)

    def forget(self) -> None:
        """Another stack comes."""
        self._ask(_Want(self._want.generation + 1))

    def read_thumbs(self, paths: Sequence[Path], _positions: Sequence[int]) -> None:
        """Show these pictures in the strip."""
        self._ask(replace(self._want, paths=tuple(paths)))

    def open(self, made: Developed) -> None:
        """Show a developed stack."""
        self._ask(replace(self._want, paths=made.slices, made=made, strokes=()))

    def show_slice(self, row: int) -> None:
        """Show one slice."""
        self._ask(replace(self._want, row=row))

    def retouch(self, points: Any, radius: float) -> None:
        """Take what lies under a stroke from the chosen slice; the result's file is written again."""
        if self.can_retouch:
            from rvr_laaf_app.pipeline.capture_retouch import BrushStroke

            stroke = BrushStroke(tuple(points), radius, self._want.row)
            self._ask(replace(self._want, strokes=(*self._want.strokes, stroke)))

    def take_back(self) -> None:
        """Take the last stroke back."""
        self._ask(replace(self._want, strokes=self._want.strokes[:-1]))

    def _ask(self, want: _Want) -> None:
        if want != self._want:
            self._want = want
            self._worker.submit(want)

    def ask_to_end(self) -> None:
        """Let the thread end."""
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        return self._worker.close(timeout_s)

    # In the worker's thread

    def _work(self, want: _Want) -> None:
        if self._shown.get("generation") != want.generation:
            self._shown = {"generation": want.generation}
            self._base, self._aligned, self._slices = None, None, {}
        try:
            if want.made is not None:
                self._show_result(want, want.made)
                self._show_slice(want, want.made)
            self._show_thumbs(want)
        except RvrError as error:
            self._tell(want, Sheet("problem", (None,), error))
        except Exception as error:  # the border of the thread: the next wish must still be met
            log.exception("a picture of the stack could not be shown")
            what = f"a picture of the stack could not be shown ({type(error).__name__}: {error})"
            self._tell(want, Sheet("problem", (None,), RvrError(what)))

    def _show_result(self, want: _Want, made: Developed) -> None:
        import numpy as np

        from rvr_laaf_app.pipeline.capture_develop import read_disparity
        from rvr_laaf_app.pipeline.capture_retouch import retouched, save_retouched

        if self._base is None:
            from rvr_laaf_app.media.stills import read_still

            self._base = read_still(made.picture).rgb
            grey = np.round(np.clip(read_disparity(made), 0.0, 1.0) * 255).astype(np.uint8)
            self._tell(want, Sheet("depth", (to_qimage(np.repeat(grey[..., None], 3, axis=2)),)))
        if self._shown.get("strokes") == want.strokes:
            return
        first = "strokes" not in self._shown
        self._shown["strokes"] = want.strokes
        base: NDArray[Any] = self._base
        picture = retouched(base, _Kept(len(made.slices), lambda row: self._slice(made, row)), want.strokes)
        if not first:
            save_retouched(made, picture)
        self._tell(want, Sheet("result", (to_qimage(_eight(picture)),)))

    def _show_slice(self, want: _Want, made: Developed) -> None:
        if 0 <= want.row < len(made.slices) and self._shown.get("row") != want.row:
            self._shown["row"] = want.row
            self._tell(want, Sheet("slice", (to_qimage(_eight(self._slice(made, want.row))),)))

    def _slice(self, made: Developed, row: int) -> NDArray[Any]:
        """Return a slice as the result lies."""
        from rvr_laaf_app.pipeline.capture_develop import aligned_slices

        if row not in self._slices:
            stop_if_asked()
            if self._aligned is None:
                self._aligned = aligned_slices(made)
            if len(self._slices) >= 4:
                self._slices.pop(next(iter(self._slices)))
            self._slices[row] = self._aligned.read(row)
        return self._slices[row]

    def _show_thumbs(self, want: _Want) -> None:
        missing = [p for p in want.paths if p not in self._thumbs]
        if not missing and self._shown.get("paths") == want.paths:
            return
        self._shown["paths"] = want.paths
        for path in missing:
            stop_if_asked()
            self._thumbs[path] = _thumb(path)
        self._tell(want, Sheet("thumbs", tuple(self._thumbs[p] for p in want.paths)))

    def _tell(self, want: _Want, sheet: Sheet) -> None:
        self._bridge.post(lambda: self._came(sheet) if want.generation == self._want.generation else None)


def _eight(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    import numpy as np

    return np.ascontiguousarray(rgb if rgb.dtype == np.uint8 else (rgb >> 8).astype(np.uint8))


def _thumb(path: Path) -> QImage | None:
    import cv2

    from rvr_laaf_app.pipeline.capture_sweep import small_picture

    try:
        rgb = small_picture(path.read_bytes())
    except OSError:
        return None
    if rgb is None:
        return None
    scale = min(THUMB_PX[0] / rgb.shape[1], THUMB_PX[1] / rgb.shape[0])
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return to_qimage(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
