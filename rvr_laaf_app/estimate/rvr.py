"""Our learned estimator: RvrNet on one frame, its maps refined on the frame's own edges.

Brings any frame (size, aspect, bit depth, transfer) to the display-referred picture that the networks know, runs them,
and returns maps at map size. Stateless: each frame stands for itself, so work in chunks equals work in one go.

Two kinds of looks at a picture are put together. In a small picture a network sees best what is nearer than what, in a
larger one where it ends, thin arms and fingers too (Miangoleh et al. 2021, "Boosting monocular depth estimation
models"). So most of the values are the small looks', and a guided filter (He et al. 2013) brings them onto the edges of
the large ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear, to_linear, white_limit
from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.checkpoints import load_rvr, published
from rvr_laaf_app.estimate.refine import refine_where_sharper
from rvr_laaf_app.nets.rvr_net import RvrNet, from_output, to_input, working_size

MAP_LONG_SIDE = 640
# Raise when anything between network and result changes, so that cached products are made again.
STEPS_VERSION = 3
# A look for edges tells how near things are, too, but less surely: what it counts beside a look for values.
_EDGES_COUNT = 0.5
# Share of the width within which values follow the edges, and the variance of disparity from which on these count.
_FOLLOW_WITHIN, _FOLLOW_FROM = 0.1, 1e-4
# Linear light up to here is shown as it is; what HDR sources hold above is rolled off towards white.
_SHOULDER = 0.7
# Codes (of 255) above which a pixel of the small picture may hold something clipped.
_BRIGHT = 180


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a picture: by which network, how many times larger than it is used to, mirrored or not."""

    role: str
    larger: float = 1.0
    mirrored: bool = False


