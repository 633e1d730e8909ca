"""Installed networks as estimators: what they promise, with a stand-in network; and with the library where it is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.core.frame import ClipTrait, Frame
from rvr_laaf_app.core.registry import Unavailable
from rvr_laaf_app.estimate import pretrained
from rvr_laaf_app.estimate.base import ESTIMATORS, LooksAhead
from rvr_laaf_app.estimate.model_store import InstalledNet, copy_of, find, install_steps, offer_of
from rvr_laaf_app.estimate.net_files import KINDS, LIBRARY, Output
from rvr_laaf_app.estimate.pretrained import CONFIDENCE, PretrainedEstimator, load_net
from tests.unit.estimate.net_folders import write_net

CLIP = ClipTrait(64, 48, 8, 25.0)


def install(folder: Path, name: str = "net", output: Output | None = None) -> InstalledNet:
    list(install_steps(offer_of(folder, name), copy_of(folder), output=output))
    net = find(name)
    assert net is not None
    return net


def frame_of(value: int = 60, index: int = 0, size: tuple[int, int] = (64, 48)) -> Frame:
    rgb = np.full((size[1], size[0], 3), value, np.uint8)
    rgb[size[1] // 2 :] += 60
    return Frame(index, index, rgb)


class Brightness(torch.nn.Module):
    """A stand-in: what is brighter has the larger number; `scale` makes it 0..scale."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, *, pixel_values: torch.Tensor) -> Any:
        return SimpleNamespace(predicted_depth=(pixel_values.mean(dim=1) + 3.0) * self.scale)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "load_net", lambda folder, kind: Brightness(40.0))


@pytest.mark.usefixtures("stand_in")
class TestWithAStandIn:
    def test_it_is_found_by_its_name(self, tmp_path: Path) -> None:
        net = install(write_net(tmp_path / "net"))
        estimator: Any = ESTIMATORS.load("net")()
        assert isinstance(estimator, LooksAhead)
        assert estimator.name == "net"
        assert estimator.version.startswith(f"net-{net.digest[:16]}-")
        assert "net" not in list(ESTIMATORS)  # the list of what is shipped

    def test_larger_numbers_are_nearer(self, tmp_path: Path) -> None:
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        rgbd, _ = estimator.step([frame_of()], estimator.start(CLIP))
        assert rgbd.disparity[40, 30] > rgbd.disparity[5, 30]
        assert np.all((rgbd.disparity >= 0) & (rgbd.disparity <= 1))
        assert float(rgbd.confidence.min()) == pytest.approx(CONFIDENCE, abs=1e-3)
        assert not rgbd.boost_stops.any()

    def test_distances_are_turned_round(self, tmp_path: Path) -> None:
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net"), output="distance"))
        rgbd, _ = estimator.step([frame_of()], estimator.start(CLIP))
        assert rgbd.disparity[40, 30] < rgbd.disparity[5, 30]

    def test_without_a_look_ahead_a_shot_keeps_the_range_of_its_first_frame(self, tmp_path: Path) -> None:
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        first, state = estimator.step([frame_of(60)], estimator.start(CLIP))
        second, _ = estimator.step([frame_of(90, 1)], state)
        assert second.disparity[5, 5] > first.disparity[5, 5] + 0.1

    def test_after_a_look_ahead_chunks_equal_the_whole(self, tmp_path: Path) -> None:
        frames = [frame_of(20 + 12 * i, i) for i in range(8)]
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        assert list(estimator.look_ahead(frames.__getitem__, 8))[-1] == (8, 8)
        state, whole = estimator.start(CLIP), []
        for frame in frames:
            rgbd, state = estimator.step([frame], state)
            whole.append(rgbd.digest)
        resumed = PretrainedEstimator(install(write_net(tmp_path / "again"), "again"))
        list(resumed.look_ahead(frames.__getitem__, 8))
        state = resumed.start(CLIP)
        for frame, expected in zip(frames[5:], whole[5:], strict=True):
            rgbd, state = resumed.step([frame], state)
            assert rgbd.digest == expected

    def test_a_long_clip_is_looked_at_here_and_there(self, tmp_path: Path) -> None:
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        seen: list[int] = []

        def read(index: int) -> Frame:
            seen.append(index)
            return frame_of(60, index)

        list(estimator.look_ahead(read, 1000))
        assert len(seen) == pretrained.LOOKS
        assert (seen[0], seen[-1]) == (0, 999)

    def test_bright_pixels_borrow_our_light(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        lit = frame_of()
        lit.rgb[10:20, 10:20] = 255
        rgbd, _ = estimator.step([lit], estimator.start(CLIP))
        assert rgbd.boost_stops.shape == (48, 64, 3)
        shipped: Any = ESTIMATORS.load("rvr")()
        own, _ = shipped.step([lit], shipped.start(CLIP))
        np.testing.assert_array_equal(rgbd.boost_stops, own.boost_stops)

    @pytest.mark.parametrize("size", [(1, 1), (33, 17), (700, 20), (1600, 900)])
    def test_maps_of_any_size(self, tmp_path: Path, size: tuple[int, int]) -> None:
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        rgbd, _ = estimator.step([frame_of(size=size)], estimator.start(CLIP))
        assert max(rgbd.size) <= 640
        assert rgbd.size[0] / rgbd.size[1] == pytest.approx(size[0] / size[1], rel=0.1)

    def test_a_changed_file_is_noticed_before_it_is_used(self, tmp_path: Path) -> None:
        net = install(write_net(tmp_path / "net"))
        (net.folder / "model.safetensors").write_bytes(b"something else")
        with pytest.raises(CheckpointError, match="not the one that was installed"):
            PretrainedEstimator(net).start(CLIP)

    def test_numbers_that_are_none_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pretrained, "load_net", lambda folder, kind: Brightness(float("nan")))
        estimator = PretrainedEstimator(install(write_net(tmp_path / "net")))
        with pytest.raises(CheckpointError, match="not finite"):
            estimator.step([frame_of()], estimator.start(CLIP))


