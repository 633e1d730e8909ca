"""From the light of a composed scene to the frame that a camera records, with the light that clipping took away."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear

Light = NDArray[np.float32]
LARGEST_STOPS = 10.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a camera sees: one for all frames of a shot.

    softness px; glow and wide_glow: share of strong light that a lens spreads; corner: how much darker corners are;
    cast: gain of red, green, blue; noise and whether it is coarse; quality of the JPEG coding or None.
    """

    softness: float
    glow: float
    wide_glow: float
    corner: float
    cast: tuple[float, float, float]
    noise: float
    coarse: bool
    quality: int | None


def random_look(rng: np.random.Generator) -> Look:
    """Some camera: a phone, a better one, a bad codec."""
    red, green, blue = (float(value) for value in np.exp(rng.normal(0, 0.07, 3)))
    return Look(
        softness=float(rng.uniform(0.3, 0.75)),
        glow=float(rng.uniform(0.002, 0.025)),
        wide_glow=float(rng.uniform(0.0005, 0.006)),
        corner=float(rng.uniform(0, 0.5)),
        cast=(red, green, blue),
        noise=float(rng.uniform(0.0, 0.015)) if rng.random() < 0.75 else 0.03,
        coarse=bool(rng.random() < 0.5),
        quality=int(rng.integers(35, 96)) if rng.random() < 0.6 else None,
    )


def on_sensor(light: Light, look: Look) -> Light:
    """Light on the sensor [h, w, 3]: slight softness, the glow of strong lights in a lens, darker corners, a cast."""
    height, width = light.shape[:2]
    out = cv2.GaussianBlur(light, (0, 0), look.softness)
    strong = np.maximum(light - 1.0, 0.0)
    if float(strong.max()) > 2.0:
        for share, reach in ((look.glow, 0.012), (look.wide_glow, 0.05)):
            out = out + np.float32(share) * cv2.GaussianBlur(strong, (0, 0), reach * width)
    y = (np.arange(height, dtype=np.float32)[:, None] - height / 2) / width
    x = (np.arange(width, dtype=np.float32) - width / 2) / width
    corner = 1 - np.float32(look.corner) * (x * x + y * y)
    return np.asarray(out * corner[..., None] * np.array(look.cast, np.float32), np.float32)


def record(linear: Light, look: Look, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The frame [h, w, 3] uint8 of light in units of display white: noise, clipping, sRGB curve, compression."""
    noise = rng.standard_normal(linear.shape, np.float32)
    if look.coarse:  # as a phone leaves it after smoothing
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * np.float32(1.8)
    seen = np.clip(linear, 0.0, 1.0)
    noisy = np.minimum(seen + noise * np.float32(look.noise) * np.sqrt(seen * 0.3 + 0.002), 1.0)
    seen = np.where(linear >= 1.0, seen, noisy)
    rgb = from_linear(np.ascontiguousarray(seen, np.float32), "srgb")
    if look.quality is not None:
        _, coded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, look.quality])
        rgb = cv2.cvtColor(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(rgb)


def lost_stops(linear: Light) -> Light:
    """Light lost to clipping, log2 of `linear` where above display white, else 0."""
    return np.clip(np.log2(np.maximum(linear, np.float32(1.0))), 0.0, LARGEST_STOPS).astype(np.float32)


def exposure_for(light: Light, rng: np.random.Generator) -> float:
    """The gain of a camera's automatic exposure: between middle tone to grey and a chosen share that just clips.

    Never so much that more than a quarter of the picture clips: a camera would not, and nothing could be learned.
    """
    brightness = light.max(axis=2)
    middle = float(np.exp(np.log(np.maximum(brightness, 1e-3)).mean()))
    by_middle = rng.uniform(0.14, 0.34) / max(middle, 1e-3)
    by_top = 1.0 / max(float(np.percentile(brightness, rng.uniform(90, 99.7))), 1e-3)
    share = rng.uniform(0.25, 1.0)
    gain = np.exp(share * np.log(by_middle) + (1 - share) * np.log(by_top) + rng.normal(0, 0.2))
    most = rng.choice([0.02, 0.08, 0.25])
    return float(min(gain, 1.0 / max(float(np.quantile(brightness, 1 - most)), 1e-3)))
