"""The networks of attention from published files: loaded once, checked, optional; and AF-Net over a clip."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.estimate.attention_nets import af_nets, gaze_net, weights_of
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.nets.af_net import AfNet, AfNetConfig
from rvr_laaf_app.nets.gaze import GazeConfig, GazeNet
from rvr_laaf_app.pipeline import af_job as af_module
from rvr_laaf_app.pipeline.af_job import focus_changes_job
from rvr_laaf_app.pipeline.detect_job import detect_job, evidence_key
from rvr_laaf_app.pipeline.suggested import suggest_from, suggest_job
from rvr_laaf_app.training.publish import put_in_place
from tests.clips import write_clip

AF = AfNetConfig(units=3, unit_frames=3, width=64, height=32, widths=(8, 8, 16, 16), widths2=(16, 16))
GAZE = GazeConfig(long_side=64, width=8)
WORDS = {"licence": "ours", "data": "none"}


def put(folder: Path, role: str, net: torch.nn.Module, config: object, *, kind: str = "") -> Path:
    said = {"net": kind or role, "config": json.dumps(config)}
    return put_in_place(net, said, folder=folder, name=f"rvr-{role}-1", role=role, words=WORDS, card="# card\n")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.manual_seed(0)
    folder = tmp_path / "models"
    put(folder, "af-net", AfNet(AF), dataclasses.asdict(AF))
    put(folder, "gaze", GazeNet(GAZE), dataclasses.asdict(GAZE))
    monkeypatch.setenv("RVR_MODELS_DIR", str(folder))
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=50, size=(320, 192), cut_at=30)


def test_published_networks_come_back_as_they_were(models: Path) -> None:
    (net,), gaze = af_nets(), gaze_net()
    assert gaze is not None
    assert net is af_nets()[0]
    assert net.config == AF
    assert gaze.config == GAZE
    assert not net.training
    listing = json.loads((models / "manifest.json").read_text())
    assert listing["checkpoints"]["rvr-gaze-1"]["licence"] == "ours"
    assert (models / "rvr-gaze-1.md").read_text() == "# card\n"


def test_what_the_manifest_does_not_name_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.json").write_text('{"roles": {}, "checkpoints": {}}')
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    assert weights_of("gaze") is None
    assert gaze_net() is None
    assert af_nets() == []
    assert "gaze-none" in evidence_key()


def test_what_it_names_must_be_right(models: Path) -> None:
    for config in (
        dataclasses.asdict(AF) | {"width": 10**9},
        dataclasses.asdict(AF) | {"units": True},
        dataclasses.asdict(AF) | {"widths": [8, 8]},
        {"width": 64},
        "no settings",
    ):
        put(models, "af-net", AfNet(AF), config)
        with pytest.raises(CheckpointError, match="no valid network"):
            af_nets()
    put(models, "af-net", AfNet(AF), dataclasses.asdict(AF), kind="gaze")
    with pytest.raises(CheckpointError, match="another network"):
        af_nets()
    path = put(models, "af-net", AfNet(AF), dataclasses.asdict(AF))
    path.write_bytes(path.read_bytes()[:-8] + b"12345678")
    with pytest.raises(CheckpointError, match="sha256"):
        af_nets()
    (models / "manifest.json").write_text("[]")
    with pytest.raises(CheckpointError, match="damaged"):
        weights_of("gaze")


def test_a_second_network_is_averaged_if_it_is_of_the_same_kind(models: Path, clip: Path) -> None:
    alone = run_job(focus_changes_job(probe(clip)))
    torch.manual_seed(1)
    put(models, "af-net-2", AfNet(AF), dataclasses.asdict(AF), kind="af-net")
    assert len(af_nets()) == 2
    both = run_job(focus_changes_job(probe(clip)))
    assert not np.array_equal(alone.likely, both.likely)
    other = dataclasses.replace(AF, width=96)
    put(models, "af-net-2", AfNet(other), dataclasses.asdict(other), kind="af-net")
    with pytest.raises(CheckpointError, match="different kinds"):
        af_nets()


def test_af_net_looks_at_a_clip_once(models: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(clip)
    changes = run_job(focus_changes_job(info))
    assert changes.likely.shape == (50,)
    assert changes.places.shape == (50, 2)
    assert np.all((changes.likely >= 0) & (changes.likely <= 1))

    def no_decoding(*_: object, **__: object) -> None:
        raise AssertionError("the cache holds everything")

    monkeypatch.setattr(af_module, "ClipReader", no_decoding)
    again = run_job(focus_changes_job(info))
    np.testing.assert_array_equal(changes.likely, again.likely)


def test_the_mode_af_net_gives_every_shot_a_target(models: Path, clip: Path) -> None:
    found = run_job(suggest_job(probe(clip), "af-net"))
    assert [s.frame for s in found if s.frame in (0, 30)] == [0, 30]
    assert {s.detector for s in found} == {"af-net"}
    evidence = run_job(detect_job(probe(clip)))
    with pytest.raises(UsageError, match="needs the pictures"):
        suggest_from(evidence, "af-net")


def test_the_saliency_of_a_clip_is_the_networks(models: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(clip)
    ours = run_job(detect_job(info))
    (models / "manifest.json").write_text('{"roles": {}, "checkpoints": {}}')
    without = run_job(detect_job(info))
    assert not np.array_equal(ours.saliency, without.saliency)
    np.testing.assert_array_equal(ours.motion, without.motion)
    assert float(ours.saliency[:5].max()) == pytest.approx(1.0, abs=1e-3)
