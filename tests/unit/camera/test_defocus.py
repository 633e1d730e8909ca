"""The defocus model between its grid points, its file, and the blur that it describes."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.camera.blur import blur_disk, blur_fast, disk_kernel, scale_about_centre
from rvr_laaf_app.camera.defocus import (
    LENSES,
    apply_defocus,
    apply_defocus_display,
    load_model,
    paper_model,
    save_model,
)
from rvr_laaf_app.core.color import decode_transfer, encode_transfer
from rvr_laaf_app.core.errors import MediaError, UsageError


def texture(height: int = 96, width: int = 128, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return blur_disk(rng.random((height, width, 3), dtype=np.float32), 1.0)


def test_the_papers_camera_has_the_papers_figures() -> None:
    lens = paper_model()
    assert lens.limits == (1050, 2100)
    assert lens.radius_px.max() == pytest.approx(160.0)
    assert set(lens.depth_of_field.tolist()) <= {19, 20, 21, 22}
    assert 1.02 < lens.magnification.max() < 1.06
    assert not lens.measured
    assert 1.0 < lens.f_number < 4.0


def test_between_grid_points_blur_is_zero_in_focus_and_grows_evenly() -> None:
    coarse, fine = paper_model(step=50), paper_model(step=5)
    best = np.arange(1050, 2101, 7)
    assert np.abs(coarse.radius_at(best, best)).max() == 0.0
    assert np.abs(coarse.magnification_at(best, best) - 1.0).max() == 0.0
    z0, z = np.meshgrid(np.arange(1053, 2100, 41), np.arange(1051, 2100, 37))
    assert np.abs(coarse.radius_at(z0, z) - fine.radius_at(z0, z)).max() < 0.02
    assert np.abs(coarse.magnification_at(z0, z) - fine.magnification_at(z0, z)).max() < 1e-4


def test_the_sign_says_on_which_side_the_lens_stands() -> None:
    lens = paper_model()
    assert lens.signed_radius_at(1500, 1600) > 0 > lens.signed_radius_at(1500, 1400)
    assert lens.radius_at(2080, 2120) > lens.radius_at(2080, 2100) > 0  # beyond the grid it goes on
    assert lens.radius_at(1500, 1700, width_px=960) == pytest.approx(lens.radius_at(1500, 1700) / 2)
    assert 15 <= lens.depth_of_field_at(1500) <= 25


def test_a_model_is_saved_and_read_back(tmp_path: Path) -> None:
    lens = replace(paper_model(), camera="Kamera Ä", measured=True)
    save_model(tmp_path / "lens.json", lens)
    again = load_model(tmp_path / "lens.json")
    assert (again.camera, again.lens, again.f_number, again.width_px, again.measured) == (
        "Kamera Ä",
        lens.lens,
        lens.f_number,
        1920,
        True,
    )
    assert np.array_equal(again.positions, lens.positions)
    assert np.allclose(again.radius_px, lens.radius_px, atol=1e-4)
    assert np.allclose(again.magnification, lens.magnification, atol=1e-6)
    assert np.array_equal(again.depth_of_field, lens.depth_of_field)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema", "other"),
        ("positions", [2100, 1050]),
        ("positions", [1]),
        ("radius_px", [[0.0]]),
        ("radius_px", "many"),
        ("f_number", -1.0),
        ("f_number", None),
        ("width_px", 0),
        ("measured", "yes"),
        ("depth_of_field", [0] * 22),
    ],
)
def test_a_damaged_model_is_refused_in_one_sentence(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "lens.json"
    save_model(path, paper_model())
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(MediaError, match="calibration cannot be used"):
        load_model(path)
    with pytest.raises(MediaError):
        load_model(tmp_path / "none.json")


def test_negative_radii_never_make_a_model() -> None:
    lens = paper_model()
    with pytest.raises(ValueError, match="radius_px"):
        replace(lens, radius_px=lens.radius_px - 1.0)
    with pytest.raises(ValueError, match="magnification"):
        replace(lens, magnification=lens.magnification * np.nan)


@pytest.mark.parametrize("radius", [0.0, 0.05, 0.3, 0.7, 0.999, 1.0, 1.001, 1.5, 2.2, 3.0, 5.9, 6.1, 12.7, 60.0])
def test_disks_have_the_variance_of_their_radius(radius: float) -> None:
    kernel = disk_kernel(radius).astype(np.float64)
    axis = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    assert (kernel >= 0).all()
    assert np.allclose(kernel, kernel.T, atol=1e-6)
    assert (kernel.sum(axis=0) * axis**2).sum() == pytest.approx(radius**2 / 4, rel=0.02, abs=1e-6)


def test_sharpness_falls_steadily_with_the_radius_below_one_pixel_too() -> None:
    picture = texture()
    spread = [
        float(blur_disk(picture, r).std()) for r in (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.4, 4.0, 4.1, 9.0)
    ]
    assert all(a > b for a, b in pairwise(spread))


def test_blur_keeps_light() -> None:
    picture = np.zeros((64, 96, 3), np.float32)
    picture[32, 48] = 100.0
    for radius in (0.4, 1.7, 5.0, 12.0, 14.0):
        for blurred in (blur_disk(picture, radius), blur_fast(picture, radius)):
            assert blurred.sum() == pytest.approx(300.0, rel=2e-3)


@pytest.mark.parametrize("radius", [3.0, 8.0, 11.0, 19.0, 37.0])
def test_fast_blur_is_nearly_the_exact_one(radius: float) -> None:
    picture = texture(180, 240)
    exact, fast = blur_disk(picture, radius), blur_fast(picture, radius)
    assert fast.shape == exact.shape
    # of a white of 1, with a texture of noise, the worst there is
    assert np.sqrt(np.mean((fast - exact) ** 2)) < 0.002
    assert np.abs(fast - exact).max() < 0.012


def test_scaling_keeps_the_centre_and_scales_distances() -> None:
    picture = np.zeros((101, 101), np.float32)
    picture[50, 50] = picture[50, 70] = 1.0
    large = scale_about_centre(picture, 1.5)
    assert np.unravel_index(int(large.argmax()), large.shape)[0] == 50
    assert large[50, 50] > 0.9
    assert large[50, 80] > 0.9
    assert np.array_equal(scale_about_centre(picture, 1.0), picture)


def test_apply_defocus_blurs_in_light_and_then_scales() -> None:
    picture = texture()
    seen = apply_defocus(picture, 3.0, magnification=1.03)
    assert np.array_equal(seen, np.maximum(scale_about_centre(blur_disk(picture, 3.0), 1.03), 0.0))
    display = encode_transfer(picture, "srgb").astype(np.float32)
    shown = apply_defocus_display(display, 3.0)
    assert np.allclose(decode_transfer(shown, "srgb"), apply_defocus(picture, 3.0), atol=2e-3)
    assert apply_defocus(picture[..., 0], 2.0).shape == picture.shape[:2]
    for radius, size in ((-1.0, 1.0), (1e9, 1.0), (1.0, 0.0), (1.0, float("nan"))):
        with pytest.raises(UsageError):
            apply_defocus(picture, radius, magnification=size)


@pytest.mark.parametrize("name", LENSES)
def test_lens_formulas_make_sound_models(name: str) -> None:
    lens = LENSES[name]
    model = lens.model(step=25)
    assert model.limits == lens.limits
    assert model.radius_px.max() == pytest.approx(lens.largest_radius_px)
    assert 0.7 < model.f_number < 16.0
    assert 1.0 < model.magnification.max() < 1.2
    assert 2 <= model.depth_of_field.min() <= model.depth_of_field.max() < (lens.limits[1] - lens.limits[0]) / 4
    ends = lens.position_of(np.array([lens.near_m, lens.far_m]))
    assert np.allclose(ends, lens.limits)
    inside = lens.position_of(np.geomspace(lens.near_m, lens.far_m, 9))
    assert (np.diff(inside) > 0).all()
