"""What moves by itself: optical flow between frames with the motion of the camera taken out.

The camera's motion is one affine map of the picture, fitted to the flow by consensus; what departs from it by more
than the flow's own errors is action (rvr-laaf.txt, section 5.2, H_act). Parallax of a walking camera departs too: the
finding says how much of the picture the camera's motion explains, so that nobody trusts what is left over too far.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import Finding, Region
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.detect.base import Look, on_grid

FLOW_LONG_SIDE = 240
SAMPLES = 24  # of the flow across and down, for the camera's motion
INLIER_PX = 0.6
NOISE_PX = 0.35  # residual flow below this is the flow's own error
LEAST_SPEED_PX = 0.6  # mean of a thing that moves, from frame to frame
CHANGE = 6.0  # grey levels; where the picture does not change nothing moves, whatever the flow says of flat places
CHANGE_REACH_PX = 9
LEAST_AREA = 0.0012  # of the picture, for a thing that moves
MERGE_PX = 7
FULL_ACTION = 0.5  # long sides a second that count as 1 in the heat
Map = NDArray[np.float32]


class ActionDetector:
    """A SeeingDetector.

    heat: speed of action, 1 = FULL_ACTION. Regions: what moves together; measures (dx, dy) in widths and heights of
    the picture a second, and mass (share of all action that is in it). The frame's measures: shift of the camera
    (dx, dy, shares of the picture since the frame before) and how far it explains the picture, 0..1.
    """

    name = "action"
    version = "2"
    lookback = 0

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._before: tuple[float, NDArray[np.uint8]] | None = None

    def look(self, look: Look) -> list[Finding]:
        """Compare the frame with the one before it; the first of a shot shows no motion."""
        grey = _at_flow_size(look.small_grey)
        before, self._before = self._before, (look.seconds, grey)
        if before is None or look.cut or before[1].shape != grey.shape or min(grey.shape) < 16:
            return [Finding(look.index, heat=on_grid(np.zeros(grey.shape, np.float32)), measures=(0.0, 0.0, 1.0))]
        rate = 1.0 / max(look.seconds - before[0], 1e-3)
        # From this frame back to the one before: so that what is found lies where things are now.
        flow = -np.asarray(self._flow.calc(grey, before[1], None), np.float32)
        action, camera, explained = without_camera(flow)
        action *= changed(grey, before[1], camera)[:, :, None]
        height, width = grey.shape
        speed = np.linalg.norm(action, axis=2) * np.float32(rate / max(width, height))
        heat = on_grid(np.minimum(speed / np.float32(FULL_ACTION), 1.0).astype(np.float32))
        regions = moving_things(action, rate) if explained > 0 else ()
        return [Finding(look.index, regions, heat, (*_shift(camera, width, height), explained))]

    def finish(self) -> list[Finding]:
        """Nothing lags."""
        return []


def without_camera(flow: Map) -> tuple[Map, Map, float]:
    """Return action [h, w, 2] px (0 where the camera explains the flow), the camera's affine map, and its share.

    The map [2, 3] takes places of the later frame as far on again as the camera moved them since the one before.

    flow [h, w, 2] px, forwards in time, at the places of the later frame.
    """
    height, width = flow.shape[:2]
    columns = np.linspace(2, width - 3, SAMPLES)
    rows = np.linspace(2, height - 3, SAMPLES)
    x, y = (v.ravel().astype(np.float32) for v in np.meshgrid(columns, rows))
    sampled = flow[y.astype(int), x.astype(int)]
    here = np.stack([x, y], axis=1)
    found, inliers = cv2.estimateAffine2D(
        here, here + sampled, method=cv2.RANSAC, ransacReprojThreshold=INLIER_PX, maxIters=200, confidence=0.98
    )
    if found is None:
        return np.zeros_like(flow), np.eye(2, 3, dtype=np.float32), 0.0
    share = float(np.mean(inliers))
    grid_x, grid_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    map_ = found.astype(np.float32)
    camera = np.stack(
        [
            (map_[0, 0] - 1) * grid_x + map_[0, 1] * grid_y + map_[0, 2],
            map_[1, 0] * grid_x + (map_[1, 1] - 1) * grid_y + map_[1, 2],
        ],
        axis=2,
    )
    rest = flow - camera
    size = np.linalg.norm(rest, axis=2)
    usual = float(np.median(size))
    limit = max(NOISE_PX, 3.0 * usual, 0.12 * float(np.median(np.linalg.norm(camera, axis=2))))
    action = np.where((size > limit)[:, :, None], rest, np.float32(0.0))
    return np.asarray(action, np.float32), map_, float(np.clip((share - 0.3) / 0.4, 0.0, 1.0))


def changed(grey: NDArray[np.uint8], before: NDArray[np.uint8], camera: Map) -> Map:
    """Return 1 where the picture is not what the camera's motion made of the one before, and close by; else 0."""
    back = np.concatenate([2.0 * np.eye(2) - camera[:, :2], -camera[:, 2:]], axis=1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = grey.shape[1], grey.shape[0]
    expected = cv2.warpAffine(before, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    difference = cv2.blur(cv2.absdiff(grey, expected).astype(np.float32), (3, 3))
    limit = max(CHANGE, 3.0 * float(np.median(difference)))
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CHANGE_REACH_PX, CHANGE_REACH_PX))
    return np.asarray(cv2.dilate((difference > limit).astype(np.uint8), reach), np.float32)


def _shift(camera: Map, width: int, height: int) -> tuple[float, float]:
    """Return the motion of the middle of the picture in shares of its width and height."""
    x, y = width / 2, height / 2
    moved = camera @ np.array([x, y, 1.0], np.float32) - np.array([x, y], np.float32)
    return float(moved[0]) / width, float(moved[1]) / height


def moving_things(action: Map, rate: float) -> tuple[Region, ...]:
    """Return the connected parts of the action [h, w, 2] px that are large enough, the heaviest first."""
    height, width = action.shape[:2]
    speed = np.linalg.norm(action, axis=2)
    total = float(speed.sum())
    if total <= 0:
        return ()
    mask = (speed > 0).astype(np.uint8)
    mask = np.asarray(cv2.medianBlur(mask, 5), np.uint8)
    joined = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (MERGE_PX, MERGE_PX)))
    count, names = cv2.connectedComponents(joined)
    found = []
    for name in range(1, count):
        rows, columns = np.nonzero((names == name) & (mask > 0))
        if len(rows) < LEAST_AREA * height * width or speed[rows, columns].mean() < LEAST_SPEED_PX:
            continue
        left, top = float(columns.min()), float(rows.min())
        box = Box.from_pixels(
            left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top, picture=(width, height)
        )
        moved = action[rows, columns].mean(axis=0)
        mass = float(speed[rows, columns].sum()) / total
        velocity = float(moved[0]) * rate / width, float(moved[1]) * rate / height
        found.append(Region(box, min(mass, 1.0), "moves by itself", measures=(*velocity, mass)))
    return tuple(sorted(found, key=lambda region: -region.score))


def _at_flow_size(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = FLOW_LONG_SIDE / max(grey.shape)
    if scale >= 1.0:
        return grey
    size = max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
