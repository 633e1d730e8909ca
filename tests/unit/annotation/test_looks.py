"""Frames known again by what they look like: other time bases, other levels, other times, and frames that are gone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rvr_laaf_app.annotation.looks import SAME_LEVELS, find_again, hash_of, look_of, moment_at, pictures_of
from rvr_laaf_app.core.timebase import FrameTable
from tests.unit.annotation.pretend_clips import looks_of_noise, table_of

FRAMES = 50
LOOKS = looks_of_noise(FRAMES)
TABLE = table_of(FRAMES)
MOMENTS = [moment_at(TABLE, LOOKS, frame) for frame in (0, 7, 30, 49)]


def test_the_same_frames_in_another_container() -> None:
    """30000/1001 frames a second in ticks of 1/30000 and, rounded, of a millisecond."""
    exact = FrameTable(np.arange(FRAMES) * 1001, Fraction(1, 30000))
    rounded = FrameTable(np.rint(np.arange(FRAMES) * 1001 / 30).astype(np.int64), Fraction(1, 1000))
    for frame in range(FRAMES):
        (there,) = find_again([moment_at(exact, LOOKS, frame)], rounded, LOOKS)
        (back,) = find_again([moment_at(rounded, LOOKS, frame)], exact, LOOKS)
        assert (there.frame, there.how, back.frame, back.how) == (frame, "exact", frame, "exact")


def test_a_start_other_than_zero_does_not_matter() -> None:
    later = FrameTable(TABLE.pts + 5000, TABLE.time_base)
    assert [f.frame for f in find_again(MOMENTS, later, LOOKS)] == [0, 7, 30, 49]


def test_a_re_encode_changes_levels_a_little() -> None:
    rng = np.random.default_rng(3)
    noisy = np.clip(LOOKS * 0.98 + 3 + rng.normal(0, 1.0, LOOKS.shape), 0, 255).astype(np.uint8)
    found = find_again(MOMENTS, TABLE, noisy)
    assert [f.frame for f in found] == [0, 7, 30, 49]
    assert {f.how for f in found} == {"alike"}
    assert 0 < max(f.levels for f in found) < SAME_LEVELS


def test_a_cut_head_moves_the_frames_and_what_is_gone_is_said() -> None:
    rng = np.random.default_rng(3)
    rest = np.clip(LOOKS[5:] + rng.normal(0, 1.0, LOOKS[5:].shape), 0, 255).astype(np.uint8)
    found = find_again(MOMENTS, table_of(FRAMES - 5), rest)
    assert [(f.frame, f.how) for f in found] == [(None, "lost"), (2, "moved"), (25, "moved"), (44, "moved")]
    assert found[0].levels > SAME_LEVELS


def test_a_shift_that_most_moments_tell_decides_where_frames_are_alike() -> None:
    """Frames 20 to 29 look the same; after five frames were cut off, the shift of the others says which is which."""
    rng = np.random.default_rng(9)
    looks = LOOKS.copy()
    looks[20:30] = looks[20]
    moments = [moment_at(TABLE, looks, frame) for frame in (2, 10, 12, 26, 40)]
    rest = np.clip(looks[5:] + rng.normal(0, 1.0, looks[5:].shape), 0, 255).astype(np.uint8)
    found = find_again(moments, table_of(FRAMES - 5), rest)
    assert [f.frame for f in found][:3] == [None, 5, 7]
    assert found[3].frame == 21
    assert found[4].frame == 35


def test_in_a_still_scene_the_time_decides() -> None:
    still = np.repeat(LOOKS[:1], FRAMES, axis=0)
    moment = moment_at(TABLE, still, 20)
    assert find_again([moment], TABLE, still)[0].frame == 20
    noisy = np.clip(still + np.random.default_rng(0).normal(0, 0.7, still.shape), 0, 255).astype(np.uint8)
    again = find_again([moment], TABLE, noisy)[0]
    assert (again.frame, again.how) == (20, "alike")


def test_a_look_is_the_luma_of_any_picture() -> None:
    rgb = np.zeros((90, 160, 3), np.uint8)
    rgb[..., 1] = 200
    assert np.all(look_of(rgb) == round(200 * 0.7152))
    deep = rgb.astype(np.uint16) * 257
    assert np.array_equal(look_of(deep), look_of(rgb)), "10 bits and 8 bits of the same light"
    rgb[:45] = 255
    assert hash_of(look_of(rgb)) != hash_of(look_of(rgb[::-1].copy()))
    assert pictures_of(LOOKS) != pictures_of(LOOKS[::-1].copy())


def test_frames_outside_the_clip() -> None:
    for frame in (-1, FRAMES):
        with pytest.raises(IndexError):
            moment_at(TABLE, LOOKS, frame)
