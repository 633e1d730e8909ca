"""From the light of a composed scene to the frame that a camera records, with the light that clipping took away."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear

Light = NDArray[np.float32]
LARGEST_STOPS = 10.0


def optics(light: Light, rng: np.random.Generator) -> Light:
    """Light on the sensor [h, w, 3]: slight softness, the glow of strong lights in a lens, darker corners, a cast."""
    height, width = light.shape[:2]
    out = cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.3, 0.75)))
    strong = np.maximum(light - 1.0, 0.0)
    if float(strong.max()) > 2.0:
        for share, reach in ((rng.uniform(0.004, 0.03), 0.012), (rng.uniform(0.001, 0.008), 0.05)):
            out = out + np.float32(share) * cv2.GaussianBlur(strong, (0, 0), reach * width)
    y = (np.arange(height, dtype=np.float32)[:, None] - height / 2) / width
    x = (np.arange(width, dtype=np.float32) - width / 2) / width
    corner = 1 - np.float32(rng.uniform(0, 0.5)) * (x * x + y * y)
    cast = np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)
    return np.asarray(out * corner[..., None] * cast, np.float32)


def record(linear: Light, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The frame [h, w, 3] uint8 of light in units of display white: noise, clipping, sRGB curve, compression."""
    spread = np.float32(rng.uniform(0.0, 0.015)) if rng.random() < 0.7 else np.float32(0.03)
    noise = rng.standard_normal(linear.shape, np.float32)
    if rng.random() < 0.5:  # as a phone leaves it after smoothing: coarser
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * np.float32(1.8)
    clipped = linear >= 1.0
    seen = np.clip(linear, 0.0, 1.0)
    seen = np.where(clipped, seen, np.minimum(seen + noise * spread * np.sqrt(seen * 0.3 + 0.002), 1.0))
    rgb = from_linear(np.ascontiguousarray(seen, np.float32), "srgb")
    if rng.random() < 0.6:
        quality = int(rng.integers(35, 96))
        _, coded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        rgb = cv2.cvtColor(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(rgb)


def lost_stops(linear: Light) -> Light:
    """Light lost to clipping, log2 of `linear` where above display white, else 0."""
    return np.clip(np.log2(np.maximum(linear, np.float32(1.0))), 0.0, LARGEST_STOPS).astype(np.float32)


def exposure_for(light: Light, rng: np.random.Generator) -> float:
    """The gain of a camera's automatic exposure: middle tone to grey, or so that a chosen share just clips."""
    brightness = light.max(axis=2)
    middle = float(np.exp(np.log(np.maximum(brightness, 1e-3)).mean()))
    by_middle = rng.uniform(0.14, 0.34) / max(middle, 1e-3)
    by_top = 1.0 / max(float(np.percentile(brightness, rng.uniform(90, 99.7))), 1e-3)
    share = rng.uniform(0.25, 1.0)
    return float(np.exp(share * np.log(by_middle) + (1 - share) * np.log(by_top)) * np.exp(rng.normal(0, 0.2)))
