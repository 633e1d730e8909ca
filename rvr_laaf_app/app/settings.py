"""What the program remembers of its user: recent files and how new targets and lenses begin. Never part of a project.

Damaged settings never stop the start: what cannot be read falls back to its default, field by field, and the damaged
file is set aside.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.app.key_map import MAX_KEY_CHOICES, MAX_KEYS, KeyChoices
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.limits import check_path
from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, LensSettings
from rvr_laaf_app.document.strict_json import Fields, parse_object

T = TypeVar("T")
Number = TypeVar("Number", int, float)
MAX_RECENT = 12
MAX_LAYOUT = 20_000
_FILE = "settings.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """recent: paths, last used first. pull_frames: of new targets. f_number, blur_px: of the lens of new projects.

    zone_bars, problem_list: whether these are shown. hidden_lanes: of the timeline, by name. layout, geometry: of docks
    and window, as texts that only the window reads. keys: those the user has changed, by action. language: empty is
    that of the system. learn: decisions on suggestions may be added to a data set on this machine.
    """

    recent: tuple[str, ...] = ()
    pull_frames: int = DEFAULT_PULL_FRAMES
    f_number: float = 1.8
    blur_px: float | None = None
    zone_bars: bool = True
    problem_list: bool = True
    hidden_lanes: tuple[str, ...] = ()
    layout: str = ""
    geometry: str = ""
    keys: KeyChoices = ()
    language: str = ""
    learn: bool = False

    @property
    def lens(self) -> LensSettings:
        """The lens that a new project begins with."""
        return LensSettings(lens=Lens(f_number=self.f_number), blur_px=self.blur_px)

    def with_lens(self, lens: LensSettings) -> Settings:
        """Return the settings such that new projects begin as blurred as this one."""
        return replace(self, f_number=float(lens.lens.f_number), blur_px=lens.blur_px)

    def with_recent(self, path: str | Path) -> Settings:
        """Return the settings with this path in front of the recent ones."""
        absolute = os.path.abspath(path)
        others = tuple(p for p in self.recent if p != absolute)
        return replace(self, recent=(absolute, *others)[:MAX_RECENT])

    def without_recent(self, path: str | Path) -> Settings:
        """Return the settings without this path among the recent ones: it could not be opened."""
        return replace(self, recent=tuple(p for p in self.recent if p != os.path.abspath(path)))


def load_settings(folder: Path | None = None) -> Settings:
    """Return the saved settings; defaults for what is missing or damaged."""
    path = (folder or config_folder()) / _FILE
    try:
        fields = Fields(parse_object(path.read_bytes()))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("settings cannot be read, defaults are used: %s", error)
        with contextlib.suppress(OSError):
            os.replace(path, path.with_suffix(".damaged.json"))
        return Settings()
    usual = Settings()
    return Settings(
        recent=_or(lambda: _recent(fields), usual.recent),
        pull_frames=_or(
            lambda: _between(fields.integer("pull_frames", usual.pull_frames), 0, 100_000), usual.pull_frames
        ),
        f_number=_or(lambda: _between(fields.real("f_number", usual.f_number), 0.1, 1000.0), usual.f_number),
        blur_px=_or(lambda: _blur(fields), usual.blur_px),
        zone_bars=_or(lambda: _yes(fields, "zone_bars", default=usual.zone_bars), usual.zone_bars),
        problem_list=_or(lambda: _yes(fields, "problem_list", default=usual.problem_list), usual.problem_list),
        hidden_lanes=_or(lambda: _names(fields, "hidden_lanes"), usual.hidden_lanes),
        layout=_or(lambda: _text(fields, "layout", MAX_LAYOUT), usual.layout),
        geometry=_or(lambda: _text(fields, "geometry", MAX_LAYOUT), usual.geometry),
        keys=_or(lambda: _keys(fields), usual.keys),
        language=_or(lambda: _text(fields, "language", 20), usual.language),
        learn=_or(lambda: _yes(fields, "learn", default=usual.learn), usual.learn),
    )


def save_settings(settings: Settings, folder: Path | None = None) -> bool:
    """Write the settings, whole or not at all; False (and a log line) if that is impossible: never worth an error."""
    place = folder or config_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_atomic(place / _FILE, json.dumps(asdict(settings), indent=1).encode("ascii") + b"\n")
    except OSError as error:
        log.warning("settings cannot be saved: %s", error)
        return False
    return True


def _recent(fields: Fields) -> tuple[str, ...]:
    paths = []
    for item in fields.items("recent")[:MAX_RECENT]:
        if not isinstance(item, str):
            raise ValueError("recent must hold texts")
        check_path("recent", item)
        paths.append(item)
    return tuple(paths)


def _blur(fields: Fields) -> float | None:
    value = fields.optional_real("blur_px")
    return None if value is None else _between(value, 0.0, 1e5)


def _names(fields: Fields, key: str) -> tuple[str, ...]:
    names = [item for item in fields.items(key)[:MAX_RECENT] if isinstance(item, str) and len(item) < 40]
    return tuple(dict.fromkeys(names))


def _text(fields: Fields, key: str, longest: int) -> str:
    value = fields.raw(key) if fields.has(key) else ""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{key} must be a text of at most {longest} characters")
    return value


def _keys(fields: Fields) -> KeyChoices:
    chosen: dict[str, tuple[str, ...]] = {}
    for item in fields.items("keys")[:MAX_KEY_CHOICES] if fields.has("keys") else ():
        match item:
            case [str(name), [*keys]] if len(keys) <= MAX_KEYS and all(
                isinstance(k, str) and 0 < len(k) < 60 for k in keys
            ):
                chosen[name] = tuple(str(k) for k in keys)
            case _:
                raise ValueError("keys must hold pairs of an action and its keys")
    return tuple(chosen.items())


def _yes(fields: Fields, key: str, *, default: bool) -> bool:
    value = fields.raw(key) if fields.has(key) else default
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false")
    return value


def _between(value: Number, low: Number, high: Number) -> Number:
    if not low <= value <= high:
        raise ValueError(f"{value!r} is not between {low} and {high}")
    return value


def _or(read: Callable[[], T], default: T) -> T:
    try:
        return read()
    except ValueError as error:
        log.warning("a setting is damaged, its default is used: %s", error)
        return default
