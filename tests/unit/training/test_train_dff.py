"""Training of depth from focus: the pool on disk, batches, one batch learned by heart, stopping and going on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rvr_laaf_app.training.focal_scenes import load_photos, make_pool, open_pool, photo_paint
from rvr_laaf_app.training.train_dff import Settings, batches, load_pools, train


@pytest.fixture(scope="module")
def pool_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    make_pool(folder / "4", stacks=8, frames=4, side=72, seed=5, photos=[])
    return folder


def settings(pool: Path, out: Path, **others: object) -> Settings:
    return Settings(pool=pool, out=out, batch=2, crop=64, warmup=2, device="cpu", **others)  # type: ignore[arg-type]


def test_a_pool_is_what_was_rendered(pool_folder: Path) -> None:
    pool = open_pool(pool_folder / "4")
    assert pool.slices.shape == (8, 4, 72, 72, 3)
    assert pool.moving.tolist() == [False, True] * 4
    assert (np.diff(pool.places, axis=1) < 0).all()
    assert pool.known.any()
    assert pool.coc.max() > 8
    assert pool.disparity.max() > 30000


def test_an_interrupted_pool_goes_on_to_the_same_end(pool_folder: Path, tmp_path: Path) -> None:
    make_pool(tmp_path, stacks=8, frames=4, side=72, seed=5, photos=[])
    whole = open_pool(tmp_path).slices[:].copy()
    assert np.array_equal(whole, open_pool(pool_folder / "4").slices)
    (tmp_path / "done.json").write_text(json.dumps({"stacks": 5, "seed": 5}))
    np.load(tmp_path / "slices.npy", mmap_mode="r+")[5:] = 0
    make_pool(tmp_path, stacks=8, frames=4, side=72, seed=5, photos=[])
    assert np.array_equal(open_pool(tmp_path).slices, whole)


def test_photographs_become_textures() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    paint = photo_paint([photo])
    for seed in range(8):
        light = paint(np.random.default_rng(seed), (200, 40))
        assert light.shape == (40, 200, 3)
        assert 0 <= light.min() <= light.max() <= 1


def test_photographs_that_may_train_are_found(shared_data: Path) -> None:
    assert len(load_photos(shared_data, limit=3)) == 3


def test_batches_depend_on_their_number_alone(pool_folder: Path, tmp_path: Path) -> None:
    s = settings(pool_folder, tmp_path, steps=3)
    pools = load_pools(pool_folder, slices=4)
    straight = list(batches(pools, s, first=0))
    late = list(batches(pools, s, first=2))
    assert torch.equal(straight[2].slices, late[0].slices)
    assert straight[0].slices.shape == (2, 4, 64, 64, 3)
    assert not torch.equal(straight[0].slices, straight[1].slices)


def test_no_pool_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no pool"):
        load_pools(tmp_path, slices=4)


@pytest.mark.parametrize("kind", ["focus_volume", "poolnet"])
def test_a_run_can_be_stopped_and_goes_on(kind: str, pool_folder: Path, tmp_path: Path) -> None:
    train(settings(pool_folder, tmp_path, steps=2, kind=kind, coc=1))
    train(settings(pool_folder, tmp_path, steps=4, kind=kind, coc=1))
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert [float(line.split(",")[0]) for line in lines[1:]] == [2, 4]
    assert all(np.isfinite(float(value)) for value in lines[-1].split(","))
