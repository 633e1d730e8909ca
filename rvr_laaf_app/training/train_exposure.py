"""Train the exposure head of RvrLightNet: how many stops of light a clipped pixel has lost.

    python -m rvr_laaf_app.training.train_exposure --data DATA --depth FOLDER/best.safetensors --out FOLDER2

The trunk and the disparity of the given checkpoint stay as they are (frozen, in evaluation mode); only the head learns,
from crops of DATA/hdr exposed as a camera would, night scenes with lamps made on photographs, and photographs pushed
to clip (the negatives: white shirts are not lamps). Writes FOLDER2/last.safetensors and log.csv; run again to resume.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rvr_laaf_app.nets.rvr_light_net import RvrLightConfig, RvrLightNet, grow, to_input
from rvr_laaf_app.training.data_hdr import Exposed, HdrMap, expose, load_map, random_example, random_light, split_names
from rvr_laaf_app.training.data_photos import load_ranked
from rvr_laaf_app.training.loop import (
    learning_rate_share,
    load_checkpoint,
    load_mean,
    log_row,
    save_checkpoint,
    set_seeds,
)

HEAD = ("exposure", "to_boost")


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")  # the folder with hdr/ and photos/
    depth: str = "../train_depth/best.safetensors"  # checkpoint of train_depth; of several (a,b) the mean is taken
    out: Path = Path("../train_exposure")  # checkpoints and log
    steps: int = 600
    batch: int = 8
    rate: float = 2.0e-3  # peak learning rate
    warmup: int = 50
    interval: int = 100  # steps between validation, log line and checkpoint
    width: int = 256
    height: int = 192
    threads: int = 1  # more only on an idle machine: on a busy one they wait for each other at every layer
    seed: int = 0
    overfit_one_batch: bool = False  # sanity check: one batch only, 100 steps


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
    training, held_out = split_names(s.data / "hdr")
    maps = [load_map(s.data / "hdr" / name) for name in training]
    tests = held_out_views([load_map(s.data / "hdr" / name) for name in held_out], size=(s.width, s.height))
    photos = [photo.rgb for photo in load_ranked(s.data / "photos" / "ordinal_depth.json", "train")]

    net = RvrLightNet(RvrLightConfig()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    load_mean([Path(path) for path in s.depth.split(",")], net)
    head = freeze_all_but_head(net)
    optimizer = torch.optim.AdamW(head, lr=s.rate, weight_decay=0.01)
    step = 0
    last = s.out / "last.safetensors"
    if last.exists() and not s.overfit_one_batch:
        step = int(str(load_checkpoint(last, nets={"average": net}, optimizer=optimizer)["step"]))

    started, total = time.time(), 0.0
    steps = 100 if s.overfit_one_batch else s.steps
    while step < steps:
        rng = np.random.default_rng((s.seed, 0 if s.overfit_one_batch else step))
        batch = [random_example(maps, photos, size=(s.width, s.height), rng=rng) for _ in range(s.batch)]
        for group in optimizer.param_groups:
            group["lr"] = s.rate * learning_rate_share(step, steps=steps, warmup=s.warmup)
        loss = exposure_loss(net, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += float(loss.detach())
        step += 1
        if step % s.interval == 0:
            error, plain = held_out_error(net, tests)
            row = {"step": step, "loss": total / s.interval, "held_out_stops": error, "clipped_input_stops": plain}
            row["seconds"] = time.time() - started
            print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
            total = 0.0
            if not s.overfit_one_batch:
                log_row(s.out / "log.csv", {key: round(value, 5) for key, value in row.items()})
                save_checkpoint(last, nets={"average": net}, optimizer=optimizer, facts={"step": step, **row})


def freeze_all_but_head(net: RvrLightNet) -> list[torch.nn.Parameter]:
    """Leave only the exposure head trainable; return its parameters."""
    head = []
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name.startswith(HEAD))
        if name.startswith(HEAD):
            head.append(parameter)
    return head


def head_mode(net: RvrLightNet, *, training: bool) -> None:
    """Batch norm of the frozen part must not drift: only the head ever leaves evaluation mode."""
    net.eval()
    net.exposure_mix.train(training)
    net.exposure_fine.train(training)


def predicted_stops(net: RvrLightNet, rgb: Tensor) -> Tensor:
    """Stops [B, 3, H, W] for recorded pictures [B, H, W, 3] uint8 (ungated: what each pixel would get if clipped)."""
    x = to_input(rgb)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        maps = net.encode(x)
        _, _, y8 = net.decode(x, maps)
    # The head itself in float32: in bfloat16 its gradients are sometimes not finite.
    s2, s4, s8, s16 = (part.float() for part in maps)
    raw = net.light(x, (s2, s4, s8, s16), y8.float())
    return grow(net.config.max_boost_stops * torch.sigmoid(raw), x)


def exposure_loss(net: RvrLightNet, batch: list[Exposed]) -> Tensor:
    """Mean absolute error in stops over the clipped pixels of each picture, then over the pictures that clip."""
    head_mode(net, training=True)
    stops = predicted_stops(net, torch.from_numpy(np.stack([example.rgb for example in batch])))
    wanted = torch.from_numpy(np.stack([example.stops for example in batch])).permute(0, 3, 1, 2)
    known = torch.from_numpy(np.stack([example.known for example in batch])).permute(0, 3, 1, 2)
    clipped = ((wanted > 0) & known).float()
    each = (F.smooth_l1_loss(stops, wanted, reduction="none", beta=0.5) * clipped).sum((1, 2, 3))
    count = clipped.sum((1, 2, 3))
    clips = (count > 10).float()
    return (each / count.clamp(min=1) * clips).sum() / clips.sum().clamp(min=1)


def held_out_views(maps: list[HdrMap], *, size: tuple[int, int], each: int = 12) -> list[Exposed]:
    """A fixed list of exposed views of maps that never train."""
    views = []
    for index, source in enumerate(maps):
        rng = np.random.default_rng((1, index))
        for _ in range(each):
            linear = random_light(source, size=size, rng=rng)
            views.append(expose(linear, white=float(np.percentile(linear.max(2), rng.uniform(85, 99.5))), rng=None))
    return views


@torch.no_grad()
def held_out_error(net: RvrLightNet, views: list[Exposed]) -> tuple[float, float]:
    """Mean over views of the error in stops on clipped pixels: (of the network, of the clipped picture itself)."""
    head_mode(net, training=False)
    errors, plain = [], []
    for view in views:
        clipped = view.stops > 0
        if clipped.sum() < 10:
            continue
        stops = predicted_stops(net, torch.from_numpy(view.rgb)[None])[0].permute(1, 2, 0).numpy()
        errors.append(float(np.abs(stops - view.stops)[clipped].mean()))
        plain.append(float(view.stops[clipped].mean()))
    return float(np.mean(errors)), float(np.mean(plain))


if __name__ == "__main__":
    main()
