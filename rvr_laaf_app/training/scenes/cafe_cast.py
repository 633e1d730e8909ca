"""The three that act in the cafe scene: a wind-up toy on the table, a singing robot on the stage, a waiter behind."""

from __future__ import annotations

import math

from rvr_laaf_app.training.scenes import surface as look
from rvr_laaf_app.training.scenes.cafe_set import BRASS, IRON, NEAR_TABLE, STAGE_TOP_M, TABLE_TOP_M
from rvr_laaf_app.training.scenes.score import (
    HOP_STARTS_S,
    SONG_STARTS_S,
    hop_height,
    hop_stretch,
    mouth_open,
    smooth,
)
from rvr_laaf_app.training.scenes.shapes import BOX, CYLINDER, ELLIPSOID, ROUND_CONE, TORUS
from rvr_laaf_app.training.scenes.stage import Array, Assembly, Material, Pose, turn

TOY, SINGER, WAITER = 1, 2, 3

CORAL = Material((0.80, 0.17, 0.055), roughness=0.3, mirror=0.05)
BELLY = Material((0.86, 0.66, 0.36), roughness=0.35, mirror=0.04)
TOY_STRIPES = Material((0.86, 0.66, 0.36), (0.05, 0.22, 0.30), texture=look.STRIPES, texture_m=0.03, roughness=0.35)
WHITE = Material((0.85, 0.84, 0.80), roughness=0.25, mirror=0.05)
PUPIL = Material((0.012, 0.012, 0.016), roughness=0.15, mirror=0.06)
NAVY = Material((0.03, 0.10, 0.17), roughness=0.3, mirror=0.05)
MINT = Material(
    (0.20, 0.52, 0.44), (0.16, 0.44, 0.38), texture=look.SPECKLE, texture_m=0.05, roughness=0.3, mirror=0.05
)
IVORY = Material((0.80, 0.72, 0.54), roughness=0.35, mirror=0.04)
SCREEN = Material((0.015, 0.022, 0.028), roughness=0.2, mirror=0.05)
EYE_LIGHT = Material((0.1, 0.1, 0.1), emission=(0.22, 1.0, 0.82))
MOUTH_LIGHT = Material((0.3, 0.08, 0.05), emission=(1.1, 0.26, 0.07))
RED_LIGHT = Material((0.5, 0.05, 0.03), emission=(1.8, 0.12, 0.05))
DIAL = Material((0.85, 0.80, 0.66), (0.55, 0.08, 0.05), texture=look.STRIPES, texture_m=0.02, roughness=0.4)
PLUM = Material((0.26, 0.07, 0.16), roughness=0.35, mirror=0.04)
APRON = Material((0.80, 0.78, 0.72), roughness=0.7)


def build_cast(scene: Assembly, seconds: float) -> None:
    """Add the three figures as they stand at this moment."""
    scene.subject = TOY
    _toy(scene, seconds)
    scene.subject = SINGER
    _singer(scene, seconds)
    scene.subject = WAITER
    _waiter(scene, seconds)
    scene.subject = 0


def _toy(scene: Assembly, seconds: float) -> None:
    x, z = NEAR_TABLE
    stretch = hop_stretch(seconds)
    wide = 1.0 / math.sqrt(stretch)
    look_round = 15.0 * smooth(3.35, 3.9, seconds) * (1.0 - smooth(5.0, 5.4, seconds))
    base = Pose().at(x - 0.055, TABLE_TOP_M + hop_height(seconds), z + 0.02, axes=turn(yaw=12.0))
    base = Pose(base.place, base.axes, base.stretch * [wide, stretch, wide])
    for side in (-1, 1):
        scene.add(ELLIPSOID, base.at(0.047 * side, 0.021, -0.018), (0.042, 0.021, 0.056), NAVY)
    scene.add(ELLIPSOID, base.at(0, 0.108, 0), (0.092, 0.098, 0.084), CORAL)
    scene.add(ELLIPSOID, base.at(0, 0.094, -0.020), (0.066, 0.070, 0.069), TOY_STRIPES)
    _toy_arms(scene, base, seconds)
    _toy_key(scene, base, seconds)
    _toy_head(scene, base.at(0, 0.245, 0, axes=turn(yaw=-look_round, roll=-0.35 * look_round)), seconds)


