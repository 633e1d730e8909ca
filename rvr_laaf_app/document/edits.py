"""Pure edits: functions that take a project and return another. They check what they put in; they keep no state.

Each raises UsageError for values that make no sense and for ids that do not exist. An edit that changes nothing
returns the very project it was given.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.limits import check_clip, check_lens, check_target, check_track
from rvr_laaf_app.document.project import (
    ClipRef,
    Correction,
    Ease,
    FocusTarget,
    LensSettings,
    Project,
    Strength,
    SubjectTrack,
)

_CHANGEABLE = {f.name for f in fields(FocusTarget)} - {"id"}


def new_id(project: Project) -> str:
    """Return a short id that no target of the project has."""
    while True:
        made = f"t{secrets.token_hex(4)}"
        if project.target(made) is None:
            return made


def add_target(project: Project, target: FocusTarget) -> Project:
    """Add a target; its id must be new."""
    if project.target(target.id) is not None:
        raise UsageError(f"there is already a target {target.id!r}")
    _check(check_target, target)
    return project.with_targets((*project.targets, target))


def remove_target(project: Project, target_id: str) -> Project:
    """Remove a target and its track."""
    _target(project, target_id)
    return project.with_targets(tuple(t for t in project.targets if t.id != target_id))


def move_target(
    project: Project, target_id: str, *, place: Point | Box | None = None, frame: int | None = None
) -> Project:
    """Put a target at another place of the picture, another frame, or both. A track of the old place becomes stale."""
    old = _target(project, target_id)
    return _with(
        project, old, {"place": old.place if place is None else place, "frame": old.frame if frame is None else frame}
    )


def set_target(
    project: Project,
    target_id: str,
    *,
    pull_frames: int | None = None,
    ease: Ease | None = None,
    strength: Strength | None = None,
    tracker: str | None = None,
    reason: str | None = None,
) -> Project:
    """Change how a target is reached and followed; what is None stays. See `change_target` for the rest."""
    given = {"pull_frames": pull_frames, "ease": ease, "strength": strength, "tracker": tracker, "reason": reason}
    return _with(project, _target(project, target_id), {k: v for k, v in given.items() if v is not None})


def change_target(project: Project, target_id: str, values: Mapping[str, Any]) -> Project:
    """Change fields of a target by name, any but its id; here None is a value (hold_frames: until the next target)."""
    unknown = set(values) - _CHANGEABLE
    if unknown:
        raise UsageError(f"a target has no {', '.join(sorted(unknown))} that can be changed")
    return _with(project, _target(project, target_id), dict(values))


def remove_targets(project: Project, target_ids: Collection[str]) -> Project:
    """Remove several targets and their tracks."""
    for target_id in target_ids:
        _target(project, target_id)
    if not target_ids:
        return project
    return project.with_targets(tuple(t for t in project.targets if t.id not in target_ids))


def correct_target(project: Project, target_id: str, correction: Correction) -> Project:
    """Say where the subject of a target is at another frame; replaces what was said of that frame before."""
    target = _target(project, target_id)
    others = [c for c in target.corrections if c.frame != correction.frame]
    ordered = tuple(sorted((*others, correction), key=lambda c: c.frame))
    return _with(project, target, {"corrections": ordered})


def forget_track(project: Project, target_id: str, *, forwards: bool = True, backwards: bool = True) -> Project:
    """Forget a track, or its part after or before the target's own frame, so that it is made again."""
    target = _target(project, target_id)
    track = project.track_of(target)
    if track is None or (forwards and backwards):
        return drop_track(project, target_id)
    here = min(max(target.frame, track.start), track.stop - 1)
    part = slice(0, here + 1 - track.start) if forwards else slice(here - track.start, None)
    start = track.start if forwards else here
    kept = replace(
        track,
        start=start,
        boxes=track.boxes[part].copy(),
        confidence=track.confidence[part].copy(),
        sought_from=track.sought_from if forwards else target.frame,
        _digest=[],
    )
    return set_track(project, kept)


def set_track(project: Project, track: SubjectTrack) -> Project:
    """Keep where the subject of a target was found; replaces the target's former track."""
    _target(project, track.target_id)
    _check(check_track, track)
    if track in project.tracks:
        return project
    others = (t for t in project.tracks if t.target_id != track.target_id)
    return replace(project, tracks=tuple(sorted((*others, track), key=lambda t: t.target_id)))


def drop_track(project: Project, target_id: str) -> Project:
    """Forget the track of a target, so that it is made again."""
    kept = tuple(t for t in project.tracks if t.target_id != target_id)
    return project if len(kept) == len(project.tracks) else replace(project, tracks=kept)


def set_lens(project: Project, lens: LensSettings) -> Project:
    """Use another synthetic lens."""
    _check(check_lens, lens)
    return project if lens == project.lens else replace(project, lens=lens)


def set_clip(project: Project, clip: ClipRef | None) -> Project:
    """Edit another clip, or the same one found elsewhere. Targets stay: that is what relinking needs."""
    if clip is not None:
        _check(check_clip, clip)
    return project if clip == project.clip else replace(project, clip=clip)


def set_place(project: Project, *, path: str, same: bool) -> Project:
    """Say where the clip is now. If it is not surely the same, what was known of it holds no longer."""
    if project.clip is None:
        return project
    return set_clip(project, replace(project.clip, path=path) if same else ClipRef(path))


def _target(project: Project, target_id: str) -> FocusTarget:
    found = project.target(target_id)
    if found is None:
        raise UsageError(f"there is no target {target_id!r}")
    return found


def _with(project: Project, old: FocusTarget, values: dict[str, Any]) -> Project:
    try:
        new = replace(old, **values)
    except ValueError as error:
        raise UsageError(str(error)) from error
    _check(check_target, new)
    if new == old:
        return project
    return project.with_targets(tuple(new if t.id == old.id else t for t in project.targets))


def _check(check: Any, value: object) -> None:
    try:
        check(value)
    except ValueError as error:
        raise UsageError(str(error)) from error
