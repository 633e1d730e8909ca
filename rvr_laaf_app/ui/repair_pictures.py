"""What repairs change in a frame, as a picture to lay over it, and the depth under a sample: made in a thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from rvr_laaf_app.ui.newest import NewestWorker

if TYPE_CHECKING:
    from rvr_laaf_app.document.repair import Repair
    from rvr_laaf_app.pipeline.products import ClipProducts
    from rvr_laaf_app.ui.bridge import GuiBridge

FULL = 0.2  # a change of disparity from which on the colour is as strong as it gets
MOST = 0.62  # of opacity
LEAST = 0.004  # a smaller change is not shown
NEARER_RGB, FARTHER_RGB = (242, 177, 52), (91, 155, 213)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """Which frame of which clip under which repairs."""

    products: ClipProducts
    repairs: tuple[Repair, ...]
    index: int
    generation: int = 0


class ChangePictures:
    """Makes the newest picture that was asked for; everything but the making is called in the GUI thread."""

    def __init__(self, bridge: GuiBridge, ready: Callable[[QImage], None]) -> None:
        self._bridge, self._ready = bridge, ready
        self._generation = 0
        self._last: Hashable = None
        self._worker: NewestWorker[ChangeWish] = NewestWorker(self._work, name="repair-changes")

    def ask(self, products: ClipProducts | None, repairs: tuple[Repair, ...], index: int) -> None:
        """Ask for a frame; None: there is nothing to show. `ready` gets the picture, null where nothing changes."""
        state = None if products is None else (id(products), index, products.repair_state(index, repairs))
        if state == self._last and products is not None:
            return
        self._last = state
        self._generation += 1
        if products is None or state is None or state[2] == () or not products.has(index):
            self._ready(QImage())
        else:
            self._worker.submit(ChangeWish(products, repairs, index, self._generation))

    def ask_to_end(self) -> None:
        """Make nothing more; does not wait."""
        self._generation += 1
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        return self._worker.close(timeout_s)

    def _deliver(self, generation: int, image: QImage) -> None:
        if generation == self._generation:
            self._ready(image)

    # In the worker's thread

    def _work(self, wish: ChangeWish) -> None:
        try:
            before = wish.products.rgbd(wish.index).disparity
            after = wish.products.rgbd(wish.index, wish.repairs).disparity
        except Exception:
            log.info("what repairs change cannot be shown", exc_info=True)
            return
        image = change_image(before.astype(np.float32), after.astype(np.float32))
        self._bridge.post(lambda: self._deliver(wish.generation, image))


def change_image(before: NDArray[np.float32], after: NDArray[np.float32]) -> QImage:
    """Return a picture with transparency [h, w]: amber where `after` is nearer than `before`, blue where farther."""
    change = after - before
    if not (np.abs(change) > LEAST).any():
        return QImage()
    height, width = change.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., :3] = np.where((change > 0)[..., None], NEARER_RGB, FARTHER_RGB)
    rgba[..., 3] = np.rint(255 * MOST * np.sqrt(np.clip((np.abs(change) - LEAST) / FULL, 0.0, 1.0)))
    image = QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
