"""Numbered pictures: right names and values, all of them or none."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from writer_clips import Sound, Video, make_clip, patch_frame

from rvr_laaf_app.core.atomic import temporary_beside
from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.media.encoders import ExportSettings
from rvr_laaf_app.media.exr import read_exr
from rvr_laaf_app.media.frame_sequence import FrameWriter, png_bytes
from rvr_laaf_app.media.probe import ClipInfo, probe
from rvr_laaf_app.media.writer import ClipWriter, open_writer

SIZE = (96, 64)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    return probe(make_clip(tmp_path_factory.mktemp("clip") / "in.mp4", Video(size=SIZE), (Sound(),)))


def read_png(path: Path) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]


@pytest.mark.parametrize("deep", [False, True])
def test_png_frames_are_exact(tmp_path: Path, source: ClipInfo, deep: bool) -> None:
    with FrameWriter(tmp_path / "shots", source, ExportSettings("png"), start=3, stop=6) as writer:
        for index in (3, 4, 5):
            writer.write(patch_frame(SIZE, deep=deep) + index, index)
        assert not (tmp_path / "shots").exists()
    assert sorted(os.listdir(tmp_path / "shots")) == [f"frame_{i:06d}.png" for i in (3, 4, 5)]
    assert os.listdir(tmp_path) == ["shots"]
    assert np.array_equal(read_png(tmp_path / "shots" / "frame_000004.png"), patch_frame(SIZE, deep=deep) + 4)


def test_exr_frames_hold_linear_light(tmp_path: Path, source: ClipInfo) -> None:
    (tmp_path / "take").mkdir()
    (tmp_path / "take" / "other.txt").write_text("stays")
    rgb = patch_frame(SIZE)
    bright = to_linear(rgb, "bt709") * 16
    with FrameWriter(tmp_path / "take" / "t_%03d.exr", source, ExportSettings("exr"), start=0, stop=2) as writer:
        writer.write(rgb, 0)
        writer.write(bright, 1)
    assert sorted(os.listdir(tmp_path / "take")) == ["other.txt", "t_000.exr", "t_001.exr"]
    assert np.abs(read_exr(tmp_path / "take" / "t_000.exr") - to_linear(rgb, "bt709")).max() < 1e-3
    assert np.abs(read_exr(tmp_path / "take" / "t_001.exr") / np.maximum(bright, 1e-6) - 1).max() < 1e-3


def test_nothing_stays_of_a_broken_off_sequence(tmp_path: Path, source: ClipInfo) -> None:
    writer = FrameWriter(tmp_path / "shots", source, ExportSettings("png"), start=0, stop=3)
    writer.write(patch_frame(SIZE), 0)
    for index in (0, 2):
        with pytest.raises(ValueError, match="next"):
            writer.write(patch_frame(SIZE), index)
    with pytest.raises(ValueError, match="shape"):
        writer.write(patch_frame((64, 96)), 1)
    with pytest.raises(ExportError, match="only 1 of 3"):
        writer.finish()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_told(tmp_path: Path, source: ClipInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for codec in ("png", "exr"):
        writer = FrameWriter(tmp_path / "shots", source, ExportSettings(codec))  # type: ignore[arg-type]
        writer.write(patch_frame(SIZE), 0)
        monkeypatch.setattr("rvr_laaf_app.core.atomic.os.fsync", fail)
        with pytest.raises(ExportError, match="disk is full"):
            writer.write(patch_frame(SIZE), 1)
        monkeypatch.undo()
        writer.abort()
        assert os.listdir(tmp_path) == []


def test_damaged_pictures_are_found_before_they_get_their_place(tmp_path: Path, source: ClipInfo) -> None:
    writer = FrameWriter(tmp_path / "shots", source, ExportSettings("png"), start=0, stop=2)
    for index in (0, 1):
        writer.write(patch_frame(SIZE), index)
    (writer._part / "frame_000001.png").write_bytes(b"\x89PNG")
    with pytest.raises(ExportError, match="read back"):
        writer.finish()
    assert os.listdir(tmp_path) == []


def test_targets_that_make_no_sense(tmp_path: Path, source: ClipInfo) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    for name in ("out.png", "a_%d_%d.png", "a_%s.png", "a_%04d.exr", "full", "no/where"):
        with pytest.raises(UsageError):
            FrameWriter(tmp_path / name, source, ExportSettings("png"))
    with pytest.raises(UsageError):
        FrameWriter(tmp_path / "new", source, ExportSettings("png"), start=5, stop=5)
    assert os.listdir(tmp_path) == ["full"]


def test_one_frame_may_have_a_plain_name_and_an_empty_folder_is_used(tmp_path: Path, source: ClipInfo) -> None:
    with FrameWriter(tmp_path / "100%.png", source, ExportSettings("png"), start=7, stop=8) as writer:
        writer.write(patch_frame(SIZE), 7)
    (tmp_path / "empty").mkdir()
    with FrameWriter(tmp_path / "empty", source, ExportSettings("png"), start=7, stop=9) as writer:
        writer.write(patch_frame(SIZE), 7)
        writer.write(patch_frame(SIZE), 8)
    assert sorted(os.listdir(tmp_path)) == ["100%.png", "empty"]
    assert len(os.listdir(tmp_path / "empty")) == 2


def test_hdr_pictures_name_their_transfer() -> None:
    data = png_bytes(patch_frame(SIZE, deep=True), transfer="pq")
    assert b"cICP\x09\x10\x00\x01" in data[:60]
    assert np.array_equal(
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1], patch_frame(SIZE, deep=True)
    )
    assert b"cICP" not in png_bytes(patch_frame(SIZE))


def test_open_writer_chooses_by_codec_or_name(tmp_path: Path, source: ClipInfo) -> None:
    for name, kind in (("a.mp4", ClipWriter), ("b_%03d.png", FrameWriter), ("c_%03d.exr", FrameWriter)):
        writer = open_writer(tmp_path / name, source)
        assert isinstance(writer, kind)
        writer.abort()
    writer = open_writer(tmp_path / "d", source, ExportSettings("png"))
    assert isinstance(writer, FrameWriter)
    writer.abort()
    assert os.listdir(tmp_path) == []


def test_the_temporary_folder_lies_on_the_disk_of_the_target(tmp_path: Path, source: ClipInfo) -> None:
    """A folder that exists may be a disk of its own: nothing can be renamed into it from beside it."""
    (tmp_path / "disk").mkdir()
    for target in ("disk", "disk/a_%03d.png"):
        writer = FrameWriter(tmp_path / target, source, ExportSettings("png"), start=0, stop=2)
        assert os.listdir(tmp_path) == ["disk"]
        assert len(os.listdir(tmp_path / "disk")) == 1
        writer.abort()
        assert os.listdir(tmp_path / "disk") == []


@pytest.mark.skipif(os.name != "posix", reason="only POSIX tells whether a process lives")
def test_pictures_of_a_killed_export_are_removed_by_the_next(tmp_path: Path, source: ClipInfo) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "there").mkdir()
    for beside in (tmp_path / "new", tmp_path / "there" / "frames"):
        mine = temporary_beside(beside)
        left = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{dead.pid}-"))
        left.mkdir()
        (left / "frame_000000.png").touch()
    for name in ("new", "there"):
        with FrameWriter(tmp_path / name, source, ExportSettings("png"), start=0, stop=2) as writer:
            for index in (0, 1):
                writer.write(patch_frame(SIZE), index)
        assert sorted(os.listdir(tmp_path / name)) == ["frame_000000.png", "frame_000001.png"]
    assert sorted(os.listdir(tmp_path)) == ["new", "there"]
