"""Analysis: complete, cached, resumed after a kill with the same result, repaired when a chunk is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline import analyse
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.products import ClipProducts
from tests.clips import write_clip

ESTIMATOR = "lower-is-nearer"
FRAMES = 80


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=FRAMES, cut_at=50)


def stack(products: ClipProducts) -> np.ndarray:
    return np.stack([products.rgbd(i).disparity for i in range(products.meta.done)])


def test_every_frame_is_there_and_normalised_per_shot(clip: Path) -> None:
    products = run_job(analyse_job(products_of(probe(clip), ESTIMATOR)))
    assert products.complete
    assert products.cuts == (50,)
    assert len(products.meta.ranges) == 2
    disparity = stack(products).astype(np.float32)
    assert disparity.shape[0] == FRAMES
    for shot in (disparity[:50], disparity[50:]):
        assert shot.min() < 0.03
        assert shot.max() > 0.97


def test_a_second_run_computes_nothing(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_job(analyse_job(products_of(probe(clip), ESTIMATOR)))
    monkeypatch.setattr(analyse, "ClipReader", None)  # any decoding would fail
    assert run_job(analyse_job(products_of(probe(clip), ESTIMATOR))).complete


@pytest.mark.parametrize("stop_after", [3, 33, 47, 64, 79])
def test_a_killed_run_resumes_to_the_same_result(clip: Path, stop_after: int) -> None:
    info = probe(clip)
    undisturbed = products_of(info, ESTIMATOR)
    expected = stack(run_job(analyse_job(undisturbed)))
    ranges = undisturbed.meta.ranges
    undisturbed.forget()

    job = analyse_job(products_of(info, ESTIMATOR))
    for progress in job:
        if progress.done >= stop_after:
            break
    job.close()
    resumed = products_of(info, ESTIMATOR)
    assert resumed.meta.done == stop_after // analyse.CHUNK_FRAMES * analyse.CHUNK_FRAMES
    got = stack(run_job(analyse_job(resumed)))
    assert resumed.cuts == (50,)
    assert resumed.meta.ranges == ranges
    np.testing.assert_array_equal(got, expected)


def test_a_damaged_chunk_is_computed_again(clip: Path) -> None:
    info = probe(clip)
    expected = stack(run_job(analyse_job(products_of(info, ESTIMATOR))))
    chunk = sorted(p for p in products_of(info, ESTIMATOR).store.folder.iterdir() if p.suffix != ".json")[1]
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 0xFF
    chunk.write_bytes(bytes(data))
    again = products_of(info, ESTIMATOR)
    with pytest.raises(CacheError):
        stack(again)
    np.testing.assert_array_equal(stack(run_job(analyse_job(again))), expected)


def test_damaged_facts_start_over_without_a_word(clip: Path) -> None:
    info = probe(clip)
    products = run_job(analyse_job(products_of(info, ESTIMATOR)))
    products.store.write_meta({"frames": FRAMES, "done": "many"})
    assert products_of(info, ESTIMATOR).meta.done == 0


def test_a_still_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    from rvr_laaf_app.media.image_file import write_png
    from tests.clips import frame_of

    write_png(tmp_path / "still.png", frame_of(0, (64, 48)))
    products = run_job(analyse_job(products_of(probe(tmp_path / "still.png"), ESTIMATOR)))
    assert products.complete
    assert products.rgbd(0).disparity.max() > 0.9


def test_a_range_is_analysed_to_the_end_of_its_shot_and_no_further(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "long.mp4", frames=150, cut_at=50))
    part = run_job(analyse_job(products_of(info, ESTIMATOR), stop=20))
    assert part.meta.done == 64  # the chunk that holds the cut, of 150 frames
    assert not part.complete
    assert part.shot_end(20) == 50
    known = [part.rgbd(i).disparity for i in range(50)]
    whole = run_job(analyse_job(products_of(info, ESTIMATOR)))
    assert whole.complete
    for index, disparity in enumerate(known):
        np.testing.assert_array_equal(disparity, whole.rgbd(index).disparity)
    assert run_job(analyse_job(products_of(info, ESTIMATOR), stop=120)).complete


@pytest.mark.parametrize("stop", [0, 50, 51, FRAMES, 10**9])
def test_any_range_ends_settled(clip: Path, stop: int) -> None:
    products = run_job(analyse_job(products_of(probe(clip), ESTIMATOR), stop=stop))
    assert products.settled(min(stop, FRAMES))
    assert products.shot_end(stop) == (50 if stop <= 50 else FRAMES)


def test_several_damaged_chunks_are_found_while_resuming(clip: Path) -> None:
    """The range of the shot is measured again from chunks of which one more may be damaged."""
    info = probe(clip)
    products = run_job(analyse_job(products_of(info, ESTIMATOR)))
    expected = stack(products)
    first, second = sorted(products.store.folder.glob("*.rgbd"))[:2]
    second.unlink()
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 0xFF
    first.write_bytes(bytes(data))
    again = run_job(analyse_job(products_of(info, ESTIMATOR)))
    np.testing.assert_array_equal(stack(again), expected)


def test_a_cache_without_room_is_noticed_before_the_first_frame(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RVR_CACHE_DIR", "/dev/null/cache")
    with pytest.raises(CacheError, match="RVR_CACHE_DIR"):
        next(analyse_job(products_of(probe(clip), ESTIMATOR)))
