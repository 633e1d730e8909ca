"""Sweep folders: nothing captured is lost or overwritten, and a damaged list is refused in one sentence."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.camera import sweep as sweep_module
from rvr_laaf_app.camera.fields import parse_object
from rvr_laaf_app.camera.sweep import MANIFEST, Sweep, SweepWriter, natural_order, read_sweep
from rvr_laaf_app.core.errors import ExportError, MediaError, UsageError

ABOUT = Sweep(
    Path(),
    camera="simulated:desk",
    name="Desk",
    serial="S1",
    simulated=True,
    lens="50 mm",
    f_number=1.8,
    limits=(1050, 2100),
    depth_of_field_steps=20,
    planned=(1100, 1200, 1300, 1200),
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    writer = SweepWriter(tmp_path / "a", ABOUT)
    for number, position in enumerate(ABOUT.planned[:3]):
        writer.add(b"picture %d" % number, ".JPG", position=position, time_s=float(number))
    sweep = read_sweep(tmp_path / "a", verify=True)
    assert sweep == writer.sweep
    assert sweep.positions == (1100, 1200, 1300)
    assert sweep.remaining == (1200,)
    assert sweep.paths[1].read_bytes() == b"picture 1"
    assert sweep.frames[2].sha256 == hashlib.sha256(b"picture 2").hexdigest()
    assert replace(sweep, folder=Path(), frames=()) == ABOUT
    assert not [p for p in (tmp_path / "a").iterdir() if p.name.endswith(".part")]


def test_a_writer_goes_on_where_the_last_one_was_killed(tmp_path: Path) -> None:
    first = SweepWriter(tmp_path, ABOUT)
    first.add(b"one", ".png", position=1100)
    (tmp_path / "frame_0002_at_1200.png").write_bytes(b"two")  # named, then killed before the manifest
    second = SweepWriter(tmp_path, replace(ABOUT, camera="simulated:desk2"), resume=True)
    assert second.sweep.positions == (1100, 1200)
    assert second.sweep.remaining == (1300, 1200)
    second.add(b"three", ".png", position=1300)
    sweep = read_sweep(tmp_path, verify=True)
    assert [p.read_bytes() for p in sweep.paths] == [b"one", b"two", b"three"]
    assert sweep.camera == "simulated:desk2"  # the address changed, the serial did not


@pytest.mark.parametrize(
    ("change", "message"),
    [({"serial": "S2"}, "another camera"), ({"planned": (1, 2)}, "other positions")],
)
def test_a_sweep_is_gone_on_with_by_the_same_camera_and_plan_only(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    SweepWriter(tmp_path, ABOUT).add(b"one", ".png", position=1100)
    with pytest.raises(UsageError, match=message):
        SweepWriter(tmp_path, replace(ABOUT, **change), resume=True)  # type: ignore[arg-type]
    assert read_sweep(tmp_path).positions == (1100,)


def test_nothing_is_mixed_or_overwritten(tmp_path: Path) -> None:
    SweepWriter(tmp_path / "a", ABOUT).add(b"one", ".png", position=1100)
    with pytest.raises(UsageError, match="holds a sweep already"):
        SweepWriter(tmp_path / "a", ABOUT)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match="other pictures"):
        SweepWriter(tmp_path / "b", ABOUT)
    writer = SweepWriter(tmp_path / "c", ABOUT)
    (tmp_path / "c" / "frame_0001_at_1100.png").write_bytes(b"somebody else's")
    with pytest.raises(ExportError):
        writer.add(b"one", ".png", position=1100)
    assert (tmp_path / "c" / "frame_0001_at_1100.png").read_bytes() == b"somebody else's"


@pytest.mark.parametrize("step", ["open", "fsync", "link", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_no_step_that_fails_loses_a_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    writer = SweepWriter(tmp_path, ABOUT)
    writer.add(b"one", ".png", position=1100)

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr(sweep_module, "open", fail, raising=False)
        else:
            patch.setattr(os, step, fail)
            if step == "link":
                patch.setattr(os, "rename", fail)
        with pytest.raises(ExportError, match="no room left" if code == errno.ENOSPC else "cannot be written"):
            writer.add(b"two", ".png", position=1200)
    before = read_sweep(tmp_path, verify=True)
    assert before.positions == (1100,)
    again = SweepWriter(tmp_path, ABOUT, resume=True)
    for position in again.sweep.remaining:
        again.add(b"later", ".png", position=position)
    after = read_sweep(tmp_path, verify=True)
    assert after.remaining == ()
    assert after.paths[0].read_bytes() == b"one"
    assert len(after.frames) == 4


def test_a_folder_without_manifest_is_a_sweep_in_natural_order(tmp_path: Path) -> None:
    for name in ("im10.jpg", "im2.jpg", "IM1.JPG", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    sweep = read_sweep(tmp_path)
    assert [f.file for f in sweep.frames] == ["IM1.JPG", "im2.jpg", "im10.jpg"]
    assert sweep.positions == (0, 1, 2)
    assert sweep.limits == (0, 2)


def test_natural_order_copes_with_odd_digits() -> None:
    assert sorted(["b", "a10", "a²", "a9", "10", ""], key=natural_order) == ["", "10", "a9", "a10", "a²", "b"]


def good() -> dict[str, object]:
    return {
        "schema": "rvr-sweep/1",
        "range": [0, 9],
        "frames": [{"file": "a.png", "position": 3, "time_s": 1.5, "sha256": ""}],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "rvr-sweep/2"}, "schema"),
        ({"range": [9, 0]}, "range"),
        ({"range": [0]}, "range"),
        ({"simulated": 1}, "simulated"),
        ({"f_number": "2"}, "f_number"),
        ({"depth_of_field_steps": 2.5}, "depth_of_field_steps"),
        ({"planned": ["x"]}, r"planned\[0\]"),
        ({"frames": {}}, "frames"),
        ({"frames": [3]}, r"frames\[0\]"),
        ({"frames": [{"file": "../a.png", "position": 3}]}, r"frames\[0\].file"),
        ({"frames": [{"file": "a.png"}]}, r"frames\[0\].position"),
        ({"frames": [{"file": "a.png", "position": True}]}, r"frames\[0\].position"),
        ({"frames": [{"file": "a.png", "position": 3, "sha256": "zz"}]}, "sha256"),
        ({"frames": [{"file": "a.png", "position": 3}] * 2}, "twice"),
        ({"frames": [{"file": "b.png", "position": 3}]}, "missing"),
    ],
)
def test_bad_manifests_give_one_clear_message(tmp_path: Path, change: dict[str, object], message: str) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / MANIFEST).write_text(json.dumps(good()))
    assert read_sweep(tmp_path).positions == (3,)
    (tmp_path / MANIFEST).write_text(json.dumps(good() | change))
    with pytest.raises(MediaError, match=message):
        read_sweep(tmp_path)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"a": ' + b"1" * 5000 + b"}"],
)
def test_damaged_json_is_a_media_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(data)
    with pytest.raises(MediaError, match="cannot be used"):
        read_sweep(tmp_path)
    with pytest.raises(MediaError, match="cannot be used"):
        SweepWriter(tmp_path, ABOUT, resume=True)
    assert (tmp_path / MANIFEST).read_bytes() == data


def test_brackets_in_texts_do_not_count_as_nesting() -> None:
    assert parse_object(b'{"a": "[[[[[[[[[[[[\\"[[[["}') == {"a": '[[[[[[[[[[[["[[[['}


def test_a_changed_picture_is_noticed(tmp_path: Path) -> None:
    SweepWriter(tmp_path, ABOUT).add(b"one", ".png", position=1100)
    (tmp_path / "frame_0001_at_1100.png").write_bytes(b"ONE")
    assert read_sweep(tmp_path).positions == (1100,)
    with pytest.raises(MediaError, match="not the one"):
        read_sweep(tmp_path, verify=True)


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such folder"):
        read_sweep(tmp_path / "none")
    with pytest.raises(MediaError, match="no pictures"):
        read_sweep(tmp_path)


def test_what_was_planned_counts_where_the_lens_stood_beside_it(tmp_path: Path) -> None:
    writer = SweepWriter(tmp_path, ABOUT)
    writer.add(b"one", ".png", position=1099, wanted=1100)
    writer.add(b"two", ".png", position=1200, wanted=1200)
    sweep = read_sweep(tmp_path, verify=True)
    assert sweep.positions == (1099, 1200)
    assert [frame.wanted for frame in sweep.frames] == [1100, None]
    assert sweep.remaining == (1300, 1200)


def test_raw_files_stay_beside_their_pictures(tmp_path: Path) -> None:
    writer = SweepWriter(tmp_path, ABOUT)
    frame = writer.add(b"one", ".jpg", position=1100, companions=[(b"raw one", ".NEF"), (b"other", ".jpg")])
    assert frame.companions == ("frame_0001_at_1100.nef", "frame_0001_at_1100_1.jpg")
    assert [(tmp_path / name).read_bytes() for name in frame.companions] == [b"raw one", b"other"]
    assert read_sweep(tmp_path, verify=True) == writer.sweep
    # killed between the raw file and its picture: the picture is taken again, the raw file stays
    (tmp_path / "frame_0002_at_1200.nef").write_bytes(b"raw two")
    again = SweepWriter(tmp_path, ABOUT, resume=True)
    assert again.sweep.remaining == (1200, 1300, 1200)
    again.add(b"two", ".jpg", position=1200, companions=[(b"raw two again", ".nef")])
    assert (tmp_path / "frame_0002_at_1200.nef").read_bytes() == b"raw two"
    # killed after both: they belong together
    (tmp_path / "frame_0004_at_1300.nef").write_bytes(b"raw three")
    (tmp_path / "frame_0004_at_1300.jpg").write_bytes(b"three")
    last = SweepWriter(tmp_path, ABOUT, resume=True).sweep
    assert last.positions == (1100, 1200, 1300)
    assert last.frames[-1].file == "frame_0004_at_1300.jpg"
    assert last.frames[-1].companions == ("frame_0004_at_1300.nef",)


def test_a_camera_that_gives_raw_only_loses_none(tmp_path: Path) -> None:
    SweepWriter(tmp_path, ABOUT).add(b"raw", ".nef", position=1100)
    (tmp_path / "frame_0002_at_1200.nef").write_bytes(b"raw two")
    sweep = SweepWriter(tmp_path, ABOUT, resume=True).sweep
    assert [f.file for f in sweep.frames] == ["frame_0001_at_1100.nef", "frame_0002_at_1200.nef"]
