"""Learning what the large steps of a lens are worth, with a lens whose gears have slack and a camera that is noisy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.base import CameraError, LiveFrame
from rvr_laaf_app.camera.gphoto_drives import LensDrive, find_drive
from rvr_laaf_app.camera.gphoto_steps import learn_sizes, load_sizes, save_sizes

CHOICES = ["Near 1", "Near 2", "Near 3", "None", "Far 1", "Far 2", "Far 3"]
CANON = {
    "manualfocusdrive": {
        "name": "manualfocusdrive",
        "label": "Drive Canon DSLR Manual focus",
        "section": "actions",
        "kind": "choice",
        "value": "None",
        "choices": CHOICES,
    }
}


class SlackLens:
    """A lens that loses `slack` units at each change of direction."""

    def __init__(self, true_sizes: dict[int, float], *, slack: float = 2.0, noise: float = 2.0, flat: bool = False):
        drive = find_drive(CANON)
        assert drive is not None
        self.drive = drive
        self.true_sizes = true_sizes
        self.motor = self.lens = 0.0
        self.slack, self.noise = slack, noise
        self.commands = 0
        self.rng = np.random.default_rng(5)
        scene = np.full((216, 384, 3), 90, np.uint8) if flat else self.rng.integers(0, 255, (216, 384, 3), np.uint8)
        self.scene = cv2.GaussianBlur(scene, (0, 0), 0.8).astype(np.float32)

    @property
    def lens_drive(self) -> LensDrive:
        return self.drive

    def use_drive(self, drive: LensDrive) -> None:
        self.drive = drive

    def nudge(self, size: int, *, to_far: bool) -> None:
        self.commands += 1
        self.motor += self.true_sizes[size] * (1 if to_far else -1)
        self.lens = min(max(self.lens, self.motor - self.slack), self.motor + self.slack)

    def live_frame(self) -> LiveFrame:
        sigma = abs(self.lens - 25.0) * 0.06 + 0.01
        seen = cv2.GaussianBlur(self.scene, (0, 0), sigma)
        seen = seen + self.rng.normal(0, self.noise, seen.shape)
        return LiveFrame(np.clip(seen, 0, 255).astype(np.uint8), 1, 0.0)


@pytest.mark.parametrize("true_sizes", [{1: 1.0, 2: 6.0, 3: 30.0}, {1: 1.4, 2: 5.6, 3: 60.0}])
def test_sizes_are_learned_in_spite_of_slack_and_noise(true_sizes: dict[int, float]) -> None:
    lens = SlackLens(true_sizes)
    learned = learn_sizes(lens)
    for size, units in true_sizes.items():
        assert learned.sizes[size] == pytest.approx(units / true_sizes[1], rel=0.15, abs=1)
    assert all(clear > 1 for clear in learned.clarity.values())
    assert lens.drive.learned
    assert lens.drive.sizes == learned.sizes
    assert abs(lens.lens) < 3 * true_sizes[2]  # back near where it began
    assert lens.commands < 250


def test_nothing_is_learned_from_a_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rvr_laaf_app.camera.gphoto_steps.MOST_SMALL_STEPS", 16)
    with pytest.raises(CameraError, match="cannot be told apart"):
        learn_sizes(SlackLens({1: 1.0, 2: 6.0, 3: 30.0}, flat=True))


def test_a_drive_by_numbers_has_nothing_to_learn() -> None:
    lens = SlackLens({1: 1.0, 2: 6.0, 3: 30.0})
    lens.drive = replace(lens.drive, style="range")
    with pytest.raises(CameraError, match="not driven by sizes"):
        learn_sizes(lens)


def test_learned_sizes_are_kept_per_camera_and_lens(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert load_sizes(folder, "77", "50mm") == {}
    save_sizes(folder, "77", "50mm", {1: 1, 2: 6})
    save_sizes(folder, "77", "85mm", {1: 1, 2: 9})
    assert load_sizes(folder, "77", "50mm") == {1: 1, 2: 6}
    assert load_sizes(folder, "77", "85mm") == {1: 1, 2: 9}
    assert load_sizes(folder, "78", "50mm") == {}
    (folder / "lens_steps.json").write_text("[1, 2")
    assert load_sizes(folder, "77", "50mm") == {}
    save_sizes(folder, "77", "50mm", {1: 1, 2: 7})
    assert load_sizes(folder, "77", "50mm") == {1: 1, 2: 7}
