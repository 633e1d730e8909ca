"""The search for radius and magnification: brute force and the fast way agree, and find what was put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.calibrate import Lens, PairMatch, Sample, Trials, build_model, measure_region
from rvr_laaf_app.autofocus.calibrate_picture import calibration_path, draw_fit, load_calibration, save_calibration
from rvr_laaf_app.camera.defocus import DefocusModel, apply_defocus, paper_model
from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box

BOX = Box(0.1, 0.1, 0.8, 0.8)


def surface(side: int, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    fine = rng.random((side, side))
    coarse = np.kron(rng.random((side // 16 + 1, side // 16 + 1)), np.ones((16, 16)))[:side, :side]
    return np.asarray(0.1 + 0.3 * fine + 0.5 * coarse, np.float32)


def seen(light: NDArray[np.float32], model: DefocusModel, z0: int, z: int, width: int) -> NDArray[np.uint8]:
    radius = float(model.radius_at(z0, z, width_px=width))
    blurred = apply_defocus(light, radius, magnification=float(model.magnification_at(z0, z)))
    return np.asarray(np.round(encode_transfer(np.clip(blurred, 0, 1), "srgb") * 255), np.uint8)


@pytest.mark.parametrize(("radius", "size"), [(0.0, 1.0), (2.0, 1.005), (5.4, 0.99), (9.1, 1.02)])
def test_the_fast_way_finds_the_pair_that_brute_force_finds(radius: float, size: float) -> None:
    light = surface(180, seed=3)
    trials = Trials.up_to(14.0, breathing=0.03, drift_px=4)
    there = apply_defocus(light, radius, magnification=size)
    brute, fast = PairMatch(light, there, trials), PairMatch(light, there, trials)
    wanted = brute.brute_force()
    assert fast.climb() == wanted
    assert len(fast.scores) < len(brute.scores) / 3
    assert trials.radii_px[wanted[0]] == pytest.approx(radius, abs=0.6)
    assert trials.magnifications[wanted[1]] == pytest.approx(size, abs=0.006)


def test_a_sweep_gives_back_the_lens_it_was_made_with() -> None:
    model, width, z0 = paper_model(), 240, 1500
    light = surface(240, seed=5)
    positions = list(range(1300, 1701, 50))
    pictures = {z: seen(light, model, z0, z, width) for z in positions}
    trials = Trials.up_to(6.0, breathing=0.02, drift_px=4)
    samples = measure_region(pictures.__getitem__, positions, BOX, trials=trials)
    slow = measure_region(pictures.__getitem__, positions, BOX, trials=trials, brute_force=True)
    assert samples == slow
    assert {sample.z0 for sample in samples} == {z0}
    for sample in samples:
        assert sample.radius_px == pytest.approx(float(model.radius_at(z0, sample.z, width_px=width)), abs=0.5)
        assert sample.magnification == pytest.approx(float(model.magnification_at(z0, sample.z)), abs=0.006)
    found = build_model(samples, Lens("cam", "50 mm", 2.4, width, 1050, 2100))
    assert found.measured
    assert found.limits == (1050, 2100)
    truth = float(model.radius_at(z0, 2000, width_px=width))
    assert float(found.radius_at(z0, 2000)) == pytest.approx(truth, rel=0.2)
    assert found.depth_of_field_at(z0) == pytest.approx(model.depth_of_field_at(z0), abs=14)


def test_between_two_best_positions_the_model_lies_between_them() -> None:
    def row(z0: int, slope: float) -> list[Sample]:
        return [Sample(z0, z, slope * abs(z - z0), 1.0 + 1e-4 * (z - z0), 0.99) for z in range(0, 1001, 100)]

    model = build_model([*row(200, 0.1), *row(800, 0.2)], Lens("c", "l", 2.0, 1920, 0, 1000, step=100))
    assert float(model.radius_at(200, 400)) == pytest.approx(20.0)
    assert float(model.radius_at(800, 600)) == pytest.approx(40.0)
    assert float(model.radius_at(500, 700)) == pytest.approx(30.0)
    assert float(model.radius_at(0, 200)) == pytest.approx(20.0)
    assert float(model.magnification_at(500, 600)) == pytest.approx(1.01)
    assert model.depth_of_field_at(200) == 30
    assert model.depth_of_field_at(800) == 15


def test_a_region_without_texture_is_refused() -> None:
    flat = np.full((100, 100), 120, np.uint8)
    with pytest.raises(UsageError, match="nowhere clearly in focus"):
        measure_region(lambda _: flat, [0, 10, 20], BOX, trials=Trials.up_to(4.0))
    with pytest.raises(UsageError, match="too few"):
        build_model([], Lens("c", "l", 2.0, 640, 0, 100))


def test_a_calibration_is_kept_for_its_camera_and_lens_and_can_be_looked_at(tmp_path: Path) -> None:
    samples = [Sample(500, z, 0.1 * abs(z - 500), 1.0, 0.99) for z in range(0, 1001, 100)]
    model = build_model(samples, Lens("Some Camera", "f/1.8 50", 1.8, 1280, 0, 1000))
    path = save_calibration(tmp_path / "calibrations", model)
    assert path == calibration_path(tmp_path / "calibrations", camera="Some Camera", lens="f/1.8 50")
    again = load_calibration(tmp_path / "calibrations", camera="Some Camera", lens="f/1.8 50")
    assert again is not None
    assert np.allclose(again.radius_px, model.radius_px, atol=1e-3)
    assert load_calibration(tmp_path, camera="Other", lens="x") is None
    picture = draw_fit(samples, model)
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 4
