"""From a focus sweep (a folder, or a video of one) to one sharp picture and its depth: align, fuse, measure, write.

The pictures are read one at a time, as often as needed. Files are written at the end, whole or not at all. How slices
are aligned, fused and turned into depth is the business of `stack`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.sweep import Sweep, SweepWriter, read_sweep
from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.errors import CheckpointError, MediaError, UsageError
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.exr import write_exr
from rvr_laaf_app.media.frame_sequence import png_bytes
from rvr_laaf_app.media.image_file import check_picture_output, write_plane, write_png
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.stills import read_still
from rvr_laaf_app.stack.align import DOUBTFUL, aligning
from rvr_laaf_app.stack.depth_from_focus import depth_from_focus
from rvr_laaf_app.stack.focus_measure import smoothed
from rvr_laaf_app.stack.fuse import DEFAULT_METHOD, Fused, fusing, steps_of
from rvr_laaf_app.stack.slices import AlignedSlices, Alignment, Rgb, Slices, corner_motion, luma_of, unmoved

PICTURES: Final = (".png", ".exr")
DEPTHS: Final = (".png", ".exr", ".npy")
DEPTH_BYTES: Final = 500_000_000  # of float slices that depth from focus may hold
DEPTH_LONG_SIDE: Final = 1280
MOST_SLICES: Final = 2000
Map = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StackOptions:
    """How to stack: fusion method, whether to align, whether depth is wanted, and which end of the sweep is near."""

    method: str = DEFAULT_METHOD
    align: bool = True
    equalise: bool = True
    depth: bool = True
    near_is_low: bool = True
    reference: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stacked:
    """What a stack became.

    fused: rgb uint16 [h, w, 3] and index; disparity and confidence [h, w] float32 0..1, 1 = nearest, or None.
    deep: the sources had more than 8 bits. notes: what the user should know.
    """

    fused: Fused
    alignment: Alignment
    positions: tuple[int, ...]
    disparity: Map | None = None
    confidence: Map | None = None
    deep: bool = False
    notes: tuple[str, ...] = ()

    @property
    def rgb8(self) -> NDArray[np.uint8]:
        """The picture with 8 bits a sample."""
        return np.asarray(((self.fused.rgb.astype(np.uint32) * 255 + 32767) // 65535), np.uint8)

    def summary(self) -> dict[str, object]:
        """Return what was done, as plain values."""
        found = self.alignment
        return {
            "pictures": len(self.positions),
            "size": list(self.fused.rgb.shape[1::-1]),
            "reference": found.reference + 1,
            "common": list(found.common),
            "moved_px": [round(corner_motion(m, found.size), 2) for m in found.to_reference],
            "exposure_stops": [round(float(np.log2(g.mean())), 3) for g in found.gains],
            "agreement": [round(float(a), 3) for a in found.agreement],
            "notes": list(self.notes),
        }


@dataclass(slots=True, eq=False)
class FileSlices:
    """The pictures of a sweep folder as slices; the last few are kept, as they are asked for in a row."""

    paths: tuple[Path, ...]
    _kept: OrderedDict[int, Rgb] = field(default_factory=OrderedDict)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.paths)

    def read(self, index: int) -> Rgb:
        """Decode one; MediaError names the file that cannot be read."""
        if index not in self._kept:
            frame = read_still(self.paths[index])
            if frame.transfer != "srgb":
                raise MediaError("a stack takes display-encoded pictures, not light", where=self.paths[index])
            self._kept[index] = frame.rgb
            while len(self._kept) > 2:
                self._kept.popitem(last=False)
        return self._kept[index]


@dataclass(frozen=True, slots=True, eq=False)
class VideoSlices:
    """The frames of a video of a focus sweep as slices."""

    reader: ClipReader
    count: int

    def read(self, index: int) -> Rgb:
        """Decode one."""
        return self.reader.read(index).rgb


@dataclass(frozen=True, slots=True)
class StackFiles:
    """Where results go: the picture, and if wanted depth and the aligned slices (a sweep folder again)."""

    picture: Path
    depth: Path | None = None
    confidence: Path | None = None
    slices: Path | None = None


def stack_job(source: Path | str, files: StackFiles, options: StackOptions | None = None) -> Job[Stacked]:
    """Stack a sweep folder or a video of a sweep and write the files.

    Raises:
        UsageError: fewer than two pictures, of different sizes, or files that cannot get these names.
        MediaError: a picture cannot be read. ExportError: a file cannot be written.
    """
    options = options or StackOptions(depth=files.depth is not None or files.confidence is not None)
    _check(files, source)
    place = Path(source)
    if place.is_dir():
        sweep = read_sweep(place)
        _keep_apart(files, sweep.paths)
        stacked = yield from _stacked(FileSlices(sweep.paths), sweep, options, files.slices)
    else:
        info = probe(source)
        with ClipReader(info) as reader:
            sweep = Sweep(place.parent, name=place.name)
            slices = VideoSlices(reader, info.frames)
            stacked = yield from _stacked(slices, sweep, options, files.slices)
    yield from _write(stacked, files)
    return stacked


def _stacked(slices: Slices, sweep: Sweep, options: StackOptions, out: Path | None) -> Job[Stacked]:
    positions = sweep.positions or tuple(range(slices.count))
    stacked = yield from stack_slices_job(slices, positions, options)
    if options.depth and not sweep.camera:
        order = "near to far" if options.near_is_low else "far to near"
        said = f"lens positions are not written down: depth takes the pictures as an even sweep from {order}"
        stacked = replace(stacked, notes=(*stacked.notes, said))
    if out is not None:
        yield from _write_slices(AlignedSlices(slices, stacked.alignment), positions, sweep, out)
    return stacked


def stack_slices_job(slices: Slices, positions: tuple[int, ...], options: StackOptions | None = None) -> Job[Stacked]:
    """Stack pictures that are already at hand, with the lens positions they were taken at; write nothing."""
    options = options or StackOptions()
    count = slices.count
    if not 2 <= count <= MOST_SLICES:
        raise UsageError(f"a stack has 2 to {MOST_SLICES} pictures, this one has {count}")
    first = slices.read(0)
    size, deep = (first.shape[1], first.shape[0]), first.dtype == np.uint16
    fuse_steps = steps_of(options.method, count)
    total = (count if options.align else 0) + fuse_steps + (count if options.depth else 0)
    done = 0
    alignment = unmoved(size, count)
    if options.align:
        run = aligning(slices, reference=options.reference, equalise=options.equalise)
        alignment = yield from _counted(run, done, total, "aligning")
        done += count
    aligned = AlignedSlices(slices, alignment)
    fused = yield from _counted(fusing(aligned, method=options.method), done, total, "fusing")
    done += fuse_steps
    disparity = confidence = None
    notes = _notes(alignment, positions)
    if options.depth:
        small = yield from _small(aligned, positions, done, total)
        disparity, confidence, said = _depth(small, fused, near_is_low=options.near_is_low)
        notes += said
    return Stacked(fused, alignment, positions, disparity, confidence, deep, notes)


def _counted(run: Generator[int, None, T], done: int, total: int, message: str) -> Job[T]:
    """Run an engine's generator, with its count of steps as progress."""
    while True:
        try:
            steps = next(run)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(done + steps, total, message)


