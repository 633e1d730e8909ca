"""Which clips teach and which are held out: whole clips only, drawn by chance that is the same on every machine.

A clip that was given a side keeps it for ever, so a network never learns from what later measures it; clips that are
added go to the held-out side until enough lie there. Whether a clip may be used at all is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from rvr_laaf_app.annotation.encoding import check_schema
from rvr_laaf_app.annotation.schema import KEY_CHARS, MAX_CLIPS, SCHEMA
from rvr_laaf_app.annotation.store import FOLDER
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.strict_json import Fields, parse_object, read_bytes

HELD_OUT: Final = 40  # rvr-laaf.txt, section 6: 40 of 419 clips
ONE_IN: Final = 5  # of fewer clips than HELD_OUT * ONE_IN, every fifth is held out
SPLIT_FILE: Final = "split.json"


def split_clips(keys: Collection[str], before: Mapping[str, str], *, held_out: int = HELD_OUT) -> dict[str, str]:
    """Return "train" or "test" for every key (ClipIdentity.pictures) and all of `before`, which stay as they are.

    Of n clips, min(held_out, n // 5) are wanted for testing; only new ones can be given to it.
    """
    sides = dict(before)
    new = sorted((k for k in set(keys) if k not in sides), key=_draw)
    wanted = min(held_out, len({*keys, *before}) // ONE_IN)
    for key in new:
        held = sum(side == "test" for side in sides.values())
        sides[key] = "test" if held < wanted else "train"
    return sides


def load_split(folder: Path) -> dict[str, str]:
    """Return the recorded split of a folder of clips, {} if there is none; ProjectError if it cannot be read.

    A damaged record is never taken for an empty one: that would give clips another side.
    """
    path = folder / FOLDER / SPLIT_FILE
    try:
        fields = Fields(parse_object(read_bytes(path)))
        check_schema(fields)
        sides: dict[str, str] = {}
        for side in ("train", "test"):
            for key in fields.items(side):
                if not isinstance(key, str) or len(key) != KEY_CHARS or key in sides:
                    raise ValueError(f"{side} holds what is no clip, or one twice")
                sides[key] = side
        if len(sides) > MAX_CLIPS:
            raise ValueError(f"it has more than {MAX_CLIPS} clips")
        return sides
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        what = f"the record of which clips are held out cannot be read: {error}"
        raise ProjectError(
            what, where=path, remedy="Bring it back from a copy: a new one would mix the sides."
        ) from error


def save_split(folder: Path, sides: Mapping[str, str]) -> None:
    """Record a split, atomically."""
    path = folder / FOLDER / SPLIT_FILE
    values = {"schema": SCHEMA, **{s: sorted(k for k, v in sides.items() if v == s) for s in ("train", "test")}}
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, (json.dumps(values, indent=1) + "\n").encode())
    except OSError as error:
        raise ProjectError(f"the split cannot be written ({error.strerror or error})", where=path) from error


def _draw(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"vaf-split").hexdigest()
