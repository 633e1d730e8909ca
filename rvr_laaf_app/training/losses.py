"""What the training of disparity minimises: order at ranked points, smoothness off image edges, agreement of views.

Each function takes tensors and returns one scalar (or the terms named in its docstring); no state.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def at_points(maps: Tensor, points: Tensor) -> Tensor:
    """Values [B, K] of maps [B, h, w] at points [B, K, 2] (x, y in 0..1), bilinear."""
    grid = (points * 2 - 1)[:, None]
    return F.grid_sample(maps[:, None], grid, mode="bilinear", padding_mode="border", align_corners=False)[:, 0, 0]


def pair_signs(levels: Tensor) -> tuple[Tensor, Tensor]:
    """Return sign [B, K, K] (+1: the row's point is nearer than the column's) and valid [B, K, K] (each pair once)."""
    known = levels >= 0
    valid = (known[:, :, None] & known[:, None, :]).triu(1)
    return (levels[:, None, :] - levels[:, :, None]).sign().float(), valid


def ranking_loss(disparity: Tensor, points: Tensor, levels: Tensor, *, equal_weight: float) -> Tensor:
    """Ordinal loss of Chen et al. 2016 (Single-Image Depth Perception in the Wild, eq. 2) over all pairs of points.

    log(1 + exp(-s (d_i - d_j))) for ordered pairs, equal_weight (d_i - d_j)^2 for pairs of the same level. Each
    photograph counts by the number of its pairs.
    """
    values = at_points(disparity, points)
    sign, valid = pair_signs(levels)
    gap = values[:, :, None] - values[:, None, :]
    ordered, equal = valid & (sign != 0), valid & (sign == 0)
    total = (F.softplus(-gap * sign) * ordered).sum() + (equal_weight * gap.square() * equal).sum()
    return total / valid.sum().clamp(min=1)


def smoothness_loss(disparity: Tensor, rgb: Tensor, *, edge_bytes: float) -> Tensor:
    """Edge-aware L1 (L_smooth of the RVR paper): |dx D| exp(-|dx I|) + |dy D| exp(-|dy I|).

    disparity [B, h, w]; rgb [B, 3, h, w] in bytes; `edge_bytes` is the contrast at which a step costs 1/e.
    """

    def step(d: Tensor, i: Tensor) -> Tensor:
        return (d.abs() * torch.exp(-i.abs().amax(1) / edge_bytes)).mean()

    across = step(disparity[:, :, 1:] - disparity[:, :, :-1], rgb[..., 1:] - rgb[..., :-1])
    down = step(disparity[:, 1:] - disparity[:, :-1], rgb[..., 1:, :] - rgb[..., :-1, :])
    return across + down


def agreement_loss(disparity: Tensor, teacher: Tensor, hidden: Tensor) -> Tensor:
    """L1 between maps [B, h, w] after taking out each map's own mean and the teacher's spread.

    Compared in cells of 4x4, so that a teacher's soft edges do not soften its pupil's. `hidden` [B, h, w] in 0..1 is
    where the two do not show the same thing.
    """
    seen = 1 - F.max_pool2d(hidden[:, None], 4)
    weight = seen / seen.sum((2, 3), keepdim=True).clamp(min=1)
    d, t = F.avg_pool2d(disparity[:, None], 4), F.avg_pool2d(teacher[:, None], 4)
    centred = d - (d * weight).sum((2, 3), keepdim=True)
    wanted = t - (t * weight).sum((2, 3), keepdim=True)
    spread = (wanted.abs() * weight).sum((2, 3), keepdim=True).clamp(min=0.3)
    return ((centred - wanted).abs() / spread * weight).sum((1, 2, 3)).mean()


def occlusion_loss(disparity: Tensor, cutout: Tensor, *, reach: int = 7, band: int = 3, steep: float = 3.0) -> Tensor:
    """Make disparity step exactly at the outline of what was pasted in front.

    disparity and cutout [B, h, w]. Within `band` pixels of the outline, every pixel of the cutout must be nearer, and
    every other one farther, than the middle between the two sides (their means within `reach` pixels).
    """
    inside = (cutout > 0.95).float()[:, None]
    outside = (cutout < 0.05).float()[:, None]
    d = disparity[:, None]

    def mean_of(part: Tensor) -> tuple[Tensor, Tensor]:
        share = F.avg_pool2d(part, 2 * reach + 1, 1, reach)
        return F.avg_pool2d(d * part, 2 * reach + 1, 1, reach) / share.clamp(min=1e-3), share

    near, near_share = mean_of(inside)
    far, far_share = mean_of(outside)
    middle = (near + far).detach() / 2
    beside_in = F.max_pool2d(inside, 2 * band + 1, 1, band) * outside
    beside_out = F.max_pool2d(outside, 2 * band + 1, 1, band) * inside
    counts = (beside_in + beside_out) * (near_share > 0.02) * (far_share > 0.02)
    side = inside - outside
    return (F.softplus(-steep * side * (d - middle)) * counts).sum() / counts.sum().clamp(min=1)


def confidence_loss(confidence_logit: Tensor, disparity: Tensor, points: Tensor, levels: Tensor) -> Tensor:
    """Teach confidence u in 0..1 such that a pair of points is ordered right with probability (1 + u_i u_j) / 2.

    Binary cross entropy against whether this very prediction orders the pair as the eye did; the disparity itself is
    not touched. u = 1: the order can be relied on; u = 0: it is a toss of a coin.
    """
    sure = at_points(torch.sigmoid(confidence_logit), points)
    values = at_points(disparity.detach(), points)
    sign, valid = pair_signs(levels)
    right = ((values[:, :, None] - values[:, None, :]) * sign > 0).float()
    chance = (0.5 + 0.5 * sure[:, :, None] * sure[:, None, :]).clamp(0.5, 0.999)
    ordered = (valid & (sign != 0)).float()
    return (F.binary_cross_entropy(chance, right, reduction="none") * ordered).sum() / ordered.sum().clamp(min=1)


def wrong_order(values: Tensor, levels: Tensor) -> tuple[int, int]:
    """Return (pairs in the wrong order or tied, ordered pairs) for values [B, K] at points with these levels."""
    sign, valid = pair_signs(levels)
    ordered = valid & (sign != 0)
    wrong = ordered & ((values[:, :, None] - values[:, None, :]) * sign <= 0)
    return int(wrong.sum()), int(ordered.sum())


def relative_losses(disparity: Tensor, truth: Tensor, *, scales: int = 4, trim: float = 0.1) -> tuple[Tensor, Tensor]:
    """Dense losses [B, h, w] that know neither scale nor shift: (trimmed mean error, multi-scale slope error).

    Both maps are brought to median 0 and mean absolute deviation 1, then compared (Ranftl et al. 2020, "Towards robust
    monocular depth estimation", eq. 5-7 and 11). Fine truth edges meet coarse maps somewhere: the worst `trim` of a
    picture's pixels count for nothing.
    """
    gap = _centred(disparity) - _centred(truth)
    ordered, _ = gap.abs().flatten(1).sort(dim=1)
    dense = ordered[:, : round((1 - trim) * ordered.shape[1])].mean()
    slope = gap.new_zeros(())
    for _ in range(scales):
        across, down = (gap[..., 1:] - gap[..., :-1]).abs(), (gap[:, 1:] - gap[:, :-1]).abs()
        slope = slope + across.mean() + down.mean()
        gap = F.avg_pool2d(gap[:, None], 2)[:, 0]
    return dense, slope


def _centred(maps: Tensor) -> Tensor:
    """Maps with median 0 and mean absolute deviation 1, each its own."""
    middle = maps.flatten(1).median(dim=1).values[:, None, None]
    spread = (maps - middle).abs().mean((1, 2), keepdim=True)
    return (maps - middle) / spread.clamp(min=1e-4)
