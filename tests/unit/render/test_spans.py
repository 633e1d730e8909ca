"""The fast renderer against the oracle, on whole pictures: exactness, preview tier, blocks and big blurs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.render.base import Aperture
from rvr_laaf_app.render.levels import level_grid
from rvr_laaf_app.render.occlusion import plain, separate
from rvr_laaf_app.render.reference import eq3_normalised, eq3_printed, layered
from rvr_laaf_app.render.spans import SpanRenderer, preview_surfaces, render_surfaces, warm_up

DISC = Aperture()


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    a, b = (encode_transfer(np.clip(x, 0, 1), "srgb") for x in (one, other))
    return float(-10 * np.log10(np.mean((a - b) ** 2) + 1e-30))


def test_exact_on_more_than_one_block(make_scene) -> None:
    linear, coc = make_scene(300, 420, radius_px=20.0)
    surfaces, grid = separate(linear, coc), level_grid(coc)
    fast, slow = render_surfaces(surfaces, grid, DISC), layered(surfaces, grid, DISC)
    assert psnr(fast, slow) > 85
    assert (
        np.abs(encode_transfer(np.clip(fast, 0, 1), "srgb") - encode_transfer(np.clip(slow, 0, 1), "srgb")).max()
        < 1 / 255
    )


def test_preview_is_close_to_final(make_scene) -> None:
    linear, coc = make_scene(240, 320, radius_px=20.0, lights=1.0)
    final, preview = (SpanRenderer().render(linear, coc, aperture=DISC, quality=q) for q in ("final", "preview"))
    assert psnr(final, preview) > 45


def test_preview_without_small_levels_is_final(make_scene) -> None:
    scene = make_scene()
    surfaces, grid = separate(*scene), level_grid(scene[1])
    preview = preview_surfaces(surfaces, grid, DISC, np.ones(grid.count, np.int64))
    assert np.allclose(preview, render_surfaces(surfaces, grid, DISC), atol=1e-5)


def test_lights_stay_lights_in_the_preview(make_scene) -> None:
    linear, coc = make_scene(240, 320, radius_px=20.0, lights=40.0)
    final, preview = (SpanRenderer().render(linear, coc, aperture=DISC, quality=q) for q in ("final", "preview"))
    assert psnr(final, preview) > 45


def test_a_blur_wider_than_the_picture_is_its_mean() -> None:
    linear = np.random.default_rng(0).uniform(0, 1, (20, 30, 3)).astype(np.float32)
    result = SpanRenderer().render(linear, np.full((20, 30), -400.0, np.float32), aperture=DISC, quality="final")
    assert np.allclose(result, linear.mean((0, 1)), atol=1e-3)


def test_pulling_focus_has_no_jumps(make_scene) -> None:
    linear, coc = make_scene(80, 120)
    pictures = [
        SpanRenderer().render(linear, coc + np.float32(shift), aperture=DISC, quality="final")
        for shift in np.linspace(0, 3, 25)
    ]
    steps = [float(np.abs(np.clip(b, 0, 1) - np.clip(a, 0, 1)).mean()) for a, b in itertools.pairwise(pictures)]
    assert max(steps) < 4 * float(np.median(steps)) + 1e-4


def test_a_slanted_plane_of_one_colour_stays_even() -> None:
    linear = np.full((120, 80, 3), 0.5, np.float32)
    coc = np.linspace(-30, 30, 120, dtype=np.float32)[:, None] * np.ones((1, 80), np.float32)
    for quality in ("final", "preview"):
        result = SpanRenderer().render(linear, coc, aperture=DISC, quality=quality)
        assert np.allclose(result, 0.5, atol=1e-4)


def test_warm_up_runs() -> None:
    warm_up()


def test_printed_eq3_darkens_and_the_normalised_form_does_not() -> None:
    linear = np.full((40, 60, 3), 0.5, np.float32)
    coc = np.linspace(-8, 8, 60, dtype=np.float32)[None] * np.ones((40, 1), np.float32)
    grid = level_grid(coc, count=12)
    assert eq3_printed(linear, coc, grid)[10:30, 10:50].mean() < 0.49
    assert np.allclose(eq3_normalised(linear, coc, grid), 0.5, atol=1e-6)


def test_one_surface_equals_the_plain_picture_for_one_depth(make_scene) -> None:
    linear, _ = make_scene(40, 60)
    coc = np.full((40, 60), -9.0, np.float32)
    grid = level_grid(coc)
    assert np.allclose(
        render_surfaces(plain(linear, coc), grid, DISC), render_surfaces(separate(linear, coc), grid, DISC)
    )


@pytest.mark.shared_data
@pytest.mark.slow
def test_beats_the_plain_layered_renderer_on_ray_traced_scenes(shared_data) -> None:
    import json

    import OpenEXR

    published = {
        "room": {"dof_f14_near": 32.81, "dof_f14_far": 28.65, "dof_f28_near": 35.66, "dof_f28_far": 31.99},
        "window": {"dof_f14_near": 27.14, "dof_f14_far": 27.28, "dof_f28_near": 32.19, "dof_f28_far": 30.61},
    }
    gains = []
    for name, shots in published.items():
        folder = shared_data / "rendered" / name
        meta = json.loads((folder / "meta.json").read_text())
        metres = np.load(folder / "depth.npz")["depth"]
        read = lambda file: OpenEXR.File(str(folder / file)).channels()["RGB"].pixels.astype(np.float32)  # noqa: E731, B023
        for shot, before in shots.items():
            lens = meta["shots"][shot]
            coc = lens["coc_px_diameter_scale"] * (lens["focus_distance_m"] / metres - 1)
            result = SpanRenderer().render(read("sharp.exr"), coc.astype(np.float32), aperture=DISC, quality="final")
            gains.append(psnr(result, read(f"{shot}.exr")) - before)
    assert np.mean(gains) > 2.4
    assert min(gains) > 0.5
