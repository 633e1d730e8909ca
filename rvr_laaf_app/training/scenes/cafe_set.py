"""The set of the cafe scene: the near table, the stage, the cafe's front, the street behind, strings of bulbs."""

from __future__ import annotations

import math

import numpy as np

from rvr_laaf_app.training.scenes import surface as look
from rvr_laaf_app.training.scenes.shapes import BOX, CYLINDER, ELLIPSOID, ROUND_CONE, TORUS
from rvr_laaf_app.training.scenes.stage import Assembly, Material, Pose, Vec, turn

TABLE_TOP_M = 0.85
STAGE_TOP_M = 0.35
NEAR_TABLE = (0.42, 1.27)

IRON = Material((0.05, 0.05, 0.06), roughness=0.4, mirror=0.03)
DARK_WOOD = Material((0.20, 0.10, 0.05), (0.09, 0.04, 0.02), texture=look.PLANKS, texture_m=0.12, roughness=0.5)
TABLE_WOOD = Material((0.46, 0.25, 0.11), (0.22, 0.10, 0.04), texture=look.PLANKS, texture_m=0.085, roughness=0.46)
CREAM = Material((0.78, 0.72, 0.60), roughness=0.3, mirror=0.05)
COFFEE = Material((0.09, 0.04, 0.015), roughness=0.3)
BRASS = Material((0.62, 0.42, 0.14), roughness=0.3, mirror=0.16)
FLAME = Material(emission=(90.0, 44.0, 12.0), through=1.0)
WAX_GLASS = Material((0.75, 0.30, 0.07), emission=(1.05, 0.40, 0.07), roughness=0.25, mirror=0.05, through=1.0)
STONE = Material((0.17, 0.16, 0.165), (0.085, 0.08, 0.09), texture=look.PAVING, texture_m=0.17, roughness=0.4)
BRICKS = Material((0.34, 0.15, 0.10), (0.20, 0.085, 0.06), texture=look.BRICK, texture_m=0.075, roughness=0.8)
PLASTER = Material((0.10, 0.10, 0.13), (0.07, 0.07, 0.10), (0.8, 0.43, 0.16), look.WINDOWS, 0.62, roughness=0.8)
FAR_HOUSE = Material((0.055, 0.06, 0.09), (0.045, 0.05, 0.08), (1.9, 1.15, 0.5), look.WINDOWS, 1.5, roughness=0.9)
ROOM = Material((0.2, 0.12, 0.06), emission=(1.25, 0.66, 0.24), texture=look.INTERIOR, roughness=0.5)
FRAME_PAINT = Material((0.055, 0.13, 0.12), roughness=0.4)
AWNING = Material((0.70, 0.62, 0.50), (0.42, 0.055, 0.045), texture=look.STRIPES, texture_m=0.36, roughness=0.8)
SIGN = Material((0.05, 0.06, 0.055), (0.75, 0.72, 0.62), texture=look.LINES, texture_m=0.1, roughness=0.8)
MENU = Material((0.05, 0.06, 0.055), (0.75, 0.72, 0.62), texture=look.LINES, texture_m=0.018, roughness=0.8)
LEAVES = Material((0.13, 0.27, 0.06), (0.05, 0.12, 0.03), texture=look.SPECKLE, texture_m=0.028, roughness=0.6)
CLAY = Material((0.42, 0.18, 0.09), (0.32, 0.13, 0.07), texture=look.SPECKLE, texture_m=0.03, roughness=0.7)
FLOWERS = Material((0.75, 0.12, 0.10), (0.55, 0.05, 0.16), texture=look.SPECKLE, texture_m=0.02, roughness=0.6)

BULB_WARM: Vec = (66.0, 26.0, 6.5)
LAMP_GLOBE: Vec = (48.0, 27.0, 9.5)


def build_set(scene: Assembly) -> None:
    """Add everything that does not act."""
    scene.subject = 0
    _near_table(scene)
    _stage(scene)
    _cafe_front(scene)
    _tables_and_plants(scene)
    _street(scene)
    _strings(scene)
    _lamps(scene)


