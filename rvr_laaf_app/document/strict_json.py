"""JSON read with distrust: bounded in size and depth, no NaN, no duplicate keys; and values taken out by name and kind.

Every refusal is a ValueError that names the field. It knows nothing of projects.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

JsonObject = dict[str, Any]

MAX_BYTES = 256 * 2**20  # many clips with long tracks: half an hour of one subject is 1.4 MB
MAX_PARTS = 2_000_000  # brackets and commas: what makes parsing slow and memory large
MAX_DEPTH = 32
MAX_INTEGER_DIGITS = 20


def read_bytes(path: Path, *, most: int = MAX_BYTES) -> bytes:
    """Return the content of an ordinary file of at most `most` bytes; ValueError for others (a device never ends)."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("it is not a regular file")
        if facts.st_size > most:
            raise ValueError(f"it is larger than {most // 2**20} MiB")
        return file.read(most + 1)


def parse_object(data: bytes) -> JsonObject:
    """Parse one JSON object from UTF-8 text in bounded time and memory; raise ValueError for everything else."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    if sum(data.count(mark) for mark in (b"[", b"{", b",")) > MAX_PARTS:
        raise ValueError(f"it has more than {MAX_PARTS} parts")
    try:
        text = data.decode("utf-8-sig")
        parsed = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_real,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"it holds {_kind(parsed)}, not an object")
    check_depth(parsed)
    return parsed


def check_depth(value: object, limit: int = MAX_DEPTH) -> None:
    """Raise ValueError if containers are nested deeper than `limit`, whatever the depth (no recursion here)."""
    level, depth = [value], 0
    while level:
        depth += 1
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(v for v in item.values() if isinstance(v, dict | list))
            elif isinstance(item, list):
                inner.extend(v for v in item if isinstance(v, dict | list))
        if depth > limit and inner:
            raise ValueError("it is nested too deeply")
        level = inner


class Fields:
    """The values of one JSON object, taken one by one; what was not taken is `rest`."""

    def __init__(self, values: object, where: str = "") -> None:
        if not isinstance(values, dict):
            raise ValueError(f"{where or 'it'} must be an object, not {_kind(values)}")
        self._values: JsonObject = values
        self._where = where
        self._taken: set[str] = set()

    def name(self, key: str) -> str:
        """Return the full name of a field, for messages."""
        return f"{self._where}.{key}" if self._where else key

    def has(self, key: str) -> bool:
        """True if the object has this key with a value other than null."""
        self._taken.add(key)
        return self._values.get(key) is not None

    def raw(self, key: str) -> object:
        """Return a value as it is, None if absent."""
        self._taken.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        return self._take(key, str, "text", default)  # type: ignore[no-any-return]

    def integer(self, key: str, default: int | None = None) -> int:
        """Return a whole number (true and 1.5 are none)."""
        return self._take(key, int, "a whole number", default)  # type: ignore[no-any-return]

    def real(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self._take(key, (int, float), "a number", default)
        return _finite(value, self.name(key))

    def optional_real(self, key: str) -> float | None:
        """Return a finite number, or None for null or a missing key."""
        return self.real(key) if self.has(key) else None

    def reals(self, key: str, count: int) -> tuple[float, ...]:
        """Return a list of exactly `count` finite numbers."""
        values = self._take(key, list, "a list", None)
        if len(values) != count:
            raise ValueError(f"{self.name(key)} must have {count} numbers, not {len(values)}")
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{self.name(key)} must hold numbers, not {_kind(value)}")
        return tuple(_finite(v, self.name(key)) for v in values)

    def items(self, key: str) -> list[object]:
        """Return a list, empty if absent."""
        return self._take(key, list, "a list", [])  # type: ignore[no-any-return]

    def inner(self, key: str) -> Fields:
        """Return the fields of an object inside this one, empty if absent."""
        return Fields(self._take(key, dict, "an object", {}), self.name(key))

    def rest(self) -> JsonObject:
        """Return what nobody asked for."""
        return {k: v for k, v in self._values.items() if k not in self._taken}

    def _take(self, key: str, kind: type | tuple[type, ...], title: str, default: object) -> Any:
        self._taken.add(key)
        if key not in self._values:
            if default is None:
                raise ValueError(f"{self.name(key)} is missing")
            return default
        value = self._values[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{self.name(key)} must be {title}, not {_kind(value)}")
        return value


def _finite(value: float, name: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number")
    return number


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise ValueError(f"{twice[:80]!r} occurs twice in one object")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that can be used")


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise ValueError(f"the number {text[:20]}... is too large")
    return int(text)


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number
