"""What the training of disparity minimises: order at ranked points, smoothness off image edges, agreement of views.

Each function takes tensors and returns one scalar (or the terms named in its docstring); no state.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def occlusion_loss(
    disparity: Tensor, subject: Tensor, *, reach: int = 9, band: int = 4, steep: float = 3.0, least: float = 0.15
) -> Tensor:
    """Make a step of disparity stand exactly at the outline of a subject, where the network sees a step at all.

    disparity and subject [B, h, w]. Within `band` pixels of the outline, every pixel of the subject must be nearer, and
    every other one farther, than the middle between the two sides (their means within `reach` pixels). Where the
    subject is not nearer by `least` of the picture's spread (feet on the ground, a table before it) nothing is asked.
    """
    inside = (subject > 0.9).float()[:, None]
    outside = (subject < 0.1).float()[:, None]
    d = disparity[:, None]

    def box(part: Tensor) -> Tensor:  # in two passes: pooling by a large square takes longer than the network
        side = 2 * reach + 1
        return F.avg_pool2d(F.avg_pool2d(part, (1, side), 1, (0, reach)), (side, 1), 1, (reach, 0))

    def mean_of(part: Tensor) -> tuple[Tensor, Tensor]:
        share = box(part)
        return box(d * part) / share.clamp(min=1e-3), share

    near, near_share = mean_of(inside)
    far, far_share = mean_of(outside)
    middle = (near + far).detach() / 2
    beside_in = F.max_pool2d(inside, 2 * band + 1, 1, band) * outside
    beside_out = F.max_pool2d(outside, 2 * band + 1, 1, band) * inside
    spread = d.detach().std((2, 3), keepdim=True)
    counts = (beside_in + beside_out) * (near_share > 0.02) * (far_share > 0.02) * (near - far > least * spread)
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
    gap = centred(disparity) - centred(truth)
    ordered, _ = gap.abs().flatten(1).sort(dim=1)
    dense = ordered[:, : round((1 - trim) * ordered.shape[1])].mean()
    slope = gap.new_zeros(())
    for _ in range(scales):
        across, down = (gap[..., 1:] - gap[..., :-1]).abs(), (gap[:, 1:] - gap[:, :-1]).abs()
        slope = slope + across.mean() + down.mean()
        gap = F.avg_pool2d(gap[:, None], 2)[:, 0]
    return dense, slope


def centred(maps: Tensor) -> Tensor:
    """Maps with median 0 and mean absolute deviation 1, each its own."""
    middle = maps.flatten(1).median(dim=1).values[:, None, None]
    spread = (maps - middle).abs().mean((1, 2), keepdim=True)
    return (maps - middle) / spread.clamp(min=1e-4)


class FocusSettings(torch.nn.Module):
    """What the lens did in each slice of each real focal stack: blur per disparity, and the plane in focus.

    The RVR paper's affine model D' = alpha D + beta (section 4), one alpha per scene and one plane per slice, learnt
    beside the network. They start with the nearest focus at one spread above a picture's median disparity, and the
    farthest at one below.
    """

    def __init__(self, slices: Sequence[int]) -> None:
        super().__init__()
        most = max(slices)
        planes = torch.zeros(len(slices), most)
        for scene, count in enumerate(slices):
            planes[scene, :count] = torch.linspace(1.0, -1.0, count)
        self.plane = torch.nn.Parameter(planes)
        self.log_blur = torch.nn.Parameter(torch.full((len(slices),), 0.6))

    def coc_px(self, disparity: Tensor, scene: Tensor, chosen: Tensor, *, width: int) -> Tensor:
        """Blur radius [B, S, h, w] in pixels for maps [B, h, w] with median 0 and spread 1; positive = nearer."""
        plane = self.plane[scene[:, None], chosen][..., None, None]
        blur = (self.log_blur[scene].exp() * width / 256.0)[:, None, None, None]
        return blur * (disparity[:, None] - plane)


def refocus_loss(blurs: Tensor, wanted: Tensor, radius_px: Tensor, *, radii_px: Sequence[float]) -> Tensor:
    """L_rend and L_adjust of the RVR paper: the sharp picture, blurred as its disparity says, against the real slices.

    blurs [B, K, h, w, 3] of radii `radii_px`; wanted [B, S, h, w, 3];
    radius_px [B, S, h, w] signed. Each pixel is interpolated between the two blurs next to its own radius: no
    occlusion, which for the small blurs of these slices costs less than the gradients of a layered renderer.
    """
    size = radius_px.abs().clamp(max=radii_px[-1])
    rendered = torch.zeros_like(wanted)
    for index, radius in enumerate(radii_px):
        share = torch.ones_like(size)
        if index > 0:
            share = torch.minimum(share, (size - radii_px[index - 1]) / (radius - radii_px[index - 1]))
        if index + 1 < len(radii_px):
            share = torch.minimum(share, (radii_px[index + 1] - size) / (radii_px[index + 1] - radius))
        rendered = rendered + blurs[:, index : index + 1] * share.clamp(min=0)[..., None]
    return (rendered - wanted).abs().mean()
