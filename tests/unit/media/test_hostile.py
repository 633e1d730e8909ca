"""Files that lie, break off, or were damaged: one clear error or the frames that are left, soon, and nothing else."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from cards import Card, number_of, write_clip

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.audio import read_audio
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader

SLOWEST_S = 5.0


def _read(path: Path) -> int:
    """Return how many frames could be read; raise MediaError only."""
    began = time.monotonic()
    try:
        info = probe(path)
        if info.audio:
            read_audio(info)
        if info.table is None:
            return 0
        with ClipReader(info) as reader:
            count = sum(1 for _ in reader.frames())
            reader.read(info.frames // 2)
        assert count == info.frames
        return count
    finally:
        assert time.monotonic() - began < SLOWEST_S


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def mp4(folder: Path) -> bytes:
    return write_clip(folder / "whole.mp4", Card(audio="aac", frames=50, mux={"movflags": "faststart"})).read_bytes()


def _box(data: bytes, kind: bytes) -> int:
    """Return where the fields of the first box of this kind begin (after version and flags)."""
    return data.index(kind, data.index(b"moov")) + 8


LIES = {
    "2^31 samples of one byte": [(b"stsz", 0, 1), (b"stsz", 4, 2**31 - 1)],
    "2^32 samples": [(b"stsz", 4, 2**32 - 1)],
    "2^31 time entries": [(b"stts", 0, 2**31 - 1)],
    "one time entry of 2^31 samples": [(b"stts", 4, 2**31 - 1)],
    "huge steps": [(b"stts", 8, 2**31 - 1)],
    "2^31 chunks": [(b"stco", 0, 2**31 - 1)],
    "2^31 samples a chunk": [(b"stsc", 8, 2**31 - 1)],
    "chunk outside the file": [(b"stco", 4, 2**31 - 1)],
    "time scale 0": [(b"mdhd", 8, 0)],
    "time scale 1": [(b"mdhd", 8, 1)],
    "65535 x 65535": [(b"avc1", 20, 0xFFFFFFFF)],
    "0 x 0": [(b"avc1", 20, 0)],
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_headers(lie: str, mp4: bytes, folder: Path) -> None:
    data = bytearray(mp4)
    for kind, offset, value in LIES[lie]:
        at = _box(mp4, kind) + offset
        data[at : at + 4] = struct.pack(">I", value)
    path = folder / "lie.mp4"
    path.write_bytes(data)
    with suppress(MediaError):
        _read(path)


def test_a_picture_too_large_is_refused_before_it_is_allocated(folder: Path) -> None:
    y4m = folder / "large.y4m"
    y4m.write_bytes(b"YUV4MPEG2 W65535 H65535 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(4096))
    png = folder / "large.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0) + bytes(64))
    raw = bytearray(write_clip(folder / "raw.avi", Card(codec="rawvideo", size=(64, 64), frames=2)).read_bytes())
    at = raw.index(b"strf") + 12
    raw[at : at + 8] = struct.pack("<ii", 20000, 20000)
    avi = folder / "large.avi"
    avi.write_bytes(raw)
    for path in (y4m, png, avi):
        with pytest.raises(MediaError):
            _read(path)


def test_an_encrypted_clip_is_refused_by_name(mp4: bytes, folder: Path) -> None:
    # Sample entry "encv" with its scheme information, as ISO 23001-7 has it.
    at = mp4.index(b"avc1", mp4.index(b"stsd"))
    sinf = b"\0\0\0\x0cfrmaavc1" + struct.pack(">I4sI4sI", 20, b"schm", 0, b"cenc", 0x10000)
    sinf += struct.pack(">I4s", 40, b"schi") + struct.pack(">I4sI", 32, b"tenc", 0) + b"\0\0\x01\x08" + b"k" * 16
    box = struct.pack(">I4s", len(sinf) + 8, b"sinf") + sinf
    data = bytearray(mp4)
    data[at : at + 4] = b"encv"
    end = at - 4 + struct.unpack(">I", mp4[at - 4 : at])[0]
    data[end:end] = box
    for kind in (b"avc1", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        start = at if kind == b"avc1" else mp4.index(kind)
        data[start - 4 : start] = struct.pack(">I", struct.unpack(">I", mp4[start - 4 : start])[0] + len(box))
    data = bytearray(bytes(data).replace(b"free", b"skip", 1))
    path = folder / "encrypted.mp4"
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"encrypted"):
        probe(path)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.97])
def test_a_clip_that_breaks_off_shows_what_is_there_and_says_so(share: float, mp4: bytes, folder: Path) -> None:
    path = folder / "cut.mp4"
    path.write_bytes(mp4[: round(len(mp4) * share)])
    info = probe(path)
    assert 3 < info.frames < 50
    assert any("breaks off" in w for w in info.warnings)
    with ClipReader(info) as reader:
        numbers = [number_of(f.rgb) for f in reader.frames()]
    assert numbers[:-2] == list(range(info.frames))[:-2]


def test_a_clip_whose_index_was_never_written_is_refused(folder: Path) -> None:
    whole = write_clip(folder / "late.mp4", Card(frames=20)).read_bytes()
    path = folder / "killed.mp4"
    path.write_bytes(whole[: round(len(whole) * 0.7)])
    with pytest.raises(MediaError, match="damaged or not a media file"):
        probe(path)


def test_a_stream_without_an_index_that_breaks_off_says_so(folder: Path) -> None:
    whole = write_clip(folder / "w.mkv", Card(frames=60)).read_bytes()
    path = folder / "w_cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    info = probe(path)
    assert _read(path) == info.frames > 5
    assert any("pictures end after" in w for w in info.warnings)


def test_joined_recordings_play_through(folder: Path) -> None:
    first = write_clip(folder / "first.ts", Card(frames=30, shift=250)).read_bytes()
    second = write_clip(folder / "second.ts", Card(frames=20)).read_bytes()
    path = folder / "joined.ts"
    path.write_bytes(first + second)
    with ClipReader(path) as reader:
        assert [number_of(f.rgb) for f in reader.frames()] == [*range(30), *range(20)]
        assert [number_of(reader.read(k).rgb) for k in (45, 3, 30, 29)] == [15, 3, 0, 29]
    assert any("repaired" in w for w in reader.info.warnings)


_READ_WHILE_LOGGING = """
import random, sys, av
from rvr_laaf_app.media.reader import ClipReader
av.logging.set_level(av.logging.PANIC)
with ClipReader(sys.argv[1]) as reader:
    for _ in range(60):
        reader.read(random.randrange(len(reader.table)))