def _small(slices: Slices, positions: tuple[int, ...], done: int, total: int) -> Job[dict[int, Map]]:
    """Return the slices as small floats by lens position (the last one of each), for depth."""
    pictures: dict[int, Map] = {}
    distinct = len(set(positions))
    for number, position in enumerate(positions):
        picture = slices.read(number)
        height, width = picture.shape[:2]
        room = (DEPTH_BYTES / (distinct * height * width * 3 * 4)) ** 0.5
        scale = min(1.0, room, DEPTH_LONG_SIDE / max(height, width))
        if scale < 1.0:
            shape = max(8, round(width * scale)), max(8, round(height * scale))
            picture = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
        pictures[position] = picture.astype(np.float32) * np.float32(1 / np.iinfo(picture.dtype).max)
        yield Progress(done + number + 1, total, "measuring depth")
    return pictures


def _depth(pictures: dict[int, Map], fused: Fused, *, near_is_low: bool) -> tuple[Map, Map, tuple[str, ...]]:
    """Return disparity and confidence at the size of the fused picture, their edges on its edges, and notes."""
    positions, notes = sorted(pictures), tuple[str, ...]()
    slices = [pictures[p] for p in positions]
    try:
        disparity, confidence = depth_from_focus(slices, positions, near_is_low=near_is_low)
    except CheckpointError as error:
        disparity, confidence = depth_from_focus(slices, positions, method="classical", near_is_low=near_is_low)
        notes = (f"depth without the network: {error.what}",)
    size = fused.rgb.shape[1::-1]
    factor = size[0] / disparity.shape[1]
    if factor <= 1.0:
        return disparity, confidence, notes
    large = [np.asarray(cv2.resize(m, size, interpolation=cv2.INTER_LINEAR)) for m in (disparity, confidence)]
    fine = smoothed(luma_of(fused.rgb), large[0], radius=max(2, round(2 * factor)), eps=1e-3)
    return np.clip(fine, 0.0, 1.0), large[1], notes


