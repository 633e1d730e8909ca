"""Shots become final as a whole, in any order of kills and damage with the same result, and nothing is left over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.media.probe import ClipInfo, probe
from rvr_laaf_app.pipeline.analyse import analyse_job
from rvr_laaf_app.pipeline.products import UNFILTERED, AnalysisKey, ClipProducts
from tests.clips import write_clip

FRAMES, CUT = 80, 50


class Restless:
    """An estimator whose disparity swells and sinks from frame to frame, and which sees light in one corner."""

    name, version, context = "restless", "1", (0, 0)
    estimated: int = 0

    def start(self, clip: ClipTrait) -> None:
        """There is no state."""

    def step(self, frames: Sequence[Frame], state: None) -> tuple[RgbdFrame, None]:
        """Return luma as disparity, with a scale and a shift of the frame's own."""
        Restless.estimated += 1
        frame = frames[0]
        rng = np.random.default_rng(frame.index)
        grey = cv2.cvtColor(frame.rgb8, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        disparity = np.clip(grey * rng.uniform(0.6, 0.8) + rng.uniform(0, 0.2), 0, 1).astype(np.float16)
        boost = np.zeros((*grey.shape, 3), np.float16)
        boost[:20, :20] = rng.uniform(1, 3)
        return RgbdFrame(frame.index, disparity, boost, np.ones_like(disparity)), None


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    return probe(write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=FRAMES, cut_at=CUT))


def products_of(info: ClipInfo, filter_version: str = "test") -> ClipProducts:
    key = AnalysisKey("restless", "1", "flow", filter_version, 160)
    return ClipProducts(info, key, make=Restless)


def everything(products: ClipProducts) -> list[np.ndarray]:
    frames = [products.rgbd(i) for i in range(FRAMES)]
    return [np.stack([f.disparity for f in frames]), np.stack([f.boost_stops for f in frames])]


@pytest.fixture
def expected(info: ClipInfo) -> list[np.ndarray]:
    products = run_job(analyse_job(products_of(info)))
    result = everything(products)
    products.forget()
    return result


def same(got: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def test_the_result_is_steady_and_nothing_is_left_of_the_way(info: ClipInfo) -> None:
    products = run_job(analyse_job(products_of(info)))
    assert products.complete
    assert products.meta.final_shots == len(products.meta.ranges) == 2
    assert not [p for p in products.forward.folder.iterdir() if p.suffix in (".rgbd", ".trace")]
    top = np.stack([products.rgbd(i).disparity[:30] for i in range(CUT)]).astype(np.float32)
    assert np.abs(np.diff(top, axis=0)).mean() < 0.004


def test_the_first_half_is_shown_until_the_shot_is_final(info: ClipInfo) -> None:
    products = products_of(info)
    messages, before = [], None
    for progress in analyse_job(products):
        messages.append(progress.message)
        if progress.message == "steadying" and products.meta.final == 0:
            before = before or products.rgbd(3)
    assert before is not None
    assert before.digest != products.rgbd(3).digest
    assert messages.count("steadying") >= FRAMES
    assert messages.index("steadying") < len(messages) - 1 - messages[::-1].index("analysing"), "shot by shot"


@pytest.mark.parametrize("kill_at", [1, 40, 66, 80, 100, 115, 130, 150, 200, 230])
def test_killed_anywhere_it_resumes_to_the_same_result(
    info: ClipInfo, expected: list[np.ndarray], kill_at: int
) -> None:
    job = analyse_job(products_of(info))
    for count, _ in enumerate(job):
        if count == kill_at:
            break
    job.close()
    resumed = products_of(info)
    run_job(analyse_job(resumed))
    same(everything(resumed), expected)
    assert resumed.cuts == (CUT,)


def test_killed_again_and_again(info: ClipInfo, expected: list[np.ndarray]) -> None:
    for _ in range(20):
        job = analyse_job(products_of(info))
        for count, _progress in enumerate(job):
            if count == 70:
                break
        else:
            break
        job.close()
    products = products_of(info)
    assert products.complete
    same(everything(products), expected)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_damaged_final_chunk_is_made_again_with_its_shot(
    info: ClipInfo, expected: list[np.ndarray], number: int
) -> None:
    products = run_job(analyse_job(products_of(info)))
    spoil(sorted(products.store.folder.glob("*.rgbd"))[number])
    again = products_of(info)
    with pytest.raises(CacheError):
        everything(again)
    Restless.estimated = 0
    run_job(analyse_job(again))
    same(everything(again), expected)
    assert again.meta.ranges == products.meta.ranges
    assert Restless.estimated == (FRAMES if number < 2 else FRAMES - CUT), "from the beginning of its shot"


@pytest.mark.parametrize("suffix", [".rgbd", ".trace"])
@pytest.mark.parametrize("how", [spoil, Path.unlink])
def test_damage_on_the_way_is_mended(info: ClipInfo, expected: list[np.ndarray], suffix: str, how: object) -> None:
    job = analyse_job(products_of(info))
    for progress in job:
        if progress.done == 64 and progress.message == "analysing":
            break
    job.close()
    products = products_of(info)
    assert (products.meta.done, products.meta.final) == (64, 0)
    how(sorted(products.forward.folder.glob("*" + suffix))[0])  # type: ignore[operator]
    for _ in range(2):  # a damaged chunk may be met only when it is read: then the second attempt mends it
        try:
            run_job(analyse_job(products_of(info)))
        except CacheError:
            continue
        break
    same(everything(products_of(info)), expected)


def test_unfiltered_disparity_stays_as_it_is(info: ClipInfo) -> None:
    products = run_job(analyse_job(products_of(info, UNFILTERED)))
    assert products.complete
    levels = [products.store.read(i).disparity[5, 5] for i in range(CUT)]
    assert len(set(levels)) > CUT // 2


def test_readers_survive_the_change_over(info: ClipInfo) -> None:
    """A reader that looked at the facts just before a shot became final finds the frame all the same."""
    products = products_of(info)
    run_job(analyse_job(products))
    final = products.meta
    stale = ClipProducts(info, products.key, make=Restless)
    stale.meta = final.cut_back(0, CUT, final.ranges[0])
    read = stale.forward.read

    def and_then_it_is_final(index: int) -> RgbdFrame:
        stale.meta = final
        return read(index)

    stale.forward.read = and_then_it_is_final  # type: ignore[method-assign]
    assert stale.rgbd(3).digest == products.rgbd(3).digest
