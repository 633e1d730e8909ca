"""Where a picture by itself draws the eye: by the network that learnt it from eye fixations, where it is installed.

Without it: spectral residual (Hou and Zhang 2007) and rarity of colour on a thumbnail, the middle of the picture and
what is large preferred a little, as viewers do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, Finding
from rvr_laaf_app.detect.base import Look, on_grid

if TYPE_CHECKING:
    from rvr_laaf_app.nets.gaze import GazeNet

THUMBNAIL = (96, 54)
RESIDUAL_SIDE = 64
COLOUR_BINS = 12
LOOK_EVERY = 4  # frames; in between the last map is held: what draws the eye does not change faster
CENTRE_SPREAD = 0.32  # of the picture, one standard deviation


class SaliencyDetector:
    """A SeeingDetector whose findings are maps; the heat is scaled so that its highest cell is 1.

    gaze: the network in evaluation mode; None = the computation without one.
    """

    name = "saliency"
    version = "2"
    lookback = 0

    def __init__(self, gaze: GazeNet | None = None) -> None:
        self._gaze = gaze
        columns, rows = GRID
        x = (np.arange(columns) + 0.5) / columns - 0.5
        y = (np.arange(rows) + 0.5) / rows - 0.5
        spread = 2.0 * CENTRE_SPREAD**2
        self._held: tuple[int, NDArray[np.float32]] | None = None
        self._centre = np.exp(-(x[None, :] ** 2 + y[:, None] ** 2) / spread).astype(np.float32)

    def look(self, look: Look) -> list[Finding]:
        """Return the map of this frame."""
        if self._held is not None and not look.cut and look.index < self._held[0] + LOOK_EVERY:
            return [Finding(look.index, heat=self._held[1])]
        heat = self._computed(look.rgb) if self._gaze is None else looked_at(self._gaze, look.rgb)
        self._held = look.index, heat
        return [Finding(look.index, heat=heat)]

    def _computed(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        thumbnail = np.asarray(cv2.resize(rgb, THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)
        residual = on_grid(spectral_residual(np.asarray(cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY), np.uint8)))
        rarity = on_grid(colour_rarity(thumbnail))
        return _scaled((0.5 * _scaled(residual) + 0.5 * _scaled(rarity)) * self._centre)

    def finish(self) -> list[Finding]:
        """Nothing lags."""
        return []


def looked_at(gaze: GazeNet, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the share of looking at each cell of GRID, by the network, scaled so that the highest is 1."""
    import torch

    from rvr_laaf_app.nets.gaze import input_size, to_input

    size = input_size(rgb.shape[1], rgb.shape[0], gaze.config)
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    with torch.inference_mode():
        logits = gaze(to_input(torch.from_numpy(small)[None]))[0]
        share = torch.softmax(logits.flatten(), 0).view(logits.shape)
    heat = np.asarray(cv2.resize(share.numpy(), GRID, interpolation=cv2.INTER_LINEAR), np.float32)
    return heat / max(float(heat.max()), 1e-12)


def spectral_residual(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the saliency [64, 64] of a picture: what its log spectrum has beyond its own smooth course."""
    small = cv2.resize(grey, (RESIDUAL_SIDE, RESIDUAL_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    spectrum = np.fft.fft2(small)
    amplitude = np.log(np.abs(spectrum) + 1e-3).astype(np.float32)
    excess = amplitude - cv2.blur(amplitude, (3, 3), borderType=cv2.BORDER_REFLECT)
    back = np.fft.ifft2(np.exp(excess + 1j * np.angle(spectrum)))
    return np.asarray(cv2.GaussianBlur((np.abs(back) ** 2).astype(np.float32), (0, 0), 3.0), np.float32)


def colour_rarity(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how far each pixel's colour is from the colours of the rest [h, w] (Cheng et al. 2011, by histogram)."""
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 1.5), cv2.COLOR_RGB2Lab).reshape(-1, 3).astype(np.float32)
    cells = (lab * (COLOUR_BINS / 256.0)).astype(np.int32)
    names = (cells[:, 0] * COLOUR_BINS + cells[:, 1]) * COLOUR_BINS + cells[:, 2]
    _, which, counts = np.unique(names, return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(which, lab[:, c]) / counts for c in range(3)], axis=1)
    far = np.sqrt(((means[:, None, :] - means[None, :, :]) ** 2).sum(axis=2))
    rare = far @ (counts / counts.sum())
    return np.asarray(rare[which], np.float32).reshape(rgb.shape[:2])


def _scaled(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = float(heat.min()), float(heat.max())
    return (heat - low) / (high - low) if high > low else np.zeros_like(heat)
