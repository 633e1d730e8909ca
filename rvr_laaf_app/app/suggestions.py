"""What is offered to the user of what was suggested: where the target would be, and whether it is still open.

Pure functions of the project and the suggestions; nothing is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.document import Edit
from rvr_laaf_app.document.project import FocusTarget, Project
from rvr_laaf_app.document.refusal import NEAR_FRAMES, SAME_PLACE, Refusal
from rvr_laaf_app.document.refusal_edits import add_refusals, drop_refusals

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.suggested import Mode

State = Literal["open", "taken", "refused"]
PREVIEW_ID = "suggestion"
USER_MODES: tuple[Mode, ...] = ("auto", "conversation", "action")


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggestion beside the project.

    key: the same for a suggestion and for its runner-up. frame, box: of the target that it would become. swapped: it
    is the runner-up. state: "taken" if a target of the project is about the same subject and time.
    """

    key: tuple[int, Box]
    suggestion: Suggestion
    frame: int
    box: Box
    state: State
    swapped: bool = False


def offers_of(
    project: Project,
    suggestions: Sequence[Suggestion],
    *,
    swapped: Collection[tuple[int, Box]] = (),
    cuts: Sequence[int] = (),
) -> tuple[Offer, ...]:
    """Return an offer for each suggestion, by frame; those whose key is in `swapped` as their runner-up.

    cuts: first frames of the shots after the first; what was decided in one shot says nothing of another.
    """
    found = []
    for suggestion in suggestions:
        key = suggestion.frame, suggestion.box
        turned = key in swapped and suggestion.runner_up_box is not None
        shown = runner_up(suggestion) if turned else suggestion
        target = target_of(shown)
        box = _box(target)
        found.append(Offer(key, shown, target.frame, box, _state(project, target.frame, box, cuts), turned))
    return tuple(sorted(found, key=lambda o: (o.frame, o.suggestion.frame)))


def runner_up(suggestion: Suggestion) -> Suggestion:
    """Return the suggestion with what was second best in its place, and it as the second best."""
    if suggestion.runner_up_box is None:
        return suggestion
    return replace(
        suggestion,
        box=suggestion.runner_up_box,
        reason=suggestion.runner_up or suggestion.reason,
        runner_up=suggestion.reason,
        runner_up_box=suggestion.box,
        earlier=None,
        later=None,
    )


def target_of(suggestion: Suggestion, *, pull_frames: int = 10) -> FocusTarget:
    """Return the target that a suggestion becomes when it is accepted; its id is not yet one of the project's."""
    from rvr_laaf_app.pipeline.suggested import with_suggestions

    return with_suggestions(Project(), [suggestion], pull_frames=pull_frames).targets[0]


def refusal_of(offer: Offer) -> Refusal:
    """Return what is remembered when an offer is refused."""
    return Refusal(offer.frame, offer.box)


def accepted(offers: Sequence[Offer], pull_frames: int, made: list[str]) -> Edit:
    """Return the edit that makes targets of offers, also of refused ones; their ids are put into `made`."""

    def edit(project: Project) -> Project:
        made.clear()
        for offer in offers:
            target = replace(target_of(offer.suggestion, pull_frames=pull_frames), id=edits.new_id(project))
            project = edits.add_target(project, target)
            made.append(target.id)
            project = brought_back([offer])(project)
        return project

    return edit


def refused(offers: Sequence[Offer]) -> Edit:
    """Return the edit that remembers that offers were refused."""
    return lambda project: add_refusals(project, [refusal_of(o) for o in offers])


def brought_back(offers: Sequence[Offer]) -> Edit:
    """Return the edit that forgets that offers were refused."""

    def edit(project: Project) -> Project:
        gone = [r for r in project.refusals if any(r.means(o.frame, o.box) for o in offers)]
        return drop_refusals(project, gone)

    return edit


def preview_of(project: Project, offer: Offer, pull_frames: int) -> Project:
    """Return the project as it would be with an offer accepted, only to be shown."""
    target = replace(target_of(offer.suggestion, pull_frames=pull_frames), id=PREVIEW_ID)
    return edits.add_target(edits.remove_targets(project, _preview_ids(project)), target)


def _preview_ids(project: Project) -> tuple[str, ...]:
    return (PREVIEW_ID,) if project.target(PREVIEW_ID) is not None else ()


def _state(project: Project, frame: int, box: Box, cuts: Sequence[int]) -> State:
    shot = bisect_right(cuts, frame)
    if any(_covers(t, frame, box) and bisect_right(cuts, t.frame) == shot for t in project.targets):
        return "taken"
    refused_here = any(r.means(frame, box) and bisect_right(cuts, r.frame) == shot for r in project.refusals)
    return "refused" if refused_here else "open"


def _covers(target: FocusTarget, frame: int, box: Box) -> bool:
    if abs(target.frame - frame) > NEAR_FRAMES:
        return False
    if isinstance(target.place, Box):
        return target.place.overlap(box) >= SAME_PLACE
    return box.x <= target.place.x <= box.x + box.width and box.y <= target.place.y <= box.y + box.height


def _box(target: FocusTarget) -> Box:
    place = target.place
    assert isinstance(place, Box)  # a suggestion's is one
    return place
