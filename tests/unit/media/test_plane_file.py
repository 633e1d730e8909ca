"""Files of planes: what comes back is what went in, or CacheError."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.media.plane_file import Plane, read_planes, write_planes


def groups() -> list[list[Plane]]:
    rng = np.random.default_rng(0)
    return [
        [rng.integers(0, 256, (7, 5), dtype=np.uint8), rng.integers(0, 65536, (3, 11), dtype=np.uint16)],
        [],
        [np.zeros((4, 6), np.uint8), np.full((1, 1), 65535, np.uint16)],
    ]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "some.trace"
    write_planes(path, groups())
    read = read_planes(path)
    assert [len(g) for g in read] == [2, 0, 2]
    for wanted, got in zip(chain(*groups()), chain(*read), strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="missing"):
        read_planes(tmp_path / "none.trace")


@pytest.mark.parametrize("place", [0, 9, 40, -1])
def test_a_damaged_file_is_told_and_set_aside(tmp_path: Path, place: int) -> None:
    path = tmp_path / "some.trace"
    write_planes(path, groups())
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CacheError, match="damaged"):
        read_planes(path)
    assert not path.exists()


def test_a_truncated_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "some.trace"
    write_planes(path, groups())
    for length in (0, 5, 30):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(CacheError):
            read_planes(path)
        write_planes(path, groups())


def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(CacheError, match="RVR_CACHE_DIR"):
        write_planes(Path("/dev/null/some.trace"), groups())
