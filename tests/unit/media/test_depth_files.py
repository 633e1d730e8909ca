"""Depth files as they come: series, patterns, videos, EXR channels; gaps, mixtures and false colours are refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.depth_files import CONFIDENCE, depth_channel, open_depth
from rvr_laaf_app.media.exr import read_exr, write_exr
from rvr_laaf_app.media.image_file import write_png


def plane(index: int = 0, size: tuple[int, int] = (40, 24)) -> NDArray[np.uint16]:
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    return ((rows * 1301 + columns * 701 + index * 997) % 65536).astype(np.uint16)


def write_series(folder: Path, numbers: list[int], name: str = "depth_{:04d}.png") -> Path:
    folder.mkdir()
    for position, number in enumerate(numbers):
        write_png(folder / name.format(number), plane(position))
    return folder


def write_video(path: Path, codec: str, pix_fmt: str, planes: list[Any], options: dict[str, str]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = planes[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if pix_fmt == "gray":
            stream.codec_context.color_range = 2  # H.264 comes back as YUV, of which nothing else tells the range
        for index, samples in enumerate(planes):
            kind = "rgb24" if samples.ndim == 3 else "gray16le" if samples.dtype == np.uint16 else "gray"
            frame = av.VideoFrame.from_ndarray(samples, format=kind)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["depth_{:04d}.png", "{}.png", "take2_v03.{:06d}_z.PNG"])
def test_a_series_is_read_in_the_order_of_its_numbers(tmp_path: Path, name: str) -> None:
    depth = open_depth(write_series(tmp_path / "d", [9, 10, 11], name))
    assert (depth.frames, depth.size, depth.coded) == (3, (40, 24), True)
    for index in range(3):
        np.testing.assert_array_equal(np.round(depth.read(index) * 65535), plane(index))


def test_a_pattern_chooses_among_others(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "d", [1, 2, 3])
    write_png(folder / "colour_0001.png", plane(7))
    assert open_depth(folder / "depth_%04d.png").frames == 3
    with pytest.raises(MediaError, match="one numbered series"):
        open_depth(folder)
    with pytest.raises(MediaError, match="no depth pictures"):
        open_depth(folder / "z_%04d.png")


@pytest.mark.parametrize(("numbers", "message"), [([1, 2, 4], "number 3 is missing"), ([1, 5], "number 2 is missing")])
def test_gaps_are_named(tmp_path: Path, numbers: list[int], message: str) -> None:
    with pytest.raises(MediaError, match=message):
        open_depth(write_series(tmp_path / "d", numbers))


def test_a_number_that_is_there_twice(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "d", [1])
    write_png(folder / "depth_01.png", plane(1))
    with pytest.raises(MediaError, match="twice"):
        open_depth(folder)


def test_folders_that_hold_no_series(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="no depth pictures"):
        open_depth(tmp_path / "empty")
    mixed = write_series(tmp_path / "mixed", [1])
    write_exr(mixed / "depth_0002.exr", plane().astype(np.float32))
    with pytest.raises(MediaError, match="mixes"):
        open_depth(mixed)
    with pytest.raises(MediaError):
        open_depth(tmp_path / "missing")


def test_eight_bits_and_colour_pictures_of_grey(tmp_path: Path) -> None:
    grey = (plane() >> 8).astype(np.uint8)
    write_png(tmp_path / "a.png", grey)
    write_png(tmp_path / "b.png", np.repeat(grey[..., None], 3, axis=2))
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(np.round(open_depth(tmp_path / name).read(0) * 255), grey)


def test_tiff_of_16_bits(tmp_path: Path) -> None:
    good, data = cv2.imencode(".tiff", plane())
    assert good
    (tmp_path / "d.tiff").write_bytes(data.tobytes())
    np.testing.assert_array_equal(np.round(open_depth(tmp_path / "d.tiff").read(0) * 65535), plane())


def test_false_colours_are_refused(tmp_path: Path) -> None:
    turbo = cv2.applyColorMap((plane() >> 8).astype(np.uint8), cv2.COLORMAP_TURBO)
    write_png(tmp_path / "turbo.png", turbo[..., ::-1].copy())
    with pytest.raises(MediaError, match="in colours"):
        open_depth(tmp_path / "turbo.png").read(0)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "options", "tolerance"),
    [
        ("ffv1", "gray16le", {"level": "3"}, 0.0),
        ("ffv1", "gray", {"level": "3"}, 1 / 250),
        ("libx264", "gray", {"crf": "1"}, 0.03),
        ("libx264", "yuv420p", {"crf": "1"}, 0.03),
        ("libx264", "yuv420p10le", {"crf": "1"}, 0.03),
    ],
)
def test_grey_videos(tmp_path: Path, codec: str, pix_fmt: str, options: dict[str, str], tolerance: float) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    planes = [np.roll(ramp, 5 * i, axis=1) if pix_fmt == "gray16le" else ramp // (i + 1) for i in range(4)]
    depth = open_depth(write_video(tmp_path / "d.mkv", codec, pix_fmt, planes, options))
    assert (depth.frames, depth.size, depth.coded) == (4, (64, 48), True)
    for index in (2, 0, 3):
        np.testing.assert_allclose(depth.read(index), planes[index] / 65535, atol=tolerance + 1e-6)
    depth.close()
    assert depth.read(1).shape == (48, 64)  # opens again
    depth.close()


def test_exr_keeps_its_numbers(tmp_path: Path) -> None:
    metres = np.linspace(0.3, 1e10, 60, dtype=np.float32).reshape(6, 10)
    metres[0, 0] = np.inf
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Z": metres.copy()}).write(str(tmp_path / "d.exr"))
    depth = open_depth(tmp_path / "d.exr")
    assert not depth.coded
    np.testing.assert_array_equal(depth.read(0), metres)


def test_exr_with_many_channels(tmp_path: Path) -> None:
    z = np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)
    other = np.zeros((6, 10), np.float32)
    names = ["ViewLayer.Combined.R", "ViewLayer.Combined.G", "ViewLayer.Combined.B", "ViewLayer.Normal.Z"]
    channels = {name: other.copy() for name in names} | {"ViewLayer.Depth.Z": z.copy()}
    OpenEXR.File({"type": OpenEXR.scanlineimage}, channels).write(str(tmp_path / "d.exr"))
    np.testing.assert_array_equal(open_depth(tmp_path / "d.exr").read(0), z)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["R", "G", "B", "Z"], "Z"),
        (["A", "B", "G", "R", "depth.Z"], "depth.Z"),
        (["N.X", "N.Y", "N.Z", "Depth.V"], "Depth.V"),
        (["R", "G", "B", "disparity"], "disparity"),
        (["R", "G", "B"], "R"),
        (["Y"], "Y"),
        (["whatever"], "whatever"),
        (["N.X", "N.Y", "N.Z"], None),
    ],
)
def test_which_channel_is_depth(names: list[str], chosen: str | None) -> None:
    assert depth_channel(names) == chosen


def test_damaged_pictures_are_errors(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "d", [1, 2])
    (folder / "depth_0002.png").write_bytes((folder / "depth_0001.png").read_bytes()[:80])
    depth = open_depth(folder)
    with pytest.raises(MediaError):
        depth.read(1)
    (tmp_path / "e.exr").write_bytes(b"\x76\x2f\x31\x01" + b"rubbish" * 50)
    with pytest.raises(MediaError):
        open_depth(tmp_path / "e.exr").read(0)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "d", [1, 2])
    before = open_depth(folder).fingerprint
    assert open_depth(folder).fingerprint == before
    times = (folder / "depth_0002.png").stat()
    write_png(folder / "depth_0002.png", plane(5))
    os.utime(folder / "depth_0002.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert open_depth(folder).fingerprint != before


def test_an_exr_picture_may_say_how_sure_it_is(tmp_path: Path) -> None:
    depth = np.linspace(0, 1, 24 * 40, dtype=np.float32).reshape(24, 40)
    sure = depth[::-1]
    write_exr(tmp_path / "with.exr", depth, beside={CONFIDENCE: sure})
    write_exr(tmp_path / "without.exr", depth)
    told = open_depth(tmp_path / "with.exr")
    np.testing.assert_array_equal(told.read(0), depth)
    found = told.confidence(0)
    assert found is not None
    np.testing.assert_allclose(found, sure, atol=1e-3)
    np.testing.assert_array_equal(read_exr(tmp_path / "with.exr"), depth)
    assert open_depth(tmp_path / "without.exr").confidence(0) is None
    write_png(tmp_path / "coded.png", plane())
    assert open_depth(tmp_path / "coded.png").confidence(0) is None
