from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.stills import is_still, read_linear, read_still


def _picture(dtype: type = np.uint8) -> np.ndarray:
    """A smooth picture, red to the right, green downwards, with one corner marked."""
    y, x = np.mgrid[0:48, 0:80].astype(np.float64)
    rgb = np.stack([x / 79, y / 47, np.full_like(x, 0.25)], -1)
    rgb[:12, :12] = (0.9, 0.9, 0.1)
    return (rgb * np.iinfo(dtype).max).round().astype(dtype)


def _save(path: Path, rgb: np.ndarray, *options: int) -> Path:
    ok, data = cv2.imencode(path.suffix, np.ascontiguousarray(rgb[..., ::-1]), list(options))
    assert ok
    path.write_bytes(data.tobytes())
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff"])
def test_lossless_pictures_come_out_exactly(name: str, tmp_path: Path) -> None:
    path = _save(tmp_path / name, _picture())
    info = probe(path)
    assert (info.kind, info.frames, info.display_size, info.bit_depth) == ("still", 1, (80, 48), 8)
    with ClipReader(info) as reader:
        frame = reader.read(0)
    assert (frame.transfer, frame.rgb.dtype) == ("srgb", np.uint8)
    np.testing.assert_array_equal(frame.rgb, _picture())


@pytest.mark.parametrize("name", ["a.png", "a.tiff"])
def test_sixteen_bits_are_kept(name: str, tmp_path: Path) -> None:
    path = _save(tmp_path / name, _picture(np.uint16))
    assert probe(path).bit_depth == 16
    np.testing.assert_array_equal(read_still(path).rgb, _picture(np.uint16))
    np.testing.assert_allclose(read_linear(path), to_linear(_picture(np.uint16), "srgb"))


@pytest.mark.parametrize(
    ("name", "options"), [("a.jpg", (cv2.IMWRITE_JPEG_QUALITY, 98)), ("a.webp", (cv2.IMWRITE_WEBP_QUALITY, 98))]
)
def test_photographs_come_out_in_the_right_colours(name: str, options: tuple[int, ...], tmp_path: Path) -> None:
    rgb = read_still(_save(tmp_path / name, _picture(), *options)).rgb
    assert np.abs(rgb.astype(int) - _picture())[14:, 14:].mean() < 3
    assert np.abs(rgb[3:9, 3:9].astype(int) - _picture()[3:9, 3:9]).max() < 10


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.png", "a.webp", "frame_001.jpg", "jpeg.mp4"])
def test_pictures_larger_than_the_probe_are_read_whatever_their_name(name: str, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (400, 600, 3), np.uint8)
    kind = ".jpg" if name == "jpeg.mp4" else Path(name).suffix
    data = cv2.imencode(kind, picture)[1].tobytes()
    assert len(data) > 100_000
    (tmp_path / name).write_bytes(data)
    assert read_still(tmp_path / name).size == (600, 400)


def test_grey_and_transparent_pictures(tmp_path: Path) -> None:
    grey = _picture()[..., 0]
    (tmp_path / "g.png").write_bytes(cv2.imencode(".png", grey)[1].tobytes())
    np.testing.assert_array_equal(read_still(tmp_path / "g.png").rgb, np.repeat(grey[..., None], 3, 2))
    bgra = np.dstack([_picture()[..., ::-1], np.full((48, 80), 128, np.uint8)])
    (tmp_path / "t.png").write_bytes(cv2.imencode(".png", bgra)[1].tobytes())
    np.testing.assert_array_equal(read_still(tmp_path / "t.png").rgb, _picture())
    assert probe(tmp_path / "t.png").has_alpha


def _with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


# EXIF orientation -> how the stored picture is shown.
_SHOWN = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", _SHOWN)
def test_photographs_are_turned_upright(orientation: int, tmp_path: Path) -> None:
    plain = _save(tmp_path / "p.jpg", _picture(), cv2.IMWRITE_JPEG_QUALITY, 95)
    turned = tmp_path / "t.jpg"
    turned.write_bytes(_with_orientation(plain.read_bytes(), orientation))
    expected = _SHOWN[orientation](read_still(plain).rgb)
    info = probe(turned)
    assert info.display_size == (expected.shape[1], expected.shape[0])
    np.testing.assert_array_equal(read_still(turned).rgb, expected)


def test_light_beyond_white_survives(tmp_path: Path) -> None:
    light = (_picture() / 255.0).astype(np.float32)
    light[20:24, 30:40] = 30.0
    exr, hdr = tmp_path / "l.exr", tmp_path / "l.hdr"
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}) as file:
        file.write(str(exr))
    _save(hdr, light)
    np.testing.assert_allclose(read_linear(exr), light)
    np.testing.assert_allclose(read_linear(hdr), light, rtol=0.02, atol=0.02)
    with ClipReader(exr) as reader:
        frame = reader.read(0)
    assert (frame.transfer, frame.rgb.dtype) == ("pq", np.uint16)
    np.testing.assert_allclose(to_linear(frame.rgb, "pq"), light, rtol=2e-3, atol=1e-5)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.png", _picture()).rename(tmp_path / "clip.mp4")
    assert is_still(path)
    assert probe(path).kind == "still"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff", "a.hdr"])
def test_broken_pictures_are_refused_or_shown_in_part(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = (_picture() / 255.0).astype(np.float32) if name == "a.hdr" else _picture()
    whole = _save(tmp_path / name, picture).read_bytes()
    for length in (12, 20, 30, len(whole) // 2):
        path = tmp_path / f"cut{length}{name}"
        path.write_bytes(whole[:length])
        try:
            frame = read_still(path)
        except MediaError:
            continue
        assert frame.size == (80, 48)
    capfd.readouterr()


def test_a_scaled_still(tmp_path: Path) -> None:
    with ClipReader(_save(tmp_path / "a.png", _picture()), size=(40, 24)) as reader:
        assert reader.read(0).size == (40, 24)
