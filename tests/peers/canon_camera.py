"""The Canon flavour of the network camera: EOS operations for remote mode, live view and steps of the lens by size.

Like a real one it takes a command for the lens, says nothing of whether the lens moved, and is silent at the end.
"""

from __future__ import annotations

import struct
from typing import ClassVar

from tests.peers.ptpip_camera import BUSY, OK, UNSUPPORTED, Answer, Camera, array, text

REMOTE_MODE, EVENT_MODE, GET_EVENT, SET_PROPERTY = 0x9114, 0x9115, 0x9116, 0x9110
STORAGES, STORAGE_INFO, CAPACITY, KEEP_ON = 0x9101, 0x9102, 0x911A, 0x911D
VIEWFINDER, DRIVE_LENS, RELEASE_ON, RELEASE_OFF = 0x9153, 0x9155, 0x9128, 0x9129
NOT_YET = 0xA102
PROPERTIES = [STORAGES, STORAGE_INFO, SET_PROPERTY, REMOTE_MODE, EVENT_MODE, GET_EVENT, CAPACITY, KEEP_ON]
EOS = [*PROPERTIES, VIEWFINDER, DRIVE_LENS, RELEASE_ON, RELEASE_OFF]
STANDARD = [*range(0x1001, 0x100C), 0x1014, 0x1015, 0x1016]
ISO, DESTINATION, OUTPUT, MODE, LENS_NAME, SERIAL = 0xD103, 0xD11C, 0xD1B0, 0xD1B1, 0xD1D8, 0xD1AF
TO_COMPUTER = 2


class CanonCamera(Camera):
    """An EOS whose lens moves by sizes that are no whole multiples of each other."""

    TRUE_SIZES: ClassVar = {1: 2.0, 2: 13.0, 3: 61.0}
    reach = 25.0

    def __init__(self, *, lens: int, best: int, serial: str, plain: bool) -> None:
        super().__init__(lens=lens, best=best, serial=serial, plain=plain)
        self.exact = float(lens)
        self.values: dict[int, bytes] = {
            ISO: struct.pack("<I", 0x48),
            DESTINATION: struct.pack("<I", 4),
            OUTPUT: struct.pack("<I", 0),
            MODE: struct.pack("<I", 0),
            LENS_NAME: b"EF50mm f/1.8 STM\0",
            SERIAL: b"033031006315\0",
        }
        self.changed = list(self.values)

    def answer(self, code: int, p: tuple[int, ...], data: bytes) -> Answer:
        """Do one operation."""
        if code in (REMOTE_MODE, EVENT_MODE, CAPACITY, KEEP_ON):
            if code == EVENT_MODE:  # from now on it tells what changes, and first of all everything
                self.changed = list(self.values)
            return OK, None, ()
        if code == STORAGES:
            return OK, array("I", []), ()
        if code == GET_EVENT:
            return OK, self._events(), ()
        if code == SET_PROPERTY:
            _, number = struct.unpack_from("<II", data)
            self.values[number] = data[8:]
            self.changed.append(number)
            self.live = bool(self.values[OUTPUT][0] & TO_COMPUTER)
            return OK, None, ()
        if code == VIEWFINDER:
            if not self.live:
                return NOT_YET, None, ()
            jpeg = self.jpeg(92)
            return OK, struct.pack("<II", len(jpeg) + 8, 1) + jpeg, ()
        if code == DRIVE_LENS:
            return self._drive_lens(p[0])
        if code in EOS:
            return UNSUPPORTED, None, ()
        return super().answer(code, p, data)

    def _drive_lens(self, command: int) -> Answer:
        if not self.live:
            return BUSY, None, ()
        self.drives += 1
        units = self.TRUE_SIZES[command & 0x7FFF] * (1 if command & 0x8000 else -1)
        self.exact = min(max(self.exact + units, 0.0), float(self.lens_end))
        self.lens = round(self.exact)
        return OK, None, ()

    def _events(self) -> bytes:
        changed, self.changed = self.changed, []
        packed = b""
        for number in changed:
            value = self.values[number]
            packed += struct.pack("<III", 12 + len(value), 0xC189, number) + value
        return packed + struct.pack("<II", 8, 0)

    def _device_info(self) -> bytes:
        return (
            struct.pack("<HIH", 100, 0x0B, 100)
            + text("canon.com: 1.0")
            + struct.pack("<H", 0)
            + array("H", [*STANDARD, *EOS])
            + array("H", [0x4002])
            + array("H", [0x5001])
            + array("H", [0x3801])
            + array("H", [0x3801, 0x3001])
            + text("Canon Inc.")
            + text("Canon EOS Loopback")
            + text("3-1.0")
            + text(self.serial)
        )
