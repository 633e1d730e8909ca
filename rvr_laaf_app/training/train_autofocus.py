"""Train the autofocus networks on pools of `data_autofocus`, and publish them.

    python -m rvr_laaf_app.training.train_autofocus blur --pool POOL --val POOL --out FOLDER
    python -m rvr_laaf_app.training.train_autofocus paper --pool POOL --val POOL --out FOLDER
    python -m rvr_laaf_app.training.train_autofocus publish --out FOLDER [--join FOLDER] [--card FILE]

`blur` is ours: its spectra are taken once and kept beside the pool, so the training itself takes a minute. `paper` is
the step estimator (MSE, Adam 1e-3, batch 32) and the focus discriminator (MSE, Adam 1e-3, batch 128) as printed; the
number of epochs is what the time allows. Both go on where a former run ended.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rvr_laaf_app.nets.autofocus_nets import (
    FEATURES,
    BlurNet,
    BlurNetConfig,
    FocusDiscriminator,
    RingSpectra,
    StepEstimator,
    StepEstimatorConfig,
    bin_of,
    radii_of_bins,
    to_input,
)
from rvr_laaf_app.training.loop import learning_rate_share, load_checkpoint, log_row, save_checkpoint, set_seeds
from rvr_laaf_app.training.publish import put_in_place

_EXACT, _WITHIN = 0.75, 10  # steps: in focus; still within the depth of field
LICENCE = "Same licence as the program."
DATA = (
    "Patches simulated by our script: surfaces made of photographs of research sets and demonstrations (OSIE MIT; "
    "BSDS500, ImageNet samples, rooms: research terms; those under non-commercial terms left out) and of patterns "
    "drawn by code, blurred and magnified by the defocus model of the paper's camera, with noise of a sensor."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run can be told; the defaults are those of the published weights."""

    seed: int = 5
    blur_steps: int = 4500  # of 256 patches
    blur_batch: int = 256
    blur_rate: float = 2e-3
    blur_decay: float = 2e-2
    blur_jitter: float = 0.03  # added to log spectra, so that none is learnt by heart
    paper_epochs: int = 60
    discriminator_epochs: int = 40
    discriminator_batch: int = 128
    paper_batch: int = 32
    paper_rate: float = 1e-3
    minutes: float = 20.0  # at most, for each network


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """One or several pools as `data_autofocus` wrote them; every array has one row per patch.

    radius_px is that of the disk in the picture: a lens blurs first and magnifies then, and the disk with the subject.
    """

    folders: tuple[Path, ...]
    parts: tuple[np.ndarray, ...]
    radius_px: np.ndarray
    steps: np.ndarray

    @classmethod
    def open(cls, folders: Sequence[Path]) -> Pool:
        """Return the pools of these folders as one; the patches stay on disk."""
        facts = [np.load(folder / "facts.npz") for folder in folders]
        parts = tuple(np.load(folder / "patches.npy", mmap_mode="r") for folder in folders)
        radius_px = np.concatenate([part["radius_px"] * part["magnification"] for part in facts])
        steps = np.concatenate([part["z"] - part["z0"] for part in facts])
        return cls(tuple(folders), parts, radius_px, steps)

    def pictures(self, rows: np.ndarray) -> Tensor:
        """Return patches by number as the paper's networks see them [n, 1, 512, 512]."""
        starts = np.cumsum([0, *(len(part) for part in self.parts)])
        number = np.searchsorted(starts, rows, side="right") - 1
        found = np.empty((len(rows), *self.parts[0].shape[1:]), np.uint8)
        for index, (k, row) in enumerate(zip(number, rows - starts[number], strict=True)):
            # read, not mapped: a mapped patch costs 64 page faults, more than the whole network
            part = self.parts[k]
            path, offset = self.folders[k] / "patches.npy", part.offset + int(row) * part[0].nbytes
            found[index] = np.fromfile(path, np.uint8, part[0].size, offset=offset).reshape(part.shape[1:])
        return to_input(torch.from_numpy(found).float() / 255.0)

    def spectra(self, *, cut: bool = False) -> Tensor:
        """Return `RingSpectra` of every patch [n, FEATURES], or of a part cut out of each: made once and kept."""
        found = []
        for folder, patches in zip(self.folders, self.parts, strict=True):
            kept = folder / ("spectra_cut.npy" if cut else "spectra.npy")
            if not kept.exists() or np.load(kept).shape != (len(patches), FEATURES):
                np.save(kept, _spectra(patches, cut=cut))
            found.append(torch.from_numpy(np.load(kept)))
        return torch.cat(found)


