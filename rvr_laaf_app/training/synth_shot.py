"""Composed scenes in motion with exact flow, and through lenses of two apertures at two focus distances.

Each piece of a scene is a plane, so its motion in the picture is a homography, known exactly; what is hidden in one
frame and seen in the next follows from which piece is in front.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear
from rvr_laaf_app.training.synth_camera import Look, exposure_for, lost_stops, on_sensor, random_look, record
from rvr_laaf_app.training.synth_draw import BACK, BASE, Flat, Layer, Piece, draw_all, flatten, occlusion_edges
from rvr_laaf_app.training.synth_geometry import Array, Camera, Plane, flow_of, turned
from rvr_laaf_app.training.synth_lens import stacked
from rvr_laaf_app.training.synth_scenes import compose
from rvr_laaf_app.training.synth_stage import Stage
from rvr_laaf_app.training.synth_textures import SceneLibrary

Light = NDArray[np.float32]
LARGEST_RADIUS = 0.05  # of the picture's width: the strongest blur of a triplet


@dataclass(frozen=True, slots=True, eq=False)
class SynthView:
    """A deep-DOF frame and the truth about it.

    rgb [H, W, 3] uint8 as a camera records it; disparity [H, W] float32 1 / metres; linear [H, W, 3] float32 light
    before clipping, 1 = display white; stops [H, W, 3] float32 lost to clipping, 0 where nothing is lost;
    edges [H, W] bool: both sides of every occlusion boundary.
    """

    rgb: NDArray[np.uint8]
    disparity: Light
    linear: Light
    stops: Light
    edges: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SynthShot:
    """Frames in order; flows[i] [H, W, 2] px and visible[i] [H, W] bool lead from frame i to i + 1."""

    views: tuple[SynthView, ...]
    flows: tuple[Light, ...]
    visible: tuple[NDArray[np.bool_], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShallowShot:
    """The scene through a lens: linear [H, W, 3] float32 and rgb [H, W, 3] uint8 (no noise).

    coc diameter in px = gain_px * (disparity - focus), positive in front of the focal plane.
    """

    linear: Light
    rgb: NDArray[np.uint8]
    gain_px: float
    focus: float

    def affine_to(self, other: ShallowShot) -> tuple[float, float]:
        """(alpha, beta) with coc of `other` = alpha * coc of this one + beta (Zhang et al. 2019, section 4)."""
        return other.gain_px / self.gain_px, other.gain_px * (self.focus - other.focus)


@dataclass(frozen=True, slots=True, eq=False)
class SynthTriplet:
    """A deep-DOF view and its shallow-DOF shots.

    shots: (aperture 1, focus 1), (aperture 2, focus 1), (aperture 1, focus 2), (aperture 2, focus 2): view, first and
    second are the paper's aperture triplet; view, first and third its focal triplet.
    """

    view: SynthView
    shots: tuple[ShallowShot, ShallowShot, ShallowShot, ShallowShot]


def random_view(library: SceneLibrary, *, size: tuple[int, int], rng: np.random.Generator) -> SynthView:
    """Compose a random scene and record it at `size` (width, height)."""
    stage = compose(library, size=size, rng=rng)
    pieces = stage.pieces()
    flat = flatten(layers_of(stage, list(enumerate(pieces)), stage.camera), pieces, stage.camera.canvas)
    gain = np.float32(exposure_for(flat.rgba[..., :3], rng))
    return recorded(flat, gain, random_look(rng), rng)


def recorded(flat: Flat, gain: np.float32, look: Look, rng: np.random.Generator) -> SynthView:
    """What a camera makes of a scene."""
    linear = on_sensor(flat.rgba[..., :3] * gain, look)
    edges = occlusion_edges(flat.disparity, flat.piece)
    return SynthView(record(linear, look, rng), flat.disparity, linear, lost_stops(linear), edges)


def layers_of(stage: Stage, pieces: list[tuple[int, Piece]], camera: Camera) -> list[Layer]:
    """Draw pieces and the air before them."""
    layers = draw_all(pieces, camera)
    if stage.haze <= 0:
        return layers
    colour = np.array(stage.haze_colour, np.float32) * np.float32(0.03 if stage.night else 1.0)
    clouded = []
    for layer in layers:
        through = np.exp(-stage.haze / np.maximum(layer.disparity, 1e-3))[..., None].astype(np.float32)
        rgba = layer.rgba.copy()
        rgba[..., :3] = rgba[..., :3] * through + colour * (1 - through) * rgba[..., 3:]
        clouded.append(replace(layer, rgba=rgba))
    return clouded


def random_shot(
    library: SceneLibrary, *, size: tuple[int, int], rng: np.random.Generator, frames: int = 4
) -> SynthShot:
    """Compose a random scene and record it while camera and things move: `frames` frames with flow."""
    stage = compose(library, size=size, rng=rng)
    still = stage.pieces()
    paths = {owner: _velocity(rng) for owner in range(1, stage.owners + 1)}
    route = _Route.random(rng)
    moments = [_moment(stage, still, paths, route, index) for index in range(frames)]
    look = random_look(rng)
    gain = np.float32(exposure_for(moments[0].flat.rgba[..., :3], rng))
    views = tuple(recorded(moment.flat, gain, look, rng) for moment in moments)
    pairs = [_flow(now, then) for now, then in pairwise(moments)]
    return SynthShot(views, tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    camera: Camera
    pieces: list[Piece]
    flat: Flat


@dataclass(frozen=True, slots=True, eq=False)
class _Route:
    """How the camera moves: metres and radians per frame, and how far a hand shakes it."""

    travel: Array
    turn: Array
    shake: float
    phases: Array

    @classmethod
    def random(cls, rng: np.random.Generator) -> _Route:
        speed = float(rng.choice([0.0, 0.006, 0.03]))
        turn = rng.normal(0, float(rng.choice([0.0, 0.002, 0.01])), 3) * (0.5, 0.3, 1.0)
        return cls(rng.normal(0, 1, 3) * speed, turn, float(rng.choice([0.0, 0.0015])), rng.uniform(0, 6.3, 3))

    def camera(self, first: Camera, index: int) -> Camera:
        shaken = self.shake * (np.sin(1.3 * index + self.phases) - np.sin(self.phases))
        tilt, roll, heading = self.turn * index + shaken
        axes = turned(tilt=tilt, roll=roll, heading=heading) @ first.axes
        return first.moved(place=first.place + self.travel * index, axes=axes)


def _velocity(rng: np.random.Generator) -> Array:
    """Metres per frame over the ground: half of all things stand still, the others walk."""
    if rng.random() < 0.5:
        return np.zeros(3)
    return np.array([rng.normal(0, 0.035), 0.0, rng.normal(0, 0.025)])


def _moment(stage: Stage, still: list[Piece], paths: dict[int, Array], route: _Route, index: int) -> _Moment:
    """Everything where it is at one frame; numbers of pieces are those of the first frame."""
    camera = route.camera(stage.camera, index)
    pieces = []
    for piece in still:
        shift = paths[piece.owner] * index if piece.owner else np.zeros(3)
        plane = Plane(piece.plane.origin + shift, piece.plane.across, piece.plane.down)
        pieces.append(replace(piece, plane=plane))
    ground = [(n, piece) for n, piece in enumerate(pieces) if piece.role in (BACK, BASE)]
    things = [(n, piece) for n, piece in enumerate(pieces) if piece.role not in (BACK, BASE)]
    nearness = _body_depths(things, camera)
    things.sort(key=lambda pair: (-nearness[_group(pair)], _group(pair)))
    layers = layers_of(stage, ground + things, camera)
    return _Moment(camera, pieces, flatten(layers, pieces, camera.canvas))


def _group(numbered: tuple[int, Piece]) -> int:
    """What is sorted as one: a box by its owner, everything else by itself."""
    number, piece = numbered
    return piece.body if piece.body else -1 - number


def _body_depths(things: list[tuple[int, Piece]], camera: Camera) -> dict[int, float]:
    """Distance of the middle of each thing."""
    depths: dict[int, list[float]] = {}
    for number, piece in things:
        centre = piece.plane.corners().mean(axis=0)
        depths.setdefault(_group((number, piece)), []).append(float(camera.axes[2] @ (centre - camera.place)))
    return {group: float(np.mean(values)) for group, values in depths.items()}


def _flow(now: _Moment, then: _Moment) -> tuple[Light, NDArray[np.bool_]]:
    """Exact motion of what is seen now, and where all four pixels around its next place show the same piece."""
    width, height = now.camera.canvas
    flow = np.zeros((height, width, 2), np.float32)
    for number in np.unique(now.flat.piece[now.flat.piece >= 0]):
        mask = now.flat.piece == number
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        window = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        before = now.pieces[number].plane.seen_by(now.camera)
        after = then.pieces[number].plane.seen_by(then.camera)
        part = slice(window[1], window[3]), slice(window[0], window[2])
        np.copyto(flow[part], flow_of(before, after, window), where=mask[part][..., None])
    x = np.arange(width, dtype=np.float32) + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    visible = (now.flat.piece >= 0) & (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    left, top = np.clip(np.floor(x), 0, width - 2).astype(int), np.clip(np.floor(y), 0, height - 2).astype(int)
    for down in (0, 1):
        for right in (0, 1):
            visible &= then.flat.piece[top + down, left + right] == now.flat.piece
    return flow, visible


def triplet(library: SceneLibrary, *, size: tuple[int, int], rng: np.random.Generator) -> SynthTriplet:
    """Compose a random scene and see it sharp and through a lens of two apertures at two focus distances."""
    margin = int(np.ceil(LARGEST_RADIUS * size[0])) + 2
    stage = compose(library, size=size, rng=rng, margin=margin)
    pieces = stage.pieces()
    layers = layers_of(stage, list(enumerate(pieces)), stage.camera)
    inner = slice(margin, margin + size[1]), slice(margin, margin + size[0])
    whole = flatten(layers, pieces, stage.camera.canvas)
    flat = Flat(whole.rgba[inner], whole.disparity[inner], whole.piece[inner])
    look, gain = random_look(rng), np.float32(exposure_for(flat.rgba[..., :3], rng))
    surfaces = surfaces_of(layers, pieces, stage.camera.canvas)
    far, near = (float(value) for value in np.percentile(flat.disparity, (2, 98)))
    foci = [float(np.quantile(flat.disparity, q)) for q in (rng.uniform(0.0, 0.4), rng.uniform(0.6, 1.0))]
    rng.shuffle(foci)
    strongest = 2 * LARGEST_RADIUS * size[0] * rng.uniform(0.3, 1.0) / max(near - far, 1e-3)
    gains = strongest, strongest * rng.uniform(0.25, 0.7)

    def shot(gain_px: float, focus: float) -> ShallowShot:
        light = stacked(surfaces, gain_px=gain_px, focus=focus)[inner]
        linear = on_sensor(light * gain, look)
        return ShallowShot(linear, from_linear(linear, "srgb"), gain_px, focus)

    shots = (shot(gains[0], foci[0]), shot(gains[1], foci[0]), shot(gains[0], foci[1]), shot(gains[1], foci[1]))
    return SynthTriplet(recorded(flat, gain, look, rng), shots)


def surfaces_of(layers: list[Layer], pieces: list[Piece], canvas: tuple[int, int]) -> list[tuple[Light, Light]]:
    """Full surfaces (rgba, disparity) of the canvas, far to near: backdrops, ground with its paint, things."""
    out = []
    ground = [layer for layer in layers if pieces[layer.piece].role == BASE]
    for layer in layers:
        role = pieces[layer.piece].role
        if role == BASE and layer is not ground[-1]:
            continue
        parts = ground if role == BASE else [layer]
        flat = flatten(parts, pieces, canvas)
        for part in parts:  # a rim that covers less than half a pixel still lies at the distance of its surface
            rim = (part.rgba[..., 3] > 0) & (flat.piece[part.part] < 0)
            np.copyto(flat.disparity[part.part], part.disparity, where=rim)
        out.append((flat.rgba, flat.disparity))
    return out
