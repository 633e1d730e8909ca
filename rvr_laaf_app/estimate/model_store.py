"""Public depth networks that the user installed: a folder each in the user's data, with a list of what it must hold.

A network is copied or downloaded into a temporary folder, checked there file by file (size, sha256, format), and takes
its place in one rename; so it is there whole or not at all. Nothing is fetched here and nothing is run: where the bytes
come from is the business of the one who calls `install_steps`.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, get_args

from rvr_laaf_app.core.atomic import remove_leftovers, sync_folder, temporary_beside, write_atomic
from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.estimate.net_files import FILES, KINDS, Output, check_folder, folder_bytes, read_json, stated_licence

_LIST: Final = "installed.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_BLOCK: Final = 1 << 20
_AGAIN: Final = "Remove it with `rvr-laaf models remove` and install it again."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a network: what it must be."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class InstalledNet:
    """A network in the store. source: folder or address it came from; installed: date; output: see `net_files`."""

    name: str
    folder: Path
    kind: str
    output: Output
    source: str
    licence: str
    installed: str
    files: tuple[StoredFile, ...]

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return sum(file.bytes for file in self.files)

    @property
    def digest(self) -> str:
        """One sha256 over those of all files, and over how its numbers are read."""
        text = "\n".join([*(f"{f.name} {f.sha256}" for f in sorted(self.files, key=lambda f: f.name)), self.output])
        return hashlib.sha256(text.encode()).hexdigest()

    def verify(self) -> None:
        """Raise CheckpointError unless every file is what it was when it was installed."""
        for file in self.files:
            path = self.folder / file.name
            try:
                good = path.stat().st_size == file.bytes and hash_of(path) == file.sha256
            except OSError as error:
                raise CheckpointError(f"{file.name} cannot be read ({error.strerror})", where=path) from error
            if not good:
                raise CheckpointError("the file is not the one that was installed", where=path, remedy=_AGAIN)


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be installed, to be shown before anything is: bytes to copy or download, and under which licence."""

    name: str
    source: str
    licence: str
    bytes: int


Fill = Callable[[Path], Iterator[int]]
"""Puts the three files into an empty folder; yields the bytes that are there so far."""


def store_folder() -> Path:
    """Return where installed networks lie: beside the settings under $RVR_CONFIG_DIR, else in the user's data."""
    chosen = os.environ.get("RVR_CONFIG_DIR")
    if chosen:
        return Path(chosen) / "models"
    import platformdirs

    return Path(platformdirs.user_data_dir("rvr-laaf", appauthor=False)) / "models"


def installed() -> list[InstalledNet]:
    """Return the installed networks by name; one whose list is damaged is left out, with a line in the log."""
    try:
        folders = sorted(entry for entry in store_folder().iterdir() if _NAME.fullmatch(entry.name))
    except OSError:
        return []
    found = []
    for folder in folders:
        try:
            found.append(_read(folder))
        except CheckpointError as error:
            if not folder.name.endswith(".part"):
                log.warning("an installed network is left out: %s", error)
    return found


def find(name: str) -> InstalledNet | None:
    """Return the installed network of this name, None if there is none; CheckpointError if its list is damaged."""
    folder = store_folder() / name
    return _read(folder) if _NAME.fullmatch(name) and folder.is_dir() else None


def offer_of(folder: Path, name: str | None) -> Offer:
    """Return what installing a local folder would mean; raise CheckpointError if it cannot be installed."""
    check_folder(folder)
    given = name or re.sub(r"[^a-z0-9._-]+", "-", folder.resolve().name.lower()).strip("-._")
    return Offer(given, str(folder.resolve()), stated_licence(folder), folder_bytes(folder))


def copy_of(folder: Path) -> Fill:
    """Return what copies the three files of a local folder, and no other."""

    def fill(target: Path) -> Iterator[int]:
        done = 0
        for name in FILES:
            with (folder / name).open("rb") as source, (target / name).open("xb") as copy:
                while block := source.read(_BLOCK):
                    copy.write(block)
                    done += len(block)
                    yield done
                copy.flush()
                os.fsync(copy.fileno())

    return fill


