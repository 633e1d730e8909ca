"""What every bokeh renderer promises, checked over the registry."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.render.base import RENDERERS, Aperture, BokehRenderer
from rvr_laaf_app.render.reference import ReferenceRenderer

DISC = Aperture()
SHAPES = [
    DISC,
    Aperture(blades=5),
    Aperture(blades=8, rotation_deg=20.0),
    Aperture(squeeze=0.6),
    Aperture(cats_eye=0.8),
    Aperture(blades=6, squeeze=1.3, cats_eye=1.0),
]
AGREEMENT_DB = {"spans": 85.0, "torch": 60.0, "reference": 100.0}


@pytest.fixture(params=list(RENDERERS))
def renderer(request: pytest.FixtureRequest) -> BokehRenderer:
    return RENDERERS.load(request.param)()


def _scene(height: int, width: int, radius_px: float = 9.0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(7)
    linear = rng.uniform(0.02, 0.6, (height, width, 3)).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    disparity = np.where(y < 0.5, 0.1, 0.1 + 0.9 * (y - 0.5))
    disparity = np.where((x - 0.5) ** 2 + (y - 0.55) ** 2 < 0.04, 0.5, np.where((x > 0.8) & (y > 0.4), 0.95, disparity))
    linear[height // 8, width // 4] = 6.0
    return linear, ((disparity - 0.5) * 2 * radius_px / 0.45).astype(np.float32)


def _psnr(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    def display(linear: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(linear, 0, 1) ** (1 / 2.2)

    return float(-10 * np.log10(np.mean((display(one) - display(other)) ** 2) + 1e-30))


@pytest.mark.parametrize("aperture", SHAPES, ids=str)
def test_agrees_with_the_reference(renderer: BokehRenderer, aperture: Aperture) -> None:
    linear, coc = _scene(40, 56, 6.0)
    truth = ReferenceRenderer().render(linear, coc, aperture=aperture, quality="final")
    assert _psnr(renderer.render(linear, coc, aperture=aperture, quality="final"), truth) > AGREEMENT_DB[renderer.name]


def test_no_blur_is_the_identity(renderer: BokehRenderer) -> None:
    linear, coc = _scene(33, 47)
    for quality in ("final", "preview"):
        result = renderer.render(linear, coc * 0, aperture=DISC, quality=quality)
        assert np.array_equal(result, linear)
        assert result is not linear


@pytest.mark.parametrize("coc_px", [-12.0, 12.0])
@pytest.mark.parametrize("aperture", SHAPES, ids=str)
def test_light_is_kept(renderer: BokehRenderer, coc_px: float, aperture: Aperture) -> None:
    # The cat's eye changes across the picture, so a light's disc is made of slightly different shapes: the smaller the
    # disc, the less it matters.
    size, tolerance = ((48, 64), 1e-3) if aperture.cats_eye == 0 else ((96, 160), 0.09)
    linear = np.zeros((*size, 3), np.float32)
    linear[size[0] // 2, size[1] // 2] = (100.0, 50.0, 25.0)
    result = renderer.render(linear, np.full(size, coc_px, np.float32), aperture=aperture, quality="final")
    assert np.allclose(result.sum((0, 1)), (100.0, 50.0, 25.0), rtol=tolerance)


def test_a_sharp_subject_stays_out_of_the_blur(renderer: BokehRenderer) -> None:
    linear, coc = np.full((48, 64, 3), 0.2, np.float32), np.full((48, 64), -12.0, np.float32)
    linear[16:32, 20:44], coc[16:32, 20:44] = (0.9, 0.0, 0.0), 0.0
    result = renderer.render(linear, coc, aperture=DISC, quality="final")
    assert np.allclose(result[18:30, 22:42], linear[18:30, 22:42], atol=1e-4)
    outside = np.ones((48, 64), bool)
    outside[14:34, 18:46] = False
    assert np.allclose(result[outside], 0.2, atol=1e-3)


def test_a_near_blur_has_a_soft_edge_on_both_sides(renderer: BokehRenderer) -> None:
    linear, coc = np.full((40, 80, 3), 0.1, np.float32), np.zeros((40, 80), np.float32)
    linear[:, 40:], coc[:, 40:] = 0.9, 16.0
    row = renderer.render(linear, coc, aperture=DISC, quality="final")[20, :, 0]
    assert np.allclose(row[:30], 0.1, atol=2e-3)
    assert np.allclose(row[52:], 0.9, atol=2e-3)
    assert np.all(np.diff(row[30:50]) > -1e-3)
    assert row[39] == pytest.approx(0.5, abs=0.06)  # half of the lens sees past the edge, which lies between 39 and 40
    assert row[44] < 0.88  # inside the edge the background shines through


@pytest.mark.parametrize(("height", "width"), [(17, 33), (1, 1), (1, 40), (50, 1), (16, 16)])
def test_any_size(renderer: BokehRenderer, height: int, width: int) -> None:
    linear = np.random.default_rng(1).uniform(0, 1, (height, width, 3)).astype(np.float32)
    coc = np.linspace(-30, 30, height * width, dtype=np.float32).reshape(height, width)
    for quality in ("final", "preview"):
        result = renderer.render(linear, coc, aperture=DISC, quality=quality)
        assert result.shape == linear.shape
        assert result.dtype == np.float32
        assert np.all((result > -1e-4) & (result < 1.001))


def test_same_input_same_output(renderer: BokehRenderer) -> None:
    linear, coc = _scene(60, 90)
    kept = linear.copy(), coc.copy()
    once = renderer.render(linear, coc, aperture=DISC, quality="final")
    assert np.array_equal(once, renderer.render(linear, coc, aperture=DISC, quality="final"))
    assert np.array_equal(linear, kept[0])
    assert np.array_equal(coc, kept[1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_input_is_refused(renderer: BokehRenderer, bad: float) -> None:
    for which in (0, 1):
        scene = _scene(20, 20)
        scene[which][3, 3] = bad
        with pytest.raises(ValueError, match="finite"):
            renderer.render(*scene, aperture=DISC, quality="final")


def test_wrong_shapes_and_dtypes_are_refused(renderer: BokehRenderer) -> None:
    linear, coc = _scene(20, 20)
    for bad in ((linear, coc[:10]), (linear[..., :2], coc), (linear.astype(np.float64), coc)):
        with pytest.raises(ValueError, match="must be"):
            renderer.render(*bad, aperture=DISC, quality="final")
