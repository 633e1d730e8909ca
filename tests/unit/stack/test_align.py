"""Alignment of drawn stacks: breathing, shake and flicker are found, nonsense is refused."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.measure.stack import alignment_error
from rvr_laaf_app.measure.stack_scenes import StackSpec, draw_stack
from rvr_laaf_app.stack.align import align_stack, aligning, common_area
from rvr_laaf_app.stack.slices import AlignedSlices, ListedSlices, equalised, unmoved

BREATHING = StackSpec(size=(360, 240), slices=5, breathing=0.04, noise=0.005, max_radius_px=8)
SHAKE = StackSpec(size=(360, 240), slices=4, shake_px=12.0, shake_deg=0.8, noise=0.01)
FLICKER = StackSpec(size=(360, 240), slices=5, flicker_stops=0.4, breathing=0.02, noise=0.005)


@pytest.mark.parametrize("spec", [BREATHING, SHAKE], ids=["breathing", "shake"])
def test_slices_are_brought_onto_each_other_to_a_fraction_of_a_pixel(spec: StackSpec) -> None:
    stack = draw_stack(11, spec)
    found = align_stack(ListedSlices(stack.slices), reference=spec.slices - 1)
    error = alignment_error(stack, found)
    assert error["raw_px"] > 5
    assert error["mean_px"] < 0.3
    assert error["worst_px"] < 0.6
    assert (found.agreement > 0.5).all()


def test_the_reference_is_the_slice_that_magnifies_most_so_nothing_is_cut() -> None:
    stack = draw_stack(12, BREATHING)
    found = align_stack(ListedSlices(stack.slices))
    assert found.reference == BREATHING.slices - 1
    assert found.crop_share > 0.98


def test_flicker_is_evened_out() -> None:
    stack = draw_stack(13, FLICKER)
    found = align_stack(ListedSlices(stack.slices), reference=4)
    assert alignment_error(stack, found)["stops"] < 0.1
    assert np.abs(np.log2(stack.gains)).max() > 0.2
    aligned = AlignedSlices(ListedSlices(stack.slices), found)
    means = [float(aligned.read(i).mean()) for i in range(aligned.count)]
    assert max(means) / min(means) < 1.06
    untouched = align_stack(ListedSlices(stack.slices), reference=4, equalise=False)
    assert (untouched.gains == 1).all()


def test_without_a_reference_exposure_goes_to_what_most_slices_have() -> None:
    stack = draw_stack(13, FLICKER)
    found = align_stack(ListedSlices(stack.slices))
    assert np.median(found.gains.mean(axis=1)) == pytest.approx(1.0, abs=1e-6)


def test_slices_that_lie_on_each_other_are_not_resampled() -> None:
    stack = draw_stack(14, StackSpec(size=(240, 160), slices=3))
    slices = ListedSlices(stack.slices)
    aligned = AlignedSlices(slices, unmoved((240, 160), 3))
    assert np.array_equal(aligned.read(1), stack.slices[1].astype(np.uint16) * 257)
    found = align_stack(slices, reference=2)
    assert found.still.all()
    assert found.crop_share == 1.0


def test_a_guess_from_a_lens_model_is_taken() -> None:
    spec = StackSpec(size=(360, 240), slices=3, breathing=0.3)
    stack = draw_stack(15, spec)
    scales = [1 - 0.3, 1 - 0.15, 1.0]
    run = aligning(ListedSlices(stack.slices), reference=2, scales=scales)
    while True:
        try:
            next(run)
        except StopIteration as end:
            found = end.value
            break
    assert alignment_error(stack, found)["worst_px"] < 1.0


def test_progress_counts_slices() -> None:
    stack = draw_stack(16, StackSpec(size=(120, 96), slices=3))
    assert list(aligning(ListedSlices(stack.slices))) == [1, 2, 3]


def test_pictures_of_other_sizes_are_refused_with_their_number() -> None:
    pictures = [np.zeros((96, 120, 3), np.uint8), np.zeros((90, 120, 3), np.uint8)]
    with pytest.raises(UsageError, match="picture 2 is 120 x 90"):
        align_stack(ListedSlices(pictures))
    with pytest.raises(UsageError, match="no pictures"):
        align_stack(ListedSlices([]))


def test_empty_pictures_stay_where_they_are_and_are_called_doubtful() -> None:
    found = align_stack(ListedSlices([np.full((120, 160, 3), 90, np.uint8)] * 3))
    assert found.still.all()
    assert (found.agreement < 0.2).all()
    assert np.allclose(found.gains, 1.0)


def test_stacks_with_nothing_in_common_are_refused() -> None:
    far = np.array([[[1.0, 0, 0], [0, 1.0, 0]], [[1.0, 0, 160.0], [0, 1.0, 0]]])
    with pytest.raises(UsageError, match="hardly anything in common"):
        common_area(far, (200, 100))
    assert common_area(far[:1], (200, 100)) == (0, 0, 200, 100)


def test_equalising_works_in_linear_light() -> None:
    grey = np.full((2, 2, 3), 128, np.uint8)
    doubled = equalised(grey, np.array([2.0, 1.0, 0.5]))
    assert doubled[0, 0, 1] == 128 * 257
    linear = ((doubled[0, 0] / 65535 + 0.055) / 1.055) ** 2.4
    assert linear[0] / linear[1] == pytest.approx(2.0, rel=1e-3)
    assert linear[2] / linear[1] == pytest.approx(0.5, rel=1e-3)
