"""Lens settings as plain JSON values and back: strict about what each field may be, quiet about files.

Used for the lens of a project and for presets. Fields that are not known are the caller's to keep or to refuse.
"""

from __future__ import annotations

from typing import cast

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.lens_keys import KeyEase, LensKey
from rvr_laaf_app.document.limits import MAX_LENS_KEYS, check_lens
from rvr_laaf_app.document.project import ApertureSettings, LensSettings
from rvr_laaf_app.document.strict_json import Fields, JsonObject


def encode_lens(settings: LensSettings) -> JsonObject:
    """Return lens settings as JSON values."""
    lens, aperture = settings.lens, settings.aperture
    return {
        "focal_length_mm": float(lens.focal_length_mm),
        "f_number": float(lens.f_number),
        "sensor_width_mm": float(lens.sensor_width_mm),
        "disparity_scale_per_m": float(lens.disparity_scale_per_m),
        "blur_px": None if settings.blur_px is None else float(settings.blur_px),
        "highlight_boost": float(settings.highlight_boost),
        "max_coc_px": float(settings.max_coc_px),
        "max_near_coc_px": float(settings.max_near_coc_px),
        "breathing": float(settings.breathing),
        "confidence_guard": float(settings.confidence_guard),
        "f_number_keys": [
            {"frame": int(k.frame), "f_number": float(k.f_number), "ease": k.ease} for k in settings.f_number_keys
        ],
        "aperture": {
            "blades": int(aperture.blades),
            "rotation_deg": float(aperture.rotation_deg),
            "squeeze": float(aperture.squeeze),
            "cats_eye": float(aperture.cats_eye),
        },
    }


def decode_lens(fields: Fields, shape: Fields) -> LensSettings:
    """Return the lens settings in `fields`, the aperture in `shape`; raise ValueError naming the field that is wrong.

    What is missing has its default.
    """
    usual = LensSettings()
    lens = Lens(
        fields.real("focal_length_mm", usual.lens.focal_length_mm),
        fields.real("f_number", usual.lens.f_number),
        fields.real("sensor_width_mm", usual.lens.sensor_width_mm),
        fields.real("disparity_scale_per_m", usual.lens.disparity_scale_per_m),
    )
    aperture = ApertureSettings(
        shape.integer("blades", 0),
        shape.real("rotation_deg", 0.0),
        shape.real("squeeze", 1.0),
        shape.real("cats_eye", 0.0),
    )
    settings = LensSettings(
        lens,
        fields.optional_real("blur_px"),
        aperture,
        fields.real("highlight_boost", usual.highlight_boost),
        fields.real("max_coc_px", usual.max_coc_px),
        fields.real("max_near_coc_px", usual.max_near_coc_px),
        fields.real("breathing", usual.breathing),
        fields.real("confidence_guard", usual.confidence_guard),
        _decode_keys(fields),
    )
    check_lens(settings)
    return settings


def _decode_keys(fields: Fields) -> tuple[LensKey, ...]:
    items = fields.items("f_number_keys")
    if len(items) > MAX_LENS_KEYS:
        raise ValueError(f"f_number_keys has more than {MAX_LENS_KEYS} entries")
    keys = []
    for number, item in enumerate(items):
        key = Fields(item, f"f_number_keys[{number}]")
        frame, f_number, ease = key.integer("frame"), key.real("f_number"), key.text("ease", "linear")
        unknown = key.rest()
        if unknown:
            raise ValueError(f"{key.name(next(iter(unknown))[:80])} is not known")
        try:
            keys.append(LensKey(frame, f_number, cast("KeyEase", ease)))
        except ValueError as error:
            raise ValueError(f"f_number_keys[{number}]: {error}") from None
    return tuple(keys)
