"""Presets of exports: those that come with the program, and the user's own ones in a file of the settings folder.

A preset says how something is written, never what or where. Reading distrusts the file: a preset that is not whole is
left out and told; a file that is no such file is set aside.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.document.limits import check_number, check_text
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes

SCHEMA: Final = "ExportPresets.1"
MAX_PRESETS: Final = 200
MAX_NAME: Final = 80
MAX_PATTERN: Final = 200
_FILE: Final = "export_presets.json"
# codec -> suffixes that hold it, the usual one first; "" = a folder of pictures
SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "h264": (".mp4", ".mov", ".mkv"),
    "hevc": (".mp4", ".mov", ".mkv"),
    "prores": (".mov", ".mkv"),
    "dnxhr": (".mov",),
    "png": ("",),
    "exr": ("",),
    "depth_exr": ("",),
    "depth_png16": ("",),
    "depth_ffv1": (".mkv",),
    "matte_png16": ("",),
}
WITH_CRF: Final = ("h264", "hevc")
SMALLEST_SIDE: Final = 64
LARGEST_SIDE: Final = 16384
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportPreset:
    """How something is written. suffix "" = a folder of pictures; crf, long_side: see app.engine.ExportChoice."""

    name: str
    codec: str
    suffix: str
    quality: Literal["final", "preview"] = "final"
    crf: int | None = None
    audio: Literal["auto", "encode", "none"] = "auto"
    long_side: int | None = None
    pattern: str = "{clip}_refocused"

    def __post_init__(self) -> None:
        check_text("name", self.name, MAX_NAME)
        check_text("pattern", self.pattern, MAX_PATTERN)
        if not self.name.strip() or self.name != self.name.strip():
            raise ValueError("name must not be empty, nor begin or end with a space")
        if not self.pattern.strip():
            raise ValueError("pattern must not be empty")
        if self.suffix not in SUFFIXES.get(self.codec, ()):
            raise ValueError(f"{self.codec!r} does not go into {self.suffix!r}")
        if self.quality not in ("final", "preview") or self.audio not in ("auto", "encode", "none"):
            raise ValueError("quality must be final or preview, audio auto, encode or none")
        if self.crf is not None:
            check_number("crf", self.crf, 0, 51)
            if self.codec not in WITH_CRF:
                raise ValueError(f"{self.codec} has no crf")
        if self.long_side is not None:
            check_number("long_side", self.long_side, SMALLEST_SIDE, LARGEST_SIDE)
            if self.is_plane:
                raise ValueError("depth and mattes are written at full size")

    @property
    def is_depth(self) -> bool:
        """True if the disparity is written instead of the picture."""
        return self.codec.startswith("depth_")

    @property
    def is_plane(self) -> bool:
        """True if the disparity or a matte of the focus is written instead of the picture."""
        return self.is_depth or self.codec.startswith("matte_")

    def choice(
        self, path: str, *, start_s: float | None = None, stop_s: float | None = None, overwrite: bool = False
    ) -> ExportChoice:
        """Return what to ask the engine for."""
        return ExportChoice(
            path,
            codec=self.codec,
            quality=self.quality,
            start_s=start_s,
            stop_s=stop_s,
            overwrite=overwrite,
            crf=self.crf,
            audio=self.audio,
            long_side=self.long_side,
        )


DEPTH_PRESET: Final = "Depth for compositing"
MATTE_PRESET: Final = "Focus matte as 16-bit PNG"
BUILT_IN: Final[tuple[ExportPreset, ...]] = (
    ExportPreset("Share H.264", "h264", ".mp4", crf=20),
    ExportPreset("Master H.264", "h264", ".mp4"),
    ExportPreset("HEVC 10-bit", "hevc", ".mp4"),
    ExportPreset("ProRes 422 HQ", "prores", ".mov"),
    ExportPreset("DNxHR", "dnxhr", ".mov"),
    ExportPreset("PNG frames", "png", ""),
    ExportPreset("EXR frames", "exr", ""),
    ExportPreset("Quick look, small", "h264", ".mp4", "preview", 24, long_side=960, pattern="{clip}_look"),
    ExportPreset(DEPTH_PRESET, "depth_exr", "", pattern="{clip}_depth"),
    ExportPreset("Depth as 16-bit PNG", "depth_png16", "", pattern="{clip}_depth16"),
    ExportPreset("Depth as grey video", "depth_ffv1", ".mkv", pattern="{clip}_depth"),
    ExportPreset(MATTE_PRESET, "matte_png16", "", pattern="{clip}_matte"),
)


@dataclass(frozen=True, slots=True)
class Presets:
    """All presets: the built-in ones, then the user's own. last: name of the one used last."""

    own: tuple[ExportPreset, ...] = ()
    last: str = BUILT_IN[0].name

    @property
    def all(self) -> tuple[ExportPreset, ...]:
        """Every preset, built-in ones first."""
        return (*BUILT_IN, *self.own)

    def get(self, name: str) -> ExportPreset | None:
        """Return the preset of this name; case does not matter."""
        return next((p for p in self.all if p.name.casefold() == name.casefold()), None)

    def is_own(self, name: str) -> bool:
        """True if the user made it."""
        return any(p.name.casefold() == name.casefold() for p in self.own)

    def with_own(self, preset: ExportPreset) -> Presets:
        """Return the presets with this one added, or changed if it is there; UsageError for a built-in one's name."""
        self._check_free(preset.name)
        same = preset.name.casefold()
        if self.is_own(preset.name):
            kept = tuple(preset if p.name.casefold() == same else p for p in self.own)
        elif len(self.own) >= MAX_PRESETS:
            raise UsageError(f"there are {MAX_PRESETS} presets already", remedy="Delete one first.")
        else:
            kept = (*self.own, preset)
        return replace(self, own=kept, last=preset.name)

    def renamed(self, old: str, new: str) -> Presets:
        """Return the presets with an own one under another name; UsageError if that cannot be."""
        before = next((p for p in self.own if p.name.casefold() == old.casefold()), None)
        if before is None:
            raise UsageError(f"{old!r} is not a preset of yours", remedy="Save it under a new name instead.")
        if new.casefold() != old.casefold():
            self._check_free(new)
            if self.is_own(new):
                raise UsageError(f"there is a preset {new!r} already", remedy="Choose another name.")
        after = with_name(before, new)
        own = tuple(after if p is before else p for p in self.own)
        return replace(self, own=own, last=new if self.last == before.name else self.last)

    def without(self, name: str) -> Presets:
        """Return the presets without an own one; UsageError if it is none."""
        if not self.is_own(name):
            raise UsageError(f"{name!r} came with the program and cannot be deleted")
        own = tuple(p for p in self.own if p.name.casefold() != name.casefold())
        gone = self.last.casefold() == name.casefold()
        return replace(self, own=own, last=BUILT_IN[0].name if gone else self.last)

    @staticmethod
    def _check_free(name: str) -> None:
        if any(p.name.casefold() == name.casefold() for p in BUILT_IN):
            raise UsageError(f"{name!r} came with the program and stays as it is", remedy="Choose another name.")


