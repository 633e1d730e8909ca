"""Between the live pictures and what shows them: picture, overlay, histogram, and what the camera's state means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from rvr_laaf_app.ui.capture.live_look import LiveLook, LiveLooker, LookWish
from rvr_laaf_app.ui.capture.live_overlay import LiveMarks
from rvr_laaf_app.ui.capture.state_banner import Notice
from rvr_laaf_app.ui.qt_image import to_qimage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState, SweepEvent
    from rvr_laaf_app.pipeline.capture_region import RegionFollower
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.capture.window import CaptureWindow

_STILLS: Final = ("sweep", "calibrate")  # tasks during which the live view rests


class LiveControl(QObject):
    """Holds the last look, and which overlays are wanted."""

    looked = Signal(object)  # LiveLook
    camera_changed = Signal()  # to another one, or to none

    def __init__(self, window: CaptureWindow, capture: Capture, region: RegionFollower, bridge: GuiBridge) -> None:
        super().__init__(window)
        self._window, self._capture = window, capture
        self._looks: LiveLook | None = None
        self._waiting: LiveLook | None = None
        self._size = (0, 0)
        self._map = self._bars = self._peaking = False
        self._sharp: NDArray[np.float32] | None = None
        self._state: CaptureState | None = None
        self._span = 0.0
        self._post = bridge.post
        self.looker = LiveLooker(region, self._told)
        capture.sinks.append(self.looker.take)

    @property
    def look(self) -> LiveLook | None:
        """The last live picture."""
        return self._looks

    def show_overlays(self, *, peaking: bool, zone_map: bool, bars: bool) -> None:
        """Choose what lies over the picture."""
        self._peaking, self._map, self._bars = peaking, zone_map, bars
        self.looker.wish(LookWish(peaking=peaking, zones=zone_map or bars))
        self._show_marks()

    def show_span(self, steps: float) -> None:
        """Take how many steps look sharp at once: the unit of the distances."""
        self._span = steps
        self._show_marks()

    def captured(self, event: SweepEvent) -> None:
        """Show the newest picture of a stack, and what is sharp already in one of them."""
        self._sharp = event.sharp
        if event.small is not None:
            self._show_image(to_qimage(event.small))
        self._show_marks()

    def reset(self) -> None:
        """Another camera, or none."""
        self._looks, self._sharp, self._size = None, None, (0, 0)
        self._window.picture.set_aspect(0, 0)
        self._window.histogram.show_histogram(None)
        self.looker.forget()
        self._show_marks()

    # From the worker's thread: the newest look waits for the GUI thread, older ones are dropped.

    def _told(self, look: LiveLook) -> None:
        waiting, self._waiting = self._waiting, look
        if waiting is None:
            self._post(self._take)

    def _take(self) -> None:
        look, self._waiting = self._waiting, None
        if look is None or self._state is None or self._state.phase in ("none", "opening"):
            return
        self._looks = look
        if self._state.task not in _STILLS:
            self._show_image(look.image)
        self._window.histogram.show_histogram(look.histogram)
        self._show_marks()
        self._show_line()
        self.looked.emit(look)

    def _show_image(self, image: QImage) -> None:
        size = image.width(), image.height()
        if size != self._size:
            self._size = size
            self._window.picture.set_aspect(*size)
        self._window.picture.set_image(image)

    # Showing

    def _show_marks(self) -> None:
        look = self._looks
        if look is None:
            self._window.overlay.show_marks(LiveMarks())
            return
        zones, signed = None, True
        if look.zones is not None and self._span > 0:
            drive = self._state.drive if self._state is not None else None
            sign = -1.0 if drive is None or drive.near_is_low else 1.0
            zones, signed = look.zones.steps * (sign / self._span), look.zones.signed
        capturing = self._state is not None and self._state.task in _STILLS
        self._window.overlay.show_marks(
            LiveMarks(
                peaking=look.peaking if self._peaking else None,
                zones=zones,
                signed=signed,
                show_map=self._map,
                show_bars=self._bars,
                sharp=self._sharp if capturing else None,
                region=None if capturing else look.region,
                region_text="" if look.region_known else self.tr("lost"),
                region_known=look.region_known,
                faces=look.faces,
            )
        )
        self._window.picture.set_legend(self._legend(known=zones is not None, signed=signed))

    def _legend(self, *, known: bool, signed: bool) -> str:
        if not (self._map or self._bars):
            return ""
        if not known:
            return self.tr("Distances appear as the lens moves through focus")
        if not signed:
            return self.tr("estimated from this picture: green in focus; front or behind shows when the lens moves")
        return self.tr("measured: green in focus, blue in front, amber behind")

    def show_state(self, state: CaptureState) -> None:
        """Show what the camera's state is, in words and by the banner."""
        former, self._state = self._state, state
        if state.task not in _STILLS:
            self._sharp = None
        self._window.show_camera(state.info)
        self._window.show_working(state.phase != "none")
        self._window.banner.show_notice(self._notice(state))
        if _who(former) != _who(state):
            self.reset()
            self.camera_changed.emit()
        self._show_line()
        self._show_marks()

    def _show_line(self) -> None:
        state, look = self._state, self._looks
        if state is None or state.info is None:
            self._window.live.setText("")
            return
        texts = {
            "opening": self.tr("Connecting…"), "busy": self.tr("Busy"), "gone": self.tr("Disconnected"),
            "card_full": self.tr("Card full"),
        }  # fmt: skip
        text = texts.get(state.phase, self.tr("Capturing") if state.task in _STILLS else "")
        if not text and look is not None:
            rate = f"{look.fps:.0f}" if look.fps >= 9.5 else f"{look.fps:.1f}"
            text = self.tr("Live  {0} fps  {1} × {2}").replace("{0}", rate)
            text = text.replace("{1}", str(self._size[0])).replace("{2}", str(self._size[1]))
        self._window.live.setText(text or self.tr("Waiting for a picture…"))

    def _notice(self, state: CaptureState) -> Notice | None:
        safe = self.tr("What was captured is safe.") if state.task == "sweep" else ""
        goes_on = self.tr("The capture goes on by itself.") if state.task == "sweep" else ""
        if state.phase == "gone":
            text = self.tr("Plug it in again or switch it on; it is found by itself, at any port.")
            return Notice(
                "problem", self.tr("The camera is disconnected"), " ".join(t for t in (text, safe, goes_on) if t),
                self.tr("Use Another"), "leave",
            )  # fmt: skip
        if state.phase == "card_full":
            text = self.tr("Change the card or delete pictures on it.")
            return Notice("problem", self.tr("The card is full"), " ".join(t for t in (text, safe, goes_on) if t))
        if state.phase == "busy":
            text = state.message or self.tr("Another program may hold it.")
            return Notice("wait", self.tr("The camera is busy"), f"{text} {goes_on}".strip())
        if state.phase == "opening" and state.message:
            return Notice(
                "wait", self.tr("The camera does not answer yet"), state.message, self.tr("Use Another"), "leave"
            )
        if state.phase == "live" and state.message and state.task in ("", "sweep"):
            return Notice("wait", state.message, "", self.tr("Dismiss"), "dismiss")
        return None


def _who(state: CaptureState | None) -> str:
    """Return what stays the same when a camera comes back at another port."""
    from rvr_laaf_app.camera.finding import identity

    return "" if state is None or state.info is None else identity(state.info)
