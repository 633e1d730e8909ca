"""Networks that read depth from a focal stack: the four of the slides and ours, each with a CoC decoder if wanted.

Galim, Maximov, Leal-Taixe, "Deep learning for video depth estimation from defocus": DDFF (after Hazirbas et al. 2018),
LSTM-DDFF, the recurrent autoencoder (after Chaitanya et al. 2017), PoolNet (after Aittala and Durand 2018). The slides
give no channel counts; DDFF stands on VGG-16 (64..512 channels). All are far narrower here, to be trained and run on a
processor: VGG's 13 convolutions have 8, 16, 32, 64, 64 channels, the others start with 12. Ours (`FocusVolumeNet`)
compares slices by what blur does to local contrast, points at places along the sweep by attention, and refines.

Everywhere: slices [B, n, 3, H, W] from `to_input`; places [B, n] in 0..1, 1 = focus on the nearest, 0 = farthest. The
result is disparity on the same scale. Pure torch; knows no files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

COC_SCALE_PX = 16.0  # coc diameters come out in this unit
CONFIDENT_ERROR = 0.05  # of disparity: expected error at which confidence has fallen to 1 / e


@dataclass(frozen=True, slots=True)
class DffConfig:
    """What defines a network; saved in the header of its checkpoint.

    kind: one of NETS. coc: has the second decoder. place_channel: PoolNet sees the focus distances. slices and tile:
    DDFF scores exactly so many slices, LSTM-DDFF takes only pictures of tile x tile pixels; the others take any.
    levels: of the cost volume that FocusVolumeNet is given beside the slices (`stack.reblur`); 0: none.
    """

    kind: str = "focus_volume"
    coc: bool = False
    place_channel: bool = True
    slices: int = 4
    tile: int = 128
    levels: int = 0


class DffOutput(NamedTuple):
    """disparity [B, H, W]; coc [B, n, H, W] / COC_SCALE_PX, or None; its own error [B, H, W] as expected, or None."""

    disparity: Tensor
    coc: Tensor | None = None
    error: Tensor | None = None


def to_input(slices: Tensor) -> Tensor:
    """Display-encoded [B, n, H, W, 3], uint8 or float in 0..1, to [B, n, 3, H, W] about 0 with deviation about 1."""
    x = slices.float() / 255.0 if slices.dtype == torch.uint8 else slices
    return (x.movedim(-1, 2) - 0.45) / 0.25


def confidence(error: Tensor) -> Tensor:
    """Confidence 0..1 of an expected error in disparity."""
    return torch.exp(-error.clamp(min=0.0) / CONFIDENT_ERROR)


def multiple_of(config: DffConfig) -> int:
    """Height and width must be multiples of this."""
    return 32 if config.kind in ("ddff", "lstm_ddff") else 16


def build(config: DffConfig) -> DffNet:
    """Return the network of a config, with fresh weights."""
    return NETS[config.kind](config)


class DffNet(nn.Module):
    """What all share: a config, and (slices, places) -> DffOutput."""

    def __init__(self, config: DffConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, slices: Tensor, places: Tensor, volume: Tensor | None = None) -> DffOutput:
        """See the module's docstring; volume [B, levels, H/2, W/2]: costs of reblurring, if the config has levels."""
        raise NotImplementedError


