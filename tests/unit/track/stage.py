"""Made-up clips for trackers: a speckled subject moves over a speckled wall, a pole may hide it, with disparity."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from rvr_laaf_app.core.geometry import Box

WIDTH, HEIGHT, SIDE = 320, 180, 40
FAR, NEAR, POLE = 0.2, 0.6, 0.9


def speckle(height: int, width: int, seed: int, colour: tuple[int, int, int]) -> np.ndarray:
    """Texture [height, width, 3] uint8 around a colour."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), 2.5)
    grain *= 40 / grain.std()
    return np.clip(np.array(colour, np.float32) + grain[..., None], 0, 255).astype(np.uint8)


class Stage:
    """A scene whose subject has its middle at path(k) (in pixels; None = away) and size(k) times its first size."""

    def __init__(
        self,
        path: Callable[[int], tuple[float, float] | None],
        *,
        size: Callable[[int], float] = lambda k: 1.0,
        pole: tuple[int, int] | None = None,
        seed: int = 0,
    ) -> None:
        self.path, self.size, self.pole = path, size, pole
        self.wall = speckle(HEIGHT, WIDTH, seed, (90, 120, 90))
        self.subject = speckle(SIDE, SIDE, seed + 1, (190, 90, 70))

    def truth(self, k: int) -> Box | None:
        """The subject's box in frame k."""
        place = self.path(k)
        if place is None:
            return None
        side = SIDE * self.size(k)
        return Box.from_pixels(place[0] - side / 2, place[1] - side / 2, side, side, picture=(WIDTH, HEIGHT))

    def frame(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The picture [h, w, 3] and the disparity [h, w] of frame k."""
        rgb, disparity = self.wall.copy(), np.full((HEIGHT, WIDTH), FAR, np.float32)
        box = self.truth(k)
        if box is not None:
            x, y, side, _ = (round(v) for v in box.pixels(WIDTH, HEIGHT))
            picture = cv2.resize(self.subject, (side, side), interpolation=cv2.INTER_AREA)
            x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, WIDTH), min(y + side, HEIGHT)
            if x1 > x0 and y1 > y0:
                rgb[y0:y1, x0:x1] = picture[y0 - y : y1 - y, x0 - x : x1 - x]
                disparity[y0:y1, x0:x1] = NEAR
        if self.pole is not None:
            rgb[:, self.pole[0] : self.pole[1]] = speckle(HEIGHT, self.pole[1] - self.pole[0], 99, (60, 60, 170))
            disparity[:, self.pole[0] : self.pole[1]] = POLE
        return rgb, disparity

    def frames(self, order: range) -> Iterator[tuple[int, np.ndarray]]:
        """(index, picture) in this order."""
        return ((k, self.frame(k)[0]) for k in order)
