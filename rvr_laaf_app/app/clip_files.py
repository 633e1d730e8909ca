"""Which files are clips by their names, and where lost ones may be: walks through folders with an end to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rvr_laaf_app.app.engine import Engine
from rvr_laaf_app.camera.sweep import MANIFEST
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.document.production import ClipEntry
from rvr_laaf_app.document.store import is_local_file
from rvr_laaf_app.jobs.job import Job, Progress

VIDEOS: Final = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mxf", ".wmv", ".3gp", ".ts", ".mpg",
)  # fmt: skip
STILLS: Final = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".exr", ".heic")
MOST_CLIPS = 500  # taken from one folder
MOST_FILES = 20_000  # looked at
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Match:
    """Where a missing clip was found. same: its content is that of the clip (else only its name fits)."""

    clip_id: str
    path: str
    same: bool


def is_sweep(path: str) -> bool:
    """Return whether a path is a folder with a captured focus sweep (other folders of pictures are just pictures)."""
    return os.path.isfile(os.path.join(path, MANIFEST))


def clip_files(paths: Iterable[str]) -> list[str]:
    """Return the files among `paths`, folders replaced by the videos in them (photographs where there are none)."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        inside = sorted(_walk(path), key=lambda p: p.lower())
        videos = [p for p in inside if p.lower().endswith(VIDEOS)]
        found += (videos or [p for p in inside if p.lower().endswith(STILLS)])[:MOST_CLIPS]
    return list(dict.fromkeys(found))


def search_job(engine: Engine, missing: tuple[ClipEntry, ...], folder: str) -> Job[tuple[Match, ...]]:
    """Look for missing clips in a folder and those inside it: by content under their own names, then under any name.

    A file of the right name and another content is offered too, as not the same: it may have been encoded anew.
    """
    yield Progress(0, None, "searching")
    files = list(_walk(folder))
    by_name: dict[str, list[str]] = {}
    for path in files:
        by_name.setdefault(os.path.basename(path).lower(), []).append(path)
    wanted = {c.id: c.project.clip for c in missing if c.project.clip is not None}
    matches: dict[str, Match] = {}
    prints: dict[str, str] = {}
    for clip_id, clip in wanted.items():
        for path in by_name.get(Path(clip.path).name.lower(), ()):
            yield Progress(len(matches), len(wanted), "searching")
            same = bool(clip.fingerprint) and _print(engine, path, prints) == clip.fingerprint
            if same or clip_id not in matches:
                matches[clip_id] = Match(clip_id, path, same)
            if same:
                break
    lost = {c.fingerprint: i for i, c in wanted.items() if c.fingerprint and not _sure(matches, i)}
    for path in (p for p in files if p.lower().endswith((*VIDEOS, *STILLS))):
        if not lost:
            break
        yield Progress(len(matches), len(wanted), "searching")
        clip_id = lost.pop(_print(engine, path, prints), "")
        if clip_id:
            matches[clip_id] = Match(clip_id, path, True)
    return tuple(matches[i] for i in wanted if i in matches)


def _sure(matches: dict[str, Match], clip_id: str) -> bool:
    return clip_id in matches and matches[clip_id].same


def _print(engine: Engine, path: str, known: dict[str, str]) -> str:
    if path not in known:
        try:
            known[path] = engine.fingerprint(path)
        except RvrError:
            known[path] = ""
    return known[path]


def _walk(folder: str) -> Iterator[str]:
    """Yield the ordinary files below a folder, nearest first; hidden ones, links and what lies deep are left out."""
    level, seen = [folder], 0
    for _ in range(_DEPTH):
        inner: list[str] = []
        for place in level:
            try:
                with os.scandir(place) as entries:
                    listed = sorted(entries, key=lambda e: e.name)
            except OSError:
                continue
            for entry in listed:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                elif is_local_file(entry.path):
                    seen += 1
                    yield entry.path
                if seen >= MOST_FILES:
                    return
        level = inner
