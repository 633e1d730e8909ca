"""Generate conversations with known truth: who speaks when, at which depth, and what must not draw focus.

Semi-synthetic: drawn people (talk_faces) at two or three depths, synthetic voices (talk_sound), turns with pauses and
overlaps, somebody unseen who talks, coughs, a listener who chews, heads and hands that move. Clips, and one truth file
as `rvr-laaf eval laaf` reads it:

    python -m rvr_laaf_app.training.conversations OUT --clips 10 --seed 1
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.talk_faces import Look, Pose, draw_person, some_look
from rvr_laaf_app.training.talk_sound import RATE, Signal, Voice, coughed, room, some_voice, spoken

FPS = 25
SIZE = (640, 360)
FACES_PX = (84.0, 62.0, 48.0)  # side of the face of the nearest person, and of those behind
EARLY_FRAMES, LATE_FRAMES = 15, 3  # around the first word within which a change of focus would be right
TRUTH = "conversations.json"


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody makes a sound: person -1 = unseen; kind: "turn", "cough" or "chew" (without a sound)."""

    person: int
    kind: str
    start_s: float
    stop_s: float


@dataclass(slots=True)
class Person:
    """One of the people: how they look and sound, where they sit, and how their mouth moves, frame by frame."""

    look: Look
    voice: Voice
    x: float
    y: float
    disparity: float
    phases: NDArray[np.float64]
    mouth: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


def schedule(people: int, seconds: float, rng: np.random.Generator) -> list[Said]:
    """Return who does what when, in order of time."""
    said: list[Said] = []
    at, former = float(rng.uniform(0.6, 1.4)), -2
    while at < seconds - 1.6:
        unseen = former >= 0 and rng.random() < 0.15
        person = -1 if unseen else int(rng.choice([p for p in range(people) if p != former]))
        length = float(rng.uniform(1.2, 2.0) if unseen else rng.uniform(1.5, 4.0))
        stop = min(at + length, seconds - 0.4)
        said.append(Said(person, "turn", at, stop))
        former = person if person >= 0 else former
        at = stop + float(rng.uniform(-0.25, 0.0) if rng.random() < 0.2 else rng.uniform(0.1, 0.9))
    listeners = [(s, int(rng.integers(people))) for s in said if s.person >= 0]
    for turn, person in listeners:
        if person != turn.person and turn.stop_s - turn.start_s > 1.6:
            middle = float(rng.uniform(turn.start_s + 0.5, turn.stop_s - 0.6))
            if rng.random() < 0.35:
                said.append(Said(person if rng.random() < 0.7 else -1, "cough", middle, middle + 0.5))
            elif rng.random() < 0.4:
                said.append(Said(person, "chew", turn.start_s, turn.stop_s))
    return sorted(said, key=lambda s: s.start_s)


def cast(people: int, rng: np.random.Generator) -> list[Person]:
    """Return the people of a clip, side by side at different depths."""
    order = rng.permutation(len(FACES_PX))[:people]
    found = []
    for place, depth in enumerate(order):
        side = FACES_PX[depth] * float(rng.uniform(0.93, 1.07))
        x = SIZE[0] * (place + 0.5 + float(rng.uniform(-0.1, 0.1))) / people
        look = some_look(rng, side)
        found.append(Person(look, some_voice(rng), x, 1.5 * side + 25.0, side / 100.0, rng.uniform(0, 6.28, 8)))
    return found


