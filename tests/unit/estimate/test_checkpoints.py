"""Loading weights: the published ones come back exactly, and every hostile or damaged file is one clear error."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate.checkpoints import folded, load_rvr, models_folder, published, read_checkpoint
from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet, to_input
from rvr_laaf_app.training.publish import publish

TINY = RvrConfig(widths=(16, 16, 16, 16), exposure=8)


@pytest.fixture(scope="module")
def net() -> RvrNet:
    torch.manual_seed(1)
    net = RvrNet(TINY)
    with torch.no_grad():  # statistics as after training, so that folding batch norm is put to the test
        net.train()
        net(to_input(torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8)))
    return net.eval()


@pytest.fixture
def folder(net: RvrNet, tmp_path: Path) -> Path:
    publish(net, folder=tmp_path, name="tiny-1", role="rvr", card="# Tiny\n")
    return tmp_path


def test_published_weights_give_the_same_output(net: RvrNet, folder: Path) -> None:
    found = published("rvr", folder=folder)
    again = load_rvr(found.path, sha256=found.sha256)
    x = to_input(torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8))
    with torch.inference_mode():
        for ours, theirs in zip(net(x), again(x), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5, rtol=1e-5)
    assert again.config == TINY
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_folding_removes_every_batch_norm() -> None:
    again = folded(RvrNet(TINY))
    assert not [module for module in again.modules() if isinstance(module, torch.nn.BatchNorm2d)]


def test_publishing_keeps_what_was_published_before(net: RvrNet, folder: Path) -> None:
    publish(net, folder=folder, name="tiny-2", role="rvr")
    listing = json.loads((folder / "manifest.json").read_text())
    assert set(listing["checkpoints"]) == {"tiny-1", "tiny-2"}
    assert listing["roles"]["rvr"] == "tiny-2"
    entry = listing["checkpoints"]["tiny-1"]
    assert entry["sha256"] == hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest()
    assert entry["licence"]
    assert entry["data"]
    assert (folder / "tiny-1.md").read_text() == "# Tiny\n"


def test_other_bytes_than_the_published_ones_are_refused(folder: Path) -> None:
    found = published("rvr", folder=folder)
    data = bytearray(found.path.read_bytes())
    data[-1] ^= 1
    found.path.write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256"):
        load_rvr(found.path, sha256=found.sha256)


def _header(size: int, header: object, block: bytes = b"") -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return (len(text) if size < 0 else size).to_bytes(8, "little") + text + block


def _one(name: str = "a", **changes: object) -> dict[str, object]:
    return {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "seven bytes": b"1234567",
    "header longer than the file": (1 << 19).to_bytes(8, "little") + b"{}",
    "header of exabytes": (1 << 62).to_bytes(8, "little") + b"{}",
    "header over the limit": _header(-1, b" " * ((1 << 20) + 1)),
    "not JSON": _header(-1, b"\x80\x04nonsense"),
    "a JSON list": _header(-1, [1, 2]),
    "nested ten thousand deep": _header(-1, b"[" * 10_000),
    "offsets behind the end": _header(-1, _one(), b"1234"),
    "offsets that overlap": _header(-1, _one() | _one("b", data_offsets=[4, 12]), b"0" * 12),
    "negative offsets": _header(-1, _one(data_offsets=[-8, 0]), b"0" * 8),
    "a gap": _header(-1, _one(data_offsets=[4, 12]), b"0" * 12),
    "bytes that belong to nothing": _header(-1, _one(), b"0" * 20),
    "shape and bytes differ": _header(-1, _one(shape=[3]), b"0" * 8),
    "a shape of petabytes": _header(-1, _one(shape=[1 << 40, 1 << 40]), b"0" * 8),
    "a negative shape": _header(-1, _one(shape=[-1, -2]), b"0" * 8),
    "a shape of text": _header(-1, _one(shape="22"), b"0" * 8),
    "integers": _header(-1, _one(dtype="I64", shape=[1]), b"0" * 8),
    "no offsets": _header(-1, {"a": {"dtype": "F32", "shape": [2]}}, b"0" * 8),
    "an entry of null": _header(-1, {"a": None}, b""),
    "metadata of numbers": _header(-1, {"__metadata__": {"net": 1}}),
    "metadata that is a list": _header(-1, {"__metadata__": [1]}),
    "a pickle": b"\x80\x02cos\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.",
    "a zip": b"PK\x03\x04" + bytes(200),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_clear_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(CheckpointError) as caught:
        load_rvr(path)
    assert "\n" not in str(caught.value)
    assert "weights" in str(caught.value)


Change = Callable[[dict[str, torch.Tensor], dict[str, str]], object]


def _published_with(net: RvrNet, path: Path, change: Change) -> None:
    tensors = {name: value.clone() for name, value in net.state_dict().items() if value.is_floating_point()}
    metadata = {"net": "rvr", "config": json.dumps(dataclasses.asdict(net.config))}
    change(tensors, metadata)
    path.write_bytes(save(tensors, metadata))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, m: t.pop("trunk.stem.weight"), "names differ"),
        (lambda t, m: t.update(extra=torch.zeros(1)), "names differ"),
        (lambda t, m: t.update({"trunk.stem.bias": torch.zeros(95)}), "trunk.stem.bias is"),
        (lambda t, m: t["trunk.stem.bias"].fill_(float("nan")), "not finite"),
        (lambda t, m: m.update(net="other"), "another network"),
        (lambda t, m: m.pop("config"), "no valid network"),
        (lambda t, m: m.update(config="{}"), "no valid network"),
        (lambda t, m: m.update(config=m["config"].replace("16", "1000000000")), "no valid network"),
        (lambda t, m: m.update(config=m["config"].replace("16", '"16"')), "no valid network"),
        (lambda t, m: m.update(config=m["config"].replace("16", "true")), "no valid network"),
    ],
)
def test_weights_of_another_shape_are_refused(net: RvrNet, tmp_path: Path, change: Change, message: str) -> None:
    path = tmp_path / "weights.safetensors"
    _published_with(net, path, change)
    with pytest.raises(CheckpointError, match=message):
        load_rvr(path)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b'{"roles": {"rvr": "a"}, "checkpoints": {}}',
        b'{"roles": {"rvr": "a"}, "checkpoints": {"a": {"file": "../a", "sha256": "0", "bytes": 1}}}',
        b'{"roles": {"rvr": "a"}, "checkpoints": {"a": {"file": "/etc/passwd", "sha256": "0", "bytes": 1}}}',
    ],
)
def test_a_damaged_manifest_is_a_clear_error(manifest: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(CheckpointError, match="list of weights"):
        published("rvr", folder=tmp_path)


def test_the_environment_can_name_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RVR_MODELS_DIR", str(folder))
    assert models_folder() == folder


def test_the_shipped_weights_are_what_the_manifest_says() -> None:
    found = published("rvr")
    assert found.path.stat().st_size == found.bytes < 40_000_000
    load_rvr(found.path, sha256=found.sha256)
