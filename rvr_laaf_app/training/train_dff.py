"""Train a network that reads depth from a focal stack.

    python -m rvr_laaf_app.training.train_dff --pool POOL --out FOLDER --kind focus_volume --steps 3000

POOL holds pools of `training.focal_scenes`, one per number of slices (POOL/4, POOL/5, or one pool itself). Mean squared
error of disparity where there is something other than the far wall; with --coc that of the circles of confusion too.
FOLDER/last.safetensors every 100 steps (run again to resume), log.csv with the error on stacks of the pool that never
train. The same steps and batch for every kind make a fair table; `measure.dff` makes that table from new scenes.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

from rvr_laaf_app.nets.depth_from_focus_nets import COC_SCALE_PX, DffConfig, DffNet, DffOutput, build, to_input
from rvr_laaf_app.training.focal_scenes import COC_UNITS, Pool, open_pool
from rvr_laaf_app.training.loop import (
    ahead,
    follow,
    learning_rate_share,
    load_checkpoint,
    log_row,
    save_checkpoint,
    set_seeds,
)

REPORT_EVERY = 100
HELD_OUT = 48  # last stacks of every pool, of a small one fewer


@dataclass
class Settings:
    """Everything that decides the run."""

    pool: Path = Path("../train_dff/pool")
    out: Path = Path("../train_dff/run")
    kind: str = "focus_volume"
    levels: int = 0  # of the cost volume that focus_volume is given beside the slices; those of the pool, or none
    coc: int = 0  # 1: with the second decoder
    places: int = 1  # 0: PoolNet without the focus distance
    steps: int = 1000
    batch: int = 6
    crop: int = 128  # px; the tile of LSTM-DDFF
    slices: int = 4  # of a stack; 0: as many as the pools have, and sometimes one less
    rate: float = 2e-3
    warmup: int = 40
    weight_decay: float = 0.01
    coc_weight: float = 0.1
    error_weight: float = 0.1
    ema: float = 0.99
    start: str = ""  # a checkpoint whose averaged weights to begin with
    threads: int = 1
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """slices [B, n, h, w, 3] uint8, places [B, n], disparity [B, h, w], coc [B, n, h, w] / COC_SCALE_PX, known.

    volume [B, levels, h/2, w/2]: what reblurring costs.
    """

    slices: Tensor
    places: Tensor
    disparity: Tensor
    coc: Tensor
    known: Tensor
    volume: Tensor

    def to(self, device: str) -> Batch:
        """Return the same on a device."""
        return Batch(*(getattr(self, name).to(device) for name in Batch.__slots__))


def main() -> None:
    """Parse the settings and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    train(Settings(**vars(parser.parse_args())))


def train(s: Settings) -> None:
    """Run or resume the training; see the module's docstring."""
    torch.set_num_threads(s.threads)
    set_seeds(s.seed)
    s.out.mkdir(parents=True, exist_ok=True)
    pools = load_pools(s.pool, slices=s.slices)
    config = DffConfig(
        s.kind, coc=bool(s.coc), place_channel=bool(s.places), slices=s.slices or 4, tile=s.crop, levels=s.levels
    )
    net = build(config).to(s.device)
    if s.start:
        begin_with(net, Path(s.start))
    average = copy.deepcopy(net).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=s.rate, weight_decay=s.weight_decay)
    step, spent, last = 0, 0.0, s.out / "last.safetensors"
    if last.exists():
        facts = load_checkpoint(last, nets={"net": net, "average": average}, optimizer=optimizer)
        step, spent = int(str(facts["step"])), float(str(facts["cpu_seconds"]))

    kept = [held_out(pool, s) for pool in pools]
    total, began = 0.0, time.process_time()
    for batch in ahead(batches(pools, s, first=step)):
        for group in optimizer.param_groups:
            group["lr"] = s.rate * learning_rate_share(step, steps=s.steps, warmup=s.warmup)
        loss = losses(net.train(), batch.to(s.device), s)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        follow(average, net, decay=min(s.ema, (1 + step) / (10 + step)))
        total += float(loss.detach())
        step += 1
        if step % REPORT_EVERY == 0 or step == s.steps:
            seconds = spent + time.process_time() - began
            row = {"step": float(step), "loss": total / ((step - 1) % REPORT_EVERY + 1)}
            row |= held_out_rms(average, kept[0], s.device) | {"cpu_seconds": seconds}
            log_row(s.out / "log.csv", {key: round(float(value), 5) for key, value in row.items()})
            print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
            facts = {"step": step, "config": dataclasses.asdict(config), "cpu_seconds": seconds, "batch": s.batch}
            save_checkpoint(last, nets={"net": net, "average": average}, optimizer=optimizer, facts=facts)
            total = 0.0


def begin_with(net: DffNet, checkpoint: Path) -> None:
    """Copy the averaged weights of a checkpoint, as far as names and shapes are the same."""
    mine = net.state_dict()
    with safe_open(checkpoint, "pt") as file:
        names = {name.removeprefix("average/") for name in file.keys() if name.startswith("average/")}  # noqa: SIM118
        for name in names & mine.keys():
            value = file.get_tensor(f"average/{name}")
            if value.shape == mine[name].shape:
                mine[name].copy_(value)


