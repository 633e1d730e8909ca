"""The store of installed networks: there whole or not at all, verified before use, never two under one name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.estimate import model_store
from rvr_laaf_app.estimate.model_store import (
    InstalledNet,
    Offer,
    StoredFile,
    check_name,
    copy_of,
    find,
    install_steps,
    installed,
    offer_of,
    remove,
    store_folder,
)
from rvr_laaf_app.estimate.net_files import Output
from tests.unit.estimate.net_folders import write_net


def install(folder: Path, name: str | None = None, output: Output | None = None) -> InstalledNet:
    offer = offer_of(folder, name)
    steps = list(install_steps(offer, copy_of(folder), output=output))
    assert steps[-1] == (offer.bytes, offer.bytes)
    net = find(offer.name)
    assert net is not None
    return net


def leftovers() -> list[str]:
    return [entry.name for entry in store_folder().iterdir()] if store_folder().is_dir() else []


def test_install_find_list_remove(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "My Net 2", card="---\nlicense: mit\n---\n")
    net = install(folder)
    assert net.name == "my-net-2"
    assert (net.kind, net.output, net.licence, net.source) == ("depth_anything", "disparity", "mit", str(folder))
    assert sorted(entry.name for entry in net.folder.iterdir()) == [
        "config.json",
        "installed.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]
    net.verify()
    assert installed() == [net]
    assert remove("my-net-2") == net
    assert installed() == []
    assert leftovers() == []


def test_the_digest_tells_contents_and_meaning_apart(tmp_path: Path) -> None:
    one = install(write_net(tmp_path / "a"))
    same = install(write_net(tmp_path / "b"))
    other = install(write_net(tmp_path / "c", config={"head": 2}))
    metres = install(write_net(tmp_path / "d"), output="distance")
    assert one.digest == same.digest
    assert len({one.digest, other.digest, metres.digest}) == 3


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "A", "-a", "a b", "x" * 65, "net.part", "ä"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    install(folder)
    with pytest.raises(UsageError, match="installed already"):
        list(install_steps(offer_of(folder, "net"), copy_of(folder)))
    with pytest.raises(UsageError, match="shipped"):
        check_name("rvr", taken=("rvr",))


def test_a_cancelled_install_leaves_nothing(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    steps = install_steps(offer_of(folder, None), copy_of(folder))
    next(steps)
    assert leftovers()
    steps.close()
    assert leftovers() == []
    assert find("net") is None


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_net(tmp_path / "net")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        list(install_steps(offer_of(folder, None), copy_of(folder)))
    assert leftovers() == []


def test_wrong_files_are_not_installed(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    expected = (StoredFile("config.json", 5, "0" * 64),)
    with pytest.raises(CheckpointError, match="not the published"):
        list(install_steps(offer_of(folder, None), copy_of(folder), expected=expected))
    assert leftovers() == []


def test_a_source_that_changes_while_it_is_copied_is_checked_as_copied(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    offer = offer_of(folder, None)
    (folder / "config.json").write_text('{"model_type": "evil"}')
    with pytest.raises(CheckpointError, match="evil"):
        list(install_steps(offer, copy_of(folder)))
    assert leftovers() == []


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_changed_file_is_noticed(tmp_path: Path, name: str) -> None:
    net = install(write_net(tmp_path / "net"))
    data = bytearray((net.folder / name).read_bytes())
    data[-2] ^= 1
    (net.folder / name).write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="not the one that was installed"):
        net.verify()
    (net.folder / name).unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        net.verify()


@pytest.mark.parametrize(
    "change", [{"kind": "llama"}, {"output": "?"}, {"name": "other"}, {"files": []}, {"files": 3}, {"source": None}]
)
def test_a_damaged_list_is_left_out_and_can_be_removed(
    tmp_path: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    net = install(write_net(tmp_path / "net"))
    path = net.folder / "installed.json"
    values = json.loads(path.read_bytes()) | change
    if change == {"source": None}:
        del values["source"]
    path.write_text(json.dumps(values))
    assert installed() == []
    assert "left out" in caplog.text
    with pytest.raises(CheckpointError):
        find("net")
    assert remove("net") is None
    assert leftovers() == []


def test_removing_what_is_not_there() -> None:
    for name in ("net", "..", "../config", ""):
        with pytest.raises(UsageError, match="is installed"):
            remove(name)


def test_space_is_asked_for_first(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    with pytest.raises(CheckpointError, match="not enough space"):
        list(install_steps(Offer("net", "", "", 1 << 60), copy_of(folder)))
    assert leftovers() == []


def test_the_store_lies_in_the_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RVR_CONFIG_DIR")
    assert store_folder().name == "models"
    assert "rvr-laaf" in store_folder().parts
    assert model_store.find("surely-not-installed") is None
