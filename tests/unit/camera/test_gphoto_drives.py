"""The lens drive of each make, from what the camera advertises: our own examples and dumps of real cameras."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rvr_laaf_app.camera.gphoto_drives import MOST_COMMANDS, NIKON_MOST, LensDrive, commands, find_drive
from rvr_laaf_app.camera.gphoto_settings import by_name, controls, exposure_s


def entry(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "section": "actions", "kind": kind, "value": 0, "read_only": False} | more


def near_far(*sizes: int) -> list[str]:
    return [f"Near {n}" for n in sizes] + ["None"] + [f"Far {n}" for n in sizes]


def drive(maker: str = "", **entries: dict[str, Any]) -> LensDrive | None:
    return find_drive(entries, maker)


def total(found: LensDrive, steps: int) -> int:
    """What the commands for a drive add up to, in smallest steps, worked out from the words themselves."""
    done = 0
    for word in commands(found, steps)[0]:
        if isinstance(word, int):
            done += word if found.style == "range" else (1 if word > 0 else -1) * found.sizes[abs(word)]
        else:
            to, size = word.split()
            done += (1 if to in ("Far", "Weit") else -1) * found.sizes[int(size)]
    return done


def test_nikon_takes_numbers_and_says_where_it_ends() -> None:
    found = drive(
        manualfocusdrive=entry("m", "range", label="Drive Nikon DSLR Manual focus", range=[-32767.0, 32767.0, 1.0])
    )
    assert found is not None
    assert (found.style, found.make, found.says_end, found.needs_live_view) == ("range", "Nikon", True, True)
    assert commands(found, -120)[0] == [-120]
    assert commands(found, 0)[0] == []  # the driver would make one step of a zero
    assert commands(found, 70_000)[0] == [NIKON_MOST, NIKON_MOST, 70_000 - 2 * NIKON_MOST]
    assert found.focus_drive().kind == "relative"


@pytest.mark.parametrize(
    ("label", "sizes", "make"),
    [
        ("Drive Canon DSLR Manual focus", (1, 2, 3), "Canon"),
        ("Drive Olympus OMD Manual focus", (1, 2, 3), "Olympus"),
        ("Drive Panasonic Manual focus", (1, 2), "Panasonic"),
    ],
)
def test_makes_with_sizes_of_steps(label: str, sizes: tuple[int, ...], make: str) -> None:
    found = drive(manualfocusdrive=entry("m", "choice", label=label, choices=near_far(*sizes)))
    assert found is not None
    assert (found.style, found.make, tuple(found.sizes), found.rest) == ("sizes", make, sizes, "None")
    assert not found.learned
    for steps in (1, -1, 3, -7, 44, 99):
        assert total(found, steps) == steps == commands(found, steps)[1]
    words, done = commands(found, 100_000)
    assert len(words) == MOST_COMMANDS
    assert done == total(found, 100_000) < 100_000
    assert set(words) == {f"Far {sizes[-1]}"}


def test_sizes_are_understood_in_another_language() -> None:
    choices = ["Nah 1", "Nah 2", "Keine", "Weit 1", "Weit 2"]
    found = drive("Canon.Inc", manualfocusdrive=entry("m", "choice", label="Fahre manuellen Fokus", choices=choices))
    assert found is not None
    assert (found.make, found.rest) == ("Canon", "Keine")
    assert commands(found, 6)[0] == ["Weit 2", "Weit 1"]
    assert commands(found, -6)[0] == ["Nah 2", "Nah 1"]


def test_olympus_ratio_is_the_one_of_its_command() -> None:
    found = drive(
        manualfocusdrive=entry("m", "choice", label="Drive Olympus OMD Manual focus", choices=near_far(1, 2, 3))
    )
    assert found is not None
    assert found.sizes == {1: 1, 2: round(0x0E / 3), 3: round(0x3C / 3)}


@pytest.mark.parametrize("with_read_back", [False, True])
def test_sony_nudges_by_seven_sizes(with_read_back: bool) -> None:
    entries = {"manualfocus": entry("manualfocus", "range", label="Manual-Focus", range=[-7.0, 7.0, 1.0])}
    if with_read_back:
        entries["focalposition"] = entry("focalposition", "range", range=[0.0, 100.0, 1.0])
    found = find_drive(entries)
    assert found is not None
    assert (found.setting, found.make, tuple(found.sizes)) == ("manualfocus", "Sony", (1, 2, 3, 4, 5, 6, 7))
    assert found.read_back == ("focalposition" if with_read_back else None)
    assert found.sizes[7] / found.sizes[3] == pytest.approx(50, rel=0.02)
    assert commands(found, -1)[0] == [-1]
    assert total(found, 500) == 500
    assert all(-7 <= int(word) <= -1 for word in commands(found, -500)[0])


def test_fuji_has_positions() -> None:
    found = drive(manualfocusdrive=entry("m", "range", label="Drive Fuji Manual focus", range=[3.0, 900.0, 1.0]))
    assert found is not None
    assert found.style == "absolute"
    offered = found.focus_drive()
    assert (offered.kind, offered.minimum, offered.maximum, offered.reads_back) == ("absolute", 3, 900, True)


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"manualfocus": entry("manualfocus", "switch")},  # means "focus by hand" on other makes
        {"manualfocus": entry("manualfocus", "range", range=[0.0, 100.0, 1.0])},
        {"manualfocusdrive": entry("m", "choice", choices=["None"])},
        {"manualfocusdrive": entry("m", "choice", choices=["Step 1", "Step 2"])},
        {"manualfocusdrive": entry("m", "range", label="Drive Fuji Manual focus", range=[0.0, 0.0, 0.0])},
        {"manualfocusdrive": entry("m", "text")},
    ],
)
def test_without_a_usable_drive_there_is_none(entries: dict[str, Any]) -> None:
    assert find_drive(entries) is None


KINDS = {"RADIO": "choice", "MENU": "choice", "RANGE": "range", "TOGGLE": "switch", "TEXT": "text", "DATE": "date"}


def read_dump(path: Path) -> list[dict[str, Any]]:
    """The settings in a dump of `gphoto2 --list-all-config`, as the worker would describe them."""
    found: list[dict[str, Any]] = []
    text = path.read_text(encoding="utf-8", errors="replace")
    for block in re.split(r"^(?=/main/)", text, flags=re.MULTILINE)[1:]:
        lines = [line.strip() for line in block.splitlines()]
        fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith("Choice"))
        parts = lines[0].split("/")
        if fields.get("Type") not in KINDS or len(parts) < 4:
            continue
        one = entry(parts[-1], KINDS[fields["Type"]], label=fields.get("Label", ""), section=parts[2])
        one["value"] = fields.get("Current", "")
        if one["kind"] == "choice":
            one["choices"] = [m[1] for line in lines if (m := re.match(r"Choice: \d+ (.*)", line))]
        elif one["kind"] == "range":
            one["range"] = [float(fields.get(key, 0)) for key in ("Bottom", "Top", "Step")]
            one["value"] = float(fields.get("Current", 0) or 0)
        elif one["kind"] == "switch":
            one["value"] = int(fields.get("Current", 2))
        found.append(one)
    return found


@pytest.mark.shared_data
def test_every_dump_of_a_real_camera_gives_the_drive_of_its_make(shared_data: Path) -> None:
    seen: dict[str, int] = {}
    for path in sorted((shared_data / "camera").glob("*.txt")):
        entries = read_dump(path)
        named = by_name(entries)
        if "manualfocusdrive" not in named:
            continue
        found = find_drive(named)
        assert found is not None, path.name
        make = "Nikon" if path.name.startswith("nikon") else "Canon"
        assert found.make == make, path.name
        assert found.style == ("range" if make == "Nikon" else "sizes"), path.name
        assert total(found, 37) == 37
        seen[make] = seen.get(make, 0) + 1
        shown = {c.name: c for c in controls(entries)}
        assert not {"manualfocusdrive", "autofocusdrive", "opcode", "bulb", "capture"} & set(shown)
        assert all(c.choices for c in shown.values() if c.kind == "choice")
        assert 0 <= exposure_s(named) <= 3600
    assert seen["Canon"] >= 10
    assert seen["Nikon"] >= 5
