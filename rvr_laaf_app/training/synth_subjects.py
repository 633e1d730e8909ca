"""Cut-outs from photographs: what the points ranked nearest stand on, separated from the points ranked farther.

Rother et al. 2004 (GrabCut) between the two kinds of points; only shapes that look like one solid thing are kept. The
outline need not be perfect: once cut out, the thing has exactly this outline. Knows nothing of scenes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LONG_SIDE = 220
SMALLEST, LARGEST = 0.05, 0.55  # share of the photograph
FRAME = 3  # px: what comes nearer to the border than this is cut by it


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """rgb [h, w, 3] uint8, continued beyond the outline; alpha [h, w] uint8; `cut_below`: the frame cut it off."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    cut_below: bool


def cut_out(rgb: NDArray[np.uint8], points: list[dict[str, Any]]) -> Subject | None:
    """The nearest thing of a photograph by its ranked points, or None where it does not come off cleanly."""
    scale = LONG_SIDE / max(rgb.shape[:2])
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    photo = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    if not points or max(point["level"] for point in points) < 1:
        return None
    marks = _marks(photo.shape[:2], points)
    cv2.setRNGSeed(0)  # GrabCut starts from a random clustering
    try:
        cv2.grabCut(photo, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # too few pixels of one kind
        return None
    mask = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    box = _solid_part(mask)
    if box is None:
        return None
    return _trimmed(photo, mask, box)


def _marks(shape: tuple[int, int], points: list[dict[str, Any]]) -> NDArray[np.uint8]:
    """Where GrabCut starts from: sure and likely near, sure and likely far."""
    height, width = shape
    marks = np.full(shape, cv2.GC_PR_BGD, np.uint8)
    near = [(int(p["x"] * width), int(p["y"] * height)) for p in points if p["level"] == 0]
    far = [(int(p["x"] * width), int(p["y"] * height)) for p in points if p["level"] > 0]
    for place in near:
        cv2.circle(marks, place, int(0.12 * width), cv2.GC_PR_FGD, -1)
    if len(near) > 2:
        cv2.fillConvexPoly(marks, cv2.convexHull(np.array(near, np.int32)), cv2.GC_PR_FGD)
    for place in far:
        cv2.circle(marks, place, int(0.07 * width), cv2.GC_BGD, -1)
    marks[:FRAME], marks[:, :FRAME], marks[:, -FRAME:] = cv2.GC_BGD, cv2.GC_BGD, cv2.GC_BGD
    for place in near:
        cv2.circle(marks, place, int(0.03 * width), cv2.GC_FGD, -1)
    return marks


def _solid_part(mask: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Keep the one large part of a mask, in place; its box (x, y, w, h), or None if it is ragged or cut at a side."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    area = int(stats[largest, cv2.CC_STAT_AREA])
    if not SMALLEST < area / mask.size < LARGEST or area < 0.8 * mask.sum():
        return None
    np.copyto(mask, (labels == largest).astype(np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    filled = cv2.contourArea(outline)
    solidity = filled / max(cv2.contourArea(cv2.convexHull(outline)), 1.0)
    raggedness = cv2.arcLength(outline, True) ** 2 / (4 * np.pi * max(filled, 1.0))
    x, y, w, h = (int(value) for value in stats[largest, :4])
    if solidity < 0.62 or raggedness > 4.5 or x <= FRAME or x + w >= mask.shape[1] - FRAME or y <= FRAME:
        return None
    return x, y, w, h


def _trimmed(photo: NDArray[np.uint8], mask: NDArray[np.uint8], box: tuple[int, int, int, int]) -> Subject:
    """Cut to the box; colours near the outline come from farther in, so that no rim of the old background is left."""
    x, y, w, h = box
    cut_below = y + h >= mask.shape[0] - FRAME
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1).astype(np.float32)
    weight = cv2.GaussianBlur(inner, (0, 0), 2.0)[..., None]
    spread = cv2.GaussianBlur(photo * inner[..., None], (0, 0), 2.0) / np.maximum(weight, 1e-3)
    rgb = np.where(inner[..., None] > 0, photo, np.clip(spread, 0, 255)).astype(np.uint8)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    alpha = np.clip((soft - 0.35) / 0.5, 0, 1)
    if cut_below:
        alpha[-FRAME - 1 :] = mask[-FRAME - 1 :]
    part = slice(y, y + h), slice(x, x + w)
    return Subject(rgb[part].copy(), np.rint(alpha[part] * 255).astype(np.uint8), cut_below)
