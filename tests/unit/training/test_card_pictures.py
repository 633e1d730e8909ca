"""The card's sheet shows every scene once, the worst last."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.measure.bokeh import find_rendered
from rvr_laaf_app.measure.truth import find_scenes
from rvr_laaf_app.media.exr import write_exr
from rvr_laaf_app.training import card_pictures


class LeftIsNear:
    name = "left"
    version = "1"
    context = (0, 0)

    def start(self, clip: ClipTrait) -> None:
        return None

    def step(self, frames: list[Frame], state: None) -> tuple[RgbdFrame, None]:
        ramp = np.tile(np.linspace(1, 0, 64, dtype=np.float16), (36, 1))
        nothing = np.zeros((36, 64, 3), np.float16)
        return RgbdFrame(0, ramp, nothing, np.ones((36, 64), np.float16)), None


def scene(folder: Path, depth_m: np.ndarray) -> None:
    folder.mkdir()
    light = np.random.default_rng(0).random((36, 64, 3)).astype(np.float32)
    shots = {}
    for name, focus in (("f14_near", 1.0), ("f14_far", 4.0), ("f28_near", 1.0), ("f28_far", 4.0)):
        write_exr(folder / f"{name}.exr", light)
        lens = {"focal_length_m": 0.05, "f_number": float(name[1:3]) / 10, "sensor_width_m": 0.036}
        shots[name] = lens | {"focus_distance_m": focus}
    write_exr(folder / "sharp.exr", light)
    np.savez(folder / "depth.npz", depth=depth_m.astype(np.float32))
    (folder / "meta.json").write_text(json.dumps({"shots": shots}))


def test_the_sheet_orders_scenes_by_error(tmp_path: Path) -> None:
    across = np.tile(1 / np.linspace(1, 0.1, 64), (36, 1))
    scene(tmp_path / "a_bad", np.tile(1 / np.linspace(1, 0.1, 36)[:, None], (1, 64)))
    scene(tmp_path / "b_good", across)
    rows = [card_pictures.scene_row(LeftIsNear(), files) for files in find_rendered(find_scenes(tmp_path)[0])]  # type: ignore[arg-type]
    (bad, bad_row), (good, good_row) = rows
    assert good < 0.05 < 0.2 < bad
    picture = card_pictures.sheet(rows)
    height = good_row.shape[0]
    assert picture.shape == (card_pictures.HEADING_PX + 2 * height, 7 * card_pictures.COLUMN_PX, 3)
    assert np.array_equal(picture[card_pictures.HEADING_PX :][:height], good_row)
    assert np.array_equal(picture[card_pictures.HEADING_PX + height :], bad_row)
