from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from cards import Card, tone, write_clip, write_sound

from rvr_laaf_app.core.errors import MediaError, UsageError
from rvr_laaf_app.media.audio import audio_blocks, read_audio
from rvr_laaf_app.media.probe import ClipInfo, probe

PCM = Card(codec="mjpeg", pix_fmt="yuvj420p", full=True, audio="pcm_s16le", frames=25)


def _clip(folder: Path, name: str, card: Card) -> ClipInfo:
    return probe(write_clip(folder / name, card))


def _clicks(samples: np.ndarray, rate: int) -> list[float]:
    """Seconds at which clicks begin."""
    loud = np.flatnonzero(np.abs(samples[:, 0]) > 0.3)
    return [] if len(loud) == 0 else [round(k / rate, 3) for k in loud[np.diff(loud, prepend=-rate) > rate // 50]]


def test_samples_come_out_as_they_went_in(tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mov", PCM)
    samples, rate = read_audio(info)
    assert rate == 48000
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, tone(48000, 0, 1, 2).T, atol=1e-4)
    audio = info.audio[0]
    assert (audio.codec, audio.channels, audio.layout, audio.start_s) == ("pcm_s16le", 2, "stereo", 0.0)
    assert audio.duration_s == pytest.approx(1.0)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s24le", "pcm_f32le", "flac", "alac"])
def test_any_sample_format(codec: str, tmp_path: Path) -> None:
    name = "a.mkv" if codec == "flac" else "a.mov"
    samples, _ = read_audio(_clip(tmp_path, name, replace(PCM, audio=codec)))
    np.testing.assert_allclose(samples[:47000], tone(48000, 0, 1, 2).T[:47000], atol=0.02)


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_any_layout(layout: str, channels: int, tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mkv", replace(PCM, audio="aac", audio_layout=layout))
    samples, _ = read_audio(info)
    assert (info.audio[0].layout, samples.shape[1]) == (layout, channels)
    assert _clicks(samples, 48000)[:3] == pytest.approx([0.0, 0.1, 0.2], abs=0.002)


def test_a_late_start_is_silence_and_an_early_one_is_cut(tmp_path: Path) -> None:
    late = _clip(tmp_path, "late.mkv", replace(PCM, audio_span=(0.35, 0.9)))
    assert late.audio[0].start_s == pytest.approx(0.35, abs=0.002)
    assert _clicks(read_audio(late)[0], 48000) == pytest.approx([0.4, 0.5, 0.6, 0.7, 0.8], abs=0.002)
    early = _clip(tmp_path, "early.mp4", Card(shift=10, audio="pcm_s16le"))  # the video starts at 0.4 s
    assert early.audio[0].start_s == pytest.approx(-0.4, abs=0.002)
    assert _clicks(read_audio(early)[0], 48000)[:3] == pytest.approx([0.0, 0.1, 0.2], abs=0.002)


def test_cuts_fit_the_whole(tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mov", replace(PCM, audio_span=(0, 4)))
    whole, rate = read_audio(info)
    for start, stop in ((0.0, 0.5), (1.3, 2.7), (3.9, 4.0), (2.0, 2.0)):
        part, _ = read_audio(info, start_s=start, stop_s=stop)
        np.testing.assert_array_equal(part, whole[round(start * rate) : round(stop * rate)])


def test_outside_the_sound_there_is_silence_of_the_asked_length(tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mov", PCM)
    samples, rate = read_audio(info, start_s=-0.5, stop_s=2.0)
    assert len(samples) == round(2.5 * rate)
    assert not samples[: rate // 2].any()
    assert not samples[round(1.5 * rate) :].any()
    assert _clicks(samples, rate)[0] == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("rate", [16000, 44100, 96000])
def test_resampling_keeps_time_and_length(rate: int, tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mov", PCM)
    samples, told = read_audio(info, rate=rate, start_s=0.05, stop_s=0.95)
    assert (told, len(samples)) == (rate, round(0.9 * rate))
    assert _clicks(samples, rate) == pytest.approx(np.arange(9) / 10 + 0.05, abs=0.002)


def test_blocks_are_the_same_sound(tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mov", PCM)
    blocks = list(audio_blocks(info, block=10_000))
    assert [len(b) for b in blocks] == [10_000] * 4 + [8_000]
    np.testing.assert_array_equal(np.concatenate(blocks), read_audio(info)[0])


def test_sound_without_pictures_starts_at_its_own_beginning(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000, layout="stereo")
        write_sound(out, stream, Card(audio_span=(0, 1)))
    info = probe(path)
    assert (info.kind, info.frames, info.table) == ("audio", 0, None)
    assert _clicks(read_audio(info)[0], 48000)[:2] == pytest.approx([0, 0.1], abs=0.002)


def test_wrong_requests_are_refused(tmp_path: Path) -> None:
    info = _clip(tmp_path, "a.mov", PCM)
    with pytest.raises(MediaError, match="no sound stream 3"):
        read_audio(info, 3)
    with pytest.raises(UsageError, match="before its start"):
        read_audio(info, start_s=2, stop_s=1)
    silent = _clip(tmp_path, "b.mov", replace(PCM, audio=None))
    assert silent.audio == ()
    with pytest.raises(MediaError):
        read_audio(silent)


def test_damaged_sound_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", replace(PCM, audio="aac", audio_span=(0, 2), frames=50))
    data = bytearray(path.read_bytes())
    for k in range(len(data) // 2, len(data) // 2 + 4000, 37):
        data[k] ^= 0x55
    path.write_bytes(data)
    samples, _ = read_audio(probe(path))
    assert np.isfinite(samples).all()
    assert len(samples) > 20_000
