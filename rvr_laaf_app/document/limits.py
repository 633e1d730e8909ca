"""What values a project may hold: one set of limits for edits and for files, so that what is edited can be saved.

Each check raises ValueError naming the field. The limits are far outside any use; they keep arithmetic finite and
file sizes bounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.lens_keys import LensKey
from rvr_laaf_app.document.project import ClipRef, Correction, FocusTarget, LensSettings, SubjectTrack

MAX_FRAMES = 2**31 - 1
MAX_TARGETS = 10_000
MAX_CORRECTIONS = 1000  # of one target
MAX_TEXT = 10_000  # characters of a reason, a name, an id
MAX_PATH = 32_768
MAX_TRACK_FRAMES = 10_000_000
MAX_LENS_KEYS = 10_000
MAX_BREATHING = 0.2
EASES = ("linear", "in", "out", "in_out")
STRENGTHS = ("suggested", "soft", "firm")
_REACH = 16.0  # a place may lie outside the picture, but not this many pictures away


def check_number(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high (not for NaN either)."""
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} must be between {low:g} and {high:g}, not {value!r}")


def check_text(name: str, value: str, longest: int = MAX_TEXT) -> None:
    """Raise ValueError for text with NUL, half a surrogate pair, or too long."""
    if len(value) > longest:
        raise ValueError(f"{name} is longer than {longest} characters")
    if "\0" in value:
        raise ValueError(f"{name} contains a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} contains broken characters") from None


def check_path(name: str, value: str) -> None:
    """Raise ValueError for what no file system takes as a path; bytes that are not UTF-8 are allowed on POSIX."""
    if len(value) > MAX_PATH:
        raise ValueError(f"{name} is longer than {MAX_PATH} characters")
    if "\0" in value:
        raise ValueError(f"{name} contains a NUL character")
    try:
        value.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise ValueError(f"{name} contains broken characters") from None


def check_place(name: str, place: Point | Box) -> None:
    """Raise ValueError unless the place is finite and near the picture, and a box has an extent."""
    for part in ("x", "y"):
        check_number(f"{name}.{part}", getattr(place, part), -_REACH, _REACH)
    if isinstance(place, Box):
        for part in ("width", "height"):
            check_number(f"{name}.{part}", getattr(place, part), 0.0, _REACH)


def check_target(target: FocusTarget) -> None:
    """Raise ValueError if a field of the target is outside its limits."""
    for name in ("id", "tracker", "source", "reason", "group"):
        check_text(name, getattr(target, name))
    if not target.id:
        raise ValueError("id must not be empty")
    check_number("frame", target.frame, 0, MAX_FRAMES)
    check_number("pull_frames", target.pull_frames, 0, MAX_FRAMES)
    check_place("place", target.place)
    if target.hold_frames is not None:
        check_number("hold_frames", target.hold_frames, 1, MAX_FRAMES)
    check_number("offset", target.offset, -1.0, 1.0)
    check_corrections(target.corrections)
    if target.ease not in EASES:
        raise ValueError(f"ease must be one of {', '.join(EASES)}, not {target.ease!r}")
    if target.strength not in STRENGTHS:
        raise ValueError(f"strength must be one of {', '.join(STRENGTHS)}, not {target.strength!r}")


def check_corrections(corrections: tuple[Correction, ...]) -> None:
    """Raise ValueError unless the corrections are possible places, in the order of time, one per frame."""
    if len(corrections) > MAX_CORRECTIONS:
        raise ValueError(f"corrections has more than {MAX_CORRECTIONS} entries")
    last = -1
    for number, correction in enumerate(corrections):
        check_number(f"corrections[{number}].frame", correction.frame, last + 1, MAX_FRAMES)
        check_place(f"corrections[{number}].place", correction.place)
        last = correction.frame


def check_track(track: SubjectTrack) -> None:
    """Raise ValueError if the track's arrays are not finite float32 of a possible length."""
    check_text("target_id", track.target_id)
    check_text("by", track.by)
    check_number("start", track.start, 0, MAX_FRAMES)
    if len(track.boxes) > MAX_TRACK_FRAMES:
        raise ValueError(f"boxes has more than {MAX_TRACK_FRAMES} rows")
    for name in ("boxes", "confidence"):
        array = getattr(track, name)
        if array.dtype != np.float32:
            raise ValueError(f"{name} must be float32, not {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds numbers that are not finite")
    check_corrections(track.corrections)
    if track.sought_from is not None:
        check_number("sought_from", track.sought_from, 0, MAX_FRAMES)
    if track.for_place is not None:
        check_number("for_place.frame", track.for_place[0], 0, MAX_FRAMES)
        check_place("for_place", track.for_place[1])


def check_lens(settings: LensSettings) -> None:
    """Raise ValueError if a number of the lens is outside its limits."""
    for name in ("focal_length_mm", "f_number", "sensor_width_mm", "disparity_scale_per_m"):
        check_number(name, getattr(settings.lens, name), 1e-3, 1e6)
    if settings.blur_px is not None:
        check_number("blur_px", settings.blur_px, 0.0, 1e5)
    check_number("highlight_boost", settings.highlight_boost, 0.0, 1.0)
    check_number("max_coc_px", settings.max_coc_px, 0.0, 1e5)
    check_number("max_near_coc_px", settings.max_near_coc_px, 0.0, 1e5)
    check_number("breathing", settings.breathing, -MAX_BREATHING, MAX_BREATHING)
    check_number("confidence_guard", settings.confidence_guard, 0.0, 1.0)
    check_number("aperture.rotation_deg", settings.aperture.rotation_deg, -1e6, 1e6)
    check_lens_keys(settings.f_number_keys)


def check_lens_keys(keys: Sequence[LensKey]) -> None:
    """Raise ValueError if there are too many keys of the f-number, or they are not in the order of their frames."""
    if len(keys) > MAX_LENS_KEYS:
        raise ValueError(f"f_number_keys has more than {MAX_LENS_KEYS} entries")
    for before, key in pairwise(keys):
        if key.frame <= before.frame:
            raise ValueError("f_number_keys must be sorted by frame, one for each")
    if keys:
        check_number("f_number_keys.frame", keys[-1].frame, 0, MAX_FRAMES)


def check_clip(clip: ClipRef) -> None:
    """Raise ValueError if the clip's path or its facts cannot be."""
    check_path("clip.path", clip.path)
    check_text("clip.fingerprint", clip.fingerprint)
    check_number("clip.frames", clip.frames, 0, MAX_FRAMES)