class RvrEstimator:
    """Disparity, light and confidence by our own networks; loads their weights when first needed.

    The first look's network also tells the light. With a checkpoint, that network alone sees the picture, once.
    """

    name = "rvr"
    context = (0, 0)
    values: tuple[Look, ...] = (Look("rvr"),)  # what is how near
    edges: tuple[Look, ...] = (Look("rvr-edges", 1.2),)  # where it ends

    def __init__(self, checkpoint: Path | None = None, *, device: str | None = None) -> None:
        if checkpoint is None:
            roles = dict.fromkeys(look.role for look in (*self.values, *self.edges))
            found = {role: published(role) for role in roles}
            self._weights = {role: (entry.path, entry.sha256) for role, entry in found.items()}
        else:
            self.values, self.edges = (Look("rvr"),), ()
            self._weights = {"rvr": (checkpoint, _hash_of(checkpoint))}
        known = "-".join(sha256[:16] for _, sha256 in self._weights.values())
        self.version = f"{self.name}-{known}-{STEPS_VERSION}"
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._nets: dict[str, RvrNet] = {}

    def start(self, clip: ClipTrait) -> None:
        """Load the weights; there is no state."""
        self._loaded()

    @torch.inference_mode()
    def step(self, frames: Sequence[Frame], state: None) -> tuple[RgbdFrame, None]:
        """Return the estimate of the middle frame; maps have its aspect and a long side of at most 640."""
        frame = frames[len(frames) // 2]
        codes = _at_most(frame.rgb, MAP_LONG_SIDE)
        shown = as_shown(codes, frame.transfer, frame.primaries)
        height, width = shown.shape[:2]
        disparity, boost, confidence = self._maps(shown)
        fine = refine_where_sharper(disparity, shown)
        boost_map = _near_clipping(boost, codes)
        sure = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_LINEAR)
        rgbd = RgbdFrame(
            frame.index,
            np.clip(fine, 0.0, 1.0).astype(np.float16),
            boost_map.astype(np.float16),
            np.clip(sure, 0.0, 1.0).astype(np.float16),
        )
        return rgbd, state

    @torch.inference_mode()
    def network_disparity(self, frame: Frame) -> NDArray[np.float32]:
        """Return disparity [h, w] at the largest size of a look, before anything is refined on the picture."""
        shown = as_shown(_at_most(frame.rgb, MAP_LONG_SIDE), frame.transfer, frame.primaries)
        return self._maps(shown)[0]

    def _maps(self, shown: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Disparity [h, w] at the largest look's size, boost [h / 2, w / 2, 3] and confidence [h / 4, w / 4]."""
        width, height = max(self._size_for(look, shown) for look in (*self.values, *self.edges))
        sizes = (width, height), (width // 2, height // 2), (width // 4, height // 4)
        lamp = self.values[0].role  # light: by the network that learnt it longest
        seen = [self._seen(look, shown, lit=look.role == lamp) for look in self.values]
        disparity, boost, confidence = (
            _mean([_resized(maps[part], size) for maps in seen if part in maps]) for part, size in enumerate(sizes)
        )
        edges = [_resized(self._seen(look, shown, lit=False)[0], sizes[0]) for look in self.edges]
        if edges:
            count = _EDGES_COUNT * len(edges)
            disparity = _on_edges(disparity, _mean(edges), share=count / (len(seen) + count))
        return disparity, boost, confidence

    def _seen(self, look: Look, shown: NDArray[np.uint8], *, lit: bool) -> dict[int, NDArray[np.float32]]:
        """What a look gives, of a mirror image turned back: 0 disparity, 1 boost (if `lit`), 2 confidence."""
        net = self._loaded()[look.role]
        small = np.asarray(cv2.resize(shown, self._size_for(look, shown), interpolation=cv2.INTER_AREA), np.uint8)
        view = np.ascontiguousarray(small[:, ::-1]) if look.mirrored else small
        x = to_input(torch.from_numpy(view)[None].to(self._device))
        disparity, boost, confidence = from_output(net(x, light_from=0 if lit else 1), x, net.config)
        found = {0: disparity[0].cpu().numpy(), 2: confidence[0].cpu().numpy()}
        if lit:
            found[1] = boost[0].permute(1, 2, 0).cpu().numpy()
        return {part: np.ascontiguousarray(maps[:, ::-1]) if look.mirrored else maps for part, maps in found.items()}

    def _size_for(self, look: Look, shown: NDArray[np.uint8]) -> tuple[int, int]:
        """Size (width, height) at which a look sees this picture."""
        height, width = shown.shape[:2]
        usual = self._loaded()[look.role].config.work_long_side
        return working_size(width, height, long_side=round(usual * look.larger))

    def _loaded(self) -> dict[str, RvrNet]:
        if not self._nets:
            nets = {role: load_rvr(path, sha256=sha256) for role, (path, sha256) in self._weights.items()}
            self._nets = {
                role: net.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
                for role, net in nets.items()
            }
        return self._nets


class RvrBetterEstimator(RvrEstimator):
    """Both sizes of our network on the picture and its mirror image, and larger looks for the edges: six looks."""

    name = "rvr-better"
    values = (Look("rvr"), Look("rvr", mirrored=True), Look("rvr-better"), Look("rvr-better", mirrored=True))
    edges = (Look("rvr-better", 1.5, mirrored=True), Look("rvr-edges", 1.4))


def _on_edges(values: NDArray[np.float32], edges: NDArray[np.float32], *, share: float) -> NDArray[np.float32]:
    """Both maps [h, w] together with the edges of the second: in each neighbourhood a linear function of that one.

    share: of the second map in the values.
    """
    together = values + np.float32(share) * (edges - values)
    reach = max(round(values.shape[1] * _FOLLOW_WITHIN), 2)
    return np.asarray(cv2.ximgproc.guidedFilter(edges, together, reach, _FOLLOW_FROM), np.float32)


def _mean(maps: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.asarray(np.mean(maps, axis=0, dtype=np.float32))


def _resized(maps: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Maps [h, w] or [h, w, c] at this size (width, height); those that have it already stay as they are."""
    if maps.shape[1::-1] == size:
        return maps
    return np.asarray(cv2.resize(maps, size, interpolation=cv2.INTER_LINEAR), np.float32)


def as_shown(rgb: NDArray[np.uint8] | NDArray[np.uint16], transfer: str, primaries: str) -> NDArray[np.uint8]:
    """Return the picture [H, W, 3] uint8 as an ordinary sRGB screen would show it.

    SDR passes through; light above display white (HLG, PQ) is rolled off by a smooth shoulder instead of clipped.
    """
    if transfer in ("bt709", "srgb") and primaries == "bt709":
        return rgb if rgb.dtype == np.uint8 else (rgb >> 8).astype(np.uint8)  # type: ignore[return-value]
    linear = np.maximum(to_linear(rgb, transfer, primaries), 0.0)
    limit = white_limit(transfer)
    if limit > 1.0:
        peak = linear.max(axis=2, keepdims=True)
        over = np.maximum(peak - _SHOULDER, 0.0)
        reach = 1.0 - _SHOULDER
        rolled = np.where(over > 0, _SHOULDER + over * reach / (over + reach), peak)
        linear *= rolled / np.maximum(peak, 1e-6)
    return from_linear(linear, "srgb")


def _at_most(rgb: NDArray[np.uint8] | NDArray[np.uint16], long_side: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The picture no larger than `long_side`, by area averaging."""
    height, width = rgb.shape[:2]
    scale = long_side / max(width, height)
    if scale >= 1.0:
        return rgb
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: NDArray[np.uint8] | NDArray[np.uint16] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return small


def _near_clipping(
    boost_stops: NDArray[np.float32], codes: NDArray[np.uint8] | NDArray[np.uint16]
) -> NDArray[np.float32]:
    """Boost [H, W, 3] at the size of codes [H, W, 3], zero except at and right beside very bright pixels.

    A lamp smaller than a map pixel is clipped only in the full picture, so the exact outline is cut there, by
    `upsample_boost`; here it is enough not to touch what is clearly dark.
    """
    height, width = codes.shape[:2]
    brightest = codes.max(axis=2)
    limit = _BRIGHT if codes.dtype == np.uint8 else _BRIGHT << 8
    bright = cv2.dilate((brightest > limit).astype(np.uint8), np.ones((5, 5), np.uint8))
    if not bright.any():
        return np.zeros((height, width, 3), np.float32)
    grown = cv2.resize(boost_stops, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.copyTo(grown, bright), np.float32)


def _hash_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise CheckpointError(f"the weights cannot be read ({error.strerror})", where=path) from error
