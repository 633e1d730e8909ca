"""The contract of every bokeh renderer, and the list of those that exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.registry import Registry

Quality = Literal["final", "preview"]


@dataclass(frozen=True, slots=True)
class Aperture:
    """Shape of a blurred point of light; the size comes from the circle of confusion.

    blades: 0 = disc, 5..9 = regular polygon turned by rotation_deg (0 = a vertex up).
    squeeze: width over height (below 1 = upright oval, as from an anamorphic lens); area follows the disc's.
    cats_eye: 0..1, how strongly the disc is clipped towards the edges of the picture (optical vignetting).
    """

    blades: int = 0
    rotation_deg: float = 0.0
    squeeze: float = 1.0
    cats_eye: float = 0.0


class BokehRenderer(Protocol):
    """Blur a deep-focus picture as a wide lens would have.

    linear [H, W, 3] float32: light, 1 = display white, highlights above 1 as bright as they were.
    coc_px [H, W] float32: signed circle-of-confusion diameter in pixels of this picture, positive in front of the
        focal plane, 0 = sharp.
    Returns linear [H, W, 3] float32. Same input gives the same output. Non-finite input is refused with ValueError.
    """

    name: str
    version: str

    def render(
        self,
        linear: NDArray[np.float32],
        coc_px: NDArray[np.float32],
        *,
        aperture: Aperture,
        quality: Quality,
    ) -> NDArray[np.float32]:
        """Return the picture with shallow depth of field."""
        ...


RENDERERS: Registry[BokehRenderer] = Registry(
    "bokeh renderer",
    {
        "spans": "rvr_laaf_app.render.spans:SpanRenderer",
        "torch": "rvr_laaf_app.render.torch_layers:TorchRenderer",
        "reference": "rvr_laaf_app.render.reference:ReferenceRenderer",
    },
)
DEFAULT_RENDERER = "spans"
