"""Drawn people for conversations with known truth: a face that a face detector finds, with a mouth that opens.

A person is drawn in the plane at one disparity. Semi-synthetic: good for timing, not for how people look.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SHIFT = 4  # binary places of the drawing's coordinates
UNIT = 1 << SHIFT
Colour = tuple[float, float, float]
Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """How a person looks: colours, the side of the face in px, and proportions around 1."""

    skin: Colour
    hair: Colour
    shirt: Colour
    side_px: float
    eyes: float
    mouth: float
    jaw: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the middle of a face is (px), its tilt, how far the mouth is open 0..1, and a blink 0..1."""

    x: float
    y: float
    tilt_deg: float
    mouth: float
    blink: float
    arm: float = 0.0


def some_look(rng: np.random.Generator, side_px: float) -> Look:
    """Return a person at random."""
    tone = rng.uniform(0.45, 1.0)
    skin = tuple(float(v) for v in np.array([222, 178, 150]) * tone)
    hair = tuple(float(v) for v in np.array([70, 50, 38]) * rng.uniform(0.3, 1.8))
    shirt = tuple(float(v) for v in rng.uniform(40, 200, 3))
    eyes, mouth, jaw = (float(v) for v in rng.uniform(0.92, 1.08, 3))
    return Look(skin, hair, shirt, side_px, eyes, mouth, jaw)  # type: ignore[arg-type]


def draw_person(canvas: Rgb, look: Look, pose: Pose) -> None:
    """Draw a person onto the canvas [h, w, 3], in place."""
    s = look.side_px
    body = (pose.x, pose.y + 1.75 * s)
    _ellipse(canvas, body, (1.15 * s, 1.15 * s), 0.0, look.shirt)
    hand = (pose.x + (0.75 + 0.2 * pose.arm) * s, pose.y + (1.5 - 0.5 * pose.arm) * s)
    _ellipse(canvas, hand, (0.17 * s, 0.2 * s), 20.0, look.skin)
    _ellipse(canvas, (pose.x, pose.y + 0.7 * s), (0.24 * s, 0.35 * s), 0.0, _shade(look.skin, 0.72))
    _ellipse(canvas, (pose.x, pose.y - 0.14 * s), (0.58 * s, 0.68 * s), pose.tilt_deg, look.hair)
    for step in range(6):  # a face is round: darker towards its rim
        share = 1.0 - 0.09 * step
        axes = (0.48 * s * share, 0.64 * s * look.jaw * share)
        _ellipse(canvas, _at(pose, 0, 0.02 * s, s), axes, pose.tilt_deg, _shade(look.skin, 0.76 + 0.048 * step))
    _ellipse(canvas, _at(pose, 0, -0.56 * s, s), (0.44 * s, 0.2 * s), pose.tilt_deg, look.hair)
    for side in (-1.0, 1.0):
        _eye(canvas, look, pose, side)
    _nose_and_mouth(canvas, look, pose)


def _eye(canvas: Rgb, look: Look, pose: Pose, side: float) -> None:
    s = look.side_px
    x = side * 0.205 * s * look.eyes
    _ellipse(canvas, _at(pose, x, -0.13 * s, s), (0.125 * s, 0.075 * s), pose.tilt_deg, _shade(look.skin, 0.72))
    open_ = max(1.0 - pose.blink, 0.12)
    _ellipse(canvas, _at(pose, x, -0.125 * s, s), (0.085 * s, 0.042 * s * open_), pose.tilt_deg, (232, 230, 226))
    _ellipse(canvas, _at(pose, x, -0.125 * s, s), (0.04 * s, 0.042 * s * open_), pose.tilt_deg, (38, 28, 24))
    brow = _at(pose, x, -0.25 * s, s)
    _ellipse(canvas, brow, (0.135 * s, 0.03 * s), pose.tilt_deg + side * 6.0, _shade(look.hair, 0.8))


def _nose_and_mouth(canvas: Rgb, look: Look, pose: Pose) -> None:
    s = look.side_px
    _ellipse(canvas, _at(pose, 0, 0.0, s), (0.045 * s, 0.17 * s), pose.tilt_deg, _shade(look.skin, 1.1))
    _ellipse(canvas, _at(pose, 0, 0.16 * s, s), (0.115 * s, 0.035 * s), pose.tilt_deg, _shade(look.skin, 0.62))
    width = 0.2 * s * look.mouth * (1.0 - 0.12 * pose.mouth)
    height = (0.035 + 0.1 * pose.mouth) * s
    lips = _shade((min(look.skin[0] * 0.85, 255), look.skin[1] * 0.55, look.skin[2] * 0.55), 0.9)
    _ellipse(canvas, _at(pose, 0, 0.34 * s + 0.4 * height, s), (width, height), pose.tilt_deg, lips)
    gap = max(height - 0.03 * s, 0.008 * s)
    _ellipse(canvas, _at(pose, 0, 0.34 * s + 0.4 * height, s), (0.8 * width, gap), pose.tilt_deg, (40, 20, 22))


def _at(pose: Pose, dx: float, dy: float, _side: float) -> tuple[float, float]:
    angle = np.deg2rad(pose.tilt_deg)
    return (
        pose.x + dx * float(np.cos(angle)) - dy * float(np.sin(angle)),
        pose.y + dx * float(np.sin(angle)) + dy * float(np.cos(angle)),
    )


def _shade(colour: Colour, factor: float) -> Colour:
    r, g, b = (float(min(max(c * factor, 0.0), 255.0)) for c in colour)
    return r, g, b


def _ellipse(canvas: Rgb, centre: tuple[float, float], axes: tuple[float, float], tilt: float, colour: Colour) -> None:
    place = round(centre[0] * UNIT), round(centre[1] * UNIT)
    radii = max(round(axes[0] * UNIT), 1), max(round(axes[1] * UNIT), 1)
    cv2.ellipse(canvas, place, radii, tilt, 0.0, 360.0, colour, -1, cv2.LINE_AA, SHIFT)
