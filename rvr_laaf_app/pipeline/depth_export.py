"""Export of depth for other programs: the steadied disparity of a range of frames, at full size, edge to edge.

The same maps, brought to full size the same way, as when a frame is refocused: what another program blurs with them
has the edges that this program would have had.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.estimate.upsample import upsample_disparity
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.depth_writer import DepthForm, DepthWriter, check_depth_output
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.export import ExportRequest, range_of
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.repair_carry import carry_job

Plane = Callable[[int, NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class DepthRequest:
    """What to write where; start_s, stop_s: range in seconds, None = whole clip; repairs: of the project."""

    out_path: str
    form: DepthForm
    start_s: float | None = None
    stop_s: float | None = None
    overwrite: bool = False
    repairs: tuple[Repair, ...] = ()

    def frames(self, info: ClipInfo) -> tuple[int, int]:
        """Return frames [start, stop) of the request; raise UsageError if there are none."""
        return range_of(ExportRequest(self.out_path, start_s=self.start_s, stop_s=self.stop_s), info)


@dataclass(frozen=True, slots=True)
class DepthReport:
    """What was written: where, and how many planes."""

    path: str
    frames: int


def check_depth_request(request: DepthRequest, info: ClipInfo) -> None:
    """Raise UsageError or ExportError now for what would fail only after minutes of work."""
    start, stop = request.frames(info)
    check_depth_output(request.out_path, info, request.form, start=start, stop=stop, overwrite=request.overwrite)


def depth_export_job(
    products: ClipProducts, request: DepthRequest, *, plane: Plane = lambda _index, disparity: disparity
) -> Job[DepthReport]:
    """Write the disparity of analysed frames; yields after each; closing the generator leaves nothing behind.

    plane: makes something else of each frame's number and its disparity [H, W] at full size, as large and in 0..1.
    """
    info = products.info
    check_depth_request(request, info)
    start, stop = request.frames(info)
    total = stop - start
    yield from carry_job(products, request.repairs)
    yield Progress(0, total, "writing depth")
    with (
        DepthWriter(request.out_path, info, request.form, start=start, stop=stop) as writer,
        ClipReader(info) as reader,
    ):
        for done, frame in enumerate(reader.frames(start, stop), start=1):
            coarse = products.rgbd(frame.index, request.repairs).disparity.astype(np.float32)
            writer.write(plane(frame.index, upsample_disparity(coarse, frame.rgb8)), frame.index)
            yield Progress(done, total, "writing depth")
        for checked, _ in writer.finishing():
            yield Progress(total, total, f"checking frame {checked}")
    return DepthReport(str(writer.path), total)
