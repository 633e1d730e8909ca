"""Tracks forwards, backwards and through corrections, and what groups, holds and kept planes do to the focus curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.edits import change_target, correct_target, forget_track, set_track
from rvr_laaf_app.document.project import ClipRef, Correction, FocusTarget, LensSettings, Project, SubjectTrack
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.laaf.curve import HOLD
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.focus import curve_of, target_depth
from rvr_laaf_app.pipeline.focus_group import LARGEST_F_NUMBER, group_need
from rvr_laaf_app.pipeline.focus_planes import depth_at, planes_at
from rvr_laaf_app.pipeline.focus_track import track_job
from rvr_laaf_app.pipeline.products import ClipProducts
from tests.clips import SQUARE, write_clip

FRAMES, SIZE = 40, (160, 96)


def square(index: int) -> Box:
    return Box.from_pixels(min(8 + 2 * index, SIZE[0] - SQUARE), SIZE[1] // 2, SQUARE, SQUARE, picture=SIZE)


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> ClipProducts:
    info = probe(write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=FRAMES, size=SIZE))
    found: ClipProducts = run_job(analyse_job(products_of(info, "lower-is-nearer")))
    return found


def project_of(*targets: FocusTarget) -> Project:
    return Project(clip=ClipRef("clip.mp4", frames=FRAMES), lens=LensSettings()).with_targets(targets)


def tracked(products: ClipProducts, project: Project, target_id: str) -> SubjectTrack:
    found: SubjectTrack = run_job(track_job(products, project, target_id))
    return found


def test_a_subject_is_followed_to_both_ends(products: ClipProducts) -> None:
    track = tracked(products, project_of(FocusTarget("t", 20, square(20))), "t")
    assert (track.start, track.stop, track.sought_from) == (0, FRAMES, 0)
    for index in (2, 10, 20, 30, 38):
        box = track.box_at(index)
        assert box is not None
        assert box.overlap(square(index)) > 0.5


def test_backwards_it_ends_at_the_target_before_and_forwards_at_the_next_that_counts(products: ClipProducts) -> None:
    targets = (
        FocusTarget("a", 5, square(5)),
        FocusTarget("b", 20, square(20)),
        FocusTarget("maybe", 25, square(25), strength="suggested"),
        FocusTarget("c", 30, square(30)),
    )
    track = tracked(products, project_of(*targets), "b")
    assert (track.start, track.sought_from, track.stop) == (5, 5, 30)
    held = tracked(products, project_of(*(replace(t, hold_frames=4) if t.id == "b" else t for t in targets)), "b")
    assert held.stop == 24


def test_half_a_track_is_made_again_and_the_other_half_kept(products: ClipProducts) -> None:
    project = project_of(FocusTarget("t", 20, square(20)))
    track = tracked(products, project, "t")
    marked = replace(track, boxes=track.boxes + np.float32(0.25), _digest=[])
    for forwards in (True, False):
        left = forget_track(set_track(project, marked), "t", forwards=forwards, backwards=not forwards)
        again = tracked(products, left, "t")
        assert (again.start, again.stop) == (0, FRAMES)
        kept, made = (slice(0, 20), slice(20, None)) if forwards else (slice(21, None), slice(0, 20))
        np.testing.assert_allclose(again.boxes[kept], marked.boxes[kept])
        np.testing.assert_allclose(again.boxes[made], track.boxes[made], atol=0.03)


def test_a_correction_leads_the_track_through_its_place(products: ClipProducts) -> None:
    """The target was put on the wrong thing; shown where the subject is, the track is the subject's from there on."""
    wrong = Box.from_pixels(100, 8, SQUARE, SQUARE, picture=SIZE)
    project = correct_target(project_of(FocusTarget("t", 5, wrong)), "t", Correction(20, square(20)))
    track = tracked(products, project, "t")
    assert track.corrections == project.targets[0].corrections
    box = track.box_at(30)
    assert box is not None
    assert box.overlap(square(30)) > 0.5
    assert project.track_of(project.targets[0]) is None
    assert set_track(project, track).track_of(project.targets[0]) is track
    stale = correct_target(set_track(project, track), "t", Correction(25, square(25)))
    assert stale.track_of(stale.targets[0]) is None


