"""Train the disparity and the confidence of RvrLightNet from photographs whose points were ranked by eye.

    python -m rvr_laaf_app.training.train_depth --data DATA --out FOLDER

reads DATA/photos/ordinal_depth.json (split train; val only measures) and DATA/weights/squeezenet1_0_imagenet.pth,
writes FOLDER/last.safetensors each epoch (run again to resume), best.safetensors and log.csv. The last `large_epochs`
see larger pictures. The averaged weights (EMA) are the result; they also act as a teacher: their maps of whole
photographs, refreshed every few epochs, tell what a crop in other colours should look like.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rvr_laaf_app.nets.rvr_light_net import RvrLightConfig, RvrLightNet, grow, to_input, working_size
from rvr_laaf_app.training import losses
from rvr_laaf_app.training.data_photos import RankedPhoto, View, load_ranked, plain_view, random_view
from rvr_laaf_app.training.loop import follow, learning_rate_share, load_checkpoint, log_row, save_checkpoint, set_seeds
from rvr_laaf_app.training.trunk import start_from_trunk

SMALL_SIZES = ((256, 192), (256, 192), (288, 160), (224, 224))  # (width, height), one chosen per batch
LARGE_SIZES = ((320, 224), (352, 192), (256, 256))


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")  # the folder with photos/ and weights/
    out: Path = Path("../train_depth")  # checkpoints and log
    epochs: int = 15  # passes over the photographs, large ones included
    large_epochs: int = 2  # of these, the last ones at the larger size
    batch: int = 16  # photographs per step
    trunk_rate: float = 2.0e-4  # peak learning rate of the pretrained trunk
    rate: float = 1.0e-3  # peak learning rate of everything else
    weight_decay: float = 0.02
    warmup: int = 120  # steps until the peak rate
    smallest_crop: float = 0.6  # share of the largest crop that fits
    equal_weight: float = 0.25  # weight of pairs of the same level
    smooth_weight: float = 0.4
    smooth_edge_bytes: float = 10.0  # contrast at which a disparity step costs 1/e
    paste_share: float = 0.35  # of the photographs that get something pasted in front
    occlusion_weight: float = 0.15
    teacher_weight: float = 0.5
    teacher_from: int = 5  # first epoch with a teacher
    teacher_every: int = 3  # epochs between two refreshes of its maps
    ema: float = 0.997
    threads: int = 1  # more only on an idle machine: on a busy one they wait for each other at every layer
    seed: int = 0
    overfit_one_batch: bool = False  # sanity check: one batch only, no augmentation, 150 steps


def main() -> None:
    """Parse the settings and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Settings):
        name = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=type(field.default), default=field.default)
    train(Settings(**vars(parser.parse_args())))


