"""Exported sound: copied bit for bit where possible, else encoded, in step with the pictures to the sample."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from writer_clips import Sound, Video, beep_track, beeps_in, make_clip

from rvr_laaf_app.media.audio import read_audio
from rvr_laaf_app.media.encoders import ExportSettings
from rvr_laaf_app.media.mux_audio import can_copy
from rvr_laaf_app.media.probe import ClipInfo, probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.writer import ClipWriter

# Uneven frames over two seconds; the flashes are on the frames that begin at 0.5, 1.0 and 1.5 s.
PTS = (0, 9000, 15000, 30000, 45000, 48000, 60000, 75000, 90000, 93000, 120000, 135000, 150000, 160000)
FLASHES = {4: 0.5, 8: 1.0, 11: 1.5}
VIDEO = Video(size=(96, 64), pts=PTS, flash_frames=tuple(FLASHES))


def export(
    info: ClipInfo, path: Path, settings: ExportSettings | None = None, *, start: int = 0, stop: int | None = None
) -> ClipInfo:
    with ClipReader(info) as reader, ClipWriter(path, info, settings, start=start, stop=stop) as writer:
        for frame in reader.frames(start, stop):
            writer.write(frame.rgb, frame.index)
    return probe(path)


def flashes_of(info: ClipInfo) -> list[float]:
    with ClipReader(info) as reader:
        white = 220 if info.bit_depth == 8 else 220 * 257
        return [info.table.seconds_of(f.index) for f in reader.frames() if f.rgb[40:50, 20:30].min() > white]


def beeps_of(info: ClipInfo, stream: int = 0) -> list[float]:
    return beeps_in(*read_audio(info, stream))


def packets_of(path: Path, stream: int = 0) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[stream]) if packet.size]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_packets_are_copied_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    source = probe(make_clip(tmp_path / "in.mp4", VIDEO, (Sound(language="eng"), Sound("mp3", beeps=(1.0,)))))
    result = export(source, tmp_path / f"out{suffix}")
    assert [a.codec for a in result.audio] == [a.codec for a in source.audio]
    assert result.audio[0].language == "eng"
    for stream in range(2):
        assert packets_of(tmp_path / f"out{suffix}", stream) == packets_of(tmp_path / "in.mp4", stream)
        assert np.allclose(beeps_of(result, stream), beeps_of(source, stream), atol=0.002)
    assert np.allclose(beeps_of(result), flashes_of(result), atol=0.005)


@pytest.mark.parametrize(
    ("codec", "suffix", "sound", "want"),
    [
        ("h264", ".mp4", "pcm_s16le", "aac"),
        ("h264", ".mov", "flac", "aac"),
        ("hevc", ".mov", "libopus", "aac"),
        ("prores", ".mov", "flac", "pcm_s24le"),
        ("dnxhr", ".mov", "pcm_s16le", "pcm_s16le"),
        ("prores", ".mkv", "pcm_s16le", "pcm_s16le"),
        ("h264", ".mkv", "libopus", "opus"),
        ("h264", ".mp4", "libopus", "opus"),
    ],
)
def test_sound_that_the_container_cannot_hold_is_encoded(
    tmp_path: Path, codec: str, suffix: str, sound: str, want: str
) -> None:
    video = Video(size=(288, 160), pts=PTS, flash_frames=tuple(FLASHES))
    source = probe(make_clip(tmp_path / "in.mkv", video, (Sound(sound),)))
    result = export(source, tmp_path / f"out{suffix}", ExportSettings(codec=codec))
    assert [a.codec for a in result.audio] == [want]
    assert np.allclose(beeps_of(result), flashes_of(result), atol=0.005)
    assert len(beeps_of(result)) == 3


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("prores", ".mov"), ("h264", ".mkv")])
@pytest.mark.parametrize("source_sound", ["aac", "pcm_s16le"])
def test_a_part_keeps_beep_and_flash_together(tmp_path: Path, codec: str, suffix: str, source_sound: str) -> None:
    source = probe(make_clip(tmp_path / "in.mkv", VIDEO, (Sound(source_sound, seconds=2.5),)))
    result = export(source, tmp_path / f"out{suffix}", ExportSettings(codec=codec), start=3, stop=12)
    flashes, beeps = flashes_of(result), beeps_of(result)
    begin = PTS[3] / 90000
    assert np.allclose(flashes, [t - begin for t in FLASHES.values()], atol=0.0011)
    assert np.allclose(beeps, flashes, atol=0.003)
    length = PTS[12] / 90000 - begin
    samples, rate = read_audio(result)
    assert len(samples) / rate == pytest.approx(length, abs=0.03)


def test_cut_pcm_is_exact_to_the_sample(tmp_path: Path) -> None:
    sound = Sound("pcm_s16le", seconds=2.0)
    source = probe(make_clip(tmp_path / "in.mov", VIDEO, (sound,)))
    video = ExportSettings(codec="prores")
    result = export(source, tmp_path / "out.mov", video, start=3, stop=12)
    samples, rate = read_audio(result)
    first, last = (round(PTS[i] / 90000 * rate) for i in (3, 12))
    truth = np.round(beep_track(sound)[first:last] * 32767) / 32767
    assert len(samples) == last - first
    assert np.abs(samples[:, 0] - truth).max() < 3 / 32768


@pytest.mark.parametrize("start_s", [0.0, 0.3, 0.75])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("policy", ["auto", "encode"])
def test_late_sound_stays_late(tmp_path: Path, start_s: float, suffix: str, policy: str) -> None:
    sound = Sound(seconds=1.2, start_s=start_s, beeps=(1.0, 1.5))
    source = probe(make_clip(tmp_path / "in.mkv", VIDEO, (sound,)))
    result = export(source, tmp_path / f"out{suffix}", ExportSettings(audio=policy))
    assert np.allclose(beeps_of(result), [t for t in (1.0, 1.5) if t < start_s + 1.2], atol=0.003)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("policy", ["auto", "encode"])
def test_sound_before_the_first_picture_is_kept(tmp_path: Path, suffix: str, policy: str) -> None:
    late = Video(size=(96, 64), pts=tuple(pts + 63000 for pts in PTS), flash_frames=tuple(FLASHES))
    beeps = (0.3, *(0.7 + t for t in FLASHES.values()))
    source = probe(make_clip(tmp_path / "in.mkv", late, (Sound(seconds=2.5, beeps=beeps),)))
    assert source.audio[0].start_s == pytest.approx(-0.7, abs=0.03)
    result = export(source, tmp_path / f"out{suffix}", ExportSettings(audio=policy))
    assert np.allclose(flashes_of(result), list(FLASHES.values()), atol=0.0011)
    with av.open(str(result.path)) as container:
        assert len(container.streams.audio) == 1
    sound, rate = read_audio(result, start_s=-0.7)
    assert np.allclose(beeps_in(sound, rate), beeps, atol=0.004)


def test_surround_and_odd_rates_are_encoded(tmp_path: Path) -> None:
    sounds = (Sound("pcm_s16le", channels=6), Sound("pcm_s16le", rate=11025), Sound("pcm_s16le", channels=2, rate=9000))
    source = probe(make_clip(tmp_path / "in.mkv", VIDEO, sounds))
    result = export(source, tmp_path / "out.mp4")
    assert [a.channels for a in result.audio] == [6, 1, 2]
    assert result.audio[2].rate in (11025, 12000)
    for stream in range(3):
        assert np.allclose(beeps_of(result, stream), list(FLASHES.values()), atol=0.005)


def test_no_sound_and_unwanted_sound(tmp_path: Path) -> None:
    silent = probe(make_clip(tmp_path / "silent.mp4", VIDEO))
    assert export(silent, tmp_path / "a.mp4").audio == ()
    loud = probe(make_clip(tmp_path / "loud.mp4", VIDEO, (Sound(),)))
    assert export(loud, tmp_path / "b.mp4", ExportSettings(audio="none")).audio == ()


def test_sound_longer_and_shorter_than_the_pictures(tmp_path: Path) -> None:
    for seconds in (0.4, 6.0):
        source = probe(make_clip(tmp_path / "in.mp4", VIDEO, (Sound(seconds=seconds, beeps=(0.2,)),)))
        for policy in ("auto", "encode"):
            result = export(source, tmp_path / "out.mp4", ExportSettings(audio=policy))
            samples, rate = read_audio(result)
            assert len(samples) / rate == pytest.approx(seconds, abs=0.06)
            assert result.frames == len(PTS)


def test_what_may_be_copied() -> None:
    assert can_copy("aac", "mp4")
    assert not can_copy("pcm_s16le", "mp4")
    assert can_copy("pcm_s16le", "mov")
    assert can_copy("vorbis", "matroska")
    assert not can_copy("opus", "mov")
