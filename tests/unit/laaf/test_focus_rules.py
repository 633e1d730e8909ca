"""The rules of the focus curve, one by one, on curves short enough to be read."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.laaf.curve import FOLLOW, HOLD, PULL, SOFT_SLACK, FocusSubject, focus_curve, hold_and_meet

TOTAL = 30


def level(value: float, *, start: int = 0, stop: int = TOTAL) -> np.ndarray:
    series = np.full(TOTAL, np.nan, np.float32)
    series[start:stop] = value
    return series


def test_without_targets_the_plane_rests_at_the_default() -> None:
    curve = focus_curve(TOTAL, [], default_disparity=0.3)
    assert (curve.focus_disparity == np.float32(0.3)).all()
    assert (curve.state == HOLD).all()
    assert len(focus_curve(0, [])) == 0


def test_the_first_target_is_in_focus_from_the_start() -> None:
    curve = focus_curve(TOTAL, [FocusSubject(12, level(0.8, start=12))])
    assert (curve.focus_disparity == np.float32(0.8)).all()
    assert (curve.state[:12] == HOLD).all()
    assert (curve.state[12:] == FOLLOW).all()


def test_a_pull_ends_one_frame_before_its_target_and_is_even() -> None:
    curve = focus_curve(TOTAL, [FocusSubject(0, level(0.0)), FocusSubject(20, level(1.0, start=20), pull_frames=10)])
    np.testing.assert_allclose(curve.focus_disparity[9:21], [0, *np.arange(1, 11) / 10, 1], atol=1e-6)
    assert (curve.state[10:20] == PULL).all()
    assert curve.state[9] == curve.state[20] == FOLLOW


def test_a_pull_meets_a_moving_subject() -> None:
    near = np.linspace(0.2, 0.9, TOTAL).astype(np.float32)
    curve = focus_curve(TOTAL, [FocusSubject(0, level(0.1)), FocusSubject(15, near)])
    np.testing.assert_array_equal(curve.focus_disparity[14:], near[14:])
    assert (np.diff(curve.focus_disparity[5:15]) > 0).all()


def test_targets_closer_than_the_pull_shorten_it() -> None:
    subjects = [FocusSubject(0, level(0.0)), FocusSubject(12, level(1.0)), FocusSubject(16, level(0.5))]
    curve = focus_curve(TOTAL, subjects)
    assert curve.focus_disparity[12] == 1.0
    np.testing.assert_allclose(curve.focus_disparity[13:17], [5 / 6, 4 / 6, 0.5, 0.5], atol=1e-6)


def test_no_pull_length_is_a_jump_at_the_target() -> None:
    curve = focus_curve(TOTAL, [FocusSubject(0, level(0.0)), FocusSubject(10, level(1.0), pull_frames=0)])
    assert (curve.focus_disparity[:10] == 0).all()
    assert (curve.focus_disparity[10:] == 1).all()


def test_a_cut_replaces_the_pull() -> None:
    subjects = [FocusSubject(0, level(0.2, stop=12)), FocusSubject(15, level(0.9, start=15))]
    curve = focus_curve(TOTAL, subjects, cuts=(12,))
    assert (curve.focus_disparity[:12] == np.float32(0.2)).all()
    assert (curve.focus_disparity[12:] == np.float32(0.9)).all()
    assert PULL not in curve.state


def test_a_target_on_the_first_frame_of_a_shot_is_sharp_there() -> None:
    subjects = [FocusSubject(0, level(0.2, stop=12)), FocusSubject(12, level(0.9, start=12))]
    curve = focus_curve(TOTAL, subjects, cuts=(12,))
    assert curve.focus_disparity[11] == np.float32(0.2)
    assert curve.focus_disparity[12] == np.float32(0.9)


def test_a_subject_seen_again_after_a_cut_is_followed_until_the_pull() -> None:
    subjects = [FocusSubject(0, level(0.2)), FocusSubject(27, level(0.9, start=27), pull_frames=5)]
    curve = focus_curve(TOTAL, subjects, cuts=(12,))
    assert (curve.focus_disparity[:22] == np.float32(0.2)).all()
    assert (curve.state[22:27] == PULL).all()


def test_a_target_too_soon_after_a_cut_applies_from_the_cut_on() -> None:
    subjects = [FocusSubject(0, level(0.2)), FocusSubject(16, level(0.9, start=16), pull_frames=5)]
    curve = focus_curve(TOTAL, subjects, cuts=(12,))
    assert (curve.focus_disparity[12:] == np.float32(0.9)).all()


def test_a_shot_in_which_nothing_is_known_rests_at_the_default() -> None:
    curve = focus_curve(TOTAL, [FocusSubject(0, level(0.9, stop=12))], cuts=(12, 20), default_disparity=0.4)
    assert (curve.focus_disparity[12:] == np.float32(0.4)).all()
    assert (curve.state[12:] == HOLD).all()


def test_a_lost_subject_is_held_and_met_again() -> None:
    seen = level(0.2)
    seen[5:20] = np.nan
    seen[20:] = 0.7
    curve = focus_curve(TOTAL, [FocusSubject(0, seen)])
    assert (curve.focus_disparity[:11] == np.float32(0.2)).all()
    assert (np.diff(curve.focus_disparity[10:21]) > 0).all()
    assert (curve.state[5:20] == HOLD).all()


def test_a_subject_never_seen_changes_nothing() -> None:
    subjects = [FocusSubject(0, level(0.2)), FocusSubject(15, np.full(TOTAL, np.nan, np.float32))]
    assert (focus_curve(TOTAL, subjects).focus_disparity == np.float32(0.2)).all()
    alone = focus_curve(TOTAL, subjects[1:], default_disparity=0.6)
    assert (alone.focus_disparity == np.float32(0.6)).all()


def test_strengths() -> None:
    rest, soft = FocusSubject(0, level(0.0)), FocusSubject(14, level(1.0), strength="soft")
    firm = FocusSubject(18, level(0.5))
    assert focus_curve(TOTAL, [rest, soft]).focus_disparity[14] == pytest.approx(1.0 - SOFT_SLACK)
    assert focus_curve(TOTAL, [rest, soft, firm]).focus_disparity.max() == 0.5, (
        "soft gives way to a firm one soon after"
    )
    suggested = FocusSubject(14, level(1.0), strength="suggested")
    assert (focus_curve(TOTAL, [rest, suggested]).focus_disparity == 0).all()
    same_frame = [FocusSubject(0, level(0.3)), FocusSubject(0, level(0.8), strength="soft")]
    assert focus_curve(TOTAL, same_frame).focus_disparity[0] == np.float32(0.3)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="disparity must be"):
        focus_curve(TOTAL, [FocusSubject(0, np.zeros(3, np.float32))])
    with pytest.raises(ValueError, match="must be a number"):
        focus_curve(TOTAL, [], default_disparity=float("nan"))


def test_curves_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        focus_curve(TOTAL, []).focus_disparity[0] = 1.0


def test_a_long_gap_is_led_only_at_its_end() -> None:
    series = np.array([0.0, *[np.nan] * 6, 1.0])
    np.testing.assert_allclose(hold_and_meet(series, 2), [0, 0, 0, 0, 0, 0, 0.5, 1])
    np.testing.assert_allclose(hold_and_meet(series, 0), [0, 0, 0, 0, 0, 0, 0, 1])
