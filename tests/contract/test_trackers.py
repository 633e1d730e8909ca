"""What every registered tracker must do."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.base import TRACKERS
from tests.unit.track.stage import Stage, speckle


@pytest.fixture(params=list(TRACKERS))
def tracker(request: pytest.FixtureRequest):
    return TRACKERS.load(request.param)()


def drift(k: int) -> tuple[float, float]:
    return 60 + 4 * k, 80 + 10 * np.sin(k / 6)


@pytest.mark.parametrize("order", [range(0, 40), range(40, 0, -1)], ids=["forwards", "backwards"])
def test_a_moving_subject_is_followed(tracker, order: range) -> None:
    stage = Stage(drift)
    state = tracker.start(stage.frame(order[0])[0], stage.truth(order[0]))
    for k in order[1:]:
        box, confidence, state = tracker.step(stage.frame(k)[0], state)
        assert box.overlap(stage.truth(k)) > 0.6, k
        assert confidence > 0.5


def test_a_subject_that_is_gone_has_low_confidence(tracker) -> None:
    stage = Stage(lambda k: drift(k) if k < 10 else None)
    state = tracker.start(stage.frame(0)[0], stage.truth(0))
    confidences = []
    for k in range(1, 25):
        _, confidence, state = tracker.step(stage.frame(k)[0], state)
        confidences.append(confidence)
    assert min(confidences[:8]) > 0.5
    assert max(confidences[10:]) < 0.4


@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(0.9, 0.9, 0.3, 0.3), Box(0.5, 0.5, 0.001, 0.001)])
def test_odd_boxes_and_small_pictures_do_no_harm(tracker, box: Box) -> None:
    for height, width in ((180, 320), (33, 17)):
        rgb = speckle(height, width, 5, (120, 120, 120))
        state = tracker.start(rgb, box)
        for _ in range(3):
            found, confidence, state = tracker.step(rgb, state)
            assert np.isfinite([found.x, found.y, found.width, found.height]).all()
            assert 0.0 <= confidence <= 1.0
