"""Two pictures tell on which side of them focus lies, whatever the exposure and a small shift."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange
from rvr_laaf_app.autofocus.modern import FocusBelief, Reading
from rvr_laaf_app.autofocus.pair import Blur, Pair
from rvr_laaf_app.camera.defocus import DefocusModel, apply_defocus, paper_model
from rvr_laaf_app.camera.procedural import make_scene
from rvr_laaf_app.core.color import encode_transfer, luminance

Z0 = 1600
SIDE = 400


@pytest.fixture(scope="module")
def model() -> DefocusModel:
    return paper_model()


@pytest.fixture(scope="module")
def subject(model: DefocusModel) -> NDArray[np.float32]:
    return luminance(make_scene("chart", size=(560, 560), limits=model.limits, seed=4).sharp_linear())


def seen(
    subject: NDArray[np.float32], model: DefocusModel, z: int, *, gain: float = 1.0, shift: int = 0
) -> NDArray[np.float32]:
    """The middle of the subject at a lens position, with the noise of a sensor."""
    whole = apply_defocus(subject, float(model.radius_at(Z0, z)), magnification=float(model.magnification_at(Z0, z)))
    start = (len(whole) - SIDE) // 2 + shift
    light = whole[start : start + SIDE, start : start + SIDE] * np.float32(0.5 * gain)
    noisy = light + 0.005 * np.random.default_rng(z).standard_normal(light.shape).astype(np.float32)
    return np.asarray(encode_transfer(np.clip(noisy, 0, 1), "srgb"), np.float32)


def foretold(model: DefocusModel, z0: float, first: int, second: int) -> Blur:
    radius = model.radius_at(z0, np.array([first, second]))
    size = model.magnification_at(z0, np.array([first, second]))
    return Blur(float(radius[0] * size[1]), float(radius[1] * size[0]), float(size[0] / size[1]))


@pytest.mark.parametrize(("first", "second"), [(1200, 1620), (1200, 1580), (2000, 1615), (1450, 1300), (1570, 1640)])
@pytest.mark.parametrize("shift", [0, 3])
def test_the_true_side_fits_better(
    subject: NDArray[np.float32], model: DefocusModel, first: int, second: int, shift: int
) -> None:
    pair = Pair(seen(subject, model, first), seen(subject, model, second, gain=0.7, shift=shift))
    right = pair.misfit(foretold(model, Z0, first, second))
    wrong = pair.misfit(foretold(model, 2 * second - Z0, first, second))
    assert right is not None
    assert wrong is not None
    assert right < 0.6 * wrong


def test_disks_that_leave_nothing_tell_nothing(subject: NDArray[np.float32], model: DefocusModel) -> None:
    patch = seen(subject, model, Z0)[:96, :96]
    assert Pair(patch, patch).misfit(Blur(60.0, 40.0)) is None
    assert Pair(patch, patch).misfit(Blur(1.0, 1.0)) is not None


def test_an_even_picture_fits_all(model: DefocusModel) -> None:
    grey = np.full((200, 200), 0.5, np.float32)
    found = [Pair(grey, grey).misfit(Blur(radius, 2.0)) for radius in (3.0, 12.0)]
    assert all(value is not None and 0.0 <= value <= 1.0 for value in found)


def test_a_comparison_settles_the_side(subject: NDArray[np.float32], model: DefocusModel) -> None:
    """Readings that know the radius only: two places are as likely; the comparison leaves one."""
    belief = FocusBelief(FocusRange(*model.limits, 20), model, None)
    radii = np.linspace(0.0, 170.0, 400)

    def reading(radius: float, spread: float) -> Reading:
        return Reading(radii, -0.5 * ((radii - radius) / spread) ** 2)

    belief.see(1200, reading(float(belief.radius_px(1200)[Z0 - 1050]), 4.0), 1.0)
    belief.see(1615, reading(float(belief.radius_px(1615)[Z0 - 1050]), 0.3), 1.0)
    wrong = 1630 - 1050
    assert 0.3 < belief.within(0.3)[Z0 - 1050] < 0.8
    belief.compare(Pair(seen(subject, model, 1200), seen(subject, model, 1615)), 1200, 1615)
    chance = belief.within(0.3)
    assert chance[Z0 - 1050] > 0.97
    assert chance[wrong] < 0.02