def check_name(name: str, *, taken: tuple[str, ...] = ()) -> None:
    """Raise UsageError unless a network may be installed under this name."""
    if not _NAME.fullmatch(name) or name.endswith(".part"):
        raise UsageError(
            f"{name!r} is no name for a network", remedy="Use up to 64 of a-z, 0-9, '.', '_', '-' (see --name)."
        )
    if name in taken:
        raise UsageError(f"{name!r} is the name of a shipped estimator", remedy="Choose another with --name.")
    if (store_folder() / name).exists():
        raise UsageError(f"{name!r} is installed already", remedy=f"Remove it first: rvr-laaf models remove {name}")


def install_steps(
    offer: Offer, fill: Fill, *, expected: tuple[StoredFile, ...] = (), output: Output | None = None
) -> Iterator[tuple[int, int]]:
    """Install what `fill` brings; yields (bytes done, bytes in all). Closing early leaves nothing behind.

    expected: sizes and hashes known beforehand, which the files must have. output: overrules what the settings tell.
    Raises CheckpointError if the files are wrong, UsageError for the name, OSError if the disk will not.
    """
    check_name(offer.name)
    final = store_folder() / offer.name
    final.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(final)
    if shutil.disk_usage(final.parent).free < offer.bytes + _BLOCK:
        raise CheckpointError(
            f"not enough space for {offer.bytes / 1e6:.1f} MB", where=final.parent, remedy="Free some space."
        )
    part = temporary_beside(final)
    part.mkdir()
    try:
        for done in fill(part):
            yield min(done, offer.bytes), offer.bytes
        files = tuple(StoredFile(n, (part / n).stat().st_size, hash_of(part / n)) for n in FILES)
        _check_expected(files, expected)
        facts = check_folder(part)
        net = InstalledNet(
            offer.name,
            final,
            facts.kind,
            output or facts.output,
            offer.source,
            offer.licence,
            datetime.datetime.now(datetime.UTC).date().isoformat(),
            files,
        )
        write_atomic(part / _LIST, json.dumps(_as_json(net), indent=1).encode() + b"\n")
        sync_folder(part)
        os.rename(part, final)  # fails if another process was faster: a folder that is not empty is never replaced
        sync_folder(final.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove(name: str) -> InstalledNet | None:
    """Delete an installed network, also a damaged one; return what it was, if that can be told."""
    folder = store_folder() / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        raise UsageError(f"no network named {name!r} is installed", remedy="See: rvr-laaf models list")
    try:
        net = _read(folder)
    except CheckpointError:
        net = None
    doomed = temporary_beside(folder)
    os.rename(folder, doomed)  # gone at once; what follows may be interrupted
    shutil.rmtree(doomed, ignore_errors=True)
    return net


def hash_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_expected(files: tuple[StoredFile, ...], expected: tuple[StoredFile, ...]) -> None:
    wanted = {file.name: file for file in expected}
    for file in files:
        if file.name in wanted and file != wanted[file.name]:
            raise CheckpointError(
                f"{file.name} is not the published file ({file.bytes} bytes, sha256 {file.sha256[:16]}...)",
                remedy="Nothing was installed. Try again later, or install from a folder.",
            )


def _as_json(net: InstalledNet) -> dict[str, object]:
    values = asdict(net)
    del values["folder"]
    return values


def _read(folder: Path) -> InstalledNet:
    path = folder / _LIST
    values = read_json(path)
    try:
        files = tuple(StoredFile(str(f["name"]), int(f["bytes"]), str(f["sha256"])) for f in values["files"])
        if values["name"] != folder.name or values["kind"] not in KINDS or values["output"] not in get_args(Output):
            raise ValueError("it describes something else")
        if sorted(f.name for f in files) != sorted(FILES):
            raise ValueError("it names other files")
        texts = [str(values[key]) for key in ("source", "licence", "installed")]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the list of files is damaged ({error!r})", where=path, remedy=_AGAIN) from error
    return InstalledNet(folder.name, folder, values["kind"], values["output"], texts[0], texts[1], texts[2], files)
