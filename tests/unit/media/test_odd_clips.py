"""Clips of every awkward kind, made here: each frame must be the right one, upright, in the right colours."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cards import CORNERS, PATCHES, Card, corners_of, number_of, patches_of, write_clip

from rvr_laaf_app.media.probe import as_json, probe
from rvr_laaf_app.media.reader import ClipReader

_QUIET = {"x265-params": "log-level=none"}
_FAST = {"deadline": "realtime", "cpu-used": "8"}

# file name -> card; every frame is checked in order and in random order, the colours on the first one.
CLIPS = {
    "control.mp4": Card(audio="aac"),
    "control.mkv": Card(),
    "mpeg4.avi": Card(codec="mpeg4"),
    "b_frames_without_stamps.avi": Card(codec="mpeg4", options={"bf": "2"}),
    "transport.ts": Card(audio="mp2"),
    "program.mpg": Card(codec="mpeg2video", audio="mp2"),
    "mpeg1.mpg": Card(codec="mpeg1video"),
    "h263.3gp": Card(codec="h263", size=(176, 144)),
    "hidden_frames.webm": Card(
        codec="libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "10", **_FAST}, frames=40
    ),
    "vp9.webm": Card(codec="libvpx-vp9", options=_FAST, frames=40),
    "vp9_alpha.webm": Card(codec="libvpx-vp9", pix_fmt="yuva420p", options=_FAST),
    "hevc.mp4": Card(codec="libx265", options=_QUIET),
    "open_gop.mp4": Card(frames=60, options={"x264-params": "open-gop=1:keyint=10:bframes=3:b-pyramid=normal"}),
    "open_gop_hevc.mkv": Card(
        codec="libx265", frames=60, options={"x265-params": "log-level=none:open-gop=1:keyint=10:bframes=4"}
    ),
    "open_gop_mpeg2.ts": Card(codec="mpeg2video", frames=60, gop=8, options={"bf": "2"}),
    "intra_refresh.ts": Card(frames=60, options={"x264-params": "intra-refresh=1:keyint=15"}),
    "animated.gif": Card(codec="gif", pix_fmt="rgb8", rate=Fraction(10)),
    "animated.apng": Card(codec="apng", pix_fmt="rgb24", frames=4),
    "dnxhr.mov": Card(
        codec="dnxhd", pix_fmt="yuv422p10le", size=(256, 160), options={"profile": "dnxhr_hqx"}, matrix="bt709"
    ),
    "prores.mov": Card(codec="prores_ks", pix_fmt="yuv422p10le", audio="pcm_s16le"),
    "mjpeg.mov": Card(codec="mjpeg", pix_fmt="yuvj420p", full=True),
    "png.mov": Card(codec="png", pix_fmt="rgb24"),
    "wmv.asf": Card(codec="wmv2"),
    "h264.flv": Card(),
    "dv.dv": Card(codec="dvvideo", size=(720, 576), frames=5),
    "portrait.mp4": Card(size=(180, 320)),
    "odd.webm": Card(codec="libvpx-vp9", size=(161, 91), options=_FAST),
    "vfr.mp4": Card(
        times=[0, 1, 3, 4, 9, 10, 20, 21, 22, 40, 41, 60, 90, 91, 92, 93, 94, 95, 100, 130], time_base=Fraction(1, 100)
    ),
    "starts_late.mp4": Card(shift=30, audio="aac"),
    "stamps_wrap.ts": Card(shift=int(2**33 / 90000 * 25) - 10, frames=60, mux={"avoid_negative_ts": "disabled"}),
    "fragmented.mp4": Card(mux={"movflags": "frag_keyframe+empty_moov"}),
    "one.mp4": Card(frames=1),
    "two.mp4": Card(frames=2),
    "drop_frame_timecode.mov": Card(rate=Fraction(30000, 1001), metadata={"timecode": "01:00:00;02"}),
    "hd_untagged.mp4": Card(size=(1280, 720), frames=3, matrix="bt709"),
    "hd_tagged_601.mp4": Card(size=(1280, 720), frames=3, matrix="bt601", tags={"colorspace": 6}),
    "sd_tagged_709.mp4": Card(matrix="bt709", tags={"colorspace": 1}),
    "full_range.mp4": Card(matrix="bt709", full=True, tags={"colorspace": 1, "color_range": 2}),
    "240m.mkv": Card(codec="ffv1", matrix="smpte240m", tags={"colorspace": 7}),
    "deep_rgb.mkv": Card(codec="ffv1", pix_fmt="gbrp12le"),
    "twelve_bits.mkv": Card(codec="ffv1", pix_fmt="yuv422p12le"),
    "sixteen_bits.mkv": Card(codec="ffv1", pix_fmt="yuv444p16le"),
    "quarter_chroma.mkv": Card(codec="ffv1", pix_fmt="yuv410p"),
    "411.mkv": Card(codec="ffv1", pix_fmt="yuv411p"),
    "hlg.mp4": Card(
        codec="libx265",
        pix_fmt="yuv420p10le",
        matrix="bt2020",
        options=_QUIET,
        tags={"colorspace": 9, "color_trc": 18, "color_primaries": 9, "color_range": 1},
    ),
    "pq.mkv": Card(
        codec="ffv1",
        pix_fmt="yuv420p10le",
        matrix="bt2020",
        tags={"colorspace": 9, "color_trc": 16, "color_primaries": 9, "color_range": 1},
    ),
}


# These formats have a pixel shape by definition: 12:11 and 16:15.
_SHOWN = {"h263.3gp": (192, 144), "dv.dv": (768, 576)}


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_is_the_right_one_in_the_right_colours(name: str, tmp_path: Path) -> None:
    card = CLIPS[name]
    info = probe(write_clip(tmp_path / name, card))
    assert info.frames == card.frames
    assert info.display_size == _SHOWN.get(name, card.size)
    assert info.is_vfr == (card.times is not None)
    with ClipReader(info) as reader:
        ordered = list(reader.frames())
    assert [number_of(f.rgb) for f in ordered] == list(range(card.frames))
    assert all((f.rgb.dtype == np.uint16) == (info.bit_depth > 8) for f in ordered)
    assert np.abs(patches_of(ordered[0].rgb) - PATCHES).max() * 255 < 4
    with ClipReader(info) as reader:
        for index in random.Random(name).sample(range(card.frames), min(card.frames, 12)):
            np.testing.assert_array_equal(reader.read(index).rgb, ordered[index].rgb)


def test_colour_tags_are_told(tmp_path: Path) -> None:
    told = {n: probe(write_clip(tmp_path / n, CLIPS[n])) for n in ("hlg.mp4", "pq.mkv", "full_range.mp4", "odd.webm")}
    assert [(i.transfer, i.primaries, i.matrix, i.bit_depth) for i in told.values()] == [
        ("hlg", "bt2020", "bt2020", 10),
        ("pq", "bt2020", "bt2020", 10),
        ("bt709", "bt709", "bt709", 8),
        ("bt709", "bt709", "bt601", 8),
    ]
    assert [i.color_range for i in told.values()] == ["limited", "limited", "full", "limited"]


def test_alpha_and_interlacing_are_told(tmp_path: Path) -> None:
    assert probe(write_clip(tmp_path / "a.webm", CLIPS["vp9_alpha.webm"])).has_alpha
    assert probe(write_clip(tmp_path / "a.dv", CLIPS["dv.dv"])).interlaced
    assert not probe(write_clip(tmp_path / "a.mp4", CLIPS["control.mp4"])).interlaced


def test_variable_times_are_exact(tmp_path: Path) -> None:
    card = CLIPS["vfr.mp4"]
    told = as_json(probe(write_clip(tmp_path / "v.mp4", card)))
    assert card.times is not None
    np.testing.assert_allclose(told["times_s"], np.array(card.times) / 100, atol=1e-4)
    assert told["vfr"]
    assert told["frames"] == 20


@pytest.mark.parametrize("name", ["equal.mkv", "equal_h264.mkv"])
def test_frames_that_share_a_time_stamp_are_told_apart(name: str, tmp_path: Path) -> None:
    stamps = [0, 1, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7]
    codec = {"codec": "mjpeg", "pix_fmt": "yuvj420p", "full": True} if name == "equal.mkv" else {}
    card = Card(frames=12, gop=4, stamps=stamps, options={"bf": "0"}, **codec)  # type: ignore[arg-type]
    info = probe(write_clip(tmp_path / name, card))
    assert info.frames == 12
    with ClipReader(info) as reader:
        assert [number_of(f.rgb) for f in reader.frames()] == list(range(12))
        for index in (11, 5, 2, 6, 1, 4, 9, 8):
            assert number_of(reader.read(index).rgb) == index


def test_an_edit_list_hides_the_beginning(tmp_path: Path) -> None:
    for options in ({"bf": "0"}, {}):
        card = Card(shift=-7, frames=40, mux={"avoid_negative_ts": "disabled"}, options=options)
        with ClipReader(write_clip(tmp_path / "edit.mp4", card)) as reader:
            assert [number_of(f.rgb) for f in reader.frames()] == list(range(7, 40))
            assert number_of(reader.read(0).rgb) == 7


@pytest.mark.parametrize("codec", ["ffv1", "libx264"])
def test_a_tiny_odd_picture(codec: str, tmp_path: Path) -> None:
    name = "tiny.mkv" if codec == "ffv1" else "tiny.mp4"
    card = Card(codec=codec, pix_fmt="yuv420p" if codec == "ffv1" else "yuv444p", size=(17, 33), frames=5)
    with ClipReader(write_clip(tmp_path / name, card)) as reader:
        frames = list(reader.frames())
    assert [f.size for f in frames] == [(17, 33)] * 5
    assert [number_of(f.rgb) for f in frames] == list(range(5))


def _matrix(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    one = 1 << 16
    return (a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)


_MIRRORED = CORNERS[[1, 0, 3, 2]]
TURNS = {
    "upright": ((1, 0, 0, 1), 0, False, CORNERS),
    "quarter": ((0, 1, -1, 0), 90, False, CORNERS[[2, 0, 3, 1]]),
    "half": ((-1, 0, 0, -1), 180, False, CORNERS[[3, 2, 1, 0]]),
    "three quarters": ((0, -1, 1, 0), 270, False, CORNERS[[1, 3, 0, 2]]),
    "mirror": ((-1, 0, 0, 1), 0, True, _MIRRORED),
    "upside down mirror": ((1, 0, 0, -1), 180, True, CORNERS[[2, 3, 0, 1]]),
    "mirror and quarter": ((0, -1, -1, 0), 90, True, CORNERS[[3, 1, 2, 0]]),
    "transpose": ((0, 1, 1, 0), 270, True, CORNERS[[0, 2, 1, 3]]),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_turned_and_mirrored_pictures_come_out_upright(turn: str, suffix: str, tmp_path: Path) -> None:
    matrix, degrees, mirror, corners = TURNS[turn]
    card = Card(display_matrix=_matrix(*matrix), frames=2)
    info = probe(write_clip(tmp_path / f"turned.{suffix}", card))
    assert (info.rotation_cw, info.mirror) == (degrees, mirror)
    assert info.display_size == ((180, 320) if degrees % 180 else (320, 180))
    with ClipReader(info) as reader:
        frame = reader.read(1)
    assert frame.size == info.display_size
    assert np.abs(corners_of(frame.rgb) - corners).max() < 0.03


def test_an_odd_angle_is_told_and_shown_in_the_same_frame(tmp_path: Path) -> None:
    angle = np.radians(17)
    a, b = round(np.cos(angle) * 65536), round(np.sin(angle) * 65536)
    card = Card(display_matrix=(a, b, 0, -b, a, 0, 0, 0, 1 << 30), frames=1)
    info = probe(write_clip(tmp_path / "t.mp4", card))
    assert info.rotation_cw == 17
    assert info.display_size == (320, 180)
    assert any("17 degrees" in w for w in info.warnings)
    with ClipReader(info) as reader:
        rgb = reader.read(0).rgb
    assert rgb.shape == (180, 320, 3)
    assert rgb[0, -1].max() < 10  # turned clockwise about the centre: the corners are empty


def test_an_empty_matrix_changes_nothing(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "z.mp4", Card(display_matrix=(0,) * 8 + (1 << 30,), frames=1)))
    assert (info.rotation_cw, info.display_size) == (0, (320, 180))


def test_pixels_come_out_square(tmp_path: Path) -> None:
    card = Card(size=(160, 128), sar=Fraction(64, 45), frames=3)
    info = probe(write_clip(tmp_path / "a.mp4", card))
    assert info.display_size == (228, 128)
    turned = probe(write_clip(tmp_path / "b.mp4", replace(card, display_matrix=_matrix(0, 1, -1, 0))))
    assert turned.display_size == (128, 228)
    with ClipReader(info) as reader:
        assert reader.read(2).size == (228, 128)
        assert number_of(reader.read(2).rgb) == 2
    absurd = probe(write_clip(tmp_path / "c.mp4", replace(card, sar=Fraction(100, 1))))
    assert absurd.display_size == (160, 128)
    assert any("square" in w for w in absurd.warnings)