@torch.inference_mode()
def _spectra(patches: np.ndarray, *, cut: bool) -> np.ndarray:
    net, found, rng = RingSpectra(), [], np.random.default_rng(len(patches))
    for start in range(0, len(patches), 16):
        some = patches[start : start + 16]
        if cut:
            high, wide = rng.integers(112, 449, 2)
            top, left = rng.integers(0, some.shape[1] - high + 1), rng.integers(0, some.shape[2] - wide + 1)
            some = some[:, top : top + high, left : left + wide]
        found.append(net(torch.from_numpy(np.array(some)).float() / 255.0))
    return torch.cat(found).numpy()


def label_of(radius_px: Tensor, config: BlurNetConfig) -> Tensor:
    """Return the probability of each bin [n, bins] that is to be learnt: shared by the two nearest, a little soft."""
    place = bin_of(radius_px.abs(), config)
    low = place.floor().long().clamp(max=config.bins - 2)
    share = (place - low)[:, None]
    label = torch.zeros(len(place), config.bins)
    label.scatter_(1, low[:, None], 1 - share).scatter_add_(1, low[:, None] + 1, share)
    soft = torch.tensor([[[0.25, 0.5, 0.25]]])
    return F.conv1d(F.pad(label[:, None], (1, 1), mode="replicate"), soft)[:, 0]


