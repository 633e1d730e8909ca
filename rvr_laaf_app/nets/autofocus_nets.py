"""Networks that read from a patch how far it is from focus.

Of the paper "Intelligent Autofocus" (section 4, table 1, figure 4): the step estimator f_e, the focus discriminator f_d
and the global step estimator f_g, exactly as printed; activations are not printed, ReLU stands between the layers.
Ours: `BlurNet`, which sees power spectra instead of pixels and tells how likely each radius of blur is. A disk of
radius r draws dark rings at known places into the spectrum, whatever the subject; so few weights are enough, any size
of patch will do, and radii in pixels mean the same with every lens. Pure torch; knows no lens and no files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 512  # pixels: the side of the paper's patch


@dataclass(frozen=True, slots=True)
class StepEstimatorConfig:
    """Steps that one unit of the output means: the network learns numbers around 1."""

    steps_per_unit: float = 100.0


class StepEstimator(nn.Module):
    """f_e: [B, 1, 512, 512] -> [B] steps from focus, without direction (Eq. 5)."""

    def __init__(self, config: StepEstimatorConfig) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv2d(1, 4, 8, 8)
        self.conv2 = nn.Conv2d(4, 8, 4, 4)
        self.conv3 = nn.Conv2d(8, 8, 4, 4)
        self.fc1 = nn.Linear(8 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, 512)
        self.fc3 = nn.Linear(512, 10)
        self.fc4 = nn.Linear(10, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class; a patch of another size is refused by the first fully connected layer."""
        y = F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))
        y = F.relu(self.fc2(F.relu(self.fc1(y.flatten(1)))))
        return self.fc4(F.relu(self.fc3(y)))[:, 0] * self.config.steps_per_unit


