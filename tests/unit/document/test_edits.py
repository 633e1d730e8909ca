from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project, SubjectTrack

START = Project(clip=ClipRef("/clips/a.mp4", "ff", 100))


def with_targets(*frames: int) -> Project:
    project = START
    for frame in frames:
        project = edits.add_target(project, FocusTarget(f"t{frame}", frame, Point(0.5, 0.5)))
    return project


def track(target_id: str, *, start: int = 0, frames: int = 5) -> SubjectTrack:
    boxes = np.full((frames, 4), 0.25, np.float32)
    return SubjectTrack(target_id, start, boxes, np.ones(frames, np.float32), for_place=(start, Point(0.5, 0.5)))


def test_targets_are_sorted_by_frame_and_the_start_is_untouched() -> None:
    project = with_targets(50, 10, 30)
    assert [t.frame for t in project.targets] == [10, 30, 50]
    assert START.targets == ()


def test_new_ids_are_short_unique_and_never_taken() -> None:
    project, seen = START, set()
    for frame in range(200):
        made = edits.new_id(project)
        seen.add(made)
        project = edits.add_target(project, FocusTarget(made, frame, Point(0, 0)))
    assert len(seen) == 200
    assert max(map(len, seen)) <= 12


def test_removing_a_target_takes_its_track_along() -> None:
    project = edits.set_track(with_targets(0, 10), track("t0"))
    assert edits.remove_target(project, "t0").tracks == ()
    assert edits.remove_target(project, "t10").tracks == project.tracks


def test_a_moved_target_has_no_valid_track_until_it_is_back() -> None:
    project = edits.set_track(with_targets(0), track("t0"))
    moved = edits.move_target(project, "t0", place=Box(0.1, 0.1, 0.2, 0.2))
    assert moved.track_of(moved.targets[0]) is None
    back = edits.move_target(moved, "t0", place=Point(0.5, 0.5))
    assert back.track_of(back.targets[0]) is not None


def test_edits_that_change_nothing_return_the_same_object() -> None:
    project = edits.set_track(with_targets(0), track("t0"))
    assert edits.move_target(project, "t0", frame=0) is project
    assert edits.set_target(project, "t0", pull_frames=10) is project
    assert edits.set_lens(project, LensSettings()) is project
    assert edits.set_clip(project, START.clip) is project
    assert edits.set_track(project, track("t0")) is project
    assert edits.drop_track(project, "nobody") is project


@pytest.mark.parametrize(
    "place",
    [Point(float("nan"), 0), Point(0, 1e308), Box(0, 0, -1, 1), Box(0, 0, float("inf"), 1)],
)
def test_impossible_places_are_refused_by_name(place: Point | Box) -> None:
    with pytest.raises(UsageError, match="place"):
        edits.add_target(START, FocusTarget("a", 0, place))


def test_impossible_values_are_refused() -> None:
    project = with_targets(0)
    with pytest.raises(UsageError, match="negative"):
        edits.set_target(project, "t0", pull_frames=-1)
    with pytest.raises(UsageError, match="ease"):
        edits.set_target(project, "t0", ease="bouncy")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="NUL"):
        edits.set_clip(project, ClipRef("a\0b"))
    with pytest.raises(UsageError, match="highlight_boost"):
        edits.set_lens(project, LensSettings(highlight_boost=2.0))
    with pytest.raises(UsageError, match="focal_length_mm"):
        edits.set_lens(project, LensSettings(lens=Lens(focal_length_mm=1e300)))
    with pytest.raises(UsageError, match="no target 'x'"):
        edits.remove_target(project, "x")
    with pytest.raises(UsageError, match="already"):
        edits.add_target(project, FocusTarget("t0", 3, Point(0, 0)))
    bad = track("t0")
    wrong = SubjectTrack("t0", 0, bad.boxes.copy() * np.float32("nan"), bad.confidence.copy())
    with pytest.raises(UsageError, match="boxes"):
        edits.set_track(project, wrong)
