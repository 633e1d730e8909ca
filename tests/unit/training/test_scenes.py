"""The sample scene: its truth agrees with itself, and the committed clip agrees with the truth."""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.training.scenes import cafe, raycast, score
from rvr_laaf_app.training.scenes.record import camera_record
from rvr_laaf_app.training.scenes.shapes import BOX, CYLINDER, ELLIPSOID, ROUND_CONE, TORUS, distance_to, hit_shape
from rvr_laaf_app.training.scenes.sound import SAMPLE_RATE, sample_sound
from rvr_laaf_app.training.scenes.stage import Assembly, Camera, Material, Pose, turn

SMALL = (96, 54)
MIDDLE = (320, 180)
STEP_S = 1.0 / score.FRAME_RATE
CLIP = Path(__file__).resolve().parents[3] / "resources" / "sample_clip.mp4"
SONG_FRAME = round(score.SONG_STARTS_S * score.FRAME_RATE)


@pytest.fixture(scope="module")
def frame() -> cafe.SceneFrame:
    return cafe.render_frame(4.7, MIDDLE)


@pytest.fixture(scope="module")
def description() -> dict[str, object]:
    return json.loads(CLIP.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    """Every picture of the committed clip at 320x180."""
    with ClipReader(CLIP, size=MIDDLE) as reader:
        return [frame.rgb for frame in reader.frames()]


def _sampled(image: NDArray[np.float32], uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Image at each pixel's place plus uv, linearly interpolated."""
    height, width = uv.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(image, x + uv[..., 0], y + uv[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


# Solids and rays


@pytest.mark.parametrize("kind", [ELLIPSOID, BOX, CYLINDER, ROUND_CONE, TORUS])
def test_ray_ends_on_the_surface_it_hits(kind: int) -> None:
    size, rounding = (0.31, 0.12, 0.2), 0.05 if kind in (BOX, CYLINDER) else 0.0
    rng = np.random.default_rng(kind)
    hits = 0
    for _ in range(200):
        start = rng.normal(size=3)
        start *= 2.0 / np.linalg.norm(start)
        direction = rng.normal(scale=0.12, size=3) - start
        t = hit_shape(kind, size, rounding, tuple(start), tuple(direction), 1e9)
        if t < 1e9:
            place = start + t * direction
            before = start + 0.98 * t * direction
            assert abs(distance_to(kind, *place, *size, rounding)) < 1e-4
            assert distance_to(kind, *before, *size, rounding) > 0.0
            hits += 1
    assert hits > 50


def _two_balls() -> tuple[Assembly, Camera]:
    scene = Assembly()
    scene.add(ELLIPSOID, Pose().at(0.0, 0.0, 2.0), (0.2, 0.2, 0.2), Material())
    scene.subject = 1
    scene.add(BOX, Pose().at(0.5, 0.1, 4.0, axes=turn(yaw=20.0)), (0.3, 0.3, 0.3), Material(), rounding=0.02)
    scene.light((0.0, 3.0, 0.0), (4.0, 4.0, 4.0))
    scene.bulb((0.0, 50.0, 0.0), (1.0, 1.0, 1.0), 0.01)
    return scene, Camera.looking((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), field_deg=53.13010235415598)


def test_known_point_is_seen_where_projection_says_and_at_its_planar_distance() -> None:
    scene, camera = _two_balls()
    size = (128, 72)
    world = scene.world(np.array(cafe.AIR), camera.place)
    distance, solids = raycast.distances(world, camera.packed(size), size)
    # A field of 53.13 degrees is one width at one width's distance: the focal length is 128 px.
    pixels, planar = camera.project(np.array([[0.0, 0.0, 1.8], [0.45, 0.1, 4.0]]), size)
    np.testing.assert_allclose(pixels[0], [64.0, 36.0], atol=1e-9)
    np.testing.assert_allclose(pixels[1], [64.0 + 128 * 0.45 / 4.0, 36.0 - 128 * 0.1 / 4.0], atol=1e-9)
    np.testing.assert_allclose(planar, [1.8, 4.0])
    assert solids[36, 64] == 0
    assert distance[36, 64] == pytest.approx(1.8, abs=2e-3)
    assert solids[int(pixels[1, 1]), int(pixels[1, 0])] == 1
    assert np.isinf(distance[0, 0])
    assert solids[0, 0] == -1


# Truth of a moment


def test_same_moment_is_rendered_to_the_same_bits_with_any_number_of_workers() -> None:
    first, again = (cafe.render_frame(5.75, SMALL, workers=workers) for workers in (1, 2))
    for name in ("linear", "distance_m", "disparity", "subjects"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_frame_has_the_promised_arrays(frame: cafe.SceneFrame) -> None:
    assert frame.linear.shape == (180, 320, 3)
    assert frame.linear.dtype == np.float32
    assert np.isfinite(frame.linear).all()
    assert frame.linear.min() >= 0.0
    assert frame.distance_m.min() > 0.5
    np.testing.assert_allclose(frame.per_m, 1.0 / frame.distance_m, rtol=1e-6)
    assert 0.0 <= frame.disparity.min() < 0.02
    assert 0.85 < frame.disparity.max() <= 1.0


def test_subjects_stand_at_three_depths(frame: cafe.SceneFrame) -> None:
    middle = {name: float(np.median(frame.distance_m[frame.subjects == s])) for name, s in cafe.SUBJECTS.items()}
    assert middle["toy"] == pytest.approx(1.15, abs=0.2)
    assert middle["singer"] == pytest.approx(3.0, abs=0.3)
    assert middle["waiter"] == pytest.approx(6.7, abs=0.4)


def test_lamps_are_bright_in_the_truth_and_clip_in_the_record(frame: cafe.SceneFrame) -> None:
    peak = frame.linear.max(axis=2)
    bright = peak > 4.0
    assert 20 < bright.sum() < 0.03 * bright.size
    assert peak.max() > 20.0
    shown = camera_record(frame.linear, index=0)
    assert shown.dtype == np.uint8
    assert (shown.max(axis=2)[bright] == 255).all()
    assert np.median(peak) < 0.35


def test_recording_is_repeatable_and_its_noise_is_slight(frame: cafe.SceneFrame) -> None:
    clean = camera_record(frame.linear, index=3, noise=False).astype(float)
    noisy = camera_record(frame.linear, index=3)
    np.testing.assert_array_equal(noisy, camera_record(frame.linear, index=3))
    assert (noisy != camera_record(frame.linear, index=4)).any()
    assert 0.4 < float(np.std(noisy - clean)) < 2.0


# Motion


@pytest.mark.parametrize("seconds", [1.0, 4.0, score.HOP_STARTS_S + 0.1])
def test_flow_leads_each_seen_pixel_to_its_own_distance_and_subject(seconds: float) -> None:
    before, after = (cafe.render_frame(at, MIDDLE, grid=1) for at in (seconds, seconds + STEP_S))
    flow = cafe.flow_between(seconds, seconds + STEP_S, MIDDLE)
    assert 0.9 < flow.valid.mean() < 1.0
    near = np.clip(_sampled(after.per_m, flow.uv), 0, None)
    # Away from edges, where interpolation would mix two depths.
    spread = cv2.dilate(after.per_m, np.ones((3, 3))) - cv2.erode(after.per_m, np.ones((3, 3)))
    smooth = flow.valid & (_sampled(spread, flow.uv) < 0.02)
    assert smooth.mean() > 0.6
    # Camera and subjects move at most a few centimetres a frame along the axis.
    assert np.percentile(np.abs(near - before.per_m)[smooth], 99) < 0.02
    same = _sampled(after.subjects.astype(np.float32), flow.uv) == before.subjects
    assert same[smooth].mean() > 0.995


def test_warping_by_the_flow_brings_the_next_picture_onto_this_one() -> None:
    before, after = (
        camera_record(cafe.render_frame(seconds, MIDDLE, grid=3).linear, index=0, noise=False).astype(np.float32)
        for seconds in (4.0, 4.5)
    )
    flow = cafe.flow_between(4.0, 4.5, MIDDLE)
    warped = np.abs(_sampled(after, flow.uv) - before).mean(axis=2)[flow.valid]
    still = np.abs(after - before).mean(axis=2)[flow.valid]
    assert warped.mean() < 0.4 * still.mean()
    assert np.percentile(warped, 90) < 0.4 * np.percentile(still, 90)


def test_flow_there_and_back_cancels_where_seen_both_times() -> None:
    there = cafe.flow_between(5.6, 5.6 + STEP_S, MIDDLE)
    back = cafe.flow_between(5.6 + STEP_S, 5.6, MIDDLE)
    error = np.linalg.norm(there.uv + _sampled(back.uv, there.uv), axis=2)
    assert np.median(error[there.valid]) < 0.02
    assert np.percentile(error[there.valid], 90) < 0.15


def test_carried_points_stay_on_their_moving_and_stretching_solids() -> None:
    before, after = cafe.world_at(5.55), cafe.world_at(5.60)
    distance, solids = raycast.distances(before, cafe.camera_at(5.55).packed(SMALL), SMALL)
    rows, columns = np.nonzero((solids >= 0) & (before.subject_of[np.maximum(solids, 0)] == cafe.SUBJECTS["toy"]))
    packed = cafe.camera_at(5.55).packed(SMALL)
    rays = np.stack([(columns + 0.5 - packed[13]) / packed[12], (packed[14] - rows - 0.5) / packed[12],
                     np.ones(len(rows))], -1) @ np.array(cafe.camera_at(5.55).axes)  # fmt: skip
    places = packed[:3] + rays * distance[rows, columns, None]
    hit = solids[rows, columns]
    moved = cafe.carry(before, after, hit, places)
    for place, solid in zip(moved, hit, strict=True):
        local = after.axes[solid].T @ (place - after.place[solid])
        gap = distance_to(int(after.shape[solid]), *local, *after.size[solid], float(after.rounding[solid]))
        assert abs(gap) < 4e-4
    assert np.linalg.norm(moved - places, axis=1).min() > 0.01


def test_sky_does_not_run_away_and_hidden_points_are_known() -> None:
    flow = cafe.flow_between(2.0, 3.0, MIDDLE)
    distance = cafe.render_frame(2.0, MIDDLE, grid=1).distance_m
    sky = np.isinf(distance)
    assert sky.any()
    assert np.abs(flow.uv[sky]).max() < 8.0
    # In one second the near table and toy slide over what is behind them.
    assert 0.01 < flow.occluded.mean() < 0.15


# Shallow depth of field


def _detail(linear: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    shown = np.clip(linear, 0, 1).mean(axis=2)
    inner = cv2.erode(where.astype(np.uint8), np.ones((3, 3))) > 0
    return float(np.abs(cv2.Laplacian(shown, cv2.CV_32F))[inner].mean())


def test_thin_lens_keeps_its_plane_sharp_and_blurs_the_rest() -> None:
    seconds = 4.7
    sharp = cafe.render_frame(seconds, (160, 90))
    lens = Lens(focal_length_mm=50.0, f_number=1.4)
    toy, singer = (sharp.subjects == cafe.SUBJECTS[name] for name in ("toy", "singer"))
    focus_m = float(np.median(sharp.distance_m[singer]))
    shallow = cafe.render_thin_lens(seconds, (160, 90), lens, focus_m=focus_m, samples=48)
    assert _detail(shallow, singer) > 0.7 * _detail(sharp.linear, singer)
    assert _detail(shallow, toy) < 0.5 * _detail(sharp.linear, toy)
    # A lens spreads light and loses none: with a small part of the picture lit by lamps the sums stay close.
    assert shallow.mean() == pytest.approx(sharp.linear.mean(), rel=0.25)


def test_blur_of_the_lens_is_as_wide_as_optics_say() -> None:
    scene = Assembly()
    scene.add(ELLIPSOID, Pose().at(0.0, 0.0, 4.0), (0.004, 0.004, 0.004), Material(emission=(1e4, 1e4, 1e4)))
    scene.light((0.0, 3.0, 0.0), (0.0, 0.0, 0.0))
    scene.bulb((0.0, 50.0, 0.0), (0.0, 0.0, 0.0), 0.01)
    camera = Camera.looking((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), field_deg=cafe.FIELD_DEG)
    world = scene.world(np.array(cafe.AIR), camera.place)
    lens, focus_m, width = Lens(f_number=1.4), 1.0, 160
    size = (width, 90)
    places = raycast.lens_places(cafe.lens_radius_m(camera, lens, focus_m=focus_m), 900)
    image = raycast.thin_lens(world, camera.packed(size), size, places, focus_m=focus_m)[..., 1]
    rows, columns = np.nonzero(image > 1.0)
    wanted = abs(float(lens.coc_px_at_distance(np.array(4.0), focus_m=focus_m, width_px=width)))
    measured = (np.ptp(rows) + np.ptp(columns)) / 2 + 1
    assert measured == pytest.approx(wanted, abs=2.0)


# Sound and the committed clip


def _onset_s(sound: NDArray[np.float32], first_s: float, last_s: float, rate: int) -> float:
    """First moment in the span that is four times as loud as the loudest in the tenth of a second before the span."""
    level = np.abs(sound).max(axis=0)
    quiet = level[int((first_s - 0.1) * rate) : int(first_s * rate)].max()
    span = level[int(first_s * rate) : int(last_s * rate)]
    return first_s + float(np.argmax(span > 4.0 * quiet)) / rate


def test_sound_starts_with_the_actions() -> None:
    sound = sample_sound()
    assert sound.shape == (2, round(score.DURATION_S * SAMPLE_RATE))
    assert 0.3 < np.abs(sound).max() < 1.0
    for moment in (score.SONG_STARTS_S, score.HOP_STARTS_S):
        assert _onset_s(sound, moment - 0.1, moment + 0.2, SAMPLE_RATE) == pytest.approx(moment, abs=0.01)


def test_mouth_and_hop_start_with_the_score() -> None:
    assert score.mouth_open(score.SONG_STARTS_S) == 0.0
    assert score.mouth_open(score.SONG_STARTS_S + STEP_S) > 0.2
    assert score.hop_height(score.HOP_STARTS_S) == 0.0
    assert score.hop_height(score.HOP_STARTS_S + STEP_S) > 0.02
    assert score.mouth_open(score.SONG_STARTS_S - 0.01) == score.hop_height(score.HOP_STARTS_S - 0.01) == 0.0


def test_committed_clip_is_what_its_description_says(description: dict[str, object]) -> None:
    assert CLIP.stat().st_size < 3_000_000
    assert str(description["licence"]).startswith("CC0")
    with av.open(str(CLIP)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (1280, 720)
        assert video.frames == score.FRAMES == 192
        assert video.average_rate == score.FRAME_RATE
        assert float(video.duration * video.time_base) == pytest.approx(8.0)
        context = video.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "stereo")
        assert float(audio.duration * audio.time_base) == pytest.approx(8.0, abs=0.05)


def test_committed_sound_starts_within_a_frame_of_the_stated_times(description: dict[str, object]) -> None:
    with av.open(str(CLIP)) as container:
        frames = list(container.decode(audio=0))
    sound = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    for stated in description["audio"]["onsets"]:
        moment = stated["time_s"] - frames[0].time
        assert _onset_s(sound, moment - 0.1, moment + 0.2, SAMPLE_RATE) == pytest.approx(moment, abs=STEP_S)


@pytest.mark.parametrize("index", [0, SONG_FRAME + 4, 136, 191])
def test_committed_pictures_agree_with_the_truth(index: int, pictures: list[NDArray[np.uint8]]) -> None:
    truth = cafe.render_frame(index / score.FRAME_RATE, MIDDLE, grid=3)
    shown = camera_record(truth.linear, index=index, noise=False).astype(float)
    difference = np.abs(shown - pictures[index]).mean(axis=2)
    # Edges and lamps are averaged before or after they clip; everything else must agree closely.
    assert np.median(difference) < 2.0
    assert np.percentile(difference, 90) < 8.0


def test_committed_picture_at_full_size_is_the_recorded_truth() -> None:
    index = 136
    recorded = camera_record(cafe.render_frame(index / score.FRAME_RATE, (1280, 720)).linear, index=index)
    with ClipReader(CLIP) as reader:
        difference = reader.read(index).rgb.astype(float) - recorded
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.6
    # What the codec loses: mostly the sensor's noise.
    assert 10.0 * np.log10(255.0**2 / np.mean(difference**2)) > 34.0


def test_committed_pictures_move_when_the_score_says(pictures: list[NDArray[np.uint8]]) -> None:
    changes = [np.abs(pictures[i + 1].astype(float) - pictures[i]).mean() for i in (SONG_FRAME - 2, 130, 133)]
    assert changes[2] > 1.2 * changes[1]


def test_described_boxes_hold_their_subjects(description: dict[str, object]) -> None:
    assert [target["time_s"] for target in description["new_focus_targets"]] == [0.0, 3.0, 5.5]
    for target in description["new_focus_targets"]:
        truth = cafe.render_frame(target["time_s"], MIDDLE, grid=1)
        wanted = cafe.subject_box(truth.subjects, cafe.SUBJECTS[target["subject"]])
        np.testing.assert_allclose(target["box"], wanted, atol=0.008)
        assert description["subjects"][target["subject"]]["boxes"][target["frame"]] == target["box"]
    for subject in cafe.SUBJECTS:
        boxes = description["subjects"][subject]["boxes"]
        assert len(boxes) == score.FRAMES
        assert all(box is not None and box[0] >= 0 and box[0] + box[2] <= 1.0001 for box in boxes)
