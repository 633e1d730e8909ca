"""Our learned estimator: RvrNet on one frame, its maps refined on the frame's own edges.

Brings any frame (size, aspect, bit depth, transfer) to the display-referred picture that the network knows, runs it,
and returns maps at map size. Stateless: each frame stands for itself, so work in chunks equals work in one go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear, to_linear, white_limit
from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.checkpoints import load_rvr, published
from rvr_laaf_app.estimate.refine import refine_disparity
from rvr_laaf_app.nets.rvr_net import RvrNet, from_output, to_input, working_size

MAP_LONG_SIDE = 640
# Raise when anything between network and result changes, so that cached products are made again.
STEPS_VERSION = 2
# Linear light up to here is shown as it is; what HDR sources hold above is rolled off towards white.
_SHOULDER = 0.7
# Codes (of 255) above which a pixel of the small picture may hold something clipped.
_BRIGHT = 180


class RvrEstimator:
    """Disparity, light and confidence by our own network; loads its weights when first needed."""

    name = "rvr"
    context = (0, 0)
    roles: tuple[str, ...] = ("rvr",)  # of the published weights; several networks are averaged
    mirrored = False  # whether each also sees the mirror image

    def __init__(self, checkpoint: Path | None = None, *, device: str | None = None) -> None:
        if checkpoint is None:
            self._weights = [(found.path, found.sha256) for found in map(published, self.roles)]
        else:
            self._weights = [(checkpoint, _hash_of(checkpoint))]
        known = "-".join(sha256[:16] for _, sha256 in self._weights)
        self.version = f"{self.name}-{known}-{STEPS_VERSION}"
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._nets: list[RvrNet] = []

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
        # The grid's plateaus are believed, its ramps are not (see `refine`): half the network's size has the plateaus.
        half = max(disparity.shape[1] // 2, 1), max(disparity.shape[0] // 2, 1)
        coarse = np.asarray(cv2.resize(disparity, half, interpolation=cv2.INTER_AREA), np.float32)
        fine = refine_disparity(coarse, shown)
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
        """Return disparity [h, w] at the network's own size, before anything is refined on the picture."""
        shown = as_shown(_at_most(frame.rgb, MAP_LONG_SIDE), frame.transfer, frame.primaries)
        return self._maps(shown)[0]

    def _maps(self, shown: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Disparity [h, w] at the largest network's size, boost [h / 2, w / 2, 3] and confidence [h / 4, w / 4]."""
        nets = self._loaded()
        width, height = max(_size_for(net, shown) for net in nets)
        sizes = (width, height), (width // 2, height // 2), (width // 4, height // 4)
        seen = [[_resized(maps, sizes) for maps in self._seen_by(net, shown)] for net in nets]
        disparity, confidence = (_mean([maps[part] for views in seen for maps in views]) for part in (0, 2))
        return (
            disparity,
            _mean([maps[1] for maps in seen[0]]),
            confidence,
        )  # light: of the network that learnt it longest

    def _seen_by(self, net: RvrNet, shown: NDArray[np.uint8]) -> list[tuple[NDArray[np.float32], ...]]:
        """What a network sees in the picture, and in its mirror image turned back."""
        small = np.asarray(cv2.resize(shown, _size_for(net, shown), interpolation=cv2.INTER_AREA), np.uint8)
        views = [small, small[:, ::-1]] if self.mirrored else [small]
        x = to_input(torch.from_numpy(np.stack(views)).to(self._device))
        disparity, boost, confidence = (part.cpu().numpy() for part in from_output(net(x), x, net.config))
        boost = boost.transpose(0, 2, 3, 1)
        found: list[tuple[NDArray[np.float32], ...]] = [(disparity[0], boost[0], confidence[0])]
        if self.mirrored:
            found.append((disparity[1][:, ::-1], boost[1][:, ::-1], confidence[1][:, ::-1]))
        return found

    def _loaded(self) -> list[RvrNet]:
        if not self._nets:
            nets = [load_rvr(path, sha256=sha256) for path, sha256 in self._weights]
            self._nets = [net.to(self._device).to(memory_format=torch.channels_last) for net in nets]  # type: ignore[call-overload]
        return self._nets


class RvrBetterEstimator(RvrEstimator):
    """Both sizes of our network, each on the picture and on its mirror image, averaged: four times the work."""

    name = "rvr-better"
    roles = ("rvr", "rvr-better")
    mirrored = True


def _size_for(net: RvrNet, shown: NDArray[np.uint8]) -> tuple[int, int]:
    """Size (width, height) at which a network sees this picture."""
    height, width = shown.shape[:2]
    return working_size(width, height, long_side=net.config.work_long_side)


def _mean(maps: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.asarray(np.mean(maps, axis=0, dtype=np.float32))


def _resized(
    maps: tuple[NDArray[np.float32], ...], sizes: tuple[tuple[int, int], ...]
) -> tuple[NDArray[np.float32], ...]:
    """Each map at its size (width, height); one that has it already stays as it is."""
    return tuple(
        part if part.shape[1::-1] == size else np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR))
        for part, size in zip(maps, sizes, strict=True)
    )


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
