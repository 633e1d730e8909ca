"""Train the depth network of paper 5 (ResNet encoder-decoder) on composed scenes with exact depth.

    python -m rvr_laaf_app.training.train_depth_resnet --data DATA --out FOLDER [--layers 50]

writes FOLDER/last.safetensors every `every` steps (run again to resume), log.csv, curves.png and, at the end,
depth-resnet-18.safetensors with the config in its header. Loss (BCE on nearness in 0..1), optimizer (Adam with a
schedule) and metrics (MSE and PSNR of the normalised map) are the paper's; the data is not: the paper had NYUv2, so
its figures (MSE 0.0010 / 0.0006, PSNR 32.9 / 34.5) are of other pictures. DATA/depth only measures. Composing a view
takes longer than a step; with --views FOLDER they are cut from kept ones (NNNN.npz, each with rgb [N, h, w, 3] uint8
and disparity [N, h, w]), the last file for measuring only.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.measure.depth import measure_scenes
from rvr_laaf_app.measure.truth import find_scenes
from rvr_laaf_app.nets.depth_resnet import DepthResnet, DepthResnetConfig, to_input, working_size
from rvr_laaf_app.training.loop import learning_rate_share, load_checkpoint, log_row, save_checkpoint, set_seeds

VAL_SEED = 1_000_003  # far from any training seed


class View(Protocol):
    """A picture with exact depth: rgb [h, w, 3] uint8; disparity [h, w] float32 in any unit, nearer is greater."""

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """[h, w, 3] uint8."""

    @property
    def disparity(self) -> NDArray[np.float32]:
        """[h, w] float32."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptView:
    """A View that was composed before."""

    rgb: NDArray[np.uint8]
    disparity: NDArray[np.float32]


ViewMaker = Callable[[np.random.Generator], View]


@dataclass
class Settings:
    """Everything that decides the run."""

    data: Path = Path("../shared/data")
    out: Path = Path("../train_depth_resnet")
    views: str = ""  # folder of views that were composed before; "" = compose them now
    layers: int = 18  # 18 or 50, as in the paper
    net_width: int = 64  # of the encoder's first stage
    steps: int = 20_000
    minutes: float = 0.0  # stop after so much time in this run (0 = never); run again to go on
    batch: int = 8
    width: int = 256  # of the views, multiples of 32
    height: int = 192
    rate: float = 3e-4
    warmup: int = 200
    every: int = 250  # steps between two measurements
    val_views: int = 48
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    threads: int = 1
    seed: int = 0


def main() -> None:
    """Parse the settings and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    settings = Settings(**vars(parser.parse_args()))
    train(settings, *make_views(settings))


def make_views(s: Settings) -> tuple[ViewMaker, ViewMaker]:
    """Return what makes a random view of the size of the settings: for training, and for measuring."""
    size = s.width, s.height
    if s.views:
        *train_files, val_file = sorted(Path(s.views).glob("*.npz"))
        return kept_views(train_files, size), kept_views([val_file], size)
    from rvr_laaf_app.training.synth import SceneLibrary, random_view

    library = SceneLibrary(s.data, seed=s.seed)

    def composed(rng: np.random.Generator) -> View:
        return random_view(library, size=size, rng=rng)

    return composed, composed


def kept_views(files: Sequence[Path], size: tuple[int, int]) -> ViewMaker:
    """Return what cuts a random crop of a random kept view and brings it to `size` (width, height)."""
    shards = []
    for path in files:
        with np.load(path) as shard:
            shards.append((shard["rgb"], shard["disparity"]))

    def cut(rng: np.random.Generator) -> View:
        rgb, disparity = shards[rng.integers(len(shards))]
        number = rng.integers(len(rgb))
        height, width = disparity.shape[1:]
        crop_w = min(width, height * size[0] / size[1]) * rng.uniform(0.7, 1.0)
        crop_h = crop_w * size[1] / size[0]
        x, y = int(rng.uniform(0, width - crop_w)), int(rng.uniform(0, height - crop_h))
        part = number, slice(y, y + int(crop_h)), slice(x, x + int(crop_w))
        return KeptView(
            np.asarray(cv2.resize(rgb[part], size, interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(disparity[part].astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32),
        )

    return cut


def train(s: Settings, view_of: ViewMaker, val_view_of: ViewMaker) -> None:
    """Run or resume the training with views of the first kind, measured on views of the second."""
    torch.set_num_threads(s.threads)
    cv2.setNumThreads(1)
    set_seeds(s.seed)
    s.out.mkdir(parents=True, exist_ok=True)
    net = DepthResnet(DepthResnetConfig(layers=s.layers, width=s.net_width)).to(s.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=s.rate)
    step, last = 0, s.out / "last.safetensors"
    if last.exists():
        facts = load_checkpoint(last, nets={"net": net}, optimizer=optimizer)
        step = int(str(facts["step"]))
    val = [val_view_of(np.random.default_rng((VAL_SEED, number))) for number in range(s.val_views)]
    until = time.monotonic() + 60 * s.minutes if s.minutes else float("inf")
    losses: list[float] = []
    started = time.monotonic()
    while step < s.steps:
        for group in optimizer.param_groups:
            group["lr"] = s.rate * learning_rate_share(step, steps=s.steps, warmup=s.warmup)
        # Each step has its own seed: a resumed run sees what an undisturbed one would have seen.
        views = [view_of(np.random.default_rng((s.seed, step, number))) for number in range(s.batch)]
        losses.append(train_step(net, optimizer, *batch_of(views, s.device)))
        step += 1
        out_of_time = time.monotonic() > until
        if step % s.every == 0 or step == s.steps or out_of_time:
            row: dict[str, object] = {"step": step, "seconds": round(time.monotonic() - started, 1)}
            row |= {"loss": round(float(np.mean(losses)), 5), **measured(net, val)}
            log_row(s.out / "log.csv", row)
            print(" ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            facts = {"step": step, "seed": s.seed, "config": dataclasses.asdict(net.config)}
            save_checkpoint(last, nets={"net": net}, optimizer=optimizer, facts=facts)
            draw_curves(s.out / "log.csv", s.out / "curves.png")
            losses, started = [], time.monotonic()
        if out_of_time:
            break
    write_net(net, s.out / f"depth-resnet-{s.layers}.safetensors")
    print(json.dumps(on_measured_scenes(net, s.data / "depth"), indent=1))


def train_step(net: DepthResnet, optimizer: torch.optim.Optimizer, rgb: Tensor, nearness: Tensor) -> float:
    """One step of the paper's BCE loss; return it."""
    net.train()
    loss = F.binary_cross_entropy_with_logits(net(to_input(rgb)), nearness)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimizer.step()
    return float(loss.detach())


