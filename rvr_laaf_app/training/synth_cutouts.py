"""Things that stand in composed scenes, as cut-outs with relief: subjects of photographs, animals, balls, plants.

A cut-out is drawn at about the size it has in the picture: rgba [h, w, 4] linear and premultiplied, relief [h, w] in
units of its own height. Knows nothing of cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import linear_table
from rvr_laaf_app.training.synth_textures import NEAR, Light, SceneLibrary, fibres, noise

SHIFT = 4  # sub-pixel bits of cv2's drawing


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """rgba [h, w, 4] premultiplied; relief [h, w] in heights, 0 at the rim; aspect = width / height."""

    rgba: Light
    relief: Light
    aspect: float


def fill_polygon(mask: NDArray[np.uint8], points: NDArray[np.floating]) -> None:
    """Draw a polygon [N, 2] into a mask, with sub-pixel corners."""
    cv2.fillPoly(mask, [np.rint(points * 2**SHIFT).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)


def as_shares(mask: NDArray[np.uint8]) -> Light:
    """A drawn mask as shares 0..1."""
    return mask.astype(np.float32) * np.float32(1 / 255)


def draw_limb(mask: NDArray[np.uint8], points: NDArray[np.floating], widths: NDArray[np.floating]) -> None:
    """A bent limb: a chain of round-ended segments that grow thinner."""
    for (x0, y0), (x1, y1), width in zip(points[:-1], points[1:], widths, strict=False):
        ends = np.rint(np.array([x0, y0, x1, y1]) * 2**SHIFT).astype(int)
        cv2.line(mask, (ends[0], ends[1]), (ends[2], ends[3]), 255, max(1, round(width)), cv2.LINE_AA, SHIFT)


def smooth_curve(points: NDArray[np.floating], *, count: int = 80) -> NDArray[np.float64]:
    """A smooth closed curve through corner points [N, 2], by cutting corners."""
    closed = np.asarray(points, np.float64)
    while len(closed) < count:
        ahead = np.roll(closed, -1, axis=0)
        closed = np.stack([0.75 * closed + 0.25 * ahead, 0.25 * closed + 0.75 * ahead], 1).reshape(-1, 2)
    return closed


def inflated(alpha: Light, *, reach: float) -> Light:
    """Relief 0..1 of a shape: round at its rim, flat farther in than `reach` pixels."""
    distance = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    share = 1 - np.minimum(distance / max(reach, 1.0), 1.0)
    return np.asarray(cv2.GaussianBlur(np.sqrt(1 - share * share), (0, 0), 0.06 * reach + 0.6), np.float32)


def _lit(relief: Light, *, reach: float, rng: np.random.Generator) -> Light:
    """Shading [h, w] of a relief by one soft light from the side or above."""
    down, across = np.gradient(relief)
    angle = rng.uniform(0, 2 * np.pi)
    strength = rng.uniform(0.15, 0.9) * reach
    side = strength * (across * np.cos(angle) + down * (0.5 * np.sin(angle) + 0.4))
    return np.clip(0.85 + 0.6 * np.tanh(side), 0.2, 1.6).astype(np.float32)


def finish(rgb: Light, alpha: Light, *, rng: np.random.Generator, depth: float, reach: float) -> Cutout:
    """Shade a flat drawing by its own relief (`depth` in heights, round over `reach` pixels)."""
    swell = inflated(alpha, reach=reach)
    shaded = np.clip(rgb, 0.002, 1.0) * _lit(swell, reach=reach, rng=rng)[..., None]
    rgba = np.dstack([shaded * alpha[..., None], alpha]).astype(np.float32)
    return Cutout(rgba, swell * np.float32(depth), alpha.shape[1] / alpha.shape[0])


def animal(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A four-legged creature from the side, of one fur."""
    height = int(np.clip(rows, 16, 480))
    width = int(1.5 * height)
    mask = np.zeros((height, width), np.uint8)
    fat, leg = rng.uniform(0.8, 1.4), rng.uniform(0.05, 0.1)
    for x in (0.32, 0.42, 0.95, 1.05):
        foot = x + rng.normal(0, 0.05)
        draw_limb(mask, np.array([[x, 0.5], [foot, 0.78], [foot, 0.97]]) * height, np.array([1.6 * leg, leg]) * height)
    back = [(0.25, 0.4), (0.45, 0.3), (0.9, 0.32), (1.12, 0.38), (1.12, 0.5), (0.9, 0.5 + 0.09 * fat), (0.35, 0.62)]
    fill_polygon(mask, smooth_curve(np.array(back) * height))
    head_y = rng.uniform(0.12, 0.4)
    draw_limb(mask, np.array([[0.32, 0.45], [0.22, head_y + 0.05]]) * height, np.array([0.2 * height]))
    head = np.array([(0.28, head_y - 0.1), (0.3, head_y + 0.1), (0.12, head_y + 0.14), (0.03, head_y + 0.06)])
    fill_polygon(mask, smooth_curve(head * height))
    tail = np.array([[1.1, 0.42], [1.28, rng.uniform(0.2, 0.6)], [1.4, rng.uniform(0.1, 0.8)]])
    draw_limb(mask, tail * height, np.array([0.06, 0.04]) * height)
    draw_limb(mask, np.array([[0.24, head_y], [0.27, head_y - 0.13]]) * height, np.array([0.06 * height]))
    alpha = _rough(as_shares(mask), rng)
    fur = library.patch(NEAR, size=(width, height), rng=rng) if rng.random() < 0.5 else fibres((width, height), rng=rng)
    made = finish(fur, alpha, rng=rng, depth=0.09, reach=0.14 * height)
    return made if rng.random() < 0.5 else Cutout(made.rgba[:, ::-1].copy(), made.relief[:, ::-1].copy(), made.aspect)


