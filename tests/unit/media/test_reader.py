from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cards import PATCHES, Card, number_of, patches_of, write_clip

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media import decoding, frame_index
from rvr_laaf_app.media.probe import ClipInfo, as_json, probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.sequence import FrameNamer


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    folder = tmp_path_factory.mktemp("reader")
    return probe(write_clip(folder / "clip.mp4", Card(frames=60, gop=12, audio="aac")))


def test_frames_carry_index_time_and_colour(info: ClipInfo) -> None:
    with ClipReader(info) as reader:
        frame = reader.read(31)
    assert (frame.index, frame.size, frame.transfer, frame.primaries) == (31, (320, 180), "bt709", "bt709")
    assert info.table is not None
    assert frame.pts == info.table.pts[31]
    assert frame.rgb.flags.c_contiguous


def test_reading_in_order_seeks_never(info: ClipInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    seeks: list[int] = []
    seek = decoding.Decoder.seek
    monkeypatch.setattr(decoding.Decoder, "seek", lambda self, stamp: (seeks.append(stamp), seek(self, stamp))[1])
    with ClipReader(info) as reader:
        assert [number_of(f.rgb) for f in reader.frames()] == list(range(60))
        assert seeks == []
        reader.read(30)
        assert len(seeks) == 1
        assert [number_of(reader.read(k).rgb) for k in (31, 32, 33, 33)] == [31, 32, 33, 33]
        assert len(seeks) == 1


def test_any_order_gives_the_asked_frame(info: ClipInfo) -> None:
    with ClipReader(info) as reader:
        for index in (59, 0, 11, 12, 13, 58, 36, 35, 34, 5, 59, 1):
            assert number_of(reader.read(index).rgb) == index
        assert [number_of(f.rgb) for f in reader.frames(17, 23)] == list(range(17, 23))
        assert list(reader.frames(60)) == []


def test_outside_the_clip_is_an_index_error(info: ClipInfo) -> None:
    with ClipReader(info) as reader:
        for index in (-1, 60):
            with pytest.raises(IndexError, match=r"0\.\.59"):
                reader.read(index)


def test_a_thread_may_decode_ahead_and_is_joined(info: ClipInfo) -> None:
    before = threading.active_count()
    with ClipReader(info) as reader:
        assert [number_of(f.rgb) for f in reader.frames(3, prefetch=4)] == list(range(3, 60))
        frames = reader.frames(prefetch=2)
        assert number_of(next(frames).rgb) == 0
        frames.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_an_error_in_the_thread_arrives(info: ClipInfo, tmp_path: Path) -> None:
    gone = replace(info, path=str(tmp_path / "gone.mp4"))
    with ClipReader(gone) as reader, pytest.raises(MediaError, match="does not exist"):
        list(reader.frames(prefetch=2))


@pytest.mark.parametrize("size", [(160, 90), (128, 72), (100, 180), (640, 360), (7, 3)])
def test_frames_come_at_the_asked_size(size: tuple[int, int], info: ClipInfo) -> None:
    with ClipReader(info, size=size) as reader:
        frame = reader.read(37)
    assert frame.size == size
    if min(size) > 50:
        assert number_of(frame.rgb) == 37
        assert np.abs(patches_of(frame.rgb) - PATCHES).max() < 0.05


def test_a_reader_may_be_used_again_after_closing(info: ClipInfo) -> None:
    reader = ClipReader(info)
    assert number_of(reader.read(3).rgb) == 3
    reader.close()
    reader.close()
    assert number_of(reader.read(4).rgb) == 4
    reader.close()


def test_sound_has_no_frames(info: ClipInfo) -> None:
    with pytest.raises(MediaError, match="no pictures"):
        ClipReader(replace(info, kind="audio", table=None))


def test_a_long_clip_is_indexed_by_its_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {
        "long.mp4": Card(frames=200, gop=25),
        "long.mkv": Card(frames=200, gop=25),
        "long.ts": Card(frames=200, gop=25),
        "edit.mp4": Card(frames=200, gop=25, shift=-7, mux={"avoid_negative_ts": "disabled"}),
    }
    decoded = {name: probe(write_clip(tmp_path / name, card)) for name, card in cards.items()}
    monkeypatch.setattr(frame_index, "_DECODE_ALL_PIXELS", 0)
    monkeypatch.setattr(frame_index, "_decode_all", lambda *_args, **_more: pytest.fail("decoded to the end"))
    for name, whole in decoded.items():
        quick = probe(tmp_path / name)
        assert whole.table is not None
        assert quick.table is not None
        np.testing.assert_array_equal(quick.table.pts, whole.table.pts)
        assert quick.table.end_pts == whole.table.end_pts
        with ClipReader(quick) as reader:
            first = 7 if name == "edit.mp4" else 0
            assert [number_of(reader.read(k).rgb) for k in (150, 20, 192)] == [150 + first, 20 + first, 192 + first]


def test_packets_that_lie_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_index, "_DECODE_ALL_PIXELS", 0)
    hidden = Card(
        codec="libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "10", "deadline": "realtime"}, frames=40
    )
    assert probe(write_clip(tmp_path / "hidden.webm", hidden)).frames == 40
    assert probe(write_clip(tmp_path / "bf.avi", Card(codec="mpeg4", options={"bf": "2"}))).frames == 20


