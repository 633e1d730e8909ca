"""Random projects and random edits, for tests of undo, files and journals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.limits import EASES, STRENGTHS
from rvr_laaf_app.document.project import (
    ApertureSettings,
    ClipRef,
    Correction,
    FocusTarget,
    LensSettings,
    Project,
    SubjectTrack,
)

Edit = Callable[[Project], Project]

unit = st.floats(0, 1)
positive = st.floats(1e-3, 1e6)
frames = st.integers(0, 5000)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
ids = st.sampled_from(["a", "b", "c", "t/1", "~", "naïve", "0", 'q"', "tracks"])
points = st.builds(Point, unit, unit)
boxes = st.builds(Box, st.floats(-1, 1), unit, unit, unit)
places = st.one_of(points, boxes)
lenses = st.builds(
    LensSettings,
    st.builds(Lens, positive, positive, positive, positive),
    st.none() | st.floats(0, 1e5),
    st.builds(
        ApertureSettings,
        st.sampled_from([0, 5, 6, 7, 8, 9]),
        st.floats(-1e6, 1e6),
        st.floats(0.5, 2.0),
        unit,
    ),
    unit,
    st.floats(0, 1e5),
)
clips = st.builds(
    ClipRef,
    st.from_regex(r"/clips/[a-z \"\\é%'{}]{1,12}\.mp4", fullmatch=True),
    st.text("0123456789abcdef", max_size=32),
    frames,
)
corrections = st.lists(st.builds(Correction, frames, places), max_size=3, unique_by=lambda c: c.frame).map(
    lambda found: tuple(sorted(found, key=lambda c: c.frame))
)
targets = st.builds(
    FocusTarget,
    ids,
    frames,
    places,
    st.sampled_from(["kcf", "csrt", "ünknown"]),
    frames,
    st.sampled_from(EASES),
    st.sampled_from(STRENGTHS),
    texts,
    texts,
    st.none() | st.integers(1, 5000),
    st.booleans(),
    st.floats(-1, 1),
    texts,
    corrections,
)


@st.composite
def tracks(draw: st.DrawFn, target_ids: st.SearchStrategy[str] = ids) -> SubjectTrack:
    count = draw(st.integers(0, 6))
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
    rows = draw(st.lists(st.tuples(*[numbers] * 5), min_size=count, max_size=count))
    table = np.array(rows, np.float32).reshape(count, 5)
    place = draw(st.none() | st.tuples(frames, places))
    return SubjectTrack(
        draw(target_ids),
        draw(frames),
        table[:, :4].copy(),
        table[:, 4].copy(),
        draw(st.sampled_from(["kcf", "x"])),
        place,
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    chosen = draw(st.lists(targets, max_size=4, unique_by=lambda t: t.id))
    project = Project(clip=draw(st.none() | clips), lens=draw(lenses)).with_targets(tuple(chosen))
    for target in chosen:
        if draw(st.booleans()):
            project = edits.set_track(project, draw(tracks(st.just(target.id))))
    return project


def _when(target_id: str, edit: Edit, *, there: bool = True) -> Edit:
    """Edits of targets that do not exist do nothing (those errors have their own tests)."""
    return lambda p: edit(p) if (p.target(target_id) is not None) == there else p


@st.composite
def random_edits(draw: st.DrawFn) -> tuple[str, Edit]:
    kind = draw(st.sampled_from(["add", "move", "remove", "set", "track", "drop", "lens", "clip"]))
    which = draw(ids)
    if kind == "add":
        target = replace(draw(targets), id=which)
        return kind, _when(which, lambda p: edits.add_target(p, target), there=False)
    if kind == "move":
        place, frame = draw(st.none() | places), draw(st.none() | frames)
        return kind, _when(which, lambda p: edits.move_target(p, which, place=place, frame=frame))
    if kind == "remove":
        return kind, _when(which, lambda p: edits.remove_target(p, which))
    if kind == "set":
        pull, ease = draw(frames), draw(st.sampled_from(EASES))
        return kind, _when(which, lambda p: edits.set_target(p, which, pull_frames=pull, ease=ease))  # type: ignore[arg-type]
    if kind == "track":
        track = draw(tracks(st.just(which)))
        return kind, _when(which, lambda p: edits.set_track(p, track))
    if kind == "drop":
        return kind, lambda p: edits.drop_track(p, which)
    if kind == "lens":
        lens = draw(lenses)
        return kind, lambda p: edits.set_lens(p, lens)
    clip = draw(st.none() | clips)
    return kind, lambda p: edits.set_clip(p, clip)