def test_an_unknown_name_lists_the_installed_ones(tmp_path: Path) -> None:
    install(write_net(tmp_path / "net"), "my-net")
    with pytest.raises(UsageError) as caught:
        ESTIMATORS.load("nothing")
    assert "my-net" in caught.value.remedy
    assert "rvr" in caught.value.remedy


def test_a_damaged_one_is_unavailable(tmp_path: Path) -> None:
    net = install(write_net(tmp_path / "net"))
    (net.folder / "installed.json").write_text("{}")
    assert isinstance(ESTIMATORS.find("net"), Unavailable)


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(CheckpointError) as caught:
        load_net(tmp_path, "depth_anything")
    assert f"pip install {LIBRARY}" in caught.value.remedy


def test_the_library_is_the_one_of_the_extra() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert LIBRARY in project["optional-dependencies"]["hub"]


def tiny(kind: str) -> Any:
    """A network of this kind with random weights, as small as its kind allows."""
    import transformers as t

    torch.manual_seed(3)
    dinov2 = t.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=70,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
    )
    necks = {"neck_hidden_sizes": [8, 8, 8, 8], "fusion_hidden_size": 8}
    if kind.startswith("depth_anything"):
        config: Any = t.DepthAnythingConfig(
            backbone_config=dinov2, reassemble_hidden_size=16, patch_size=14, head_hidden_size=8, **necks
        )
        if kind.endswith("metric"):
            config.depth_estimation_type, config.max_depth = "metric", 20
    elif kind == "dpt":
        config = t.DPTConfig(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=32,
            image_size=64,
            patch_size=16,
            backbone_out_indices=[0, 1, 2, 3],
            is_hybrid=False,
            **necks,
        )
    elif kind == "zoedepth":
        beit = t.BeitConfig(
            image_size=64,
            patch_size=16,
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=32,
            out_features=["stage1", "stage2", "stage3", "stage4"],
            reshape_hidden_states=False,
            use_relative_position_bias=True,
            use_absolute_position_embeddings=False,
        )
        config = t.ZoeDepthConfig(
            backbone_config=beit,
            bottleneck_features=8,
            num_relative_features=8,
            bin_embedding_dim=8,
            num_attractors=[2, 2, 2, 1],
            bin_configurations=[{"n_bins": 4, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
            **necks,
        )
    elif kind == "depth_pro":
        part = {"model_type": "dinov2", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
        part |= {"patch_size": 4, "image_size": 32, "use_mask_token": False}
        config = t.DepthProConfig(
            patch_size=32,
            scaled_images_ratios=[0.5, 1.0],
            scaled_images_overlap_ratios=[0.0, 0.2],
            scaled_images_feature_dims=[8, 8],
            intermediate_hook_ids=[1, 0],
            intermediate_feature_dims=[8, 8],
            fusion_hidden_size=8,
            use_fov_model=False,
            num_fov_head_layers=0,
            image_model_config=part,
            patch_model_config=part,
            fov_model_config=part,
        )
    else:
        config = t.GLPNConfig(
            hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=8
        )
    return getattr(t, KINDS[kind.removesuffix("_metric")])(config).eval()


PREPARATIONS = {
    "dpt": {"size": {"height": 64, "width": 64}, "keep_aspect_ratio": False, "ensure_multiple_of": 1},
    "glpn": {"size_divisor": 32, "do_normalize": False, "resample": 2},
    "zoedepth": {"size": {"height": 64, "width": 64}, "ensure_multiple_of": 32, "resample": 2, "do_pad": True},
    "depth_pro": {"size": {"height": 64, "width": 64}, "keep_aspect_ratio": False, "ensure_multiple_of": 1},
}


@pytest.fixture(scope="module")
def library() -> Any:
    return pytest.importorskip("transformers")


@pytest.mark.parametrize("kind", ["depth_anything", "depth_anything_metric", "dpt", "glpn", "zoedepth", "depth_pro"])
def test_networks_of_the_library_run(library: Any, kind: str, tmp_path: Path) -> None:
    import json

    folder = write_net(tmp_path / "folder")
    net = tiny(kind)
    net.save_pretrained(folder)
    settings = json.loads((folder / "preprocessor_config.json").read_text()) | PREPARATIONS.get(kind, {})
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    stored = install(folder)
    assert stored.kind == kind.removesuffix("_metric")
    assert stored.output == ("distance" if kind in ("depth_anything_metric", "glpn", "zoedepth") else "disparity")

    estimator = PretrainedEstimator(stored)
    rng = np.random.default_rng(5)
    frame = Frame(0, 0, rng.integers(0, 170, (96, 128, 3), dtype=np.uint8))
    rgbd, _ = estimator.step([frame], estimator.start(CLIP))
    again, _ = estimator.step([frame], estimator.start(CLIP))
    assert rgbd.size == (128, 96)
    assert rgbd.digest == again.digest

    given = estimator._preparation.to_input(frame.rgb8)
    with torch.inference_mode():
        expected = net(pixel_values=given).predicted_depth
        loaded = load_net(stored.folder, stored.kind)(pixel_values=given).predicted_depth
    assert torch.equal(expected, loaded), "the published weights are the ones that run"


def test_weights_that_do_not_fit_are_refused(library: Any, tmp_path: Path) -> None:
    folder = write_net(tmp_path / "folder")
    weights = (folder / "model.safetensors").read_bytes()
    tiny("depth_anything").save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(CheckpointError, match="do not fit"):
        PretrainedEstimator(install(folder)).start(CLIP)


def test_the_library_stays_offline(library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was used")

    folder = write_net(tmp_path / "folder")
    tiny("depth_anything").save_pretrained(folder)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    PretrainedEstimator(install(folder)).start(CLIP)
