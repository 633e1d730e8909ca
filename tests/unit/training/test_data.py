"""Training data: views keep points and subjects on the same things, exposure truth is what was clipped."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rvr_laaf_app.training import data_hdr
from rvr_laaf_app.training.data_photos import POINTS, RankedPhoto, load_ranked, plain_view, random_view


def marked_photo() -> RankedPhoto:
    """A grey photo whose points are each the centre of a soft spot of its own brightness."""
    picture = np.full((200, 300), 60, np.float32)
    points = np.array([(0.3, 0.4), (0.6, 0.5), (0.5, 0.7)], np.float32)
    for number, (x, y) in enumerate(points):
        cv2.circle(picture, (int(x * 300), int(y * 200)), 14, 120.0 + 50 * number, -1)
    rgb = np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)
    return RankedPhoto("marked", rgb, points, np.array([0, 1, 2]))


def write_set(folder: Path, splits: list[str]) -> Path:
    entries = []
    for number, split in enumerate(splits):
        name = f"{number}.png"
        if split != "test":
            cv2.imwrite(str(folder / name), np.full((20, 30, 3), 40 * number, np.uint8))
        points = [{"x": 0.2, "y": 0.3, "level": 0}, {"x": 0.7, "y": 0.6, "level": 1}]
        entries.append({"photo": name, "split": split, "points": points})
    (folder / "labels.json").write_text(json.dumps({"photos": entries}))
    return folder / "labels.json"


def test_only_the_split_that_is_asked_for_is_read(tmp_path: Path) -> None:
    labels = write_set(tmp_path, ["train", "val", "test", "train"])
    assert [photo.name for photo in load_ranked(labels, "train")] == ["0.png", "3.png"]
    assert [photo.name for photo in load_ranked(labels, "val")] == ["1.png"]


def test_test_photographs_cannot_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="test"):
        load_ranked(write_set(tmp_path, ["test"]), "test")


def test_points_stay_on_their_things() -> None:
    photo, rng = marked_photo(), np.random.default_rng(3)
    seen = 0
    for _ in range(40):
        view = random_view(photo, size=(128, 96), rng=rng, smallest=0.6)
        known = view.levels >= 0
        spots = [view.rgb[int(y * 96), int(x * 128)].mean() for x, y in view.points[known]]
        # Recolouring changes values, never their order.
        assert spots == sorted(spots)
        if len(spots):
            assert min(spots) > np.median(view.rgb) + 5
        seen += int(known.sum())
    assert seen > 60


def test_the_window_shows_where_a_view_lies() -> None:
    photo, rng = marked_photo(), np.random.default_rng(4)
    whole = torch.from_numpy(photo.rgb.copy()).permute(2, 0, 1)[None].float()
    for _ in range(10):
        view = random_view(photo, size=(128, 96), rng=rng, smallest=0.6)
        grid = F.affine_grid(torch.from_numpy(view.window)[None], [1, 3, 96, 128], align_corners=False)
        shown = F.grid_sample(whole, grid, align_corners=False, padding_mode="border")[0].permute(1, 2, 0).numpy()
        link = np.corrcoef(shown.mean(2).ravel(), view.rgb.mean(2).ravel())[0, 1]
        assert link > 0.85


def test_a_subject_moves_with_its_view() -> None:
    plain = marked_photo()
    spot = cv2.circle(np.zeros((200, 300), np.uint8), (180, 100), 14, 255, -1)
    photo, rng = RankedPhoto("marked", plain.rgb, plain.points, plain.levels, spot), np.random.default_rng(5)
    seen = 0
    for _ in range(20):
        view = random_view(photo, size=(128, 96), rng=rng, smallest=0.7)
        x, y = view.points[list(view.levels).index(1)] if 1 in view.levels else (0.0, 0.0)
        if 0.15 < x < 0.85 and 0.15 < y < 0.85:
            rows, columns = np.nonzero(view.subject > 0.5)
            assert (columns.mean() / 128, rows.mean() / 96) == pytest.approx((x, y), abs=0.02)
            seen += 1
    assert seen > 5
    assert random_view(plain, size=(64, 48), rng=rng, smallest=0.7).subject.max() == 0


def test_subjects_are_read_from_beside_the_photographs(tmp_path: Path) -> None:
    labels = write_set(tmp_path, ["train", "train"])
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "1.png"), np.full((20, 30), 200, np.uint8))
    first, second = load_ranked(labels, "train", subjects=tmp_path / "masks")
    assert first.subject is None
    assert second.subject is not None
    assert second.subject[3, 4] == 200


def test_views_stack_into_batches() -> None:
    view = plain_view(marked_photo(), size=(64, 48))
    assert view.points.shape == (POINTS, 2)
    assert view.levels.tolist() == [0, 1, 2] + [-1] * (POINTS - 3)


def test_the_stops_are_what_clipping_took() -> None:
    linear = np.full((8, 8, 3), 0.25, np.float32)
    linear[2:4, 2:4] = (8.0, 2.0, 0.5)
    seen = data_hdr.expose(linear, white=1.0, rng=None)
    assert seen.stops[2, 2].tolist() == pytest.approx([3.0, 1.0, 0.0])
    assert seen.rgb[2, 2].tolist()[:2] == [255, 255]
    assert not seen.stops[0, 0].any()
    assert seen.rgb[0, 0, 0] == 137  # sRGB of 0.25


def test_a_panorama_is_seen_without_seams() -> None:
    around = np.repeat(np.cos(np.linspace(0, 2 * np.pi, 256, endpoint=False))[None], 128, 0)
    panorama = np.repeat(around[..., None], 3, 2).astype(np.float32) + 1.0
    rng = np.random.default_rng(0)
    for _ in range(8):
        view = data_hdr.look_into(panorama, size=(64, 48), rng=rng)
        assert view.shape == (48, 64, 3)
        assert np.abs(np.diff(view[..., 0], axis=1)).max() < 0.2


def test_training_and_held_out_maps_are_apart_and_fixed(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.hdr").touch()
    training, held_out = data_hdr.split_names(tmp_path)
    assert len(held_out) == data_hdr.HELD_OUT
    assert not set(training) & set(held_out)
    assert (training, held_out) == data_hdr.split_names(tmp_path)


def test_examples_of_every_kind_are_consistent() -> None:
    light = np.random.default_rng(0).random((64, 128, 3)).astype(np.float32) ** 4 * 8
    maps = [data_hdr.HdrMap("m", light, True), data_hdr.HdrMap("f", light[:, :100].copy(), False)]
    photos = [np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)]
    rng = np.random.default_rng(2)
    for _ in range(24):
        example = data_hdr.random_example(maps, photos, size=(64, 48), rng=rng)
        assert example.rgb.shape == example.stops.shape == example.known.shape == (48, 64, 3)
        assert example.rgb.dtype == np.uint8
        assert 0 <= example.stops.min() <= example.stops.max() <= data_hdr.LARGEST_STOPS
