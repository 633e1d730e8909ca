"""Train only the lost light of an RvrNet whose disparity is finished; nothing else of the network changes.

    python -m rvr_laaf_app.training.train_light --data DATA --from RUN/result.safetensors --out FOLDER

(or from published weights).
The light branch reads detached maps, so it can be trained for as long as it needs once the rest stands, at a third of
the time of a full step. Each step sees exposures of HDR maps, night scenes with lamps, glows, and photographs pushed to
clip (`data_hdr`). FOLDER/last.safetensors each 250 steps (run again to resume), result.safetensors in the end.
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

from rvr_laaf_app.nets.efficientnet_lite import EncoderMaps
from rvr_laaf_app.nets.rvr_net import RvrNet, to_input
from rvr_laaf_app.training.data_hdr import Exposed, HdrMap, load_map, random_example, split_names
from rvr_laaf_app.training.data_photos import load_ranked
from rvr_laaf_app.training.loop import (
    ahead,
    follow,
    learning_rate_share,
    load_checkpoint,
    log_row,
    save_checkpoint,
    set_seeds,
)
from rvr_laaf_app.training.start_weights import finished

SIZES = ((320, 224), (320, 256), (256, 320), (352, 192))
LIGHT_PARTS = ("exposure8", "exposure4", "exposure_mix", "exposure2", "exposure_fine", "to_boost")
SAVE_EVERY = 250


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")  # the folder with photos/ and hdr/
    start: Path = Path("../train_rvr/result.safetensors")  # a checkpoint of train_rvr, or published weights
    out: Path = Path("../train_light")  # checkpoints and log
    steps: int = 2500
    pictures: int = 10  # per step
    rate: float = 2.0e-3
    warmup: int = 100
    weight_decay: float = 0.01
    ema: float = 0.997
    threads: int = 2
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    seed: int = 0


def main() -> None:
    """Parse the settings and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Settings):
        name = "--from" if field.name == "start" else "--" + field.name
        parser.add_argument(name, dest=field.name, type=type(field.default), default=field.default)
    train(Settings(**vars(parser.parse_args())))


def train(s: Settings) -> None:
    """Run or resume the training; see the module's docstring."""
    torch.set_num_threads(s.threads)
    cv2.setNumThreads(1)
    set_seeds(s.seed)
    s.out.mkdir(parents=True, exist_ok=True)
    maps = [load_map(s.data / "hdr" / name) for name in split_names(s.data / "hdr")[0]]
    photos = [photo.rgb for photo in load_ranked(s.data / "photos" / "ordinal_depth.json", "train")]

    net = finished(s.start)
    net = net.to(s.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    light = only_light(net)
    average = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(light, lr=s.rate, weight_decay=s.weight_decay)
    step = 0
    last = s.out / "last.safetensors"
    if last.exists():
        step = int(str(load_checkpoint(last, nets={"net": net, "average": average}, optimizer=optimizer)["step"]))

    facts: dict[str, object] = {"config": dataclasses.asdict(net.config), "seed": s.seed}
    started, error, bias = time.time(), 0.0, 0.0
    for batch in ahead(batches(maps, photos, first=step, s=s)):
        for group in optimizer.param_groups:
            group["lr"] = s.rate * learning_rate_share(step, steps=s.steps, warmup=s.warmup)
        boost = lost_light(net, to_input(torch.from_numpy(np.stack([e.rgb for e in batch])).to(s.device)))
        wanted, counts = truth(batch, boost)
        loss = stops_error(boost, wanted, counts)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(light, 5.0)
        optimizer.step()
        follow(average, net, decay=min(s.ema, (1 + step) / (10 + step)))
        step += 1
        error += float(loss.detach())
        bias += float(((boost.detach() - wanted) * counts).sum() / counts.sum().clamp(min=1))
        if step % SAVE_EVERY == 0 or step == s.steps:
            row = {"step": step, "error_stops": error / SAVE_EVERY, "bias_stops": bias / SAVE_EVERY}
            row |= {"seconds": time.time() - started}
            log_row(s.out / "log.csv", {key: round(value, 4) for key, value in row.items()})
            print(" ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
            nets = {"net": net, "average": average}
            save_checkpoint(last, nets=nets, optimizer=optimizer, facts=facts | {"step": step})
            started, error, bias = time.time(), 0.0, 0.0
    save_checkpoint(s.out / "result.safetensors", nets={"average": average}, optimizer=None, facts=facts)


def only_light(net: RvrNet) -> list[torch.nn.Parameter]:
    """Freeze everything but the light branch (batch norms too); return what is trained."""
    net.eval().requires_grad_(False)
    trained = []
    for name in LIGHT_PARTS:
        part = getattr(net, name).train()
        trained += list(part.requires_grad_(True).parameters())
    return trained


def batches(maps: list[HdrMap], photos: list[np.ndarray], *, first: int, s: Settings) -> Iterator[list[Exposed]]:
    """What each step from `first` on sees: always the same for the same seed and step."""
    for step in range(first, s.steps):
        rng = np.random.default_rng((s.seed, step))
        size = SIZES[int(rng.integers(len(SIZES)))]
        yield [random_example(maps, photos, size=size, rng=rng) for _ in range(s.pictures)]


def lost_light(net: RvrNet, x: Tensor) -> Tensor:
    """Boost in stops [B, 3, H, W] of pictures from `to_input`; gradients only into the light branch."""
    with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16):
        maps = net.trunk(x)
        y8, y4 = net.decode(maps)
    known = EncoderMaps(*(m.float() for m in maps))
    raw = net.light(x.float(), known, y8.float(), y4.float())
    boost = net.config.max_boost_stops * torch.sigmoid(raw)
    return F.interpolate(boost, size=x.shape[-2:], mode="bilinear", align_corners=False)


def truth(batch: list[Exposed], like: Tensor) -> tuple[Tensor, Tensor]:
    """Lost stops [B, 3, H, W], and 1 where they count (clipped, and known)."""
    wanted = torch.from_numpy(np.stack([e.stops for e in batch])).permute(0, 3, 1, 2).to(like)
    known = torch.from_numpy(np.stack([e.known for e in batch])).permute(0, 3, 1, 2).to(like.device)
    return wanted, ((wanted > 0) & known).to(like)


def stops_error(boost: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
    """Mean absolute error in stops over what counts in each picture, then over the pictures that clip."""
    each = (F.smooth_l1_loss(boost, wanted, reduction="none", beta=0.2) * counts).sum((1, 2, 3))
    samples = counts.sum((1, 2, 3))
    clips = (samples > 10).float()
    return (each / samples.clamp(min=1) * clips).sum() / clips.sum().clamp(min=1)


if __name__ == "__main__":
    main()
