"""Several subjects sharp at once: how far apart they are in depth, and the smallest f-number that takes them all in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import sharp_coc
from rvr_laaf_app.document.project import FocusTarget, LensSettings, Project
from rvr_laaf_app.document.reign import reign_of
from rvr_laaf_app.laaf.curve import hold_and_meet
from rvr_laaf_app.pipeline.focus import target_depth
from rvr_laaf_app.pipeline.products import ClipProducts

LARGEST_F_NUMBER = 22.0  # of lenses as they are made
SPARE = 1.1  # the depth of field is a tenth deeper than it has to be: depth is never known exactly


@dataclass(frozen=True, slots=True)
class GroupNeed:
    """What it takes to keep a group sharp.

    half: half the distance in disparity between the nearest and the farthest subject, where that is largest; frame:
    there. f_number: the smallest that is enough, None where a plain blur strength decides; blur_px: then the largest
    strength that is. possible: False if no lens has such an f-number; `reachable` is what comes nearest.
    known: False if the depth of fewer than two subjects is known at once.
    """

    start: int
    stop: int
    half: float
    frame: int
    f_number: float | None
    blur_px: float | None
    possible: bool
    known: bool = True

    @property
    def reachable(self) -> float | None:
        """The f-number to use, at most LARGEST_F_NUMBER."""
        return None if self.f_number is None else min(self.f_number, LARGEST_F_NUMBER)


def group_need(products: ClipProducts, project: Project, members: Sequence[FocusTarget]) -> GroupNeed:
    """Return what it takes to keep the subjects of these targets sharp from where the last of them arrives on."""
    frames, width = products.info.frames, products.info.display_size[0]
    start = max(t.frame for t in members)
    stop = max(min(reign_of(project.targets, t, frames).stop for t in members if t.frame == start), start + 1)
    series = [_known(target_depth(products, project, t), products.cuts)[start:stop] for t in members]
    depths = np.array([s + np.float32(t.offset) for s, t in zip(series, members, strict=True)])
    seen = np.isfinite(depths).sum(axis=0) >= 2
    if not seen.any():
        return GroupNeed(start, stop, 0.0, start, None, None, possible=True, known=False)
    depths = np.where(seen, depths, 0.0)
    spread = np.nanmax(depths, axis=0) - np.nanmin(depths, axis=0)
    half, worst = float(spread.max()) / 2 * SPARE, start + int(spread.argmax())
    f_number, blur_px = _lens_for(project.lens, half, width)
    return GroupNeed(start, stop, half, worst, f_number, blur_px, f_number is None or f_number <= LARGEST_F_NUMBER)


def _known(series: NDArray[np.float32], cuts: Sequence[int]) -> NDArray[np.float32]:
    """Return the series with its gaps held, shot by shot."""
    held = series.copy()
    for start, stop in pairwise([0, *(c for c in cuts if 0 < c < len(series)), len(series)]):
        held[start:stop] = hold_and_meet(series[start:stop])
    return held


def _lens_for(settings: LensSettings, half: float, width: int) -> tuple[float | None, float | None]:
    """Return the f-number, or the plain blur strength, whose depth of field reaches `half` to either side."""
    gain = sharp_coc(width) / max(half, 1e-6)
    if settings.blur_px is not None:
        return None, min(settings.blur_px, gain / 2.0)
    return max(settings.lens.f_number_for_gain(gain, width), 0.5), None
