"""The still-image mode by depth planes: one frame estimated by itself, its planes, and one of them in focus."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.estimate.planes import (
    MOST_PLANES,
    DepthPlanes,
    Pick,
    find_planes,
    label_planes,
    picks,
    plane_disparity,
)
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.analyse import estimate_alone, products_of
from rvr_laaf_app.pipeline.compose import PreparedFrame, prepare, refocus
from rvr_laaf_app.pipeline.resolve import RenderRequest, aperture_of
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS


@dataclass(frozen=True, slots=True, eq=False)
class PlanesPicture:
    """A picture in its planes. labels [H, W] uint8, 0 = nearest; picks: one per plane that is seen."""

    prepared: PreparedFrame
    planes: DepthPlanes
    labels: NDArray[np.uint8]
    picks: tuple[Pick, ...]

    @property
    def class_map(self) -> NDArray[np.uint8]:
        """The planes as grey levels [H, W] uint8: the nearest white, the farthest black."""
        levels = np.rint(np.linspace(255, 0, max(len(self.planes), 2))).astype(np.uint8)
        return np.asarray(levels[self.labels], np.uint8)

    def as_json(self) -> dict[str, Any]:
        """Return plain values: the picks and the disparity limits between planes, nearest first."""
        return {"planes": [asdict(pick) for pick in self.picks], "limits": list(self.planes.limits)}


def check_count(count: int | None) -> None:
    """Raise UsageError unless a picture may be asked for so many planes."""
    if count is not None and not 1 <= count <= MOST_PLANES:
        raise UsageError(f"there can be 1 to {MOST_PLANES} planes, not {count}")


def picture_in_planes(info: ClipInfo, index: int = 0, *, estimator: str, count: int | None = None) -> PlanesPicture:
    """Estimate frame `index` by itself and find its planes; count None = as many as explain it."""
    check_count(count)
    prepared = _prepared(info, index, estimator)
    planes = find_planes(prepared.disparity, count)
    labels = label_planes(prepared.disparity, planes)
    return PlanesPicture(prepared, planes, labels, tuple(picks(labels, planes)))


def refocus_on_plane(
    picture: PlanesPicture, plane: int, lens: LensSettings, *, stepped: bool = False
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the picture, encoded as its file is, with all of one plane sharp (`stepped`: one blur per plane)."""
    if not 0 <= plane < len(picture.planes):
        last = len(picture.planes) - 1
        raise UsageError(f"plane {plane} does not exist", remedy=f"The picture has planes 0 to {last}.")
    prepared = picture.prepared
    width, height = prepared.frame.size
    disparity, focus = plane_disparity(prepared.disparity, picture.planes, plane, stepped=stepped)
    request = RenderRequest(
        index=prepared.frame.index,
        size=(width, height),
        focus_disparity=focus,
        blur_gain_px=lens.blur_gain_px(width, width),
        max_coc_px=lens.max_coc_px,
        aperture=aperture_of(lens.aperture),
        highlight_boost=lens.highlight_boost,
        quality="final",
    )
    return refocus(replace(prepared, disparity=disparity), request, RENDERERS.load(DEFAULT_RENDERER)())


def _prepared(info: ClipInfo, index: int, estimator_name: str) -> PreparedFrame:
    products = products_of(info, estimator_name)
    estimator = products.new_estimator()
    before, after = estimator.context
    with ClipReader(info) as reader:
        frame = reader.read(index)
    with ClipReader(info, size=products.map_source_size) as reader:
        window = [reader.read(min(max(i, 0), info.frames - 1)) for i in range(index - before, index + after + 1)]
    return prepare(frame, estimate_alone(products, estimator, window))
