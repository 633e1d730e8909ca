"""Train RvrNet: disparity, its confidence and lost light, from ranked photographs and composed scenes together.

    python -m rvr_laaf_app.training.train_rvr --data DATA --trunk efficientnet-lite0.pth --pool POOL --out FOLDER

Each step sees photographs ranked by eye (what is near: semantics of the real world; and where people and animals end,
by their silhouettes), composed scenes (how far: exact 1 / distance, exact edges), slices that a light-field camera
refocused (real aperture supervision) and exposures of HDR maps (what light clipping took). FOLDER/last.safetensors is
written each epoch (run again to resume), with log.csv. Averaged weights (EMA) are what counts: those of the last epochs
are averaged once more into FOLDER/result.safetensors (one alone follows its last batches too closely); they also act as
a teacher: their maps of whole photographs, refreshed every few epochs, tell what a crop in other colours should look
like. A weight of 0 leaves a term out (ablations).
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from rvr_laaf_app.nets.rvr_net import BETTER, RvrConfig, RvrNet, RvrOutput, luma_of, slice_grid, to_input, working_size
from rvr_laaf_app.training import losses
from rvr_laaf_app.training.data_focus import RADII_PX, FocusStack, FocusView, focus_view, load_stacks
from rvr_laaf_app.training.data_hdr import Exposed, HdrMap, load_map, random_example, split_names
from rvr_laaf_app.training.data_photos import RankedPhoto, View, load_ranked, plain_view, random_view
from rvr_laaf_app.training.data_synth import Pool, SynthExample
from rvr_laaf_app.training.loop import (
    ahead,
    follow,
    learning_rate_share,
    load_checkpoint,
    load_mean,
    log_row,
    save_checkpoint,
    set_seeds,
)
from rvr_laaf_app.training.start_weights import finished
from rvr_laaf_app.training.teacher import lesson_of, seen_through, teach
from rvr_laaf_app.training.trunk import start_from_efficientnet_lite

# (width, height), one chosen per batch: wide, upright and square
SMALL_SIZES = ((256, 192), (256, 192), (288, 160), (192, 256), (224, 224))
LARGE_SIZES = ((320, 224), (352, 192), (224, 320), (320, 224))
TERMS = ("rank", "smooth", "teacher", "confidence", "outline", "dense", "slope", "refocus", "light")


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")  # the folder with photos/ and hdr/
    trunk: Path = Path("../trunks/efficientnet-lite0.pth")  # published weights of the encoder
    pool: Path = Path("../synth_pool")  # shards of data_synth
    subjects: Path = Path("../subject_masks")  # silhouettes of subject_masks
    out: Path = Path("../train_rvr")  # checkpoints and log
    better: bool = False  # train the larger size
    epochs: int = 10  # passes over the photographs
    large_epochs: int = 3  # of these, the last ones at the larger size
    mean_of: int = 5  # of the last epochs, whose averaged weights are averaged for the result
    ranked: int = 8  # photographs per step
    synth: int = 6  # composed scenes per step
    stacks: int = 1  # real focal stacks per step
    exposed: int = 2  # exposures of HDR maps per step
    labels_share: float = 1.0  # of the ranked photographs (learning curve)
    trunk_rate: float = 1.5e-4  # peak learning rate of the pretrained encoder
    rate: float = 1.0e-3  # peak learning rate of everything else
    focus_rate: float = 1.0e-2  # peak learning rate of what the lens did in each focal stack
    weight_decay: float = 0.02
    warmup: int = 150  # steps until the peak rate
    smallest_crop: float = 0.6  # share of the largest crop that fits
    equal_weight: float = 0.25  # weight of pairs of the same level
    smooth_weight: float = 0.3
    smooth_edge_bytes: float = 10.0  # contrast at which a disparity step costs 1/e
    teacher_weight: float = 0.5
    start: str = ""  # weights of a former network of this size to go on from; "" = the trunk as published elsewhere
    first_teachers: str = ""  # weights of former networks, with commas between: teachers before this run has its own
    teacher_from: int = 5  # first epoch with a teacher of this run
    teacher_every: int = 4  # epochs between two refreshes of its maps
    outline_weight: float = 0.3
    dense_weight: float = 1.0
    slope_weight: float = 0.5
    refocus_weight: float = 4.0
    light_weight: float = 0.15
    ema: float = 0.998
    threads: int = 2
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    seed: int = 0


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
    photos, val = load_ranked(labels, "train", subjects=s.subjects), load_ranked(labels, "val")
    photos = share_of(photos, s.labels_share)
    maps = [load_map(s.data / "hdr" / name) for name in split_names(s.data / "hdr")[0]]
    pool = Pool(s.pool)
    stacks, unseen = load_stacks(s.data / "focus" / "lytro")

    net = finished(Path(s.start)) if s.start else RvrNet(BETTER if s.better else RvrConfig())
    if not s.start:
        start_from_efficientnet_lite(net.trunk, s.trunk)
    net = net.to(s.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(net).eval().requires_grad_(False)
    focus = losses.FocusSettings([len(stack.slices) for stack in stacks]).to(s.device)
    optimizer, peaks = make_optimizer(net, focus, s)

    epoch, step = 0, 0
    last = s.out / "last.safetensors"
    if last.exists():
        facts = load_checkpoint(last, nets={"net": net, "average": average, "focus": focus}, optimizer=optimizer)
        epoch, step = int(str(facts["epoch"])) + 1, int(str(facts["step"]))
    teacher = None
    if s.teacher_weight > 0 and epoch > s.teacher_from:
        teacher = teach(average, photos, device=s.device)
    elif s.teacher_weight > 0:
        teacher = lesson_of([Path(name) for name in s.first_teachers.split(",") if name], photos, device=s.device)

    while epoch < s.epochs:
        pool.refresh()
        since = epoch - s.teacher_from
        if s.teacher_weight > 0 and since >= 0 and since % s.teacher_every == 0:
            teacher = teach(average, photos, device=s.device)
        rng = np.random.default_rng((s.seed, epoch))
        sizes = LARGE_SIZES if epoch >= s.epochs - s.large_epochs else SMALL_SIZES
        started, sums, first = time.time(), np.zeros(len(TERMS)), step
        for chosen, batch in ahead(batches(photos, pool, maps, stacks, sizes=sizes, rng=rng, s=s)):
            known = None if teacher is None else seen_through(teacher[torch.from_numpy(chosen)], batch.ranked)
            share = learning_rate_share(step, steps=s.epochs * (len(photos) // s.ranked), warmup=s.warmup)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            net.train()
            terms = loss_terms(net, focus, batch, known, s)
            optimizer.zero_grad(set_to_none=True)
            torch.stack(terms).sum().backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            follow(average, net, decay=min(s.ema, (1 + step) / (10 + step)))
            sums += [float(term.detach()) for term in terms]
            step += 1
        rate = wrong_order_rate(average, val, device=s.device)
        row = {"epoch": epoch, "step": step, "wrong_order_val": rate, "scenes": len(pool)}
        row |= {"focus_order_unseen": focus_order(average, unseen, device=s.device)}
        row |= {"seconds": time.time() - started} | dict(zip(TERMS, sums / (step - first), strict=True))
        log_row(s.out / "log.csv", {k: round(v, 5) for k, v in row.items()})
        print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
        facts = {"epoch": epoch, "step": step, "wrong_order_val": rate, "seed": s.seed}
        facts |= {"config": dataclasses.asdict(net.config)}
        nets: dict[str, torch.nn.Module] = {"average": average}
        save_checkpoint(epoch_file(s.out, epoch), nets=nets, optimizer=None, facts=facts)
        save_checkpoint(last, nets=nets | {"net": net, "focus": focus}, optimizer=optimizer, facts=facts)
        epoch += 1
    load_mean([epoch_file(s.out, e) for e in range(max(epoch - s.mean_of, 0), epoch)], average)
    facts = {"wrong_order_val": wrong_order_rate(average, val, device=s.device)}
    facts |= {"config": dataclasses.asdict(net.config)}
    save_checkpoint(s.out / "result.safetensors", nets={"average": average}, optimizer=None, facts=facts)
    print(f"result: wrong_order_val {facts['wrong_order_val']:.4g}", flush=True)


def epoch_file(folder: Path, epoch: int) -> Path:
    """Where the averaged weights of an epoch are kept."""
    return folder / f"epoch_{epoch:02d}.safetensors"


def make_optimizer(net: RvrNet, focus: losses.FocusSettings, s: Settings) -> tuple[torch.optim.Optimizer, list[float]]:
    """AdamW over encoder, everything else, and what the lens did in the focal stacks; the peak rate of each group."""
    groups: list[dict[str, Any]] = [
        {"params": trained_encoder(net)},
        {"params": [p for name, p in net.named_parameters() if not name.startswith("trunk.")]},
        {"params": list(focus.parameters()), "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=s.rate, weight_decay=s.weight_decay)
    return optimizer, [s.trunk_rate, s.rate, s.focus_rate]


def trained_encoder(net: RvrNet) -> list[torch.nn.Parameter]:
    """The encoder's 1x1 convolutions from stride 8 on; the rest stays as published.

    Edges and textures are the same everywhere, and the gradient of a channel-wise kernel takes longer than all else
    together on a processor (measured: half of a step) for 3 % of the weights.
    """
    trained = []
    for name, parameter in net.trunk.named_parameters():
        if name.startswith(("stem", "stages.0.", "stages.1.")) or "depthwise" in name:
            parameter.requires_grad_(False)
        else:
            trained.append(parameter)
    return trained


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step sees; all pictures have the same size, and go through the network together in this order."""

    ranked: list[View]
    focused: list[FocusView]
    synth: list[SynthExample]
    exposed: list[Exposed]


