"""What is shown over a live picture, with pictures whose blur is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import Still
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.pipeline.capture_retouch import BrushStroke, retouched
from rvr_laaf_app.pipeline.capture_sweep import SweepView, small_picture
from rvr_laaf_app.pipeline.capture_view import GRID, ZoneMemory, histogram, peaking, tile_sharpness
from rvr_laaf_app.stack.slices import ListedSlices

SIZE = (288, 512)


def texture(seed: int = 0, contrast: float = 0.5) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    squares = rng.random((SIZE[0] // 12, SIZE[1] // 12)).astype(np.float32)
    wide = cv2.resize(squares, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(0.5 + contrast * (wide - 0.5), np.float32)


def rgb_of(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.repeat(np.round(np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


def blurred(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return grey if sigma == 0 else np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)


def test_peaking_shows_sharp_edges_and_nothing_else() -> None:
    sharp = peaking(rgb_of(texture()))
    soft = peaking(rgb_of(blurred(texture(), 3.0)))
    assert sharp.mean() > 0.08
    assert soft.mean() < 0.002


@pytest.mark.parametrize("contrast", [0.15, 0.4, 0.9])
def test_peaking_judges_blur_not_contrast(contrast: float) -> None:
    """Half of the picture is soft: only the other half is shown, be the light flat or hard."""
    picture = texture(contrast=contrast)
    picture[:, 256:] = blurred(picture, 2.5)[:, 256:]
    found = peaking(rgb_of(picture))
    assert found[:, :240].mean() > 0.05
    assert found[:, 272:].mean() < 0.004


def test_peaking_is_silent_on_noise_and_flat_pictures() -> None:
    rng = np.random.default_rng(1)
    flat = 0.4 + rng.normal(0, 0.008, SIZE).astype(np.float32)
    assert peaking(rgb_of(np.asarray(flat, np.float32))).mean() < 0.01
    assert not peaking(np.zeros((*SIZE, 3), np.uint8)).any()


def test_more_sensitive_shows_more() -> None:
    picture = rgb_of(blurred(texture(), 1.1))
    assert peaking(picture, 1.0).sum() > peaking(picture, 0.0).sum()


def test_histogram_counts_and_tells_what_is_clipped() -> None:
    picture = np.full((100, 100, 3), 100, np.uint8)
    picture[:10] = 255
    picture[10:15] = 0
    found = histogram(picture)
    assert found.luma.argmax() == 50
    assert found.luma.max() == 1.0
    assert found.white == pytest.approx(0.10)
    assert found.black == pytest.approx(0.05)


def swept(memory: ZoneMemory, best: NDArray[np.float32], positions: range) -> None:
    """Show the memory a scene of two halves, each sharp at a position of its own."""
    for position in positions:
        picture = texture()
        for half, z0 in enumerate(best):
            part = np.s_[:, half * 256 : (half + 1) * 256]
            picture[part] = blurred(texture(), abs(position - z0) / 20)[part]
        memory.add(rgb_of(picture), position)


def test_zones_tell_signed_distance_once_the_peak_was_passed() -> None:
    memory = ZoneMemory()
    best = np.array([130.0, 205.0], np.float32)
    swept(memory, best, range(100, 241, 20))
    zones = memory.zones(160)
    assert zones is not None
    assert zones.signed
    assert zones.steps.shape == GRID
    assert np.nanmedian(zones.steps[:, 1:7]) == pytest.approx(130 - 160, abs=8)
    assert np.nanmedian(zones.steps[:, 9:15]) == pytest.approx(205 - 160, abs=8)


def test_nothing_is_claimed_where_the_peak_lies_outside_of_what_was_seen() -> None:
    memory = ZoneMemory()
    swept(memory, np.array([400.0, 205.0], np.float32), range(100, 241, 20))
    zones = memory.zones(160)
    assert zones is not None
    assert np.isnan(zones.steps[:, 1:7]).mean() > 0.9
    assert not np.isnan(zones.steps[:, 9:15]).any()


def test_another_scene_is_begun_anew() -> None:
    memory = ZoneMemory()
    swept(memory, np.array([130.0, 205.0], np.float32), range(100, 241, 20))
    memory.add(rgb_of(texture(seed=5) * 0.3), 160)
    assert memory.positions == 1
    assert memory.zones(160) is None


def test_sharp_tiles_grow_with_the_sweep() -> None:
    view = SweepView(span=30)
    shares = []
    for position in range(60, 281, 20):
        picture = texture()
        for half, z0 in enumerate((120.0, 205.0)):
            part = np.s_[:, half * 256 : (half + 1) * 256]
            picture[part] = blurred(texture(), abs(position - z0) / 20)[part]
        _, data = cv2.imencode(".png", rgb_of(picture)[..., ::-1])
        small = view.add(Still(data.tobytes(), ".png", position), position)
        assert small is not None
        assert view.sharp is not None
        shares.append(float(view.sharp.mean()))
    assert shares[0] == 0.0
    assert shares[5] == pytest.approx(0.5, abs=0.15)
    assert shares[-1] > 0.9
    assert dict(view.curve)[120] == 1.0 or dict(view.curve)[200] == 1.0


def test_raw_files_are_no_pictures_here() -> None:
    assert small_picture(b"II*\0 not a picture") is None
    assert small_picture(b"") is None


def test_tiles_of_a_flat_picture_are_equal() -> None:
    assert tile_sharpness(np.full((90, 160, 3), 80, np.uint8)).max() == 0.0


# The retouch brush


def test_a_stroke_takes_the_slice_where_it_was_painted_and_nowhere_else() -> None:
    picture = np.full((100, 200, 3), 40, np.uint8)
    slices = ListedSlices((picture, np.full((100, 200, 3), 60000, np.uint16)))
    result = retouched(picture, slices, [BrushStroke((Point(0.2, 0.5), Point(0.4, 0.5)), 0.03, 1)])
    assert result.dtype == np.uint8
    assert abs(int(result[50, 60, 0]) - 233) <= 2
    assert (result[:, 110:] == 40).all()
    assert (picture == 40).all()
    assert retouched(picture, slices, []) is picture


def test_deep_pictures_stay_deep() -> None:
    picture = np.full((60, 80, 3), 1000, np.uint16)
    slices = ListedSlices((np.full((60, 80, 3), 200, np.uint8),))
    result = retouched(picture, slices, [BrushStroke((Point(0.5, 0.5),), 0.1, 0)])
    assert result.dtype == np.uint16
    assert abs(int(result[30, 40, 1]) - 200 * 257) <= 2
    assert result[0, 0, 0] == 1000
