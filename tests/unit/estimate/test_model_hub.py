"""Downloading from a hub, against a server on this machine with the faults that networks have. No other net is used."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate import model_hub
from rvr_laaf_app.estimate.model_hub import CATALOGUE, HubNet, download_of
from rvr_laaf_app.estimate.model_store import StoredFile, find, install_steps, store_folder
from rvr_laaf_app.estimate.net_files import FILES
from tests.unit.estimate.net_folders import write_net


@dataclass
class Hub:
    """What the server serves, and what it was asked for. fault: how it misbehaves for model.safetensors."""

    files: dict[str, bytes]
    address: str = ""
    fault: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = write_net(tmp_path / "hub")
    served = Hub({name: (folder / name).read_bytes() for name in FILES})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            name = self.path.rsplit("/", 1)[-1]
            data = served.files.get(name)
            fault = served.fault if name == "model.safetensors" else ""
            if data is None or fault == "404":
                self.send_error(404)
                return
            if fault in ("redirect", "redirect to http") and "cdn" not in self.path:
                target = "http://example.invalid" if fault == "redirect to http" else ""
                self.send_response(302)
                self.send_header("Location", f"{target}/cdn/{name}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = {"cut": data[:-3], "longer": data + b"x" * 100, "changed": b"\0" + data[1:]}.get(fault, data)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data) if fault == "cut" else len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def entry(hub: Hub) -> HubNet:
    files = tuple(StoredFile(n, len(d), hashlib.sha256(d).hexdigest()) for n, d in hub.files.items())
    return HubNet("tiny", "someone/Tiny", "abc123", "MIT", "a test", files)


def install(hub: Hub, net: HubNet) -> None:
    list(install_steps(net.offer, download_of(net, base=hub.address), expected=net.files))


def nothing_is_left() -> bool:
    return find("tiny") is None and not list(store_folder().iterdir())


def test_a_download_is_installed(hub: Hub) -> None:
    net = entry(hub)
    steps = list(install_steps(net.offer, download_of(net, base=hub.address), expected=net.files))
    assert steps[-1][0] == net.offer.bytes
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    found = find("tiny")
    assert found is not None
    found.verify()
    assert found.licence == "MIT"
    assert hub.asked == [f"/someone/Tiny/resolve/abc123/{name}" for name in FILES]


def test_a_redirect_is_followed(hub: Hub) -> None:
    hub.fault = "redirect"
    install(hub, entry(hub))
    assert find("tiny") is not None


@pytest.mark.parametrize("fault", ["404", "cut", "longer", "changed", "redirect to http"])
def test_faults_install_nothing(hub: Hub, fault: str) -> None:
    hub.fault = fault
    with pytest.raises(CheckpointError):
        install(hub, entry(hub))
    assert nothing_is_left()


def test_a_wrong_hash_installs_nothing(hub: Hub) -> None:
    net = entry(hub)
    wrong = replace(net, files=(replace(net.files[0], sha256="0" * 64), *net.files[1:]))
    with pytest.raises(CheckpointError, match="not the published"):
        install(hub, wrong)
    assert nothing_is_left()


def test_without_a_network_it_says_so(hub: Hub) -> None:
    net = entry(hub)
    closed = Hub({}, address="http://127.0.0.1:9")  # the port for discarding: nobody listens
    with pytest.raises(CheckpointError, match="cannot be reached") as caught:
        install(closed, net)
    assert caught.value.exit_code == 6
    assert "from a folder" in caught.value.remedy
    assert nothing_is_left()


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    import socket

    monkeypatch.setattr(model_hub, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CheckpointError, match="cannot be reached"):
            install(replace(hub, address=address), entry(hub))
    assert nothing_is_left()


def test_only_https_elsewhere(hub: Hub) -> None:
    with pytest.raises(CheckpointError, match="https"):
        install(replace(hub, address="http://example.invalid"), entry(hub))
    with pytest.raises(CheckpointError, match="https"):
        install(replace(hub, address="file:///etc"), entry(hub))


def test_a_cancelled_download_leaves_nothing(hub: Hub) -> None:
    net = entry(hub)
    steps = install_steps(net.offer, download_of(net, base=hub.address), expected=net.files)
    next(steps)
    steps.close()
    assert nothing_is_left()


def test_the_catalogue_is_pinned() -> None:
    for name, net in CATALOGUE.items():
        assert net.name == name
        assert len(net.revision) == 40
        assert sorted(f.name for f in net.files) == sorted(FILES)
        assert all(len(f.sha256) == 64 and f.bytes > 0 for f in net.files)
        assert net.licence
