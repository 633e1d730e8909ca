"""Named lenses: those that come with the program, and the user's own, kept as strict JSON in the settings folder.

A preset is a look: focal length, f-number, sensor, blur, shape, limits. What belongs to the shot stays when one is
applied: how near its nearest thing is, and the keys of the f-number.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.encoding_lens import decode_lens, encode_lens
from rvr_laaf_app.document.limits import check_text
from rvr_laaf_app.document.project import ApertureSettings, LensSettings
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes

SCHEMA: Final = "LensPresets.1"
FILE: Final = "lens_presets.json"
MAX_PRESETS: Final = 500
MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class LensPreset:
    """A look with a name; the name is unique, case aside."""

    name: str
    lens: LensSettings


def _built_in(name: str, lens: Lens, **values: object) -> LensPreset:
    return LensPreset(name, replace(LensSettings(lens=lens), **values))  # type: ignore[arg-type]


FULL_FRAME_MM, SUPER_35_MM, PHONE_MM = 36.0, 24.9, 9.8
BUILT_IN: Final[dict[str, LensPreset]] = {
    "portrait_85": _built_in(
        "Portrait 85 mm f/1.8, full frame",
        Lens(85.0, 1.8, FULL_FRAME_MM),
        aperture=ApertureSettings(blades=9, cats_eye=0.35),
    ),
    "normal_50": _built_in("Normal 50 mm f/1.8, full frame", Lens(50.0, 1.8, FULL_FRAME_MM)),
    "reporter_35": _built_in(
        "Reporter 35 mm f/2.8, full frame", Lens(35.0, 2.8, FULL_FRAME_MM), aperture=ApertureSettings(blades=7)
    ),
    "cine_40": _built_in(
        "Cinema 40 mm f/2, Super 35",
        Lens(40.0, 2.0, SUPER_35_MM),
        aperture=ApertureSettings(blades=8, rotation_deg=22.0),
        breathing=0.02,
    ),
    "anamorphic_50": _built_in(
        "Anamorphic 50 mm f/2, Super 35",
        Lens(50.0, 2.0, SUPER_35_MM),
        aperture=ApertureSettings(squeeze=0.5, cats_eye=0.5),
        breathing=0.03,
    ),
    "vintage_58": _built_in(
        "Swirling vintage 58 mm f/2, full frame",
        Lens(58.0, 2.0, FULL_FRAME_MM),
        aperture=ApertureSettings(blades=6, cats_eye=1.0),
    ),
    "phone": _built_in(
        "Phone look",
        Lens(35.0, 4.0, FULL_FRAME_MM),
        max_near_coc_px=6.0,
        confidence_guard=0.8,
    ),
}


def applied(preset: LensPreset, lens: LensSettings) -> LensSettings:
    """Return the preset's lens with what belongs to the shot taken from `lens`."""
    scale = lens.lens.disparity_scale_per_m
    inner = replace(preset.lens.lens, disparity_scale_per_m=scale)
    return replace(preset.lens, lens=inner, f_number_keys=lens.f_number_keys)


def matching(presets: Sequence[LensPreset], lens: LensSettings) -> LensPreset | None:
    """Return the preset that `lens` looks like, or None; an f-number that follows keys does not count."""

    def same(preset: LensPreset) -> bool:
        found = applied(preset, lens)
        if lens.f_number_keys:
            found = replace(found, lens=replace(found.lens, f_number=lens.lens.f_number))
        return found == lens

    return next((p for p in presets if same(p)), None)


def check_name(name: str, presets: Sequence[LensPreset], *, besides: str = "") -> str:
    """Return the name without blanks around it; UsageError if it is empty, too long, or taken (by not `besides`)."""
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > MAX_NAME or not tidy.isprintable():
        raise UsageError(f"a preset's name has 1 to {MAX_NAME} characters")
    taken = {p.name.casefold() for p in (*BUILT_IN.values(), *presets) if p.name.casefold() != besides.casefold()}
    if tidy.casefold() in taken:
        raise UsageError(f"there is a preset {tidy!r} already", remedy="Choose another name.")
    return tidy


