"""The retouching brush: values in, picture out, soft, bounded, undone by leaving a stroke out."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.stack.fuse import Fused
from rvr_laaf_app.stack.retouch import Stroke, brush, retouched
from rvr_laaf_app.stack.slices import ListedSlices

SHAPE = (80, 120)
SLICES = ListedSlices([np.full((*SHAPE, 3), value, np.uint8) for value in (10, 200)])


@pytest.fixture
def fused() -> Fused:
    return Fused(np.full((*SHAPE, 3), 10 * 257, np.uint16), np.zeros(SHAPE, np.float32))


def test_a_stroke_shows_its_slice_in_the_middle_and_nothing_far_away(fused: Fused) -> None:
    out = retouched(fused, SLICES, [Stroke(1, ((30.0, 40.0), (80.0, 40.0)), 8.0)])
    assert (out.rgb[40, 30:81] == 200 * 257).all()
    assert (out.rgb[10] == 10 * 257).all()
    assert out.index[40, 50] == 1
    assert out.index[10, 50] == 0
    assert (fused.rgb == 10 * 257).all()


def test_the_border_is_soft_and_falls_steadily(fused: Fused) -> None:
    out = retouched(fused, SLICES, [Stroke(1, ((60.0, 40.0),), 20.0, softness=1.0)])
    profile = out.rgb[40, 60:85, 0].astype(int)
    assert (np.diff(profile) <= 0).all()
    assert len(np.unique(profile)) > 10
    hard = retouched(fused, SLICES, [Stroke(1, ((60.0, 40.0),), 20.0, softness=0.0)])
    assert len(np.unique(hard.rgb[40, 60:85, 0])) <= 3


def test_strokes_are_undone_by_leaving_them_out(fused: Fused) -> None:
    first, second = Stroke(1, ((20.0, 20.0),), 6.0), Stroke(1, ((90.0, 60.0),), 6.0)
    assert np.array_equal(retouched(fused, SLICES, []).rgb, fused.rgb)
    one = retouched(fused, SLICES, [first])
    both = retouched(fused, SLICES, [first, second])
    assert np.array_equal(both.rgb[:40, :40], one.rgb[:40, :40])
    back = retouched(fused, SLICES, [first, Stroke(-1, ((20.0, 20.0),), 12.0, softness=0.0)])
    assert np.array_equal(back.rgb, fused.rgb)


def test_strokes_beyond_the_picture_are_cut(fused: Fused) -> None:
    part, mask = brush(Stroke(1, ((-50.0, -50.0), (-20.0, -60.0)), 5.0), SHAPE)
    assert mask.size == 0
    part, mask = brush(Stroke(1, ((-3.0, 40.0),), 10.0), SHAPE)
    assert part[1].start == 0
    assert mask[40 - part[0].start, 0] > 0.5
    assert np.array_equal(retouched(fused, SLICES, [Stroke(1, ((500.0, 500.0),), 5.0)]).rgb, fused.rgb)


def test_half_strength_mixes(fused: Fused) -> None:
    out = retouched(fused, SLICES, [Stroke(1, ((60.0, 40.0),), 10.0, strength=0.5)])
    assert out.rgb[40, 60, 0] == pytest.approx(105 * 257, abs=2)


def test_nonsense_is_refused(fused: Fused) -> None:
    with pytest.raises(UsageError, match="no picture 3"):
        retouched(fused, SLICES, [Stroke(2, ((1.0, 1.0),), 5.0)])
    with pytest.raises(UsageError):
        Stroke(0, (), 5.0)
    with pytest.raises(UsageError):
        Stroke(0, ((1.0, 1.0),), 0.0)
    with pytest.raises(UsageError):
        Stroke(0, ((1.0, 1.0),), 1.0, softness=2.0)
    with pytest.raises(UsageError, match="differ in size"):
        retouched(fused, ListedSlices([np.zeros((4, 4, 3), np.uint8)]), [Stroke(0, ((1.0, 1.0),), 5.0)])
