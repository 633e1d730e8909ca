"""Reading published trunk weights: tensors come back, and a pickle that wants more is refused before it does it."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.nets.efficientnet_lite import EfficientNetLite
from rvr_laaf_app.training.trunk import (
    OLD_MAGIC,
    OLD_PROTOCOL,
    read_weights,
    start_from_efficientnet_lite,
)


def test_tensors_come_back_exactly(tmp_path: Path) -> None:
    weights = OrderedDict(a=torch.randn(3, 4), b=torch.randn(2), c=torch.randn(4, 5).t())
    torch.save(weights, tmp_path / "w.pth")
    loaded = read_weights(tmp_path / "w.pth")
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)


def published_lite_trunk(path: Path) -> dict[str, torch.Tensor]:
    """Write an EfficientNet-Lite of random values in the published layout, a file of the time before zip."""
    torch.manual_seed(3)
    encoder = EfficientNetLite("lite0")
    weights = {}

    def add(conv: torch.nn.Conv2d, name: str, norm: str) -> None:
        count = conv.out_channels
        weights[name + ".weight"] = conv.weight.detach().clone()
        weights[norm + ".weight"], weights[norm + ".bias"] = torch.rand(count) + 0.5, torch.randn(count) * 0.1
        weights[norm + ".running_mean"], weights[norm + ".running_var"] = torch.randn(count), torch.rand(count) + 0.5
        weights[norm + ".num_batches_tracked"] = torch.tensor(7)

    add(encoder.stem, "_conv_stem", "_bn0")
    for number, block in enumerate(encoder.blocks()):
        name = f"_blocks.{number}."
        if block.expand is not None:
            add(block.expand, name + "_expand_conv", name + "_bn0")
        add(block.depthwise, name + "_depthwise_conv", name + "_bn1")
        add(block.project, name + "_project_conv", name + "_bn2")
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    return weights


def test_the_lite_encoder_computes_what_was_published(tmp_path: Path) -> None:
    weights = published_lite_trunk(tmp_path / "trunk.pth")
    encoder = EfficientNetLite("lite0")
    start_from_efficientnet_lite(encoder, tmp_path / "trunk.pth")
    conv, norm = torch.nn.Conv2d(3, 32, 3, bias=False), torch.nn.BatchNorm2d(32, eps=1e-3)
    conv.load_state_dict({"weight": weights["_conv_stem.weight"]})
    norm.load_state_dict({n: weights[f"_bn0.{n}"] for n in norm.state_dict()})
    picture = torch.randn(1, 3, 33, 33)  # without its first row and column, what padding on one side sees
    theirs = torch.nn.Sequential(conv, norm).eval()(picture)[..., ::2, ::2]
    ours = torch.nn.functional.conv2d(picture, encoder.stem.weight, encoder.stem.bias, stride=2)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_trunk_of_another_size_is_refused(tmp_path: Path) -> None:
    published_lite_trunk(tmp_path / "trunk.pth")
    with pytest.raises(CheckpointError, match="another size"):
        start_from_efficientnet_lite(EfficientNetLite("lite2"), tmp_path / "trunk.pth")


def test_a_pickle_of_the_old_format_that_calls_something_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "was-here"
    parts = (OLD_MAGIC, OLD_PROTOCOL, {}, {"a": Intruder(mark)})
    (tmp_path / "w.pth").write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))
    with pytest.raises(CheckpointError, match="not allowed"):
        read_weights(tmp_path / "w.pth")
    assert not mark.exists()


class Intruder:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


def with_pickle(path: Path, data: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", data)
        archive.writestr("x/data/0", bytes(16))
    return path


def test_a_pickle_that_calls_something_is_refused(tmp_path: Path) -> None:
    mark = tmp_path / "was-here"
    path = with_pickle(tmp_path / "w.pth", pickle.dumps({"a": Intruder(mark)}))
    with pytest.raises(CheckpointError, match="not allowed"):
        read_weights(path)
    assert not mark.exists()


def test_a_tensor_that_reaches_outside_its_storage_is_refused(tmp_path: Path) -> None:
    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            return ("storage", torch.FloatStorage, "0", "cpu", 4) if isinstance(obj, Storage) else None

    class Storage:
        pass

    class Tensor:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return torch._utils._rebuild_tensor_v2, (Storage(), 0, (1000,), (1,), False, OrderedDict())

    buffer = io.BytesIO()
    Pickler(buffer, protocol=2).dump({"a": Tensor()})
    with pytest.raises(CheckpointError, match="outside its storage"):
        read_weights(with_pickle(tmp_path / "w.pth", buffer.getvalue()))


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04" + bytes(50)])
def test_other_files_are_a_clear_error(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="not PyTorch weights"):
        read_weights(path)


def test_a_pickle_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="plain list of tensors"):
        read_weights(with_pickle(tmp_path / "w.pth", pickle.dumps([1, 2, 3])))