def batches(
    photos: list[RankedPhoto],
    pool: Pool,
    maps: list[HdrMap],
    stacks: list[FocusStack],
    *,
    sizes: Sequence[tuple[int, int]],
    rng: np.random.Generator,
    s: Settings,
) -> Iterator[tuple[NDArray[np.int64], Batch]]:
    """Every photograph once in random order, with all the rest: numbers of the photographs, and the batch."""
    order = rng.permutation(len(photos))
    for begin in range(0, len(photos) - s.ranked + 1, s.ranked):
        chosen = order[begin : begin + s.ranked]
        yield (
            chosen,
            make_batch(photos, chosen, pool, maps, stacks, size=sizes[int(rng.integers(len(sizes)))], rng=rng, s=s),
        )


def make_batch(
    photos: list[RankedPhoto],
    chosen: NDArray[np.int64],
    pool: Pool,
    maps: list[HdrMap],
    stacks: list[FocusStack],
    *,
    size: tuple[int, int],
    rng: np.random.Generator,
    s: Settings,
) -> Batch:
    """Views of the chosen photographs and of everything else, all at `size` (width, height)."""
    ranked = [random_view(photos[int(i)], size=size, rng=rng, smallest=s.smallest_crop) for i in chosen]
    scenes = [int(i) for i in rng.integers(len(stacks), size=s.stacks)]
    focused = [focus_view(stacks[i], scene=i, size=size, rng=rng) for i in scenes]
    synth = [pool.view(size=size, rng=rng) for _ in range(s.synth if len(pool) else 0)]
    pictures = [photos[int(i)].rgb for i in rng.integers(len(photos), size=4)]
    exposed = [random_example(maps, pictures, size=size, rng=rng) for _ in range(s.exposed)]
    return Batch(ranked, focused, synth, exposed)


