"""Sound through a device that is a buffer: what is poured is the clip's sound from the asked moment on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QBuffer
from pytestqt.qtbot import QtBot

from rvr_laaf_app.media.audio import read_audio
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.ui.playback.sound import RATE_HZ, DeviceSound, to_stereo

# QtMultimedia says which optional libraries this machine lacks when it is first loaded.
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("symbolsresolver|resolve|load|audio device|Pulse")]


class BufferSink:
    """As much of a QAudioSink as DeviceSound uses; takes everything at once."""

    def __init__(self) -> None:
        self.device = QBuffer()
        self.running = False
        self.volume = 0.0

    def start(self) -> QBuffer:
        self.device.open(QBuffer.OpenModeFlag.WriteOnly)
        self.running = True
        return self.device

    def state(self) -> object:
        from PySide6.QtMultimedia import QtAudio

        return QtAudio.State.ActiveState if self.running else QtAudio.State.StoppedState

    def bytesFree(self) -> int:
        return 1 << 16

    def processedUSecs(self) -> int:
        return int(self.device.size() / 8 / RATE_HZ * 1e6)

    def setVolume(self, volume: float) -> None:
        self.volume = volume

    def stop(self) -> None:
        self.running = False

    def deleteLater(self) -> None:
        pass


def test_the_device_gets_the_sound_from_the_asked_moment_on(
    clip: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = probe(clip)
    sink = BufferSink()
    sound = DeviceSound()
    monkeypatch.setattr(sound, "_open_sink", lambda: sink)
    sound.set_volume(0.5)
    assert sound.start(info, 0.4)
    assert not sink.running  # the player begins it together with the clock
    assert sound.played_s() is None
    qtbot.waitUntil(sound.ready, timeout=10_000)
    sound.begin()
    assert sink.volume == 0.5
    expected, rate = read_audio(info, rate=RATE_HZ, start_s=0.4)
    assert rate == RATE_HZ
    wanted = to_stereo(expected)[:20_000]
    qtbot.waitUntil(lambda: sink.device.size() >= wanted.nbytes, timeout=10_000)
    assert sound.played_s() == pytest.approx(sink.device.size() / 8 / RATE_HZ, abs=1e-3)
    sound.stop()
    got = np.frombuffer(bytes(sink.device.data().data()), np.float32).reshape(-1, 2)[:20_000]
    assert np.abs(got).max() > 0.1
    assert np.allclose(got, wanted, atol=1e-4)
    assert sound.played_s() is None
    assert not sink.running


def test_without_a_device_the_clip_plays_silently(clip: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = DeviceSound()
    monkeypatch.setattr(sound, "_open_sink", lambda: None)
    assert not sound.start(probe(clip), 0.0)
    assert sound.played_s() is None
    sound.stop()


def test_a_loop_sounds_round_and_round_without_a_gap(clip: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(clip)
    sink = BufferSink()
    sound = DeviceSound()
    monkeypatch.setattr(sound, "_open_sink", lambda: sink)
    assert sound.start(info, 0.3, stop_s=0.5, again_from_s=0.2)
    sound.begin()
    expected = to_stereo(
        np.concatenate([read_audio(info, rate=RATE_HZ, start_s=a, stop_s=0.5)[0] for a in (0.3, 0.2, 0.2)])
    )
    qtbot.waitUntil(lambda: sink.device.size() >= expected.nbytes, timeout=10_000)
    sound.stop()
    got = np.frombuffer(bytes(sink.device.data().data()), np.float32).reshape(-1, 2)
    assert len(expected) == round((0.2 + 0.3 + 0.3) * RATE_HZ)
    assert np.allclose(got[: len(expected)], expected, atol=1e-4)


def test_a_device_that_is_taken_counts_as_none(clip: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = BufferSink()
    monkeypatch.setattr(sink, "start", lambda: None)
    sound = DeviceSound()
    monkeypatch.setattr(sound, "_open_sink", lambda: sink)
    sound.start(probe(clip), 0.0)
    sound.begin()
    assert sound.played_s() is None
    assert sound.ready()  # nothing to wait for
