"""Suggestions beside a project: open, taken, refused; decided on through a session."""

from __future__ import annotations

from rvr_laaf_app.app.suggestions import PREVIEW_ID, accepted, brought_back, offers_of, preview_of, refused, runner_up
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ClipRef, FocusTarget, Project

HERE, THERE = Box(0.1, 0.1, 0.2, 0.4), Box(0.7, 0.1, 0.2, 0.4)
PROJECT = Project(clip=ClipRef("a.mp4", "f", 200))
FOUND = (
    Suggestion(60, THERE, 0.5, "action", "enters"),
    Suggestion(
        20, HERE, 0.9, "voice", "speaks", ready=14, earlier=(10, HERE), runner_up="listens", runner_up_box=THERE
    ),
)


def test_offers_lie_where_the_targets_would_be_in_the_order_of_time() -> None:
    first, second = offers_of(PROJECT, FOUND)
    assert (first.frame, first.suggestion.frame, second.frame) == (14, 20, 60)
    assert {o.state for o in (first, second)} == {"open"}
    assert not first.swapped


def test_accepting_takes_and_refusing_refuses_until_it_is_brought_back() -> None:
    made: list[str] = []
    first, second = offers_of(PROJECT, FOUND)
    project = accepted([first], 12, made)(PROJECT)
    assert [t.id for t in project.targets] == made
    assert (project.targets[0].pull_frames, project.targets[0].source) == (12, "detector:voice")
    assert [o.state for o in offers_of(project, FOUND)] == ["taken", "open"]
    project = refused([second])(project)
    assert [o.state for o in offers_of(project, FOUND)] == ["taken", "refused"]
    assert [o.state for o in offers_of(brought_back([second])(project), FOUND)] == ["taken", "open"]
    project = accepted([second], 12, made)(project)
    assert not project.refusals


def test_a_target_of_the_user_on_the_same_subject_takes_an_offer() -> None:
    on, beside = FocusTarget("a", 12, Point(0.2, 0.3)), FocusTarget("b", 12, Point(0.5, 0.3))
    late = FocusTarget("c", 40, Point(0.2, 0.3))
    for target, state in ((on, "taken"), (beside, "open"), (late, "open")):
        assert offers_of(PROJECT.with_targets((target,)), FOUND)[0].state == state
    assert offers_of(PROJECT.with_targets((on,)), FOUND, cuts=(13,))[0].state == "open"  # it is of another shot


def test_the_runner_up_and_back_is_the_same_offer() -> None:
    key = offers_of(PROJECT, FOUND)[0].key
    swapped = next(o for o in offers_of(PROJECT, FOUND, swapped={key}) if o.key == key)
    assert (swapped.box, swapped.suggestion.reason, swapped.suggestion.runner_up) == (THERE, "listens", "speaks")
    assert swapped.swapped
    assert runner_up(FOUND[0]) is FOUND[0]  # this has none


def test_a_preview_changes_nothing_and_can_be_made_of_itself() -> None:
    offer = offers_of(PROJECT, FOUND)[0]
    shown = preview_of(PROJECT, offer, 10)
    assert [t.id for t in shown.targets] == [PREVIEW_ID]
    assert preview_of(shown, offer, 10).targets == shown.targets
    assert PROJECT.targets == ()
