"""Imported depth: what stored numbers mean, their range, holes, and whether they fit the clip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.frame import ClipTrait, Frame
from rvr_laaf_app.estimate import sidecar
from rvr_laaf_app.estimate.sidecar import SidecarEstimator, SidecarSpec, filled

CLIP = ClipTrait(64, 48, 3, 25.0)


class NoLight:
    """Stands for our network where it does not matter."""

    version = "none"

    def boost_stops(self, frame: Frame, size: tuple[int, int]) -> NDArray[np.float16]:
        return np.zeros((size[1], size[0], 3), np.float16)


@pytest.fixture
def no_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar, "BorrowedLight", NoLight)


class Planes:
    """Planes held in memory."""

    def __init__(self, planes: list[NDArray[np.float32]], *, coded: bool, fingerprint: str = "f") -> None:
        self._planes = planes
        self.frames = len(planes)
        self.size = planes[0].shape[1], planes[0].shape[0]
        self.coded = coded
        self.fingerprint = fingerprint
        self.closed = False
        self.sure: NDArray[np.float32] | None = None

    def read(self, index: int) -> NDArray[np.float32]:
        return self._planes[index]

    def confidence(self, index: int) -> NDArray[np.float32] | None:
        return self.sure

    def close(self) -> None:
        self.closed = True


def ramp(low: float, high: float, size: tuple[int, int] = (64, 48)) -> NDArray[np.float32]:
    """From `low` on the left to `high` on the right."""
    return np.tile(np.linspace(low, high, size[0], dtype=np.float32), (size[1], 1))


def frame(index: int = 0, size: tuple[int, int] = (64, 48), value: int = 90) -> Frame:
    return Frame(index, index, np.full((size[1], size[0], 3), value, np.uint8))


def disparity(planes: list[NDArray[np.float32]], *, coded: bool, look: bool = True, **spec: Any) -> NDArray[np.float32]:
    estimator = SidecarEstimator(Planes(planes * (3 // len(planes)), coded=coded), SidecarSpec("depth", **spec))
    if look:
        list(estimator.look_ahead(frame, 3))
    rgbd, _ = estimator.step([frame(1)], estimator.start(CLIP))
    return rgbd.disparity.astype(np.float32)


@pytest.mark.usefixtures("no_light")
def test_codes_are_disparity_as_they_are() -> None:
    np.testing.assert_allclose(disparity([ramp(0.2, 0.7)], coded=True), ramp(0.2, 0.7), atol=3e-4)


@pytest.mark.usefixtures("no_light")
def test_near_may_be_dark() -> None:
    np.testing.assert_allclose(
        disparity([ramp(0.2, 0.7)], coded=True, meaning="inverted"), 1 - ramp(0.2, 0.7), atol=3e-4
    )


@pytest.mark.usefixtures("no_light")
def test_floats_in_0_to_1_are_disparity_as_they_are() -> None:
    np.testing.assert_allclose(disparity([ramp(0.0, 1.0)], coded=False), ramp(0, 1), atol=3e-4)
    np.testing.assert_allclose(disparity([ramp(0.0, 1.0)], coded=False, meaning="inverted"), 1 - ramp(0, 1), atol=3e-4)


@pytest.mark.usefixtures("no_light")
@pytest.mark.parametrize("coded", [True, False])
def test_distances_become_disparity_linear_in_their_inverse(coded: bool) -> None:
    inverse = np.linspace(0.1, 1.0, 64, dtype=np.float32)
    metres = np.tile(1 / inverse, (48, 1)) / (10 if coded else 1)
    found = disparity([metres], coded=coded, meaning="depth")
    assert np.all(np.diff(found[10]) > 0)
    inner = np.diff(found[10])[3:-3]
    assert inner.max() / inner.min() < 1.2


@pytest.mark.usefixtures("no_light")
def test_a_given_range_of_metres_is_exact() -> None:
    metres = ramp(1.0, 5.0)
    found = disparity([metres], coded=False, meaning="depth", limits=(1.0, float("inf")))
    np.testing.assert_allclose(found, 1 / metres, atol=3e-4)


@pytest.mark.usefixtures("no_light")
def test_a_given_range_of_disparity_is_exact() -> None:
    found = disparity([ramp(10, 90)], coded=False, meaning="disparity", limits=(10, 90))
    np.testing.assert_allclose(found, ramp(0, 1), atol=3e-4)


@pytest.mark.usefixtures("no_light")
def test_numbers_that_may_be_distances_are_not_guessed() -> None:
    with pytest.raises(MediaError, match="may be distances") as caught:
        disparity([ramp(0.5, 30)], coded=False)
    assert "--depth-is" in caught.value.remedy
    rising = disparity([ramp(0.5, 30)], coded=False, meaning="disparity")
    assert np.all(np.diff(rising[5]) > 0)


@pytest.mark.usefixtures("no_light")
def test_one_range_serves_all_frames() -> None:
    planes = [ramp(1, 2), ramp(1, 4), ramp(1, 9)]
    estimator = SidecarEstimator(Planes(planes, coded=False), SidecarSpec("d", "disparity"))
    list(estimator.look_ahead(frame, 3))
    first, middle = (estimator.step([frame(i)], None)[0].disparity for i in (0, 1))
    assert first[5, 63] == pytest.approx(float(middle[5, 21]), abs=0.01)


@pytest.mark.usefixtures("no_light")
def test_depth_that_says_how_sure_it_is_is_believed_as_far_as_that() -> None:
    plane = ramp(0, 1)
    plane[10:20, 30:40] = np.nan
    planes = Planes([plane] * 3, coded=False)
    planes.sure = ramp(0.2, 0.9)
    estimator = SidecarEstimator(planes, SidecarSpec("d", "disparity"))
    list(estimator.look_ahead(frame, 3))
    rgbd, _ = estimator.step([frame()], None)
    np.testing.assert_allclose(rgbd.confidence[0].astype(np.float32), planes.sure[0], atol=1e-3)
    assert not rgbd.confidence[10:20, 30:40].any()
    planes.sure = ramp(0.2, 0.9, (32, 24))  # of another size: it says nothing of this plane
    rgbd, _ = estimator.step([frame()], None)
    assert rgbd.confidence[0].all()


@pytest.mark.usefixtures("no_light")
def test_holes_are_filled_and_doubted() -> None:
    plane = ramp(1, 5)
    plane[10:20, 30:40] = np.nan
    plane[30:34, 5:9] = 0.0  # no measurement
    estimator = SidecarEstimator(Planes([plane] * 3, coded=False), SidecarSpec("d", "depth"))
    list(estimator.look_ahead(frame, 3))
    rgbd, _ = estimator.step([frame()], None)
    assert np.isfinite(rgbd.disparity).all()
    assert rgbd.confidence[15, 35] == 0
    assert rgbd.confidence[32, 7] == 0
    assert rgbd.confidence[40, 50] == 1
    assert rgbd.disparity[15, 35] == pytest.approx(float(rgbd.disparity[25, 35]), abs=0.1)


@pytest.mark.usefixtures("no_light")
def test_infinitely_far_is_a_number() -> None:
    sky = ramp(1, 5)
    sky[:10] = np.inf
    estimator = SidecarEstimator(Planes([sky] * 3, coded=False), SidecarSpec("d", "depth"))
    list(estimator.look_ahead(frame, 3))
    rgbd, _ = estimator.step([frame()], None)
    assert rgbd.confidence.min() == 1
    assert rgbd.disparity[:10].max() < rgbd.disparity[10:].min()


@pytest.mark.usefixtures("no_light")
def test_a_plane_without_any_number_is_far_everywhere() -> None:
    empty = np.full((4, 4), np.nan, np.float32)
    np.testing.assert_array_equal(filled(empty, np.isfinite(empty)), 0)


@pytest.mark.usefixtures("no_light")
@pytest.mark.parametrize(("frames", "size"), [(2, (64, 48)), (4, (64, 48)), (3, (64, 64)), (3, (48, 64))])
def test_what_does_not_fit_the_clip_is_refused(frames: int, size: tuple[int, int]) -> None:
    planes = Planes([np.zeros(size[::-1], np.float32)] * frames, coded=True)
    with pytest.raises(MediaError):
        SidecarEstimator(planes, SidecarSpec("d")).start(CLIP)


@pytest.mark.usefixtures("no_light")
@pytest.mark.parametrize("size", [(128, 96), (32, 24), (65, 49)])
def test_other_resolutions_fit(size: tuple[int, int]) -> None:
    estimator = SidecarEstimator(Planes([ramp(0, 1, size)] * 3, coded=True), SidecarSpec("d"))
    rgbd, _ = estimator.step([frame()], estimator.start(CLIP))
    assert rgbd.size == (min(size[0], 64), min(size[1], 48))
    assert np.all(np.diff(rgbd.disparity[10].astype(np.float32)) >= 0)


def test_light_comes_from_our_network() -> None:
    lit = frame()
    lit.rgb[10:20, 10:20] = 255
    estimator = SidecarEstimator(Planes([ramp(0, 1)] * 3, coded=True), SidecarSpec("d"))
    dark, _ = estimator.step([frame()], None)
    bright, _ = estimator.step([lit], None)
    assert not dark.boost_stops.any()
    assert bright.boost_stops.any()
    assert "+rvr-" in estimator.version


@pytest.mark.usefixtures("no_light")
def test_everything_that_changes_the_result_is_in_the_version() -> None:
    def version(fingerprint: str = "f", **spec: Any) -> str:
        return SidecarEstimator(
            Planes([ramp(0, 1)], coded=True, fingerprint=fingerprint), SidecarSpec("d", **spec)
        ).version

    versions = [version(), version("g"), version(meaning="inverted"), version(limits=(0, 2))]
    assert len(set(versions)) == len(versions)
    assert SidecarSpec("elsewhere") != SidecarSpec("d")
    assert version() == version()


@pytest.mark.usefixtures("no_light")
def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(MediaError, match="no range"):
        disparity([ramp(1, 2)], coded=False, meaning="depth", limits=(-1.0, 3.0))
