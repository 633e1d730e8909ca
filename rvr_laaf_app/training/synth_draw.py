"""Draw the pieces of a composed scene: each textured plane into a layer of its own, the layers over one another.

A layer keeps its full extent, also where something nearer hides it, so that a lens can be imitated exactly later on.
Light is linear and premultiplied. Knows planes and textures; not what the scene shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.synth_geometry import Array, Camera, Plane, coordinates

Light = NDArray[np.float32]
Window = tuple[int, int, int, int]
BACK, BASE, THING = 0, 1, 2  # far backdrop; ground and walls with what lies on them; whatever stands before them
_OUTSIDE = -10.0


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A textured rectangle of the world.

    texture [h, w, 3] opaque, or [h, w, 4] premultiplied with alpha. `tiles` (across, down): how often the texture
    repeats over the rectangle, None: once, nothing beyond. shade [n, m] multiplies the light over the rectangle;
    `holes` (u0, v0, u1, v1) are cut out; relief [h, w] metres: how far a texel stands out of the plane towards the
    camera. `solid` False: paint, shadow or glow without a surface of its own. Pieces with the same `body` > 0 are the
    faces of one box, drawn where they face us; all pieces of one `owner` > 0 move together.
    """

    plane: Plane
    texture: Light
    role: int = THING
    tiles: tuple[float, float] | None = None
    shade: Light | None = None
    holes: tuple[tuple[float, float, float, float], ...] = ()
    relief: Light | None = None
    solid: bool = True
    body: int = 0
    owner: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What is drawn of a piece: canvas window (x0, y0, x1, y1), rgba [h, w, 4] premultiplied, disparity [h, w] 1/m.

    `faces` [h, w]: where several pieces make up one layer, the number of the piece of each pixel.
    """

    window: Window
    rgba: Light
    disparity: Light
    piece: int
    faces: NDArray[np.int32] | None = None

    @property
    def part(self) -> tuple[slice, slice]:
        """Where it lies on the canvas."""
        return slice(self.window[1], self.window[3]), slice(self.window[0], self.window[2])


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Layers over one another: rgba [h, w, 4] premultiplied, disparity [h, w] 1/m and piece [h, w] of the foremost."""

    rgba: Light
    disparity: Light
    piece: NDArray[np.int32]


def draw(piece: Piece, camera: Camera, *, number: int) -> Layer | None:
    """Draw one piece; None if nothing of it is seen."""
    window = piece.plane.window(camera)
    if window is None:
        return None
    seen = piece.plane.seen_by(camera)
    volume = float(np.linalg.det(seen))
    if abs(volume) < 1e-12 or (piece.body and volume < 0):
        return None
    inverse: Array = np.asarray(np.linalg.inv(seen), np.float64)
    u, v, disparity = coordinates(inverse, window)
    visible = disparity > 0
    if piece.tiles is None:
        rgba = _once(piece.texture, u, v, inverse, disparity)
        rgba *= visible[..., None]
    else:
        alpha = _coverage(piece, u, v, inverse, disparity) * visible
        rgb = _tiled(piece, u, v, inverse, disparity)
        rgba = np.concatenate([rgb * alpha[..., None], alpha[..., None]], axis=2).astype(np.float32)
    if piece.shade is not None:
        rgba[..., :3] *= _sample(piece.shade, u, v, cv2.BORDER_REPLICATE)[..., None]
    depth: Array = np.maximum(disparity, 1e-6)
    if piece.relief is not None:
        depth = depth / np.maximum(1 - depth * _sample(piece.relief, u, v, cv2.BORDER_REPLICATE), 0.05)
    return Layer(window, rgba, depth.astype(np.float32), number)


def _sample(texture: Light, u: Array, v: Array, border: int) -> Light:
    height, width = texture.shape[:2]
    map_x = np.clip(u * width - 0.5, _OUTSIDE, width + 10).astype(np.float32)
    map_y = np.clip(v * height - 0.5, _OUTSIDE, height + 10).astype(np.float32)
    return np.asarray(cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=border), np.float32)


