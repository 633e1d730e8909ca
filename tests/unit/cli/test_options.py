from __future__ import annotations

import argparse

import pytest

from rvr_laaf_app.cli.options import (
    add_lens_arguments,
    lens_settings,
    parse_bokeh,
    parse_seconds,
    parse_target,
    positive,
)
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ApertureSettings, LensSettings


@pytest.mark.parametrize(("text", "seconds"), [("2.5", 2.5), ("1:02.5", 62.5), ("1:00:01", 3601), ("0", 0)])
def test_times(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "a", "-1", "1:2:3:4", "nan", "inf"])
def test_bad_times(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_seconds(text)


def test_targets_in_fractions_and_pixels() -> None:
    assert parse_target("0.5,0.25@1").place((1280, 720)) == Point(0.5, 0.25)
    assert parse_target("640,180@1").place((1280, 720)) == Point(0.5, 0.25)
    assert parse_target("0.1,0.2,0.3,0.4@0:02").place((1280, 720)) == Box(
        0.1, 0.2, pytest.approx(0.3), pytest.approx(0.4)
    )
    assert parse_target("128,72,256,144@2").seconds == 2


@pytest.mark.parametrize("text", ["0.5,0.5", "0.5@1", "a,b@1", "0.5,0.5@", "-1,2@0", "1,2,3@0", "1,2,0,5@0", "nan,1@0"])
def test_bad_targets(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse_target(text)


def test_a_target_outside_the_picture_is_refused() -> None:
    with pytest.raises(UsageError, match="outside the picture of 1280x720"):
        parse_target("1500,100@0").place((1280, 720))


def test_bokeh_shapes() -> None:
    assert parse_bokeh("disc") == ApertureSettings()
    assert parse_bokeh("hexagon:15,cats-eye") == ApertureSettings(blades=6, rotation_deg=15, cats_eye=0.7)
    assert parse_bokeh("7").blades == 7
    assert parse_bokeh("oval").squeeze < 1
    with pytest.raises(argparse.ArgumentTypeError, match="unknown bokeh"):
        parse_bokeh("star")
    with pytest.raises(argparse.ArgumentTypeError, match="angle"):
        parse_bokeh("hexagon:nan")
    assert parse_bokeh("hexagon:375") == parse_bokeh("hexagon:15")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e300", "1e-300", "", "x"])
def test_numbers_of_a_lens_are_sane(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        positive(text)


def test_a_box_is_cut_at_the_edge_but_must_leave_something() -> None:
    box = parse_target("0.9,0.9,0.5,0.5@0").place((1280, 720))
    assert isinstance(box, Box)
    assert (box.x + box.width, box.y + box.height) == (pytest.approx(1), pytest.approx(1))
    for text in ("1,1,0.5,0.5@0", "0,0,1e-9,1e-9@0", "1279,719,50,50@0"):
        with pytest.raises(UsageError, match="less than 2 pixels"):
            parse_target(text).place((1280, 720))


def test_only_what_is_said_of_the_lens_changes() -> None:
    parser = argparse.ArgumentParser()
    add_lens_arguments(parser)
    base = LensSettings(blur_px=7.0, aperture=ApertureSettings(blades=5), highlight_boost=0.5)
    assert lens_settings(parser.parse_args([]), base) == base
    changed = lens_settings(parser.parse_args(["--f-number", "4", "--bokeh", "oval"]), base)
    assert changed.blur_px is None
    assert changed.lens.f_number == 4
    assert changed.lens.focal_length_mm == base.lens.focal_length_mm
    assert changed.aperture.squeeze < 1
    assert changed.highlight_boost == 0.5
    assert lens_settings(parser.parse_args(["--blur", "3"]), base).blur_px == 3
