"""Train GazeNet: where people look at a photograph.

    python -m rvr_laaf_app.training.train_gaze --data DATA --trunk efficientnet-lite0.pth --out FOLDER
    python -m rvr_laaf_app.training.train_gaze --data DATA --out FOLDER --publish models --card CARD.md

Learns from the OSIE photographs with the fixations of 15 viewers (Xu et al. 2014, MIT licence), every seventh held out.
First the head alone on the trunk's maps, which are made once; then all of it, gently. FOLDER/last.safetensors after
each round (run again to resume), log.csv. Measured on the held-out: CC, NSS and AUC-Judd beside OpenCV's spectral
residual and fine-grained saliency, what the program does without weights, and the middle of the picture alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from rvr_laaf_app.measure.gaze import auc_judd, correlation, fixation_density, scanpath_saliency
from rvr_laaf_app.nets.efficientnet_lite import EfficientNetLite
from rvr_laaf_app.nets.gaze import CELL, GazeConfig, GazeNet, input_size, to_input
from rvr_laaf_app.training.data_af import Looked, load_looked
from rvr_laaf_app.training.data_photos import recolour
from rvr_laaf_app.training.loop import learning_rate_share, load_checkpoint, log_row, save_checkpoint, set_seeds
from rvr_laaf_app.training.publish import put_in_place
from rvr_laaf_app.training.trunk import start_from_efficientnet_lite

PHOTO = (256, 192)  # width and height at which the photographs are shown
KEPT = (320, 240)  # at which they are kept, for cutting
Map = NDArray[np.float32]
LICENCE = "Same licence as the program. The trunk started from EfficientNet-Lite (Apache-2.0)."
DATA = "Eye fixations of 15 viewers on 600 photographs, with the photographs (OSIE, MIT)."


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")
    trunk: Path = Path("../trunks/efficientnet-lite0.pth")
    out: Path = Path("../train_gaze")
    head_rounds: int = 25
    rounds: int = 5
    batch: int = 16
    head_rate: float = 2e-3
    rate: float = 2e-4
    weight_decay: float = 0.02
    threads: int = 1
    seed: int = 0


def train(s: Settings) -> GazeNet:
    """Run or resume the training; see the module's docstring."""
    torch.set_num_threads(s.threads)
    cv2.setNumThreads(1)
    set_seeds(s.seed)
    s.out.mkdir(parents=True, exist_ok=True)
    learnt = load_looked(s.data, size=_kept_size())
    held = load_looked(s.data, size=_kept_size(), held_out=True)
    net, last, done = GazeNet(GazeConfig()), s.out / "last.safetensors", -1
    if last.exists():
        done = int(str(load_checkpoint(last, nets={"net": net}, optimizer=None)["round"]))
    else:
        trunk = EfficientNetLite("lite0")
        start_from_efficientnet_lite(trunk, s.trunk)
        net.load_state_dict(trunk.state_dict(), strict=False)
    started = time.process_time()
    if done < 0:
        train_head(net, learnt, s)
        done = 0
        _report(net, held, s, done, started)
    while done < s.rounds:
        train_round(net, learnt, s, done)
        done += 1
        _report(net, held, s, done, started)
    return net


def train_head(net: GazeNet, learnt: list[Looked], s: Settings) -> None:
    """Teach the head on the maps of the trunk as it is, each photograph as it is and mirrored."""
    net.eval()
    maps, truths = [], []
    with torch.inference_mode():
        for looked in learnt:
            for mirrored in (False, True):
                rgb, places = plain(looked, mirrored=mirrored)
                s8, s16 = net.trunk(to_input(torch.from_numpy(rgb)[None]))
                maps.append((s8[0].half(), s16[0].half()))
                truths.append(torch.from_numpy(density_of(places)))
    head = [p for name, p in net.named_parameters() if not name.startswith(("stem", "stages"))]
    optimizer = torch.optim.AdamW(head, lr=s.head_rate, weight_decay=s.weight_decay)
    rng, steps = np.random.default_rng(s.seed), s.head_rounds * len(maps) // s.batch
    for step in range(steps):
        chosen = [int(i) for i in rng.integers(len(maps), size=s.batch)]
        s8, s16 = (torch.stack([maps[i][k] for i in chosen]).float() for k in (0, 1))
        _step(net.head(s8, s16), torch.stack([truths[i] for i in chosen]), optimizer, s.head_rate, step, steps)


