"""What was clicked is followed both ways without depth; a second place leads through what was lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline.follow_place import Seen, follow_places, grown_box
from tests.clips import SQUARE, frame_of, write_clip

SIZE = (320, 192)
FRAMES = 60


def square(index: int) -> Box:
    return Box.from_pixels(8 + 2 * index, SIZE[1] // 2, SQUARE, SQUARE, picture=SIZE)


def test_a_box_grows_from_a_click() -> None:
    picture = frame_of(30, SIZE)
    box = grown_box(picture, square(30).centre)
    assert box.overlap(square(30)) > 0.5


@pytest.mark.parametrize("place", ["point", "box"])
def test_it_is_followed_to_both_ends(tmp_path: Path, place: str) -> None:
    info = probe(write_clip(tmp_path / "clip.mp4", frames=FRAMES, size=SIZE, sound=False))
    shown = square(30) if place == "box" else Point(square(30).centre.x, square(30).centre.y)
    seen: dict[int, Seen] = {s.frame: s for s in follow_places(info, [(30, shown)])}
    assert sorted(seen) == list(range(FRAMES))
    overlaps = np.array([seen[i].box.overlap(square(i)) for i in range(FRAMES)])
    assert overlaps.mean() > 0.5
    assert all(seen[i].confidence > 0 for i in (0, 30, FRAMES - 1))


def test_two_places_of_one_subject_and_none(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "clip.mp4", frames=FRAMES, size=SIZE, sound=False))
    places = [(50, square(50)), (5, square(5))]
    seen = {s.frame: s for s in follow_places(info, places)}
    assert sorted(seen) == list(range(FRAMES))
    assert seen[50].box.overlap(square(50)) > 0.9
    assert not list(follow_places(info, []))