class GlobalStepEstimator(nn.Module):
    """f_g: the weights of an f_e as a dilated fully convolutional network (table 1).

    [B, 1, H, W] -> [B, (H - 512) // every + 1, (W - 512) // every + 1]: f_e of the patch whose corner lies at row
    i * every, column j * every. every: 1 (as printed), 8, 32 or 128, which leaves out patches and their cost.
    """

    def __init__(self, estimator: StepEstimator) -> None:
        super().__init__()
        self.estimator = estimator

    def forward(self, x: Tensor, every: int = 1) -> Tensor:
        """See the class."""
        if every not in (1, 8, 32, 128):
            raise ValueError(f"patches every {every} pixels: only 1, 8, 32 and 128 are possible")
        f = self.estimator
        grid1, grid2 = min(every, 8), min(every, 32)
        y = F.relu(F.conv2d(x, f.conv1.weight, f.conv1.bias, stride=grid1))
        y = F.relu(F.conv2d(y, f.conv2.weight, f.conv2.bias, stride=grid2 // grid1, dilation=8 // grid1))
        y = F.relu(F.conv2d(y, f.conv3.weight, f.conv3.bias, stride=every // grid2, dilation=32 // grid2))
        y = F.relu(F.conv2d(y, f.fc1.weight.view(1024, 8, 4, 4), f.fc1.bias, dilation=128 // every))
        y = F.relu(F.conv2d(y, f.fc2.weight[:, :, None, None], f.fc2.bias))
        y = F.relu(F.conv2d(y, f.fc3.weight[:, :, None, None], f.fc3.bias))
        return F.conv2d(y, f.fc4.weight[:, :, None, None], f.fc4.bias)[:, 0] * f.config.steps_per_unit


class FocusDiscriminator(nn.Module):
    """f_d: [B, 1, 512, 512] -> [B] near 1 for a patch in focus, near 0 for one that is not; in focus from 0.5."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 1, 8, 8)
        self.conv2 = nn.Conv2d(1, 1, 8, 8)
        self.drop = nn.Dropout(0.5)
        self.fc1 = nn.Linear(64, 10)
        self.fc2 = nn.Linear(10, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        y = F.relu(self.conv2(F.relu(self.conv1(x))))
        return self.fc2(self.drop(F.relu(self.fc1(y.flatten(1)))))[:, 0]


def to_input(patch: Tensor) -> Tensor:
    """[B, H, W] display-encoded 0..1 -> [B, 1, H, W] for the paper's networks: contrast about the mean of the patch."""
    return (patch / patch.mean((1, 2), keepdim=True).clamp(min=1e-2) - 1.0)[:, None]


@dataclass(frozen=True, slots=True)
class BlurNetConfig:
    """What defines BlurNet; saved in the header of its checkpoint."""

    width: int = 192  # of the hidden layers
    members: int = 4  # networks whose answers are averaged: together they know better when they do not know
    bins: int = 224  # of the answer: radii from 0 to `largest_px`, dense near 0
    largest_px: float = 170.0
    dropout: float = 0.1
    softest_px: float = 1.0  # radius from which the bins widen in proportion


@dataclass(frozen=True, slots=True)
class Level:
    """One scale at which spectra are taken: the picture shrunk by `shrink`, cut into windows of `window` pixels.

    rings: how many; per_bin: rings per 1 / window cycles (2 = the spectrum is interpolated between its own values).
    """

    shrink: int
    window: int
    rings: int
    per_bin: int = 1


LEVELS = (Level(1, 64, 32), Level(2, 128, 64), Level(4, 128, 64, 2))
FEATURES = sum(level.rings for level in LEVELS)
_FLOOR = 1e-9  # of the power per pixel, relative to the mean light squared: below 8 bits can show


class RingSpectra(nn.Module):
    """[B, H, W] display-encoded 0..1 (sides of 64 and more) -> [B, FEATURES] log power by spatial frequency.

    No weights. The light is made linear and divided by its mean, so exposure does not count; slopes are taken out by a
    Laplacian before the windows cut, since they would leak over the rings.
    """

    def __init__(self) -> None:
        super().__init__()
        for number, level in enumerate(LEVELS):
            rows, weights = _ring_weights(level)
            self.register_buffer(f"rows{number}", rows, persistent=False)
            self.register_buffer(f"rings{number}", weights, persistent=False)

    def forward(self, patch: Tensor) -> Tensor:
        """See the class."""
        x = (0.305306011 * patch).add_(0.682171111).mul_(patch).add_(0.012522878).mul_(patch)  # sRGB, Hargreaves' cubic
        exposure = x.mean((1, 2)).clamp(min=1e-3).square()[:, None]
        found, shrunk = [], 1
        for number, level in enumerate(LEVELS):
            while shrunk < level.shrink:
                rows, columns = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
                x = x[:, :rows:2, :columns] + x[:, 1:rows:2, :columns]
                x, shrunk = (x[:, :, ::2] + x[:, :, 1::2]) * 0.25, shrunk * 2
            power = _tile_power(x, level)[:, getattr(self, f"rows{number}")] @ getattr(self, f"rings{number}")
            found.append(torch.log(power / exposure + _FLOOR))
        return torch.cat(found, 1)


def _tile_power(x: Tensor, level: Level) -> Tensor:
    """Mean power spectrum of the Laplacian in windows: [B, h, w] -> [B, n * (n // 2 + 1)], n the transform's side."""
    inner = 4 * x[:, 1:-1, 1:-1]  # in place from here: fresh memory for each term would cost as much as the sum
    for term in (x[:, :-2, 1:-1], x[:, 2:, 1:-1], x[:, 1:-1, :-2], x[:, 1:-1, 2:]):
        inner -= term
    steep = F.pad(inner, (1, 1, 1, 1))  # the taper is next to nothing there
    batch, height, width = steep.shape
    high, wide = min(level.window, height), min(level.window, width)
    taper = _taper(high)[:, None] * _taper(wide)[None]
    top, left = height % high // 2, width % wide // 2
    tiles = steep[:, top : top + height // high * high, left : left + width // wide * wide]
    tiles = tiles.reshape(batch, height // high, high, width // wide, wide).transpose(2, 3)
    side = level.window * level.per_bin
    waves = torch.fft.rfft2(tiles * (taper * (2.0 / math.sqrt(high * wide))), s=(side, side))
    return (waves.real.square() + waves.imag.square()).mean((1, 2)).flatten(1)


class BlurNet(nn.Module):
    """[B, FEATURES] of `RingSpectra` -> [B, bins] log probability of each radius of blur."""

    def __init__(self, config: BlurNetConfig) -> None:
        super().__init__()
        self.config = config
        self.mean = nn.Parameter(torch.zeros(FEATURES), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(FEATURES), requires_grad=False)
        self.log_prior = nn.Parameter(torch.zeros(config.bins), requires_grad=False)  # of the training's radii
        self.members = nn.ModuleList(_layers(config) for _ in range(config.members))

    def answers(self, features: Tensor) -> Tensor:
        """[B, FEATURES] -> log probabilities of every member [members, B, bins]."""
        x = (features - self.mean) * self.scale
        return torch.stack([F.log_softmax(member(x), 1) for member in self.members])

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return torch.logsumexp(self.answers(features), 0) - math.log(self.config.members)

    def log_likelihood(self, features: Tensor) -> Tensor:
        """Return how well each radius explains the patch [B, bins]: free of how often training showed that radius."""
        return self(features) - self.log_prior


class BlurNetAtOnce:
    """`BlurNet.log_likelihood` of a trained network with its members side by side: the same numbers, in less time."""

    def __init__(self, net: BlurNet) -> None:
        layers = [[part for part in member.modules() if isinstance(part, nn.Linear)] for member in net.members]
        first, second, third = zip(*layers, strict=True)
        self.width, self.members = net.config.width, net.config.members
        weight = torch.cat([layer.weight for layer in first]).detach()
        self.first = (weight * net.scale).t().contiguous()
        self.offset = torch.cat([layer.bias for layer in first]).detach() - weight @ (net.scale * net.mean)
        self.second, self.third = (_stacked(part) for part in (second, third))
        self.less = (net.log_prior + math.log(self.members)).detach()

    @torch.no_grad()
    def __call__(self, features: Tensor) -> Tensor:
        """[B, FEATURES] -> [B, bins]."""
        x = F.silu(torch.addmm(self.offset, features, self.first), inplace=True)
        x = x.view(-1, self.members, self.width).transpose(0, 1)
        x = F.silu(torch.baddbmm(self.second[1], x, self.second[0]), inplace=True)
        answers = torch.baddbmm(self.third[1], x, self.third[0])
        return torch.logsumexp(F.log_softmax(answers, 2), 0) - self.less


def _stacked(layers: tuple[nn.Linear, ...]) -> tuple[Tensor, Tensor]:
    """Return weights [members, in, out] and offsets [members, 1, out]."""
    weights = torch.stack([layer.weight.t() for layer in layers]).detach()
    return weights.contiguous(), torch.stack([layer.bias for layer in layers])[:, None].detach()


def _layers(config: BlurNetConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(FEATURES, config.width),
        nn.SiLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.width, config.width),
        nn.SiLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.width, config.bins),
    )


def radii_of_bins(config: BlurNetConfig) -> Tensor:
    """Return the radius in pixels [bins] that each bin stands for, rising from 0."""
    top = math.asinh(config.largest_px / config.softest_px)
    return torch.sinh(torch.linspace(0.0, top, config.bins)) * config.softest_px


def bin_of(radius_px: Tensor, config: BlurNetConfig) -> Tensor:
    """Return where a radius lies among the bins, as a real number in 0..bins - 1."""
    top = math.asinh(config.largest_px / config.softest_px)
    return torch.asinh(radius_px / config.softest_px).clamp(max=top) * ((config.bins - 1) / top)


def _taper(length: int) -> Tensor:
    """A sine window: resolves neighbouring rings better than a cosine bell, the Laplacian having taken the leakage."""
    return torch.sin(math.pi * (torch.arange(length) + 0.5) / length)


def _ring_weights(level: Level) -> tuple[Tensor, Tensor]:
    """Return which of the n * (n // 2 + 1) frequencies count [m], and by which share for each ring [m, rings]."""
    n = level.window * level.per_bin
    fy = torch.fft.fftfreq(n)[:, None] * n
    fx = torch.arange(n // 2 + 1)[None].float()
    radius = torch.sqrt(fy**2 + fx**2)
    ring = torch.arange(1, level.rings + 1).float()
    share = (1.0 - (radius[..., None] - ring).abs()).clamp(min=0.0)
    # the transform of real numbers leaves out the mirrored half
    share = (share * torch.where((fx > 0) & (fx < n // 2), 2.0, 1.0)[..., None]).flatten(0, 1)
    gain = (2 - 2 * torch.cos(2 * math.pi * fy / n)) + (2 - 2 * torch.cos(2 * math.pi * fx / n))  # of the Laplacian
    rows = torch.nonzero(share.sum(1))[:, 0]
    return rows, (share / share.sum(0) / gain.square().flatten().clamp(min=1e-6)[:, None])[rows]
