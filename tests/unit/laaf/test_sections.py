"""A whip pan exchanges the picture as a cut does; a camera that follows somebody or shakes does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rvr_laaf_app.core.evidence import ClipEvidence
from rvr_laaf_app.laaf.fusion import suggest
from rvr_laaf_app.laaf.sections import Section, sections
from tests.unit.laaf.pretend_evidence import RATE, evidence
from tests.unit.laaf.test_no_false_changes import moves


def panned(clip: ClipEvidence, speed: float, start: int, stop: int) -> ClipEvidence:
    """The clip with a camera that turns right by so many widths a second in the frames [start, stop)."""
    camera = clip.camera.copy()
    camera[start:stop, 0] = -speed / RATE
    return replace(clip, camera=camera)


def test_a_whip_pan_divides_a_shot_where_the_new_picture_comes_in() -> None:
    first, second = sections(panned(evidence(200), 1.5, 80, 100))
    assert first == Section(0, second.start)
    assert second.stop == 200
    assert 88 <= second.start <= 94
    assert second.settled is not None
    assert 98 <= second.settled <= 103


def test_a_camera_that_follows_or_shakes_divides_nothing() -> None:
    assert sections(panned(evidence(200), 0.4, 20, 180)) == [Section(0, 200)]
    shaken = evidence(200)
    camera = shaken.camera.copy()
    camera[:, 0] = 0.05 * np.sign(np.sin(np.arange(200) / 2))
    assert sections(replace(shaken, camera=camera)) == [Section(0, 200)]
    assert sections(evidence(200, cuts=(50,))) == [Section(0, 50), Section(50, 200)]


def test_who_the_camera_is_thrown_round_to_is_the_target() -> None:
    movers = [moves(0.4, 0.3, 0.2, 0.6, stop=80), moves(0.7, 0.3, 0.2, 0.6, start=97)]
    found = suggest(panned(evidence(200, movers=movers), 1.5, 80, 100))
    assert [s.frame for s in found] == [0, 97]
    assert found[1].reason.startswith("the camera has turned")
    assert found[1].ready == 91
    assert found[1].box.centre.x > 0.6
    nobody = suggest(panned(evidence(200, movers=movers[:1]), 1.5, 80, 100))
    assert len(nobody) == 2
    assert nobody[1].detector == "saliency"
    assert 98 <= nobody[1].frame <= 103
    assert len(suggest(panned(evidence(100, movers=movers[:1]), 1.5, 80, 100))) == 1
