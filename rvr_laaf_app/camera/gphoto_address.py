"""Where a camera is: "usb:001,005", "serial:2005432" or "ptpip:192.168.1.1", and what the system knows of USB devices.

A USB address changes whenever a camera is switched off and on; so a camera with a proper serial number in its USB
descriptor (read from sysfs, Linux only, without opening anything) is addressed by that.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rvr_laaf_app.core.errors import UsageError

PTPIP_PORT: Final = 15740
PTPIP_MODEL: Final = "PTP/IP Camera"
USB_DEVICES: Final = Path("/sys/bus/usb/devices")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")
_USB: Final = re.compile(r"usb:(\d{3}),(\d{3})|usb:")
_FORMS: Final = 'Use "usb:BUS,DEVICE", "serial:NUMBER" or "ptpip:HOST[:PORT]".'


def check_address(address: str) -> str:
    """Return the address in full form; UsageError if it makes no sense.

    PTP/IP opens a second connection for events: unless its port is named (third field) it is the first one's, since the
    library would dial 15740 for it whatever the first one is.
    """
    kind, _, rest = address.partition(":")
    if kind == "ptpip":
        fields = rest.split(":")
        ports = fields[1:] or [str(PTPIP_PORT)]
        if not _HOST.fullmatch(fields[0]) or len(ports) > 2 or not all(_is_port(p) for p in ports):
            raise UsageError("that is no address of a network camera", where=address, remedy=_FORMS)
        return ":".join(["ptpip", fields[0], ports[0], ports[-1]])
    if (kind == "usb" and _USB.fullmatch(address)) or (kind == "serial" and is_serial(rest)):
        return address
    raise UsageError("that is no address of a camera", where=address, remedy=_FORMS)


def numeric(address: str) -> str:
    """Return a PTP/IP address with its host name looked up (the library takes numbers only); OSError if unknown."""
    kind, host, *ports = address.split(":")
    if kind != "ptpip":
        return address
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        import socket

        host = socket.gethostbyname(host)
    return ":".join([kind, host, *ports])


def is_serial(text: str) -> bool:
    """True if this can tell two cameras apart: some give nothing but zeros."""
    return bool(text.strip("0Xx ")) and text.isprintable() and len(text) <= 128


def serials_by_port(devices: Path = USB_DEVICES) -> dict[str, str]:
    """Return the serial numbers in USB descriptors by port name ("usb:001,005"); those of several devices are left out.

    Empty where the system does not tell (not Linux).
    """
    found: dict[str, str] = {}
    for device in _entries(devices):
        bus, number, serial = (_text(device / name) for name in ("busnum", "devnum", "serial"))
        if bus.isdigit() and number.isdigit() and is_serial(serial):
            found[f"usb:{int(bus):03d},{int(number):03d}"] = serial.strip()
    times = Counter(found.values())
    return {port: serial for port, serial in found.items() if times[serial] == 1}


def bus_state(devices: Path = USB_DEVICES) -> tuple[str, ...] | None:
    """Return something that changes whenever a USB device comes or goes; None where the system does not tell."""
    entries = _entries(devices)
    return tuple(sorted(f"{d.name}={_text(d / 'devnum')}" for d in entries)) if entries else None


def _entries(devices: Path) -> Sequence[Path]:
    try:
        return list(devices.iterdir())
    except OSError:
        return ()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _is_port(text: str) -> bool:
    return text.isdigit() and 0 < int(text) < 65536
