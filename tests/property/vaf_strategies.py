"""Any annotations that the schema allows, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from rvr_laaf_app.annotation.looks import Looks, moment_at
from rvr_laaf_app.annotation.schema import STATES, ClipAnnotation, ClipIdentity, VafTarget
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.timebase import FrameTable
from tests.unit.annotation.pretend_clips import facts_of, looks_of_noise

FRAMES = 60
FACTS = tuple(facts_of(name, FRAMES, seed=n) for n, name in enumerate(["a.mp4", "in/b c.mov", "é&<'\">.mkv"]))
LOOKS = {f.clip.pictures: looks_of_noise(FRAMES, n) for n, f in enumerate(FACTS)}
TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=20)
NAMES = st.text("abc äöé'=+-@\"<>&", min_size=1, max_size=12).filter(lambda t: bool(t.strip()))
_SHARE = st.floats(0.0, 0.5, allow_nan=False)


def looks_of(clip: ClipIdentity) -> Looks:
    return LOOKS[clip.pictures]


@st.composite
def places(draw: st.DrawFn) -> Point | Box:
    x, y = draw(_SHARE), draw(_SHARE)
    if draw(st.booleans()):
        return Point(x, y)
    return Box(x, y, draw(st.floats(0.01, 0.5)), draw(st.floats(0.01, 0.5)))


@st.composite
def targets(draw: st.DrawFn, number: int, table: FrameTable, looks: Looks) -> VafTarget:
    at = moment_at(table, looks, draw(st.integers(0, len(table) - 1)))
    early, arrive = draw(st.integers(0, at.pts)), draw(st.integers(0, at.pts))
    late, hold = (draw(st.integers(at.pts, 10**6)) for _ in range(2))
    return VafTarget(
        f"{number}{draw(NAMES)}",
        at,
        draw(places()),
        arrive,
        early,
        late,
        draw(st.sampled_from([None, hold])),
        draw(TEXTS),
        draw(TEXTS),
    )


@st.composite
def annotations(draw: st.DrawFn) -> tuple[ClipAnnotation, ...]:
    """What one person said about some of the clips."""
    chosen = draw(st.lists(st.sampled_from(FACTS), unique_by=lambda f: f.clip.pictures, max_size=3))
    said = []
    for facts in chosen:
        mine = [draw(targets(n, facts.table, LOOKS[facts.clip.pictures])) for n in range(draw(st.integers(0, 3)))]
        state = draw(st.sampled_from(STATES))
        said.append(ClipAnnotation(facts.clip, tuple(mine), state, draw(TEXTS), draw(TEXTS)))
    return tuple(said)
