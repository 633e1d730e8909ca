"""`rvr-laaf models`: what is shown before anything is installed, that nothing happens unasked, and the exit codes."""

from __future__ import annotations

import io
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from rvr_laaf_app.cli.main import run
from rvr_laaf_app.estimate.model_store import find, installed
from tests.unit.estimate.net_folders import write_net


class Terminal(io.StringIO):
    """A person who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_net(tmp_path / "tiny", card="---\nlicense: cc-by-nc-4.0\n---\n")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def local_only(host: Any, *more: Any, **options: Any) -> Any:
        assert host == "127.0.0.1", "the network was used"
        return real(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)


def test_size_and_licence_are_shown_and_asked(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert run(["models", "install", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("cc-by-nc-4.0") < shown.index("Install it?") < shown.index("--estimator tiny")
    assert "MB" in shown
    assert find("tiny") is not None


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_no_means_no(
    folder: Path, answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert run(["models", "install", str(folder)]) == 2
    assert "nothing was installed" in capsys.readouterr().err
    assert installed() == []


@pytest.mark.parametrize("source", ["folder", "depth-anything-v2-small"])
def test_where_nobody_can_be_asked_nothing_happens(
    folder: Path, source: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(["models", "install", str(folder) if source == "folder" else source]) == 2
    captured = capsys.readouterr()
    assert "--yes" in captured.err
    assert ("Apache-2.0" if source != "folder" else "cc-by-nc-4.0") in captured.out
    assert installed() == []


def test_without_a_network_the_exit_code_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RVR_HUB", "http://127.0.0.1:9")
    assert run(["models", "install", "depth-anything-v2-small", "--yes"]) == 6
    message = capsys.readouterr().err
    assert "cannot be reached" in message
    assert message.count("\n") == 1


def test_list_install_list_remove(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def listed() -> dict[str, str]:
        assert run(["models", "list", "--json"]) == 0
        return {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out)}

    before = listed()
    assert before["rvr"] == "shipped"
    assert before["depth-anything-v2-small"] == "on the hub"
    assert run(["models", "install", str(folder), "--name", "my-net", "--output", "distance", "--yes"]) == 0
    capsys.readouterr()
    assert listed() == before | {"my-net": "installed"}
    net = find("my-net")
    assert net is not None
    assert net.output == "distance"
    assert run(["models", "list"]) == 0
    assert "my-net" in capsys.readouterr().out
    assert run(["models", "remove", "my-net"]) == 0
    capsys.readouterr()
    assert listed() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["models"], 2),
        (["models", "install", "no-such-thing", "--yes"], 2),
        (["models", "install", "{folder}", "--name", "rvr", "--yes"], 2),
        (["models", "install", "{folder}", "--name", "sidecar", "--yes"], 2),
        (["models", "install", "{folder}", "--name", "../x", "--yes"], 2),
        (["models", "install", "depth-anything-v2-small", "--name", "x", "--yes"], 2),
        (["models", "remove", "tiny"], 2),
        (["models", "remove", "rvr"], 6),
    ],
)
def test_wrong_usage(arguments: list[str], code: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([a.format(folder=folder) for a in arguments]) == code
    assert capsys.readouterr().err.count("\n") == 1
    assert installed() == []


def test_pickled_weights_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert run(["models", "install", str(folder), "--yes"]) == 6
    assert "pickled" in capsys.readouterr().err
    assert installed() == []
