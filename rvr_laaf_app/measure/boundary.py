"""Where one thing ends and the next begins: are the steps of an estimated disparity where the true ones are?

Rule. Each map is stretched so that its own 2nd-98th percentile is 0..1 (so neither scale nor shift matters). At every
pixel the step is the change from the pixel before to the pixel after, across and down (central difference, length of
the vector). An edge pixel has a step of at least T and none larger beside it along the direction of the step.
Precision: share of the estimate's edge pixels with a true one within 2 px; recall: the other way round. F1 is their
harmonic mean, and the figure is the mean of F1 at T = 0.05, 0.1 and 0.2. A step that is smeared over many pixels falls
below T and is no edge; the slant of a floor (about 0.01 a pixel) never is one.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.measure.aligned import to_own_range

TOLERANCE_PX = 2.0
THRESHOLDS = (0.05, 0.1, 0.2)
NEAR_UNKNOWN_PX = 3  # edges of what is unknown are not edges of things
STAND_IN_SHARE = 4  # of a network's own map: this part of the picture's side


@runtime_checkable
class TellsNetworkDisparity(Protocol):
    """An estimator that can also say what its network alone says, so that edge refinement can be judged."""

    def network_disparity(self, frame: Frame) -> NDArray[np.float32]:
        """Return disparity [h, w] at the network's own size, before anything is refined on the picture."""
        ...


def bilinear_disparity(estimator: object, frame: Frame, rgbd: RgbdFrame) -> tuple[NDArray[np.float32], str]:
    """Return the baseline for edges [H, W], coarse disparity brought up bilinearly, and what it was made from."""
    height, width = frame.rgb.shape[:2]
    if isinstance(estimator, TellsNetworkDisparity):
        coarse, source = estimator.network_disparity(frame), "network"
    else:
        small = max(width // STAND_IN_SHARE, 1), max(height // STAND_IN_SHARE, 1)
        whole = rgbd.disparity.astype(np.float32)
        coarse, source = np.asarray(cv2.resize(whole, small, interpolation=cv2.INTER_AREA)), "map at a quarter"
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32), source


def boundary_f1(disparity: NDArray[np.floating], truth: NDArray[np.floating], known: NDArray[np.bool_]) -> float:
    """Return the mean F1 over THRESHOLDS (see the module's text) of disparity against truth, both [H, W]."""
    window = np.ones((2 * NEAR_UNKNOWN_PX + 1,) * 2, np.uint8)
    counted = cv2.erode(known.astype(np.uint8), window).astype(bool)
    given, wanted = (_steps(to_own_range(values, known)) for values in (disparity, truth))
    scores = []
    for threshold in THRESHOLDS:
        true_edges = _thin(*wanted, threshold) & counted
        if true_edges.any():
            scores.append(f1_of_edges(_thin(*given, threshold) & counted, true_edges))
    return float(np.mean(scores)) if scores else float("nan")


def f1_of_edges(edges: NDArray[np.bool_], true_edges: NDArray[np.bool_]) -> float:
    """Return the F1 of edge pixels [H, W] against true ones, each counting if the other lies within TOLERANCE_PX."""
    if not edges.any() or not true_edges.any():
        return 0.0
    precision = float((_distance_to(true_edges)[edges] <= TOLERANCE_PX).mean())
    recall = float((_distance_to(edges)[true_edges] <= TOLERANCE_PX).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _distance_to(edges: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _steps(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Change from the pixel before to the one after, across and down, each [H, W]."""
    padded = np.pad(values, 1, mode="edge")
    return padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]


def _thin(across: NDArray[np.float32], down: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """Pixels [H, W] with a step of at least `threshold` that is the largest of three along its direction."""
    size = np.hypot(across, down)
    padded = np.pad(size, 1)
    sideways, level = np.abs(across), np.abs(down)
    rising = across * down > 0
    neighbours = (
        (sideways >= 2.4142 * level, padded[1:-1, :-2], padded[1:-1, 2:]),
        (level >= 2.4142 * sideways, padded[:-2, 1:-1], padded[2:, 1:-1]),
        (rising, padded[:-2, :-2], padded[2:, 2:]),
        (~rising, padded[:-2, 2:], padded[2:, :-2]),
    )
    first, second = (np.select([n[0] for n in neighbours], [n[k] for n in neighbours]) for k in (1, 2))
    return np.asarray((size >= threshold) & (size >= first) & (size >= second), np.bool_)
