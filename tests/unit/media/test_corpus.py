"""The development corpus of awkward files, table-driven: what the reader says of each must be what was written down."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.audio import read_audio
from rvr_laaf_app.media.probe import ClipInfo, as_json, probe
from rvr_laaf_app.media.reader import ClipReader

PATCHES = np.array([(191, 0, 0), (0, 191, 0), (0, 0, 191), (191, 191, 0), (64, 64, 64), (235, 235, 235)])
BEEPS_S = 0.005
# Their card was drawn in another transfer or with another matrix than is tagged: the patches are not comparable.
NO_PATCHES = ("s12_hlg10.mp4",)


def _table() -> dict[str, dict[str, Any]]:
    """Return the table, empty where the data is missing (it is needed already to name the tests)."""
    folder = Path(os.environ.get("RVR_DATA") or Path(__file__).resolve().parents[4] / "shared" / "data")
    file = folder / "media" / "expected.json"
    if not file.is_file():
        return {}
    return {n: e for n, e in json.loads(file.read_text())["files"].items() if (file.parent / e["path"]).is_file()}


TABLE = _table()
SHOWN = [n for n, e in TABLE.items() if e["outcome"] in ("ok", "partial", "still") and e["expect"].get("video")]
CARDS = [n for n in SHOWN if TABLE[n]["expect"]["video"].get("card")]
SOUND = [n for n, e in TABLE.items() if e["outcome"] == "ok" and e["expect"].get("audio")]
REFUSED = [n for n, e in TABLE.items() if e["outcome"] in ("refuse", "open_error")]


def _path(shared_data: Path, name: str) -> Path:
    return shared_data / "media" / TABLE[name]["path"]


def _eight_bits(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    return rgb if rgb.dtype == np.uint8 else (rgb >> 8).astype(np.uint8)


def _bar_code(rgb: NDArray[Any]) -> int:
    picture = _eight_bits(rgb)
    height, width = picture.shape[:2]
    y, value = int(height * 0.52), 0
    for k in range(12):
        x = int(width * 0.08 + (k + 0.5) * width * 0.07)
        value = 2 * value + int(picture[y - 1 : y + 2, x - 1 : x + 2].mean() > 128)
    return value


def _patch_error(rgb: NDArray[Any]) -> float:
    picture = _eight_bits(rgb).astype(float)
    height, width = picture.shape[:2]
    y, left, step = int(height * 0.26), int(width * 0.14), int(width * 0.72) / 6
    reach = max(1, int(step * 0.15))
    centres = [int(left + (k + 0.5) * step) for k in range(6)]
    means = [picture[y - 1 : y + 2, x - reach : x + reach + 1].mean((0, 1)) for x in centres]
    return float(np.abs(np.array(means) - PATCHES).max())


def test_the_table_is_not_empty(shared_data: Path) -> None:
    assert len(TABLE) >= 37
    assert len(CARDS) >= 20


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, shared_data: Path) -> None:
    began = time.monotonic()
    with pytest.raises(MediaError) as caught:
        probe(_path(shared_data, name))
    assert time.monotonic() - began < 2
    assert name in str(caught.value)


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_told(name: str, shared_data: Path) -> None:
    entry = TABLE[name]
    expected = entry["expect"]["video"]
    info = probe(_path(shared_data, name))
    told = as_json(info)
    if entry["outcome"] == "partial":
        assert abs(info.frames - expected["decodable_frames"]) <= 2
        assert info.warnings
    else:
        assert info.frames == expected["frames"]
        assert info.is_vfr == expected["vfr"]
    assert told["rotation_cw"] == expected["rotate_cw"]
    assert told["coded_size"] == expected["coded_size"]
    assert all(abs(a - b) <= 1 for a, b in zip(told["display_size"], expected["display_size"], strict=True))
    assert told["times_s"][0] == pytest.approx(expected["first_pts_s"], abs=0.0015)
    if entry["outcome"] == "ok":
        assert told["times_s"][-1] == pytest.approx(expected["last_pts_s"], abs=0.0015)
    if expected.get("times_s"):
        np.testing.assert_allclose(told["times_s"], expected["times_s"], atol=0.0015)
    _check_colour(info, expected)
    assert info.interlaced == bool(expected["interlaced"])
    assert info.has_alpha == bool(expected.get("alpha", False))


def _check_colour(info: ClipInfo, expected: dict[str, Any]) -> None:
    if expected["range"] != "unspecified":
        assert info.color_range == expected["range"]
    if expected.get("coded_matrix"):
        assert info.matrix == expected["coded_matrix"]
    transfer = {16: "pq", 18: "hlg"}.get(expected["primaries_trc_matrix"][1])
    assert info.transfer == transfer if transfer else info.transfer in ("bt709", "srgb")
    assert info.primaries == ("bt2020" if expected["primaries_trc_matrix"][0] == 9 else "bt709")


@pytest.mark.parametrize("name", CARDS)
def test_every_frame_in_order_and_at_random(name: str, shared_data: Path) -> None:
    expected = TABLE[name]["expect"]["video"]
    first = expected.get("first_index", 0)
    with ClipReader(_path(shared_data, name)) as reader:
        frames = [_eight_bits(f.rgb) for f in reader.frames()]
    assert [_bar_code(f) for f in frames] == list(range(first, first + len(frames)))
    assert np.abs(frames[0][4:8, 4:8].mean((0, 1)) - (200, 30, 30)).max() < 25
    if expected.get("coded_matrix") and name not in NO_PATCHES:
        assert _patch_error(frames[0]) < 6
    with ClipReader(_path(shared_data, name)) as reader:
        for index in random.Random(name).sample(range(len(frames)), min(len(frames), 12)):
            np.testing.assert_array_equal(_eight_bits(reader.read(index).rgb), frames[index])


@pytest.mark.parametrize("name", SOUND)
def test_sound_lies_on_the_frames_clock(name: str, shared_data: Path) -> None:
    entry = TABLE[name]
    info = probe(_path(shared_data, name))
    assert [(a.rate, a.layout) for a in info.audio] == [(a["rate"], a["layout"]) for a in entry["expect"]["audio"]]
    video = entry["expect"].get("video") or {}
    for number, expected in enumerate(entry["expect"]["audio"]):
        samples, rate = read_audio(info, number)
        offset = expected["first_pts_s"] - video.get("first_pts_s", expected["first_pts_s"])
        assert abs(len(samples) - (expected["samples"] + offset * rate)) <= 0.07 * rate  # priming and gaps
        if video.get("card") and len(samples) > rate:
            loud = np.flatnonzero(np.abs(samples).max(axis=1) > 0.3) / rate
            beeps = loud[np.diff(loud, prepend=-1) > 0.3]
            assert len(beeps)
            assert np.abs(beeps - np.round(beeps)).max() < BEEPS_S


def test_sound_alone_is_probed_but_has_no_frames(shared_data: Path) -> None:
    path = shared_data / "media" / "dev" / "s31_audio_only.m4a"
    assert probe(path).kind == "audio"
    with pytest.raises(MediaError, match="no pictures"):
        ClipReader(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["sam2_bedroom.mp4", "mma_ntu_two_people.avi", "intel_asl_book.mkv", "skateboarding_dog.mp4"]
)
def test_real_clips_are_read_to_the_end(name: str, shared_data: Path) -> None:
    with ClipReader(shared_data / "clips" / name, size=(160, 90)) as reader:
        frames = [f.rgb for f in reader.frames()]
        assert len(frames) == reader.info.frames > 50
        for index in (len(frames) - 1, len(frames) // 2, 0):
            np.testing.assert_array_equal(reader.read(index).rgb, frames[index])
