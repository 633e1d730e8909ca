"""Two slices of a stack: the similarity that moves one onto the other, though they are not sharp in the same places.

Coarse to fine, on linear light: blur is symmetric there, so a blurred edge stays where it is. At each scale the
pictures are band-passed and divided by their local contrast, which blur lowers, and the similarity is refined by
Gauss-Newton on the weighted correlation (ECC, Evangelidis and Psarakis 2008, for the group of similarities). Where
the pictures disagree most (moving things, parallax) they are not believed. If the hand moved far, matched features
(SIFT, RANSAC) begin. Files, chains of slices and colours are no business of this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
COARSEST_PX: Final = 96  # the pyramid ends where the long side would fall below this
STEPS: Final = 12
ENOUGH_PX: Final = 0.003  # a step whose corners move less than this is the last of its scale
BAND_PX: Final = 6.0  # sigma of what counts as lighting, not as texture
FEATURES: Final = 1500
FEW_MATCHES: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One scale of one picture: texture [h, w], contrast normalised; share of the full width."""

    texture: Float
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A slice as it is compared: its levels, coarse to fine, and bytes for features."""

    levels: tuple[Level, ...]
    bytes_: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """slope and move: complex numbers a, b with moving px z -> fixed px a z + b (z = x + iy); agreement -1..1.

    agreement is the correlation of the textures where both are, at the scale where it is highest.
    """

    slope: complex
    move: complex
    agreement: float


def view_of(linear_luma: Float) -> View:
    """Prepare linear luma [h, w] float32 for comparison."""
    pictures = [linear_luma]
    while max(pictures[-1].shape) >= 2 * COARSEST_PX:
        pictures.append(np.asarray(cv2.pyrDown(pictures[-1]), np.float32))
    levels = tuple(Level(_texture(p), 0.5**n) for n, p in reversed(list(enumerate(pictures))))
    tone = np.power(np.clip(linear_luma, 0, 1), np.float32(1 / 2.2))
    return View(levels, np.asarray(np.rint(tone * 255), np.uint8))


def _texture(linear: Float) -> Float:
    """Return the picture's detail divided by its local contrast (a floor keeps noise small)."""
    detail = cv2.GaussianBlur(linear, (0, 0), 0.8) - cv2.GaussianBlur(linear, (0, 0), BAND_PX)
    spread = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 2 * BAND_PX))
    floor = max(float(spread.mean()) * 0.25, 1e-5)
    return np.asarray(detail / (spread + np.float32(floor)), np.float32)


def register(fixed: View, moving: View, *, guesses: tuple[tuple[complex, complex], ...] = ()) -> Link:
    """Return how `moving` lies on `fixed`; `guesses` are tried beside rest (full-size px)."""
    start = _best_start(fixed, moving, ((1.0 + 0j, 0j), *guesses))
    if _agreement(fixed.levels[0], moving.levels[0], start) < 0.5:
        found = _by_features(fixed.bytes_, moving.bytes_)
        if found is not None:
            start = _best_start(fixed, moving, (start, found))
    best = -1.0
    for still, move in zip(fixed.levels, moving.levels, strict=True):
        refined = _refined(still, move, start)
        if refined is None:
            continue
        agreement = _agreement(still, move, refined)
        if agreement >= _agreement(still, move, start) - 1e-4 and _near(refined, start, still):
            start, best = refined, max(best, agreement)
    return Link(*start, best)


def _near(refined: tuple[complex, complex], start: tuple[complex, complex], level: Level) -> bool:
    """True unless a finer scale leaves the basin of the coarser one: it may correct pixels of its own, not more."""
    height, width = level.texture.shape
    corners = np.array([0, width, 1j * height, width + 1j * height]) / level.scale
    away = np.abs((refined[0] - start[0]) * corners + refined[1] - start[1]).max() * level.scale
    return bool(away < 0.05 * max(width, height))


def _best_start(fixed: View, moving: View, guesses: tuple[tuple[complex, complex], ...]) -> tuple[complex, complex]:
    """Return the guess, or its correction by phase correlation at the coarsest scale, that agrees best."""
    still, move = fixed.levels[0], moving.levels[0]
    candidates = list(guesses)
    window = cv2.createHanningWindow(still.texture.shape[::-1], cv2.CV_32F)
    for slope, shift in guesses:
        warped = _warped(move, (slope, shift))
        (dx, dy), _ = cv2.phaseCorrelate(still.texture * window, warped * window)
        candidates.append((slope, shift - complex(dx, dy) / still.scale))
    return max(candidates, key=lambda c: _agreement(still, move, c))


def _matrix(similarity: tuple[complex, complex], scale: float) -> NDArray[np.float64]:
    """Return [2, 3] fixed px -> moving px at this scale (what warpAffine with WARP_INVERSE_MAP takes)."""
    slope, move = similarity
    inverse, shift = 1 / slope, -move / slope
    # pixel centres of a pyrDown level lie on every second pixel of the one below: plain scaling of coordinates
    shift *= scale
    return np.array([[inverse.real, -inverse.imag, shift.real], [inverse.imag, inverse.real, shift.imag]])


