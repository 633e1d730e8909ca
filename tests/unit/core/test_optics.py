from __future__ import annotations

import math

import numpy as np
import pytest

from rvr_laaf_app.core.optics import Lens, coc_px, depth_of_field


def test_coc_matches_the_textbook_formula() -> None:
    """coc = f^2 / (N (F - f)) * |D - F| / D, as a share of the sensor, times the picture's width."""
    lens = Lens(focal_length_mm=50, f_number=1.4, sensor_width_mm=36)
    distances = np.array([0.8, 1.5, 4.0, 1e4])
    got = lens.coc_px_at_distance(distances, focus_m=1.5, width_px=640)
    f, n, focus = 0.050, 1.4, 1.5
    expected = f**2 / (n * (focus - f)) * (focus - distances) / distances / 0.036 * 640
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    assert got[0] > 0, "in front of the focal plane is positive"
    assert got[3] < 0


def test_infinite_distance_is_allowed() -> None:
    got = Lens().coc_px_at_distance(np.array([np.inf]), focus_m=2.0, width_px=1280)
    assert math.isfinite(got[0])


@pytest.mark.parametrize("field", ["focal_length_mm", "f_number", "sensor_width_mm", "disparity_scale_per_m"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_lens_must_make_sense(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        Lens(**{field: value})


def test_coc_is_signed_linear_and_zero_on_the_plane() -> None:
    disparity = np.array([[0.0, 0.5, 1.0]], np.float32)
    np.testing.assert_allclose(coc_px(disparity, 0.5, 40.0), [[-20.0, 0.0, 20.0]])


def test_depth_of_field_has_the_sharp_diameter_at_its_limits() -> None:
    far, near = depth_of_field(0.4, 50.0, sharp_coc_px=2.0)
    np.testing.assert_allclose(coc_px(np.array([far, near]), 0.4, 50.0), [-2.0, 2.0], atol=1e-5)


def test_f_number_for_gain_inverts_blur_gain() -> None:
    lens = Lens(f_number=2.8)
    gain = lens.blur_gain_px(1920)
    assert lens.f_number_for_gain(gain, 1920) == pytest.approx(2.8)


def test_focusing_inside_the_focal_length_is_refused() -> None:
    with pytest.raises(ValueError, match="focal length"):
        Lens(focal_length_mm=50).blur_gain_px(100, focus_per_m=25.0)
