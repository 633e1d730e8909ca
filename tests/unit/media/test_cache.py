"""Analysis products on disk: exact where promised, resumed after a kill, damage noticed, a full disk survived."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.media.cache import ProductStore, cache_root, prune, store_for


def make_frame(index: int, *, width: int = 64, height: int = 36, boost: bool = True) -> RgbdFrame:
    rng = np.random.default_rng(index)
    slope = np.linspace(0, 1, width, dtype=np.float32)[None] * np.linspace(0.2, 1, height, dtype=np.float32)[:, None]
    disparity = np.clip(slope + rng.normal(0, 1e-3, (height, width)), 0, 1).astype(np.float16)
    stops = np.zeros((height, width, 3), np.float16)
    if boost:
        stops[5:9, 7:20] = rng.uniform(0, 12, (4, 13, 3)).astype(np.float16)
    confidence = rng.uniform(0, 1, (height, width)).astype(np.float16)
    return RgbdFrame(index, disparity, stops, confidence)


def frames(start: int, stop: int) -> list[RgbdFrame]:
    return [make_frame(index) for index in range(start, stop)]


def test_round_trip_is_as_exact_as_promised(tmp_path: Path) -> None:
    store = ProductStore(tmp_path / "s")
    want = frames(32, 40)
    store.write_chunk(32, want)
    for order in (35, 39, 32):
        got, truth = ProductStore(tmp_path / "s").read(order), want[order - 32]
        assert got.index == order
        assert np.array_equal(got.disparity.view(np.uint16), truth.disparity.view(np.uint16))
        assert np.abs(got.boost_stops.astype(float) - truth.boost_stops.astype(float)).max() <= 0.028
        assert not got.boost_stops[truth.boost_stops == 0].any()
        assert np.abs(got.confidence.astype(float) - truth.confidence.astype(float)).max() <= 0.0025


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (640, 360)])
def test_extremes_survive(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    rng = np.random.default_rng(1)
    store = ProductStore(tmp_path)
    noise = rng.uniform(0, 1, (height, width)).astype(np.float16)
    ones = np.ones((height, width), np.float16)
    far = np.full((height, width, 3), 20, np.float16)
    store.write_chunk(0, [RgbdFrame(0, noise, far, ones), RgbdFrame(1, ones, -far, np.zeros_like(ones))])
    first, second = store.read(0), store.read(1)
    assert np.array_equal(first.disparity, noise)
    assert (first.boost_stops == 12).all()
    assert (first.confidence == 1).all()
    assert (second.disparity == 1).all()
    assert not second.boost_stops.any()
    assert not second.confidence.any()


def test_ranges_that_are_missing(tmp_path: Path) -> None:
    store = ProductStore(tmp_path / "s")
    assert store.missing(10) == [(0, 10)]
    assert not store.has(0, 1)
    store.write_chunk(0, frames(0, 4))
    store.write_chunk(6, frames(6, 8))
    assert store.missing(10) == [(4, 6), (8, 10)]
    assert store.missing(7) == [(4, 6)]
    assert store.has(0, 4)
    assert store.has(6, 8)
    assert not store.has(3, 5)
    other = ProductStore(tmp_path / "s")
    other.write_chunk(4, frames(4, 6))
    assert store.has(0, 8)
    assert store.read(5).index == 5
    with pytest.raises(CacheError, match="not been analysed"):
        store.read(9)


def test_frames_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    store = ProductStore(tmp_path)
    for wrong in ([make_frame(0), make_frame(2)], [make_frame(0), make_frame(1, width=32)], []):
        with pytest.raises(ValueError, match="chunk"):
            store.write_chunk(0, wrong)
    assert store.missing(2) == [(0, 2)]


def test_each_damaged_byte_is_noticed_and_recomputed(tmp_path: Path) -> None:
    store = ProductStore(tmp_path)
    store.write_chunk(0, [make_frame(i, width=20, height=9) for i in range(3)])
    (file,) = tmp_path.glob("*.rgbd")
    good = file.read_bytes()
    truth = [store.read(i).digest for i in range(3)]
    for place in {*range(0, 140), *range(140, len(good), 13)}:
        file.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        fresh = ProductStore(tmp_path)
        wrong = 0
        for index in range(3):
            try:
                assert fresh.read(index).digest == truth[index]
            except CacheError:
                wrong += 1
        assert wrong > 0
        assert fresh.missing(3) == [(0, 3)]
    for length in (0, 5, 30, len(good) // 2, len(good) - 1):
        file.write_bytes(good[:length])
        assert ProductStore(tmp_path).missing(3) == [(0, 3)]
    file.write_bytes(good + b"x")
    assert ProductStore(tmp_path).missing(3) == [(0, 3)]
    file.write_bytes(good)
    assert ProductStore(tmp_path).verify() == []
    file.write_bytes(good[:-1] + b"\xff")
    assert ProductStore(tmp_path).verify() == [(0, 3)]


def test_damage_after_the_header_was_seen(tmp_path: Path) -> None:
    store = ProductStore(tmp_path)
    store.write_chunk(0, frames(0, 3))
    store.read(0)
    (file,) = tmp_path.glob("*.rgbd")
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(CacheError, match="damaged"):
        store.read(2)
    assert store.missing(3) == [(0, 3)]
    store.write_chunk(0, frames(0, 3))
    assert store.read(2).index == 2


def test_meta_round_trip_and_damage(tmp_path: Path) -> None:
    store = ProductStore(tmp_path / "s")
    assert store.read_meta() == {}
    meta = {"cuts": [0, 17], "scale": [[0.25, 0.1]], "version": "ä", "complete": False}
    store.write_meta(meta)
    assert store.read_meta() == meta
    store.write_meta({**meta, "complete": True})
    assert store.read_meta()["complete"] is True
    file = tmp_path / "s" / "meta.json"
    for broken in (b"", b"{}", b"[1]", file.read_bytes().replace(b"17", b"18"), b"\xff\xfe"):
        file.write_bytes(broken)
        with pytest.raises(CacheError):
            store.read_meta()
        assert store.read_meta() == {}


def test_full_disk_is_one_clear_error_and_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ProductStore(tmp_path)
    store.write_chunk(0, frames(0, 2))
    store.write_meta({"complete": False})

    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("rvr_laaf_app.core.atomic.os.write", full)
    with pytest.raises(CacheError, match="no space left"):
        store.write_chunk(2, frames(2, 4))
    with pytest.raises(CacheError, match="no space left"):
        store.write_meta({"complete": True})
    monkeypatch.undo()
    assert store.missing(4) == [(2, 4)]
    assert store.read(1).index == 1
    assert store.read_meta() == {"complete": False}
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".rgbd"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_file_size_limit_of_the_system(tmp_path: Path) -> None:
    script = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import resource, signal
from test_cache import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = ProductStore({str(tmp_path)!r})
store.write_chunk(0, frames(0, 1))
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    store.write_chunk(1, frames(1, 9))
except CacheError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "no space left" in done.stdout
    assert ProductStore(tmp_path).missing(9) == [(1, 9)]
    assert resource.RLIMIT_FSIZE is not None


def test_killed_analysis_goes_on_where_it_was(tmp_path: Path) -> None:
    script = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_cache import *
store = ProductStore({str(tmp_path)!r})
for first, last in store.missing(4000):
    for start in range(first, last, 4):
        store.write_chunk(start, frames(start, min(start + 4, last)))
        print(start, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seen = [int(child.stdout.readline()) for _ in range(8)]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    store = ProductStore(tmp_path)
    ((first, last),) = store.missing(4000)
    assert first >= seen[-1] + 4
    assert last == 4000
    assert store.verify() == []
    assert store.read(first - 1).digest == ProductStore(tmp_path).read(first - 1).digest
    store.write_chunk(first, frames(first, first + 4))
    assert not list(tmp_path.glob("*.part"))


def test_store_for_separates_clips_and_estimators() -> None:
    one, two, three = store_for("a", "net-1"), store_for("a", "net-2"), store_for("../../b", "net-1")
    assert len({one.folder, two.folder, three.folder}) == 3
    assert all(cache_root() in store.folder.parents for store in (one, two, three))
    assert store_for("a", "net-1").folder == one.folder
    assert str(cache_root()) == os.environ["RVR_CACHE_DIR"]


def test_prune_removes_the_longest_unused() -> None:
    stores = [store_for(name, "net") for name in "abc"]
    for age, store in enumerate(stores):
        store.write_chunk(0, frames(0, 4))
        moment = time.time() - 1000 * (age + 1)
        os.utime(store.folder / "used", (moment, moment))
    one = stores[0].size_bytes()
    assert prune(one * 3) == 0
    assert prune(one * 2 + 10) > 0
    assert [store.has(0, 4) for store in stores] == [True, True, False]
    assert prune(0, keep=[stores[1]]) > 0
    assert [store.has(0, 4) for store in stores] == [False, True, False]
    with pytest.raises(CacheError):
        stores[0].read(0)
    assert not [entry for entry in (cache_root() / "products").iterdir() if entry.suffix == ".gone"]


def test_cache_root_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RVR_CACHE_DIR")
    assert cache_root().name == "rvr-laaf"


def test_unwritable_folder_is_a_cache_error(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_bytes(b"")
    with pytest.raises(CacheError, match="cannot be stored"):
        ProductStore(blocker / "s").write_chunk(0, frames(0, 1))


def test_cost_per_frame(tmp_path: Path) -> None:
    """One frame of a chunk must cost far less than the whole chunk, and far less room than raw."""
    store = ProductStore(tmp_path)
    some = [make_frame(index, width=320, height=180) for index in range(16)]
    store.write_chunk(0, some)
    raw = sum(f.disparity.nbytes + f.boost_stops.nbytes + f.confidence.nbytes for f in some)
    assert store.size_bytes() < 0.35 * raw

    def cost(indices: range) -> float:
        best = 9.0
        for _ in range(3):
            began = time.process_time()
            for index in indices:
                store.read(index)
            best = min(best, time.process_time() - began)
        return best

    assert cost(range(15, 16)) < 0.4 * cost(range(16))
