"""Keyed f-numbers: even in stops, held outside, kept by files, refused where they make no sense."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.encoding_lens import decode_lens, encode_lens
from rvr_laaf_app.document.interchange.sheet import curve_samples
from rvr_laaf_app.document.lens_keys import (
    KEY_EASES,
    LensKey,
    f_number_at,
    f_numbers,
    key_at,
    sorted_keys,
    stops_of,
    with_key,
    without_key,
)
from rvr_laaf_app.document.limits import check_lens
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.document.strict_json import Fields, JsonObject

KEYS = LensKey(10, 2.0), LensKey(20, 8.0), LensKey(30, 4.0, "hold")


def decoded(values: JsonObject) -> LensSettings:
    fields = Fields(values)
    return decode_lens(fields, fields.inner("aperture"))


def test_between_keys_the_way_is_even_in_stops_and_outside_the_ends_hold() -> None:
    assert f_number_at(KEYS, 0) == 2.0
    assert f_number_at(KEYS, 15) == pytest.approx(4.0)
    assert f_number_at(KEYS, 29) == 8.0, "hold: it jumps at its own frame"
    assert f_number_at(KEYS, 30) == f_number_at(KEYS, 99) == 4.0
    series = f_numbers(KEYS, 40)
    assert series.tolist() == pytest.approx([f_number_at(KEYS, i) for i in range(40)])
    assert f_numbers(KEYS, 12).tolist() == pytest.approx(series[:12].tolist()), "keys past the end change nothing"
    steps = np.diff([stops_of(f) for f in series[10:21].tolist()])
    assert steps == pytest.approx(np.full(10, 0.4), abs=1e-5)


@pytest.mark.parametrize("ease", KEY_EASES)
def test_every_ease_arrives_and_never_turns_back(ease: str) -> None:
    keys = LensKey(0, 1.4), LensKey(24, 16.0, ease)  # type: ignore[arg-type]
    series = f_numbers(keys, 25)
    assert (series[0], series[-1]) == (np.float32(1.4), np.float32(16.0))
    assert (np.diff(series) >= 0).all()


def test_keys_are_values_that_edits_replace() -> None:
    assert with_key(KEYS, LensKey(12, 3.0), moved_from=20) == (KEYS[0], LensKey(12, 3.0), KEYS[2])
    assert with_key(KEYS, LensKey(20, 3.0)) == (KEYS[0], LensKey(20, 3.0), KEYS[2])
    assert without_key(KEYS, 20) == (KEYS[0], KEYS[2])
    assert key_at(KEYS, 11) is None
    assert sorted_keys([KEYS[2], KEYS[0], LensKey(30, 9.0)]) == (KEYS[0], LensKey(30, 9.0))


def test_a_lens_at_a_frame_has_the_f_number_there_and_gains_follow() -> None:
    settings = LensSettings(lens=Lens(f_number=1.8), f_number_keys=KEYS)
    assert settings.at(15).lens.f_number == pytest.approx(4.0)
    assert settings.at(15).f_number_keys == ()
    gains = settings.gains_px(40, 1280)
    assert gains[5] == pytest.approx(settings.at(5).blur_gain_px(1280, 1280), rel=1e-6)
    assert gains[0] / gains[20] == pytest.approx(4.0)
    plain = replace(settings, blur_px=12.0)
    assert not plain.follows_keys
    assert plain.at(15).blur_gain_px(640, 1280) == 12.0
    assert set(plain.gains_px(40, 1280).tolist()) == {24.0}
    assert LensSettings().at(7) is not None
    assert (LensSettings().gains_px(3, 1280) == np.float32(LensSettings().blur_gain_px(1280, 1280))).all()


def test_what_is_given_to_other_programs_has_the_f_number_of_every_frame() -> None:
    settings = LensSettings(f_number_keys=KEYS)
    samples = curve_samples(np.zeros(40, np.float32), np.zeros(40, np.uint8), lens=settings, width_px=1280)
    assert samples.f_number.tolist() == settings.f_numbers(40).tolist()


def test_files_keep_every_field_and_old_ones_get_the_defaults() -> None:
    settings = LensSettings(
        max_near_coc_px=20.0, breathing=-0.05, confidence_guard=0.25, f_number_keys=KEYS, highlight_boost=0.5
    )
    assert decoded(json.loads(json.dumps(encode_lens(settings)))) == settings
    assert decoded({"f_number": 2.8}) == LensSettings(lens=Lens(f_number=2.8))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"breathing": 0.5}, "breathing"),
        ({"confidence_guard": -0.1}, "confidence_guard"),
        ({"max_near_coc_px": True}, "max_near_coc_px"),
        ({"f_number_keys": {}}, "f_number_keys"),
        ({"f_number_keys": [{"frame": 1, "f_number": 0.01}]}, "f_number"),
        ({"f_number_keys": [{"frame": -1, "f_number": 2}]}, "frame"),
        ({"f_number_keys": [{"frame": 1, "f_number": 2, "ease": "bounce"}]}, "ease"),
        ({"f_number_keys": [{"frame": 1, "f_number": 2, "x": 1}]}, "x"),
        ({"f_number_keys": [{"frame": 2, "f_number": 2}, {"frame": 1, "f_number": 2}]}, "sorted"),
        ({"f_number_keys": [{"frame": 1, "f_number": 2}] * 10_001}, "more than"),
        ({"f_number_keys": [{"frame": 2**40, "f_number": 2}]}, "frame"),
    ],
)
def test_hostile_values_are_refused_by_name(change: JsonObject, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        decoded(encode_lens(LensSettings()) | change)


def test_edits_have_the_same_limits_as_files() -> None:
    with pytest.raises(ValueError, match="sorted"):
        check_lens(LensSettings(f_number_keys=KEYS[::-1]))
