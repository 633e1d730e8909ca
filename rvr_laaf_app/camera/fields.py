"""Strict reading of the small JSON files of this room: bounded, no NaN, no duplicate keys, values taken by kind.

Every refusal is a ValueError that names the field; the callers say which file it was. It knows nothing of what the
values mean.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Final, NoReturn

MAX_BYTES: Final = 64 * 2**20
MAX_DEPTH: Final = 8


def read_object(path: Path, *, most: int = MAX_BYTES) -> dict[str, object]:
    """Return the one JSON object in a regular file of at most `most` bytes; OSError or ValueError otherwise."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("it is not a regular file")
        if facts.st_size > most:
            raise ValueError(f"it is larger than {most // 2**20} MiB")
        return parse_object(file.read(most + 1))


def parse_object(data: bytes) -> dict[str, object]:
    """Parse UTF-8 text that is one JSON object."""
    if _depth(data) > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    try:
        parsed = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} in line {error.lineno}") from None
    if not isinstance(parsed, dict):
        raise ValueError("it does not hold one object")
    return parsed


def text(values: dict[str, object], name: str, default: str | None = None) -> str:
    """Return a string; `default` stands in for a missing key or null."""
    value = _take(values, name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def integer(value: object, name: str) -> int:
    """Return a whole number of at most 52 bits (true and 1.5 are none)."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**52:
        raise ValueError(f"{name} must be a whole number")
    return value


def real(value: object, name: str) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number")
    return float(value)


def switch(values: dict[str, object], name: str, default: bool) -> bool:
    """Return true or false."""
    value = _take(values, name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


def items(values: dict[str, object], name: str) -> list[object]:
    """Return a list; empty for a missing key or null."""
    value = _take(values, name, [])
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    return value


def integers(values: dict[str, object], name: str) -> tuple[int, ...]:
    """Return a list of whole numbers; empty for a missing key or null."""
    return tuple(integer(v, f"{name}[{i}]") for i, v in enumerate(items(values, name)))


def _take(values: dict[str, object], name: str, default: object) -> object:
    value = values.get(name)
    if value is None:
        if default is None:
            raise ValueError(f"{name} is missing")
        return default
    return value


def _depth(data: bytes) -> int:
    """Deepest nesting of brackets outside of texts; the parser itself would exhaust the stack."""
    depth = deepest = 0
    inside = escaped = False
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return 0
    for code in data:
        if inside:
            inside = escaped or code != 0x22
            escaped = not escaped and code == 0x5C
        elif code == 0x22:
            inside = True
        elif code in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif code in b"]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return values


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that can be used")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(f"the number {digits[:20]}... is too large")
    return int(digits)
