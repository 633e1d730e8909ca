"""What AF-Net learns from keeps its truth through every change, and a few steps learn something."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from rvr_laaf_app.nets.af_net import AfNet, AfNetConfig, to_input
from rvr_laaf_app.training import data_af, train_af
from rvr_laaf_app.training.data_af import AfExample, Looked, Sequence, still_of, stretch_of
from rvr_laaf_app.training.loop import save_checkpoint

SMALL = AfNetConfig(units=3, unit_frames=3, width=64, height=32, widths=(8, 8, 16, 16), widths2=(16, 16))


def sequence(target: int = 10) -> Sequence:
    """A white square that jumps from the left to the right at `target`."""
    rgb = np.full((24, 48, 64, 3), 30, np.uint8)
    boxes = np.zeros((24, 4), np.float32)
    for t in range(24):
        x = 6 if t < target else 44
        rgb[t, 16:32, x : x + 12] = 250
        boxes[t] = (x / 64, 16 / 48, 12 / 64, 16 / 48)
    return Sequence(rgb, boxes, target)


def test_the_region_lies_on_the_subject_after_cutting_and_mirroring() -> None:
    for seed in range(10):
        example = stretch_of(sequence(), SMALL, np.random.default_rng(seed))
        middle = example.rgb[SMALL.frames // 2].mean(2)
        bright = np.argwhere(middle > 180).mean(0) / (SMALL.height, SMALL.width)
        region = example.region[1]
        peak = (np.array(np.unravel_index(region.argmax(), region.shape)) + 0.5) / region.shape
        assert np.abs(bright - peak).max() < 0.15
        assert abs(float(region.sum()) - 1) < 1e-4


def test_only_stretches_about_the_change_are_targets() -> None:
    said = [stretch_of(sequence(), SMALL, np.random.default_rng(seed)).target for seed in range(60)]
    assert max(said) == 1.0
    assert sum(value > 0.5 for value in said) >= 15
    assert sum(value < 0.2 for value in said) >= 10
    none = Sequence(sequence().rgb, sequence().boxes, -1)
    assert all(stretch_of(none, SMALL, np.random.default_rng(seed)).target == 0.0 for seed in range(5))


def test_people_look_where_they_looked_and_nothing_changes() -> None:
    rgb = np.zeros((40, 80, 3), np.uint8)
    rgb[18:22, 58:62] = 255
    looked = Looked(rgb, np.array([[0.75, 0.5]], np.float32))
    example = still_of(looked, SMALL, np.random.default_rng(1))
    assert example.target == 0.0
    for unit in range(SMALL.units):
        frame = example.rgb[unit * SMALL.unit_frames + SMALL.unit_frames // 2].mean(2)
        bright = np.argwhere(frame > 100).mean(0) / frame.shape
        region = example.region[unit]
        peak = (np.array(np.unravel_index(region.argmax(), region.shape)) + 0.5) / region.shape
        assert (np.abs(bright - peak) * region.shape).max() < 0.65  # cells


def test_a_small_network_learns_a_jump() -> None:
    torch.manual_seed(0)
    net = AfNet(SMALL)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(50):
        batch: list[AfExample] = [stretch_of(sequence(), SMALL, rng) for _ in range(8)]
        raw = net(to_input(torch.from_numpy(np.stack([e.rgb for e in batch]))))
        where, when = train_af.loss_terms(raw, batch)
        optimizer.zero_grad()
        (0.3 * where + when).backward()
        optimizer.step()
        losses.append(float(when.detach()))
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:5])


def test_the_protocol_keeps_the_target_inside_its_hundred_frames() -> None:
    net = AfNet(SMALL).eval()
    frames = np.zeros((150, SMALL.height, SMALL.width, 3), np.uint8)
    for at in (3, 70, 148):
        row = train_af.around_target(net, frames, {"frame": at, "box": [0, 0, 1, 1]}, 30.0, np.random.default_rng(0))
        assert 0 <= int(row["found"]) < 150
        assert int(row["delta_t"]) == abs(int(row["found"]) - at)
        assert int(row["delta_t"]) < train_af.PROTOCOL_FRAMES


def test_a_run_resumes_where_it_stopped(tmp_path: Path) -> None:
    looked = [Looked(np.zeros((40, 80, 3), np.uint8), np.array([[0.5, 0.5]], np.float32))]
    settings = train_af.Settings(steps=4, sequences=2, stills=1)
    whole = list(train_af.batches([sequence()], looked, [], SMALL, first=0, s=settings))
    rest = list(train_af.batches([sequence()], looked, [], SMALL, first=2, s=settings))
    assert len(whole) == 4
    for one, two in zip(whole[2:], rest, strict=True):
        assert all(np.array_equal(a.rgb, b.rgb) and a.target == b.target for a, b in zip(one, two, strict=True))


def test_attention_off_the_picture_is_spread_evenly() -> None:
    share = data_af.attention_of_places(np.array([[9.0, 9.0]], np.float32), SMALL)
    assert np.allclose(share, 1 / share.size)


def test_who_enters_is_a_target_when_something_of_them_is_seen() -> None:
    boxes = np.tile(np.array([0.2, 0.2, 0.3, 0.5], np.float32), (20, 1))
    assert data_af.first_seen(boxes, 8) == 8
    boxes[8:12, 2] = 0.01
    assert data_af.first_seen(boxes, 8) == 12
    assert data_af.first_seen(boxes, -1) == -1
    boxes[8:, 2] = 0.01
    assert data_af.first_seen(boxes, 8) == 8


def test_a_run_is_published_under_its_role(tmp_path: Path) -> None:
    net = AfNet(AfNetConfig())
    save_checkpoint(tmp_path / "last.safetensors", nets={"average": net}, optimizer=None, facts={"step": 1})
    (tmp_path / "card.md").write_text("# a card\n")
    path = train_af.publish_af(tmp_path / "last.safetensors", tmp_path / "models", number=4, card=tmp_path / "card.md")
    listing = json.loads((tmp_path / "models" / "manifest.json").read_text())
    assert listing["roles"] == {"af-net": "rvr-af-net-4"}
    assert path.stat().st_size == listing["checkpoints"]["rvr-af-net-4"]["bytes"]


def test_ones_own_clips_alone_can_train_from_the_published_network(tmp_path: Path) -> None:
    net, other = AfNet(AfNetConfig()), AfNet(AfNetConfig())
    save_checkpoint(tmp_path / "last.safetensors", nets={"average": net}, optimizer=None, facts={"step": 1})
    published = train_af.publish_af(tmp_path / "last.safetensors", tmp_path / "models", number=1, card=None)
    for start in (published, tmp_path / "last.safetensors"):
        begun = AfNet(AfNetConfig())
        train_af.begin_with(start, begun, other)
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                assert torch.equal(begun.state_dict()[name], value)
    settings = train_af.Settings(steps=1, sequences=2, stills=3)
    (batch,) = train_af.batches([sequence()], [], [], SMALL, first=0, s=settings)
    assert len(batch) == 2  # no photographs with fixations: none are asked for
