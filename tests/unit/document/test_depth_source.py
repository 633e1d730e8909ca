"""Where depth comes from, kept in the project: round trip, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.project import ClipRef, Project

SOURCES = [
    DepthSource(),
    DepthSource("rvr-better"),
    DepthSource(path="depth", meaning="depth", limits=(0.5, 20.0)),
    DepthSource(path="/far/d_%04d.exr", steady=True),
]


@pytest.mark.parametrize("source", SOURCES)
def test_comes_back_as_it_was(source: DepthSource) -> None:
    project = Project(clip=ClipRef("a.mp4"), depth=source)
    values = encode(project)
    assert ("depth" in values) == (source != DepthSource())
    assert decode(values) == project


def test_keeps_what_a_newer_version_wrote() -> None:
    values = encode(Project(depth=DepthSource("rvr-better")))
    values["depth"]["scale"] = 3  # type: ignore[index]
    assert encode(decode(values))["depth"] == {"estimator": "rvr-better", "scale": 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"estimator": 3},
        {"estimator": "x" * 100_000},
        {"path": "a\0b"},
        {"path": "a", "meaning": "far"},
        {"path": "a", "limits": [2, 1]},
        {"path": "a", "limits": [1]},
        {"path": "a", "steady": "yes"},
    ],
)
def test_refuses_what_cannot_be_meant(wrong: dict[str, object]) -> None:
    values = encode(Project())
    values["depth"] = wrong
    with pytest.raises(ValueError, match="depth"):
        decode(values)


def test_relative_files_lie_beside_the_clip() -> None:
    source = DepthSource(path="sweep/depth.png")
    assert source.path_beside("/film/a.mp4") == "/film/sweep/depth.png"
    assert replace(source, path="/b/depth.png").path_beside("/film/a.mp4") == "/b/depth.png"
