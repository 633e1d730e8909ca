"""Which targets still need to be followed, and how a found track comes back into the project. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.document import Edit
from rvr_laaf_app.document.edits import set_track
from rvr_laaf_app.document.project import Correction, FocusTarget, Project, SubjectTrack
from rvr_laaf_app.document.reign import Reign, reign_of, reigns


@dataclass(frozen=True, slots=True)
class TrackWish:
    """What decides a track: a wish that did not change needs no second run. [start, stop): the frames to follow."""

    target_id: str
    frame: int
    place: Point | Box
    tracker: str
    stop: int
    start: int = 0
    corrections: tuple[Correction, ...] = ()

    def covers(self, other: TrackWish) -> bool:
        """True if a track made for this wish serves the other one too: the same subject, followed as long or longer."""
        same = replace(self, start=other.start, stop=other.stop) == other
        return same and self.stop >= other.stop and self.start <= other.start


def wish_of(project: Project, target: FocusTarget, frames: int) -> TrackWish:
    """Return what the track of `target` should be in a clip of `frames` frames, see document.reign."""
    return _wish(target, reign_of(project.targets, target, frames), frames)


def missing_tracks(project: Project, frames: int) -> list[TrackWish]:
    """Return the tracks that the project lacks, earliest first.

    Suggestions, targets that keep their plane, and frames past the end do not count.
    """
    wishes = []
    known = project.fitting_tracks()
    for target, track, reign in zip(project.targets, known, reigns(project.targets, frames), strict=True):
        if target.strength == "suggested" or not target.follow or target.frame >= frames:
            continue
        wish = _wish(target, reign, frames)
        if track is None or not reaches(track, wish.start, wish.stop):
            wishes.append(wish)
    return wishes


def reaches(track: SubjectTrack, start: int, stop: int) -> bool:
    """Tell whether the subject was looked for in all of [start, stop); of older tracks it is not known how far back."""
    return track.stop >= stop and (track.sought_from is None or track.sought_from <= start)


def found(track: SubjectTrack) -> Edit:
    """Return the edit that puts a track where it fits; one that changed its mind, or knows more, stays as it is."""

    def edit(project: Project) -> Project:
        target = project.target(track.target_id)
        if target is None or track.by != target.tracker or track.corrections != target.corrections:
            return project
        if track.for_place not in (None, (target.frame, target.place)):
            return project
        known = project.track_of(target)
        start = track.start if track.sought_from is None else track.sought_from
        return project if known is not None and reaches(known, start, track.stop) else set_track(project, track)

    return edit


def _wish(target: FocusTarget, reign: Reign, frames: int) -> TrackWish:
    stop = max(min(reign.stop, frames), min(target.frame + 1, frames))
    return TrackWish(target.id, target.frame, target.place, target.tracker, stop, reign.begin, target.corrections)