def _rough(alpha: Light, rng: np.random.Generator) -> Light:
    """The shape with a hairy rim, some of it half transparent."""
    size = alpha.shape[1], alpha.shape[0]
    soft = cv2.GaussianBlur(alpha, (0, 0), max(0.5, 0.008 * alpha.shape[0]))
    ragged = soft + 0.22 * noise(size, rng=rng, coarsest=max(4, size[1] // 6), octaves=3) * (soft > 0.02) * (
        soft < 0.98
    )
    out = np.clip((ragged - 0.35) / 0.3, 0, 1).astype(np.float32)
    out[-1] = alpha[-1]
    return out


def blob(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A smooth random closed shape that stands on the ground, filled with something that was near in a photograph."""
    height = int(np.clip(rows, 16, 480))
    aspect = float(np.exp(rng.uniform(-0.8, 0.6)))
    width = max(8, int(aspect * height))
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    waves = np.zeros(90)
    for k in range(1, 8):
        waves += rng.normal(0, 0.3 / k) * np.cos(k * angle + rng.uniform(0, 6.3))
    radius = np.maximum(1 + waves, 0.2)
    points = np.stack([np.cos(angle), np.sin(angle)], -1) * radius[:, None]
    low, high = points.min(0), points.max(0)
    mask = np.zeros((height, width), np.uint8)
    fill_polygon(mask, (points - low) / (high - low) * (width - 1, height + 0.06 * height))
    alpha = as_shares(mask)
    if rng.random() < 0.35:
        alpha = _rough(alpha, rng)
    return finish(
        library.patch(NEAR, size=(width, height), rng=rng), alpha, rng=rng, depth=0.12, reach=0.2 * min(height, width)
    )


def ball(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A sphere: exact relief (half its height at the middle), shading and a highlight."""
    side = int(np.clip(rows, 8, 400))
    x, y = (np.mgrid[0:side, 0:side][::-1].astype(np.float32) + 0.5) / side * 2 - 1
    radius = np.hypot(x, y)
    alpha = np.clip((1 - radius) * side / 2 + 0.5, 0, 1).astype(np.float32)
    front = np.sqrt(np.maximum(1 - radius * radius, 0)).astype(np.float32)
    direction = np.array([rng.normal(0, 0.6), -0.7, 0.6])
    direction /= np.linalg.norm(direction)
    facing_light = x * direction[0] + y * direction[1] + front * direction[2]
    tile = library.patch(NEAR, size=(side, side), rng=rng) if rng.random() < 0.4 else fibres((side, side), rng=rng)
    rgb = tile * (0.35 + 0.75 * np.maximum(facing_light, 0))[..., None]
    if rng.random() < 0.5:
        rgb = rgb + rng.uniform(0.3, 6) * np.maximum(facing_light, 0)[..., None] ** rng.uniform(20, 90)
    return Cutout(np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32), 0.5 * front, 1.0)


def subject(library: SceneLibrary, *, rows: int, rng: np.random.Generator, bust: bool = False) -> Cutout | None:
    """A thing cut out of a photograph: whole, with `bust` one that the frame cut off below; None if there is none."""
    fitting = [one for one in library.subjects if one.cut_below == bust]
    if not fitting:
        return None
    one = fitting[rng.integers(len(fitting))]
    height = int(np.clip(rows, 6, 2 * one.alpha.shape[0]))
    width = max(2, round(height * one.alpha.shape[1] / one.alpha.shape[0]))
    grows = height > one.alpha.shape[0]
    way = cv2.INTER_CUBIC if grows else cv2.INTER_AREA
    rgb = linear_table("srgb")[np.asarray(cv2.resize(one.rgb, (width, height), interpolation=way), np.uint8)]
    alpha = as_shares(np.asarray(cv2.resize(one.alpha, (width, height), interpolation=way), np.uint8))
    if grows:  # the outline of a small picture gets soft: make it as sharp as the rest
        alpha = np.clip((alpha - 0.5) * np.float32(height / one.alpha.shape[0]) + 0.5, 0, 1)
    if rng.random() < 0.5:
        rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
    reach = 0.25 * min(height, width)
    swell = inflated(alpha, reach=reach) * np.float32(0.6 * reach / height)
    return Cutout(np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32), swell, width / height)


