"""What the error codes and log lines of libgphoto2 mean for the user. No device is touched here.

Codes alone do not tell: -113 is the end of the lens as well as a step too small for the motor; the words that the
driver says beside them do (matched without regard to case). "Card full" mostly comes as the general -1: see `_is_full`
of the camera.
"""

from __future__ import annotations

import os
import re
from typing import Final

from rvr_laaf_app.camera.base import CameraBusy, CameraError, CameraGone, CardFull, EndStop, NotOffered
from rvr_laaf_app.camera.worker_link import LinkLost, Refused

GONE: Final = {-5, -7, -10, -20, -21, -31, -34, -35, -37, -51, -52, -70, -105, -114}
HELD: Final = {-53, -60}
BUSY: Final = -110
NO_SPACE: Final = -115
CAMERA_ERROR: Final = -113
UNSPECIFIED: Final = -1
NOT_OFFERED: Final = {-2, -6}
PLUG: Final = "Check cable, power and connection, then connect it again."
HELD_REMEDY: Final = (
    "Another program holds it: close other camera programs and unmount the camera in the file manager "
    "(on GNOME: `gio mount -s gphoto2`)."
)
RIGHTS_REMEDY: Final = (
    "You may not use this USB device: install udev rules for cameras (package libgphoto2-6, or see README), then plug "
    "the camera in again."
)
_CARD_FULL: Final = re.compile(r"store.?full|0x200c|no space|memory card.{0,20}full", re.IGNORECASE)
_NO_CARD: Final = re.compile(r"no (memory )?card|store.?not.?available|0x2013", re.IGNORECASE)
_END: Final = re.compile(r"at limit|step.?end|0xa00c", re.IGNORECASE)
_TOO_SMALL: Final = re.compile(r"too small|insufficien|0xa00e", re.IGNORECASE)
_NO_LIVE: Final = re.compile(r"not.?live.?view|only in live.?view|0xa00b", re.IGNORECASE)
_NO_FOCUS: Final = re.compile(r"out of focus|0xa002", re.IGNORECASE)


class NeedsLiveView(CameraError):
    """The lens can only be driven while the live view runs."""


class StepTooSmall(CameraError):
    """The motor does not move for so few steps."""


def lost(error: LinkLost, name: str) -> CameraGone:
    """Return the error for a camera whose worker process hung or died."""
    what = "the camera does not answer any more" if error.hung else "the connection to the camera broke down"
    return CameraGone(what, where=name, remedy=PLUG)


def gone(name: str) -> CameraGone:
    """Return the error for a camera that was unplugged or switched off."""
    return CameraGone("the camera is not there any more", where=name, remedy=PLUG)


def card_full(name: str) -> CardFull:
    """Return the error for a camera without room."""
    return CardFull("no room for another picture", where=name, remedy="Change the card or delete pictures.")


def meaning(error: Refused, name: str, port: str = "") -> CameraError:
    """Return the error of our family that an answer of the library stands for."""
    said = f"{error.text} {error.detail}"
    if error.code == NO_SPACE or _CARD_FULL.search(said):
        return card_full(name)
    if error.code == BUSY:
        return CameraBusy("the camera is busy", where=name, remedy="Try again in a moment.")
    if error.code in HELD:
        return CameraBusy("the camera cannot be used", where=name, remedy=HELD_REMEDY)
    if error.code in GONE:
        if may_not_use(port):
            return CameraBusy("the camera cannot be used", where=name, remedy=RIGHTS_REMEDY)
        return gone(name)
    if _END.search(said):
        return EndStop("the lens is at its end", where=name, remedy="Drive it the other way.")
    if _TOO_SMALL.search(said):
        return StepTooSmall("the lens cannot make so small a step", where=name, remedy="Drive it further at once.")
    if _NO_LIVE.search(said):
        return NeedsLiveView("the lens moves only while the live view runs", where=name)
    if _NO_CARD.search(said):
        return CameraError("there is no memory card", where=name, remedy="Put one in, or capture to the computer.")
    if _NO_FOCUS.search(said):
        return CameraError("the camera refused to take a picture out of focus", where=name, remedy="Set it to manual.")
    if error.code in NOT_OFFERED:
        return NotOffered("the camera does not offer that", where=name)
    return CameraError(f"the camera refused: {error.text.lower()} ({error.code})", where=name)


def may_not_use(port: str) -> bool:
    """True if the USB device of a port ("usb:001,005") is there but this user has no right to write to it."""
    match = re.fullmatch(r"usb:(\d+),(\d+)", port)
    if match is None:
        return False
    device = f"/dev/bus/usb/{int(match[1]):03d}/{int(match[2]):03d}"
    return os.path.exists(device) and not os.access(device, os.W_OK)
