from __future__ import annotations

import argparse

import pytest

from rvr_laaf_app.cli.options import parse_bokeh, parse_seconds, parse_target
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ApertureSettings


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
