"""Who has the focus when: the next target that counts, holds, groups; and that files keep what decides it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.edits import change_target, correct_target, forget_track, remove_targets, set_track
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.limits import MAX_CORRECTIONS
from rvr_laaf_app.document.project import Correction, FocusTarget, Project, SubjectTrack
from rvr_laaf_app.document.reign import partners, reign_of, reigns

HERE = Point(0.5, 0.5)


def target(name: str, frame: int, **values: object) -> FocusTarget:
    return FocusTarget(name, frame, HERE, **values)  # type: ignore[arg-type]


def test_a_target_reigns_until_the_next_one_and_is_followed_back_to_the_one_before() -> None:
    a, b, c = reigns((target("a", 10), target("b", 40), target("c", 70)), 100)
    assert [(r.begin, r.start, r.stop) for r in (a, b, c)] == [(0, 10, 40), (10, 40, 70), (40, 70, 100)]
    assert (a.before, a.after, b.before, b.after, c.after) == (None, 1, 0, 2, None)


def test_a_suggested_target_ends_nothing() -> None:
    targets = (target("a", 10), target("maybe", 40, strength="suggested"), target("c", 70))
    assert reign_of(targets, targets[0], 100).stop == 70
    assert reign_of(targets, targets[2], 100).begin == 10


def test_a_hold_ends_before_the_next_target_or_with_it() -> None:
    targets = (target("a", 10, hold_frames=5), target("b", 40, hold_frames=500))
    assert [r.stop for r in reigns(targets, 100)] == [15, 100]


def test_a_group_in_a_row_reigns_together() -> None:
    pair = target("a", 10, group="g"), target("b", 20, group="g")
    targets = (*pair, target("c", 70), target("d", 80, group="g"))
    assert [r.stop for r in reigns(targets, 100)] == [70, 70, 80, 100]
    assert partners(targets, targets[1]) == pair
    assert partners(targets, targets[3]) == (targets[3],)
    assert partners(targets, targets[2]) == (targets[2],)


def test_two_targets_at_one_frame_end_at_the_same_next_one() -> None:
    targets = (target("a", 10), target("b", 10), target("c", 60))
    assert [r.stop for r in reigns(targets, 100)] == [60, 60, 100]


def full() -> Project:
    corrections = (Correction(12, Point(0.2, 0.3)), Correction(30, Box(0.1, 0.2, 0.3, 0.4)))
    one = target("a", 10, hold_frames=7, follow=False, offset=-0.03, group="two", corrections=corrections)
    track = SubjectTrack(
        "a",
        4,
        np.full((20, 4), 0.25, np.float32),
        np.ones(20, np.float32),
        for_place=(10, HERE),
        corrections=corrections,
        sought_from=2,
    )
    return set_track(Project().with_targets((one, target("b", 50))), track)


def test_files_keep_it_and_leave_out_what_is_usual() -> None:
    project = full()
    values = encode(project)
    assert decode(values) == project
    usual = next(t for t in values["targets"] if t["id"] == "b")
    assert not set(usual) & {"hold_frames", "plane", "offset", "group", "corrections"}
    assert project.track_of(project.targets[0]) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hold_frames", 0),
        ("hold_frames", 1.5),
        ("plane", "somewhere"),
        ("offset", 3.0),
        ("offset", "near"),
        ("group", 7),
        ("group", "\0"),
        ("corrections", {"frame": 3}),
        ("corrections", [{"frame": 3}]),
        ("corrections", [{"frame": -1, "point": [0, 0]}]),
        ("corrections", [{"frame": 9, "point": [0, 0]}, {"frame": 9, "point": [0, 0]}]),
        ("corrections", [{"frame": n, "point": [0, 0]} for n in range(MAX_CORRECTIONS + 1)]),
    ],
)
def test_files_with_impossible_values_are_refused_by_name(field: str, value: object) -> None:
    values = encode(full())
    values["targets"][0][field] = value
    with pytest.raises(ValueError, match=field):
        decode(values)


def test_edits_refuse_what_cannot_be() -> None:
    project = full()
    for values in ({"hold_frames": 0}, {"offset": 5.0}, {"id": "x"}, {"nothing": 1}):
        with pytest.raises(UsageError):
            change_target(project, "a", values)
    with pytest.raises(UsageError):
        remove_targets(project, ["a", "unknown"])
    assert remove_targets(project, []) is project
    assert remove_targets(project, ["a", "b"]).targets == ()


def test_a_correction_replaces_the_one_at_its_frame_and_makes_the_track_stale() -> None:
    project = full()
    new = correct_target(project, "a", Correction(12, Point(0.9, 0.9)))
    assert [c.frame for c in new.targets[0].corrections] == [12, 30]
    assert new.targets[0].corrections[0].place == Point(0.9, 0.9)
    assert new.track_of(new.targets[0]) is None


def test_half_a_track_is_forgotten() -> None:
    project = full()
    ahead = forget_track(project, "a", forwards=True, backwards=False).tracks[0]
    assert (ahead.start, ahead.stop, ahead.sought_from) == (4, 11, 2)
    back = forget_track(project, "a", forwards=False, backwards=True).tracks[0]
    assert (back.start, back.stop, back.sought_from) == (10, 24, 10)
    assert forget_track(project, "a").tracks == ()


def test_a_track_with_another_way_is_another_track() -> None:
    track = full().tracks[0]
    assert replace(track, corrections=(), _digest=[]) != track
    assert replace(track, sought_from=None, _digest=[]) != track