def train_round(net: GazeNet, learnt: list[Looked], s: Settings, number: int) -> None:
    """Teach all of the network once on every photograph, cut, mirrored and recoloured anew."""
    net.train()
    rng = np.random.default_rng((s.seed, number))
    optimizer = torch.optim.AdamW(net.parameters(), lr=s.rate, weight_decay=s.weight_decay)
    order = rng.permutation(len(learnt))
    each = len(order) // s.batch
    for index in range(each):
        views = [varied(learnt[int(i)], rng) for i in order[index * s.batch : (index + 1) * s.batch]]
        x = to_input(torch.from_numpy(np.stack([rgb for rgb, _ in views])))
        truth = torch.from_numpy(np.stack([density_of(places) for _, places in views]))
        _step(net(x), truth, optimizer, s.rate, number * each + index, s.rounds * each)


def _step(logits: Tensor, truth: Tensor, optimizer: torch.optim.Optimizer, rate: float, step: int, steps: int) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * learning_rate_share(step, steps=steps, warmup=20)
    optimizer.zero_grad(set_to_none=True)
    gaze_loss(logits, truth).backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    optimizer.step()


def gaze_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the share of looking [B, h, w] from the map, less a share of their correlation."""
    said = F.log_softmax(logits.flatten(1), dim=1)
    true = truth.flatten(1)
    divergence = (true * (true.clamp(min=1e-9).log() - said)).sum(1)
    a, b = said.exp() - said.exp().mean(1, keepdim=True), true - true.mean(1, keepdim=True)
    together = (a * b).sum(1) / ((a * a).sum(1) * (b * b).sum(1)).clamp(min=1e-20).sqrt()
    return (divergence - 0.5 * together).mean()


def plain(looked: Looked, *, mirrored: bool = False) -> tuple[NDArray[np.uint8], Map]:
    """The whole photograph at the size of training, and where it was looked at."""
    rgb = np.asarray(cv2.resize(looked.rgb, PHOTO, interpolation=cv2.INTER_AREA), np.uint8)
    if not mirrored:
        return rgb, looked.places
    return np.ascontiguousarray(rgb[:, ::-1]), np.stack([1 - looked.places[:, 0], looked.places[:, 1]], 1)


def varied(looked: Looked, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Map]:
    """A large part of the photograph, perhaps mirrored, in other colours; fixations outside are left out."""
    share = float(rng.uniform(0.8, 1.0))
    x, y = (float(rng.uniform(0, 1 - share)) for _ in range(2))
    height, width = looked.rgb.shape[:2]
    part = looked.rgb[round(y * height) : round((y + share) * height), round(x * width) : round((x + share) * width)]
    rgb = recolour(np.asarray(cv2.resize(part, PHOTO, interpolation=cv2.INTER_AREA), np.uint8), rng)
    places = (looked.places - np.array([x, y], np.float32)) / np.float32(share)
    inside = places[((places >= 0) & (places <= 1)).all(axis=1)]
    places = inside if len(inside) >= 5 else np.clip(places, 0, 1)
    if rng.random() < 0.5:
        rgb, places = rgb[:, ::-1], np.stack([1 - places[:, 0], places[:, 1]], 1)
    return np.ascontiguousarray(rgb), places.astype(np.float32)


def density_of(places: Map) -> Map:
    """The share of looking at the network's cells [h, w] float32."""
    size = PHOTO[1] // CELL, PHOTO[0] // CELL
    return fixation_density(places, size, aspect=PHOTO[0] / PHOTO[1]).astype(np.float32)


Predictor = Callable[[NDArray[np.uint8]], Map]


def predicted(net: GazeNet, rgb: NDArray[np.uint8]) -> Map:
    """The share of looking [h, w] at a picture of any size."""
    size = input_size(rgb.shape[1], rgb.shape[0], net.config)
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    with torch.inference_mode():
        logits = net(to_input(torch.from_numpy(small)[None]))[0]
    return np.asarray(torch.softmax(logits.flatten(), 0).view(logits.shape).numpy(), np.float32)


