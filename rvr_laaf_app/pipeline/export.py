"""Export: every frame of a range in order through resolve, compose and the renderer into a file, with its sound.

The next frame is decoded and prepared, and the last one encoded, while the renderer works on the one between; all of it
is memory for a handful of frames, however long the clip is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.media.encoders import AudioPolicy, Codec, ExportSettings, default_settings
from rvr_laaf_app.media.frame_sequence import FrameWriter
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.writer import ClipWriter, check_output, open_writer
from rvr_laaf_app.pipeline.compose import PreparedFrame, blur, prepare
from rvr_laaf_app.pipeline.memory import return_freed_memory
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.repair_carry import carry_job
from rvr_laaf_app.pipeline.resolve import resolve
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS, BokehRenderer, Quality


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write where. codec None = by the output's name; start_s, stop_s: range in seconds, None = whole clip.

    crf: None = visually lossless for the codec. long_side: of the written pictures in pixels, None = as the clip; a
    smaller clip is not enlarged.
    """

    out_path: str
    codec: str | None = None
    quality: Quality = "final"
    start_s: float | None = None
    stop_s: float | None = None
    overwrite: bool = False
    crf: int | None = None
    audio: AudioPolicy = "auto"
    long_side: int | None = None


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: where, how many frames, and how many sound streams came along."""

    path: str
    frames: int
    audio: int


def settings_of(request: ExportRequest, info: ClipInfo) -> ExportSettings:
    """Return the encoder settings of a request; raise UsageError for an unknown codec."""
    if request.codec is None:
        return replace(default_settings(Path(request.out_path), info), crf=request.crf, audio=request.audio)
    if request.codec not in get_args(Codec):
        raise UsageError(f"unknown codec {request.codec!r}", remedy=f"Choose one of: {', '.join(get_args(Codec))}.")
    return ExportSettings(codec=request.codec, crf=request.crf, audio=request.audio)  # type: ignore[arg-type]


def written_as(info: ClipInfo, long_side: int | None) -> ClipInfo:
    """Return the clip as it is written: pictures with this long side, both sides even; as it is if that is larger."""
    if long_side is None or long_side >= max(info.display_size):
        return info
    return replace(info, display_size=fit_long_side(info.display_size, long_side))


def range_of(request: ExportRequest, info: ClipInfo) -> tuple[int, int]:
    """Return frames [start, stop) of the request: those on screen within [start_s, stop_s)."""
    table = info.table
    if table is None:
        raise UsageError("the file has sound but no pictures", where=info.path)
    begin, end = request.start_s or 0.0, table.duration_s if request.stop_s is None else request.stop_s
    if begin >= table.duration_s or end <= begin:
        raise UsageError(
            f"nothing lies between {begin:g} s and {end:g} s",
            where=info.path,
            remedy=f"The clip is {table.duration_s:.2f} s long.",
        )
    start = table.index_at(begin)
    half_tick = float(table.time_base) / 2  # a frame that begins at the end time belongs to what follows
    stop = len(table) if end >= table.duration_s else int(np.searchsorted(table.times_s, end - half_tick))
    return start, max(stop, start + 1)


def check_request(request: ExportRequest, info: ClipInfo) -> None:
    """Raise UsageError or ExportError now for what would fail only after minutes of work."""
    start, stop = range_of(request, info)
    settings = settings_of(request, info)
    written = written_as(info, request.long_side)
    check_output(request.out_path, written, settings, start=start, stop=stop, overwrite=request.overwrite)


def export_job(
    products: ClipProducts,
    project: Project,
    curve: FocusCurve,
    request: ExportRequest,
    *,
    renderer: BokehRenderer | None = None,
) -> Job[ExportReport]:
    """Write the refocused clip; yields after each frame; closing the generator leaves nothing behind."""
    info = products.info
    check_request(request, info)
    start, stop = range_of(request, info)
    renderer = renderer or RENDERERS.load(DEFAULT_RENDERER)()
    settings = settings_of(request, info)
    total = stop - start
    return_freed_memory(info.display_size)  # what the analysis left behind
    yield from carry_job(products, project.repairs)
    yield Progress(0, total, "exporting")
    written = written_as(info, request.long_side)
    with open_writer(request.out_path, written, settings, start=start, stop=stop) as writer:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode") as encoder:
            pending: deque[Future[None]] = deque()
            frames = _prepared_frames(products, project, range(start, stop), written.display_size)
            for prepared in frames:  # `enumerate` would keep each for longer
                frame = prepared.frame
                render = resolve(
                    project,
                    curve,
                    frame.index,
                    size=frame.size,
                    full_width=info.display_size[0],
                    quality=request.quality,
                )
                picture = _Picture(frame.index, frame.transfer, frame.primaries, frame.rgb.dtype)
                del frame  # all that is waited for below would otherwise be waited for with it in memory
                picture.light.append(blur(prepared, render, renderer))
                del prepared
                pending.append(encoder.submit(_encode, writer, picture))
                if len(pending) > 1:
                    pending.popleft().result()
                yield Progress(picture.index - start + 1, total, "exporting")
            while pending:
                pending.popleft().result()
        for checked, _ in writer.finishing():
            yield Progress(total, total, f"checking frame {checked}")
    return ExportReport(str(writer.path), total, len(info.audio) if settings.audio != "none" else 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A rendered frame on its way to the encoder: how the clip encodes its frames, and the light, taken out once.

    light: one [H, W, 3] float32. Whoever takes it out has the only one, and can let it go before the slow part.
    """

    index: int
    transfer: str
    primaries: str
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16]
    light: list[NDArray[np.float32]] = field(default_factory=list)


def _encode(writer: ClipWriter | FrameWriter, picture: _Picture) -> None:
    if isinstance(writer, FrameWriter) and writer.settings.codec == "exr":
        writer.write(picture.light.pop(), picture.index)  # light as it is: highlights above white survive
        return
    rgb = from_linear(picture.light.pop(), picture.transfer, picture.primaries, dtype=picture.dtype)
    writer.write(rgb, picture.index)


def _prepared_frames(
    products: ClipProducts, project: Project, span: range, size: tuple[int, int]
) -> Iterator[PreparedFrame]:
    """Yield the frames ready to blur, each prepared in a thread while the one before is being rendered."""
    boost = project.lens.highlight_boost
    with (
        ClipReader(products.info, size=size) as reader,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepare") as pool,
    ):

        def ready(index: int) -> PreparedFrame:
            return prepare(reader.read(index), products.rgbd(index, project.repairs), highlight_boost=boost)

        upcoming = pool.submit(ready, span.start)
        for index in span:
            prepared = [upcoming.result()]
            if index + 1 < span.stop:
                upcoming = pool.submit(ready, index + 1)
            yield prepared.pop()  # the one who asked has the only one