def losses(net: DffNet, batch: Batch, s: Settings) -> Tensor:
    """Return the loss of a batch: disparity, coc if there is a decoder for it, expected error if it tells one."""
    with torch.autocast(torch.device(s.device).type, torch.bfloat16):
        out: DffOutput = net(to_input(batch.slices), batch.places, batch.volume if s.levels else None)
    known = batch.known.float()
    count = known.sum().clamp(min=1.0)
    off = out.disparity.float() - batch.disparity
    loss = (off.square() * known).sum() / count
    if out.coc is not None:
        loss = loss + s.coc_weight * (out.coc.float() - batch.coc).square().mean()
    if out.error is not None:
        loss = loss + s.error_weight * ((out.error - off.detach().abs()).abs() * known).sum() / count
    return loss


def load_pools(folder: Path, *, slices: int) -> list[Pool]:
    """Open the pool or pools of a folder; those of `slices` slices, all if 0; the smallest number first."""
    folders = [folder] if (folder / "done.json").exists() else sorted(p.parent for p in folder.glob("*/done.json"))
    pools = [pool for pool in map(open_pool, folders) if slices in (0, pool.slices.shape[1])]
    if not pools:
        raise FileNotFoundError(f"no pool of focal stacks with {slices} slices in {folder}")
    return pools


def batches(pools: list[Pool], s: Settings, *, first: int) -> Iterator[Batch]:
    """Batches of steps `first`..., each decided by its number alone."""
    for step in range(first, s.steps):
        rng = np.random.default_rng([s.seed, step])
        sizes = np.array([len(pool.places) - kept_of(pool) for pool in pools], np.float64)
        pool = pools[int(rng.choice(len(pools), p=sizes / sizes.sum()))]
        count = len(pool.places) - kept_of(pool)
        chosen = rng.choice(count, s.batch, replace=count < s.batch)
        yield gathered([view(pool, int(k), s.crop, rng) for k in chosen], dropped=dropped(pool, rng, s))


def kept_of(pool: Pool) -> int:
    """Return how many stacks at the end of a pool never train."""
    return min(HELD_OUT, len(pool.places) // 4)


def dropped(pool: Pool, rng: np.random.Generator, s: Settings) -> int | None:
    """Return which slice to leave out, for stacks of other sizes and spacings; never an end, nor that of the truth."""
    frames = pool.slices.shape[1]
    inner = [i for i in range(1, frames - 1) if i != frames // 2]
    wanted = s.slices == 0 and s.levels == 0 and rng.random() < 0.25
    return int(rng.choice(inner)) if wanted and inner else None


def view(pool: Pool, k: int, crop: int, rng: np.random.Generator) -> list[NDArray]:
    """A random crop of a stack, mirrored and turned, with its light changed a little."""
    height, width = pool.disparity.shape[1:]
    y, x = (2 * int(rng.integers(0, (side - crop) // 2 + 1)) for side in (height, width))
    window = slice(y, y + crop), slice(x, x + crop)
    parts: list[NDArray] = [
        pool.slices[k][:, *window],
        pool.disparity[k][None, *window].astype(np.float32) / np.float32(65535),
        pool.coc[k][:, *window].astype(np.float32) / np.float32(COC_UNITS * COC_SCALE_PX),
        pool.known[k][None, *window],
        pool.volume[k][:, y // 2 : (y + crop) // 2, x // 2 : (x + crop) // 2].astype(np.float32),
    ]
    if rng.random() < 0.5:
        parts = [part[:, :, ::-1] for part in parts]
    if rng.random() < 0.5:
        parts = [part[:, ::-1] for part in parts]
    if rng.random() < 0.5:
        parts = [part.swapaxes(1, 2) for part in parts]
    light = np.clip(np.arange(256) * rng.uniform(0.6, 1.3), 0, 255).astype(np.uint8)
    parts[0] = light[parts[0][..., rng.permutation(3)]]
    return [*parts, pool.places[k]]


def gathered(views: list[list[NDArray]], *, dropped: int | None = None) -> Batch:
    """Put views together, without the slice `dropped`."""
    slices, disparity, coc, known, volume, places = (
        torch.from_numpy(np.stack(part)) for part in zip(*views, strict=True)
    )
    if dropped is not None:
        left = [i for i in range(slices.shape[1]) if i != dropped]
        slices, coc, places = slices[:, left], coc[:, left], places[:, left]
    return Batch(slices, places, disparity[:, 0], coc, known[:, 0], volume)


def held_out(pool: Pool, s: Settings) -> tuple[Batch, NDArray[np.bool_]]:
    """Return the last stacks of a pool, their middle at the size of a crop, and which of them move."""
    count = kept_of(pool)
    rng = np.random.default_rng(0)
    views = [view(pool, k, s.crop, rng) for k in range(len(pool.places) - count, len(pool.places))]
    return gathered(views), np.asarray(pool.moving[-count:])


@torch.inference_mode()
def held_out_rms(net: DffNet, kept: tuple[Batch, NDArray[np.bool_]], device: str) -> dict[str, float]:
    """Root mean squared error of disparity on the kept stacks, standing and moving."""
    batch, moving = kept
    errors = []
    for k in range(len(moving)):
        one = Batch(*(getattr(batch, name)[k : k + 1] for name in Batch.__slots__)).to(device)
        found = net(to_input(one.slices), one.places, one.volume if net.config.levels else None).disparity
        off = (found[0].float().cpu().clamp(0, 1) - batch.disparity[k])[batch.known[k]]
        errors.append(float(off.square().mean()) if len(off) else 0.0)
    square = np.array(errors)
    return {name: float(np.sqrt(square[pick].mean())) for name, pick in (("static", ~moving), ("moving", moving))}


if __name__ == "__main__":
    main()