def fit_blur(net: BlurNet, features: Tensor, radius_px: Tensor, settings: Settings) -> float:
    """Train in place for `blur_steps`; return the last mean loss (nats)."""
    net.mean.copy_(features.mean(0))
    net.scale.copy_(1.0 / features.std(0).clamp(min=1e-3))
    labels = label_of(radius_px, net.config)
    density = labels.mean(0) + 1e-4 / net.config.bins
    wide = torch.ones(1, 1, 9) / 9
    density = F.conv1d(F.pad(density[None, None], (4, 4), mode="replicate"), wide)[0, 0]
    net.log_prior.copy_(torch.log(density / density.sum()))
    weights = [value for value in net.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(weights, settings.blur_rate, weight_decay=settings.blur_decay)
    deadline, mean = time.monotonic() + 60 * settings.minutes, 0.0
    net.train()
    for step in range(settings.blur_steps):
        share = learning_rate_share(step, steps=settings.blur_steps, warmup=50)
        for group in optimizer.param_groups:
            group["lr"] = settings.blur_rate * share
        rows = torch.randint(len(features), (min(settings.blur_batch, len(features)),))
        x = features[rows] + settings.blur_jitter * torch.randn(len(rows), features.shape[1])
        loss = -(labels[rows] * net.answers(x)).sum(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean += (float(loss.detach()) - mean) * (0.02 if step else 1.0)
        if time.monotonic() > deadline:
            break
    net.eval()
    return mean


@torch.inference_mode()
def blur_errors(net: BlurNet, features: Tensor, radius_px: Tensor) -> dict[str, float]:
    """Return mean loss and, for small and large blur, the median and 90th percentile of the error in pixels."""
    answer = net(features)
    loss = float(-(label_of(radius_px, net.config) * answer).sum(1).mean())
    cumulated = answer.exp().cumsum(1)
    median = (cumulated < 0.5).sum(1).clamp(max=net.config.bins - 1)
    error = (radii_of_bins(net.config)[median] - radius_px.abs()).abs()
    found = {"loss": loss}
    for low, high in ((0, 1.5), (1.5, 6), (6, 25), (25, 60), (60, 170)):
        part = error[(radius_px.abs() >= low) & (radius_px.abs() < high)]
        if len(part):
            found[f"median_{low}_{high}"] = round(float(part.median()), 3)
            found[f"p90_{low}_{high}"] = round(float(part.quantile(0.9)), 3)
    return found


def fit_paper(
    net: StepEstimator | FocusDiscriminator, pool: Pool, settings: Settings, *, out: Path, label: str
) -> None:
    """Train f_e on |z - z0|, or f_d on z == z0, with MSE and Adam as printed; one line in the log per epoch."""
    estimator = isinstance(net, StepEstimator)
    unit = net.config.steps_per_unit if isinstance(net, StepEstimator) else 1.0
    away = np.abs(pool.steps)
    truth = torch.from_numpy(away / unit if estimator else away < _EXACT).float()
    drawn = np.arange(len(away)) if estimator else _balanced(away)
    batch = settings.paper_batch if estimator else settings.discriminator_batch
    epochs = settings.paper_epochs if estimator else settings.discriminator_epochs
    optimizer = torch.optim.Adam(net.parameters(), settings.paper_rate)
    done, path = 0, out / f"{label}.safetensors"
    if path.exists():
        done = int(str(load_checkpoint(path, nets={"net": net}, optimizer=optimizer)["epochs"]))
    began, rng = time.monotonic(), np.random.default_rng(settings.seed + done)
    for epoch in range(done, epochs):
        if time.monotonic() - began > 60 * settings.minutes:
            break
        net.train()
        total, order = 0.0, rng.permutation(drawn)
        for start in range(0, len(order) - batch + 1, batch):
            rows = np.sort(order[start : start + batch])
            x = pool.pictures(rows)
            if rng.random() < 0.5:
                x = x.flip(3)
            loss = F.mse_loss(net(x) / unit, truth[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
        row = {
            "epoch": epoch + 1,
            "loss": round(total * batch / len(order), 5),
            "seconds": round(time.monotonic() - began),
        }
        log_row(out / f"{label}.csv", row)
        print(label, row, flush=True)
        save_checkpoint(path, nets={"net": net}, optimizer=optimizer, facts={"epochs": epoch + 1})
    net.eval()


def _balanced(away: np.ndarray) -> np.ndarray:
    """Return rows for f_d, as many in focus as not; what lies within the depth of field but not in focus is left out.

    The paper's lens positions are drawn from the whole range, where that next to never happens.
    """
    sharp, blurred = np.flatnonzero(away < _EXACT), np.flatnonzero(away > _WITHIN)
    return np.concatenate([np.resize(sharp, max(len(blurred), 1)), blurred]) if len(sharp) else blurred


@torch.inference_mode()
def paper_errors(estimator: StepEstimator, discriminator: FocusDiscriminator, pool: Pool) -> dict[str, float]:
    """Return the errors of f_e in steps, and how often f_d is right, on a pool."""
    steps, sharp = [], []
    for start in range(0, len(pool.steps), 32):
        x = pool.pictures(np.arange(start, min(start + 32, len(pool.steps))))
        steps.append(estimator(x))
        sharp.append(discriminator(x))
    error = (torch.cat(steps).numpy() - np.abs(pool.steps)).__abs__()
    says, near, far = torch.cat(sharp).numpy() >= 0.5, np.abs(pool.steps) <= 10, np.abs(pool.steps) > 20
    return {
        "mean_error_steps": float(error.mean()),
        "median_error_steps": float(np.median(error)),
        "mean_error_within_100": float(error[np.abs(pool.steps) <= 100].mean()),
        "says_in_focus_when_within_10": float(says[near].mean()),
        "says_in_focus_when_beyond_20": float(says[far].mean()),
    }


def publish(net: nn.Module, *, name: str, role: str, kind: str, config: object, models: Path, card: str | None) -> Path:
    """Write weights with their config, the entry in the manifest and the card; return the path of the weights."""
    header = {"net": kind, "config": json.dumps(config, sort_keys=True)}
    words = {"licence": LICENCE, "data": DATA}
    return put_in_place(net, header, folder=models, name=name, role=role, words=words, card=card)


class PaperPair(nn.Module):
    """f_e and f_d in one file."""

    def __init__(self) -> None:
        super().__init__()
        self.estimator = StepEstimator(StepEstimatorConfig())
        self.discriminator = FocusDiscriminator()


def train_blur(pool: Pool, val: Pool, out: Path, settings: Settings) -> None:
    """Train BlurNet and write `out/blur.safetensors`."""
    began = time.monotonic()
    net = BlurNet(BlurNetConfig())
    features = torch.cat([pool.spectra(), pool.spectra(cut=True)])
    radius_px = torch.from_numpy(np.concatenate([pool.radius_px, pool.radius_px])).float()
    loss = fit_blur(net, features, radius_px, settings)
    found = blur_errors(net, val.spectra(), torch.from_numpy(val.radius_px).float())
    small = blur_errors(net, val.spectra(cut=True), torch.from_numpy(val.radius_px).float())
    facts = {"patches": len(pool.steps), "train_loss": round(loss, 4), **found, "loss_of_cuts": small["loss"]}
    facts["minutes"] = round((time.monotonic() - began) / 60, 1)
    save_checkpoint(out / "blur.safetensors", nets={"net": net}, optimizer=None, facts=facts)
    print(json.dumps(facts), flush=True)


def train_paper(pool: Pool, val: Pool, out: Path, settings: Settings) -> None:
    """Train f_d and f_e and write `out/f_d.safetensors`, `out/f_e.safetensors`."""
    pair = PaperPair()
    fit_paper(pair.discriminator, pool, settings, out=out, label="f_d")
    fit_paper(pair.estimator, pool, settings, out=out, label="f_e")
    print(json.dumps(paper_errors(pair.estimator, pair.discriminator, val)), flush=True)


@torch.no_grad()
def joined(nets: Sequence[BlurNet]) -> BlurNet:
    """Return one network with the members of all, which must be alike but for the scaling of their input."""
    first = nets[0]
    net = BlurNet(replace(first.config, members=sum(one.config.members for one in nets)))
    for wide, own in ((net.mean, first.mean), (net.scale, first.scale), (net.log_prior, first.log_prior)):
        wide.copy_(own)
    members = [(one, member) for one in nets for member in one.members]
    for target, (one, member) in zip(net.members, members, strict=True):
        target.load_state_dict(member.state_dict())
        state, weight = target.state_dict(), member.state_dict()["0.weight"]
        state["0.weight"].copy_(weight * (one.scale / first.scale))
        state["0.bias"].copy_(member.state_dict()["0.bias"] + weight @ ((first.mean - one.mean) * one.scale))
    return net.eval()


def publish_all(outs: Sequence[Path], models: Path, card: str | None) -> None:
    """Publish whatever was trained in the folders; the members of several blur networks are joined."""
    out, nets = outs[0], []
    for folder in outs:
        if (folder / "blur.safetensors").exists():
            nets.append(BlurNet(BlurNetConfig()))
            load_checkpoint(folder / "blur.safetensors", nets={"net": nets[-1]}, optimizer=None)
    if nets:
        net = joined(nets)
        config = asdict(net.config)
        publish(net, name="autofocus-1", role="autofocus", kind="blur_net", config=config, models=models, card=card)
    if (out / "f_e.safetensors").exists():
        pair = PaperPair()
        load_checkpoint(out / "f_e.safetensors", nets={"net": pair.estimator}, optimizer=None)
        load_checkpoint(out / "f_d.safetensors", nets={"net": pair.discriminator}, optimizer=None)
        config = asdict(pair.estimator.config)
        name, role = "autofocus-paper-1", "autofocus_paper"
        publish(pair, name=name, role=role, kind=role, config=config, models=models, card=card)


def main() -> None:
    """Train or publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("blur", "paper", "publish"))
    parser.add_argument("--pool", type=Path, nargs="+")
    parser.add_argument("--val", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--join", type=Path, nargs="*", default=[], help="publish: folders of further blur networks")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--card", type=Path, default=None)
    for name, value in asdict(Settings()).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.what == "publish":
        publish_all(
            [options.out, *options.join], options.models, None if options.card is None else options.card.read_text()
        )
        return
    settings = Settings(**{name: getattr(options, name) for name in asdict(Settings())})
    set_seeds(settings.seed)
    train = train_blur if options.what == "blur" else train_paper
    train(Pool.open(options.pool), Pool.open(options.val), options.out, settings)


if __name__ == "__main__":
    main()
