"""Public depth networks that can be had from a hub, and how their files get here. Asked for by name, never by itself.

Each entry names fixed files of one revision with size and sha256, so what is installed is what was tried, whoever
serves it. HTTPS only, also after a redirect; a file is never longer than promised. Nothing is sent but the address.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rvr_laaf_app import __version__
from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate.model_store import Fill, Offer, StoredFile
from rvr_laaf_app.estimate.net_files import CONFIG, PREPARATION, WEIGHTS

HUB: Final = "https://huggingface.co"
TIMEOUT_S: Final = 30.0
_BLOCK: Final = 1 << 18
_OFFLINE: Final = "Check the connection, or install from a folder: rvr-laaf models install FOLDER"


@dataclass(frozen=True, slots=True)
class HubNet:
    """A network on the hub: repository, revision (a commit), licence, and its files."""

    name: str
    repository: str
    revision: str
    licence: str
    about: str
    files: tuple[StoredFile, ...]

    @property
    def offer(self) -> Offer:
        """What installing it would mean."""
        source = f"{HUB}/{self.repository} at {self.revision[:12]}"
        return Offer(self.name, source, self.licence, sum(file.bytes for file in self.files))


CATALOGUE: Final = {
    net.name: net
    for net in (
        HubNet(
            name="depth-anything-v2-small",
            repository="depth-anything/Depth-Anything-V2-Small-hf",
            revision="5426e4f0f36572d16453bbda7a8389317b1bef99",
            licence="Apache-2.0",
            about="Depth Anything V2 Small (Yang et al. 2024), 24.8 M parameters, relative disparity",
            files=(
                StoredFile(CONFIG, 950, "c56698d3643dde1f83ea2212759e6b31a22b8f827246a36dd007ee8a22b3ff75"),
                StoredFile(PREPARATION, 775, "d41175c0d889477ca8fc67191e540faef14baf6275157b3fdecf78469e6bbf84"),
                StoredFile(WEIGHTS, 99173660, "3152477ce0d8d6978d76b995120de97cb5b928701fd0f817769f59e249a16b70"),
            ),
        ),
    )
}


def download_of(net: HubNet, *, base: str = HUB) -> Fill:
    """Return what downloads the files of `net` from `base` (another hub of the same layout, or a server in a test)."""

    def fill(target: Path) -> Iterator[int]:
        done = 0
        for file in net.files:
            address = f"{base}/{net.repository}/resolve/{net.revision}/{urllib.parse.quote(file.name)}"
            for part in _download(address, target / file.name, file):
                yield done + part
            done += file.bytes

    return fill


def _download(address: str, path: Path, file: StoredFile) -> Iterator[int]:
    """Fetch one file; yields the bytes received; CheckpointError unless it is exactly the one that was promised."""
    state, received = hashlib.sha256(), 0
    try:
        with _open(address) as answer, path.open("xb") as copy:
            while block := answer.read(_BLOCK):
                received += len(block)
                if received > file.bytes:
                    break
                state.update(block)
                _write(copy, block)
                yield received
            _write(copy, b"", sync=True)
    except urllib.error.HTTPError as error:
        error.close()
        raise CheckpointError(f"the hub answered {error.code} ({error.reason})", where=address) from error
    except (http.client.HTTPException, OSError) as error:  # URLError and everything of sockets is an OSError
        reason = getattr(error, "reason", error)
        raise CheckpointError(f"the hub cannot be reached ({reason})", where=address, remedy=_OFFLINE) from error
    if received != file.bytes or state.hexdigest() != file.sha256:
        what = f"{file.name} is not the published file ({received} of {file.bytes} bytes came)"
        raise CheckpointError(what, where=address, remedy="Nothing was installed. Try again later.")


def _write(copy: Any, block: bytes, *, sync: bool = False) -> None:
    """Write to the disk; its errors are not those of the network."""
    try:
        copy.write(block)
        if sync:
            copy.flush()
            os.fsync(copy.fileno())
    except OSError as error:
        raise CheckpointError(f"the download cannot be written ({error.strerror})", where=copy.name) from error


def _open(address: str) -> Any:
    _check_address(address)
    opener = urllib.request.build_opener(_GuardedRedirects)
    request = urllib.request.Request(address, headers={"User-Agent": f"rvr-laaf/{__version__}"})
    return opener.open(request, timeout=TIMEOUT_S)


def _check_address(address: str) -> None:
    parts = urllib.parse.urlsplit(address)
    own = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not own:
        raise CheckpointError("networks are fetched over https only", where=address)


class _GuardedRedirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects (the hub sends large files to another server), but never to plain http."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
