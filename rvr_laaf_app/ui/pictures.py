"""Pictures for the screen out of project, clip and curve: made in worker threads, kept while there is room.

This is the window's end of the one way of a frame: everything is done by pipeline.preview, here is only what to ask it
for, and what to remember.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.qt_image import to_qimage

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.laaf.curve import FocusCurve
    from rvr_laaf_app.media.memory_cache import MemoryCache
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.media.reader import ClipReader
    from rvr_laaf_app.pipeline.preview import PreviewRenderer
    from rvr_laaf_app.pipeline.products import ClipProducts
    from rvr_laaf_app.pipeline.proxy import ProxyKeys, ProxyStore

Quality = Literal["final", "preview"]  # see render.base
View = Literal["refocused", "original", "disparity", "confidence"]
VIEWS: tuple[View, ...] = ("refocused", "original", "disparity", "confidence")
CACHE_BYTES = 384 * 2**20
# Of prepared frames, by the kind of reader: a slider and a lens that moves want the same frame again and again.
_PREPARED_BYTES = {"draft": 96 * 2**20, "full": 160 * 2**20}
_PASSING_BYTES = 16 * 2**20  # of those that go through the clip in order
_AIM_SIZE = (320, 320)  # of the picture in which a target's disparity is looked up before the clip is analysed
_AIM_REACH = 0.02  # half the side of the looked-at square, as a share of the picture


@dataclass(frozen=True, slots=True)
class PictureKey:
    """Everything that decides what a picture shows. size: the room that it must fit, (width, height) in pixels."""

    index: int
    size: tuple[int, int]
    view: View
    look: Hashable = None
    quality: Quality = "preview"


class ClipPictures:
    """What the threads that make pictures of one open clip share: its products, curves, and the pictures made."""

    def __init__(self, info: ClipInfo, products: ClipProducts | None) -> None:
        from rvr_laaf_app.media.memory_cache import MemoryCache

        self.info, self.products = info, products
        self.made: MemoryCache[PictureKey, QImage] = MemoryCache(CACHE_BYTES, lambda image: image.sizeInBytes())
        self.proxies = _proxies_of(products)
        self._lock = threading.Lock()
        self._curve: tuple[Hashable, FocusCurve] | None = None

    def curve(self, project: Project) -> FocusCurve | None:
        """Return the focus curve; None while the analysis has not reached every target that counts."""
        from rvr_laaf_app.pipeline.focus import curve_of

        products = self.products
        counting = (t for t in project.targets if t.strength != "suggested")
        if products is None or (not products.complete and not all(products.has(t.frame) for t in counting)):
            return None
        key = (project.targets, project.tracks, project.repairs, self.state)
        with self._lock:
            if self._curve is None or self._curve[0] != key:
                self._curve = (key, curve_of(products, project))
            return self._curve[1]

    def proxy_keys(self, project: Project) -> ProxyKeys | None:
        """Return the names of the pictures for playing; None while what they show is not certain yet."""
        from rvr_laaf_app.pipeline.proxy import ProxyKeys

        curve = self.curve(project)
        if curve is None or self.products is None or not self.complete:
            return None
        return ProxyKeys(self.products, project, curve)

    @property
    def state(self) -> Hashable:
        """Changes whenever the analysis learned something, or a repair was carried further."""
        products = self.products
        if products is None:
            return None
        meta = products.meta
        return meta.done, meta.final, meta.cuts, products.carried.version

    def has(self, index: int) -> bool:
        """Tell whether the depth of a frame is known."""
        return self.products is not None and self.products.has(index)

    @property
    def complete(self) -> bool:
        """True if the depth of every frame is known."""
        return self.products is not None and self.products.complete


class PictureMaker:
    """Makes pictures in one thread; holds a reader per kind of size. Close it in the thread that used it."""

    def __init__(self, clip: ClipPictures) -> None:
        self._clip = clip
        self._renderers: dict[str, PreviewRenderer] = {}
        self._readers: dict[str, ClipReader] = {}

    def close(self) -> None:
        """Close the readers."""
        for renderer in self._renderers.values():
            renderer.close()
        for reader in self._readers.values():
            reader.close()
        self._renderers.clear()
        self._readers.clear()

    def picture(
        self,
        project: Project,
        index: int,
        size: tuple[int, int],
        view: View,
        *,
        kind: str,
        quality: Quality = "preview",
    ) -> QImage:
        """Return the picture of a frame that fits `size`; `kind` names the reader to use (one per size in turn)."""
        if self._clip.products is None:
            view = "original"
        curve = self._curve(project, index) if view == "refocused" else None
        key = PictureKey(index, size, view, self._look(project, curve, index, view), quality)
        found = self._clip.made.get(key)
        if found is None:
            found = self._make(project, curve, key, kind)
            self._clip.made.put(key, found)
        return found

    def kept(self, keys: ProxyKeys | None, index: int) -> QImage | None:
        """Return the picture that is kept for playing, None if there is none."""
        store = self._clip.proxies
        if keys is None or store is None:
            return None
        name = keys.of(index)
        pixels = store.get(name) if name in store else None
        if pixels is None:
            return None
        from PySide6.QtGui import QImage

        height, width = pixels.shape[:2]
        return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()

    def to_keep(self, project: Project, keys: ProxyKeys, index: int) -> QImage:
        """Make the picture for playing and keep it."""
        from rvr_laaf_app.pipeline.preview import PreviewRequest
        from rvr_laaf_app.pipeline.proxy import proxy_size

        clip, curve = self._clip, self._clip.curve(project)
        if clip.products is None or clip.proxies is None or curve is None:
            raise ValueError("there is nothing to keep pictures of")
        request = PreviewRequest(index, proxy_size(clip.info.display_size), quality="final")
        rgb = self._renderer("keep", clip.products).picture(project, curve, request)
        clip.proxies.put(keys.of(index), rgb)
        return to_qimage(rgb)

    def _look(self, project: Project, curve: FocusCurve | None, index: int, view: View) -> Hashable:
        """Return what besides frame and size decides the pixels."""
        if view == "original":
            return None
        products = self._clip.products
        # The depth range of a shot grows until its analysis is done, and with it every disparity of the shot.
        state = self._clip.state if not self._clip.complete else None
        repaired = (
            products.repair_state(index, project.repairs) if products is not None and self._clip.has(index) else ()
        )
        if curve is None:
            return state, repaired
        return state, repaired, project.lens.at(index), float(curve.focus_disparity[index])

    def _make(self, project: Project, curve: FocusCurve | None, key: PictureKey, kind: str) -> QImage:
        from rvr_laaf_app.pipeline.preview import PreviewRequest

        if self._clip.products is None:
            return self._plain(key, kind)
        request = PreviewRequest(key.index, key.size, key.quality, key.view)
        if curve is None:
            curve = resting_curve(self._clip.info.frames, 0.5)
        return to_qimage(self._renderer(kind, self._clip.products).picture(project, curve, request))

    def _plain(self, key: PictureKey, kind: str) -> QImage:
        """Return the frame of a clip that cannot be analysed here: it can still be seen."""
        from rvr_laaf_app.core.geometry import fit_long_side
        from rvr_laaf_app.media.reader import ClipReader
        from rvr_laaf_app.pipeline.preview import original_rgb

        name = f"{kind} {key.size}"
        if name not in self._readers:
            width, height = self._clip.info.display_size
            scale = min(1.0, key.size[0] / width, key.size[1] / height)
            size = fit_long_side((width, height), max(16, int(max(width, height) * scale)))
            self._readers[name] = ClipReader(self._clip.info, size=size)
        return to_qimage(original_rgb(self._readers[name].read(key.index)))

    def _renderer(self, kind: str, products: ClipProducts) -> PreviewRenderer:
        from rvr_laaf_app.pipeline.preview import PreviewRenderer

        if kind not in self._renderers:
            room = _PREPARED_BYTES.get(kind, _PASSING_BYTES)
            self._renderers[kind] = PreviewRenderer(products, cache_bytes=room)
        return self._renderers[kind]

    def _curve(self, project: Project, index: int) -> FocusCurve:
        """Return the curve, or, before the analysis is there, one that focuses on the target where it was clicked."""
        curve = self._clip.curve(project)
        if curve is not None:
            return curve
        frames, products = self._clip.info.frames, self._clip.products
        ruling = [t for t in project.targets if t.frame <= index] or list(project.targets[:1])
        if not ruling or products is None:
            return resting_curve(frames, 0.5)
        target = ruling[-1]
        return resting_curve(frames, self._aim(project, products, target.frame, target.place))

    def _aim(self, project: Project, products: ClipProducts, frame: int, place: Point | Box) -> float:
        """Return the disparity under a place of a frame not analysed yet, from an estimate of that frame alone."""
        from rvr_laaf_app.pipeline.preview import PreviewRequest

        key = PictureKey(frame, _AIM_SIZE, "disparity", place)
        found = self._clip.made.get(key)
        if found is None:
            request = PreviewRequest(frame, _AIM_SIZE, view="disparity")
            none = resting_curve(self._clip.info.frames, 0.5)
            found = to_qimage(self._renderer("aim", products).picture(project, none, request))
            self._clip.made.put(key, found)
        centre = place.centre if isinstance(place, Box) else place
        x, y = centre.pixel(found.width(), found.height())
        reach = max(1, round(_AIM_REACH * found.width()))
        columns = range(max(0, x - reach), min(found.width(), x + reach + 1))
        rows = range(max(0, y - reach), min(found.height(), y + reach + 1))
        greys = [found.pixelColor(c, r).red() for r in rows for c in columns]
        return float(np.median(greys)) / 255.0


def _proxies_of(products: ClipProducts | None) -> ProxyStore | None:
    if products is None:
        return None
    from rvr_laaf_app.pipeline.proxy import proxy_store

    return proxy_store(products)


def resting_curve(frames: int, disparity: float) -> FocusCurve:
    """Return a curve that stays at one disparity."""
    from rvr_laaf_app.laaf.curve import focus_curve

    return focus_curve(frames, (), default_disparity=disparity)