def test_a_target_past_the_end_or_unknown_is_refused(products: ClipProducts) -> None:
    for project, name in ((project_of(FocusTarget("t", FRAMES, square(0))), "t"), (project_of(), "t")):
        with pytest.raises(UsageError):
            tracked(products, project, name)


def test_a_plane_that_is_held_stays_and_an_offset_moves_it(products: ClipProducts) -> None:
    high, low = Point(0.5, 0.1), Point(0.5, 0.9)
    project = project_of(FocusTarget("t", 10, low, follow=False))
    level = float(target_depth(products, project, project.targets[0])[10])
    plane = curve_of(products, project).focus_disparity
    np.testing.assert_allclose(plane, level)
    assert level == pytest.approx(depth_at(products, project, 10, low), abs=1e-3)
    assert level > depth_at(products, project, 10, high)
    moved = curve_of(products, change_target(project, "t", {"offset": -0.1})).focus_disparity
    np.testing.assert_allclose(moved, level - 0.1, atol=1e-5)


def test_after_its_hold_the_plane_rests_where_it_is(products: ClipProducts) -> None:
    project = project_of(FocusTarget("t", 0, square(0), hold_frames=15))
    boxes = np.array([[0.4, 0.02 + 0.02 * n, 0.2, 0.2] for n in range(FRAMES)], np.float32)
    track = SubjectTrack("t", 0, boxes, np.ones(FRAMES, np.float32), for_place=(0, square(0)))
    curve = curve_of(products, set_track(project, track))
    free = curve_of(products, set_track(change_target(project, "t", {"hold_frames": None}), track))
    np.testing.assert_allclose(curve.focus_disparity[:15], free.focus_disparity[:15])
    assert (curve.focus_disparity[15:] == curve.focus_disparity[14]).all()
    assert (curve.state[15:] == HOLD).all()
    assert free.focus_disparity[30] > free.focus_disparity[14] + 0.1


def test_a_group_is_focused_in_its_middle_and_needs_a_small_opening(products: ClipProducts) -> None:
    pair = (
        FocusTarget("near", 5, Point(0.5, 0.8), follow=False, group="g"),
        FocusTarget("far", 5, Point(0.5, 0.5), follow=False, group="g"),
    )
    project = project_of(*pair)
    levels = [float(target_depth(products, project, t)[5]) for t in pair]
    plane = curve_of(products, project).focus_disparity
    assert plane[20] == pytest.approx(sum(levels) / 2, abs=1e-4)
    need = group_need(products, project, pair)
    assert need.known
    assert need.half == pytest.approx(abs(levels[0] - levels[1]) / 2 * 1.1, rel=1e-3)
    assert need.f_number is not None
    assert need.possible == (need.f_number <= LARGEST_F_NUMBER)
    lens = replace(project.lens.lens, f_number=need.f_number)
    gain = replace(project.lens, lens=lens).blur_gain_px(SIZE[0], SIZE[0])
    assert gain * need.half == pytest.approx(1.0, rel=1e-3)  # sharp_coc of so small a picture


def test_a_group_that_is_too_deep_is_told_with_what_comes_nearest(products: ClipProducts) -> None:
    pair = tuple(FocusTarget(n, 0, Point(0.5, y), follow=False, group="g") for n, y in (("a", 0.02), ("b", 0.98)))
    wide = LensSettings(lens=replace(LensSettings().lens, focal_length_mm=600.0))
    need = group_need(products, replace(project_of(*pair), lens=wide), pair)
    assert not need.possible
    assert need.reachable == LARGEST_F_NUMBER
    plain = group_need(products, replace(project_of(*pair), lens=LensSettings(blur_px=20.0)), pair)
    assert plain.f_number is None
    assert plain.blur_px is not None
    assert plain.blur_px * 2 * plain.half <= 1.0 + 1e-6


def test_planes_of_a_frame_are_offered_near_to_far(products: ClipProducts) -> None:
    found = planes_at(products, project_of(), 3, count=3)
    assert found.index == 3
    levels = [p.disparity for p in found.planes]
    assert len(levels) == 3
    assert levels == sorted(levels, reverse=True)
    for pick in found.planes:
        at = depth_at(products, project_of(), 3, Point(pick.x, pick.y))
        assert abs(at - pick.disparity) < 0.2