def _notes(alignment: Alignment, positions: tuple[int, ...]) -> tuple[str, ...]:
    """Return what the user should know of this stack."""
    notes = []
    if alignment.crop_share < 0.999:
        left, top, width, height = alignment.common
        notes.append(f"cut to the common area, {width} x {height} at {left}, {top} ({alignment.crop_share:.0%})")
    doubtful = [n + 1 for n in np.flatnonzero(alignment.agreement < DOUBTFUL)]
    if doubtful:
        notes.append(f"could not be aligned by their content: picture {', '.join(map(str, doubtful[:8]))}")
    repeated = len(positions) - len(set(positions))
    if repeated:
        notes.append(f"{repeated} pictures were taken at a position that others have too; depth uses the last of each")
    return tuple(notes)


def _check(files: StackFiles, source: Path | str) -> None:
    """Raise UsageError before any work if a result cannot get its name."""
    sources = (str(source),) if Path(source).is_file() else ()
    check_picture_output(files.picture, PICTURES, sources=sources)
    for plane in (files.depth, files.confidence):
        if plane is not None:
            check_picture_output(plane, DEPTHS, sources=sources)
    if files.slices is not None and files.slices.resolve() == Path(source).resolve():
        raise UsageError("the aligned slices cannot go into the folder they come from", where=files.slices)


def _keep_apart(files: StackFiles, pictures: Sequence[Path]) -> None:
    """Raise UsageError if a result would replace a picture of the sweep."""
    taken = {picture.resolve() for picture in pictures}
    for path in (files.picture, files.depth, files.confidence):
        if path is not None and path.resolve() in taken:
            raise UsageError("this is a picture of the sweep itself", where=path, remedy="Choose another name.")


def _write_slices(aligned: AlignedSlices, positions: tuple[int, ...], sweep: Sweep, folder: Path) -> Job[None]:
    """Write the aligned slices as a sweep folder."""
    about = Sweep(
        folder,
        camera=sweep.camera,
        name=sweep.name,
        serial=sweep.serial,
        simulated=sweep.simulated,
        lens=sweep.lens,
        f_number=sweep.f_number,
        limits=sweep.limits,
        depth_of_field_steps=sweep.depth_of_field_steps,
    )
    writer = SweepWriter(folder, about)
    for number, position in enumerate(positions):
        picture = aligned.read(number)
        out = picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8)
        writer.add(png_bytes(out), ".png", position=position)
        yield Progress(number + 1, len(positions), "writing slices")


def _write(stacked: Stacked, files: StackFiles) -> Job[None]:
    """Write the picture and the planes."""
    yield Progress(0, 1, "writing")
    if files.picture.suffix.lower() == ".exr":
        write_exr(files.picture, to_linear(stacked.fused.rgb, "srgb"))
    else:
        write_png(files.picture, stacked.fused.rgb if stacked.deep else stacked.rgb8)
    for path, plane in ((files.depth, stacked.disparity), (files.confidence, stacked.confidence)):
        if path is not None and plane is not None:
            write_plane(path, plane)
    yield Progress(1, 1, "written")