def _at(x: float, y: float, z: float, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Pose:
    return Pose().at(x, y, z, axes=turn(yaw=yaw, pitch=pitch, roll=roll))


def _near_table(scene: Assembly) -> None:
    x, z = NEAR_TABLE
    top = TABLE_TOP_M
    scene.add(CYLINDER, _at(x, top - 0.014, z, yaw=24), (0.47, 0.014, 0.47), TABLE_WOOD, rounding=0.006)
    scene.add(CYLINDER, _at(x, 0.42, z), (0.035, 0.42, 0.035), IRON, rounding=0.01)
    # Cup, coffee and saucer.
    cup_x, cup_z = x - 0.235, z - 0.10
    scene.add(CYLINDER, _at(cup_x, top + 0.006, cup_z), (0.062, 0.005, 0.062), CREAM, rounding=0.004)
    scene.add(ROUND_CONE, _at(cup_x, top + 0.034, cup_z), (0.022, 0.014, 0.034), CREAM)
    scene.add(CYLINDER, _at(cup_x, top + 0.055, cup_z), (0.036, 0.018, 0.036), CREAM, rounding=0.004)
    scene.add(CYLINDER, _at(cup_x, top + 0.0725, cup_z), (0.0315, 0.0012, 0.0315), COFFEE)
    scene.add(TORUS, _at(cup_x - 0.042, top + 0.052, cup_z - 0.004, pitch=90), (0.015, 0.0042, 0.0), CREAM)
    scene.rod(
        CYLINDER,
        (cup_x + 0.02, top + 0.014, cup_z - 0.055),
        (cup_x + 0.085, top + 0.016, cup_z - 0.015),
        (0.0028, 0.0028),
        BRASS,
    )
    scene.add(ELLIPSOID, _at(cup_x + 0.094, top + 0.0165, cup_z - 0.010), (0.014, 0.003, 0.009), BRASS)
    # Tea light in amber glass.
    light_x, light_z = x + 0.16, z - 0.12
    scene.add(CYLINDER, _at(light_x, top + 0.026, light_z), (0.030, 0.026, 0.030), WAX_GLASS, rounding=0.008)
    scene.add(TORUS, _at(light_x, top + 0.052, light_z), (0.0275, 0.0035, 0.0), BRASS)
    scene.add(ELLIPSOID, _at(light_x, top + 0.072, light_z), (0.0055, 0.0165, 0.0055), FLAME)
    scene.bulb((light_x, top + 0.072, light_z), (90.0, 44.0, 12.0), 0.010)
    # A folded menu card.
    scene.add(BOX, _at(x + 0.27, top + 0.07, z + 0.20, yaw=-28, pitch=-12), (0.05, 0.07, 0.0015), MENU)


def _stage(scene: Assembly) -> None:
    top = STAGE_TOP_M
    scene.add(BOX, _at(-0.62, top - 0.03, 3.25), (0.86, 0.03, 0.62), DARK_WOOD, rounding=0.008)
    scene.add(BOX, _at(-0.62, top / 2 - 0.03, 3.25), (0.82, top / 2 - 0.03, 0.58), FRAME_PAINT)
    glow = Material(emission=(36.0, 16.0, 4.5), through=1.0)
    for i in range(5):
        x = -0.62 + (i - 2) * 0.36
        scene.add(CYLINDER, _at(x, top + 0.008, 2.68), (0.026, 0.008, 0.026), BRASS, rounding=0.004)
        scene.add(ELLIPSOID, _at(x, top + 0.027, 2.68), (0.013, 0.016, 0.013), glow)
        scene.bulb((x, top + 0.027, 2.68), (36.0, 16.0, 4.5), 0.014)


def _cafe_front(scene: Assembly) -> None:
    scene.add(BOX, _at(-2.7, 2.75, 12.1), (4.3, 2.75, 3.0), BRICKS)
    for x, half in ((-2.45, 1.25), (0.95, 0.42)):
        scene.add(BOX, _at(x, 1.55, 9.07), (half, 0.85, 0.02), ROOM)
        for edge in (-half, half):
            scene.add(BOX, _at(x + edge, 1.55, 9.05), (0.05, 0.92, 0.06), FRAME_PAINT, rounding=0.01)
        for level in (0.68, 2.42):
            scene.add(BOX, _at(x, level, 9.04), (half + 0.08, 0.05, 0.09), FRAME_PAINT, rounding=0.01)
        bars = 3 if half > 1 else 1
        for bar in range(1, bars + 1):
            place = x - half + 2 * half * bar / (bars + 1)
            scene.add(BOX, _at(place, 1.55, 9.04), (0.022, 0.88, 0.03), FRAME_PAINT)
        scene.add(BOX, _at(x, 0.34, 9.06), (half + 0.05, 0.28, 0.04), FRAME_PAINT, rounding=0.01)
    # The door stands between the two windows, half of it glass.
    scene.add(BOX, _at(-0.42, 1.15, 9.06), (0.48, 1.2, 0.04), FRAME_PAINT, rounding=0.01)
    scene.add(BOX, _at(-0.42, 1.45, 9.02), (0.34, 0.75, 0.015), ROOM)
    scene.add(ELLIPSOID, _at(-0.12, 1.0, 8.98), (0.03, 0.03, 0.03), BRASS)
    for x, half in ((-2.45, 1.45), (0.95, 0.55)):
        scene.add(BOX, _at(x, 2.62, 8.62, pitch=24), (half, 0.012, 0.55), AWNING)
        scene.add(BOX, _at(x, 2.33, 8.125), (half, 0.085, 0.010), AWNING)
    scene.add(BOX, _at(0.22, 0.5, 8.3, yaw=16, pitch=-10), (0.27, 0.42, 0.015), SIGN, rounding=0.005)
    for x in (-3.9, -1.02, 0.36):
        scene.add(BOX, _at(x, 2.0, 8.9), (0.06, 0.10, 0.07), IRON)
        glow = Material(emission=(26.0, 12.5, 4.0), through=1.0)
        scene.add(ELLIPSOID, _at(x, 2.0, 8.8), (0.05, 0.07, 0.05), glow)
        scene.bulb((x, 2.0, 8.8), (26.0, 12.5, 4.0), 0.055)


def _cafe_table(scene: Assembly, x: float, z: float) -> None:
    scene.add(CYLINDER, _at(x, 0.735, z, yaw=40), (0.36, 0.014, 0.36), DARK_WOOD, rounding=0.006)
    scene.add(CYLINDER, _at(x, 0.37, z), (0.022, 0.36, 0.022), IRON)
    scene.add(CYLINDER, _at(x, 0.012, z), (0.22, 0.012, 0.22), IRON, rounding=0.006)
    scene.add(CYLINDER, _at(x + 0.08, 0.80, z - 0.08), (0.034, 0.05, 0.034), WAX_GLASS, rounding=0.01)
    scene.add(ELLIPSOID, _at(x + 0.08, 0.872, z - 0.08), (0.010, 0.022, 0.010), FLAME)
    scene.bulb((x + 0.08, 0.872, z - 0.08), (90.0, 44.0, 12.0), 0.014)


def _chair(scene: Assembly, x: float, z: float, yaw: float) -> None:
    base = _at(x, 0.0, z, yaw=yaw)
    red = Material((0.45, 0.06, 0.05), roughness=0.35, mirror=0.05)
    scene.add(CYLINDER, base.at(0, 0.46, 0), (0.19, 0.014, 0.19), red, rounding=0.008)
    for dx in (-0.13, 0.13):
        for dz in (-0.13, 0.13):
            scene.add(CYLINDER, base.at(dx, 0.23, dz), (0.011, 0.23, 0.011), IRON)
        scene.add(CYLINDER, base.at(dx, 0.66, 0.16), (0.011, 0.21, 0.011), IRON)
    scene.add(BOX, base.at(0, 0.80, 0.165), (0.17, 0.085, 0.012), red, rounding=0.01)


def _plant(scene: Assembly, x: float, z: float, height: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene.add(ROUND_CONE, _at(x, 0.22, z), (0.13, 0.10, 0.18), CLAY)
    scene.add(CYLINDER, _at(x, 0.15 + height / 2, z), (0.014, height / 2 - 0.15, 0.014), DARK_WOOD)
    for i in range(42):
        angle, share = i * 2.399963, (i + 0.5) / 42
        spread = 0.27 * math.sin(math.pi * (0.25 + 0.7 * share))
        y = 0.40 + (height - 0.40) * share + float(rng.uniform(-0.04, 0.04))
        size = float(rng.uniform(0.045, 0.085))
        material = FLOWERS if i % 5 == 4 else LEAVES
        half = 0.045 if material is FLOWERS else size
        tilt = turn(yaw=float(rng.uniform(0, 180)), pitch=float(rng.uniform(-40, 40)))
        pose = Pose().at(x + spread * math.cos(angle), y, z + spread * math.sin(angle), axes=tilt)
        scene.add(ELLIPSOID, pose, (half, half * 0.42, half * 0.8), material)


def _tables_and_plants(scene: Assembly) -> None:
    _cafe_table(scene, 1.28, 4.7)
    _chair(scene, 1.82, 4.9, -70)
    _chair(scene, 0.86, 5.2, 150)
    _cafe_table(scene, -2.55, 6.0)
    _chair(scene, -2.0, 6.3, -110)
    _plant(scene, 2.15, 3.95, 1.25, 5)
    _plant(scene, -1.75, 4.15, 1.05, 8)


def _street(scene: Assembly) -> None:
    scene.add(BOX, _at(0, -0.5, 60.0), (90.0, 0.5, 70.0), STONE)
    scene.add(BOX, _at(7.7, 3.4, 14.0), (3.0, 3.4, 2.2), PLASTER)
    scene.add(BOX, _at(13.2, 3.6, 29.0), (4.0, 3.6, 5.0), FAR_HOUSE)
    houses = ((-4.0, 9.0, 78.0), (10.0, 7.0, 92.0), (16.0, 9.5, 84.0), (21.0, 6.0, 76.0), (27.0, 11.0, 98.0),
              (34.0, 8.0, 88.0), (42.0, 12.5, 100.0), (50.0, 9.0, 90.0))  # fmt: skip
    for x, half, z in houses:
        scene.add(BOX, _at(x, half * 0.42, z), (half * 0.42, half * 0.42, 4.0), FAR_HOUSE)
    globe = Material(emission=LAMP_GLOBE, through=1.0)
    for x, z in ((3.55, 13.0), (4.3, 18.5), (5.5, 26.0), (7.1, 36.0), (9.2, 50.0)):
        scene.add(CYLINDER, _at(x, 1.45, z), (0.04, 1.45, 0.04), IRON)
        scene.add(ELLIPSOID, _at(x, 3.0, z), (0.10, 0.10, 0.10), globe)
        scene.bulb((x, 3.0, z), LAMP_GLOBE, 0.10)
    cars = (
        (4.9, 0.7, 30.0, (70.0, 3.5, 2.0)),
        (5.9, 0.7, 30.0, (70.0, 3.5, 2.0)),
        (8.3, 0.75, 44.0, (110.0, 98.0, 74.0)),
        (9.6, 0.75, 44.0, (110.0, 98.0, 74.0)),
        (6.1, 3.6, 33.0, (3.0, 60.0, 30.0)),
    )
    for x, y, z, colour in cars:
        scene.add(ELLIPSOID, _at(x, y, z), (0.10, 0.10, 0.10), Material(emission=colour, through=1.0))
        scene.bulb((x, y, z), colour, 0.10)


def _strings(scene: Assembly) -> None:
    """Three sagging strings of warm bulbs across the yard."""
    glass = Material(emission=BULB_WARM, through=1.0)
    cable = Material((0.02, 0.02, 0.02), roughness=0.6, through=1.0)
    spans = (((-2.35, 2.05, 3.5), (1.75, 2.78, 9.0), 0.34, 13), ((2.25, 1.98, 3.9), (-3.1, 2.62, 8.9), 0.42, 15),
             ((3.2, 2.7, 12.2), (0.9, 2.75, 8.9), 0.2, 6))  # fmt: skip
    for start, end, sag, count in spans:
        first, last = np.array(start), np.array(end)
        share = (np.arange(count + 1)) / count
        line = first + (last - first) * share[:, None]
        line[:, 1] -= sag * 4.0 * share * (1.0 - share)
        for i in range(count):
            a, b = line[i], line[i + 1]
            scene.rod(CYLINDER, (a[0], a[1], a[2]), (b[0], b[1], b[2]), (0.0045, 0.0045), cable)
            x, y, z = (float(v) for v in (a + b) / 2)
            scene.add(CYLINDER, _at(x, y - 0.022, z), (0.013, 0.024, 0.013), cable, rounding=0.003)
            scene.add(ELLIPSOID, _at(x, y - 0.064, z), (0.019, 0.024, 0.019), glass)
            scene.bulb((x, y - 0.064, z), BULB_WARM, 0.020)


def _lamps(scene: Assembly) -> None:
    """The few lamps that light surfaces: strings and windows in sum, the candle, the footlights, the evening sky."""
    scene.light((-0.75, 2.35, 0.9), (2.5, 1.75, 1.05), size_m=0.35)
    scene.light((1.5, 2.3, 4.3), (2.6, 1.55, 0.72), size_m=0.4)
    scene.light((-1.6, 2.3, 5.6), (3.6, 2.1, 0.95), size_m=0.5, shadow=False)
    scene.light((-2.2, 1.7, 8.2), (3.0, 1.6, 0.6), size_m=0.6, shadow=False)
    scene.light((0.7, 2.0, 7.4), (1.7, 0.95, 0.4), size_m=0.4, shadow=False)
    scene.light((NEAR_TABLE[0] + 0.16, TABLE_TOP_M + 0.085, NEAR_TABLE[1] - 0.12), (0.055, 0.027, 0.008), size_m=0.05)
    scene.light((-0.62, STAGE_TOP_M + 0.05, 2.60), (0.20, 0.11, 0.045), size_m=0.3, shadow=False)
    scene.light((4.6, 4.8, 7.0), (5.0, 9.0, 17.0), size_m=1.2)
    scene.light((4.2, 3.0, 17.5), (5.0, 3.0, 1.4), size_m=0.5, shadow=False)
