"""How each make drives its lens over PTP, read from what the camera advertises. Pure tables and arithmetic, no device.

Steps are counted in the camera's smallest step, positive towards far. Nikon takes a number of motor steps and says
when the end is reached. Canon, Olympus and Panasonic know two or three sizes of step, Sony seven; how many small steps
a large one is worth is not published and differs from lens to lens, so `StepSizes` are an assumption until they have
been learned by looking (`gphoto_steps`). Only Olympus' ratio is known (3, 14 and 60 units in its command).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rvr_laaf_app.camera.base import FocusDrive

NIKON_MOST: Final = 32767
MOST_COMMANDS: Final = 60  # in one drive; more takes longer than anybody waits
_SIZE: Final = re.compile(r"(\D+) (\d+)")  # "Near 1", in whatever language

Entry = Mapping[str, Any]  # one setting as the worker describes it


@dataclass(frozen=True, slots=True)
class LensDrive:
    """The lens drive of one camera.

    style "range": the value is a signed number of steps; "sizes": each command is one step of a size; "absolute": the
    value is a position. sizes: command value towards far -> worth in smallest steps (near is the same, other way).
    pause_s: the least time between two commands; rest: the value to go back to between them.
    read_back: the setting, if any, that says where the lens is (Sony: 0 near .. 100 far), too coarse to drive by.
    """

    setting: str
    style: Literal["range", "sizes", "absolute"]
    make: str
    minimum: int = 0
    maximum: int = 0
    sizes: Mapping[int, int] = field(default_factory=dict)
    learned: bool = False
    pause_s: float = 0.0
    settle_s: float = 0.1
    rest: str | None = None
    words: tuple[str, str] = ("Near", "Far")
    needs_live_view: bool = False
    says_end: bool = False
    read_back: str | None = None
    smallest: int = 1

    def focus_drive(self) -> FocusDrive:
        """Return it in the words of the contract."""
        if self.style == "absolute":
            return FocusDrive(
                "absolute", self.minimum, self.maximum, step=self.smallest, reads_back=True, settle_s=self.settle_s
            )
        known: Literal["assumed", "learned"] = "learned" if self.learned else "assumed"
        sizes = known if self.style == "sizes" and len(self.sizes) > 1 else ""
        return FocusDrive("relative", step=self.smallest, settle_s=self.settle_s, sizes=sizes)

    def word(self, size: int, *, to_far: bool) -> int | str:
        """Return the value that makes one step of a size."""
        if self.setting == "manualfocus":
            return size if to_far else -size
        return f"{self.words[to_far]} {size}"


# What the larger sizes are worth in the smallest one until it has been learned. Olympus: from its command. Sony: users
# count 50 of size 3 to one of size 7, a factor 2.66 from size to size if that is even. Others: a guess of that order.
_SONY_RATIO: Final = 50 ** (1 / 4)
ASSUMED_SIZES: Final[dict[str, dict[int, int]]] = {
    "Canon": {1: 1, 2: 5, 3: 25},
    "Olympus": {1: 1, 2: 5, 3: 20},
    "Panasonic": {1: 1, 2: 8},
    "Sony": {size: round(_SONY_RATIO ** (size - 1)) for size in range(1, 8)},
}
_PAUSES_S: Final = {"Canon": 0.15, "Olympus": 0.1, "Panasonic": 0.1, "Sony": 0.3}


def find_drive(entries: Mapping[str, Entry], manufacturer: str = "") -> LensDrive | None:
    """Return the lens drive among the advertised settings; None if the lens can only be focused by hand."""
    manual = entries.get("manualfocusdrive")
    if manual is not None and manual["kind"] == "choice":
        return _by_sizes("manualfocusdrive", manual, manufacturer)
    if manual is not None and manual["kind"] == "range":
        return _by_range(manual, manufacturer)
    nudge = entries.get("manualfocus")  # Sony; on other makes a switch or a choice of that name means something else
    if nudge is not None and nudge["kind"] == "range" and nudge["range"][0] < 0 < nudge["range"][1]:
        most = int(nudge["range"][1])
        sizes = {size: worth for size, worth in ASSUMED_SIZES["Sony"].items() if size <= most}
        return LensDrive(
            "manualfocus",
            "sizes",
            "Sony",
            sizes=sizes,
            pause_s=_PAUSES_S["Sony"],
            settle_s=0.3,
            read_back="focalposition" if "focalposition" in entries else None,
        )
    return None


def _make_of(entry: Entry, manufacturer: str) -> str:
    text = f"{entry['label']} {manufacturer}"
    for make in ("Canon", "Nikon", "Olympus", "Panasonic", "Fuji", "Sony"):
        if make.lower() in text.lower():
            return make
    return "Olympus" if "OM Digital" in text else ""


def _by_sizes(setting: str, entry: Entry, manufacturer: str) -> LensDrive | None:
    choices = entry["choices"]
    steps = [(m[1], int(m[2])) for choice in choices if (m := _SIZE.fullmatch(choice))]
    near, far = (steps[0][0], steps[-1][0]) if steps else ("", "")  # listed from near to far, "None" between
    found = {size for word, size in steps if word == far}
    if near == far or found != {size for word, size in steps if word == near}:
        return None
    others = [choice for choice in choices if not _SIZE.fullmatch(choice)]
    make = _make_of(entry, manufacturer)
    assumed = ASSUMED_SIZES.get(make, ASSUMED_SIZES["Canon"])
    sizes = {size: assumed[size] for size in sorted(found) if size in assumed}
    return LensDrive(
        setting,
        "sizes",
        make or "unknown make",
        sizes=sizes,
        pause_s=_PAUSES_S.get(make, 0.15),
        settle_s=0.25,
        # The library sends a command only for a *changed* value.
        rest=others[0] if others else None,
        words=(near, far),
        needs_live_view=True,
    )


def _by_range(entry: Entry, manufacturer: str) -> LensDrive | None:
    low, high, step = (int(v) for v in entry["range"])
    make = _make_of(entry, manufacturer)
    if make == "Fuji":  # here the same name is a position, read back from the lens
        if low >= high:
            return None
        return LensDrive(
            "manualfocusdrive", "absolute", make, minimum=low, maximum=high, smallest=max(step, 1), settle_s=0.2
        )
    if not low < 0 < high:
        return None
    return LensDrive(
        "manualfocusdrive",
        "range",
        make or "unknown make",
        minimum=max(low, -NIKON_MOST),
        maximum=min(high, NIKON_MOST),
        settle_s=0.1,
        needs_live_view=True,
        says_end=make == "Nikon",
    )


def commands(drive: LensDrive, steps: int) -> tuple[Sequence[int | str], int]:
    """Return the values to set one after the other for a drive of so many steps, and the steps that they add up to.

    With sizes, the largest fitting one is used again and again, then the next; what is left under half of the smallest
    one is not driven. Too long a drive is cut off at MOST_COMMANDS commands.
    """
    if drive.style == "range":
        most = drive.maximum if steps > 0 else -drive.minimum
        whole, rest = divmod(abs(steps), most)
        parts = [most] * whole + ([rest] if rest else [])
        sign = 1 if steps > 0 else -1
        return [sign * part for part in parts], steps
    words: list[int | str] = []
    done = 0
    for size, worth in sorted(drive.sizes.items(), key=lambda item: -item[1]):
        times = min((abs(steps) - done) // worth, MOST_COMMANDS - len(words))
        words += [drive.word(size, to_far=steps > 0)] * times
        done += times * worth
    return words, done if steps > 0 else -done
