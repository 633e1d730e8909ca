"""Train AF-Net: where focus belongs, and when it should change.

    python -m rvr_laaf_app.training.train_af --data DATA --pool EVENTS --out FOLDER [--vaf FILE.json --vaf-clips FOLDER]
    python -m rvr_laaf_app.training.train_af --data DATA --out FOLDER --publish models --card CARD.md

EVENTS is a pool of `focus_events` (composed sequences with known changes); the OSIE photographs of DATA teach where
people look; a VAF file adds annotated clips, a third of each batch. FOLDER/last.safetensors every 100 steps (run again
to resume), log.csv. Trains on the clips TRAINABLE of DATA/clips and is measured on the others: on 100 frames around
every New Focus Target by eye, how far away is the frame of highest probability (the protocol of the paper), beside what
a guess in the middle would have; and how far from the subject the region is.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from rvr_laaf_app.estimate.attention_nets import AF_ROLES
from rvr_laaf_app.nets.af_net import AfNet, AfNetConfig, AfOutput, region_centre, to_input
from rvr_laaf_app.training.data_af import (
    AfExample,
    Looked,
    Sequence,
    load_annotated,
    load_looked,
    load_sequences,
    seen_frames,
    still_of,
    stretch_of,
)
from rvr_laaf_app.training.data_vaf import load_vaf
from rvr_laaf_app.training.loop import (
    ahead,
    follow,
    learning_rate_share,
    load_checkpoint,
    log_row,
    save_checkpoint,
    set_seeds,
)
from rvr_laaf_app.training.publish import put_in_place

LICENCE = "Same licence as the program."
DATA = (
    "Composed sequences with known changes of attention: cut-outs (silhouettes by MediaPipe selfie segmentation, "
    "Apache-2.0) of photographs of research sets and demonstrations before other such photographs; eye fixations on "
    "600 photographs (OSIE, MIT); two public demonstration clips (Apache/MIT, CC BY)."
)
REPORT_EVERY = 100
KEPT = 18  # composed sequences that are measured on, never learnt from
TRAINABLE = ("gopro_hero7_walk", "intel_asl_book")  # clips that may train; one more with changes is kept to measure
PROTOCOL_FRAMES = 100
EDGE_FRAMES = 10  # a target is at least so far inside its 100 frames


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")
    pool: Path = Path("../focus_events")
    out: Path = Path("../train_af")
    vaf: Path = Path()  # annotated clips, or none
    vaf_clips: Path = Path()  # where they are
    steps: int = 1500
    start: Path = Path()  # a checkpoint or a published network to go on from with a new schedule, or none
    sequences: int = 11  # composed stretches per step
    real: int = 1  # of clips that may train
    stills: int = 3  # photographs with fixations per step
    rate: float = 1.5e-3
    warmup: int = 60
    weight_decay: float = 0.03
    region_weight: float = 0.3
    ema: float = 0.995
    threads: int = 2
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    seed: int = 0


def main() -> None:
    """Parse the settings and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    parser.add_argument(
        "--publish", type=Path, default=None, metavar="MODELS", help="train no more, publish what is there"
    )
    parser.add_argument("--card", type=Path, default=None)
    parser.add_argument("--number", type=int, default=1)
    parser.add_argument("--role", choices=AF_ROLES, default=AF_ROLES[0])
    options = vars(parser.parse_args())
    models, card, number, role = (options.pop(name) for name in ("publish", "card", "number", "role"))
    settings = Settings(**options)
    if models is None:
        train(settings)
    else:
        print(publish_af(settings.out / "last.safetensors", models, number=number, card=card, role=role))


def publish_af(checkpoint: Path, models: Path, *, number: int, card: Path | None, role: str = "af-net") -> Path:
    """Publish the averaged network of a run under one of the roles of AF-Net."""
    net = AfNet(AfNetConfig())
    load_checkpoint(checkpoint, nets={"average": net}, optimizer=None)
    header = {"net": "af-net", "config": json.dumps(dataclasses.asdict(net.config), sort_keys=True)}
    words = {"licence": LICENCE, "data": DATA}
    text = None if card is None else card.read_text()
    return put_in_place(net, header, folder=models, name=f"rvr-af-net-{number}", role=role, words=words, card=text)


