"""Focus errors that are known beforehand: each makes exactly its problem, at its frames, of its size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.project import FocusTarget, LensSettings, Project, SubjectTrack
from rvr_laaf_app.estimate.heuristic import CONFIDENCE
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.focus import curve_of
from rvr_laaf_app.pipeline.focus_check import FocusReport, check_job
from rvr_laaf_app.pipeline.focus_problems import KIND_TITLES
from rvr_laaf_app.track.disparity import mean_in_box
from tests.clips import write_clip
from tests.unit.pipeline.known_focus import DOF, FRAMES, KnownFocus, late_by, moved


def kinds(report: FocusReport) -> list[str]:
    return [p.kind for p in report.problems]


def two_subjects() -> KnownFocus:
    clip = KnownFocus()
    clip.add(0, 0.2)
    clip.add(50, 0.8)
    return clip


def test_a_good_curve_has_no_problem_and_every_subject_is_sharp() -> None:
    clip = two_subjects()
    report = clip.check()
    assert report.problems == ()
    assert report.complete
    assert report.known == FRAMES
    assert [report.sharp_share(s) for s in report.subjects] == [1.0, 1.0]
    first, second = report.subjects
    assert first.at(10) == pytest.approx(0.0, abs=1e-4)
    assert second.at(10) is None, "nobody knows where the second one is before its frame"
    assert (np.flatnonzero(first.held)[[0, -1]] == [0, 39]).all(), "until the pull to the second one begins"
    assert (np.flatnonzero(second.held)[[0, -1]] == [50, 99]).all()


def test_distance_is_signed_and_in_pixels_of_the_full_width() -> None:
    clip = two_subjects()
    report = clip.check(moved(clip.curve, 60, 80, +0.25))
    near = report.subject("t2")
    assert near is not None
    assert near.at(70) == pytest.approx(-0.25 * 20.0, abs=1e-3), "the plane is nearer: the subject lies behind it"
    assert near.at(90) == pytest.approx(0.0, abs=1e-3)
    pulling = report.subject("t1")
    assert pulling is not None
    assert pulling.at(45) == pytest.approx((0.2 - 0.2 - 0.6 * 6 / 10) * 20.0, abs=1e-3)


@pytest.mark.parametrize("late", [2, 3, 7, 20])
def test_a_curve_that_is_late_by_k_frames_is_late_by_what_is_beyond_the_depth_of_field(late: int) -> None:
    clip = two_subjects()
    report = clip.check(late_by(clip.curve, late))
    # The pull is there 1 frame early and covers 0.06 a frame: the last frame of it is inside the depth of field of 0.1.
    expected = late - 1 - int(DOF / 0.06)
    if expected < 2:
        assert report.problems == ()
        return
    (problem,) = report.problems
    assert (problem.kind, problem.target_id) == ("pull_late", "t2")
    assert (problem.start, problem.stop) == (50, 50 + expected)
    assert f"{expected} frames late" in problem.sentence
    assert "in front of" in problem.sentence
    assert problem.size_dof == pytest.approx(min(0.6, 0.06 * (late - 1)) / DOF, rel=1e-3)


def test_a_target_that_is_never_reached_is_soft() -> None:
    clip = two_subjects()
    report = clip.check(moved(clip.curve, 50, FRAMES, -0.3))
    (problem,) = report.problems
    assert (problem.kind, problem.start, problem.stop, problem.target_id) == ("target_soft", 50, FRAMES, "t2")
    assert problem.size_dof == pytest.approx(0.3 / DOF, rel=1e-3)
    assert report.sharp_share(report.subjects[1]) == 0.0
    assert "in front of" in problem.sentence


def test_a_subject_that_leaves_the_depth_of_field_while_held() -> None:
    clip = two_subjects()
    report = clip.check(moved(clip.curve, 70, 78, +0.2))
    (problem,) = report.problems
    assert (problem.kind, problem.start, problem.stop) == ("leaves_focus", 70, 78)
    assert problem.size_dof == pytest.approx(2.0, rel=1e-3)
    assert "behind" in problem.sentence


@pytest.mark.parametrize(("start", "stop", "by"), [(70, 72, 0.5), (70, 78, 0.09), (70, 78, 0.11)])
def test_what_nobody_sees_is_not_told(start: int, stop: int, by: float) -> None:
    clip = two_subjects()
    assert clip.check(moved(clip.curve, start, stop, by)).problems == ()


def test_spots_near_to_each_other_are_one() -> None:
    clip = two_subjects()
    curve = moved(moved(clip.curve, 70, 74, 0.3), 78, 82, 0.3)
    (problem,) = clip.check(curve).problems
    assert (problem.start, problem.stop) == (70, 82)


def test_the_way_to_the_next_target_is_no_problem_of_the_former() -> None:
    clip = KnownFocus()
    clip.add(0, 0.1)
    clip.add(60, 0.9, pull_frames=40)
    assert clip.check().problems == ()


def test_a_lost_subject_and_one_that_is_only_hidden() -> None:
    clip = two_subjects()
    clip.hide("t1", 20, 30)
    clip.hide("t2", 80, FRAMES)
    hidden, lost = clip.check().problems
    assert (hidden.kind, hidden.start, hidden.stop, hidden.size_dof) == ("track_lost", 20, 30, None)
    assert "hidden for 10 frames" in hidden.sentence
    assert (lost.kind, lost.start, lost.stop) == ("track_lost", 80, FRAMES)
    assert "lost for 20 frames" in lost.sentence


def test_where_the_subject_is_not_seen_its_distance_is_unknown() -> None:
    clip = two_subjects()
    clip.hide("t2", 80, FRAMES)
    subject = clip.check().subject("t2")
    assert subject is not None
    assert subject.at(79) is not None
    assert subject.at(80) is None
    assert subject.at(FRAMES) is None


def test_targets_too_near_to_pull() -> None:
    clip = KnownFocus()
    clip.add(0, 0.2)
    clip.add(50, 0.8)
    clip.add(54, 0.2)
    (problem,) = clip.check().problems
    assert (problem.kind, problem.target_id) == ("pull_hurried", "t3")
    assert problem.start <= 51
    assert problem.stop == 55
    assert "4 frames apart" in problem.sentence
    assert "10 frames is cut to 3" in problem.sentence
    assert problem.size_dof == pytest.approx(0.6 / DOF, rel=1e-3)


def test_targets_near_in_time_at_one_depth_need_no_pull() -> None:
    clip = KnownFocus()
    clip.add(0, 0.5)
    clip.add(4, 0.55)
    assert clip.check().problems == ()


def test_a_pull_that_crosses_too_much_in_too_few_frames() -> None:
    clip = KnownFocus()
    clip.add(0, 0.0)
    clip.add(50, 1.3, pull_frames=2)
    (problem,) = clip.check().problems
    assert (problem.kind, problem.target_id) == ("pull_hurried", "t2")
    assert "look like a cut" in problem.sentence
    clip.targets[1] = replace(clip.targets[1], pull_frames=0)
    assert clip.check().problems == (), "without a pull it is a cut on purpose"


def test_a_soft_target_that_is_passed_over_is_told() -> None:
    clip = KnownFocus()
    clip.add(0, 0.2)
    clip.add(50, 0.8, strength="soft")
    clip.add(54, 0.2)
    report = clip.check()
    assert "target_soft" in kinds(report)
    assert next(p for p in report.problems if p.kind == "target_soft").target_id == "t2"


def test_doubtful_depth_under_the_subject() -> None:
    clip = KnownFocus(trust=0.25)
    clip.add(0, 0.5)
    (problem,) = clip.check().problems
    assert (problem.kind, problem.start, problem.stop) == ("depth_doubtful", 0, FRAMES)
    assert "confidence 25 %" in problem.sentence


def test_real_products_measure_level_and_trust_in_one_reading(tmp_path: Path) -> None:
    products = run_job(analyse_job(products_of(probe(write_clip(tmp_path / "clip.mp4", frames=24)), "lower-is-nearer")))
    boxes = np.tile(np.float32([0.2, 0.6, 0.2, 0.2]), (24, 1))
    confidence = np.ones(24, np.float32)
    confidence[5] = 0
    target = FocusTarget("t", 0, Box(0.2, 0.6, 0.2, 0.2))
    project = Project(
        targets=(target,), tracks=(SubjectTrack("t", 0, boxes, confidence),), lens=LensSettings(blur_px=5)
    )
    report = run_job(check_job(products, project, curve_of(products, project)))
    assert report.complete
    assert report.problems == ()
    (subject,) = report.subjects
    assert subject.at(4) == pytest.approx(0.0, abs=0.05)
    assert subject.at(5) is None
    trust = products.subject_trust(project.tracks[0], 0, 24)
    assert np.isnan(trust[5])
    np.testing.assert_allclose(np.delete(trust, 5), CONFIDENCE, atol=0.01)
    assert np.isnan(products.subject_levels(project.tracks[0], 0, 24)[5])
    off = moved(curve_of(products, project), 10, 20, 0.5)
    (problem,) = run_job(check_job(products, project, off)).problems
    assert (problem.kind, problem.start, problem.stop) == ("leaves_focus", 10, 20)
    assert problem.size_dof == pytest.approx(0.5 * 10 / 1.0, rel=0.02)


def test_nothing_is_said_of_frames_that_are_not_analysed() -> None:
    clip = two_subjects()
    clip.cuts, clip.done = (30,), 60
    clip.hide("t1", 10, 15)
    report = clip.check()
    assert report.known == 30, "the second shot is not over: its depth may still change"
    assert not report.complete
    assert kinds(report) == ["track_lost"]
    first, second = report.subjects
    assert np.isnan(first.error_px[30:]).all()
    assert np.isnan(second.error_px).all()
    assert not second.held.any()


def test_without_a_curve_nothing_is_known() -> None:
    clip = two_subjects()
    report = run_job(check_job(clip, clip.project, None))  # type: ignore[arg-type]
    assert (report.known, report.subjects, report.problems) == (0, (), ())


def test_a_target_that_is_not_followed_is_pending_and_makes_no_problem() -> None:
    clip = two_subjects()
    project = clip.project
    report = clip.check(project=replace(project, tracks=project.tracks[:1]))
    assert report.pending == ("t2",)
    assert not report.complete
    assert report.problems == ()
    subject = report.subject("t2")
    assert subject is not None
    assert subject.at(60) is None


def test_a_track_that_ends_early_is_pending() -> None:
    clip = two_subjects()
    project = clip.project
    (alone,) = [t for t in project.targets if t.id == "t1"]
    report = clip.check(project=project.with_targets((alone,)))
    assert report.pending == ("t1",), "followed to frame 50 only, where another target was once"


def test_suggestions_are_no_targets() -> None:
    clip = two_subjects()
    clip.add(70, 0.1, strength="suggested")
    project = clip.project
    tracks = tuple(t for t in project.tracks if t.target_id != "t3")
    report = clip.check(project=replace(project, tracks=tracks))
    assert [s.target_id for s in report.subjects] == ["t1", "t2"]


def test_a_shot_in_which_nothing_is_chosen() -> None:
    clip = KnownFocus(cuts=(30, 60, 80))
    clip.add(0, 0.3)
    clip.add(80, 0.6)
    clip.hide("t1", 30, 80)
    (problem,) = clip.check().problems
    assert (problem.kind, problem.start, problem.stop, problem.target_id) == ("no_subject", 30, 80, "")


def test_a_subject_that_comes_back_after_a_cut_is_held_there() -> None:
    clip = KnownFocus(cuts=(30, 60))
    clip.add(0, 0.3)
    clip.hide("t1", 30, 60)
    report = clip.check(moved(clip.curve, 70, 80, 0.4))
    assert kinds(report) == ["no_subject", "leaves_focus"]
    held = report.subjects[0].held
    assert held[:30].all()
    assert not held[30:60].any()
    assert held[60:].all()


def test_the_first_target_of_a_shot_takes_over_at_its_cut() -> None:
    clip = KnownFocus(cuts=(40,))
    clip.add(0, 0.3)
    clip.add(45, 0.9)
    clip.hide("t1", 40, FRAMES)
    report = clip.check()
    assert report.problems == ()
    assert np.flatnonzero(report.subjects[0].held)[-1] == 39


def test_no_targets_no_problems() -> None:
    clip = KnownFocus()
    report = clip.check(project=Project())
    assert report.problems == ()
    assert report.complete


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, FRAMES - 1), st.floats(0, 1), st.integers(0, 30)), min_size=1, max_size=6),
    st.lists(st.integers(1, FRAMES - 1), max_size=3),
    st.integers(0, FRAMES),
)
def test_any_project_is_checked_in_bounds(targets: list[tuple[int, float, int]], cuts: list[int], done: int) -> None:
    clip = KnownFocus(cuts=tuple(sorted(set(cuts))), done=done)
    for frame, disparity, pull in sorted(targets, key=lambda t: t[0]):
        clip.add(frame, disparity, pull_frames=pull)
    report = clip.check()
    assert report.known <= FRAMES
    for problem in report.problems:
        assert 0 <= problem.start < problem.stop <= report.known
        assert problem.kind in KIND_TITLES
        assert "{" not in problem.sentence
        assert problem.size_dof is None or problem.size_dof >= 1.0
    assert not any(s.held[report.known :].any() for s in report.subjects)


def test_mean_in_box() -> None:
    values = np.zeros((10, 20), np.float16)
    values[4:6, 8:12] = 1.0
    assert mean_in_box(values, Box(0.4, 0.4, 0.2, 0.2)) == 1.0
    assert mean_in_box(values, Box(0.4, 0.4, 0.4, 0.2)) == 0.5
    assert mean_in_box(values, Box(1.2, 0.3, 0.4, 0.4)) == 0.0
