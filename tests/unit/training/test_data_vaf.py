"""Annotated clips become stretches with their change where it was set; what is not to be learnt from is left."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.annotation.encoding import VafData, encode_data
from rvr_laaf_app.annotation.schema import ClipAnnotation, ClipIdentity, Moment, VafTarget
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.nets.af_net import AfNetConfig
from rvr_laaf_app.training.data_vaf import load_vaf
from tests.clips import write_clip

SMALL = AfNetConfig(units=3, unit_frames=3, width=64, height=32, widths=(8, 8, 16, 16), widths2=(16, 16))
FRAMES, RATE = 150, 25


def target(frame: int, place: Box | Point) -> VafTarget:
    moment = Moment(frame, frame, Fraction(1, RATE), "0" * 16, bytes(256))
    return VafTarget(f"t{frame}", moment, place, max(frame - 3, 0), max(frame - 5, 0), frame + 5)


def annotation(name: str, key: str, *targets: VafTarget, state: str = "done") -> ClipAnnotation:
    clip = ClipIdentity(name, key * 32, key * 32, FRAMES, FRAMES / RATE, (64, 48))
    return ClipAnnotation(clip, targets, state)


def test_each_change_gives_a_stretch_with_its_boxes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "test.mp4"):
        write_clip(tmp_path / name, frames=FRAMES, size=(64, 48))
    left, right = Box(0.1, 0.2, 0.2, 0.4), Box(0.6, 0.2, 0.2, 0.4)
    said = (
        annotation("a.mp4", "a", target(0, left), target(60, right), target(120, Point(0.5, 0.5))),
        annotation("b.mp4", "b", target(0, left)),
        annotation("test.mp4", "c", target(0, left), target(50, right)),
        annotation("gone.mp4", "d", target(0, left), target(50, right)),
        annotation("b.mp4", "e", target(0, left), state="open"),
    )
    file = tmp_path / "vaf.json"
    file.write_bytes(encode_data(VafData({"ann": said}, {"c" * 32: "test"})))
    found = load_vaf(file, tmp_path, SMALL)
    stride = round(SMALL.stride * RATE / 30)
    assert len(found) == 3
    first, second, none = found
    assert none.target == -1
    assert len(none.rgb) == -(-FRAMES // stride)
    assert first.target == 15
    np.testing.assert_allclose(first.boxes[first.target - 1], (0.1, 0.2, 0.2, 0.4), atol=1e-5)
    np.testing.assert_allclose(first.boxes[first.target], (0.6, 0.2, 0.2, 0.4), atol=1e-5)
    np.testing.assert_allclose(second.boxes[second.target], (0.46, 0.46, 0.08, 0.08), atol=1e-5)
    # neither stretch holds the other's change
    assert len(first.rgb) <= 15 + 8
    assert second.target <= 8


def test_what_is_no_vaf_data_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    with pytest.raises(UsageError, match="no VAF data"):
        load_vaf(bad, tmp_path, SMALL)
    with pytest.raises(UsageError, match="no VAF data"):
        load_vaf(tmp_path / "absent.json", tmp_path, SMALL)
