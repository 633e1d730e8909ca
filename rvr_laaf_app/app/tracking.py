"""Which targets still need to be followed, and how a found track comes back into the project. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.document import Edit
from rvr_laaf_app.document.edits import set_track
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack


@dataclass(frozen=True, slots=True)
class TrackWish:
    """What decides a track: a wish that did not change needs no second run. stop: first frame not followed."""

    target_id: str
    frame: int
    place: Point | Box
    tracker: str
    stop: int

    def covers(self, other: TrackWish) -> bool:
        """True if a track made for this wish serves the other one too: the same subject, followed as long or longer."""
        return replace(self, stop=other.stop) == other and self.stop >= other.stop


def wish_of(project: Project, target: FocusTarget, frames: int) -> TrackWish:
    """Return what the track of `target` should be in a clip of `frames` frames: up to the next target or the end."""
    stop = min((t.frame for t in project.targets if t.frame > target.frame), default=frames)
    return TrackWish(target.id, target.frame, target.place, target.tracker, min(stop, frames))


def missing_tracks(project: Project, frames: int) -> list[TrackWish]:
    """Return the tracks that the project lacks, earliest first; suggestions and frames past the end do not count."""
    wishes = []
    for target in project.targets:
        if target.strength == "suggested" or target.frame >= frames:
            continue
        wish, track = wish_of(project, target, frames), project.track_of(target)
        if track is None or track.stop < wish.stop:
            wishes.append(wish)
    return wishes


def found(track: SubjectTrack) -> Edit:
    """Return the edit that puts a track where it fits; one that changed its mind, or knows more, stays as it is."""

    def edit(project: Project) -> Project:
        target = project.target(track.target_id)
        if target is None or track.by != target.tracker:
            return project
        if track.for_place not in (None, (target.frame, target.place)):
            return project
        known = project.track_of(target)
        return project if known is not None and known.stop >= track.stop else set_track(project, track)

    return edit