def conv(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def deconv(inputs: int, outputs: int) -> nn.Sequential:
    """Transposed convolution to twice the size, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def flat(x: Tensor) -> Tensor:
    """[B, n, ...] -> [B n, ...]: slices as if they were pictures of their own."""
    return x.flatten(0, 1)


def by_slice(x: Tensor, count: int) -> Tensor:
    """[B n, ...] -> [B, n, ...]."""
    return x.unflatten(0, (-1, count))


VGG_WIDTHS, VGG_DEPTHS = (8, 16, 32, 64, 64), (2, 2, 3, 3, 3)
PLAIN_WIDTHS = (12, 24, 36, 48, 64)


class VggEncoder(nn.Module):
    """The convolutions of VGG-16, an eighth as wide; returns what each of the five stages saw, and the bottleneck."""

    def __init__(self) -> None:
        super().__init__()
        inputs, stages = 3, []
        for width, depth in zip(VGG_WIDTHS, VGG_DEPTHS, strict=True):
            stages.append(nn.Sequential(*[conv(inputs if i == 0 else width, width) for i in range(depth)]))
            inputs = width
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """[B, 3, H, W] -> skips at H .. H/16, bottleneck [B, 64, H/32, W/32]."""
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        return skips, x


class Decoder(nn.Module):
    """Transposed convolutions back to full size, each joined with the skip of its size; the last gives `outputs`."""

    def __init__(self, bottleneck: int, widths: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        inputs, ups, joins = bottleneck, [], []
        for width in reversed(widths):
            ups.append(deconv(inputs, width))
            joins.append(conv(2 * width, width))
            inputs = width
        self.ups, self.joins = nn.ModuleList(ups), nn.ModuleList(joins)
        self.last = nn.Conv2d(inputs, outputs, 3, 1, 1)

    def features(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Bottleneck and skips (largest first) -> [B, widths[0], H, W]."""
        for up, join, skip in zip(self.ups, self.joins, reversed(skips), strict=True):
            x = join(torch.cat([up(x), skip], 1))
        return x

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Bottleneck and skips (largest first) -> [B, outputs, H, W]."""
        return self.last(self.features(x, skips))


class Ddff(DffNet):
    """DDFF: every slice alone through one encoder-decoder to a score map, all scores through a 1 x 1 convolution."""

    def __init__(self, config: DffConfig) -> None:
        super().__init__(config)
        self.encoder = VggEncoder()
        self.decoder = Decoder(VGG_WIDTHS[-1], VGG_WIDTHS, 1)
        self.score = nn.Conv2d(config.slices, 1, 1)
        self.coc_decoder = Decoder(VGG_WIDTHS[-1], VGG_WIDTHS, 1) if config.coc else None

    def forward(self, slices: Tensor, places: Tensor, volume: Tensor | None = None) -> DffOutput:
        """See the module's docstring."""
        count = slices.shape[1]
        skips, x = self.encoder(flat(slices))
        scores = by_slice(self.decoder(x, skips)[:, 0], count)
        coc = None if self.coc_decoder is None else by_slice(self.coc_decoder(x, skips)[:, 0], count)
        return DffOutput(self.score(scores)[:, 0], coc)


class LstmDdff(DffNet):
    """LSTM-DDFF: DDFF whose bottlenecks, flattened to one vector per channel, pass a two-layer LSTM slice by slice.

    One decoder for the whole stack; the skips of all slices are brought together by a convolution ("skip module:
    convolution"). The LSTM is as wide as the flattened map, so the net takes one picture size: larger ones in tiles.
    """

    def __init__(self, config: DffConfig) -> None:
        super().__init__(config)
        self.encoder = VggEncoder()
        cells = (config.tile // 32) ** 2
        self.lstm = nn.LSTM(cells, cells, num_layers=2, batch_first=True)
        self.gather = nn.ModuleList([conv(config.slices * width, width, size=1) for width in VGG_WIDTHS])
        self.decoder = Decoder(VGG_WIDTHS[-1], VGG_WIDTHS, 1)
        self.coc_decoder = Decoder(VGG_WIDTHS[-1], VGG_WIDTHS, config.slices) if config.coc else None

    def forward(self, slices: Tensor, places: Tensor, volume: Tensor | None = None) -> DffOutput:
        """See the module's docstring."""
        count = slices.shape[1]
        skips, x = self.encoder(flat(slices))
        channels, h, w = x.shape[1:]
        sequence = by_slice(x, count).flatten(3).flatten(1, 2)  # [B, n C, h w]
        state = self.lstm(sequence.float())[0][:, -channels:].unflatten(2, (h, w))  # as the last slice left it
        gathered = [g(by_slice(s, count).flatten(1, 2)) for g, s in zip(self.gather, skips, strict=True)]
        coc = None if self.coc_decoder is None else self.coc_decoder(state, gathered)
        return DffOutput(self.decoder(state, gathered)[:, 0], coc)


class RecurrentBlock(nn.Module):
    """Chaitanya et al., figure 3: what came in, joined with the block's own output of the slice before."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = conv(inputs, width)
        self.second = nn.Sequential(conv(2 * width, width), conv(width, width))

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """[B, inputs, h, w] and the former output (None: the first slice) -> [B, width, h, w]."""
        x = self.first(x)
        return self.second(torch.cat([x, torch.zeros_like(x) if hidden is None else hidden], 1))


class RecurrentAutoencoder(DffNet):
    """The recurrent autoencoder: slices one after the other through recurrent blocks; the last state is decoded."""

    def __init__(self, config: DffConfig) -> None:
        super().__init__(config)
        inputs = (3, *PLAIN_WIDTHS[:-1])
        self.blocks = nn.ModuleList([RecurrentBlock(i, w) for i, w in zip(inputs, PLAIN_WIDTHS, strict=True)])
        self.decoder = Decoder(PLAIN_WIDTHS[-1], PLAIN_WIDTHS[:-1], 1)
        self.coc_decoder = Decoder(PLAIN_WIDTHS[-1], PLAIN_WIDTHS[:-1], 1) if config.coc else None

    def forward(self, slices: Tensor, places: Tensor, volume: Tensor | None = None) -> DffOutput:
        """See the module's docstring."""
        hidden: list[Tensor | None] = [None] * len(self.blocks)
        states: list[Tensor] = []
        cocs = []
        for picture in slices.unbind(1):
            x, states = picture, []
            for level, block in enumerate(self.blocks):
                x = block(F.max_pool2d(x, 2) if level else x, hidden[level])
                states.append(x)
            hidden = list(states)
            if self.coc_decoder is not None:
                cocs.append(self.coc_decoder(states[-1], states[:-1])[:, 0])
        disparity = self.decoder(states[-1], states[:-1])[:, 0]
        return DffOutput(disparity, torch.stack(cocs, 1) if cocs else None)


class PoolStage(nn.Module):
    """Two convolutions; between them each slice is told the maximum over all slices."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(inputs, width), conv(2 * width, width)

    def forward(self, x: Tensor, count: int) -> Tensor:
        """[B n, inputs, h, w] -> [B n, width, h, w]."""
        x = self.first(x)
        return self.second(torch.cat([x, flat(most(x, count).unsqueeze(1).expand(-1, count, -1, -1, -1))], 1))


def most(x: Tensor, count: int) -> Tensor:
    """Global max-pool between slices: [B n, C, h, w] -> [B, C, h, w]."""
    return by_slice(x, count).amax(1)


class PoolNet(DffNet):
    """PoolNet: the same for every slice, told of the others by global max-pools; any number of slices, in any order.

    No pooling in the decoder but a last one before the result; the CoC decoder leaves that one out.
    """

    def __init__(self, config: DffConfig) -> None:
        super().__init__(config)
        inputs = (3 + int(config.place_channel), *PLAIN_WIDTHS[:-1])
        self.stages = nn.ModuleList([PoolStage(i, w) for i, w in zip(inputs, PLAIN_WIDTHS, strict=True)])
        self.decoder = Decoder(PLAIN_WIDTHS[-1], PLAIN_WIDTHS[:-1], 1)
        self.coc_decoder = Decoder(PLAIN_WIDTHS[-1], PLAIN_WIDTHS[:-1], 1) if config.coc else None

    def forward(self, slices: Tensor, places: Tensor, volume: Tensor | None = None) -> DffOutput:
        """See the module's docstring."""
        count = slices.shape[1]
        x = flat(with_places(slices, places) if self.config.place_channel else slices)
        states = []
        for level, stage in enumerate(self.stages):
            x = stage(F.max_pool2d(x, 2) if level else x, count)
            states.append(x)
        features = most(self.decoder.features(states[-1], states[:-1]), count)
        coc = None
        if self.coc_decoder is not None:
            coc = by_slice(self.coc_decoder(states[-1], states[:-1])[:, 0], count)
        return DffOutput(self.decoder.last(features)[:, 0], coc)


def with_places(slices: Tensor, places: Tensor) -> Tensor:
    """[B, n, C, H, W] and [B, n] -> [B, n, C + 1, H, W]: the place, about 0, as one more channel."""
    channel = (2 * places - 1).to(slices.dtype)[:, :, None, None, None].expand(-1, -1, 1, *slices.shape[-2:])
    return torch.cat([slices, channel], 2)


VOLUME_WIDTHS = (28, 44, 64, 96)  # at strides 2, 4, 8, 16
POINTERS = 4  # of each level
REACHES = (4, 2, 1)  # px: how far the kernels of the last steps reach
CONTRASTS = 3  # scales on which local contrast is compared


class VolumeStage(nn.Module):
    """Two convolutions on every slice; between them it learns of maximum and mean over all slices."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = conv(inputs, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.shared = nn.Conv2d(2 * width, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, count: int) -> Tensor:
        """[B n, inputs, h, w] -> [B n, width, h, w]."""
        x = self.first(x)
        slices = by_slice(x, count)
        shared = self.shared(torch.cat([slices.amax(1), slices.mean(1)], 1))
        told = by_slice(self.second(x), count) + shared.unsqueeze(1)
        return F.relu(self.norm(flat(told)))


class Pointer(nn.Module):
    """Brings the slices of one level together: their maximum, and where along the sweep attention points."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.logits = nn.Conv2d(width, POINTERS, 1)
        self.join = conv(width + POINTERS, width, size=1)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        """[B n, width, h, w] and places [B, n] -> [B, width, h, w]."""
        count = places.shape[1]
        weights = by_slice(self.logits(x), count).float().softmax(1)
        pointed = ((2 * places - 1)[:, :, None, None, None] * weights).sum(1)
        return self.join(torch.cat([most(x, count), pointed.to(x.dtype)], 1))


class Reblurred(nn.Module):
    """Brings the cost volume of reblurring in: as features of every level, and as one more opinion of the place."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        w0, w1, w2, w3 = VOLUME_WIDTHS
        self.first = nn.Sequential(conv(2 * levels, 32), conv(32, w0))
        self.downs = nn.ModuleList([conv(a, b, stride=2) for a, b in ((w0, w1), (w1, w2), (w2, w3))])
        self.trust = nn.Conv2d(w0, 1, 3, 1, 1)
        self.sharpness = nn.Parameter(torch.tensor(1.0))
        nn.init.constant_(self.trust.bias, -1.0)  # type: ignore[arg-type]

    def forward(self, volume: Tensor) -> list[Tensor]:
        """[B, levels, h, w] -> features at the four levels."""
        best = volume.amin(1, keepdim=True)
        told = torch.cat([torch.log1p(volume), torch.exp(-0.5 * (volume - best))], 1)
        features = [self.first(told)]
        for down in self.downs:
            features.append(down(features[-1]))
        return features

    def chosen(self, volume: Tensor, half: Tensor, y: Tensor) -> Tensor:
        """Mix `half` [B, 1, h, w] with the place of least cost, as far as the features y say that it can be trusted."""
        steps = torch.linspace(0, 1, volume.shape[1], device=volume.device)[:, None, None]
        less = (volume - volume.amin(1, keepdim=True)).clamp(max=50.0)
        place = ((-self.sharpness.abs() * less).softmax(1) * steps).sum(1, keepdim=True)
        return half + torch.sigmoid(self.trust(y).float()) * (place - half)


class FocusVolumeNet(DffNet):
    """Ours: a PoolNet over half-size slices that is told how local contrast differs between slices.

    Encoder: every slice with its place and its log contrast on three scales, less the mean over the stack (what blur
    takes away, whatever the texture is); at each level slices learn of each other. Pointers turn slices into places by
    attention, one decoder joins the levels. Its features ask every slice for a weight; the result is the weighted place
    plus a correction, brought to full size by a learned convex mixture of neighbours (Teed and Deng 2020, RAFT, 3.3).
    At full size the all-in-focus picture that the same weights make shows where silhouettes run: learned kernels let
    every pixel take its depth from the neighbours that it belongs to (after Cheng et al. 2018, CSPN), first from afar,
    then from close by. Any number of slices in any order. The expected error, from which confidence comes, is learned
    beside it.
    """

    def __init__(self, config: DffConfig) -> None:
        super().__init__(config)
        w0, w1, w2, w3 = VOLUME_WIDTHS
        inputs = (12 + 2 * CONTRASTS + 1, w0, w1, w2)
        self.stages = nn.ModuleList([VolumeStage(i, w) for i, w in zip(inputs, VOLUME_WIDTHS, strict=True)])
        self.pointers = nn.ModuleList([Pointer(w) for w in VOLUME_WIDTHS])
        self.downs = nn.ModuleList([conv(a, b) for a, b in ((w3, w2), (w2, w1), (w1, w0))])
        self.joins = nn.ModuleList([conv(2 * w, w) for w in (w2, w1, w0)])
        self.last = conv(w0, w0)
        self.query, self.key = nn.Conv2d(w0, w0, 1), nn.Conv2d(w0, w0, 1)
        self.prior = nn.Parameter(torch.full((CONTRASTS,), 0.7))  # to begin with, what is sharpest counts most
        self.correction = nn.Conv2d(w0, 1, 3, 1, 1)
        self.error = nn.Conv2d(w0, 1, 3, 1, 1)
        self.mixture = nn.Conv2d(w0, 4 * 9, 3, 1, 1)
        kernels = nn.Conv2d(16, 9 * len(REACHES), 3, 1, 1)
        self.outline = nn.Sequential(conv(4 + w0 // 4, 16), conv(16, 16), kernels)
        self.coc_decoder = nn.Sequential(conv(2 * w0, w0), nn.Conv2d(w0, 1, 3, 1, 1)) if config.coc else None
        self.reblur = Reblurred(config.levels) if config.levels else None
        for tensor in self.correction.parameters():
            nn.init.zeros_(tensor)
        with torch.no_grad():  # to begin with, every pixel mostly stays as it is
            for number in range(len(REACHES)):
                kernels.weight[9 * number : 9 * number + 9] *= 0.3
                kernels.bias[9 * number + 4] = 3.0  # type: ignore[index]

    def forward(self, slices: Tensor, places: Tensor, volume: Tensor | None = None) -> DffOutput:
        """See the module's docstring."""
        count = slices.shape[1]
        contrast = log_contrast(slices)
        level = contrast.mean(1, keepdim=True)
        colours = by_slice(F.pixel_unshuffle(flat(slices), 2), count)
        told = torch.cat([colours, contrast - level, 0.5 * level.expand_as(contrast)], 2)
        x = flat(with_places(told, places))
        keys, pooled = None, []
        for number, (stage, pointer) in enumerate(zip(self.stages, self.pointers, strict=True)):
            x = stage(F.max_pool2d(x, 2) if number else x, count)
            keys = x if keys is None else keys
            pooled.append(pointer(x, places))
        assert keys is not None
        if self.reblur is not None:
            assert volume is not None
            pooled = [a + b for a, b in zip(pooled, self.reblur(volume), strict=True)]
        y = pooled[-1]
        for down, join, skip in zip(self.downs, self.joins, reversed(pooled[:-1]), strict=True):
            up = F.interpolate(down(y), scale_factor=2.0, mode="bilinear", align_corners=False)
            y = join(torch.cat([up, skip], 1))
        y = self.last(y)
        asked = (self.query(y).unsqueeze(1) * by_slice(self.key(keys), count)).float().sum(2)
        sharper = ((contrast - level).float() * self.prior[:, None, None]).sum(2)
        weights = (asked / VOLUME_WIDTHS[0] ** 0.5 + sharper).softmax(1)
        half = (weights * places[:, :, None, None]).sum(1, keepdim=True)
        if self.reblur is not None and volume is not None:
            half = self.reblur.chosen(volume, half, y)
        half = half + self.correction(y).float()
        error = F.softplus(self.error(y.detach()).float() - 3.0)
        error = F.interpolate(error, scale_factor=2.0, mode="bilinear", align_corners=False)[:, 0]
        coc = None
        if self.coc_decoder is not None:
            joined = torch.cat([keys, flat(y.unsqueeze(1).expand(-1, count, -1, -1, -1))], 1)
            coc = F.interpolate(self.coc_decoder(joined), scale_factor=2.0, mode="bilinear", align_corners=False)
            coc = by_slice(coc[:, 0], count)
        full = self._outlined(doubled(half, self.mixture(y).float()), slices, weights, y)
        return DffOutput(full[:, 0], coc, error)

    def _outlined(self, full: Tensor, slices: Tensor, weights: Tensor, y: Tensor) -> Tensor:
        """Move the steps of `full` [B, 1, H, W] to where silhouettes run in the all-in-focus picture."""
        shares = F.interpolate(weights, scale_factor=2.0, mode="bilinear", align_corners=False).unsqueeze(2)
        sharp = (shares * slices).sum(1)
        kernels = self.outline(torch.cat([sharp, full, F.pixel_shuffle(y.float(), 2)], 1)).float()
        for reach, kernel in zip(REACHES, kernels.split(9, 1), strict=True):
            full = mixed(full, kernel, reach)
        return full


def log_contrast(slices: Tensor) -> Tensor:
    """Log of local contrast [B, n, CONTRASTS, H/2, W/2] of slices [B, n, 3, H, W]: squared gradients, three scales."""
    grey = flat(slices).float().mean(1, keepdim=True)
    size = grey.shape[-2] // 2, grey.shape[-1] // 2
    found = []
    for scale in range(CONTRASTS):
        padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
        across = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
        down = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
        energy = F.avg_pool2d(across * across + down * down, 5, 1, 2, count_include_pad=False)
        if scale == 0:
            energy = F.avg_pool2d(energy, 2)
        elif scale > 1:
            energy = F.interpolate(energy, size=size, mode="bilinear", align_corners=False)
        found.append(torch.log(energy + 1e-3))
        grey = F.avg_pool2d(grey, 2)
    return by_slice(torch.cat(found, 1), slices.shape[1]).to(slices.dtype)


def doubled(half: Tensor, logits: Tensor) -> Tensor:
    """[B, 1, h, w] to [B, 1, 2h, 2w]: every new pixel a convex mixture of the 3 x 3 around; logits [B, 36, h, w]."""
    batch, _, h, w = half.shape
    around = F.unfold(F.pad(half, (1, 1, 1, 1), mode="replicate"), 3).view(batch, 9, 1, h, w)
    weights = logits.view(batch, 9, 4, h, w).softmax(1)
    return F.pixel_shuffle((weights * around).sum(1), 2)


def mixed(full: Tensor, logits: Tensor, reach: int) -> Tensor:
    """Every pixel of [B, 1, H, W] a convex mixture of itself and 8 others, `reach` pixels off; logits [B, 9, H, W]."""
    h, w = full.shape[-2:]
    padded = F.pad(full, (reach,) * 4, mode="replicate")
    around = [padded[..., i * reach : i * reach + h, j * reach : j * reach + w] for i in range(3) for j in range(3)]
    return (logits.softmax(1) * torch.cat(around, 1)).sum(1, keepdim=True)


NETS: dict[str, type[DffNet]] = {
    "ddff": Ddff,
    "lstm_ddff": LstmDdff,
    "recurrent": RecurrentAutoencoder,
    "poolnet": PoolNet,
    "focus_volume": FocusVolumeNet,
}