def train(s: Settings) -> None:
    """Run or resume the training; see the module's docstring."""
    torch.set_num_threads(s.threads)
    cv2.setNumThreads(1)
    set_seeds(s.seed)
    s.out.mkdir(parents=True, exist_ok=True)
    config = AfNetConfig()
    sequences = load_sequences(s.pool)
    every = max(len(sequences) // KEPT, 2)
    kept, learnt = sequences[::every], [q for i, q in enumerate(sequences) if i % every]
    truth, fixations = s.data / "clips" / "new_focus_targets.json", s.data / "gaze" / "osie_fixations.json"
    real = load_annotated(truth, TRAINABLE, config) if truth.is_file() else []
    own = load_vaf(s.vaf, s.vaf_clips, config) if s.vaf.is_file() else []
    looked = load_looked(s.data, size=(config.width, config.height)) if fixations.is_file() else []

    net = AfNet(config).to(s.device)
    average = copy.deepcopy(net).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=s.rate, weight_decay=s.weight_decay)
    step, last = 0, s.out / "last.safetensors"
    if s.start.is_file() and not last.exists():
        begin_with(s.start, net, average)
    if last.exists():
        step = int(str(load_checkpoint(last, nets={"net": net, "average": average}, optimizer=optimizer)["step"]))

    sums, started = np.zeros(2), time.time()
    for batch in ahead(batches(learnt, looked, real, config, first=step, s=s, own=own)):
        for group in optimizer.param_groups:
            group["lr"] = s.rate * learning_rate_share(step, steps=s.steps, warmup=s.warmup)
        net.train()
        x = to_input(torch.from_numpy(np.stack([e.rgb for e in batch])).to(s.device))
        with torch.autocast(torch.device(s.device).type, torch.bfloat16):
            raw = net(x)
        where, when = loss_terms(raw, batch)
        optimizer.zero_grad(set_to_none=True)
        (s.region_weight * where + when).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        follow(average, net, decay=min(s.ema, (1 + step) / (10 + step)))
        sums += float(where.detach()), float(when.detach())
        step += 1
        if step % REPORT_EVERY == 0 or step == s.steps:
            row = {"step": step, "region": sums[0] / REPORT_EVERY, "target": sums[1] / REPORT_EVERY}
            row |= found_in_kept(average, kept) | {"seconds": time.time() - started}
            log_row(s.out / "log.csv", {key: round(float(value), 4) for key, value in row.items()})
            print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
            facts = {"step": step, "config": dataclasses.asdict(config), "seed": s.seed}
            save_checkpoint(last, nets={"net": net, "average": average}, optimizer=optimizer, facts=facts)
            sums, started = np.zeros(2), time.time()
    if truth.is_file():
        print(json.dumps(measure_clips(average, s.data / "clips"), indent=1))


def begin_with(path: Path, *nets: AfNet) -> None:
    """Fill networks with the averaged weights of a checkpoint, or with those of a published network."""
    with safe_open(path, "pt") as file:
        published = "config" in (file.metadata() or {})
    for net in nets:
        if published:
            net.load_state_dict(load_file(path))
        else:
            load_checkpoint(path, nets={"average": net}, optimizer=None)