def with_name(preset: ExportPreset, name: str) -> ExportPreset:
    """Return the preset under another name; raise UsageError if that is no name."""
    try:
        return replace(preset, name=name.strip())
    except ValueError as error:
        raise UsageError(f"{name[:MAX_NAME]!r} cannot be the name of a preset ({error})") from error


def load_presets(folder: Path | None = None) -> tuple[Presets, list[str]]:
    """Return the presets, and what was wrong with those that were left out."""
    path = (folder or config_folder()) / _FILE
    try:
        fields = Fields(parse_object(read_bytes(path)))
        if fields.text("schema") != SCHEMA:
            raise ValueError(f"schema must be {SCHEMA}")
        items, last = fields.items("presets"), fields.text("last", BUILT_IN[0].name)
        if fields.rest():
            raise ValueError(f"unknown field {next(iter(fields.rest()))[:80]!r}")
    except FileNotFoundError:
        return Presets(), []
    except (OSError, ValueError, RecursionError) as error:
        log.warning("export presets cannot be read: %s", error)
        with contextlib.suppress(OSError):
            os.replace(path, path.with_suffix(".damaged.json"))
        return Presets(), [f"the file of export presets is damaged and was set aside: {error}"]
    presets, problems = Presets(), []
    for number, item in enumerate(items[:MAX_PRESETS]):
        try:
            presets = presets.with_own(_decode(item, f"presets[{number}]"))
        except (ValueError, UsageError) as error:
            problems.append(f"an export preset was left out: {error}")
    known = presets.get(last)
    return replace(presets, last=known.name if known else BUILT_IN[0].name), problems


def save_presets(presets: Presets, folder: Path | None = None) -> None:
    """Write the user's own presets, whole or not at all; raise ExportError if that is impossible."""
    place = folder or config_folder()
    values = {"schema": SCHEMA, "last": presets.last, "presets": [asdict(p) for p in presets.own]}
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_atomic(place / _FILE, json.dumps(values, indent=1, allow_nan=False).encode("ascii") + b"\n")
    except OSError as error:
        raise ExportError(
            f"the presets cannot be saved ({error.strerror or error})", where=place, remedy="Check the folder."
        ) from error


def _decode(item: object, where: str) -> ExportPreset:
    fields = Fields(cast("JsonObject", item), where)
    preset = ExportPreset(
        fields.text("name"),
        fields.text("codec"),
        fields.text("suffix"),
        fields.text("quality", "final"),  # type: ignore[arg-type]  # checked by the value itself
        fields.integer("crf") if fields.has("crf") else None,
        fields.text("audio", "auto"),  # type: ignore[arg-type]
        fields.integer("long_side") if fields.has("long_side") else None,
        fields.text("pattern", "{clip}_refocused"),
    )
    if fields.rest():
        raise ValueError(f"unknown field {fields.name(next(iter(fields.rest())))[:120]!r}")
    return preset