def with_preset(presets: Sequence[LensPreset], name: str, lens: LensSettings) -> tuple[LensPreset, ...]:
    """Return the presets with a new one of this look, by name. Raises UsageError, see `check_name`."""
    if len(presets) >= MAX_PRESETS:
        raise UsageError(f"there are {MAX_PRESETS} presets already", remedy="Delete some first.")
    return _ordered([*presets, LensPreset(check_name(name, presets), replace(lens, f_number_keys=()))])


def renamed(presets: Sequence[LensPreset], old: str, new: str) -> tuple[LensPreset, ...]:
    """Return the presets with one renamed. Raises UsageError, see `check_name`."""
    name = check_name(new, presets, besides=old)
    return _ordered([replace(p, name=name) if p.name == old else p for p in presets])


def without(presets: Sequence[LensPreset], name: str) -> tuple[LensPreset, ...]:
    """Return the presets without one."""
    return tuple(p for p in presets if p.name != name)


def _ordered(presets: Sequence[LensPreset]) -> tuple[LensPreset, ...]:
    return tuple(sorted(presets, key=lambda p: p.name.casefold()))


def load_presets(folder: Path | None = None) -> tuple[LensPreset, ...]:
    """Return the user's own presets; none without a file. Raises UsageError for a file that is not one of ours."""
    path = (folder or config_folder()) / FILE
    try:
        return _decode(parse_object(read_bytes(path)))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"your lens presets cannot be used: {error}",
            where=path,
            remedy="The file is left as it is; when you save a preset it is kept beside the new one.",
        ) from error


def save_presets(presets: Sequence[LensPreset], folder: Path | None = None) -> None:
    """Write the user's presets, whole or not at all; a file that cannot be read is set aside. Raises UsageError."""
    place = folder or config_folder()
    path = place / FILE
    values = {"schema": SCHEMA, "presets": [_encode(p) for p in presets]}
    try:
        load_presets(place)
    except UsageError:
        with contextlib.suppress(OSError):
            os.replace(path, path.with_suffix(".damaged.json"))
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(values, indent=1).encode("ascii") + b"\n")
    except OSError as error:
        raise UsageError(f"the lens presets cannot be saved: {error.strerror}", where=path) from error


def _encode(preset: LensPreset) -> JsonObject:
    values = encode_lens(preset.lens)
    del values["f_number_keys"]
    return {"name": preset.name, "lens": values}


def _decode(values: JsonObject) -> tuple[LensPreset, ...]:
    fields = Fields(values)
    schema = fields.text("schema")
    if schema != SCHEMA:
        raise ValueError(f"schema must be {SCHEMA}, not {schema[:80]!r}")
    items = fields.items("presets")
    if len(items) > MAX_PRESETS:
        raise ValueError(f"presets has more than {MAX_PRESETS} entries")
    _refuse_unknown(fields)
    found: list[LensPreset] = []
    for number, item in enumerate(items):
        entry = Fields(item, f"presets[{number}]")
        name, inner = entry.text("name"), entry.inner("lens")
        check_text(entry.name("name"), name, MAX_NAME)
        shape = inner.inner("aperture")
        try:
            lens = decode_lens(inner, shape)
            for part in (entry, inner, shape):
                _refuse_unknown(part)
            if lens.f_number_keys:
                raise ValueError("f_number_keys do not belong into a preset")
            found.append(LensPreset(check_name(name, found), lens))
        except ValueError as error:
            raise ValueError(f"presets[{number}]: {error}") from None
        except UsageError as error:
            raise ValueError(f"presets[{number}]: {error.what}") from None
    return _ordered(found)


def _refuse_unknown(fields: Fields) -> None:
    rest = fields.rest()
    if rest:
        raise ValueError(f"{fields.name(next(iter(rest))[:80])} is not known")