def batch_of(views: Sequence[View], device: str) -> tuple[Tensor, Tensor]:
    """Views as rgb [B, h, w, 3] uint8 and nearness [B, h, w] float32 in 0..1, half of them mirrored."""
    rgb = np.stack([view.rgb for view in views])
    nearness = np.stack([nearness_of(view.disparity) for view in views])
    rgb[::2], nearness[::2] = rgb[::2, :, ::-1].copy(), nearness[::2, :, ::-1].copy()
    return torch.from_numpy(rgb).to(device), torch.from_numpy(nearness).to(device)


def nearness_of(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Disparity [h, w] normalised as the paper normalises depth maps: the view's own range becomes 0..1."""
    low, high = np.percentile(disparity, (1, 99))
    return np.clip((disparity - low) / max(float(high - low), 1e-9), 0.0, 1.0).astype(np.float32)


@torch.inference_mode()
def measured(net: DepthResnet, views: Sequence[View]) -> dict[str, float]:
    """The paper's metrics on views: MSE of nearness, PSNR (mean over views); and the MSE of a view's mean, beside."""
    net.eval()
    device = next(net.parameters()).device
    squares, plain = [], []
    for view in views:
        wanted = nearness_of(view.disparity)
        given = torch.sigmoid(net(to_input(torch.from_numpy(view.rgb.copy())[None].to(device))))[0].cpu().numpy()
        squares.append(float(np.mean((given - wanted) ** 2)))
        plain.append(float(wanted.var()))
    psnr = float(np.mean([-10 * np.log10(max(mse, 1e-12)) for mse in squares]))
    return {
        "mse": round(float(np.mean(squares)), 5),
        "psnr": round(psnr, 3),
        "mse_of_mean": round(float(np.mean(plain)), 5),
    }


class ResnetEstimator:
    """The network as an estimator, so that the common measures can be asked: no light, no refinement."""

    name = "depth-resnet"
    version = "depth-resnet-in-training"
    context = (0, 0)

    def __init__(self, net: DepthResnet) -> None:
        self._net = net.eval()

    def start(self, clip: ClipTrait) -> None:
        """No state is needed."""

    @torch.inference_mode()
    def step(self, frames: Sequence[Frame], state: object) -> tuple[RgbdFrame, object]:
        """Return the network's map at its working size."""
        frame = frames[0]
        size = working_size(*frame.size, long_side=self._net.config.work_long_side)
        small = np.asarray(cv2.resize(frame.rgb8, size, interpolation=cv2.INTER_AREA), np.uint8)
        device = next(self._net.parameters()).device
        logits = self._net(to_input(torch.from_numpy(small)[None].to(device)))
        nearness = torch.sigmoid(logits)[0].cpu().numpy()
        sure = np.full(nearness.shape, 0.5, np.float16)
        boost = np.zeros((*nearness.shape, 3), np.float16)
        return RgbdFrame(frame.index, nearness.astype(np.float16), boost, sure), state


def on_measured_scenes(net: DepthResnet, folder: Path) -> dict[str, object]:
    """Aligned disparity error on real measured scenes, if there are any (see measure/depth.py)."""
    if not folder.is_dir():
        return {}
    figures = measure_scenes(ResnetEstimator(net), find_scenes(folder)[0])
    return {key: figures[key] for key in ("mean", "mean_of_groups", "worse_than_ramp")}


def write_net(net: DepthResnet, path: Path) -> None:
    """Write the weights with the config in their header, as published ones are."""
    floats = {name: v.detach().cpu().contiguous() for name, v in net.state_dict().items() if v.is_floating_point()}
    config = json.dumps(dataclasses.asdict(net.config), sort_keys=True)
    save_file(floats, path, {"net": "depth_resnet", "config": config})


def draw_curves(log: Path, path: Path) -> None:
    """Draw loss and MSE over the steps, as the paper does: two curves, each stretched over the height."""
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    canvas = np.full((240, 420, 3), 255, np.uint8)
    for column, colour in (("loss", (200, 90, 30)), ("mse", (40, 40, 200))):
        for first, second in _segments([(float(row["step"]), float(row[column])) for row in rows]):
            cv2.line(canvas, first, second, colour, 1, cv2.LINE_AA)
        last = f"{column} {float(rows[-1][column]):.4f}"
        cv2.putText(canvas, last, (300, 20 if column == "loss" else 38), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1)
    path.write_bytes(cv2.imencode(".png", canvas)[1].tobytes())


def _segments(points: list[tuple[float, float]]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    values = np.array(points)
    low, span = values.min(axis=0), np.maximum(np.ptp(values, axis=0), 1e-9)
    places = 10 + (values - low) / span * (400, 220)
    pixels = [(int(x), int(240 - y)) for x, y in places]
    yield from pairwise(pixels)


if __name__ == "__main__":
    main()
