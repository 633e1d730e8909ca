from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.flow.normalise import DisparityRange
from rvr_laaf_app.media.cache import ProductStore
from rvr_laaf_app.pipeline import depth_histogram
from rvr_laaf_app.pipeline.depth_histogram import BINS, BLOCK, DepthProfile, measure, raw_histogram
from rvr_laaf_app.pipeline.products import ClipProducts, ProductMeta


def frame(index: int, near_share: float, *, low: float = 0.2, high: float = 0.6, sure: float = 0.8) -> RgbdFrame:
    """A wall at `low` and something at `high` in front of it that fills the left `near_share` of the picture."""
    disparity = np.full((20, 40), low, np.float16)
    disparity[:, : round(near_share * 40)] = high
    return RgbdFrame(index, disparity, np.zeros((20, 40, 3), np.float16), np.full((20, 40), sure, np.float16))


def products_with(
    folder: Path,
    frames: list[RgbdFrame],
    *,
    total: int | None = None,
    cuts: tuple[int, ...] = (),
    final: int | None = None,
) -> ClipProducts:
    store = ProductStore(folder)
    for start in range(0, len(frames), 32):
        store.write_chunk(start, frames[start : start + 32])
    bounds = [0, *cuts, len(frames)]
    ranges = []
    for a, b in itertools.pairwise(bounds):
        measured = DisparityRange()
        for f in frames[a:b]:
            measured = measured.including(f.disparity.astype(np.float32))
        ranges.append(measured)
    done = len(frames)
    meta = ProductMeta(total or done, done, cuts, tuple(ranges), done if final is None else final)
    return cast("ClipProducts", SimpleNamespace(store=store, raw=store.read, meta=meta))


def measured(products: ClipProducts) -> DepthProfile:
    profile = DepthProfile(products.meta.frames)
    while measure(products, profile, at=0):
        pass
    return profile


def code(share: float) -> float:
    return 255 * share**depth_histogram.CURVE


def test_one_frame_is_a_wall_and_something_in_front_of_it() -> None:
    codes, sure = raw_histogram(frame(0, 0.25))
    shares = (codes / 255.0) ** 2
    assert shares.sum() == pytest.approx(1.0, abs=0.01)
    assert set(np.flatnonzero(codes)) == {51, 153}  # 0.2 and 0.6 of 256
    assert shares[153] == pytest.approx(0.25, abs=0.01)
    assert sure == round(255 * 0.8)


def test_disparity_is_normalised_over_the_shot(tmp_path: Path) -> None:
    profile = measured(products_with(tmp_path, [frame(i, 0.25) for i in range(5)]))
    assert profile.known.all()
    row = profile.levels[0].mean[2].astype(float)
    assert row[:2].max() == pytest.approx(code(0.75), abs=3)  # the farthest of the shot at the bottom
    assert row[-2:].max() == pytest.approx(code(0.25), abs=3)
    assert row[3:-3].max() == 0


def test_each_shot_has_its_own_range(tmp_path: Path) -> None:
    frames = [frame(i, 0.5, low=0.1, high=0.3) for i in range(4)] + [
        frame(i, 0.5, low=0.5, high=0.9) for i in range(4, 8)
    ]
    profile = measured(products_with(tmp_path, frames, cuts=(4,)))
    for index in (1, 6):
        occupied = np.flatnonzero(profile.levels[0].mean[index])
        assert occupied.min() <= 1
        assert occupied.max() >= BINS - 2


def test_a_range_that_grows_moves_what_was_measured_before(tmp_path: Path) -> None:
    early = [frame(i, 0.5, low=0.4, high=0.5) for i in range(32)]
    profile = DepthProfile(64)
    while measure(products_with(tmp_path, early, total=64), profile, at=0):
        pass
    before = profile.levels[0].mean[3].copy()
    version = profile.version
    assert not profile.known[32:].any()
    later = [frame(i, 0.5, low=0.4, high=0.8) for i in range(32, 64)]
    while measure(products_with(tmp_path, early + later), profile, at=0):
        pass
    assert profile.known.all()
    assert profile.version > version
    assert np.flatnonzero(before).max() >= BINS - 2
    assert np.flatnonzero(profile.levels[0].mean[3]).max() < BINS // 2  # 0.5 is no longer the nearest of the shot


