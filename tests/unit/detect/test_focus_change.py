"""AF-Net as a detector: every frame told of once, in order, with bounded memory, and nothing of another shot seen."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import Finding
from rvr_laaf_app.detect.base import Look
from rvr_laaf_app.detect.focus_change import FocusChangeDetector
from rvr_laaf_app.nets.af_net import AfNet, AfNetConfig

SMALL = AfNetConfig(units=3, unit_frames=3, width=64, height=32, widths=(8, 8, 16, 16), widths2=(16, 16))


def net(seed: int = 0) -> AfNet:
    torch.manual_seed(seed)
    return AfNet(SMALL).eval()


def pictures(count: int, seed: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 255, (36, 64, 3)).astype(np.uint8) for _ in range(count)]


def told(
    frames: list[NDArray[np.uint8]], *, cut: int | None = None, rate: float = 12.0, nets: list[AfNet] | None = None
) -> list[Finding]:
    detector = FocusChangeDetector(nets or [net()], rate)
    found, late = [], 0
    for index, rgb in enumerate(frames):
        found += detector.look(Look(index, index / rate, rgb, index == cut))
        late = max(late, index + 1 - len(found))
    assert late <= detector.lookback + 1
    return found + detector.finish()


def test_every_frame_is_told_of_once_in_order() -> None:
    found = told(pictures(70, 1))
    assert [f.index for f in found] == list(range(70))
    for finding in found:
        assert 0.0 <= finding.measures[0] <= 1.0
        centre = finding.regions[0].box.centre
        assert 0.0 <= centre.x <= 1.0
        assert 0.0 <= centre.y <= 1.0


def test_a_clip_shorter_than_the_window_is_told_of_at_its_end() -> None:
    assert [f.index for f in told(pictures(5, 2))] == list(range(5))
    assert told([]) == []


def test_what_lies_behind_a_cut_changes_nothing() -> None:
    first = pictures(30, 3)
    one = told(first + pictures(30, 4), cut=30)
    other = told(first + pictures(30, 5), cut=30)
    assert [f.index for f in one] == list(range(60))
    np.testing.assert_allclose([f.measures[0] for f in one[:30]], [f.measures[0] for f in other[:30]], atol=1e-6)
    alone = told(pictures(30, 4))
    np.testing.assert_allclose([f.measures[0] for f in one[30:]], [f.measures[0] for f in alone], atol=1e-5)


def test_the_middle_frames_see_both_sides() -> None:
    frames = pictures(60, 6)
    before = told(frames)
    frames[50] = 255 - frames[50]
    after = told(frames)
    changed = [i for i in range(60) if abs(before[i].measures[0] - after[i].measures[0]) > 1e-6]
    assert changed
    assert min(changed) >= 50 - 4 * 2 - 2  # half of nine frames, a stride of two, said for two frames at a time


def test_several_networks_are_averaged() -> None:
    frames = pictures(30, 7)
    one, two = told(frames, nets=[net(0)]), told(frames, nets=[net(1)])
    both = told(frames, nets=[net(0), net(1)])
    mean = [(a.measures[0] + b.measures[0]) / 2 for a, b in zip(one, two, strict=True)]
    np.testing.assert_allclose([f.measures[0] for f in both], mean, atol=1e-6)
