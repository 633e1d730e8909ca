"""OpenEXR files: values come back, old files survive failures, damaged ones give one clear error."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from rvr_laaf_app.core.errors import ExportError, MediaError
from rvr_laaf_app.media.exr import read_exr, verify_exr, write_exr


def light(height: int = 33, width: int = 17, peak: float = 900.0) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.exp2(rng.uniform(-12, np.log2(peak), (height, width, 3))).astype(np.float32)


def test_rgb_is_half_and_comes_back_within_half_precision(tmp_path: Path) -> None:
    image = light()
    write_exr(tmp_path / "a.exr", image)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        assert file.channels()["RGB"].pixels.dtype == np.float16
    back = read_exr(tmp_path / "a.exr")
    assert back.dtype == np.float32
    assert back.shape == image.shape
    assert np.abs(back / image - 1).max() < 2**-11 * 1.01
    assert os.listdir(tmp_path) == ["a.exr"]


def test_values_beyond_half_keep_their_size_as_float(tmp_path: Path) -> None:
    image = light(peak=2e6)
    image[0, 0] = 1e6
    write_exr(tmp_path / "a.exr", image)
    assert np.array_equal(read_exr(tmp_path / "a.exr"), image)
    write_exr(tmp_path / "b.exr", image, half=True)
    assert read_exr(tmp_path / "b.exr").max() == 65504


@pytest.mark.parametrize("shape", [(1, 1), (33, 17), (480, 853)])
def test_planes_are_exact(tmp_path: Path, shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).normal(0, 100, shape).astype(np.float32)
    write_exr(tmp_path / "z.exr", plane)
    assert np.array_equal(read_exr(tmp_path / "z.exr"), plane)
    write_exr(tmp_path / "z.exr", plane.astype(np.float64)[::-1, ::-1])
    assert np.array_equal(read_exr(str(tmp_path / "z.exr")), plane[::-1, ::-1])


def test_pictures_of_other_programs(tmp_path: Path) -> None:
    rgb = light().astype(np.float16)
    alpha = np.ones(rgb.shape[:2], np.float16)
    header = {"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage}
    name = str(tmp_path / "x.exr")
    for channels in ({"RGBA": np.dstack([rgb, alpha])}, {"R": rgb[..., 0], "G": rgb[..., 1], "B": rgb[..., 2]}):
        with OpenEXR.File(dict(header), {k: np.ascontiguousarray(v) for k, v in channels.items()}) as file:
            file.write(name)
        assert np.array_equal(read_exr(name), rgb.astype(np.float32))
    with OpenEXR.File(dict(header), {"Y": alpha * 2, "id": alpha}) as file:
        file.write(name)
    assert (read_exr(name) == 2).all()


def test_wrong_arrays_are_refused(tmp_path: Path) -> None:
    wrong = [np.zeros((4, 4, 2)), np.zeros(4), np.zeros((0, 4)), np.full((2, 2), np.nan), np.full((2, 2, 3), np.inf)]
    for image in wrong:
        with pytest.raises(ValueError, match=r"EXR|finite"):
            write_exr(tmp_path / "a.exr", image.astype(np.float32))
    assert os.listdir(tmp_path) == []


def test_damaged_files_give_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    write_exr(path, light(64, 64))
    whole = path.read_bytes()
    for data in (b"", b"text", whole[:20], whole[: len(whole) // 2], whole[:-10]):
        path.write_bytes(data)
        with pytest.raises(MediaError):
            read_exr(path)
    with pytest.raises(ExportError, match="read back"):
        verify_exr(path, (64, 64))
    path.write_bytes(whole)
    verify_exr(path, (64, 64))
    with pytest.raises(ExportError, match="size"):
        verify_exr(path, (64, 63))
    for missing in (tmp_path / "no.exr", tmp_path):
        with pytest.raises(MediaError):
            read_exr(missing)


def test_a_header_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    write_exr(path, light(8, 8))
    data = path.read_bytes()
    at = data.find(b"dataWindow\0box2i\0") + 21
    path.write_bytes(data[:at] + np.array([0, 0, 2**30, 2**30], "<i4").tobytes() + data[at + 16 :])
    with pytest.raises(MediaError):
        read_exr(path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "a.exr"
    write_exr(path, light())
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"rvr_laaf_app.core.atomic.os.{call}", fail)
    with pytest.raises(ExportError, match="disk is full"):
        write_exr(path, light() * 2)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.exr"]


def test_a_missing_folder_is_an_export_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError):
        write_exr(tmp_path / "no" / "a.exr", light())
