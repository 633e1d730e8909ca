"""The settings that a camera advertises, as Controls; what is dangerous, an action or meaningless is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from rvr_laaf_app.camera.base import Control
from rvr_laaf_app.camera.gphoto_drives import Entry
from rvr_laaf_app.core.errors import UsageError

# Actions move something or take a picture when they are "set"; these have methods of their own.
_SECTIONS: Final = frozenset({"settings", "status", "imgsettings", "capturesettings"})
_NEVER: Final = frozenset({"manualfocus", "manualfocusdrive", "autofocusdrive", "capture", "bulb", "movie", "opcode"})
_READ_ONLY: Final = frozenset({"status"})
_FRACTION: Final = re.compile(r"(\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?\s*(?:s|\"|'')?")
_LONGEST_EXPOSURE_S: Final = 3600.0


def by_name(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return the settings by name; of two with the same name the first one counts, as in the library."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry["name"], entry)
    return found


def controls(entries: Iterable[Entry]) -> tuple[Control, ...]:
    """Return what can be shown and set, in the camera's order."""
    return tuple(_control(e) for e in by_name(entries).values() if _is_shown(e))


def _is_shown(entry: Entry) -> bool:
    if entry["section"] not in _SECTIONS or entry["name"] in _NEVER or entry["value"] is None:
        return False
    return entry["kind"] != "choice" or bool(entry["choices"])


def _control(entry: Entry) -> Control:
    name, label = entry["name"], entry["label"]
    read_only = bool(entry["read_only"]) or entry["section"] in _READ_ONLY
    value = entry["value"]
    if entry["kind"] == "range":
        low, high, step = entry["range"]
        return Control(name, label, "range", float(value), float(low), float(high), float(step), read_only=read_only)
    if entry["kind"] == "choice":
        choices = tuple(entry["choices"])
        return Control(name, label, "choice", str(value), choices=choices, read_only=read_only)
    if entry["kind"] == "switch":  # 2 = the camera does not say
        return Control(name, label, "switch", value == 1, read_only=read_only)
    return Control(name, label, "text", str(value), read_only=read_only or entry["kind"] == "date")


def check_value(control: Control, value: float | str | bool) -> float | str | bool:
    """Return the value as it is to be sent; UsageError if it is outside what the camera advertised."""
    if control.read_only:
        raise UsageError(f"{control.label} cannot be changed", where=control.name)
    if control.kind == "choice":
        if str(value) in control.choices:
            return str(value)
        some = ", ".join(control.choices[:12]) + (", ..." if len(control.choices) > 12 else "")
        raise UsageError(f"{control.label} cannot be {value!r}", where=control.name, remedy=f"Choose one of: {some}.")
    if control.kind == "switch":
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise UsageError(f"{control.label} is on or off, not {value!r}", where=control.name)
    if control.kind == "range":
        return _number(control, value)
    if isinstance(value, str) and value.isprintable() and len(value) <= 1024:
        return value
    raise UsageError(f"{control.label} cannot be {value!r}", where=control.name)


def _number(control: Control, value: float | str | bool) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if control.minimum <= number <= control.maximum:
        return number
    raise UsageError(
        f"{control.label} cannot be {value!r}",
        where=control.name,
        remedy=f"Choose {control.minimum:g} to {control.maximum:g}.",
    )


def exposure_s(entries: dict[str, Entry]) -> float:
    """Return how long the set exposure takes, 0 if the camera does not say ("Bulb", "Auto")."""
    for name in ("shutterspeed", "shutterspeed2", "exposuretime"):
        entry: Any = entries.get(name)
        match = _FRACTION.fullmatch(str(entry["value"]).strip()) if entry is not None else None
        if match is not None:
            below = float(match[2] or 1)
            return min(float(match[1]) / below, _LONGEST_EXPOSURE_S) if below else 0.0
    return 0.0
