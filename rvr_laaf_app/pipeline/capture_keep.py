"""Keeping a subject in focus on the live picture: patch in, lens position out, and no move without a reason."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Final

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.continuous import FocusWish, keep_focus
from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.camera.defocus import DefocusModel
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.pipeline.capture_focus import middle_of, patch_of

_PATIENCE: Final = 15  # pictures for which the lens may be on its way


class FocusKeeper:
    """One subject that is kept in focus; fed by one thread, which loads the network with the first picture."""

    def __init__(
        self,
        limits: tuple[int, int],
        *,
        start: int,
        depth_of_field: int,
        model: DefocusModel | None,
        width_px: int | None,
    ) -> None:
        where = FocusRange(*limits, max(depth_of_field, 1))
        self._begin = partial(keep_focus, where, defocus=model, width_px=width_px)
        self._run: Generator[FocusWish, Patch | None, None] | None = None
        self._wish = FocusWish(start, False, 0.0)
        self._waits = 0

    def see(self, frame: LiveFrame, box: Box | None, *, known: bool) -> int | None:
        """Take a live picture; return where the lens is to go, None = it stays.

        Pictures that were taken on the way to where it was last sent are passed over. Raises CheckpointError if the
        network is not there.
        """
        if self._run is None:
            self._restart(self._wish.position)
        if frame.position is not None and frame.position != self._wish.position:
            self._waits += 1
            if self._waits <= _PATIENCE:
                return None
            self._restart(frame.position)  # somebody drove it elsewhere, or it cannot go there: begin from here
        self._waits = 0
        assert self._run is not None
        former = self._wish.position
        patch = patch_of(frame.rgb, box if box is not None else middle_of(frame)) if known else None
        self._wish = self._run.send(patch)
        return self._wish.position if self._wish.position != former else None

    def _restart(self, start: int) -> None:
        self._run = self._begin(start=start)
        self._wish = next(self._run)