def batches(
    sequences: list[Sequence],
    looked: list[Looked],
    real: list[Sequence],
    config: AfNetConfig,
    *,
    first: int,
    s: Settings,
    own: list[Sequence] | None = None,
) -> Iterator[list[AfExample]]:
    """What each step from `first` on sees; the same for the same seed and step."""
    for step in range(first, s.steps):
        rng = np.random.default_rng((s.seed, step))
        made = [stretch_of(sequences[int(i)], config, rng) for i in rng.integers(len(sequences), size=s.sequences)]
        if real:
            made += [stretch_of(real[int(i)], config, rng) for i in rng.integers(len(real), size=s.real)]
        if own:
            chosen = rng.integers(len(own), size=max(len(made) // 3, 1))
            made[: len(chosen)] = [stretch_of(own[int(i)], config, rng) for i in chosen]
        stills = rng.integers(len(looked), size=s.stills) if looked else ()
        yield made + [still_of(looked[int(i)], config, rng) for i in stills]


def loss_terms(raw: AfOutput, batch: list[AfExample]) -> tuple[Tensor, Tensor]:
    """Cross entropy of the focus region over the place, and of the New Focus Target."""
    region = torch.from_numpy(np.stack([e.region for e in batch])).to(raw.region.device)
    target = torch.tensor([e.target for e in batch], device=raw.target.device, dtype=torch.float32)
    said = F.log_softmax(raw.region.float().flatten(2), dim=2)
    # minus the entropy of the truth: 0 is perfect
    truth = region.flatten(2)
    where = (truth * (truth.clamp(min=1e-9).log() - said)).sum(2).mean()
    return where, F.binary_cross_entropy_with_logits(raw.target.float(), target)


@torch.inference_mode()
def found_in_kept(net: AfNet, kept: list[Sequence]) -> dict[str, float]:
    """On composed sequences that do not train: mean distance of the most likely frame, in frames of a 30 fps clip."""
    c = net.config
    away = []
    for sequence in kept:
        if sequence.target < 0:
            continue
        likely = probabilities(net, sequence.rgb, np.arange(len(sequence.rgb)))
        away.append(abs(int(np.argmax(likely)) - sequence.target) * c.stride)
    return {"kept_delta_t": float(np.mean(away)) if away else float("nan")}


@torch.inference_mode()
def probabilities(net: AfNet, frames: NDArray[np.uint8], centres: NDArray[np.int64]) -> NDArray[np.float32]:
    """How likely each of `centres` is a New Focus Target; frames [T, h, w, 3] at the network's rate and size."""
    half = net.config.frames // 2
    said = []
    device = next(net.parameters()).device
    for centre in centres:
        index = np.clip(np.arange(centre - half, centre + half + 1), 0, len(frames) - 1)
        raw = net(to_input(torch.from_numpy(frames[index])[None].to(device)))
        said.append(float(torch.sigmoid(raw.target[0])))
    return np.array(said, np.float32)


def measure_clips(net: AfNet, clips: Path) -> dict[str, object]:
    """The 100-frame protocol on every annotated target after the first frame of a clip."""
    truth = json.loads((clips / "new_focus_targets.json").read_text())["clips"]
    rows = []
    for name, facts in sorted(truth.items()):
        path = next((p for p in sorted(clips.glob(f"{name}.*")) if "reference" not in p.name), None)
        targets = [t for t in facts["targets"] if t["frame"] > 0]
        if path is None or not targets or name in TRAINABLE:
            continue
        frames = seen_frames(path, (net.config.width, net.config.height))
        rng = np.random.default_rng(0)
        for target in targets:
            rows.append({"clip": name} | around_target(net, frames, target, float(facts["fps"]), rng))
    away = [float(row["delta_t"]) for row in rows]
    middle = [float(row["delta_t_middle"]) for row in rows]
    return {
        "targets": rows,
        "mean_delta_t": round(float(np.mean(away)), 2),
        "mean_delta_t_of_the_middle": round(float(np.mean(middle)), 2),
        "mean_place_error": round(float(np.mean([float(row["place"]) for row in rows])), 3),
    }


@torch.inference_mode()
def around_target(
    net: AfNet, frames: NDArray[np.uint8], target: dict[str, Any], fps: float, rng: np.random.Generator
) -> dict[str, object]:
    """Distances, in frames of the clip, of the most likely of 100 frames and of their middle; error of the place."""
    c = net.config
    at = int(target["frame"])
    low = max(0, min(at - EDGE_FRAMES, at - PROTOCOL_FRAMES + EDGE_FRAMES))
    begin = int(rng.integers(low, max(at - EDGE_FRAMES, low) + 1))
    end = min(begin + PROTOCOL_FRAMES, len(frames))
    begin = max(0, end - PROTOCOL_FRAMES)
    stride = max(1, round(c.stride * fps / 30))
    half = c.frames // 2
    likely = []
    for centre in range(begin, end):
        index = np.clip(centre + (np.arange(c.frames) - half) * stride, 0, len(frames) - 1)
        likely.append(float(net(to_input(torch.from_numpy(frames[index])[None])).target[0]))
    found = begin + int(np.argmax(likely))
    index = np.clip(at + (np.arange(c.frames) - half) * stride, 0, len(frames) - 1)
    raw = net(to_input(torch.from_numpy(frames[index])[None]))
    x, y = region_centre(raw.region[0, c.units // 2].float()).tolist()
    bx, by, bw, bh = target["box"]
    place = float(np.hypot(x - (bx + bw / 2), y - (by + bh / 2)))
    return {
        "frame": at,
        "found": found,
        "delta_t": abs(found - at),
        "delta_t_middle": abs((begin + end) // 2 - at),
        "place": round(place, 3),
    }


if __name__ == "__main__":
    main()