def _spread(inverse: Array, u: Array, v: Array, disparity: Array) -> tuple[Array, Array, Array, Array]:
    """How fast u and v change along a row and down a column of pixels: du/dx, du/dy, dv/dx, dv/dy."""
    scale = 1.0 / np.maximum(disparity, 1e-6)
    (a, b, _), (c, d, _), (e, f, _) = inverse
    return (a - u * e) * scale, (b - u * f) * scale, (c - v * e) * scale, (d - v * f) * scale


def _once(texture: Light, u: Array, v: Array, inverse: Array, disparity: Array) -> Light:
    """A texture that fits the rectangle once: first shrunk to about its size in the picture."""
    height, width = texture.shape[:2]
    middle = u.shape[0] // 2, u.shape[1] // 2
    ux, uy, vx, vy = (part[middle] for part in _spread(inverse, u, v, disparity))
    shrink_x = max(1.0, float(np.hypot(ux, uy)) * width)
    shrink_y = max(1.0, float(np.hypot(vx, vy)) * height)
    if max(shrink_x, shrink_y) > 1.25:
        size = max(2, round(width / shrink_x)), max(2, round(height / shrink_y))
        texture = np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.float32)
    if texture.shape[2] == 3:
        texture = np.dstack([texture, np.ones(texture.shape[:2], np.float32)])
    return _sample(texture, u, v, cv2.BORDER_CONSTANT)


def _coverage(piece: Piece, u: Array, v: Array, inverse: Array, disparity: Array) -> Array:
    """Share of each pixel that the rectangle less its holes covers."""
    ux, uy, vx, vy = _spread(inverse, u, v, disparity)
    step_u, step_v = np.abs(ux) + np.abs(uy) + 1e-9, np.abs(vx) + np.abs(vy) + 1e-9

    def box(u0: float, v0: float, u1: float, v1: float) -> Array:
        along = np.clip(np.minimum(u - u0, u1 - u) / step_u + 0.5, 0, 1)
        across: Array = along * np.clip(np.minimum(v - v0, v1 - v) / step_v + 0.5, 0, 1)
        return across

    alpha = box(0, 0, 1, 1)
    for hole in piece.holes:
        alpha = alpha * (1 - box(*hole))
    return alpha