def loss_terms(
    net: RvrNet, focus: losses.FocusSettings, batch: Batch, known: Tensor | None, s: Settings
) -> list[Tensor]:
    """The terms of TERMS for one batch, weighted."""
    pictures = [example.rgb for part in (batch.ranked, batch.focused, batch.synth, batch.exposed) for example in part]
    x = to_input(torch.from_numpy(np.stack(pictures)).to(s.device))
    # bfloat16 halves the time on processors that have it; the losses stay in float32.
    with torch.autocast(torch.device(s.device).type, torch.bfloat16):
        raw = net(x, light_from=len(batch.ranked) + len(batch.focused))
    disparity = slice_grid(raw.grid.float(), luma_of(x))
    zero = disparity.new_zeros(())
    count, dark = len(batch.ranked), len(batch.ranked) + len(batch.focused)

    points = torch.from_numpy(np.stack([view.points for view in batch.ranked])).to(s.device)
    levels = torch.from_numpy(np.stack([view.levels for view in batch.ranked])).to(s.device)
    shown = disparity[:count]
    rank = losses.ranking_loss(shown, points, levels, equal_weight=s.equal_weight)
    smooth = losses.smoothness_loss(shown, x[:count].float() * 128, edge_bytes=s.smooth_edge_bytes)
    sure = losses.confidence_loss(raw.confidence[:count].float(), shown, points, levels)
    taught = zero
    if known is not None:
        wanted = F.interpolate(known.to(s.device), size=shown.shape[-2:], mode="bilinear", align_corners=False)
        taught = losses.agreement_loss(shown, wanted[:, 0], torch.zeros_like(shown))
    subject = torch.from_numpy(np.stack([view.subject for view in batch.ranked])).to(s.device)
    outline = losses.occlusion_loss(shown, subject)
    dense, slope = zero, zero
    if batch.synth:
        truth = torch.from_numpy(np.stack([scene.disparity for scene in batch.synth])).to(s.device)
        dense, slope = losses.relative_losses(disparity[dark : dark + len(batch.synth)], truth)
    refocus = focus_loss(focus, disparity[count:dark], batch.focused) if batch.focused else zero
    light = light_loss(net, raw, batch)
    weighted = [rank, s.smooth_weight * smooth, s.teacher_weight * taught, sure, s.outline_weight * outline]
    return [
        *weighted,
        s.dense_weight * dense,
        s.slope_weight * slope,
        s.refocus_weight * refocus,
        s.light_weight * light,
    ]


