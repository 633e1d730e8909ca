"""Whatever the targets, the focus curve stays within its inputs, arrives in time, respects cuts and is a number."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rvr_laaf_app.laaf.curve import FOLLOW, HOLD, PULL, FocusSubject, focus_curve, hold_and_meet

EASES = st.sampled_from(["linear", "in", "out", "in_out"])
STRENGTHS = st.sampled_from(["suggested", "soft", "firm"])
LEVELS = st.floats(0.0, 1.0, width=32)
DEFAULT = 0.5


@st.composite
def series(draw: st.DrawFn, total: int) -> np.ndarray:
    """A subject's disparity with gaps anywhere, infinities included."""
    values = draw(
        st.lists(st.one_of(LEVELS, st.just(np.nan), st.just(np.inf)), min_size=total, max_size=total).map(np.array)
    )
    return values.astype(np.float32)


@st.composite
def any_clip(draw: st.DrawFn) -> tuple[int, list[FocusSubject], list[int]]:
    total = draw(st.integers(1, 40))
    subjects = [
        FocusSubject(
            draw(st.integers(-5, 45)),
            draw(series(total)),
            pull_frames=draw(st.integers(0, 15)),
            ease=draw(EASES),
            strength=draw(STRENGTHS),
        )
        for _ in range(draw(st.integers(0, 5)))
    ]
    return total, subjects, draw(st.lists(st.integers(-3, 45), max_size=4))


@st.composite
def constant_clip(draw: st.DrawFn) -> tuple[int, list[FocusSubject], list[int]]:
    """Subjects that do not move in depth and are seen in every frame of the clip, at different frames, all firm."""
    total = draw(st.integers(1, 60))
    frames = draw(st.lists(st.integers(0, total - 1), max_size=5, unique=True))
    subjects = [
        FocusSubject(f, np.full(total, draw(LEVELS), np.float32), draw(st.integers(0, 20)), draw(EASES)) for f in frames
    ]
    return total, subjects, draw(st.lists(st.integers(1, 59), max_size=3))


@given(any_clip())
def test_the_plane_is_a_number_within_its_inputs(clip: tuple[int, list[FocusSubject], list[int]]) -> None:
    total, subjects, cuts = clip
    curve = focus_curve(total, subjects, cuts=cuts, default_disparity=DEFAULT)
    assert curve.focus_disparity.shape == curve.state.shape == (total,)
    assert curve.focus_disparity.dtype == np.float32
    assert np.isfinite(curve.focus_disparity).all()
    finite = [s.disparity[np.isfinite(s.disparity)] for s in subjects]
    inputs = np.concatenate([np.array([DEFAULT], np.float32), *finite])
    assert curve.focus_disparity.min() >= inputs.min()
    assert curve.focus_disparity.max() <= inputs.max()
    assert set(np.unique(curve.state)) <= {HOLD, FOLLOW, PULL}


@given(any_clip())
def test_the_same_targets_give_the_same_curve_in_any_order_of_cuts(
    clip: tuple[int, list[FocusSubject], list[int]],
) -> None:
    total, subjects, cuts = clip
    before = [s.disparity.copy() for s in subjects]
    one = focus_curve(total, subjects, cuts=cuts)
    two = focus_curve(total, subjects, cuts=[*reversed(cuts), *cuts])
    np.testing.assert_array_equal(one.focus_disparity, two.focus_disparity)
    np.testing.assert_array_equal(one.state, two.state)
    for subject, values in zip(subjects, before, strict=True):
        np.testing.assert_array_equal(subject.disparity, values)


@given(constant_clip())
def test_every_target_is_sharp_at_its_frame_and_the_one_before(
    clip: tuple[int, list[FocusSubject], list[int]],
) -> None:
    total, subjects, cuts = clip
    curve = focus_curve(total, subjects, cuts=cuts)
    by_frame = {s.frame: s for s in subjects}
    for frame, subject in by_frame.items():
        assert curve.focus_disparity[frame] == subject.disparity[frame]
        crowded = frame - 1 in by_frame or frame in cuts or subject.pull_frames == 0
        if frame > 0 and not crowded:
            assert curve.focus_disparity[frame - 1] == subject.disparity[frame]


@given(constant_clip())
def test_pulls_are_monotone_as_long_as_asked_and_never_cross_a_cut(
    clip: tuple[int, list[FocusSubject], list[int]],
) -> None:
    total, subjects, cuts = clip
    curve = focus_curve(total, subjects, cuts=cuts)
    ordered = sorted(subjects, key=lambda s: s.frame)
    for former, subject in pairwise(ordered):
        window = slice(max(subject.frame - subject.pull_frames, former.frame + 1) - 1, subject.frame)
        if any(former.frame < c <= subject.frame for c in cuts):
            continue
        steps = np.diff(curve.focus_disparity[window].astype(np.float64))
        assert (steps >= -1e-6).all() or (steps <= 1e-6).all()
        resting = curve.focus_disparity[former.frame : window.start + 1]
        assert (resting == former.disparity[0]).all()
    for cut in cuts:
        if 0 < cut < total:
            assert curve.state[cut] != PULL
    moving = np.flatnonzero(np.diff(curve.focus_disparity)) + 1
    allowed = set(cuts) | {s.frame for s in subjects} | set(np.flatnonzero(curve.state == PULL))
    assert set(moving) <= allowed


@given(st.integers(1, 50).flatmap(series), st.integers(0, 12))
@settings(max_examples=60)
def test_gaps_are_held_and_known_values_kept(values: np.ndarray, travel: int) -> None:
    values = np.where(np.isinf(values), np.nan, values)
    whole = hold_and_meet(values, travel)
    known = np.isfinite(values)
    if not known.any():
        assert np.isnan(whole).all()
        return
    np.testing.assert_array_equal(whole[known], values[known].astype(np.float64))
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    for place in np.flatnonzero(~known):
        ahead = np.flatnonzero(known[place:])
        if last[place] >= 0 and (ahead.size == 0 or ahead[0] >= travel):
            assert whole[place] == values[last[place]]
