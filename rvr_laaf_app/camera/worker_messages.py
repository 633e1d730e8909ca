"""The messages between a camera and the process that holds its library: a JSON head and, after it, raw bytes.

Each message is two big-endian 32-bit lengths, the head (UTF-8 JSON object) and the body (a picture, mostly empty).
Requests: {"id", "call", "limit_s", "arguments"}; answers: {"id", "result"} or {"id", "error": {"code", "text",
"detail"}}. Nothing here knows cameras.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any, Final

MAX_HEAD_BYTES: Final = 1 << 24
MAX_BODY_BYTES: Final = 1 << 30
_LENGTHS: Final = struct.Struct(">II")

Head = dict[str, Any]  # what JSON can hold


class BrokenMessage(Exception):
    """What came is not a message: the other side wrote something else or died half-way."""


def pack(head: Head, body: bytes = b"") -> bytes:
    """Return the message as bytes; a head or body beyond the limits raises BrokenMessage."""
    text = json.dumps(head, separators=(",", ":")).encode()
    if len(text) > MAX_HEAD_BYTES or len(body) > MAX_BODY_BYTES:
        raise BrokenMessage(f"a message of {len(text)} + {len(body)} bytes is too long")
    return _LENGTHS.pack(len(text), len(body)) + text + body


def read_message(stream: IO[bytes]) -> tuple[Head, bytes] | None:
    """Read the next message, or None at the end of the stream; raise BrokenMessage for anything else."""
    lengths = stream.read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise BrokenMessage("the stream ends within a length")
    head_bytes, body_bytes = _LENGTHS.unpack(lengths)
    if head_bytes > MAX_HEAD_BYTES or body_bytes > MAX_BODY_BYTES:
        raise BrokenMessage(f"a message of {head_bytes} + {body_bytes} bytes is announced")
    text, body = stream.read(head_bytes), stream.read(body_bytes)
    if len(text) < head_bytes or len(body) < body_bytes:
        raise BrokenMessage("the stream ends within a message")
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenMessage("the head of a message is no JSON") from error
    if not isinstance(head, dict):
        raise BrokenMessage("the head of a message is no JSON object")
    return head, body
