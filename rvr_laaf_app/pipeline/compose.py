"""One frame from display-referred RGB and its RGBD products to the refocused picture. Blur is in linear light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear, to_linear
from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.core.optics import coc_px
from rvr_laaf_app.core.stopping import stop_if_asked
from rvr_laaf_app.estimate.light import lifted_light
from rvr_laaf_app.estimate.upsample import boost_where_clipped, upsample_disparity
from rvr_laaf_app.pipeline.doubt import doubt_of
from rvr_laaf_app.pipeline.resolve import RenderRequest
from rvr_laaf_app.render.base import BokehRenderer
from rvr_laaf_app.render.coc_kernels import held_coc

HOLD_AT_FULL_GUARD = 2.0  # doubts from the focal plane at which half the blur is left, with the guard at 1


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFrame:
    """A frame ready to be blurred with any focus and any lens: computed once, rendered many times.

    linear [H, W, 3] float32: light with the estimated highlights; disparity [H, W] float32 in 0..1, 1 = nearest.
    doubt [h, w] float32: how far disparity may be off, in disparity, see pipeline.doubt; None = nowhere.
    """

    frame: Frame
    linear: NDArray[np.float32]
    disparity: NDArray[np.float32]
    doubt: NDArray[np.float32] | None = None

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take, for caches."""
        doubt = 0 if self.doubt is None else self.doubt.nbytes
        return self.frame.rgb.nbytes + self.linear.nbytes + self.disparity.nbytes + doubt


def prepare(frame: Frame, rgbd: RgbdFrame, *, highlight_boost: float = 1.0) -> PreparedFrame:
    """Bring disparity and light to the frame's size; `highlight_boost` 0..1 scales the estimated stops."""
    linear = to_linear(frame.rgb, frame.transfer, frame.primaries)
    guide = frame.rgb8
    stop_if_asked()
    disparity = upsample_disparity(rgbd.disparity.astype(np.float32), guide)
    stop_if_asked()
    if highlight_boost > 0 and bool(rgbd.boost_stops.any()):
        places, stops = boost_where_clipped(rgbd.boost_stops.astype(np.float32), guide)
        if highlight_boost != 1.0:
            stops *= np.float32(highlight_boost)
        pixels = linear.reshape(-1, 3)
        if len(places):  # light is lifted pixel by pixel: only those that may gain any are touched
            pixels[places] = lifted_light(pixels[places][:, None], stops[:, None])[:, 0]
    return PreparedFrame(frame, linear, disparity, doubt_of(rgbd, guide))


def blur(prepared: PreparedFrame, request: RenderRequest, renderer: BokehRenderer) -> NDArray[np.float32]:
    """Return the refocused picture in linear light [H, W, 3] float32."""
    stop_if_asked()
    coc = coc_of(prepared, request)
    picture = renderer.render(prepared.linear, coc, aperture=request.aperture, quality=request.quality)
    return picture if request.scale == 1.0 else enlarged(picture, request.scale)


def coc_of(prepared: PreparedFrame, request: RenderRequest) -> NDArray[np.float32]:
    """Return the signed coc diameters [H, W] in pixels, within their limits, held back where depth is doubtful."""
    far, near = request.max_coc_px, min(request.max_coc_px, request.max_near_coc_px)
    if prepared.doubt is None or request.guard <= 0:
        coc = coc_px(prepared.disparity, request.focus_disparity, request.blur_gain_px)
        return np.clip(coc, -far, near, out=coc)
    height, width = prepared.disparity.shape
    doubt = cv2.resize(prepared.doubt, (width, height), interpolation=cv2.INTER_LINEAR)
    coc = np.empty((height, width), np.float32)
    hold = HOLD_AT_FULL_GUARD * request.guard
    held_coc(prepared.disparity, doubt, request.focus_disparity, request.blur_gain_px, hold, far, near, coc)
    return coc


def enlarged(linear: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Return linear light [H, W, 3] enlarged about its centre by `scale` >= 1, cut to the same size.

    Cubic, so that sharpness does not come and go with the scale; kept within the light of the neighbours, so that no
    dark rings form about lamps.
    """
    height, width = linear.shape[:2]
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    back = np.array([[1 / scale, 0.0, centre_x * (1 - 1 / scale)], [0.0, 1 / scale, centre_y * (1 - 1 / scale)]])
    flags, window = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, np.ones((3, 3), np.uint8)

    def warped(picture: NDArray[np.float32], how: int) -> NDArray[np.float32]:
        moved = cv2.warpAffine(picture, back, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)

    nearest = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    pressed = linear / (1.0 + linear)  # nearer to what the eye sees than linear light
    least = warped(np.asarray(cv2.erode(pressed, window), np.float32), nearest)
    most = warped(np.asarray(cv2.dilate(pressed, window), np.float32), nearest)
    moved = np.clip(warped(pressed, flags), least, most)
    result: NDArray[np.float32] = moved / (1.0 - moved)
    return result


def refocus(
    prepared: PreparedFrame, request: RenderRequest, renderer: BokehRenderer
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the refocused picture as the clip encodes it: same size, dtype, transfer and primaries as the frame."""
    frame = prepared.frame
    return from_linear(blur(prepared, request, renderer), frame.transfer, frame.primaries, dtype=frame.rgb.dtype.type)
