"""People drawn as cut-outs: heads, hair, clothes from photographs, limbs in some pose.

Not portraits: what counts is the outline, the proportions and that a face is skin with eyes in it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.synth_cutouts import Cutout, as_shares, draw_limb, fill_polygon, finish, smooth_curve
from rvr_laaf_app.training.synth_textures import NEAR, Light, SceneLibrary, fibres, pattern

SKINS = ((0.62, 0.36, 0.25), (0.50, 0.27, 0.17), (0.33, 0.16, 0.09), (0.16, 0.075, 0.045), (0.70, 0.46, 0.36))
Points = NDArray[np.float64]
Paint = Callable[[NDArray[np.uint8], Light], None]
Place = Callable[[list[tuple[float, float]]], Points]


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
        cover = as_shares(mask)
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
    fill_polygon(torso, smooth_curve(at(outline)))
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
    if rng.random() < 0.2:  # white clothes clip a little and are no lamps
        colour = np.full(3, rng.uniform(0.75, 0.92), np.float32)
    return fibres(size, rng=rng, colour=colour)


def _legs(paint: Paint, at: Place, cloth: Light, scale: float, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        mask = np.zeros(cloth.shape[:2], np.uint8)
        stride = rng.normal(0, 0.03)
        knee, foot = 0.055 * side + 0.6 * stride, 0.06 * side + stride
        chain = at([(0.05 * side, 0.47), (knee, 0.72), (foot, 0.955)])
        draw_limb(mask, chain, np.array([0.098, 0.078]) * scale)
        paint(mask, cloth * np.float32(0.9))
        shoe = np.zeros_like(mask)
        toe = rng.uniform(0.01, 0.05) * rng.choice([-1, 1])
        fill_polygon(
            shoe,
            smooth_curve(
                at([(foot - 0.035, 0.95), (foot + 0.035, 0.95), (foot + 0.04 + toe, 1.0), (foot - 0.04, 1.0)])
            ),
        )
        paint(shoe, np.full(3, rng.uniform(0.01, 0.4), np.float32))


def _arm(at: Place, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Shoulder, elbow and hand."""
    upper, lower = rng.normal(0.25, 0.3), rng.normal(0.1, 0.9 if rng.random() < 0.5 else 0.2)
    elbow = (side * (0.11 + 0.17 * np.sin(upper)), 0.19 + 0.165 * np.cos(upper))
    hand = (elbow[0] + side * 0.16 * np.sin(lower), elbow[1] + 0.16 * np.cos(lower))
    chain: NDArray[np.float64] = at([(0.108 * side, 0.19), elbow, hand])
    return chain


def _paint_arm(
    paint: Paint, chain: NDArray[np.float64], shape: tuple[int, int], sleeve: Light, skin: Light, scale: float
) -> None:
    mask = np.zeros(shape, np.uint8)
    draw_limb(mask, chain, np.array([0.062, 0.05]) * scale)
    paint(mask, sleeve * np.float32(0.95))
    hand = np.zeros(shape, np.uint8)
    end = chain[2] + 0.12 * (chain[2] - chain[1])
    draw_limb(hand, np.stack([chain[2], end]), np.array([0.042]) * scale)
    paint(hand, skin)


def _head(
    paint: Paint, shape: tuple[int, int], place: tuple[float, float], skin: Light, rng: np.random.Generator
) -> None:
    middle, height = place
    middle += rng.normal(0, 0.012) * height
    face = np.zeros(shape, np.uint8)
    centre = np.array([middle, 0.078 * height])
    draw_limb(face, np.array([[middle, 0.1 * height], [place[0], 0.165 * height]]), np.array([0.062 * height]))
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    oval = np.stack([0.046 * np.cos(angle), 0.063 * np.sin(angle) * (1 + 0.06 * np.sin(angle))], -1) * height
    fill_polygon(face, centre + oval)
    tone = fibres((shape[1], shape[0]), rng=rng, colour=skin) if height > 150 else skin
    paint(face, tone)
    hair = np.zeros(shape, np.uint8)
    colour = np.array([0.02, 0.014, 0.01]) + rng.random() ** 3 * np.array([0.4, 0.28, 0.13])
    turned_away = rng.random() < 0.25
    low = 1.0 if turned_away else rng.uniform(-0.55, -0.15)
    fringe = 1 + 0.05 * rng.standard_normal(60)
    crown = oval * 1.1 * fringe[:, None]
    crown[:, 1] = np.minimum(crown[:, 1], low * 0.063 * height)
    fill_polygon(hair, centre + crown)
    if rng.random() < 0.4:  # long hair down the sides
        for side in (-1, 1):
            fall = rng.uniform(0.06, 0.16)
            chain = np.array(
                [
                    [middle + side * 0.043 * height, 0.06 * height],
                    [middle + side * 0.05 * height, (0.06 + fall) * height],
                ]
            )
            draw_limb(hair, chain, np.array([0.03 * height]))
    paint(hair, colour.astype(np.float32))
    if height > 90 and not turned_away:
        _features(paint, shape, centre, height, skin, rng)


def _features(
    paint: Paint,
    shape: tuple[int, int],
    centre: NDArray[np.float64],
    height: float,
    skin: Light,
    rng: np.random.Generator,
) -> None:
    """Eyes, brows, nose and mouth: enough to say where the face is."""
    dark = np.zeros(shape, np.uint8)
    turn = rng.normal(0, 0.008) * height
    for side in (-1, 1):
        x, y = centre[0] + turn + side * 0.018 * height, centre[1] - 0.004 * height
        draw_limb(dark, np.array([[x - 0.006 * height, y], [x + 0.006 * height, y]]), np.array([0.006 * height]))
        brow = y - 0.013 * height
        draw_limb(dark, np.array([[x - 0.01 * height, brow], [x + 0.01 * height, brow]]), np.array([0.004 * height]))
    paint(dark, np.full(3, 0.03, np.float32))
    mouth = np.zeros(shape, np.uint8)
    x, y = centre[0] + turn, centre[1] + 0.033 * height
    draw_limb(mouth, np.array([[x - 0.012 * height, y], [x + 0.012 * height, y]]), np.array([0.006 * height]))
    nose = np.array([[x, centre[1] + 0.005 * height], [x + 0.2 * turn, centre[1] + 0.017 * height]])
    draw_limb(mouth, nose, np.array([0.007 * height]))
    paint(mouth, skin * np.array([0.72, 0.5, 0.48], np.float32))
