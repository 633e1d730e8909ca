"""What is accepted as a network's folder: data only, whole, of a known kind; and what its numbers are taken for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate.net_files import (
    WEIGHTS,
    check_folder,
    check_weights,
    facts_of,
    folder_bytes,
    stated_licence,
)
from tests.unit.estimate.net_folders import safetensors_bytes, write_net


def test_a_whole_folder_is_accepted(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net", card="---\ntags: [depth]\nlicense: apache-2.0\n---\n# A net\n")
    assert check_folder(folder).kind == "depth_anything"
    assert stated_licence(folder) == "apache-2.0"
    assert folder_bytes(folder) == sum(f.stat().st_size for f in folder.iterdir() if f.name != "README.md")


def test_the_licence_may_be_a_file_or_missing(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net", card="license: this is no front matter")
    assert stated_licence(folder) == "not stated"
    (folder / "LICENSE").write_text("\n  Apache License \x1b[31m\nVersion 2.0\n")
    assert stated_licence(folder) == "Apache License [31m"  # control characters do not reach a terminal


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".pth", ".ckpt", ".pkl"])
def test_pickled_weights_are_refused(tmp_path: Path, suffix: str) -> None:
    folder = write_net(tmp_path / "net")
    (folder / WEIGHTS).rename(folder / f"pytorch_model{suffix}")
    with pytest.raises(CheckpointError, match="pickled") as caught:
        check_folder(folder)
    assert "safetensors" in caught.value.remedy
    with pytest.raises(CheckpointError, match="pickled"):
        check_folder(folder / f"pytorch_model{suffix}")


def test_pickled_weights_beside_good_ones_do_not_matter(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    check_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", WEIGHTS])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_net(tmp_path / "net")
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        check_folder(folder)


def test_a_split_file_of_weights_is_refused(tmp_path: Path) -> None:
    folder = write_net(tmp_path / "net")
    (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")
    with pytest.raises(CheckpointError, match="one file"):
        check_folder(folder)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "llama"}, "llama"),
        ({"model_type": None}, "None"),
        ({"auto_map": {"AutoModel": "net.Net"}}, "code of its own"),
        ({"backbone": "somebody/else"}, "elsewhere"),
        ({"backbone_config": {"use_timm_backbone": True}}, "elsewhere"),
    ],
)
def test_kinds_that_are_unknown_or_want_more_are_refused(config: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=message):
        check_folder(write_net(tmp_path / "net", config=config))


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"[" * 100_000, b"\xff\xfe", b'"text"', b" " * (1 << 21)])
def test_damaged_settings_are_refused(tmp_path: Path, text: bytes) -> None:
    folder = write_net(tmp_path / "net")
    (folder / "config.json").write_bytes(text)
    with pytest.raises(CheckpointError):
        check_folder(folder)


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"model_type": "depth_anything"}, "disparity"),
        ({"model_type": "depth_anything", "depth_estimation_type": "metric"}, "distance"),
        ({"model_type": "dpt"}, "disparity"),
        ({"model_type": "dpt", "backbone_config": {"model_type": "dinov2"}}, "distance"),
        ({"model_type": "zoedepth"}, "distance"),
        ({"model_type": "glpn"}, "distance"),
        ({"model_type": "depth_pro"}, "disparity"),
    ],
)
def test_what_the_numbers_are(config: dict[str, Any], output: str) -> None:
    assert facts_of(config, where=Path("config.json")).output == output


def hostile_weights() -> dict[str, bytes]:
    good = safetensors_bytes({"a": np.zeros((2, 2))})

    def with_header(header: object, block: bytes = b"\0" * 16) -> bytes:
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + block

    def tensor(**changes: object) -> dict[str, object]:
        return {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changes}

    return {
        "empty": b"",
        "short": b"\x01\0\0",
        "pickle": b"\x80\x02}q\x00." * 8,
        "cut": good[:-1],
        "longer": good + b"\0",
        "header of 100 MB": (100 << 20).to_bytes(8, "little") + b"{}",
        "header beyond the file": (200).to_bytes(8, "little") + b"{}",
        "no tensors": with_header({}, b""),
        "list": with_header([1, 2]),
        "unknown type": with_header({"a": tensor(dtype="Q4")}),
        "overlap": with_header({"a": tensor(), "b": tensor()}),
        "gap": with_header({"a": tensor(data_offsets=[4, 20])}, b"\0" * 20),
        "shape too large": with_header({"a": tensor(shape=[1 << 40, 1 << 40])}),
        "negative": with_header({"a": tensor(shape=[-2, -2])}),
        "text for a shape": with_header({"a": tensor(shape="22")}),
        "no offsets": with_header({"a": {"dtype": "F32", "shape": [2, 2]}}),
    }


@pytest.mark.parametrize("kind", hostile_weights())
def test_hostile_weights_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(hostile_weights()[kind])
    with pytest.raises(CheckpointError):
        check_weights(path)
