"""Disparity of a clip's frames as files for other programs: 16-bit PNG, OpenEXR, or a lossless grey video.

What is stored: disparity 0..1, 1 = nearest, normalised over each shot, linear (no transfer curve), upright, full size.
- exr: one channel named Z of 32-bit floats. Nuke shows it as depth.Z (ZDefocus: math "far=0"), Fusion as Z.
- png: 16-bit grey, 65535 = nearest. What Resolve, After Effects and everything else can read as a matte.
- ffv1: 16-bit grey FFV1 in Matroska, full range, the clip's times. For FFmpeg and programs made with it.
Numbers of pictures are those of the clip's frames. Everything is made beside its final name and takes its place when
the last plane is written and read back; whatever happens before leaves nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import discard, publish, remove_leftovers, sync_folder, temporary_beside, write_atomic
from rvr_laaf_app.core.errors import ExportError, MediaError, UsageError
from rvr_laaf_app.media.disk_space import LIBRARY_ERRORS, check_space, check_target, export_errors
from rvr_laaf_app.media.exr import put_exr, verify_exr
from rvr_laaf_app.media.frame_sequence import existing_frames, room_for
from rvr_laaf_app.media.output_times import OutputTimes
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.verify import verify_steps

DepthForm = Literal["exr", "png16", "ffv1"]

_SUFFIX: Final = {"exr": "exr", "png16": "png"}
_BYTES_PER_PIXEL: Final = {"exr": 3.0, "png16": 1.5, "ffv1": 1.2}  # of smooth maps with sharp edges, on the safe side
_PNG_LEVEL: Final = 1
_TOP: Final = 65535.0
_MATROSKA_TICK_S: Final = Fraction(1, 1000)
_COMMENT: Final = "disparity 0..1, 1 = nearest, normalised per shot"


def check_depth_output(
    path: Path | str, info: ClipInfo, form: DepthForm, *, start: int, stop: int, overwrite: bool
) -> None:
    """Raise now what a DepthWriter would raise: names, folders, space; ExportError also for existing results."""
    final = Path(path).absolute()
    if form == "ffv1":
        if final.suffix.lower() != ".mkv":
            raise UsageError("an FFV1 video goes into an .mkv file", where=final)
        check_target(final, info.path)
        existing = final if final.exists() else None
    else:
        existing = existing_frames(final, info, _SUFFIX[form], start=start, stop=stop)
    if existing is not None and not overwrite:
        raise ExportError("the output exists already", where=existing, remedy="Choose another name or add --overwrite.")
    check_space(room_for(final), _estimated_bytes(info, form, stop - start))


def codes16(disparity: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return disparity [H, W] in 0..1 as codes 0..65535, rounded."""
    return np.round(np.clip(disparity, 0.0, 1.0) * np.float32(_TOP)).astype(np.uint16)


