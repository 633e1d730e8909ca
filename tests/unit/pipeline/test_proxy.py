"""Pictures for playing: what names them, what survives, what is pruned."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.lens_keys import LensKey
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.document.project import ApertureSettings, ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.laaf.curve import FocusCurve, focus_curve
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline.analyse import analyse_job, products_of
from rvr_laaf_app.pipeline.preview import PreviewRenderer, PreviewRequest
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.proxy import ProxyKeys, ProxyStore, proxy_size, proxy_store, prune_proxies
from tests.clips import write_clip

FRAMES = 6


def picture(seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    return cv2.resize(coarse, (96, 64), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def products(tmp_path: Path) -> ClipProducts:
    info = probe(write_clip(tmp_path / "clip.mp4", frames=FRAMES, sound=False))
    found = products_of(info, "lower-is-nearer")
    run_job(analyse_job(found))
    return found


def flat(disparity: float = 0.5) -> FocusCurve:
    return focus_curve(FRAMES, (), default_disparity=disparity)


def test_a_picture_comes_back_as_it_was_also_from_the_disk(tmp_path: Path) -> None:
    store, rgb = ProxyStore(tmp_path / "a"), picture()
    store.put("k", rgb)
    for again in (store, ProxyStore(tmp_path / "a")):
        again.scan()
        assert "k" in again
        found = again.get("k")
        assert found is not None
        assert found.shape == (64, 96, 4)
        assert cv2.PSNR(found[..., 2::-1], rgb) > 40
    assert "other" not in store
    assert store.get("other") is None


def test_a_damaged_or_vanished_file_counts_as_none(tmp_path: Path) -> None:
    ProxyStore(tmp_path).put("k", picture())
    (path,) = tmp_path.glob("*.jpg")
    path.write_bytes(b"torn")
    store = ProxyStore(tmp_path)
    store.scan()
    assert store.get("k") is None
    assert "k" not in store
    assert not path.exists()
    store.put("k", picture())
    fresh = ProxyStore(tmp_path)
    fresh.scan()
    path.unlink()
    assert fresh.get("k") is None
    assert "k" not in fresh


def test_memory_is_bounded_and_the_disk_remembers(tmp_path: Path) -> None:
    store = ProxyStore(tmp_path, memory_bytes=40_000)
    for k in range(30):
        store.put(f"k{k}", picture(k))
    assert all(store.get(f"k{k}") is not None for k in range(30))


def test_without_a_writable_disk_it_stays_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ProxyStore(tmp_path / "file" / "folder")
    store.put("k", picture())
    assert "k" in store
    assert store.get("k") is not None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RVR_CACHE_DIR", str(tmp_path))
    stores = [ProxyStore(tmp_path / "proxies" / name) for name in "ab"]
    for number in range(10):
        stores[number % 2].put(f"k{number}", picture(number))
        path = stores[number % 2].folder / f"k{number}.jpg"
        os.utime(path, (1000 + number, 1000 + number))
    sizes = sum(p.stat().st_size for p in tmp_path.rglob("*.jpg"))
    assert prune_proxies(sizes) == 0
    stores[0] = ProxyStore(stores[0].folder)
    assert stores[0].get("k0") is not None  # used just now
    freed = prune_proxies(sizes // 2)
    left = {p.stem for p in tmp_path.rglob("*.jpg")}
    assert sizes - freed <= sizes // 2
    assert {"k0", "k9"} <= left
    assert not {"k1", "k2", "k3"} & left


def test_everything_that_decides_a_picture_is_in_its_name(products: ClipProducts) -> None:
    lens = LensSettings()
    base = Project(clip=ClipRef("x"), lens=lens)
    others = {
        "f-number": replace(base, lens=replace(lens, lens=Lens(f_number=2.8))),
        "focal length": replace(base, lens=replace(lens, lens=Lens(focal_length_mm=85))),
        "blur strength": replace(base, lens=replace(lens, blur_px=12.0)),
        "shape": replace(base, lens=replace(lens, aperture=ApertureSettings(blades=6))),
        "highlights": replace(base, lens=replace(lens, highlight_boost=0.3)),
        "limit": replace(base, lens=replace(lens, max_coc_px=20.0)),
        "near limit": replace(base, lens=replace(lens, max_near_coc_px=20.0)),
        "breathing": replace(base, lens=replace(lens, breathing=0.1)),
        "guard": replace(base, lens=replace(lens, confidence_guard=0.9)),
        "keyed f-number": replace(base, lens=replace(lens, f_number_keys=(LensKey(0, 8.0),))),
    }
    name = ProxyKeys(products, base, flat()).of(2)
    names = {what: ProxyKeys(products, project, flat()).of(2) for what, project in others.items()}
    names["plane"] = ProxyKeys(products, base, flat(0.51)).of(2)
    names["frame"] = ProxyKeys(products, base, flat()).of(3)
    assert name not in names.values()
    assert len(set(names.values())) == len(names)
    assert ProxyKeys(products, base, flat()).of(2) == name


def test_a_repair_names_its_pictures_anew_once_it_is_carried_there(
    products: ClipProducts, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Project(clip=ClipRef("x"))
    stroke = Repair("r1", 2, "nearer", (0.4, 0.4, 0.6, 0.6))
    repaired = replace(base, repairs=(stroke,))
    names = [ProxyKeys(products, project, flat()).of(2) for project in (base, repaired)]
    assert names[0] == names[1]  # nothing of it is known yet
    monkeypatch.setattr(products.carried, "state", lambda _p, index, _r: ("carried",) if index == 2 else ())
    keys = ProxyKeys(products, repaired, flat())
    assert keys.of(2) != names[0]
    assert keys.of(3) == ProxyKeys(products, base, flat()).of(3)


def test_what_decides_nothing_is_not_in_the_name(products: ClipProducts) -> None:
    base = Project(clip=ClipRef("x"))
    name = ProxyKeys(products, base, flat()).of(2)
    target = FocusTarget("t", 1, Point(0.5, 0.5))
    for same in (
        replace(base, play_range=PlayRange(1, 3)),
        replace(base, clip=ClipRef("elsewhere")),
        base.with_targets((target,)),  # the curve says what it does
        replace(base, lens=replace(base.lens, f_number_keys=(LensKey(0, base.lens.lens.f_number),))),
    ):
        assert ProxyKeys(products, same, flat()).of(2) == name
    assert ProxyKeys(products, base, flat(0.5 + 1e-6)).of(2) == name


def test_the_kept_picture_is_the_exact_one_of_its_size(products: ClipProducts) -> None:
    project = Project(clip=ClipRef("x"), lens=LensSettings(blur_px=20.0))
    renderer = PreviewRenderer(products)
    size = proxy_size(products.info.display_size)
    assert size == products.info.display_size  # a small clip is kept as it is
    rgb = renderer.picture(project, flat(0.9), PreviewRequest(2, size, "final"))
    store, keys = proxy_store(products), ProxyKeys(products, project, flat(0.9))
    store.put(keys.of(2), rgb)
    found = store.get(keys.of(2))
    assert found is not None
    assert cv2.PSNR(np.ascontiguousarray(found[..., 2::-1]), rgb) > 38
    renderer.close()


@pytest.mark.parametrize(
    ("clip", "kept"),
    [((1280, 720), (960, 540)), ((3840, 2160), (960, 540)), ((720, 1280), (304, 540)), ((640, 360), (640, 360))],
)
def test_size_for_playing(clip: tuple[int, int], kept: tuple[int, int]) -> None:
    assert proxy_size(clip) == pytest.approx(kept, abs=2)
