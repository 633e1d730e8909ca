"""How large an export will be and how long it will take, learnt from the exports of this machine. An estimate, always.

Before there are any, figures of one machine stand in (tests/bench); they can be off by several times, and are said to
be rough. What was learnt is kept in the settings folder and may be deleted at any time.
"""

from __future__ import annotations

import json
import logging
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes

SCHEMA: Final = "ExportPaces.1"
_FILE: Final = "export_paces.json"
_KEPT: Final = 12  # exports of one kind: the newest count, machines and programs change
_MAX_KINDS: Final = 100
# Without experience: bits per pixel, and seconds per million pixels on two cores (final, preview).
_BITS: Final = {
    "h264": 0.12, "hevc": 0.08, "prores": 5.0, "dnxhr": 3.8, "png": 11.0, "exr": 24.0,
    "depth_exr": 14.0, "depth_png16": 7.0, "depth_ffv1": 6.0, "matte_png16": 5.0,
}  # fmt: skip
_SECONDS: Final = {"final": 0.45, "preview": 0.2, "depth": 0.12}
_ANALYSIS_S: Final = 0.35  # per frame, whatever its size: the network sees all frames equally small
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportSize:
    """What there is to write. size: (width, height) of the written pictures; missing: frames not analysed yet."""

    frames: int
    size: tuple[int, int]
    missing: int = 0

    @property
    def megapixels(self) -> float:
        """Millions of pixels in all frames together."""
        return self.frames * self.size[0] * self.size[1] / 1e6


@dataclass(frozen=True, slots=True)
class Estimate:
    """size_bytes and seconds of an export; rough: nothing like it was exported on this machine yet."""

    size_bytes: int
    seconds: float
    rough: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """What one finished export took: per million pixels."""

    seconds: float
    size_bytes: float


class Paces:
    """The experience with exports, by kind."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or config_folder()) / _FILE
        self._paces: dict[str, list[Pace]] = self._load()

    def estimate(self, choice: ExportChoice, size: ExportSize) -> Estimate:
        """Return what to expect of an export."""
        known = self._paces.get(kind_of(choice), [])
        if known:
            seconds = statistics.median(p.seconds for p in known)
            size_bytes = statistics.median(p.size_bytes for p in known)
        else:
            seconds = _SECONDS["depth" if choice.plane_form is not None else choice.quality]
            size_bytes = _BITS.get(choice.codec or "h264", 0.12) * 1e6 / 8
            if choice.crf is not None:
                size_bytes *= 2.0 ** ((18 - choice.crf) / 6.0)
        whole = seconds * size.megapixels + _ANALYSIS_S * size.missing
        return Estimate(int(size_bytes * size.megapixels), whole, rough=not known)

    def learn(self, choice: ExportChoice, size: ExportSize, *, seconds: float, size_bytes: int) -> None:
        """Remember a finished export; `seconds` of the writing alone."""
        if size.megapixels <= 0 or seconds <= 0 or size_bytes <= 0:
            return
        pace = Pace(seconds / size.megapixels, size_bytes / size.megapixels)
        kind = kind_of(choice)
        self._paces[kind] = [*self._paces.get(kind, []), pace][-_KEPT:]
        values = {k: [[p.seconds, p.size_bytes] for p in paces] for k, paces in self._paces.items()}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps({"schema": SCHEMA, "paces": values}).encode("ascii") + b"\n")
        except OSError as error:
            log.info("the pace of exports cannot be kept: %s", error)

    def _load(self) -> dict[str, list[Pace]]:
        try:
            fields = Fields(parse_object(read_bytes(self._path)))
            if fields.text("schema") != SCHEMA:
                return {}
            inner = fields.inner("paces")
            kinds = list(inner.rest())[:_MAX_KINDS]
            return {kind: [_pace(item) for item in inner.items(kind)[-_KEPT:]] for kind in kinds}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            log.info("the pace of exports cannot be read: %s", error)
            return {}


def kind_of(choice: ExportChoice) -> str:
    """Return what exports have in common that take about as long and as much per pixel."""
    crf = "" if choice.crf is None else f" crf{choice.crf}"
    return f"{choice.codec} {choice.quality}{crf}"


def free_bytes(folder: Path) -> int | None:
    """Return the free space where `folder` is or would be made; None if nobody knows."""
    for place in (folder, *folder.absolute().parents):
        try:
            if place.is_dir():
                return shutil.disk_usage(place).free
        except OSError:
            return None
    return None


def size_on_disk(path: Path, since_s: float) -> int:
    """Return the bytes of a finished export: of the file, or of the pictures in its folder written since a time."""
    try:
        if path.is_file():
            return path.stat().st_size
        folder = path if path.is_dir() else path.parent
        facts = [p.stat() for p in folder.iterdir() if p.is_file()]
    except OSError:
        return 0
    return sum(f.st_size for f in facts if f.st_mtime >= since_s)


def _pace(item: object) -> Pace:
    seconds, size_bytes = Fields(cast("JsonObject", {"pace": item})).reals("pace", 2)
    if seconds <= 0 or size_bytes <= 0:
        raise ValueError("a pace must be positive")
    return Pace(seconds, size_bytes)
