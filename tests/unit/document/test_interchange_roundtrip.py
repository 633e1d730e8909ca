"""Random projects and clips: what a readable format carries comes back the same, within half a tick."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.interchange.focus_json import read_json, write_json
from rvr_laaf_app.document.interchange.formats import FORMATS
from rvr_laaf_app.document.interchange.incoming import import_into
from rvr_laaf_app.document.interchange.sheet import FocusSheet
from rvr_laaf_app.document.interchange.timing import moment_of, usual_step_s
from rvr_laaf_app.document.limits import EASES, STRENGTHS
from rvr_laaf_app.document.project import ApertureSettings, ClipRef, FocusTarget, LensSettings, Project, SubjectTrack

QUICK = settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
unit = st.floats(0, 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
places = st.one_of(st.builds(Point, unit, unit), st.builds(Box, st.floats(-1, 1), unit, unit, unit))
bases = st.sampled_from([Fraction(1, n) for n in (1, 24, 30, 1000, 12288, 30000, 90000, 10**9)])
positive = st.floats(1e-3, 1e6)
lenses = st.builds(
    LensSettings,
    st.builds(Lens, positive, positive, positive, positive),
    st.none() | st.floats(0, 1e5),
    st.builds(ApertureSettings, st.sampled_from([0, 5, 9]), st.floats(-1e6, 1e6), st.floats(0.5, 2.0), unit),
    unit,
    st.floats(0, 1e5),
)


@st.composite
def tables(draw: st.DrawFn) -> FrameTable:
    """Constant and variable rates, repeated stamps, any beginning."""
    base = draw(bases)
    steps = draw(st.lists(st.integers(0, 3), min_size=1, max_size=40) | st.integers(1, 40).map(lambda n: [1] * n))
    tick = max(1, round(1 / base / draw(st.sampled_from([15, 24, 30, 60]))))
    first = draw(st.integers(-(10**6), 10**9))
    return FrameTable(first + np.concatenate(([0], np.cumsum(steps))).astype(np.int64) * tick, base)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Project, FrameTable]:
    table = draw(tables())
    inside = st.integers(0, len(table) - 1)
    pulls = st.integers(0, 100) | st.integers(0, 2**31 - 1)
    ids = draw(st.lists(names, max_size=5, unique=True))
    targets = tuple(
        FocusTarget(
            name,
            draw(inside),
            draw(places),
            draw(st.sampled_from(["kcf", "csrt", "ünknown"])),
            draw(pulls),
            draw(st.sampled_from(EASES)),
            draw(st.sampled_from(STRENGTHS)),
            draw(texts),
            draw(texts),
        )
        for name in ids
    )
    clip = ClipRef("/clips/a.mp4", "f00d", len(table))
    project = Project(clip=clip, lens=draw(lenses)).with_targets(targets)
    tracks = [draw(tracks_of(t, len(table))) for t in targets if draw(st.booleans())]
    return replace(project, tracks=tuple(sorted(tracks, key=lambda t: t.target_id))), table


@st.composite
def tracks_of(draw: st.DrawFn, target: FocusTarget, frames: int) -> SubjectTrack:
    count = draw(st.integers(1, frames - target.frame))
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
    rows = np.array([draw(st.tuples(*[numbers] * 5)) for _ in range(count)], np.float32).reshape(count, 5)
    place = draw(st.sampled_from([None, (target.frame, target.place), (target.frame, Point(0.125, 0.25))]))
    return SubjectTrack(target.id, target.frame, rows[:, :4].copy(), rows[:, 4].copy(), target.tracker, place)


def half_tick(table: FrameTable, seconds: float) -> float:
    return 0.5 * float(table.time_base) + 1e-9 * max(1.0, seconds)


@QUICK
@given(cases())
def test_json_brings_back_the_whole_project(case: tuple[Project, FrameTable]) -> None:
    project, table = case
    incoming = read_json(write_json(FocusSheet(project, table, (640, 360), with_tracks=True), "targets"))
    assert same(import_into(Project(clip=project.clip), incoming, table, with_lens=True).project, project, table)


@pytest.mark.parametrize("name", ["csv", "otio", "fcpxml"])
@QUICK
@given(case=cases())
def test_other_formats_bring_back_the_targets(name: str, case: tuple[Project, FrameTable]) -> None:
    project, table = case
    if not project.targets:
        return
    format_ = FORMATS[name]
    assert format_.read is not None
    incoming = format_.read(format_.write(FocusSheet(project, table, (640, 360)), "targets"))
    found = import_into(Project(clip=project.clip), incoming, table).project
    assert same(found, replace(project, tracks=(), lens=LensSettings()), table)


def same(found: Project, wanted: Project, table: FrameTable) -> bool:
    """The same but for frames and pulls whose times are the same within half a tick.

    Frames that repeat a time stamp are one moment, so targets may change places: they are told by their ids.
    """
    assert len(found.targets) == len(wanted.targets)
    pairs = [(found.target(was.id), was) for was in wanted.targets]
    for now, was in pairs:
        assert now is not None
        ours, theirs = moment_of(table, now.frame, now.pull_frames), moment_of(table, was.frame, was.pull_frames)
        assert abs(ours.seconds - theirs.seconds) <= half_tick(table, theirs.seconds)
        assert ours.pull_seconds is not None
        assert theirs.pull_seconds is not None
        assert abs(ours.pull_seconds - theirs.pull_seconds) <= half_tick(table, theirs.pull_seconds)
        assert replace(now, frame=was.frame, pull_frames=was.pull_frames) == was
    exact = all(now is not None and (now.frame, now.pull_frames) == (was.frame, was.pull_frames) for now, was in pairs)
    return found == wanted if exact else found.lens == wanted.lens


@QUICK
@given(cases(), st.sampled_from([12, 24, 25, 30, 60, 120]))
def test_another_rate_is_never_further_off_than_half_a_frame(case: tuple[Project, FrameTable], rate: int) -> None:
    project, table = case
    if not project.targets or table.duration_s > 100:
        return
    other = FrameTable(np.arange(max(2, int(table.duration_s * rate) + 2)), Fraction(1, rate))
    incoming = read_json(write_json(FocusSheet(project, table, (640, 360)), "targets"))
    found = import_into(Project(), incoming, other).project
    for target in project.targets:
        now = found.target(target.id)
        assert now is not None
        gap = other.seconds_of(now.frame) - moment_of(table, target.frame, 0).seconds
        assert abs(gap) <= 0.5 * usual_step_s(other) + 1e-9
        assert replace(now, frame=target.frame, pull_frames=target.pull_frames) == target