def perform(people: list[Person], said: list[Said], seconds: float, rng: np.random.Generator) -> Signal:
    """Return the sound of the clip, and give every person the motion of the mouth."""
    total = round(seconds * RATE)
    sound = room(seconds, rng)
    mouths = np.zeros((len(people), total))
    unseen = some_voice(rng)
    for each in said:
        first = round(each.start_s * RATE)
        if each.kind == "chew":
            since = np.arange(min(round((each.stop_s - each.start_s) * RATE), total - first)) / RATE
            wave, mouth = np.zeros(len(since)), 0.35 * (0.5 - 0.5 * np.cos(2 * np.pi * rng.uniform(1.2, 1.8) * since))
        elif each.kind == "cough":
            wave, mouth = coughed(rng)
        else:
            voice = people[each.person].voice if each.person >= 0 else unseen
            wave, mouth = spoken(voice, each.stop_s - each.start_s, rng)
        last = min(first + len(mouth), total)
        sound[first:last] += (0.6 if each.person < 0 else 1.0) * wave[: last - first]
        if each.person >= 0:
            mouths[each.person, first:last] = np.maximum(mouths[each.person, first:last], mouth[: last - first])
    frames = round(seconds * FPS)
    for person, mouth in zip(people, mouths, strict=True):
        per_frame = mouth[: frames * RATE // FPS].reshape(frames, -1).mean(axis=1)
        person.mouth = np.clip(per_frame * rng.uniform(0.6, 1.0) + 0.02 * rng.standard_normal(frames), 0.0, 1.0)
    return sound / max(1.0, float(np.abs(sound).max()))


def pose_of(person: Person, frame: int) -> Pose:
    """Return how a person sits at a frame: swaying, nodding, blinking, now and then a hand."""
    t, p = frame / FPS, person.phases
    side = person.look.side_px
    x = person.x + 0.06 * side * np.sin(0.9 * t + p[0]) + 0.02 * side * np.sin(3.1 * t + p[1])
    y = person.y + 0.025 * side * np.sin(1.3 * t + p[2]) + 0.015 * side * np.sin(4.3 * t + p[3])
    tilt = 4.0 * np.sin(0.7 * t + p[4])
    blink = float(np.sin(1.9 * t + p[5]) > 0.985)
    arm = max(float(np.sin(0.8 * t + p[6])) - 0.5, 0.0) * 2.0
    return Pose(float(x), float(y), float(tilt), float(person.mouth[frame]), blink, arm)


def face_box(person: Person, frame: int) -> list[float]:
    """Return x, y, width and height of a face in shares of the picture."""
    pose, side = pose_of(person, frame), person.look.side_px
    left, top = (pose.x - 0.5 * side) / SIZE[0], (pose.y - 0.55 * side) / SIZE[1]
    return [round(v, 4) for v in (left, top, side / SIZE[0], 1.2 * side / SIZE[1])]


def write_conversation(path: Path, seed: int, *, seconds: float = 20.0) -> dict[str, Any]:
    """Write one clip and return its truth."""
    rng = np.random.default_rng(seed)
    people = cast(int(rng.integers(2, 4)), rng)
    said = schedule(len(people), seconds, rng)
    sound = perform(people, said, seconds, rng)
    frames = round(seconds * FPS)
    coarse = rng.integers(60, 170, (7, 12, 3)).astype(np.uint8)
    wall = np.asarray(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
    far_first = sorted(people, key=lambda p: p.disparity)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        for frame in range(frames):
            canvas = wall.copy()
            for person in far_first:
                draw_person(canvas, person.look, pose_of(person, frame))
            noisy = canvas + rng.normal(0.0, 2.0, canvas.shape)
            picture = av.VideoFrame.from_ndarray(np.clip(noisy, 0, 255).astype(np.uint8), format="rgb24")
            picture.pts, picture.time_base = frame, Fraction(1, FPS)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        block = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return truth_of(people, said, frames)


def truth_of(people: list[Person], said: list[Said], frames: int) -> dict[str, Any]:
    """Return the truth of a clip: targets at first words, all turns, and what must not draw focus."""
    turns = [s for s in said if s.kind == "turn" and s.person >= 0]
    targets: list[dict[str, Any]] = []
    shown = -1
    for turn in turns:
        frame = 0 if not targets else round(turn.start_s * FPS)
        if turn.person == shown:
            continue
        shown = turn.person
        early, late = (0, 0) if frame == 0 else (frame - EARLY_FRAMES, frame + LATE_FRAMES)
        box = face_box(people[turn.person], frame)
        row = {"frame": frame, "early": early, "late": late, "box": box}
        targets.append({**row, "subject": f"person {turn.person}", "why": "speaks"})
    return {
        "frames": frames,
        "fps": FPS,
        "kind": "semi-synthetic",
        "people": [{"disparity": round(p.disparity, 3), "box": face_box(p, 0)} for p in people],
        "targets": targets,
        "turns": [
            {
                "start": round(t.start_s * FPS),
                "stop": round(t.stop_s * FPS),
                "box": face_box(people[t.person], round(t.start_s * FPS)),
            }
            for t in turns
        ],
        "not_targets": [
            {
                "start": round(s.start_s * FPS),
                "stop": round(s.stop_s * FPS),
                "kind": "unseen voice" if s.kind == "turn" else s.kind,
            }
            for s in said
            if s.kind != "turn" or s.person < 0
        ],
    }


def main() -> None:
    """Write clips and their truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips = {}
    for index in range(arguments.clips):
        name = f"talk_{arguments.seed}_{index:03d}"
        seed = arguments.seed * 1000 + index
        clips[name] = write_conversation(arguments.out / f"{name}.mp4", seed, seconds=arguments.seconds)
        print(name, len(clips[name]["turns"]), "turns")
    about = "Semi-synthetic conversations: drawn people, synthetic voices; truth exact by construction."
    (arguments.out / TRUTH).write_text(json.dumps({"about": about, "clips": clips}, indent=1))


if __name__ == "__main__":
    main()
