"""How project files of older versions become files of this one: one function per step, applied in a chain.

A step takes the JSON values of schema n and returns those of schema n + 1. tests/baselines holds a file of each
version ever written; each must open for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rvr_laaf_app.document.strict_json import JsonObject

CURRENT = 2
Step = Callable[[JsonObject], JsonObject]
_FILE_FIELDS = ("generation", "program")  # of the file, not of what was edited

_SCHEMA = re.compile(r"Project\.([1-9]\d{0,8})")


class NewerSchemaError(ValueError):
    """The file comes from a newer version: what its fields mean cannot be known here."""


def schema_name(number: int = CURRENT) -> str:
    """Return the text that names a schema in files."""
    return f"Project.{number}"


def upgrade(values: JsonObject, *, steps: dict[int, Step] | None = None, current: int = CURRENT) -> JsonObject:
    """Return the values in the current schema, without the field "schema". Raises ValueError, NewerSchemaError."""
    chain = STEPS if steps is None else steps
    named = values.get("schema")
    found = _SCHEMA.fullmatch(named) if isinstance(named, str) else None
    if found is None:
        raise ValueError("schema must be text like 'Project.1'")
    number = int(found[1])
    if number > current:
        raise NewerSchemaError(f"schema is {named}, which is newer than {schema_name(current)}")
    upgraded = {k: v for k, v in values.items() if k != "schema"}
    for step in range(number, current):
        upgraded = chain[step](upgraded)
    return upgraded


def _several_clips(values: JsonObject) -> JsonObject:
    """1 -> 2: what was the whole project is its first clip; fields that nobody knows belong to that clip."""
    head = {k: values[k] for k in _FILE_FIELDS if k in values}
    clip = {k: v for k, v in values.items() if k not in (*_FILE_FIELDS, "id", "name")}
    return {**head, "shown": "c1", "clips": [{"id": "c1", "name": "", **clip}]}


STEPS: dict[int, Step] = {1: _several_clips}  # n -> the step from n to n + 1