def _toy_head(scene: Assembly, head: Pose, seconds: float) -> None:
    scene.add(ELLIPSOID, head, (0.096, 0.080, 0.086), CORAL)
    scene.add(ELLIPSOID, head.at(0, -0.018, -0.030), (0.070, 0.050, 0.062), BELLY)
    blink = 1.0 - 0.92 * max(
        1.0 - abs(seconds - at) / 0.085 if abs(seconds - at) < 0.085 else 0.0 for at in (1.4, 4.6, 7.3)
    )
    for side in (-1, 1):
        scene.add(ELLIPSOID, head.at(0.041 * side, 0.022, -0.062), (0.030, 0.033 * blink, 0.024), WHITE)
        scene.add(ELLIPSOID, head.at(0.038 * side, 0.020, -0.079), (0.015, 0.018 * blink, 0.010), PUPIL)
        ear = head.at(0.064 * side, 0.072, 0.0, axes=turn(roll=-24.0 * side))
        scene.add(ROUND_CONE, ear, (0.026, 0.020, 0.009), CORAL)
        scene.add(ROUND_CONE, ear.at(0, -0.002, -0.010), (0.017, 0.017, 0.006), BELLY)
    scene.add(ELLIPSOID, head.at(0, -0.008, -0.093), (0.013, 0.010, 0.009), PUPIL)
    scene.add(ELLIPSOID, head.at(0, -0.036, -0.086), (0.018, 0.0045, 0.006), PUPIL)


def _toy_arms(scene: Assembly, base: Pose, seconds: float) -> None:
    since = seconds - HOP_STARTS_S
    lift = smooth(0.0, 0.12, since) * (1.0 - smooth(1.35, 1.75, since))
    wave = 22.0 * math.sin(since * 15.0) * lift if since > 0.0 else 0.0
    for side in (-1, 1):
        angle = side * (28.0 + 110.0 * lift + side * wave)
        arm = base.at(0.082 * side, 0.150, -0.005, axes=turn(roll=angle))
        scene.add(ROUND_CONE, arm.at(0, -0.034, 0), (0.019, 0.028, 0.015), CORAL)
        scene.add(ELLIPSOID, arm.at(0, -0.072, 0), (0.022, 0.022, 0.022), BELLY)


def _toy_key(scene: Assembly, base: Pose, seconds: float) -> None:
    speed = 70.0 * seconds + 240.0 * max(seconds - HOP_STARTS_S, 0.0)
    key = base.at(0.075, 0.125, 0.062, axes=turn(yaw=40.0) @ turn(roll=speed))
    scene.add(CYLINDER, base.at(0.066, 0.125, 0.052, axes=turn(yaw=40.0, pitch=90.0)), (0.006, 0.03, 0.006), BRASS)
    for side in (-1, 1):
        scene.add(TORUS, key.at(0.026 * side, 0, 0.022, axes=turn(pitch=90.0)), (0.019, 0.0065, 0.0), BRASS)


