"""Things that stand in composed scenes, as cut-outs with relief: people, animals, blobs, balls, jars, plants, fences.

A cut-out is drawn at about the size it has in the picture: rgba [h, w, 4] linear and premultiplied, relief [h, w] in
units of its own height. Knows nothing of cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.synth_textures import NEAR, Light, SceneLibrary, fibres, noise, pattern

SHIFT = 4  # sub-pixel bits of cv2's drawing
SKINS = ((0.62, 0.36, 0.25), (0.50, 0.27, 0.17), (0.33, 0.16, 0.09), (0.16, 0.075, 0.045), (0.70, 0.46, 0.36))


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """rgba [h, w, 4] premultiplied; relief [h, w] in heights, 0 at the rim; aspect = width / height."""

    rgba: Light
    relief: Light
    aspect: float


def _polygon(mask: NDArray[np.uint8], points: NDArray[np.floating]) -> None:
    cv2.fillPoly(mask, [np.rint(points * 2**SHIFT).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)


def _cover(mask: NDArray[np.uint8]) -> Light:
    """A drawn mask as shares 0..1."""
    return mask.astype(np.float32) * np.float32(1 / 255)


def _limb(mask: NDArray[np.uint8], points: NDArray[np.floating], widths: NDArray[np.floating]) -> None:
    """A bent limb: a chain of round-ended segments that grow thinner."""
    for (x0, y0), (x1, y1), width in zip(points[:-1], points[1:], widths, strict=False):
        ends = np.rint(np.array([x0, y0, x1, y1]) * 2**SHIFT).astype(int)
        cv2.line(mask, (ends[0], ends[1]), (ends[2], ends[3]), 255, max(1, round(width)), cv2.LINE_AA, SHIFT)


def _smooth(points: NDArray[np.floating], *, count: int = 80) -> NDArray[np.float64]:
    """A smooth closed curve through corner points [N, 2], by cutting corners."""
    closed = np.asarray(points, np.float64)
    while len(closed) < count:
        ahead = np.roll(closed, -1, axis=0)
        closed = np.stack([0.75 * closed + 0.25 * ahead, 0.25 * closed + 0.75 * ahead], 1).reshape(-1, 2)
    return closed


def _inflated(alpha: Light, *, reach: float) -> Light:
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
    swell = _inflated(alpha, reach=reach)
    shaded = np.clip(rgb, 0.002, 1.0) * _lit(swell, reach=reach, rng=rng)[..., None]
    rgba = np.dstack([shaded * alpha[..., None], alpha]).astype(np.float32)
    return Cutout(rgba, swell * np.float32(depth), alpha.shape[1] / alpha.shape[0])


def person(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A standing figure, `rows` pixels from head to sole: clothes from photographs, skin, hair, limbs in some pose."""
    height = int(np.clip(rows, 24, 640))
    width = int(0.62 * height)
    middle, broad = 0.31 * height, rng.uniform(0.85, 1.2) * (0.55 if rng.random() < 0.2 else 1.0)
    skin = np.array(SKINS[rng.integers(len(SKINS))], np.float32) * np.float32(rng.uniform(0.8, 1.15))
    rgb = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)

    def paint(mask: NDArray[np.uint8], colour: Light) -> None:
        nonlocal rgb, alpha
        cover = _cover(mask)
        rgb = rgb + cover[..., None] * (colour - rgb)
        alpha = np.maximum(alpha, cover)

    def at(points: list[tuple[float, float]]) -> NDArray[np.float64]:
        return np.array(points) * (height * broad, height) + (middle, 0.0)

    shirt, trousers = (_cloth(library, (width, height), rng) for _ in range(2))
    sway = rng.normal(0, 0.012)
    _legs(paint, at, trousers, height * broad, rng)
    arms = [_arm(at, side, rng) for side in (-1, 1)]
    sleeve = rng.random() < 0.6
    behind = rng.random() < 0.5
    for limb in arms[:1] if behind else []:
        _paint_arm(paint, limb, (height, width), shirt if sleeve else skin, skin, height * broad)
    torso = np.zeros((height, width), np.uint8)
    skirt = rng.random() < 0.25
    hem, flare = (rng.uniform(0.58, 0.8), rng.uniform(0.11, 0.17)) if skirt else (rng.uniform(0.49, 0.56), 0.1)
    half = [(0.03, 0.145), (0.105, 0.165), (0.128, 0.2), (0.105, 0.3), (0.088, 0.39), (0.1, 0.47), (flare, hem)]
    outline = [(x + sway, y) for x, y in half] + [(-x + sway, y) for x, y in reversed(half)]
    _polygon(torso, _smooth(at(outline)))
    paint(torso, shirt)
    for limb in arms[1:] if behind else arms:
        _paint_arm(paint, limb, (height, width), shirt if sleeve else skin, skin, height * broad)
    _head(paint, (height, width), (middle + sway * height, height), skin, rng)
    return finish(rgb, alpha, rng=rng, depth=0.055 * broad, reach=0.075 * height)