"""


def test_decoding_threads_that_log_do_not_block_closing(folder: Path) -> None:
    path = write_clip(folder / "threads.mkv", Card(frames=20))
    subprocess.run([sys.executable, "-c", _READ_WHILE_LOGGING, str(path)], check=True, timeout=60)


def test_zeroed_and_random_content_is_refused(folder: Path) -> None:
    for name, data in (("zero.mp4", bytes(50_000)), ("noise.mkv", np.random.default_rng(1).bytes(50_000))):
        (folder / name).write_bytes(data)
        with pytest.raises(MediaError):
            probe(folder / name)


SOURCES = {
    "a.mp4": Card(audio="aac"),
    "a.mkv": Card(audio="flac"),
    "a.ts": Card(audio="mp2"),
    "a.avi": Card(codec="mjpeg", pix_fmt="yuvj420p", full=True, audio="pcm_s16le"),
    "a.mov": Card(codec="prores_ks", pix_fmt="yuv422p10le"),
    "a.webm": Card(codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}),
    "a.gif": Card(codec="gif", pix_fmt="rgb8"),
    "a.png": Card(codec="png", pix_fmt="rgb24", format="image2", frames=1),
    "a.jpg": Card(codec="mjpeg", pix_fmt="yuvj420p", full=True, format="image2", frames=1),
}


def _mutant(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole)
    kind = chance.randrange(5)
    if kind == 0:
        for _ in range(chance.choice([1, 3, 10, 50])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        for _ in range(chance.choice([1, 4, 16])):
            data[chance.randrange(min(len(data), 4096))] = chance.choice([0, 255, 127, 128, chance.randrange(256)])
    elif kind == 2:
        del data[chance.randrange(1, len(data)) :]
    elif kind == 3:
        at = chance.randrange(len(data))
        del data[at : at + chance.randrange(1, 2000)]
    else:
        at = chance.randrange(len(data))
        data[at:at] = chance.randbytes(chance.randrange(1, 200))
    return bytes(data)


@pytest.mark.parametrize("name", SOURCES)
def test_mutants_give_frames_or_one_error(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = write_clip(folder / name, SOURCES[name]).read_bytes()
    capfd.readouterr()
    chance, path = random.Random(name), folder / f"mutant-{name}"
    readable = 0
    for _ in range(30):
        path.write_bytes(_mutant(whole, chance))
        if path.stat().st_size == 0:
            continue
        with suppress(MediaError):
            readable += _read(path) > 0
    assert readable > 0 or name.endswith("png")  # a PNG proves itself by its checksums
    assert capfd.readouterr().err == ""