def plant(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A stem and leaves with light between them: a bush, a tree or a pot plant."""
    height = int(np.clip(rows, 24, 480))
    width = int(height * rng.uniform(0.5, 1.1))
    mask = np.zeros((height, width), np.uint8)
    trunk = rng.uniform(0.15, 0.6)
    draw_limb(
        mask, np.array([[0.5 * width, height], [0.5 * width, (1 - trunk) * height * 0.95]]), np.array([0.045 * height])
    )
    crown = (1 - trunk) * height
    for _ in range(int(rng.integers(60, 160))):
        r, angle = np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        x = width * (0.5 + 0.46 * r * np.cos(angle))
        y = crown * (0.5 + 0.48 * r * np.sin(angle))
        axes = height * rng.uniform(0.012, 0.06), height * rng.uniform(0.008, 0.03)
        centre = round(x * 2**SHIFT), round(y * 2**SHIFT)
        cv2.ellipse(
            mask,
            centre,
            (round(axes[0] * 2**SHIFT), round(axes[1] * 2**SHIFT)),
            rng.uniform(0, 180),
            0,
            360,
            255,
            -1,
            cv2.LINE_AA,
            SHIFT,
        )
    alpha = as_shares(mask)
    green = np.array([rng.uniform(0.03, 0.25), rng.uniform(0.1, 0.3), rng.uniform(0.02, 0.08)], np.float32)
    leaves = (
        fibres((width, height), rng=rng, colour=green)
        * (1 + 0.4 * noise((width, height), rng=rng, coarsest=24, octaves=3))[..., None]
    )
    return finish(leaves, alpha, rng=rng, depth=0.02, reach=0.02 * height)


def fence(library: SceneLibrary, *, rows: int, aspect: float, rng: np.random.Generator) -> Cutout:
    """Upright bars with a rail above and below, thin; most of it is air."""
    height = int(np.clip(rows, 12, 400))
    width = int(min(height * aspect, 1600))
    mask = np.zeros((height, width), np.uint8)
    bars = max(2, int(aspect * rng.uniform(3, 9)))
    thick = max(0.7, height * rng.uniform(0.012, 0.045))
    for x in np.linspace(thick, width - thick, bars):
        draw_limb(mask, np.array([[x, 0.02 * height], [x, height]]), np.array([thick]))
    for y in (0.05, rng.uniform(0.4, 0.9)):
        draw_limb(mask, np.array([[0, y * height], [width, y * height]]), np.array([thick * 1.3]))
    alpha = as_shares(mask)
    return finish(np.broadcast_to(library.colour(rng), (height, width, 3)), alpha, rng=rng, depth=0.0, reach=thick)
