from __future__ import annotations

from dataclasses import replace

import pytest

from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.document.project import Project


def test_frames_inside_a_clip() -> None:
    assert PlayRange().frames(100) == (0, 100)
    assert PlayRange(10, 20).frames(100) == (10, 20)
    assert PlayRange(10).frames(100) == (10, 100)
    assert PlayRange(None, 20).frames(100) == (0, 20)
    assert PlayRange(10, 200).frames(100) == (10, 100)
    assert PlayRange(150, 200).frames(100) == (0, 100)  # marks of a longer clip
    assert PlayRange().frames(0) == (0, 0)


def test_a_mark_beyond_the_other_takes_its_place() -> None:
    assert PlayRange(10, 20).with_start(15) == PlayRange(15, 20)
    assert PlayRange(10, 20).with_start(20) == PlayRange(20, None)
    assert PlayRange(10, 20).with_start(19) == PlayRange(19, 20)
    assert PlayRange(10, 20).with_last(9) == PlayRange(None, 10)
    assert PlayRange(10, 20).with_last(10) == PlayRange(10, 11)  # one frame
    assert PlayRange().with_last(0) == PlayRange(None, 1)


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (5, 5), (6, 5), (None, 0), (2**31, None), (None, 2**40)])
def test_impossible_ranges_are_refused(start: int | None, stop: int | None) -> None:
    with pytest.raises(ValueError, match="range"):
        PlayRange(start, stop)


@pytest.mark.parametrize("marked", [PlayRange(), PlayRange(3), PlayRange(None, 9), PlayRange(3, 9)])
def test_it_is_saved_with_the_project(marked: PlayRange) -> None:
    project = replace(Project(), play_range=marked)
    values = encode(project)
    assert ("range" in values) == marked.is_set
    assert decode(values) == project


@pytest.mark.parametrize("bad", [{"start": -1}, {"start": "3"}, {"start": 5, "stop": 5}, {"stop": 10**30}, [], 7])
def test_hostile_values_are_refused(bad: object) -> None:
    values = encode(Project())
    values["range"] = bad  # type: ignore[assignment]
    with pytest.raises(ValueError, match="range"):
        decode(values)


def test_fields_of_newer_versions_come_back() -> None:
    values = encode(replace(Project(), play_range=PlayRange(3, 9)))
    values["range"]["speed"] = 2  # type: ignore[index, call-overload]
    assert encode(decode(values))["range"] == {"start": 3, "stop": 9, "speed": 2}
