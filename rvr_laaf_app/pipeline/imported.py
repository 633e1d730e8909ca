"""Products of a clip from depth that the user brings along instead of an estimate; one key per clip and files."""

from __future__ import annotations

from rvr_laaf_app.core.frame import ClipTrait
from rvr_laaf_app.estimate.base import SIDECAR, RgbdEstimator
from rvr_laaf_app.estimate.sidecar import SidecarEstimator, SidecarSpec, check_fits
from rvr_laaf_app.flow.temporal import FILTER_VERSION, TemporalFilter
from rvr_laaf_app.media.depth_files import open_depth
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.products import UNFILTERED, AnalysisKey, ClipProducts

# Larger than for estimates: depth that was rendered is sharp to the pixel, and there is no network to pay for.
LONG_SIDE = 1280


def imported_products(info: ClipInfo, spec: SidecarSpec) -> ClipProducts:
    """Return the products of a clip with depth from files, as far as the cache has them; nothing is computed.

    Raises MediaError if the files are not there, are no depth, or do not fit the clip.
    """

    def estimator() -> RgbdEstimator[None]:
        return SidecarEstimator(open_depth(spec.path), spec)

    planes = open_depth(spec.path)
    try:
        check_fits(planes, ClipTrait(*info.display_size, info.frames, 0.0), where=spec.path)
        version = SidecarEstimator(planes, spec).version
    finally:
        planes.close()
    key = AnalysisKey(
        estimator=SIDECAR,
        estimator_version=version,
        flow_version=TemporalFilter().flow_version if spec.steady else UNFILTERED,
        filter_version=FILTER_VERSION if spec.steady else UNFILTERED,
        long_side=LONG_SIDE,
    )
    return ClipProducts(info, key, make=estimator)
