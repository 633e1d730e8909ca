"""How pictures are brought to public networks: sizes, numbers, padding, and back; against the library where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.estimate.preparation import Preparation
from tests.unit.estimate.net_folders import PREPARATION

WHERE = Path("preprocessor_config.json")


def preparation(kind: str = "depth_anything", **changes: Any) -> Preparation:
    return Preparation.of(PREPARATION | changes, kind=kind, where=WHERE)


def picture(width: int, height: int) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(columns / 7 + c) * np.cos(rows / 5 + c) for c in range(3)]
    return np.round(np.stack(waves, axis=-1) * 100 + 128).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 360), (518, 294)), ((360, 640), (294, 518)), ((518, 518), (518, 518)), ((16, 9), (518, 294))],
)
def test_sizes_of_depth_anything(size: tuple[int, int], expected: tuple[int, int]) -> None:
    given = preparation(size={"height": 518, "width": 518})
    assert given.working_size(*size) == expected


def test_a_fixed_size_ignores_the_aspect() -> None:
    given = preparation("dpt", size=384, keep_aspect_ratio=False, ensure_multiple_of=1)
    assert given.working_size(640, 360) == (384, 384)


def test_no_size_is_the_pictures_own() -> None:
    given = preparation("glpn", size_divisor=32)
    assert given.working_size(645, 370) == (640, 352)
    assert given.working_size(5, 5) == (32, 32)


def test_numbers_are_scaled_and_normalised() -> None:
    grey = np.full((70, 70, 3), 51, np.uint8)
    given = preparation().to_input(grey)
    assert given.shape == (1, 3, 70, 70)
    np.testing.assert_allclose(
        given[0, :, 3, 3].numpy(), (0.2 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225]
    )


def test_a_map_comes_back_at_the_pictures_size() -> None:
    ramp = torch.linspace(0, 1, 140)[None, :].expand(70, 140)
    fine = preparation().from_output(ramp, (280, 140))
    assert fine.shape == (140, 280)
    assert np.all(np.diff(fine[50]) >= 0)


def test_padding_is_taken_off_again() -> None:
    given = preparation("zoedepth", size={"height": 64, "width": 64}, ensure_multiple_of=32, do_pad=True)
    across, down = given.padding(96, 64)
    assert (across, down) == (20, 16)
    padded = np.zeros((64 + 2 * down, 96 + 2 * across), np.float32)
    padded[down:-down, across:-across] = 1.0
    np.testing.assert_array_equal(given.from_output(torch.from_numpy(padded), (96, 64)), 1.0)
    assert given.padding(1, 1) == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (640, 2)])
def test_odd_pictures_are_prepared(size: tuple[int, int]) -> None:
    given = preparation()
    working = given.working_size(*size)
    assert min(working) >= 14
    assert max(working) <= 2048
    assert given.to_input(picture(*size)).shape == (1, 3, *working[::-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"size": {"height": 0, "width": 70}},
        {"size": {"height": 1 << 20, "width": 70}},
        {"size": {"shortest_edge": 70}},
        {"size": "large"},
        {"resample": 9},
        {"image_std": [0, 1, 1]},
        {"image_mean": ["a"]},
        {"rescale_factor": float("nan")},
        {"ensure_multiple_of": -3},
    ],
)
def test_senseless_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        preparation(**changes)


@pytest.mark.parametrize("size", [(640, 360), (360, 500), (70, 70)])
def test_it_agrees_with_the_librarys_own_processor(size: tuple[int, int]) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("PIL")
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    values = PREPARATION | {"size": {"height": 140, "width": 140}}
    theirs = DPTImageProcessorPil(**values)(picture(*size), return_tensors="pt")["pixel_values"]
    ours = Preparation.of(values, kind="depth_anything", where=WHERE).to_input(picture(*size))
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max()) < 0.02  # theirs is rounded to bytes after resizing