def focus_loss(focus: losses.FocusSettings, disparity: Tensor, views: list[FocusView]) -> Tensor:
    """How far real focal slices are from what disparity [B, h, w] makes of the sharp pictures."""
    scene = torch.tensor([view.scene for view in views], device=disparity.device)
    chosen = torch.tensor([view.chosen for view in views], device=disparity.device)
    blurs, wanted = (torch.from_numpy(np.stack([getattr(v, n) for v in views])) for n in ("blurs", "wanted"))
    radius = focus.coc_px(losses.centred(disparity), scene, chosen, width=disparity.shape[-1])
    return losses.refocus_loss(blurs.to(disparity), wanted.to(disparity), radius, radii_px=RADII_PX)


def light_loss(net: RvrNet, raw: RvrOutput, batch: Batch) -> Tensor:
    """Error in stops over the clipped pixels of each picture with known light, then over the pictures that clip."""
    lit: list[SynthExample | Exposed] = [*batch.synth, *batch.exposed]
    boost = net.config.max_boost_stops * torch.sigmoid(raw.boost.float())
    if not lit:
        return boost.new_zeros(())
    wanted = torch.from_numpy(np.stack([example.stops for example in lit])).permute(0, 3, 1, 2).to(boost)
    known = [e.known if isinstance(e, Exposed) else np.ones(e.stops.shape, np.bool_) for e in lit]
    clipped = (wanted > 0) & torch.from_numpy(np.stack(known)).permute(0, 3, 1, 2).to(boost.device)
    full = F.interpolate(boost, size=wanted.shape[-2:], mode="bilinear", align_corners=False)
    each = (F.smooth_l1_loss(full, wanted, reduction="none", beta=0.5) * clipped).sum((1, 2, 3))
    pixels = clipped.sum((1, 2, 3))
    clips = (pixels > 10).float()
    return (each / pixels.clamp(min=1) * clips).sum() / clips.sum().clamp(min=1)


def share_of(photos: list[RankedPhoto], share: float) -> list[RankedPhoto]:
    """A fixed random share of the photographs; smaller shares are part of larger ones."""
    order = np.random.default_rng(0).permutation(len(photos))
    return [photos[int(i)] for i in sorted(order[: round(share * len(photos))])]


@torch.inference_mode()
def wrong_order_rate(net: RvrNet, photos: list[RankedPhoto], *, device: str, long_side: int = 320) -> float:
    """Share of ordered pairs of points that the network puts in the wrong order."""
    net.eval()
    wrong = ordered = 0
    for photo in photos:
        height, width = photo.rgb.shape[:2]
        view = plain_view(photo, size=working_size(width, height, long_side=long_side))
        x = to_input(torch.from_numpy(view.rgb)[None].to(device))
        disparity = slice_grid(net(x).grid.float(), luma_of(x)).cpu()
        values = losses.at_points(disparity, torch.from_numpy(view.points)[None])
        missed, all_ = losses.wrong_order(values, torch.from_numpy(view.levels)[None])
        wrong, ordered = wrong + missed, ordered + all_
    return wrong / max(ordered, 1)


@torch.inference_mode()
def focus_order(net: RvrNet, stacks: list[FocusStack], *, device: str) -> float:
    """Mean correlation over focal stacks of disparity with how near the sharpest slice is, where texture can tell."""
    net.eval()
    found = []
    for stack in stacks:
        if stack.sure.mean() < 0.2 or not np.ptp(stack.sharpest[stack.sure]):
            continue
        x = to_input(torch.from_numpy(cv2.resize(stack.sharp, (320, 320), interpolation=cv2.INTER_AREA))[None])
        sliced = slice_grid(net(x.to(device)).grid.float(), luma_of(x).to(device))[0].cpu().numpy()
        disparity = cv2.resize(sliced, stack.sharpest.shape[::-1])
        found.append(np.corrcoef(disparity[stack.sure], -stack.sharpest[stack.sure].astype(np.float32))[0, 1])
    return float(np.mean(found)) if found else 0.0


if __name__ == "__main__":
    main()