def _tiled(piece: Piece, u: Array, v: Array, inverse: Array, disparity: Array) -> Light:
    """A repeated texture through a pyramid, so that what lies far away is averaged and does not glitter."""
    assert piece.tiles is not None
    height, width = piece.texture.shape[:2]
    ux, uy, vx, vy = _spread(inverse, u, v, disparity)
    across, down = width * piece.tiles[0], height * piece.tiles[1]
    along_x = np.hypot(ux * across, vx * down)
    along_y = np.hypot(uy * across, vy * down)
    levels = int(np.log2(max(2, min(height, width)))) - 1
    level = 0.5 * np.log2(np.maximum(along_x, 1e-3) * np.maximum(along_y, 1e-3))
    level = np.clip(np.maximum(level, np.log2(np.maximum(along_x, along_y)) - 1.5), 0, levels - 1)
    across_u, down_v = (u * piece.tiles[0]) % 1.0, (v * piece.tiles[1]) % 1.0
    out = np.zeros((*u.shape, 3), np.float32)
    texture = np.ascontiguousarray(piece.texture[..., :3])
    for number in range(levels):
        weight = np.clip(1 - np.abs(level - number), 0, 1)
        rows, columns = weight.any(axis=1), weight.any(axis=0)
        if rows.any():
            y0, y1 = int(rows.argmax()), len(rows) - int(rows[::-1].argmax())
            x0, x1 = int(columns.argmax()), len(columns) - int(columns[::-1].argmax())
            part = slice(y0, y1), slice(x0, x1)
            colour = _sample(texture, across_u[part], down_v[part], cv2.BORDER_WRAP)
            out[part] += colour * weight[part][..., None].astype(np.float32)
        texture = np.asarray(
            cv2.resize(texture, (texture.shape[1] // 2, texture.shape[0] // 2), interpolation=cv2.INTER_AREA),
            np.float32,
        )
    return out


def draw_all(pieces: Sequence[tuple[int, Piece]], camera: Camera) -> list[Layer]:
    """Draw numbered pieces, which come in order from far to near; those of one body become one layer."""
    layers: list[Layer] = []
    body = 0
    for number, piece in pieces:
        layer = draw(piece, camera, number=number)
        if layer is None:
            continue
        if piece.body and piece.body == body:
            layers[-1] = _abutting(layers[-1], layer)
        else:
            layers.append(layer)
        body = piece.body
    return layers


def _abutting(one: Layer, other: Layer) -> Layer:
    """Two faces of a body side by side: their shares of a pixel add up, so that no seam shows."""
    a, b = one.window, other.window
    window = min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
    rgba = np.zeros((window[3] - window[1], window[2] - window[0], 4), np.float32)
    disparity = np.zeros(rgba.shape[:2], np.float32)
    best = np.full(rgba.shape[:2], -1.0, np.float32)
    faces = np.full(rgba.shape[:2], one.piece, np.int32)
    shares = np.zeros(rgba.shape[:2], np.int8)
    for layer in (one, other):
        x0, y0 = layer.window[0] - window[0], layer.window[1] - window[1]
        part = slice(y0, y0 + layer.rgba.shape[0]), slice(x0, x0 + layer.rgba.shape[1])
        rgba[part] += layer.rgba
        shares[part] += layer.rgba[..., 3] > 0.01
        more = layer.rgba[..., 3] > best[part]
        disparity[part] = np.where(more, layer.disparity, disparity[part])
        best[part] = np.where(more, layer.rgba[..., 3], best[part])
        faces[part] = np.where(more, layer.piece if layer.faces is None else layer.faces, faces[part])
    # Perspective makes the shares of a seam add up to a little less or more than a whole.
    seam = (shares > 1) & (rgba[..., 3] > 0.75)
    full = np.where(seam, rgba[..., 3], np.maximum(rgba[..., 3], 1.0))[..., None]
    return Layer(window, np.asarray(rgba / full, np.float32), disparity, one.piece, faces)


def flatten(layers: Sequence[Layer], pieces: Sequence[Piece], canvas: tuple[int, int]) -> Flat:
    """Put layers, far to near, over one another; a pixel's disparity is that of the surface that covers half of it."""
    width, height = canvas
    rgba = np.zeros((height, width, 4), np.float32)
    disparity = np.zeros((height, width), np.float32)
    number = np.full((height, width), -1, np.int32)
    for layer in layers:
        part = layer.part
        rgba[part] = layer.rgba + rgba[part] * (1 - layer.rgba[..., 3:])
        if pieces[layer.piece].solid:
            covered = layer.rgba[..., 3] >= 0.5
            np.copyto(disparity[part], layer.disparity, where=covered)
            faces = np.int32(layer.piece) if layer.faces is None else layer.faces
            np.copyto(number[part], faces, where=covered)
    return Flat(rgba, disparity, number)


def occlusion_edges(disparity: Light, piece: NDArray[np.int32], *, step: float = 0.02) -> NDArray[np.bool_]:
    """Pixels on both sides of a jump between two things [h, w]: `step` is its least share of the picture's range."""
    least = step * max(float(disparity.max() - disparity.min()), 1e-9)
    edges = np.zeros(disparity.shape, np.bool_)
    across = (np.abs(np.diff(disparity, axis=1)) > least) & (np.diff(piece, axis=1) != 0)
    down = (np.abs(np.diff(disparity, axis=0)) > least) & (np.diff(piece, axis=0) != 0)
    edges[:, 1:] |= across
    edges[:, :-1] |= across
    edges[1:] |= down
    edges[:-1] |= down
    return edges