def test_coarser_levels_keep_mean_most_confidence_and_what_is_known(tmp_path: Path) -> None:
    frames = [frame(i, 0.5 if i == 5 else 0.0, sure=0.2 if i < 4 else 1.0) for i in range(11)]
    profile = measured(products_with(tmp_path, frames, total=13))
    sizes = [len(level.known) for level in profile.levels]
    assert sizes == [13, 7, 4, 2, 1]
    top = profile.levels[-1]
    near = top.most[0, -2:].max()
    assert near == pytest.approx(code(0.5), abs=3)  # the short moment is still to be seen
    assert 0 < top.mean[0, -2:].max() < near
    assert profile.levels[2].confidence.tolist()[:2] == pytest.approx([51, 255], abs=1)
    assert profile.levels[1].known.tolist() == [True] * 6 + [False]
    assert profile.levels[1].mean[5].tolist() == profile.levels[0].mean[10].tolist()  # what is unknown does not dim


@pytest.mark.parametrize(("per_column", "level"), [(0.01, 0), (1, 0), (1.5, 1), (2, 1), (2.1, 2), (1e9, 4)])
def test_a_column_never_shows_less_than_its_frames(per_column: float, level: int) -> None:
    assert DepthProfile(13).level_for(per_column) == level


def test_what_was_measured_is_kept_beside_the_products(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    products = products_with(tmp_path, [frame(i, 0.3) for i in range(BLOCK + 8)])
    first = measured(products)
    monkeypatch.setattr(depth_histogram, "raw_histogram", lambda _f: pytest.fail("was measured twice"))
    again = measured(products)
    for a, b in zip(first.levels, again.levels, strict=True):
        assert np.array_equal(a.mean, b.mean)
        assert np.array_equal(a.confidence, b.confidence)


def test_what_is_measured_while_a_shot_moves_is_measured_again_when_it_is_final(tmp_path: Path) -> None:
    moving = products_with(tmp_path, [frame(i, 0.25) for i in range(6)], final=0)
    profile = measured(moving)
    assert profile.known.all()
    assert not list(tmp_path.rglob("*.hist"))
    final = products_with(tmp_path, [frame(i, 0.5) for i in range(6)])
    while measure(final, profile, at=0):
        pass
    assert np.array_equal(profile.levels[0].mean, measured(final).levels[0].mean)
    assert list(tmp_path.rglob("*.hist"))


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_damaged_files_are_measured_again(tmp_path: Path, damage: bytes | None) -> None:
    products = products_with(tmp_path, [frame(i, 0.3) for i in range(8)])
    first = measured(products)
    (path,) = tmp_path.glob("*.hist")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if damage is None else damage)
    assert np.array_equal(measured(products).levels[0].mean, first.levels[0].mean)


def test_frames_near_the_asked_one_come_first(tmp_path: Path) -> None:
    products = products_with(tmp_path, [frame(i, 0.3) for i in range(2 * BLOCK)])
    profile = DepthProfile(2 * BLOCK)
    assert measure(products, profile, at=BLOCK + 5)
    assert np.flatnonzero(profile.known).min() == BLOCK


def test_one_frame(tmp_path: Path) -> None:
    profile = measured(products_with(tmp_path, [frame(0, 0.3)]))
    assert len(profile.levels) == 1
    assert profile.known.all()


def test_missing_products_are_told(tmp_path: Path) -> None:
    products = products_with(tmp_path, [frame(i, 0.3) for i in range(4)])
    for path in tmp_path.glob("*.rgbd"):
        path.unlink()
    with pytest.raises(CacheError):
        measure(products, DepthProfile(4), at=0)


def test_very_long_clips_are_thinned_and_stay_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(depth_histogram, "MOST_ENTRIES", 10)
    products = products_with(tmp_path, [frame(i, 0.5 if i == 9 else 0.0) for i in range(25)])
    profile = measured(products)
    assert (profile.step, profile.entries) == (3, 9)
    assert profile.known.all()
    assert profile.levels[0].mean[3, -2:].max() > 0  # entry 3 is frame 9
