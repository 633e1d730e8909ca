"""A focus sweep developed into what the editor works with: a picture sharp everywhere, and measured disparity.

The results lie in a folder inside the sweep's own and say which pictures they are of, so that they are made once. They
are an ordinary picture and an ordinary plane of depth beside it: any other program can use them too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.sweep import PICTURE_SUFFIXES, Sweep, read_sweep
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import MediaError, RvrError, UsageError
from rvr_laaf_app.core.frame import ClipTrait, Frame
from rvr_laaf_app.estimate.base import DEFAULT_ESTIMATOR, ESTIMATORS
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.depth_files import CONFIDENCE
from rvr_laaf_app.media.disk_space import export_errors
from rvr_laaf_app.media.exr import read_exr, write_exr
from rvr_laaf_app.media.image_file import write_png
from rvr_laaf_app.media.stills import is_still
from rvr_laaf_app.pipeline.stack_job import FileSlices, Stacked, StackOptions, stack_slices_job
from rvr_laaf_app.stack.align import DOUBTFUL
from rvr_laaf_app.stack.slices import AlignedSlices, Alignment

SCHEMA: Final = "rvr-developed/1"
VERSION: Final = 1  # of what is between the pictures and the results: raise it, and they are made again
FOLDER: Final = "developed"
_NOTE: Final = "developed.json"
_TURNED: Final = -0.15  # correlation with the network's depth below which the order of a sweep is taken as far to near
_FLAT: Final = 1e-3  # spread of a depth that says nothing


@dataclass(frozen=True, slots=True)
class Developed:
    """The results of a sweep: files, the slices in the order near to far, and what is to be said about them.

    common: share of the picture that all slices cover.
    """

    folder: Path
    picture: Path
    depth: Path
    slices: tuple[Path, ...]
    positions: tuple[int, ...]
    common: float
    notes: tuple[str, ...] = ()

    @property
    def retouched(self) -> Path:
        """Where the picture lies after something was painted into it, if anything was."""
        return self.picture.with_name(f"{self.picture.stem}.retouched.png")

    @property
    def best(self) -> Path:
        """The picture to work with: the retouched one if there is one."""
        return self.retouched if self.retouched.is_file() else self.picture


def developed_already(folder: Path | str) -> Developed | None:
    """Return the results that are there for exactly these pictures; None if they must be made."""
    sweep = read_sweep(folder)
    place = Path(folder) / FOLDER
    try:
        known = json.loads((place / _NOTE).read_text(encoding="utf-8"))
        picture, depth = place / str(known["picture"]), place / str(known["depth"])
        if known["schema"] != SCHEMA or known["of"] != _digest(sweep):
            return None
        if not (is_still(picture) and depth.is_file()):
            return None
        turned, common, notes = bool(known["turned"]), float(known["common"]), [str(n) for n in known["notes"]]
    except (OSError, ValueError, KeyError, TypeError, RvrError):
        return None
    paths, positions = _ordered(sweep, turned=turned)
    return Developed(Path(folder), picture, depth, paths, positions, common, tuple(notes))


def develop_job(folder: Path | str, *, near_is_low: bool | None = None) -> Job[Developed]:
    """Align, fuse and measure; yields after each picture of each stage; what is there already is returned at once.

    near_is_low: whether lens positions grow from near to far; None: they do in a sweep that a camera captured. Where
    positions are only the order of names, the depth is compared with what the estimator sees in the result, and
    turned round if that disagrees.

    Raises MediaError for pictures that cannot be used, ExportError if the results cannot be written.
    """
    place = Path(folder)
    done = developed_already(place)
    if done is not None:
        return done
    sweep = read_sweep(place)
    paths, positions = _ordered(sweep, turned=False)
    if len(paths) < 2:
        raise MediaError("a focus sweep needs at least two pictures", where=place, remedy="Capture more of them.")
    low = True if near_is_low is None else near_is_low
    stacked = yield from stack_slices_job(FileSlices(paths), positions, StackOptions(near_is_low=low))
    disparity = stacked.disparity
    assert disparity is not None  # it was asked for
    turned = False
    if near_is_low is None and (not sweep.camera or sweep.camera.startswith("replay:")):
        turned = yield from _is_turned(stacked.rgb8, disparity)
    return _kept(sweep, stacked, np.asarray(1.0 - disparity if turned else disparity, np.float32), turned=turned)


def _is_turned(rgb: NDArray[np.uint8], disparity: NDArray[np.float32]) -> Job[bool]:
    """Return whether the estimator sees near where the sweep, in the order of its names, says far."""
    yield Progress(1, 1, "telling near from far")
    height, width = rgb.shape[:2]
    try:
        estimator = ESTIMATORS.load(DEFAULT_ESTIMATOR)()
        state = estimator.start(ClipTrait(width, height, 1, 0.0))
        frame = Frame(0, 0, rgb, "srgb")
        seen, _ = estimator.step([frame] * (1 + sum(estimator.context)), state)
    except RvrError:  # no weights here: the order of the names stands
        return False
    guess = seen.disparity.astype(np.float32)
    measured = cv2.resize(disparity, (guess.shape[1], guess.shape[0]), interpolation=cv2.INTER_AREA)
    if float(guess.std()) < _FLAT or float(measured.std()) < _FLAT:
        return False
    return float(np.corrcoef(guess.ravel(), measured.ravel())[0, 1]) < _TURNED


def _kept(sweep: Sweep, stacked: Stacked, disparity: NDArray[np.float32], *, turned: bool) -> Developed:
    """Write picture, depth and the note that names them, the note last."""
    place, alignment = sweep.folder / FOLDER, stacked.alignment
    name = sweep.folder.resolve().name or "sweep"
    picture, depth = place / f"{name}.png", place / f"{name}.depth.exr"
    notes = _notes(sweep, alignment)
    paths, positions = _ordered(sweep, turned=turned)
    made = Developed(sweep.folder, picture, depth, paths, positions, alignment.crop_share, notes)
    with export_errors(place, estimated_bytes=stacked.fused.rgb.nbytes + disparity.nbytes):
        place.mkdir(exist_ok=True)
    made.retouched.unlink(missing_ok=True)
    write_png(picture, stacked.fused.rgb if stacked.deep else stacked.rgb8)
    sure = stacked.confidence
    write_exr(depth, disparity, beside=None if sure is None else {CONFIDENCE: np.clip(sure, 0.0, 1.0)})
    note = {
        "schema": SCHEMA,
        "of": _digest(sweep),
        "picture": picture.name,
        "depth": depth.name,
        "turned": turned,
        "common": round(alignment.crop_share, 4),
        "notes": list(notes),
        "alignment": {
            "size": list(alignment.size),
            "reference": alignment.reference,
            "to_reference": alignment.to_reference.tolist(),
            "gains": alignment.gains.tolist(),
            "common": list(alignment.common),
            "agreement": alignment.agreement.tolist(),
        },
    }
    with export_errors(place, estimated_bytes=4096):
        write_atomic(place / _NOTE, (json.dumps(note, indent=1) + "\n").encode())
    return made


def _notes(sweep: Sweep, alignment: Alignment) -> tuple[str, ...]:
    notes = []
    doubtful = int((alignment.agreement < DOUBTFUL).sum())
    if doubtful:
        notes.append(f"{doubtful} of {len(alignment.agreement)} pictures could not be matched with their neighbours")
    if sweep.remaining:
        notes.append(f"{len(sweep.remaining)} planned pictures were not captured")
    if sweep.simulated:
        notes.append("simulated: no light was measured")
    return tuple(notes)


def _ordered(sweep: Sweep, *, turned: bool) -> tuple[tuple[Path, ...], tuple[int, ...]]:
    """Return pictures and positions by rising position (falling if turned); of two at one place the later one."""
    latest = {frame.position: sweep.folder / frame.file for frame in sweep.frames}
    for path in latest.values():
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            raise MediaError(
                "pictures of this kind cannot be stacked", where=path, remedy="Let the camera write JPEG as well."
            )
    places = sorted(latest, reverse=turned)
    return tuple(latest[p] for p in places), tuple(places)


def _digest(sweep: Sweep) -> str:
    """Hash of what the results are made of: names, positions, and the pictures as far as the list knows them."""
    state = hashlib.blake2b(str(VERSION).encode(), digest_size=16)
    for frame in sweep.frames:
        path = sweep.folder / frame.file
        proof = frame.sha256 or f"{path.stat().st_size}:{path.stat().st_mtime_ns}"
        state.update(f"{frame.file}|{frame.position}|{proof}\n".encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def aligned_slices(made: Developed) -> AlignedSlices:
    """Return the slices as the result lies, in the order near to far; MediaError if it is not known any more."""
    note = made.picture.parent / _NOTE
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        how = known["alignment"]
        order = -1 if known["turned"] else 1
        alignment = Alignment(
            (int(how["size"][0]), int(how["size"][1])),
            int(how["reference"]),
            np.array(how["to_reference"], np.float64)[::order],
            np.array(how["gains"], np.float64)[::order],
            (int(how["common"][0]), int(how["common"][1]), int(how["common"][2]), int(how["common"][3])),
            np.array(how["agreement"], np.float64)[::order],
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise MediaError("how the pictures lie to each other is not known", where=note) from None
    if alignment.to_reference.shape != (len(made.slices), 2, 3):
        raise MediaError("how the pictures lie to each other does not fit them", where=note)
    return AlignedSlices(FileSlices(made.slices), alignment)


def read_disparity(made: Developed) -> NDArray[np.float32]:
    """Return the measured disparity [h, w] float32 of a developed sweep."""
    plane = read_exr(made.depth)
    if plane.ndim == 3:
        plane = plane[..., 0]
    if plane.size == 0:
        raise UsageError("the depth of this sweep is empty", where=made.depth)
    return np.asarray(plane, np.float32)