def _cloth(library: SceneLibrary, size: tuple[int, int], rng: np.random.Generator) -> Light:
    kind = rng.random()
    if kind < 0.35:
        return library.patch(NEAR, size=size, rng=rng)
    if kind < 0.5:
        tile = pattern(library, side=64, rng=rng)
        repeat = -(-size[1] // 64), -(-size[0] // 64), 1
        return np.tile(tile, repeat)[: size[1], : size[0]]
    colour = library.colour(rng, darkest=0.015, brightest=0.85)
    return fibres(size, rng=rng, colour=colour)


def _legs(paint: object, at: object, cloth: Light, scale: float, rng: np.random.Generator) -> None:
    assert callable(paint)
    assert callable(at)
    for side in (-1, 1):
        mask = np.zeros(cloth.shape[:2], np.uint8)
        stride = rng.normal(0, 0.03)
        knee, foot = 0.055 * side + 0.6 * stride, 0.06 * side + stride
        chain = at([(0.05 * side, 0.47), (knee, 0.72), (foot, 0.955)])
        _limb(mask, chain, np.array([0.098, 0.078]) * scale)
        paint(mask, cloth * np.float32(0.9))
        shoe = np.zeros_like(mask)
        toe = rng.uniform(0.01, 0.05) * rng.choice([-1, 1])
        _polygon(
            shoe,
            _smooth(at([(foot - 0.035, 0.95), (foot + 0.035, 0.95), (foot + 0.04 + toe, 1.0), (foot - 0.04, 1.0)])),
        )
        paint(shoe, np.full(3, rng.uniform(0.01, 0.4), np.float32))


def _arm(at: object, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Shoulder, elbow and hand."""
    assert callable(at)
    upper, lower = rng.normal(0.25, 0.3), rng.normal(0.1, 0.9 if rng.random() < 0.5 else 0.2)
    elbow = (side * (0.11 + 0.17 * np.sin(upper)), 0.19 + 0.165 * np.cos(upper))
    hand = (elbow[0] + side * 0.16 * np.sin(lower), elbow[1] + 0.16 * np.cos(lower))
    chain: NDArray[np.float64] = at([(0.108 * side, 0.19), elbow, hand])
    return chain


def _paint_arm(
    paint: object, chain: NDArray[np.float64], shape: tuple[int, int], sleeve: Light, skin: Light, scale: float
) -> None:
    assert callable(paint)
    mask = np.zeros(shape, np.uint8)
    _limb(mask, chain, np.array([0.062, 0.05]) * scale)
    paint(mask, sleeve * np.float32(0.95))
    hand = np.zeros(shape, np.uint8)
    end = chain[2] + 0.12 * (chain[2] - chain[1])
    _limb(hand, np.stack([chain[2], end]), np.array([0.042]) * scale)
    paint(hand, skin)


def _head(
    paint: object, shape: tuple[int, int], place: tuple[float, float], skin: Light, rng: np.random.Generator
) -> None:
    assert callable(paint)
    middle, height = place
    middle += rng.normal(0, 0.012) * height
    face = np.zeros(shape, np.uint8)
    centre = np.array([middle, 0.078 * height])
    _limb(face, np.array([[middle, 0.1 * height], [place[0], 0.165 * height]]), np.array([0.062 * height]))
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    oval = np.stack([0.046 * np.cos(angle), 0.063 * np.sin(angle) * (1 + 0.06 * np.sin(angle))], -1) * height
    _polygon(face, centre + oval)
    tone = fibres((shape[1], shape[0]), rng=rng, colour=skin) if height > 150 else skin
    paint(face, tone)
    hair = np.zeros(shape, np.uint8)
    colour = np.array([0.02, 0.014, 0.01]) + rng.random() ** 3 * np.array([0.4, 0.28, 0.13])
    turned_away = rng.random() < 0.25
    low = 1.0 if turned_away else rng.uniform(-0.55, -0.15)
    fringe = 1 + 0.05 * rng.standard_normal(60)
    crown = oval * 1.1 * fringe[:, None]
    crown[:, 1] = np.minimum(crown[:, 1], low * 0.063 * height)
    _polygon(hair, centre + crown)
    if rng.random() < 0.4:  # long hair down the sides
        for side in (-1, 1):
            fall = rng.uniform(0.06, 0.16)
            chain = np.array(
                [
                    [middle + side * 0.043 * height, 0.06 * height],
                    [middle + side * 0.05 * height, (0.06 + fall) * height],
                ]
            )
            _limb(hair, chain, np.array([0.03 * height]))
    paint(hair, colour.astype(np.float32))
    if height > 90 and not turned_away:
        _features(paint, shape, centre, height, skin, rng)


def _features(
    paint: object,
    shape: tuple[int, int],
    centre: NDArray[np.float64],
    height: float,
    skin: Light,
    rng: np.random.Generator,
) -> None:
    """Eyes, brows, nose and mouth: enough to say where the face is."""
    assert callable(paint)
    dark = np.zeros(shape, np.uint8)
    turn = rng.normal(0, 0.008) * height
    for side in (-1, 1):
        x, y = centre[0] + turn + side * 0.018 * height, centre[1] - 0.004 * height
        _limb(dark, np.array([[x - 0.006 * height, y], [x + 0.006 * height, y]]), np.array([0.006 * height]))
        brow = y - 0.013 * height
        _limb(dark, np.array([[x - 0.01 * height, brow], [x + 0.01 * height, brow]]), np.array([0.004 * height]))
    paint(dark, np.full(3, 0.03, np.float32))
    mouth = np.zeros(shape, np.uint8)
    x, y = centre[0] + turn, centre[1] + 0.033 * height
    _limb(mouth, np.array([[x - 0.012 * height, y], [x + 0.012 * height, y]]), np.array([0.006 * height]))
    nose = np.array([[x, centre[1] + 0.005 * height], [x + 0.2 * turn, centre[1] + 0.017 * height]])
    _limb(mouth, nose, np.array([0.007 * height]))
    paint(mouth, skin * np.array([0.72, 0.5, 0.48], np.float32))


def animal(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A four-legged creature from the side, of one fur."""
    height = int(np.clip(rows, 16, 480))
    width = int(1.5 * height)
    mask = np.zeros((height, width), np.uint8)
    fat, leg = rng.uniform(0.8, 1.4), rng.uniform(0.05, 0.1)
    for x in (0.32, 0.42, 0.95, 1.05):
        foot = x + rng.normal(0, 0.05)
        _limb(mask, np.array([[x, 0.5], [foot, 0.78], [foot, 0.97]]) * height, np.array([1.6 * leg, leg]) * height)
    back = [(0.25, 0.4), (0.45, 0.3), (0.9, 0.32), (1.12, 0.38), (1.12, 0.5), (0.9, 0.5 + 0.09 * fat), (0.35, 0.62)]
    _polygon(mask, _smooth(np.array(back) * height))
    head_y = rng.uniform(0.12, 0.4)
    _limb(mask, np.array([[0.32, 0.45], [0.22, head_y + 0.05]]) * height, np.array([0.2 * height]))
    head = np.array([(0.28, head_y - 0.1), (0.3, head_y + 0.1), (0.12, head_y + 0.14), (0.03, head_y + 0.06)])
    _polygon(mask, _smooth(head * height))
    tail = np.array([[1.1, 0.42], [1.28, rng.uniform(0.2, 0.6)], [1.4, rng.uniform(0.1, 0.8)]])
    _limb(mask, tail * height, np.array([0.06, 0.04]) * height)
    _limb(mask, np.array([[0.24, head_y], [0.27, head_y - 0.13]]) * height, np.array([0.06 * height]))
    alpha = _rough(_cover(mask), rng)
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
    _polygon(mask, (points - low) / (high - low) * (width - 1, height + 0.06 * height))
    alpha = _cover(mask)
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


def plant(library: SceneLibrary, *, rows: int, rng: np.random.Generator) -> Cutout:
    """A stem and leaves with light between them: a bush, a tree or a pot plant."""
    height = int(np.clip(rows, 24, 480))
    width = int(height * rng.uniform(0.5, 1.1))
    mask = np.zeros((height, width), np.uint8)
    trunk = rng.uniform(0.15, 0.6)
    _limb(
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
    alpha = _cover(mask)
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
        _limb(mask, np.array([[x, 0.02 * height], [x, height]]), np.array([thick]))
    for y in (0.05, rng.uniform(0.4, 0.9)):
        _limb(mask, np.array([[0, y * height], [width, y * height]]), np.array([thick * 1.3]))
    alpha = _cover(mask)
    return finish(np.broadcast_to(library.colour(rng), (height, width, 3)), alpha, rng=rng, depth=0.0, reach=thick)
