"""What the lens does to a frame besides blur: limits, care in doubt, breathing; and light that is lifted in place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.core.optics import Lens, breathing_scale, coc_px
from rvr_laaf_app.document.lens_keys import LensKey
from rvr_laaf_app.document.project import LensSettings, Project
from rvr_laaf_app.estimate.light import lifted_light
from rvr_laaf_app.estimate.upsample import upsample_boost
from rvr_laaf_app.laaf.curve import focus_curve
from rvr_laaf_app.pipeline.bokeh_sample import bokeh_sample
from rvr_laaf_app.pipeline.compose import PreparedFrame, coc_of, enlarged, prepare
from rvr_laaf_app.pipeline.doubt import doubt_of, shown
from rvr_laaf_app.pipeline.resolve import RenderRequest, resolve

WIDTH, HEIGHT = 64, 48


def request_of(lens: LensSettings, index: int = 0, focus: float = 0.5) -> RenderRequest:
    curve = focus_curve(40, (), default_disparity=focus)
    return resolve(Project(lens=lens), curve, index, size=(WIDTH, HEIGHT), full_width=2 * WIDTH)


def ramp(doubt: float | None) -> PreparedFrame:
    """Disparity from 0 at the left to 1 at the right."""
    disparity = np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))
    frame = Frame(0, 0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    everywhere = None if doubt is None else np.full((6, 8), doubt, np.float32)
    return PreparedFrame(frame, np.zeros((HEIGHT, WIDTH, 3), np.float32), disparity, everywhere)


def test_a_request_follows_the_keyed_f_number_and_says_all_that_decides_the_picture() -> None:
    lens = LensSettings(f_number_keys=(LensKey(0, 2.0), LensKey(20, 8.0)), breathing=0.1, confidence_guard=0.3)
    first, last = request_of(lens, 0), request_of(lens, 20)
    assert first.blur_gain_px / last.blur_gain_px == pytest.approx(4.0)
    assert request_of(lens, 10).blur_gain_px == pytest.approx(first.blur_gain_px / 2)
    assert (first.guard, first.scale) == (0.3, pytest.approx(1.05))
    assert replace(last, index=0) == replace(request_of(replace(lens, f_number_keys=(), lens=Lens(f_number=8.0))))
    assert request_of(replace(lens, max_near_coc_px=10.0)).max_near_coc_px == 5.0
    assert request_of(replace(lens, max_near_coc_px=1e4)).max_near_coc_px == lens.max_coc_px / 2


def test_blur_in_front_is_capped_by_itself_and_without_care_nothing_is_held_back() -> None:
    lens = LensSettings(blur_px=40.0, max_near_coc_px=12.0, confidence_guard=0.0)
    coc = coc_of(ramp(0.1), request_of(lens))
    free = coc_px(ramp(None).disparity, 0.5, 40.0)
    assert coc.max() == 6.0
    behind = free < 0
    np.testing.assert_array_equal(coc[behind], free[behind])
    np.testing.assert_array_equal(coc, coc_of(ramp(None), request_of(replace(lens, confidence_guard=1.0))))


def test_care_takes_blur_within_the_doubt_and_leaves_what_is_far_beyond_it() -> None:
    lens = LensSettings(blur_px=20.0, confidence_guard=0.5)
    free = coc_of(ramp(0.0), request_of(lens))
    np.testing.assert_allclose(free, coc_px(ramp(None).disparity, 0.5, 20.0), rtol=1e-4, atol=1e-5)
    held = coc_of(ramp(0.05), request_of(lens))
    assert (np.abs(held) <= np.abs(free) + 1e-6).all()
    assert (np.diff(held[0]) > 0).all(), "no blur turns round on the way from near to far"
    away = np.abs(ramp(None).disparity[0] - 0.5)
    assert (held / free)[0][away > 0.4].min() > 0.97
    assert (held / free)[0][away < 0.02].max() < 0.2
    more = coc_of(ramp(0.05), request_of(replace(lens, confidence_guard=1.0)))
    assert np.abs(more).sum() < np.abs(held).sum()


def scene() -> tuple[RgbdFrame, NDArray[np.uint8]]:
    """A dark subject before a bright wall; one dark strand at the left belongs to it, its disparity says wall."""
    rgb = np.full((192, 256, 3), 220, np.uint8)
    rgb[:, 120:200] = 30
    rgb[:, 104:112] = 30
    disparity = np.full((96, 128), 0.1, np.float16)
    disparity[:, 60:100] = 0.9
    sure = np.ones((96, 128), np.float16)
    return RgbdFrame(0, disparity, np.zeros((96, 128, 3), np.float16), sure), rgb


def test_doubt_is_where_colours_side_with_the_other_depth() -> None:
    rgbd, rgb = scene()
    doubt = doubt_of(rgbd, rgb)
    assert doubt.shape == (96, 128)
    assert doubt[:, 53:55].mean() > 0.3, "the strand"
    assert doubt[:, 70:90].max() == 0.0
    assert doubt[:, :30].max() == doubt[:, 115:].max() == 0.0
    assert doubt[:, 45:48].max() < 0.1, "the wall beside the strand"
    mirrored = replace(rgbd, disparity=rgbd.disparity[:, ::-1].copy(), _digest=[])
    np.testing.assert_allclose(doubt_of(mirrored, rgb[:, ::-1].copy()), doubt[:, ::-1], atol=1e-3)
    view = shown(doubt, (256, 192))
    assert view.shape == (192, 256)
    assert (view.min(), view.max()) == (0.0, 1.0)


def test_doubt_grows_as_confidence_falls_and_stays_small() -> None:
    rgbd, rgb = scene()
    flat = replace(rgbd, disparity=np.full_like(rgbd.disparity, 0.4), _digest=[])
    unsure = replace(flat, confidence=np.full_like(flat.confidence, 0.8), _digest=[])
    assert not doubt_of(flat, rgb).any()
    np.testing.assert_allclose(doubt_of(unsure, rgb), 0.1, atol=1e-3)
    large = RgbdFrame(0, *(np.zeros(s, np.float16) for s in ((360, 640), (360, 640, 3), (360, 640))))
    assert doubt_of(large, np.zeros((720, 1280, 3), np.uint8)).shape == (180, 320)


@pytest.mark.parametrize("breathing", [0.1, -0.1, 0.0])
def test_breathing_never_shows_an_edge(breathing: float) -> None:
    scales = [breathing_scale(breathing, d) for d in np.linspace(-0.2, 1.2, 15)]
    assert min(scales) == 1.0
    assert max(scales) == pytest.approx(1 + abs(breathing))
    assert (np.diff(scales) * np.sign(breathing or 1) >= 0).all()


def test_enlarging_keeps_the_centre_still_light_level_and_makes_no_rings() -> None:
    yes = np.full((41, 61, 3), 0.18, np.float32)
    np.testing.assert_allclose(enlarged(yes, 1.07), yes, rtol=1e-5)
    lamp = np.full((41, 61, 3), 0.05, np.float32)
    lamp[18:23, 28:33] = 50.0
    larger = enlarged(lamp, 1.1)
    assert larger[20, 30].min() > 40.0
    assert larger.min() >= 0.0499
    y, x = np.nonzero(larger[..., 0] > 1.0)
    assert (y.mean(), x.mean()) == (pytest.approx(20.0, abs=0.1), pytest.approx(30.0, abs=0.1))


def test_light_is_lifted_in_place_bit_for_bit_as_over_the_whole_frame() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.integers(180, 256, (48, 64, 3), np.uint8)
    boost = np.maximum(rng.normal(1.0, 2.0, (24, 32, 3)), 0).astype(np.float16)
    rgbd = RgbdFrame(0, np.zeros((24, 32), np.float16), boost, np.ones((24, 32), np.float16))
    for share in (1.0, 0.4):
        whole = upsample_boost(boost.astype(np.float32), rgb)
        whole = whole if share == 1.0 else whole * np.float32(share)
        expected = lifted_light(to_linear(rgb, "bt709"), whole)
        np.testing.assert_array_equal(prepare(Frame(0, 0, rgb), rgbd, highlight_boost=share).linear, expected)


def test_the_bokeh_sample_shows_what_the_lens_does() -> None:
    size = 140, 48
    open_lens, closed = LensSettings(lens=Lens(f_number=1.4)), LensSettings(lens=Lens(f_number=22.0))
    wide, narrow = bokeh_sample(open_lens, size), bokeh_sample(closed, size)
    assert wide.shape == narrow.shape == (48, 140, 3)
    assert (wide.max(-1) > 60).sum() > 2 * (narrow.max(-1) > 60).sum()
    capped = bokeh_sample(replace(open_lens, max_near_coc_px=0.0), size)
    left, right = np.s_[:, :60], np.s_[:, 80:]
    assert (capped[left] == wide[left]).mean() > 0.98
    assert (capped[right] != wide[right]).any()
    dull = bokeh_sample(replace(open_lens, highlight_boost=0.0), size)
    assert dull.astype(int).sum() < wide.astype(int).sum()