def train(settings: Settings) -> None:
    """Run or resume the training; see the module's docstring."""
    s = settings
    torch.set_num_threads(s.threads)
    cv2.setNumThreads(1)
    set_seeds(s.seed)
    s.out.mkdir(parents=True, exist_ok=True)
    labels = s.data / "photos" / "ordinal_depth.json"
    photos, val = load_ranked(labels, "train"), load_ranked(labels, "val")

    net = RvrLightNet(RvrLightConfig()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    start_from_trunk(net, s.data / "weights" / "squeezenet1_0_imagenet.pth")
    average = copy.deepcopy(net).eval().requires_grad_(False)
    optimizer, peaks = make_optimizer(net, s)
    if s.overfit_one_batch:
        overfit_one_batch(net, optimizer, photos[: s.batch], s)
        return

    epoch, step, best = 0, 0, 1.0
    last = s.out / "last.safetensors"
    if last.exists():
        facts = load_checkpoint(last, nets={"net": net, "average": average}, optimizer=optimizer)
        epoch, step, best = int(str(facts["epoch"])) + 1, int(str(facts["step"])), float(str(facts["best"]))
    teacher = teach(average, photos) if epoch > s.teacher_from else None

    while epoch < s.epochs:
        if epoch >= s.teacher_from and (teacher is None or (epoch - s.teacher_from) % s.teacher_every == 0):
            teacher = teach(average, photos)
        started, sums, first = time.time(), np.zeros(5), step
        for views, known in batches(photos, teacher, epoch=epoch, s=s):
            share = learning_rate_share(step, steps=s.epochs * (len(photos) // s.batch), warmup=s.warmup)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            net.train()
            terms = loss_terms(net, views, known, s)
            optimizer.zero_grad(set_to_none=True)
            torch.stack(terms).sum().backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            follow(average, net, decay=min(s.ema, (1 + step) / (10 + step)))
            sums += [float(term.detach()) for term in terms]
            step += 1
        rate = wrong_order_rate(average, val)
        row = {"epoch": epoch, "step": step, "wrong_order_val": rate, "seconds": time.time() - started}
        names = "rank", "smooth", "teacher", "confidence", "occlusion"
        row |= dict(zip(names, sums / (step - first), strict=True))
        log_row(s.out / "log.csv", {k: round(v, 5) for k, v in row.items()})
        print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
        best = min(best, rate)
        facts = {"epoch": epoch, "step": step, "best": best, "wrong_order_val": rate, "seed": s.seed}
        for path in [last] + ([s.out / "best.safetensors"] if rate == best else []):
            save_checkpoint(path, nets={"net": net, "average": average}, optimizer=optimizer, facts=facts)
        epoch += 1


def batches(
    photos: list[RankedPhoto], teacher: Tensor | None, *, epoch: int, s: Settings
) -> Iterator[tuple[list[View], Tensor | None]]:
    """Every photograph once in an order of this epoch's own, and what the teacher shows of each view."""
    rng = np.random.default_rng((s.seed, epoch))
    sizes = LARGE_SIZES if epoch >= s.epochs - s.large_epochs else SMALL_SIZES
    order = rng.permutation(len(photos))
    for first in range(0, len(photos) - s.batch + 1, s.batch):
        chosen = order[first : first + s.batch]
        size = sizes[rng.integers(len(sizes))]
        views = [some_view(photos, int(i), size=size, rng=rng, s=s) for i in chosen]
        yield views, None if teacher is None else seen_through(teacher[torch.from_numpy(chosen)], views)


def make_optimizer(net: RvrLightNet, s: Settings) -> tuple[torch.optim.Optimizer, list[float]]:
    """AdamW over trunk and decoder (the exposure head is trained elsewhere) and the peak rate of each group."""
    trunk, rest = [], []
    for name, parameter in net.named_parameters():
        if name.startswith(("exposure", "to_boost")):
            parameter.requires_grad_(False)
        elif name.startswith("st"):
            trunk.append(parameter)
        else:
            rest.append(parameter)
    groups = [{"params": trunk}, {"params": rest}]
    return torch.optim.AdamW(groups, lr=s.rate, weight_decay=s.weight_decay), [s.trunk_rate, s.rate]


def some_view(
    photos: list[RankedPhoto], index: int, *, size: tuple[int, int], rng: np.random.Generator, s: Settings
) -> View:
    """A training view of one photograph, with a piece of another in front of it now and then."""
    in_front = photos[rng.integers(len(photos))] if rng.random() < s.paste_share else None
    return random_view(photos[index], size=size, rng=rng, smallest=s.smallest_crop, in_front=in_front)


def loss_terms(net: RvrLightNet, views: list[View], known: Tensor | None, s: Settings) -> list[Tensor]:
    """Ranking, smoothness, teacher, confidence and occlusion loss of one batch, weighted."""
    rgb = torch.from_numpy(np.stack([view.rgb for view in views]))
    points = torch.from_numpy(np.stack([view.points for view in views]))
    levels = torch.from_numpy(np.stack([view.levels for view in views]))
    x = to_input(rgb)
    # bfloat16 halves the time on processors that have it; the losses stay in float32.
    with torch.autocast("cpu", torch.bfloat16):
        disparity, confidence = net.depth(x)
    disparity, confidence = disparity.float(), confidence.float()
    rank = losses.ranking_loss(disparity, points, levels, equal_weight=s.equal_weight)
    smooth = losses.smoothness_loss(disparity, F.avg_pool2d(x, 2), edge_bytes=s.smooth_edge_bytes)
    cutout = F.avg_pool2d(torch.from_numpy(np.stack([view.cutout for view in views])), 2)
    taught = disparity.new_zeros(())
    if known is not None:
        taught = losses.agreement_loss(disparity, grow(known, disparity[:, None])[:, 0], cutout)
    sure = losses.confidence_loss(confidence, disparity, points, levels)
    hides = losses.occlusion_loss(disparity, cutout)
    return [rank, s.smooth_weight * smooth, s.teacher_weight * taught, sure, s.occlusion_weight * hides]


@torch.inference_mode()
def teach(average: RvrLightNet, photos: list[RankedPhoto], *, size: tuple[int, int] = (256, 192)) -> Tensor:
    """Maps [N, 1, h, w] of every whole photograph by the averaged network, mean of the picture and its mirror image."""
    maps = []
    for photo in photos:
        x = to_input(torch.from_numpy(plain_view(photo, size=size).rgb)[None])
        with torch.autocast("cpu", torch.bfloat16):
            both, _ = average.depth(torch.cat([x, x.flip(3)]))
        maps.append((both[:1] + both[1:].flip(2)).float() / 2)
    return torch.stack(maps)


def seen_through(maps: Tensor, views: list[View]) -> Tensor:
    """What the teacher's maps [B, 1, h, w] show inside each view's window."""
    windows = torch.from_numpy(np.stack([view.window for view in views]))
    grid = F.affine_grid(windows, [len(views), 1, *maps.shape[-2:]], align_corners=False)
    return F.grid_sample(maps, grid, padding_mode="border", align_corners=False).clone()


@torch.inference_mode()
def wrong_order_rate(net: RvrLightNet, photos: list[RankedPhoto], *, long_side: int = 320) -> float:
    """Share of ordered pairs of points that the network puts in the wrong order."""
    wrong = ordered = 0
    for photo in photos:
        height, width = photo.rgb.shape[:2]
        view = plain_view(photo, size=working_size(width, height, long_side=long_side))
        disparity, _ = net.depth(to_input(torch.from_numpy(view.rgb)[None]))
        values = losses.at_points(disparity, torch.from_numpy(view.points)[None])
        missed, all_ = losses.wrong_order(values, torch.from_numpy(view.levels)[None])
        wrong, ordered = wrong + missed, ordered + all_
    return wrong / max(ordered, 1)


def overfit_one_batch(
    net: RvrLightNet, optimizer: torch.optim.Optimizer, photos: list[RankedPhoto], s: Settings, *, steps: int = 150
) -> list[float]:
    """Learn one batch by heart and return the ranking loss of each step: if this does not fall, something is broken."""
    views = [plain_view(photo, size=(96, 96)) for photo in photos]
    history = []
    net.train()
    for step in range(steps):
        terms = loss_terms(net, views, None, s)
        optimizer.zero_grad(set_to_none=True)
        terms[0].backward()
        optimizer.step()
        history.append(float(terms[0].detach()))
        if step % 25 == 0:
            print(f"step {step} ranking loss {history[-1]:.4f}", flush=True)
    return history


if __name__ == "__main__":
    main()
