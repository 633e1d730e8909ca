"""The products of a clip with depth from where the project says: a network by name, or imported files."""

from __future__ import annotations

from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.estimate.base import DEFAULT_ESTIMATOR
from rvr_laaf_app.estimate.sidecar import SidecarSpec
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.analyse import products_of
from rvr_laaf_app.pipeline.imported import imported_products
from rvr_laaf_app.pipeline.products import ClipProducts


def products_from(info: ClipInfo, source: DepthSource = DEFAULT_SOURCE) -> ClipProducts:
    """Return the products as far as the cache has them; nothing is computed.

    Raises UsageError for a network that is not installed, MediaError for files that are not there or do not fit.
    """
    if not source.imported:
        return products_of(info, source.estimator or DEFAULT_ESTIMATOR)
    path = source.path_beside(info.path)
    return imported_products(info, SidecarSpec(path, source.meaning or None, source.limits, source.steady))