class DepthWriter:
    """Write planes of frames [start, stop) in order; use it in a `with` block, as `writer.ClipWriter`."""

    def __init__(self, path: Path | str, info: ClipInfo, form: DepthForm, *, start: int, stop: int) -> None:
        self.path = Path(path).absolute()
        self.info, self.form = info, form
        self._times = OutputTimes.of(info, start, stop)
        self._start, self._next, self._stop = start, start, stop
        self._bytes = _estimated_bytes(info, form, stop - start)
        named = self.path if form == "ffv1" else room_for(_folder(self.path, form, single=stop - start == 1))
        remove_leftovers(named)
        self._part = temporary_beside(named)
        self._container: OutputContainer | None = None
        with export_errors(self.path, estimated_bytes=self._bytes):
            if form == "ffv1":
                self._open()
            else:
                self._part.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def write(self, disparity: NDArray[np.float32], index: int) -> None:
        """Write the plane [H, W] float32 in 0..1 of the next frame; raise ExportError if it cannot be stored."""
        if index != self._next or disparity.shape != self.info.display_size[::-1]:
            raise ValueError(f"plane {index} of {disparity.shape} does not come next")
        with export_errors(self.path, estimated_bytes=self._bytes, part=self._part):
            if self.form == "ffv1":
                self._encode(codes16(disparity), index - self._start)
            elif self.form == "exr":
                put_exr(self._part / self._name(index), np.ascontiguousarray(disparity, np.float32))
            else:
                write_atomic(self._part / self._name(index), _png(codes16(disparity)))
        self._next += 1

    def finishing(self) -> Iterator[tuple[int, int]]:
        """Read everything back, then move it to its place; yields (planes checked, planes in all)."""
        if self._next != self._stop:
            raise ExportError(f"only {self._next - self._start} of {len(self._times)} planes were written")
        if self.form == "ffv1":
            yield from self._finish_video()
            return
        for done, index in enumerate(range(self._start, self._stop), start=1):
            self._check(self._part / self._name(index))
            yield done, len(self._times)
        with export_errors(self.path, estimated_bytes=self._bytes, part=self._part):
            self._publish_pictures()

    def abort(self) -> None:
        """Close and delete what was not published."""
        container, self._container = self._container, None
        if container is not None:
            with suppress(*LIBRARY_ERRORS):  # the file is thrown away
                container.close()
        if self._part.is_dir():
            shutil.rmtree(self._part, ignore_errors=True)
        else:
            discard(self._part)

    def _open(self) -> None:
        self._container = av.open(f"file:{self._part}", "w", format="matroska")
        self._container.metadata["comment"] = _COMMENT
        # Version 3, each frame a key frame: any of them can be sought and lost on its own.
        options = {"level": "3", "g": "1", "slicecrc": "1"}
        stream = self._container.add_stream("ffv1", rate=self._times.average_rate, options=options)
        if not isinstance(stream, VideoStream):
            raise ValueError("FFV1 is not a video encoder here")
        stream.width, stream.height = self.info.display_size
        stream.pix_fmt = "gray16le"
        stream.time_base = stream.codec_context.time_base = self._times.time_base
        stream.codec_context.color_range = 2
        self._stream = stream

    def _encode(self, codes: NDArray[np.uint16], position: int) -> None:
        assert self._container is not None
        frame = VideoFrame.from_ndarray(codes, format="gray16le")
        frame.pts, frame.time_base = int(self._times.pts[position]), self._times.time_base
        frame.color_range = 2
        for packet in self._stream.encode(frame):
            self._container.mux_one(packet)

    def _finish_video(self) -> Iterator[tuple[int, int]]:
        with export_errors(self.path, estimated_bytes=self._bytes, part=self._part):
            assert self._container is not None
            for packet in self._stream.encode(None):
                self._container.mux_one(packet)
            container, self._container = self._container, None
            container.close()
        try:
            yield from verify_steps(self._part, self._times.all_seconds, tolerance_s=_MATROSKA_TICK_S)
        except MediaError as error:
            raise ExportError(f"the written file is not readable: {error.what}", where=self.path) from error
        with export_errors(self.path, estimated_bytes=self._bytes, part=self._part):
            publish(self._part, self.path)

    def _name(self, index: int) -> str:
        if _is_one_file(self.path, self.form, single=self._stop - self._start == 1):
            return self.path.name
        if "%" in self.path.name:
            return self.path.name % index
        return f"frame_{index:06d}.{_SUFFIX[self.form]}"

    def _check(self, name: Path) -> None:
        if self.form == "exr":
            verify_exr(name, self.info.display_size)
            return
        read = cv2.imdecode(np.frombuffer(name.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        if read is None or read.dtype != np.uint16 or read.shape != self.info.display_size[::-1]:
            raise ExportError("a written picture cannot be read back", where=self.path / name.name)

    def _publish_pictures(self) -> None:
        folder = _folder(self.path, self.form, single=self._stop - self._start == 1)
        sync_folder(self._part)
        if not folder.exists():
            os.replace(self._part, folder)
        else:
            for index in range(self._start, self._stop):
                os.replace(self._part / self._name(index), folder / self._name(index))
        sync_folder(folder)
        sync_folder(folder.parent)


def _folder(path: Path, form: DepthForm, *, single: bool) -> Path:
    """Return the folder that will hold the pictures (names were checked by `check_depth_output`)."""
    return path.parent if "%" in path.name or _is_one_file(path, form, single=single) else path


def _is_one_file(path: Path, form: DepthForm, *, single: bool) -> bool:
    return single and path.suffix.lower() == f".{_SUFFIX[form]}" and not path.is_dir()


def _estimated_bytes(info: ClipInfo, form: DepthForm, planes: int) -> int:
    width, height = info.display_size
    return int(width * height * planes * _BYTES_PER_PIXEL[form]) + (1 << 16)


def _png(codes: NDArray[np.uint16]) -> bytes:
    good, data = cv2.imencode(".png", codes, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    if not good:
        raise ValueError("the picture cannot be encoded as PNG")
    return bytes(data.tobytes())