def figures(predict: Predictor, held: list[Looked]) -> dict[str, float]:
    """CC, NSS and AUC-Judd, mean over the photographs; maps are brought to 120 x 160 cells."""
    size, rows = (120, 160), []
    for looked in held:
        rgb = np.asarray(cv2.resize(looked.rgb, KEPT, interpolation=cv2.INTER_AREA), np.uint8)
        map_ = cv2.resize(predict(rgb), size[::-1], interpolation=cv2.INTER_CUBIC)
        density = fixation_density(looked.places, size, aspect=KEPT[0] / KEPT[1])
        rows.append((correlation(map_, density), scanpath_saliency(map_, looked.places), auc_judd(map_, looked.places)))
    cc, nss, auc = (float(v) for v in np.mean(rows, axis=0))
    return {"cc": cc, "nss": nss, "auc_judd": auc}


def rivals(learnt: list[Looked]) -> dict[str, Predictor]:
    """What there is without a network."""
    opencv: Any = cv2.saliency  # its types are not told
    residual, fine = opencv.StaticSaliencySpectralResidual_create(), opencv.StaticSaliencyFineGrained_create()
    rows, columns = 120, 160
    x, y = (np.arange(columns) + 0.5) / columns - 0.5, (np.arange(rows) + 0.5) / rows - 0.5
    middle = np.exp(-(x[None] ** 2 + y[:, None] ** 2) / (2 * 0.2**2)).astype(np.float32)
    usual = np.mean([density_of(looked.places) for looked in learnt], axis=0).astype(np.float32)

    def of_opencv(method: Any) -> Predictor:
        def predict(rgb: NDArray[np.uint8]) -> Map:
            map_ = np.asarray(method.computeSaliency(rgb[..., ::-1].copy())[1], np.float32)
            return np.asarray(cv2.GaussianBlur(map_, (0, 0), 6.0), np.float32)

        return predict

    return {
        "spectral residual (OpenCV)": of_opencv(residual),
        "fine-grained (OpenCV)": of_opencv(fine),
        "the middle": lambda _: middle,
        "where people look at the other photographs": lambda _: usual,
    }


def _report(net: GazeNet, held: list[Looked], s: Settings, number: int, started: float) -> None:
    net.eval()
    row = {"round": number} | figures(lambda rgb: predicted(net, rgb), held)
    row["cpu_seconds"] = time.process_time() - started
    log_row(s.out / "log.csv", {key: round(float(value), 4) for key, value in row.items()})
    print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
    facts = {"round": number, "config": dataclasses.asdict(net.config)}
    save_checkpoint(s.out / "last.safetensors", nets={"net": net}, optimizer=None, facts=facts)


def _kept_size() -> tuple[int, int]:
    # load_looked keeps five quarters of what it is asked for
    return KEPT[0] * 4 // 5, KEPT[1] * 4 // 5


def main() -> None:
    """Parse the settings, train (or take up what is there), measure, and publish if that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    parser.add_argument("--publish", type=Path, default=None, metavar="MODELS")
    parser.add_argument("--card", type=Path, default=None)
    parser.add_argument("--number", type=int, default=1)
    options = vars(parser.parse_args())
    models, card, number = options.pop("publish"), options.pop("card"), options.pop("number")
    s = Settings(**options)
    net = train(s).eval()
    learnt, held = (load_looked(s.data, size=_kept_size(), held_out=out) for out in (False, True))
    table = {"ours": figures(lambda rgb: predicted(net, rgb), held)}
    table |= {name: figures(predict, held) for name, predict in rivals(learnt).items()}
    print(json.dumps(table, indent=1))
    if models is not None:
        header = {"net": "gaze", "config": json.dumps(dataclasses.asdict(net.config), sort_keys=True)}
        words = {"licence": LICENCE, "data": DATA}
        name = f"rvr-gaze-{number}"
        text = None if card is None else card.read_text()
        print(put_in_place(net, header, folder=models, name=name, role="gaze", words=words, card=text))


if __name__ == "__main__":
    main()
