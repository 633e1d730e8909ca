"""Lost light: what is given back exactly has no error, what is left clipped has all of it, the touched are counted."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.measure import light
from rvr_laaf_app.measure.hdr_views import load_map, map_names, split_names
from rvr_laaf_app.media.exr import write_exr
from tests.unit.measure.pretend import Pretend, grey_is_near


@pytest.fixture
def maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A grey panorama with round white lamps, as .hdr and as .exr."""
    monkeypatch.setattr(light, "VIEW_SIZE", (160, 120))
    panorama = np.full((128, 256), 0.2, np.float32)
    rng = np.random.default_rng(1)
    for _ in range(60):
        centre = int(rng.integers(256)), int(rng.integers(30, 90))
        cv2.circle(panorama, centre, 3, float(2 ** rng.uniform(0, 4)), -1)
    linear = np.repeat(panorama[..., None], 3, 2)
    cv2.imwrite(str(tmp_path / "a.hdr"), linear)
    write_exr(tmp_path / "b.exr", linear)
    return [tmp_path / name for name in map_names(tmp_path)]


def test_left_as_it_is_all_light_is_missing(maps: list[Path]) -> None:
    figures = light.measure_light(Pretend(grey_is_near), maps, views=4)
    assert [row["name"] for row in figures["maps"]] == ["a.hdr", "b.exr"]
    for row in figures["maps"]:
        assert row["error_stops"] == pytest.approx(row["clipped_input_stops"], abs=1e-3)
        assert row["bias_stops"] == pytest.approx(-row["clipped_input_stops"], abs=1e-3)
        assert row["touched_share"] == 0


def test_given_back_exactly_nothing_is_missing(maps: list[Path]) -> None:
    views = {}
    source = load_map(maps[0])
    for number in range(4):
        view = light.view_of(source, number)
        views[view.rgb.tobytes()] = view.stops

    def truth(frame: Frame) -> NDArray[np.floating]:
        return views[frame.rgb.tobytes()]

    row = light.measure_light(Pretend(grey_is_near, boost=truth), maps[:1], views=4)["maps"][0]
    assert row["clipped_input_stops"] > 0.1
    assert row["error_stops"] < 0.02
    assert row["touched_share"] == 0


def test_what_did_not_clip_and_changed_is_counted(maps: list[Path]) -> None:
    # Everything is told to be two stops brighter, but only what is near white may become so.
    row = light.measure_light(
        Pretend(grey_is_near, boost=lambda frame: np.full(frame.rgb.shape, 2.0)), maps[:1], views=4
    )["maps"][0]
    assert 0 < row["touched_share"] < 0.2
    assert row["bias_stops"] > -row["clipped_input_stops"]


def test_views_do_not_depend_on_what_else_is_measured(maps: list[Path]) -> None:
    alone = light.measure_light(Pretend(grey_is_near), maps[1:], views=2)["maps"][0]
    among = light.measure_light(Pretend(grey_is_near), maps, views=2)["maps"][1]
    assert alone == among


def test_a_damaged_map_is_skipped(maps: list[Path]) -> None:
    maps[0].write_bytes(b"#?RADIANCE\n nothing")
    figures = light.measure_light(Pretend(grey_is_near), maps, views=2)
    assert [row["what"] for row in figures["skipped"]] == ["a.hdr"]
    assert len(figures["maps"]) == 1


def test_few_maps_can_all_be_held_out(maps: list[Path]) -> None:
    assert split_names(maps[0].parent) == ([], ["a.hdr", "b.exr"])
