"""The depth lane without a window: series from far, columns, the picture, and what lies where."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.project import FocusTarget, SubjectTrack
from rvr_laaf_app.pipeline.depth_histogram import RAW_BINS, DepthProfile
from rvr_laaf_app.ui.timeline.background import DepthData, line_of
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.depth_lane import DepthLane
from rvr_laaf_app.ui.timeline.depth_picture import BAND_ALPHA, BRIGHTEST, GROUND, Ink, depth_picture, disparity_at, y_of
from rvr_laaf_app.ui.timeline.gestures import Grip, dragged_pull
from rvr_laaf_app.ui.timeline.layout import DEPTH_MIN_PX, HEIGHTS, LANES, OPTIONAL, lane_rects, least_height
from rvr_laaf_app.ui.timeline.scale import TimeScale
from rvr_laaf_app.ui.timeline.series import Columns, MinMaxLevels, columns_of

pytestmark = pytest.mark.gui
RECT = QRectF(72, 144, 800, 116)


def table(frames: int) -> FrameTable:
    return FrameTable(np.arange(frames, dtype=np.int64) * 40, Fraction(1, 1000))


def profile_of(levels: np.ndarray, *, sure: int = 255) -> DepthProfile:
    """Every frame is one flat wall at a disparity (NaN = not measured)."""
    made = DepthProfile(len(levels))
    raw = np.zeros((len(levels), RAW_BINS), np.uint8)
    known = np.isfinite(levels)
    raw[known, np.minimum((levels[known] * RAW_BINS).astype(int), RAW_BINS - 1)] = 255
    for index in np.flatnonzero(known):
        made.put(int(index), raw[index : index + 1], np.array([sure], np.uint8))
    made.refresh([(0, len(levels), (0.0, 1.0))], (0, len(levels)))
    return made


def pull_content(**changes: object) -> TimelineContent:
    """100 frames, subject 1 near from frame 0, subject 2 far from frame 60 on, a pull of 20 frames."""
    targets = tuple(FocusTarget(name, frame, Point(0.5, 0.5), pull_frames=20) for name, frame in (("a", 0), ("b", 60)))
    tracks = tuple(
        SubjectTrack(
            name, a, np.zeros((b - a, 4), np.float32), np.where(np.arange(b - a) < lost, 0, 1).astype(np.float32)
        )
        for name, a, b, lost in (("a", 0, 60, 0), ("b", 60, 100, 0))
    )
    focus = np.interp(np.arange(100), [0, 39, 59, 99], [0.8, 0.8, 0.2, 0.2]).astype(np.float32)
    values = {"targets": targets, "tracks": tracks, "focus": focus, "sharp_half": 0.05, "analysed": 100, **changes}
    return TimelineContent(table(100), **values)  # type: ignore[arg-type]


def lane_of(content: TimelineContent, *, lost: slice = slice(0, 0)) -> DepthLane:
    lane = DepthLane()
    lines = {}
    for track, level in zip(content.tracks, (0.8, 0.2), strict=True):
        assert track is not None
        confidence = np.array(track.confidence)
        confidence[lost] = 0
        lines[track.digest] = line_of(track.start, np.full(len(confidence), level, np.float32), confidence)
    lane.data = DepthData(profile_of(np.full(100, 0.5)), lines)
    return lane


def scale_of(content: TimelineContent) -> TimeScale:
    return TimeScale(RECT.left(), RECT.width(), content.duration_s)


def test_a_series_from_far_keeps_lowest_and_highest() -> None:
    values = np.full(1000, 0.5, np.float32)
    values[777] = 0.9
    values[100:500] = np.nan
    series = MinMaxLevels(values)
    starts = np.arange(0, 1000, 100)
    low, high = series.columns(starts, starts + 100)
    assert high[7] == pytest.approx(0.9)
    assert low[7] == pytest.approx(0.5)
    assert np.isnan(low[[2, 3]]).all()
    assert series.at(777) == pytest.approx(0.9)
    assert np.isnan(series.at(-1))
    assert np.isnan(series.at(1000))


def test_a_series_from_near_gives_each_frame() -> None:
    series = MinMaxLevels(np.arange(5, dtype=np.float32))
    low, high = series.columns(np.array([-1, 0, 0, 1, 4, 5]), np.array([-1, 0, 1, 2, 5, 6]))
    assert np.isnan(low[[0, 5]]).all()
    assert low[1:5].tolist() == high[1:5].tolist() == [0, 0, 1, 4]


def test_between_frames_a_series_is_even_but_not_over_a_cut() -> None:
    series = MinMaxLevels(np.array([0, 1, 0, 0], np.float32))
    starts, passed = np.array([0, 0, 0, 1, 3, 4, -1]), np.array([0, 0.5, 1, 0.5, 0.5, 0, 0], np.float32)
    assert series.between(starts, passed)[:5].tolist() == [0, 0.5, 1, 0.5, 0]
    assert np.isnan(series.between(starts, passed)[5:]).all()
    assert series.between(starts, passed, [1])[:4].tolist() == [0, 0, 0, 0.5]


@pytest.mark.parametrize("frames", [1, 2, 7, 1000])
def test_columns_cover_every_frame_once_and_none_outside(frames: int) -> None:
    times = table(frames).times_s
    scale = TimeScale(80, 500, table(frames).duration_s)
    columns = columns_of(scale, 72, 516, times_s=times)
    assert (columns.starts[:8] == -1).all()
    assert (columns.starts[-8:] == -1).all()
    inside = columns.starts[columns.inside]
    assert inside[0] == 0
    assert columns.stops.max() >= frames - 1
    assert (np.diff(inside) >= 0).all()


def test_the_picture_is_bright_where_depth_is_and_near_is_at_the_top() -> None:
    levels = np.repeat([0.9, 0.1], 50)
    columns = Columns(np.arange(100), np.arange(1, 101))
    picture = depth_picture(profile_of(levels), columns, 116, focus=None, sharp_half=0.0)
    assert picture.shape == (116, 100, 4)
    near, far = round(y_of(0.9, 0, 116)), round(y_of(0.1, 0, 116))
    assert near < far
    assert picture[near - 3 : near + 3, 20, 0].max() > 0.8 * BRIGHTEST
    assert picture[far - 3 : far + 3, 20, 0].max() == GROUND
    assert picture[far - 3 : far + 3, 70, 0].max() > 0.8 * BRIGHTEST
    assert (picture[..., 0] == picture[..., 2]).all()  # no tint without a band


def test_doubtful_depth_is_dimmed_and_unknown_depth_is_ground() -> None:
    columns = Columns(np.arange(10), np.arange(1, 11))
    sure = depth_picture(profile_of(np.full(10, 0.5)), columns, 80, focus=None, sharp_half=0.0)
    doubtful = depth_picture(profile_of(np.full(10, 0.5), sure=40), columns, 80, focus=None, sharp_half=0.0)
    assert GROUND < doubtful.max(axis=(0, 1))[0] < GROUND + 0.4 * (sure.max(axis=(0, 1))[0] - GROUND)
    half = np.where(np.arange(10) < 5, 0.5, np.nan)
    picture = depth_picture(profile_of(half), columns, 80, focus=None, sharp_half=0.0)
    assert (picture[:, 5:, 0] == GROUND).all()
    assert (depth_picture(None, columns, 80, focus=None, sharp_half=0.0)[..., 0] == GROUND).all()


def test_the_depth_of_field_is_a_green_band_around_the_plane() -> None:
    columns = Columns(np.arange(10), np.arange(1, 11))
    focus = np.full(10, 0.7, np.float32)
    focus[5] = np.nan
    picture = depth_picture(None, columns, 216, focus=focus, sharp_half=0.1).astype(int)
    green = picture[:, 0, 1] > picture[:, 0, 2]
    inside = np.flatnonzero(green)
    assert disparity_at(float(inside[0]), 0, 216) == pytest.approx(0.8, abs=0.01)
    assert disparity_at(float(inside[-1] + 1), 0, 216) == pytest.approx(0.6, abs=0.01)
    assert picture[inside[10], 0, 1] == pytest.approx(GROUND + (191 - GROUND) * BAND_ALPHA, abs=2)
    assert (picture[:, 5, 1] == picture[:, 5, 2]).all()


def test_both_ends_of_a_pull_can_be_held_and_nothing_else() -> None:
    content = pull_content()
    lane, scale = lane_of(content), scale_of(content)
    begin, arrival = (lane.handle(content, 1, end, RECT, scale) for end in ("begin", "arrival"))  # type: ignore[arg-type]
    assert begin.x() == pytest.approx(scale.x_of(content.start_s(40)))
    assert disparity_at(begin.y(), RECT.top(), RECT.height()) == pytest.approx(0.8, abs=0.05)
    assert disparity_at(arrival.y(), RECT.top(), RECT.height()) == pytest.approx(0.2, abs=0.01)
    assert lane.pull_at(begin + QPointF(3, 2), content, RECT, scale) == ("b", "begin")
    assert lane.pull_at(arrival - QPointF(3, 2), content, RECT, scale) == ("b", "arrival")
    assert lane.pull_at((begin + arrival) / 2, content, RECT, scale) is None
    assert lane.pull_at(lane.handle(content, 0, "arrival", RECT, scale), content, RECT, scale) is None


def test_a_pull_in_frames_not_analysed_yet_cannot_be_held() -> None:
    content = pull_content(analysed=50)
    lane, scale = lane_of(content), scale_of(content)
    assert lane.pull_at(lane.handle(content, 1, "arrival", RECT, scale), content, RECT, scale) is None


def test_nothing_is_pulled_over_a_cut() -> None:
    content = pull_content(cuts=(50,))
    lane, scale = lane_of(content), scale_of(content)
    assert not content.can_pull(1)
    assert lane.pull_at(lane.handle(content, 1, "arrival", RECT, scale), content, RECT, scale) is None


@pytest.mark.parametrize(
    ("kind", "frame", "begin", "arrival"),
    [
        ("begin", 30, 30, 60),
        ("begin", -5, 0, 60),
        ("begin", 99, 60, 60),
        ("arrival", 70, 40, 70),
        ("arrival", 500, 40, 99),
        ("arrival", 3, 40, 40),
    ],
)
def test_a_dragged_pull_stays_between_its_neighbours(kind: str, frame: int, begin: int, arrival: int) -> None:
    ghost = dragged_pull(pull_content(), Grip(kind, "b", QPointF()), frame)  # type: ignore[arg-type]
    assert ghost is not None
    assert (ghost.begin, ghost.arrival) == (begin, arrival)


def test_words_tell_frame_depth_plane_and_subject() -> None:
    content = pull_content(scale_per_m=1.0)
    lane = lane_of(content)
    y = y_of(0.5, RECT.top(), RECT.height())
    first, second = lane.words_at(10, y, content, RECT, str)
    assert first.split("   ") == ["frame 10", "0:00.40", "disparity 0.50 ≈ 2.00 m"]
    assert second.split("   ") == ["focus 0.80", "subject 1 0.80 sharp"]
    assert "soft (" in lane.words_at(50, y, content, RECT, str)[1]
    assert "≈" not in lane.words_at(10, y, pull_content(), RECT, str)[0]
    assert lane.words_at(99, None, pull_content(analysed=50), RECT, str)[1] == "not analysed yet"
    assert "subject 1 lost" in lane_of(content, lost=slice(5, 15)).words_at(10, y, content, RECT, str)[1]


def painted(lane: DepthLane, content: TimelineContent) -> np.ndarray:
    image = QImage(880, 280, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    lane.draw(painter, RECT, content, scale_of(content), selected="b", ratio=1.0)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(280, 880, 4)[..., 2::-1].astype(int)


def test_lost_subjects_are_red_and_the_plane_is_amber(qapp: QApplication) -> None:
    content = pull_content()
    fine, lost = painted(lane_of(content), content), painted(lane_of(content, lost=slice(5, 30)), content)

    def count(picture: np.ndarray, red: int, green: int, blue: int) -> int:
        return int((np.abs(picture - [red, green, blue]).max(axis=2) < 24).sum())

    assert count(fine, 0xF0, 0x76, 0x6A) == 0
    assert count(lost, 0xF0, 0x76, 0x6A) > 20
    assert count(fine, 0xF2, 0xB1, 0x34) > 200
    apart = pull_content(focus=np.full(100, 0.5, np.float32))
    assert count(painted(lane_of(apart), apart), 0xC9, 0xA2, 0xF5) > 100  # of the selected one


@pytest.mark.parametrize(
    "content",
    [
        TimelineContent(table(1)),
        TimelineContent(table(1), focus=np.full(1, 0.5, np.float32), analysed=1),
        TimelineContent(table(100)),
        pull_content(analysed=37),
        pull_content(focus=None, tracks=(None, None)),
        pull_content(focus=np.zeros(0, np.float32)),
        pull_content(sharp_half=0.0, tracks=()),
    ],
)
def test_every_state_can_be_drawn(qapp: QApplication, content: TimelineContent) -> None:
    empty, known = DepthLane(), DepthLane()
    known.data = DepthData(profile_of(np.full(len(content.table), 0.5)))
    for lane in (empty, known):
        lane.empty_text = "not analysed yet"
        assert painted(lane, content)[150:250, 100:800].std() >= 0
        assert lane.words_at(0, 150.0, content, RECT, str)


def test_lanes_lie_on_the_grid_one_under_the_other() -> None:
    assert all(high % 8 == 0 for high in (*HEIGHTS.values(), DEPTH_MIN_PX))
    for hidden in ((), ("film",), OPTIONAL):
        rects = lane_rects(1000, least_height(hidden), hidden)
        assert list(rects) == list(LANES)
        assert list(rects)[:6] == ["ruler", "film", "sound", "targets", "suggestions", "depth"]
        bottom = 0.0
        for name, rect in rects.items():
            assert rect.top() == bottom
            assert (rect.height() == 0) == (name in hidden)
            bottom = rect.bottom()
        assert bottom == least_height(hidden)


def test_half_an_hour_costs_no_more_than_a_minute_to_draw() -> None:
    def quickest(frames: int) -> float:
        profile = DepthProfile(frames)
        profile.put(0, np.full((frames, RAW_BINS), 16, np.uint8), np.full(frames, 200, np.uint8))
        profile.refresh([(0, frames, (0.0, 1.0))], (0, frames))
        series = MinMaxLevels(np.linspace(0, 1, frames, dtype=np.float32))
        clip = table(frames)
        scale, times = TimeScale(72, 1000, clip.duration_s), clip.times_s
        took = []
        for _ in range(7):
            begin = time.process_time()
            columns = columns_of(scale, 72, 1000, times_s=times)
            low, high = series.columns(columns.starts, columns.stops)
            ink = Ink(0, low, high, (255, 180, 50), 2.0)
            depth_picture(profile, columns, 150, focus=low, sharp_half=0.05, inks=[ink])
            took.append(time.process_time() - begin)
        return min(took)

    assert quickest(54_000) < 3 * quickest(1_800)
