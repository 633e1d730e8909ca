"""A small ray-traced set for measuring: own scenes, sharp and through a lens, with exact distance (Blender Cycles).

    BPY_VENV/bin/python rvr_laaf_app/training/render_set.py --out FOLDER [--scenes hall evening desk] [--samples 96]

runs in an environment of its own with `bpy` 5.0 (which needs numpy < 2), so it imports nothing of this package. Each
scene becomes a folder: sharp.exr and four dof_*.exr (linear BT.709, not clipped), sharp.png, depth.npz (planar metres
at pixel centres, 1e4 where nothing is) and meta.json. The scenes are described without Blender and seeded.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

FOCAL_M, SENSOR_M = 0.050, 0.036
NOTHING_M = 1e4
F_NUMBERS = {"f14": 1.4, "f28": 2.8}
FORMULA = (
    "coc_px_diameter = f^2 / (N * (F - f)) * |D - F| / D / sensor_width * image_width, D planar depth in metres; "
    "D < F is in front of the focus plane"
)

Vec = tuple[float, float, float]


@dataclass(frozen=True)
class Solid:
    """A body: "box" (whole sides), "ball" (half axes) or "rod" (from `place` to `end`, thick as size[0]).

    colour linear 0..1, `second` and `pattern` ("plain", "checker", "brick", "noise") with `scale` repeats per metre;
    glow > 0: it shines with this radiance times its colour. z is up, y ahead, metres.
    """

    kind: str
    place: Vec
    size: Vec
    colour: Vec
    yaw: float = 0.0
    end: Vec | None = None
    second: Vec = (0.1, 0.1, 0.1)
    pattern: str = "plain"
    scale: float = 4.0
    glow: float = 0.0


@dataclass(frozen=True)
class Lamp:
    """A light that is not itself seen: `power` watts from `place`, `size` metres wide."""

    place: Vec
    power: float
    size: float
    colour: Vec = (1.0, 0.95, 0.9)


@dataclass
class Scene:
    """What is rendered: camera height and tilt (radians, up), focus distances, sky radiance, bodies and lamps."""

    name: str
    seed: int
    height_m: float
    tilt: float
    focus_near_m: float
    focus_far_m: float
    sky: Vec
    solids: list[Solid] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)


def coc_diameter_px(distance_m: float, *, f_number: float, focus_m: float, width: int) -> float:
    """Diameter of the circle of confusion in pixels, by the formula of meta.json."""
    gain = FOCAL_M**2 / (f_number * (focus_m - FOCAL_M)) / SENSOR_M * width
    return gain * abs(distance_m - focus_m) / distance_m


def blender_f_number(f_number: float, focus_m: float) -> float:
    """What to set in Cycles, whose pinhole field of view has F where a lens has F - f."""
    return f_number * (focus_m - FOCAL_M) / focus_m


def some_colour(rng: random.Random, low: float, high: float) -> Vec:
    """A random colour, each component between two values."""
    return rng.uniform(low, high), rng.uniform(low, high), rng.uniform(low, high)


def describe(name: str) -> Scene:
    """The scene of this name; always the same."""
    return SCENES[name]()


def add_person(scene: Scene, rng: random.Random, foot: Vec, tall: float) -> None:
    """Someone made of balls and rods, `tall` metres, on `foot`."""
    x, y, z = foot
    k = tall / 1.75
    skin = rng.choice([(0.62, 0.36, 0.25), (0.36, 0.19, 0.12), (0.75, 0.5, 0.38)])
    shirt, trousers = some_colour(rng, 0.03, 0.7), some_colour(rng, 0.03, 0.7)
    pattern = rng.choice(["plain", "checker", "noise"])

    def at(right: float, ahead: float, up: float) -> Vec:
        return x + right * k, y + ahead * k, z + up * k

    def ball(place: Vec, size: Vec, colour: Vec, **more: Any) -> None:
        scene.solids.append(Solid("ball", place, (size[0] * k, size[1] * k, size[2] * k), colour, **more))

    def rod(start: Vec, end: Vec, thick: float, colour: Vec) -> None:
        scene.solids.append(Solid("rod", start, (2 * thick * k,) * 3, colour, end=end))

    ball(at(0, 0, 1.60), (0.078, 0.095, 0.115), skin)
    ball(at(0, 0.018, 1.635), (0.085, 0.098, 0.105), (0.05, 0.03, 0.02))
    for side in (-1, 1):
        ball(at(0.03 * side, -0.084, 1.615), (0.011, 0.011, 0.011), (0.01, 0.01, 0.01))
    rod(at(0, 0, 1.38), at(0, 0, 1.54), 0.052, skin)
    ball(at(0, 0, 1.2), (0.19, 0.115, 0.27), shirt, pattern=pattern, second=(0.8, 0.8, 0.75), scale=30.0)
    ball(at(0, 0, 0.92), (0.165, 0.115, 0.15), trousers)
    for side in (-1, 1):
        elbow = at((0.22 + 0.12 * rng.random()) * side, -0.05, 1.08)
        rod(at(0.19 * side, 0, 1.36), elbow, 0.048, shirt)
        hand = at((0.12 + 0.2 * rng.random()) * side, -0.2, 0.9 + 0.4 * rng.random())
        rod(elbow, hand, 0.036, skin)
        ball(hand, (0.045, 0.045, 0.05), skin)
        foot_at = at(0.1 * side, 0.1 * (rng.random() - 0.5), 0.05)
        rod(at(0.09 * side, 0, 0.9), foot_at, 0.07, trousers)
        ball(foot_at, (0.05, 0.11, 0.05), (0.04, 0.03, 0.03))


def box(place: Vec, size: Vec, colour: Vec, **more: Any) -> Solid:
    """A box with its middle at `place`."""
    return Solid("box", place, size, colour, **more)


def hall() -> Scene:
    """A room: people at three distances, furniture, pictures, a shelf of books."""
    rng = random.Random(101)
    scene = Scene("hall", 101, 1.45, -0.02, 1.6, 4.5, (0.9, 0.95, 1.0))
    wood, cream = (0.33, 0.19, 0.09), (0.75, 0.7, 0.6)
    scene.solids += [
        box((0, 3, -0.05), (8, 12, 0.1), wood, second=(0.22, 0.12, 0.05), pattern="brick", scale=1.4),
        box((0, 7.6, 1.6), (8, 0.1, 3.4), cream, second=(0.68, 0.6, 0.5), pattern="noise", scale=6.0),
        box((-3.2, 3, 1.6), (0.1, 10, 3.4), cream, second=(0.7, 0.66, 0.58), pattern="noise", scale=3.0),
        box((3.2, 3, 1.6), (0.1, 10, 3.4), (0.3, 0.42, 0.45), second=(0.25, 0.36, 0.4), pattern="noise", scale=3.0),
        box((0.9, 5.6, 0.4), (1.9, 0.8, 0.45), (0.1, 0.16, 0.3), second=(0.06, 0.1, 0.2), pattern="noise", scale=25.0),
        box((0.9, 5.95, 0.8), (1.9, 0.2, 0.7), (0.1, 0.16, 0.3)),
        box((-1.5, 3.2, 0.72), (1.0, 0.7, 0.05), (0.4, 0.25, 0.12), yaw=0.3),
    ]
    for x, y in ((-1.95, 2.9), (-1.05, 3.1), (-1.95, 3.4), (-1.1, 3.5)):
        scene.solids.append(Solid("rod", (x, y, 0), (0.05, 0.05, 0.05), (0.1, 0.06, 0.03), end=(x, y, 0.7)))
    for _ in range(5):
        place = rng.uniform(-1.8, -1.2), rng.uniform(3.0, 3.4), 0.82
        scene.solids.append(Solid("ball", place, (0.06, 0.06, 0.07), some_colour(rng, 0.1, 0.8)))
    for shelf in range(4):
        z, x = 0.35 + 0.42 * shelf, -2.6
        scene.solids.append(box((-1.9, 7.3, z - 0.02), (1.6, 0.35, 0.03), wood))
        while x < -1.2:
            wide, tall = rng.uniform(0.03, 0.08), rng.uniform(0.2, 0.36)
            colour = some_colour(rng, 0.04, 0.7)
            scene.solids.append(box((x + wide / 2, 7.25, z + tall / 2), (wide * 0.95, 0.2, tall), colour))
            x += wide
    for x, z, wide in ((0.4, 1.9, 0.8), (1.9, 2.0, 0.6)):
        scene.solids.append(
            box((x, 7.5, z), (wide, 0.05, 0.55), (0.5, 0.3, 0.1), second=(0.1, 0.3, 0.5), pattern="noise", scale=9.0)
        )
    add_person(scene, rng, (-0.15, 1.6, -0.05), 1.72)
    add_person(scene, rng, (0.75, 4.5, 0), 1.8)
    add_person(scene, rng, (-0.9, 6.3, 0), 1.65)
    add_twigs(scene, rng, (0.42, 0.9, 1.28), 0.09, 60)
    scene.lamps += [Lamp((-1.6, 0.6, 3.0), 110, 1.3), Lamp((1.5, 4.6, 3.1), 140, 1.5), Lamp((0, 6.8, 3.0), 60, 1.0)]
    return scene


def evening() -> Scene:
    """A street at dusk with strings of small strong bulbs, lit windows and people."""
    rng = random.Random(202)
    scene = Scene("evening", 202, 1.6, 0.03, 1.4, 10.0, (0.10, 0.13, 0.22))
    stone = (0.2, 0.2, 0.21)
    scene.solids.append(
        box((0, 45, -0.05), (60, 100, 0.1), stone, second=(0.12, 0.12, 0.13), pattern="brick", scale=1.2)
    )
    for side in (-1, 1):
        y = 4.0
        while y < 60:
            deep, tall = rng.uniform(4, 8), rng.uniform(5, 10)
            colour = some_colour(rng, 0.15, 0.5)
            x = side * (4.0 + 2.5)
            scene.solids.append(
                box((x, y + deep / 2, tall / 2), (5, deep * 0.98, tall), colour, second=(0.3, 0.2, 0.15),
                    pattern=rng.choice(["brick", "noise"]), scale=2.0)
            )  # fmt: skip
            for level in range(int(tall // 2.4)):
                for step in range(int(deep // 2)):
                    glow = rng.choice([0.0, 0.0, rng.uniform(1.0, 6.0)])
                    place = side * 3.99, y + 1 + 2 * step, 1.4 + 2.4 * level
                    pane = (1.0, 0.7, 0.38) if glow else (0.03, 0.04, 0.05)
                    scene.solids.append(box(place, (0.06, 0.9, 1.2), pane, glow=glow))
            y += deep
    scene.solids.append(box((0, 66, 5), (20, 4, 10), (0.3, 0.25, 0.2), second=(0.1, 0.1, 0.1), pattern="brick"))
    for y0, y1 in ((5.0, 8.0), (8.0, 13.0), (13.0, 20.0)):
        for i in range(1, 14):
            share = i / 14
            place = -3.6 + 7.2 * share, y0 + (y1 - y0) * share, 3.4 - 2.6 * share * (1 - share)
            radiance = math.exp(rng.uniform(math.log(20), math.log(200)))
            size = 0.012 + 0.003 * place[1]
            scene.solids.append(Solid("ball", place, (size,) * 3, (1.0, 0.75, 0.45), glow=radiance))
    for x, y in ((-3.2, 6.0), (3.2, 9.0), (-3.2, 14.0), (3.2, 21.0)):
        scene.solids.append(Solid("rod", (x, y, 0), (0.1, 0.1, 0.1), (0.03, 0.03, 0.03), end=(x, y, 3.7)))
        scene.solids.append(Solid("ball", (x, y, 3.7), (0.1, 0.1, 0.1), (1.0, 0.8, 0.5), glow=80.0))
        scene.lamps.append(Lamp((x * 0.8, y - 0.3, 3.5), 160, 0.3, (1.0, 0.75, 0.45)))
    add_person(scene, rng, (-0.2, 1.4, 0), 1.75)
    add_person(scene, rng, (1.1, 10.0, 0), 1.75)
    add_person(scene, rng, (-1.3, 17.0, 0), 1.7)
    scene.solids.append(box((2.2, 15, 0.6), (1.7, 3.8, 0.7), (0.06, 0.12, 0.25)))
    scene.solids.append(box((2.2, 15.2, 1.15), (1.5, 2.0, 0.5), (0.03, 0.04, 0.05)))
    scene.lamps.append(Lamp((1.4, 0.2, 2.3), 25, 0.8, (1.0, 0.8, 0.6)))
    return scene


def desk() -> Scene:
    """A table top close to us: wires, jars, fruit, boxes; a shelf behind."""
    rng = random.Random(303)
    scene = Scene("desk", 303, 0.32, -0.2, 0.55, 1.6, (0.5, 0.5, 0.55))
    scene.solids += [
        box((0, 1.0, -0.02), (1.8, 1.6, 0.04), (0.35, 0.2, 0.1), second=(0.24, 0.13, 0.06), pattern="brick", scale=9.0),
        box((0, 3.0, 0.3), (7, 0.1, 4), (0.55, 0.6, 0.55), second=(0.5, 0.53, 0.5), pattern="noise", scale=4.0),
        box((0, 2.6, 0.02), (2.6, 0.3, 0.03), (0.3, 0.18, 0.1)),
    ]
    for _ in range(16):
        y = rng.uniform(0.5, 1.6)
        x = rng.uniform(-0.34, 0.34) * y
        colour = some_colour(rng, 0.05, 0.75)
        size = rng.uniform(0.02, 0.045)
        kind = rng.choice(["ball", "box", "rod"])
        if kind == "ball":
            scene.solids.append(Solid("ball", (x, y, size), (size,) * 3, colour, pattern="noise", scale=40.0))
        elif kind == "box":
            sides = 2 * size, 1.5 * size, rng.uniform(1, 4) * size
            scene.solids.append(box((x, y, sides[2] / 2), sides, colour, yaw=rng.uniform(0, 1.5), pattern="checker",
                                    second=(0.7, 0.7, 0.65), scale=60.0))  # fmt: skip
        else:
            scene.solids.append(Solid("rod", (x, y, 0), (1.4 * size,) * 3, colour, end=(x, y, 4 * size)))
    for _ in range(4):
        points = [(rng.uniform(-0.25, 0.25), rng.uniform(0.45, 1.2), rng.uniform(0.0, 0.22)) for _ in range(6)]
        for start, end in pairwise(points):
            scene.solids.append(Solid("rod", start, (0.003,) * 3, (0.5, 0.2, 0.08), end=end))
    add_twigs(scene, rng, (-0.13, 0.62, 0.13), 0.03, 60, leaf=0.008)
    for _ in range(24):
        wide, tall = rng.uniform(0.03, 0.08), rng.uniform(0.2, 0.34)
        place = rng.uniform(-1.2, 1.2), 2.55, 0.035 + tall / 2
        scene.solids.append(box(place, (wide, 0.2, tall), some_colour(rng, 0.04, 0.7)))
    for _ in range(9):
        place = rng.uniform(-0.9, 0.9), rng.uniform(2.0, 2.8), rng.uniform(0.02, 0.3)
        radiance = math.exp(rng.uniform(math.log(10), math.log(120)))
        scene.solids.append(Solid("ball", place, (0.012,) * 3, (1.0, 0.7, 0.35), glow=radiance))
    scene.lamps += [Lamp((-0.8, 0.4, 1.3), 14, 0.5), Lamp((0.8, 1.6, 1.6), 25, 0.7, (0.9, 0.95, 1.0))]
    return scene


def add_twigs(scene: Scene, rng: random.Random, place: Vec, spread: float, count: int, *, leaf: float = 0.018) -> None:
    """Thin twigs with small flat leaves round a place."""
    for _ in range(count):
        x, y, z = place
        end = x + rng.gauss(0, spread), y + rng.gauss(0, spread), z + rng.gauss(0, spread)
        green = rng.uniform(0.03, 0.15), rng.uniform(0.12, 0.3), rng.uniform(0.02, 0.08)
        scene.solids.append(Solid("ball", end, (leaf, 0.35 * leaf, 0.6 * leaf), green, yaw=rng.uniform(0, 3.1)))
        if rng.random() < 0.3:
            foot = place[0], place[1], place[2] - 2 * spread
            scene.solids.append(Solid("rod", foot, (0.12 * leaf,) * 3, (0.15, 0.1, 0.05), end=end))


SCENES: dict[str, Callable[[], Scene]] = {"hall": hall, "evening": evening, "desk": desk}


def meta(scene: Scene, *, size: tuple[int, int], samples: int, depth: Any) -> dict[str, Any]:
    """What meta.json says about a scene."""
    shots = {}
    for tag, f_number in F_NUMBERS.items():
        for where, focus_m in (("near", scene.focus_near_m), ("far", scene.focus_far_m)):
            widest = max(
                coc_diameter_px(float(d), f_number=f_number, focus_m=focus_m, width=size[0])
                for d in np.percentile(depth, (0, 100))
            )
            shots[f"dof_{tag}_{where}"] = {
                "f_number": f_number,
                "focus_distance_m": focus_m,
                "focal_length_m": FOCAL_M,
                "sensor_width_m": SENSOR_M,
                "image_width": size[0],
                "image_height": size[1],
                "blender_aperture_fstop": blender_f_number(f_number, focus_m),
                "max_coc_px_radius": widest / 2,
            }
    return {
        "scene": scene.name, "image_size": list(size), "focal_length_m": FOCAL_M, "sensor_width_m": SENSOR_M,
        "sensor_fit": "horizontal", "focus_near_m": scene.focus_near_m, "focus_far_m": scene.focus_far_m,
        "coc_formula": FORMULA, "background_fraction": float((np.asarray(depth) >= NOTHING_M).mean()),
        "depth": "depth.npz key depth: float32, planar, metres, at pixel centres; nothing there = 1e4",
        "colour": "scene-linear Rec.709, half float, not clipped; display = sRGB curve clipped to 1",
        "seed": scene.seed, "samples": samples, "objects": len(scene.solids),
        "emissive_bulbs": sum(1 for solid in scene.solids if solid.glow > 0 and solid.kind == "ball"),
        "camera_height_m": scene.height_m, "camera_tilt_rad": scene.tilt, "shots": shots,
    }  # fmt: skip


def main() -> None:
    """Render the scenes."""
    blender = importlib.import_module("render_set_blender")  # beside this file, which is on the path of a script

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scenes", nargs="+", choices=sorted(SCENES), default=sorted(SCENES))
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--height", type=int, default=270)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    size = options.width, options.height
    for name in options.scenes:
        scene, folder = describe(name), options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        depth = blender.render(scene, folder, size=size, samples=options.samples, threads=options.threads)
        np.savez_compressed(folder / "depth.npz", depth=depth)
        (folder / "meta.json").write_text(
            json.dumps(meta(scene, size=size, samples=options.samples, depth=depth), indent=1)
        )
        print(folder, flush=True)


if __name__ == "__main__":
    main()