def _singer(scene: Assembly, seconds: float) -> None:
    since = seconds - SONG_STARTS_S
    singing = smooth(0.0, 0.25, since) * (1.0 - smooth(2.25, 2.7, since))
    sway = 3.5 * math.sin(since * 5.2) * singing + 0.7 * math.sin(seconds * 1.7) * (1.0 - singing)
    base = Pose().at(-0.56, STAGE_TOP_M, 3.2, axes=turn(yaw=-10.0))
    for side in (-1, 1):
        scene.add(BOX, base.at(0.095 * side, 0.035, -0.03), (0.065, 0.035, 0.10), NAVY, rounding=0.025)
        scene.add(CYLINDER, base.at(0.095 * side, 0.16, 0), (0.035, 0.11, 0.035), IRON, rounding=0.01)
        scene.add(TORUS, base.at(0.095 * side, 0.14, 0), (0.036, 0.010, 0.0), BRASS)
    body = base.at(0, 0.25, 0, axes=turn(roll=sway))
    scene.add(BOX, body.at(0, 0.20, 0), (0.19, 0.205, 0.13), MINT, rounding=0.06)
    scene.add(BOX, body.at(0, 0.225, -0.118), (0.125, 0.105, 0.02), IVORY, rounding=0.018)
    scene.add(
        CYLINDER, body.at(-0.055, 0.245, -0.136, axes=turn(pitch=90.0)), (0.045, 0.008, 0.045), DIAL, rounding=0.003
    )
    scene.add(TORUS, body.at(-0.055, 0.245, -0.142, axes=turn(pitch=90.0)), (0.045, 0.006, 0.0), BRASS)
    for i, material in enumerate((RED_LIGHT, EYE_LIGHT, BRASS)):
        scene.add(ELLIPSOID, body.at(0.065, 0.285 - 0.045 * i, -0.138), (0.014, 0.014, 0.010), material)
    scene.add(BOX, body.at(0.0, 0.075, -0.122), (0.10, 0.025, 0.012), SCREEN, rounding=0.008)
    scene.add(CYLINDER, body.at(0, 0.43, 0), (0.05, 0.04, 0.05), IRON, rounding=0.01)
    _singer_arms(scene, body, singing, since)
    nod = -9.0 * mouth_open(seconds) - 3.0 * singing
    _singer_head(scene, body.at(0, 0.60, 0, axes=turn(pitch=-nod, roll=0.8 * sway)), seconds)
    _microphone(scene, base)


def _singer_head(scene: Assembly, head: Pose, seconds: float) -> None:
    scene.add(BOX, head, (0.205, 0.155, 0.15), MINT, rounding=0.065)
    scene.add(BOX, head.at(0, 0.0, -0.13), (0.165, 0.115, 0.03), SCREEN, rounding=0.028)
    for side in (-1, 1):
        scene.add(ELLIPSOID, head.at(0.078 * side, 0.035, -0.155), (0.034, 0.034, 0.014), EYE_LIGHT)
        scene.add(ELLIPSOID, head.at(0.074 * side, 0.035, -0.166), (0.014, 0.016, 0.008), PUPIL)
        scene.add(
            CYLINDER, head.at(0.215 * side, 0.01, 0, axes=turn(roll=90.0)), (0.06, 0.025, 0.06), IVORY, rounding=0.012
        )
        scene.add(
            CYLINDER, head.at(0.245 * side, 0.01, 0, axes=turn(roll=90.0)), (0.025, 0.02, 0.025), BRASS, rounding=0.008
        )
    opening = mouth_open(seconds)
    scene.add(
        ELLIPSOID, head.at(0, -0.058, -0.154), (0.052 - 0.010 * opening, 0.007 + 0.033 * opening, 0.014), MOUTH_LIGHT
    )
    scene.add(CYLINDER, head.at(0.0, 0.19, 0.0), (0.006, 0.06, 0.006), IRON)
    scene.add(ELLIPSOID, head.at(0.0, 0.262, 0.0), (0.026, 0.026, 0.026), RED_LIGHT)


def _singer_arms(scene: Assembly, body: Pose, singing: float, since: float) -> None:
    for side in (-1, 1):
        lift = singing * (62.0 + 16.0 * math.sin(since * 5.2 + side)) if side < 0 else 24.0 * singing
        shoulder = body.at(0.205 * side, 0.33, 0, axes=turn(roll=side * (14.0 + lift)))
        scene.add(ELLIPSOID, shoulder, (0.055, 0.055, 0.055), IVORY)
        scene.add(ROUND_CONE, shoulder.at(0, -0.10, 0), (0.030, 0.06, 0.034), IRON)
        elbow = shoulder.at(0, -0.19, 0, axes=turn(roll=side * (8.0 + 0.55 * lift), pitch=24.0))
        scene.add(ROUND_CONE, elbow.at(0, -0.085, 0), (0.052, 0.065, 0.036), MINT)
        scene.add(ELLIPSOID, elbow.at(0, -0.19, 0), (0.048, 0.048, 0.048), NAVY)