def _warped(level: Level, similarity: tuple[complex, complex]) -> Float:
    height, width = level.texture.shape
    matrix = _matrix(similarity, level.scale)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(level.texture, matrix, (width, height), flags=flags), np.float32)


def _inside(level: Level, similarity: tuple[complex, complex]) -> Float:
    """Return [h, w] 1 where the moving picture covers the fixed one, by a margin."""
    height, width = level.texture.shape
    margin = max(2, min(height, width) // 40)
    cover = np.zeros((height, width), np.float32)
    cover[margin:-margin, margin:-margin] = 1
    matrix = _matrix(similarity, level.scale)
    there = cv2.warpAffine(cover, matrix, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return np.asarray(cover * there, np.float32)


def _agreement(still: Level, move: Level, similarity: tuple[complex, complex]) -> float:
    """Return the correlation of the textures where both are, -1 if they hardly overlap."""
    cover = _inside(still, similarity)
    if cover.mean() < 0.3:
        return -1.0
    there = _warped(move, similarity)
    a, b = still.texture * cover, there * cover
    return float((a * b).sum() / max(np.sqrt(float((a * a).sum()) * float((b * b).sum())), 1e-9))


def _refined(still: Level, move: Level, start: tuple[complex, complex]) -> tuple[complex, complex] | None:
    """Return the similarity after Gauss-Newton at one scale; None if there is nothing to hold on to."""
    height, width = still.texture.shape
    centre = complex((width - 1) / 2, (height - 1) / 2)
    reach = max(width, height) / 2
    x = (np.arange(width, dtype=np.float32) - np.float32(centre.real)) / np.float32(reach)
    y = ((np.arange(height, dtype=np.float32) - np.float32(centre.imag)) / np.float32(reach))[:, None]
    slope, shift = start
    for _ in range(STEPS):
        similarity = (slope, shift)
        there = _warped(move, similarity)
        gx = cv2.Sobel(there, -1, 1, 0, scale=0.125)
        gy = cv2.Sobel(there, -1, 0, 1, scale=0.125)
        columns = (gx, gy, gx * x + gy * y, gy * x - gx * y)  # dx, dy, growth, turn (by reach)
        step = _step(still.texture, there, columns, _inside(still, similarity))
        if step is None:
            return None
        # the moving picture is asked at the old place of grow z + offset: the inverse of the new similarity
        grow = 1 + complex(step[2], step[3]) / reach
        offset = complex(step[0], step[1]) + (1 - grow) * centre
        slope, shift = slope / grow, (shift - offset / still.scale) / grow
        if np.abs(step[:2]).max() + np.abs(step[2:]).max() < ENOUGH_PX:
            break
    return slope, shift


def _step(fixed: Float, there: Float, columns: tuple[Float, ...], cover: Float) -> NDArray[np.float64] | None:
    """Return the weighted least-squares step of (dx, dy, growth, turn), solved with the texture's gain and offset."""
    error = fixed - there
    spread = float(np.median(np.abs(error))) * 1.4826 + 1e-6
    weight = cover / (1 + (error * np.float32(1 / (2 * spread))) ** 2)  # Cauchy: what moved is not believed
    rows = [*columns, there, np.ones_like(there)]
    weighted = [r * weight for r in rows]
    normal = np.array([[float(np.vdot(a, b)) for b in rows] for a in weighted])
    right = np.array([float(np.vdot(a, error)) for a in weighted])
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-12))
    if scale[:4].min() < 1e-3 * np.sqrt(cover.sum() + 1):
        return None
    try:
        solved = np.linalg.solve(normal / np.outer(scale, scale) + 1e-9 * np.eye(6), right / scale) / scale
    except np.linalg.LinAlgError:
        return None
    return np.asarray(solved[:4], np.float64)


def _by_features(fixed: NDArray[np.uint8], moving: NDArray[np.uint8]) -> tuple[complex, complex] | None:
    """Return the similarity of matched SIFT features, or None if too few agree."""
    sift = cv2.SIFT.create(FEATURES)
    first, one = sift.detectAndCompute(fixed, None)
    second, two = sift.detectAndCompute(moving, None)
    if one is None or two is None or len(first) < FEW_MATCHES or len(second) < FEW_MATCHES:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(two, one, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < 0.75 * p[1].distance]
    if len(good) < FEW_MATCHES:
        return None
    src = np.array([second[m.queryIdx].pt for m in good], np.float64)
    dst = np.array([first[m.trainIdx].pt for m in good], np.float64)
    cv2.setRNGSeed(1)  # RANSAC draws; the same stack must give the same alignment
    matrix, inliers = cv2.estimateAffinePartial2D(src, dst, ransacReprojThreshold=3.0)
    if matrix is None or int(inliers.sum()) < FEW_MATCHES:
        return None
    return complex(matrix[0, 0], matrix[1, 0]), complex(matrix[0, 2], matrix[1, 2])
