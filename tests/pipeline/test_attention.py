"""Where people look: recorded fixations and maps before what is computed, and nothing hostile stops it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.detect.saliency import SaliencyDetector
from rvr_laaf_app.pipeline import attention
from rvr_laaf_app.pipeline.attention import Attention
from tests.clips import frame_of

TABLE = FrameTable(np.arange(50, dtype=np.int64) * 40, Fraction(1, 1000))
SIZE = (160, 96)


def peak(heat: np.ndarray) -> tuple[float, float]:
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return (column + 0.5) / heat.shape[1], (row + 0.5) / heat.shape[0]


def test_fixations_beside_the_clip_are_shown_when_they_happened(tmp_path: Path) -> None:
    (tmp_path / "fixations").mkdir()
    rows = ["seconds,x,y,viewer", "0.1,0.2,0.3,a", "1.6,0.8,0.7,a", "1.6,7,0.7,b", "nan,0.1,0.1,c", ",,,"]
    (tmp_path / "fixations" / "clip.csv").write_text("\n".join(rows))
    found = Attention(tmp_path, "clip.mp4", TABLE)
    assert found.source == "fixations"
    picture = frame_of(0, SIZE)
    assert peak(found.heat(2, picture)) == pytest.approx((0.2, 0.3), abs=0.02)
    assert peak(found.heat(40, picture)) == pytest.approx((0.8, 0.7), abs=0.02)
    assert float(found.heat(22, picture).max()) == 0.0, "nobody was recorded then"


def test_maps_as_pictures_are_spread_over_the_clip(tmp_path: Path) -> None:
    folder = tmp_path / "fixations" / "inner" / "clip"
    folder.mkdir(parents=True)
    for number, column in ((1, 20), (2, 60), (10, 90)):
        heat = np.zeros((54, 96), np.uint8)
        heat[20:30, column : column + 5] = 255
        ok, data = cv2.imencode(".png", heat)
        assert ok
        (folder / f"{number}.png").write_bytes(data.tobytes())
    found = Attention(tmp_path, "inner/clip.mp4", TABLE)
    assert found.source == "maps"
    picture = frame_of(0, SIZE)
    places = [peak(found.heat(i, picture))[0] for i in (0, 20, 49)]
    assert places == pytest.approx([22.5 / 96, 62.5 / 96, 92.5 / 96], abs=0.04), "10 comes after 2"
    (folder / "2.png").write_bytes(b"no picture at all, " * 20)
    assert float(found.heat(20, picture).max()) == 0.0


@pytest.mark.parametrize("content", ["", "seconds;x;y\n1;2;3\n", "x" * 10_000, "seconds,x,y\n1,2,3\n"])
def test_a_useless_file_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "fixations").mkdir()
    (tmp_path / "fixations" / "clip.csv").write_text(content)
    assert Attention(tmp_path, "clip.mp4", TABLE).source == "computed"


def test_without_a_record_it_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_detector", SaliencyDetector)
    found = Attention(tmp_path, "clip.mp4", TABLE)
    assert found.source == "computed"
    first = found.heat(0, frame_of(0, SIZE))
    assert 0.0 <= float(first.min()) <= float(first.max()) <= 1.0
    assert float(first.max()) > 0.5
    again = found.heat(30, frame_of(30, SIZE))
    assert not np.array_equal(first, again), "after a jump it is computed anew"