def _microphone(scene: Assembly, base: Pose) -> None:
    def spot(x: float, y: float, z: float) -> tuple[float, float, float]:
        p: Array = base.at(x, y, z).place
        return float(p[0]), float(p[1]), float(p[2])

    scene.add(CYLINDER, base.at(0.19, 0.012, -0.33), (0.11, 0.012, 0.11), IRON, rounding=0.008)
    scene.rod(CYLINDER, spot(0.19, 0.02, -0.33), spot(0.19, 0.66, -0.33), (0.010, 0.010), IRON)
    scene.rod(CYLINDER, spot(0.22, 0.64, -0.33), spot(0.06, 0.735, -0.31), (0.008, 0.008), IRON)
    scene.rod(ROUND_CONE, spot(0.075, 0.73, -0.31), spot(0.035, 0.752, -0.30), (0.018, 0.022), IRON)
    scene.add(ELLIPSOID, Pose().at(*spot(0.02, 0.762, -0.295)), (0.032, 0.032, 0.032), BRASS)


def _waiter(scene: Assembly, seconds: float) -> None:
    x = -0.42 + 0.155 * seconds
    bob = 0.008 * math.sin(seconds * 6.0)
    base = Pose().at(x, bob, 6.9, axes=turn(yaw=28.0))
    scene.add(ROUND_CONE, base.at(0, 0.36, 0), (0.24, 0.18, 0.13), PLUM)
    scene.add(BOX, base.at(0.0, 0.42, -0.15, axes=turn(pitch=18.0)), (0.12, 0.22, 0.05), APRON, rounding=0.04)
    scene.add(TORUS, base.at(0, 0.14, 0), (0.20, 0.045, 0.0), IRON)
    scene.add(ELLIPSOID, base.at(0, 0.78, 0), (0.22, 0.26, 0.17), PLUM)
    scene.add(BOX, base.at(0.0, 0.80, -0.155), (0.05, 0.018, 0.012), RED_LIGHT, rounding=0.008)
    head = base.at(0, 1.21, 0, axes=turn(yaw=8.0 * math.sin(seconds * 0.9)))
    scene.add(CYLINDER, head, (0.155, 0.15, 0.155), IVORY, rounding=0.07)
    scene.add(BOX, head.at(0, 0.02, -0.12), (0.12, 0.05, 0.05), SCREEN, rounding=0.03)
    for side in (-1, 1):
        scene.add(ELLIPSOID, head.at(0.05 * side, 0.02, -0.168), (0.020, 0.026, 0.010), EYE_LIGHT)
    scene.add(CYLINDER, head.at(0, 0.175, 0), (0.11, 0.03, 0.11), PLUM, rounding=0.012)
    shoulder = base.at(0.21, 0.92, -0.04, axes=turn(roll=58.0, pitch=20.0))
    scene.add(ROUND_CONE, shoulder.at(0, -0.13, 0), (0.03, 0.10, 0.045), PLUM)
    tray = base.at(0.44, 0.86, -0.12)
    scene.add(ELLIPSOID, tray.at(-0.02, -0.03, 0), (0.045, 0.045, 0.045), IVORY)
    scene.add(CYLINDER, tray.at(0, 0.02, 0), (0.19, 0.010, 0.19), BRASS, rounding=0.005)
    glass = Material((0.2, 0.4, 0.2), emission=(0.16, 0.7, 0.32), roughness=0.2, mirror=0.05)
    scene.add(CYLINDER, tray.at(-0.05, 0.09, 0.03), (0.035, 0.065, 0.035), glass, rounding=0.01)
    scene.add(CYLINDER, tray.at(0.06, 0.075, -0.02), (0.04, 0.05, 0.04), IVORY, rounding=0.01)
    arm = base.at(-0.215, 0.92, 0, axes=turn(roll=-12.0))
    scene.add(ROUND_CONE, arm.at(0, -0.18, 0), (0.032, 0.13, 0.045), PLUM)