def test_a_long_clip_that_breaks_off_is_cut_where_it_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_index, "_DECODE_ALL_PIXELS", 0)
    whole = write_clip(tmp_path / "w.mp4", Card(frames=100, mux={"movflags": "faststart"})).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: round(len(whole) * 0.7)])
    info = probe(path)
    assert 20 < info.frames < 100
    with ClipReader(info) as reader:
        assert number_of(reader.read(info.frames - 3).rgb) == info.frames - 3


def test_repeated_stamps_are_told_apart_by_what_came_before() -> None:
    namer = FrameNamer(np.array([0, 1, 1, 2, 3, 3, 3], np.int64), 7)
    assert [namer.name(s) for s in (0, 1, 1, 2, 3, 3, 3, 9, None)] == [0, 1, 2, 3, 4, 5, 6, None, None]
    namer.restart(counting=False)
    assert namer.name(3) is None  # which of the three cannot be known
    assert [namer.name(s) for s in (2, 3, 3)] == [3, 4, 5]
    counted = FrameNamer(None, 2)
    counted.restart(counting=True)
    assert [counted.name(None) for _ in range(3)] == [0, 1, None]


def test_stamps_out_of_order_are_sorted_and_breaks_are_mended() -> None:
    from fractions import Fraction

    base = Fraction(1, 25)
    pts, broken = frame_index._repair(np.array([1, 2, 4, 3, 5, 7, 6]), base)
    assert (pts.tolist(), broken) == ([1, 2, 3, 4, 5, 6, 7], False)
    pts, broken = frame_index._repair(np.array([1000, 1001, 1002, 0, 1, 2]), base)
    assert (pts.tolist(), broken) == ([1000, 1001, 1002, 1003, 1004, 1005], True)
    pts, broken = frame_index._repair(np.array([0, 1, 2**40, 2**40 + 1]), base)
    assert (pts.tolist(), broken) == ([0, 1, 2, 3], True)
    pts, broken = frame_index._repair(np.array([0, 1, 1, 2]), base)
    assert (pts.tolist(), broken) == ([0, 1, 1, 2], False)


def test_the_probe_as_json_has_the_promised_keys(info: ClipInfo) -> None:
    import json

    told = json.loads(json.dumps(as_json(info)))
    assert {
        "frames",
        "times_s",
        "vfr",
        "display_size",
        "rotation_cw",
        "mirror",
        "range",
        "matrix",
        "transfer",
        "audio",
    } <= set(told)
    assert (told["frames"], told["vfr"], told["display_size"]) == (60, False, [320, 180])
    assert (told["range"], told["matrix"], told["transfer"]) == ("limited", "bt601", "bt709")
    assert told["times_s"][:3] == [0.0, 0.04, 0.08]
    assert told["audio"][0]["rate"] == 48000
