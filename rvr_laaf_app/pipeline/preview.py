"""Pictures for the viewer: the same resolve and the same renderer as the export, at a smaller size, with caches.

Made for one worker thread; a slider that moves costs a render only, because the prepared frame is kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear, to_linear
from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.core.stopping import stop_if_asked
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.estimate.base import RgbdEstimator
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.analyse import estimate_alone
from rvr_laaf_app.pipeline.compose import PreparedFrame, blur, prepare
from rvr_laaf_app.pipeline.doubt import shown
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.resolve import resolve
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS, BokehRenderer, Quality

View = Literal["refocused", "original", "disparity", "confidence"]
CACHE_BYTES = 192 * 2**20
DOUBT_RGB = (232, 72, 56)  # over the picture where its depth is doubtful
SURE, DOUBTFUL = 0.85, 0.3  # confidence from which nothing, and to which everything is painted
_PreparedKey = tuple[int, tuple[int, int], float, bool, bool, Hashable]


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """One picture for the viewer; `size` is the largest (width, height) wanted, the clip's aspect is kept."""

    index: int
    size: tuple[int, int]
    quality: Quality = "preview"
    view: View = "refocused"


class PreviewRenderer:
    """Decode, prepare and blur single frames of one clip; holds the reader and the caches; close it when done."""

    def __init__(
        self, products: ClipProducts, *, renderer: BokehRenderer | None = None, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self._products = products
        self._renderer = renderer or RENDERERS.load(DEFAULT_RENDERER)()
        self._reader: ClipReader | None = None
        self._prepared: MemoryCache[_PreparedKey, PreparedFrame] = MemoryCache(cache_bytes, lambda p: p.nbytes)
        self._frames: MemoryCache[tuple[int, tuple[int, int]], Frame] = MemoryCache(
            cache_bytes // 4, lambda f: f.rgb.nbytes
        )
        self._estimator: RgbdEstimator[object] | None = None

    def close(self) -> None:
        """Close the reader; the caches go with the object."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def picture(self, project: Project, curve: FocusCurve, request: PreviewRequest) -> NDArray[np.uint8]:
        """Return RGB [h, w, 3] uint8 for an ordinary screen (sRGB), whatever the clip's own encoding."""
        stop_if_asked()
        size = self.size_for(request.size)
        frame = self._frame(request.index, size)
        if request.view == "original":
            return original_rgb(frame)
        prepared = self._prepare(frame, size, project)
        if request.view == "confidence":
            return doubt_rgb(original_rgb(frame), 1.0 - shown(prepared.doubt, frame.size))
        if request.view == "disparity":
            grey = np.round(np.clip(prepared.disparity, 0, 1) * 255).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        full_width = self._products.info.display_size[0]
        render = resolve(project, curve, request.index, size=frame.size, full_width=full_width, quality=request.quality)
        return screen_rgb(blur(prepared, render, self._renderer), frame)

    def size_for(self, wanted: tuple[int, int]) -> tuple[int, int]:
        """Return the largest picture size with the clip's aspect inside `wanted`, never above the clip's own size."""
        width, height = self._products.info.display_size
        scale = min(1.0, wanted[0] / width, wanted[1] / height)
        return fit_long_side((width, height), max(16, int(max(width, height) * scale)))

    def _frame(self, index: int, size: tuple[int, int]) -> Frame:
        frame = self._frames.get((index, size))
        if frame is None:
            if self._reader is None or self._reader.size != size:
                self.close()
                self._reader = ClipReader(self._products.info, size=size)
            frame = self._reader.read(index)
            self._frames.put((index, size), frame)
        return frame

    def _prepare(self, frame: Frame, size: tuple[int, int], project: Project) -> PreparedFrame:
        boost, repairs = project.lens.highlight_boost, project.repairs
        analysed = self._products.has(frame.index)
        final = self._products.settled(frame.index + 1)
        repaired = self._products.repair_state(frame.index, repairs) if analysed else ()
        key = (frame.index, size, boost, analysed, final, repaired)
        prepared = self._prepared.get(key) if final or not analysed else None
        if prepared is None:
            prepared = prepare(frame, self._rgbd(frame, repairs), highlight_boost=boost)
            self._prepared.put(key, prepared)
        return prepared

    def _rgbd(self, frame: Frame, repairs: Sequence[Repair]) -> RgbdFrame:
        if self._products.has(frame.index):
            return self._products.rgbd(frame.index, repairs)
        return self._estimate_now(frame)

    def _estimate_now(self, frame: Frame) -> RgbdFrame:
        """Estimate a frame that the analysis has not reached: good enough to aim with, not steady over time."""
        stop_if_asked()
        if self._estimator is None:
            self._estimator = self._products.new_estimator()
        stop_if_asked()
        before, after = self._estimator.context
        return estimate_alone(self._products, self._estimator, [frame] * (before + 1 + after))


def doubt_rgb(rgb: NDArray[np.uint8], confidence: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return the picture in grey, and red where the depth cannot be trusted: RGB [h, w, 3] uint8.

    Nothing is painted from a confidence of SURE on, all of the red from DOUBTFUL down, so that what is good stays grey.
    rgb [h, w, 3] uint8; confidence [h', w'] in 0..1, of another size if need be.
    """
    height, width = rgb.shape[:2]
    sure = cv2.resize(confidence.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    doubt = np.clip((SURE - sure) / (SURE - DOUBTFUL), 0.0, 1.0)[..., None]
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    # The picture stays readable under the red: half of its light comes through.
    red = 0.55 * np.array(DOUBT_RGB, np.float32) + 0.45 * grey
    shown: NDArray[np.uint8] = np.clip(grey + doubt * (red - grey) + 0.5, 0, 255).astype(np.uint8)
    return shown


def original_rgb(frame: Frame) -> NDArray[np.uint8]:
    """Return the frame as it is for an SDR clip of 8 bits, else brought to sRGB for the screen."""
    if frame.rgb.dtype == np.uint8 and frame.transfer in ("bt709", "srgb"):
        return frame.rgb.astype(np.uint8, copy=False)
    return screen_rgb(to_linear(frame.rgb, frame.transfer, frame.primaries), frame)


def screen_rgb(linear: NDArray[np.float32], frame: Frame) -> NDArray[np.uint8]:
    """Return linear light as sRGB for the screen; an HDR clip is clipped at reference white, as an SDR screen must."""
    if frame.transfer in ("bt709", "srgb") and frame.rgb.dtype == np.uint8:
        return from_linear(linear, frame.transfer)
    return from_linear(linear, "srgb")
