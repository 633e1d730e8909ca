from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import ApertureSettings, ClipRef, FocusTarget, LensSettings, Project, SubjectTrack
from rvr_laaf_app.document.store import load_project, read_project, save_project


def sample(clip: str = "/clips/a.mp4") -> Project:
    boxes = np.linspace(0.1, 0.6, 12, dtype=np.float32).reshape(3, 4)
    track = SubjectTrack("a", 5, boxes, np.array([1, 0.5, 0], np.float32), for_place=(5, Point(0.25, 0.5)))
    return Project(
        clip=ClipRef(clip, "f00d", 90),
        targets=(
            FocusTarget("a", 5, Point(0.25, 0.5), reason="she turns"),
            FocusTarget("b", 40, Box(0.1, 0.2, 0.3, 0.4), "csrt", 0, "in_out", "soft", "detector:audio", "clap ‐ 手"),
        ),
        tracks=(track,),
        lens=LensSettings(blur_px=12.5, aperture=ApertureSettings(6, 15.0, 0.6, 0.3)),
    )


def edited(path: Path, change: dict[str, object]) -> Path:
    values = json.loads(path.read_text(encoding="utf-8"))
    in_file = ("schema", "generation", "program", "shown", "clips")
    for field, value in change.items():
        (values if field in in_file else values["clips"][0])[field] = value
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_a_project_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    stamp = save_project(sample(), path)
    loaded = read_project(path)
    assert loaded.project == sample()
    assert loaded.stamp == stamp
    assert loaded.project.tracks[0].boxes.dtype == np.float32
    again = save_project(loaded.project, path, expected=stamp)
    assert again.generation == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.rvr"]


def test_the_file_is_text_with_a_line_for_each_thing(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    save_project(sample(), path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1] == ' "schema": "Project.2",'
    assert sum('"she turns"' in line for line in lines) == 1
    assert any("手" in line for line in lines)
    moved = replace(sample(), lens=LensSettings())
    save_project(moved, path)
    other = path.read_text(encoding="utf-8").splitlines()
    assert sum(a != b for a, b in zip(lines, other, strict=True)) == 2  # generation and lens


def test_save_load_save_gives_the_same_bytes_but_for_the_generation(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    save_project(sample(), path)
    first = path.read_bytes()
    save_project(load_project(path), path)
    assert path.read_bytes() == first.replace(b'"generation": 1', b'"generation": 2')


def test_unknown_fields_survive_at_every_level(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    save_project(sample(), path)
    values = json.loads(path.read_text(encoding="utf-8"))
    values["room"] = {"deep": [1, None, "x"]}
    clip = values["clips"][0]
    clip["bloom/~"] = {"deep": [1, None, "x"]}
    clip["clip"]["note"] = "n"
    clip["lens"]["glow"] = 0.5
    clip["lens"]["aperture"]["spikes"] = 8
    clip["targets"][1]["colour"] = "red"
    clip["tracks"]["a"]["speed"] = 3
    path.write_text(json.dumps(values), encoding="utf-8")
    production = read_project(path).production
    project = production.project
    assert project.targets == sample().targets
    save_project(production, path)
    kept = json.loads(path.read_text(encoding="utf-8"))
    del kept["generation"], values["generation"]
    assert kept == values
    fewer = project.with_targets(project.targets[:1])  # what belonged to a removed target goes
    save_project(fewer, path)
    assert "colour" not in path.read_text(encoding="utf-8")


def test_the_clip_is_found_beside_the_moved_project(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "media").mkdir(parents=True)
    clip = old / "media" / "a.mp4"
    clip.write_bytes(b"clip")
    save_project(sample(str(clip)), old / "film.rvr")
    assert load_project(old / "film.rvr").clip == sample(str(clip)).clip
    old.rename(new)
    assert load_project(new / "film.rvr").clip == sample(str(new / "media" / "a.mp4")).clip
    loaded = read_project(new / "film.rvr")
    assert loaded.places == {"c1": (str(new / "media" / "a.mp4"), str(clip))}
    (new / "film.rvr").rename(tmp_path / "film.rvr")  # now neither place holds it
    assert load_project(tmp_path / "film.rvr").clip == sample(str(clip)).clip


@pytest.mark.parametrize(
    "path",
    ["http://example.org/a.mp4", "\\\\host\\share\\a.mp4", "//host/share/a.mp4", "file:///etc/passwd", "/dev/zero", ""],
)
def test_addresses_shares_and_devices_are_not_touched(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "film.rvr"
    save_project(sample(), file)
    edited(file, {"clip": {"path": path, "relative_path": path, "fingerprint": "", "frames": 3}})
    opened: list[object] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda p, *a, **k: (opened.append(p), real(p, *a, **k))[1])
    project = load_project(file)
    assert project.clip is not None
    assert opened == [file]


def test_a_path_that_is_not_utf8_survives(tmp_path: Path) -> None:
    clip = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")
    save_project(sample(clip), tmp_path / "film.rvr")
    assert load_project(tmp_path / "film.rvr") == sample(clip)


def test_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    save_project(sample(), path)
    data = edited(path, {"schema": "Project.3"}).read_bytes()
    with pytest.raises(ProjectError, match="newer version"):
        load_project(path)
    assert path.read_bytes() == data


BAD_FIELDS = [
    ("schema", 1, "schema"),
    ("schema", "Project.0", "schema"),
    ("generation", -1, "generation"),
    ("generation", 1.5, "generation"),
    ("shown", 5, "shown"),
    ("clips", {}, "clips"),
    ("clips", [5], r"clips\[0\]"),
    ("clips", [{}], r"clips\[0\].id"),
    ("clips", [{"id": ""}], r"clips\[0\].id"),
    ("clips", [{"id": "a" * 2000}], r"clips\[0\].id"),
    ("clips", [{"id": "a", "name": "x\0"}], r"clips\[0\].name"),
    ("clips", [{"id": "a"}, {"id": "a"}], "twice"),
    ("clips", [{"id": f"c{n}"} for n in range(2001)], "more than 2000"),
    ("clips", [{"id": "a"}, {"id": "b", "lens": 5}], r"clips\[1\].lens"),
    ("clip", [], "clip"),
    ("clip", {}, "clip.path"),
    ("clip", {"path": "a\0b"}, "clip.path"),
    ("clip", {"path": "\ud800"}, "clip.path"),
    ("clip", {"path": "x" * 40_000}, "clip.path"),
    ("clip", {"path": "a", "frames": -1}, "clip.frames"),
    ("clip", {"path": "a", "frames": True}, "clip.frames"),
    ("clip", {"path": "a", "fingerprint": 5}, "clip.fingerprint"),
    ("lens", 5, "lens"),
    ("lens", {"f_number": "fast"}, "lens.f_number"),
    ("lens", {"f_number": 0}, "f_number"),
    ("lens", {"f_number": 1e308}, "f_number"),
    ("lens", {"aperture": {"blades": 4}}, "blades"),
    ("lens", {"aperture": {"squeeze": 1e9}}, "squeeze"),
    ("lens", {"blur_px": -1}, "blur_px"),
    ("targets", {}, "targets"),
    ("targets", [5], r"targets\[0\]"),
    ("targets", [{"id": "a"}], r"targets\[0\].point"),
    ("targets", [{"id": "a", "point": [0.5]}], r"targets\[0\].point"),
    ("targets", [{"id": "a", "point": [0.5, None]}], r"targets\[0\].point"),
    ("targets", [{"id": "a", "point": [0, 0], "box": [0, 0, 1, 1]}], "exclude"),
    ("targets", [{"id": "a", "frame": 0, "pull_frames": 1, "point": [1e200, 0]}], r"targets\[0\].place"),
    ("targets", [{"id": "", "frame": 0, "pull_frames": 1, "point": [0, 0]}], r"targets\[0\].id"),
    ("targets", [{"id": "a", "frame": -1, "pull_frames": 1, "point": [0, 0]}], r"targets\[0\].*frame"),
    ("targets", [{"id": "a", "frame": 10**19, "pull_frames": 1, "point": [0, 0]}], r"targets\[0\].frame"),
    ("targets", [{"id": "a", "frame": 0, "pull_frames": 1, "point": [0, 0], "ease": "x"}], r"targets\[0\].ease"),
    ("targets", [{"id": "a", "frame": 0, "pull_frames": 1, "point": [0, 0]}] * 2, "twice"),
    ("tracks", [], "tracks"),
    ("tracks", {"nobody": {}}, "tracks.nobody"),
    ("tracks", {"a": {"frames": 1, "start": 0}}, "tracks.a.rows"),
    ("tracks", {"a": {"frames": 2, "start": 0, "rows": "AAAA"}}, "tracks.a.rows"),
    ("tracks", {"a": {"frames": 0, "start": 0, "rows": "*"}}, "tracks.a.rows"),
    ("tracks", {"a": {"frames": -1, "start": 0, "rows": ""}}, "tracks.a.frames"),
    ("tracks", {"a": {"frames": 10**12, "start": 0, "rows": ""}}, "tracks.a.frames"),
    ("tracks", {"a": {"frames": 0, "start": 0, "rows": "", "for": {"frame": 1}}}, "tracks.a.for.point"),
    ("tracks", {"a": {"frames": 1, "start": 0, "rows": "AADAfwAAwH8AAMB/AADAfwAAwH8="}}, "tracks.a.*finite"),
]


@pytest.mark.parametrize(("field", "value", "named"), BAD_FIELDS)
def test_the_refusal_names_the_field(tmp_path: Path, field: str, value: object, named: str) -> None:
    path = tmp_path / "film.rvr"
    save_project(sample(), path)
    edited(path, {field: value})
    with pytest.raises(ProjectError, match=named) as caught:
        load_project(path)
    assert len(str(caught.value)) < 600


BAD_FILES = {
    "empty": b"",
    "nul": b"\0" * 4096,
    "list": b"[]",
    "text": b"hello",
    "half": b'{"schema": "Project.1", "gen',
    "nan": b'{"schema": "Project.1", "x": NaN}',
    "infinity": b'{"schema": "Project.1", "x": -Infinity}',
    "1e999": b'{"schema": "Project.1", "x": 1e999}',
    "long number": b'{"schema": "Project.1", "x": ' + b"9" * 100_000 + b"}",
    "twice": b'{"schema": "Project.1", "x": 1, "x": 2}',
    "latin-1": b'{"schema": "Project.1", "x": "\xe9"}',
    "utf-16": '{"schema": "Project.1"}'.encode("utf-16"),
    "deep lists": b'{"schema": "Project.1", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"schema": "Project.1", "x": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "deep enough": b'{"schema": "Project.1", "x": ' + b"[" * 200 + b"]" * 200 + b"}",
    "many parts": b'{"schema": "Project.1", "x": [' + b"[]," * 3_000_000 + b"[]]}",
    "huge text": b'{"schema": "Project.1", "targets": [{"id": "a", "frame": 0, "pull_frames": 0, "point": [0, 0], '
    b'"reason": "' + b"x" * 30_000_000 + b'"}]}',
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_project_is_refused_soon(tmp_path: Path, name: str) -> None:
    path = tmp_path / "film.rvr"
    path.write_bytes(BAD_FILES[name])
    began = time.process_time()
    with pytest.raises(ProjectError):
        load_project(path)
    assert time.process_time() - began < 2.0


def test_a_file_of_a_gigabyte_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(ProjectError, match="larger"):
        load_project(path)


def test_what_is_no_file_is_refused_and_nothing_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.rvr")
    (tmp_path / "folder.rvr").mkdir()
    for name in ("fifo.rvr", "folder.rvr", "missing.rvr", "nul\0.rvr", "x" * 300 + ".rvr"):
        with pytest.raises(ProjectError):
            load_project(tmp_path / name)
    with pytest.raises(ProjectError):
        load_project(Path("/dev/zero"))


def test_what_cannot_be_read_again_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    save_project(sample(), path)
    data = path.read_bytes()
    bad = replace(sample(), clip=ClipRef("a\0b"))
    with pytest.raises(ProjectError, match="NUL"):
        save_project(bad, path)
    assert path.read_bytes() == data


def test_a_save_over_a_changed_file_is_refused_and_a_lost_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    mine = save_project(sample(), path)
    save_project(replace(sample(), lens=LensSettings()), path, expected=mine)
    data = path.read_bytes()
    with pytest.raises(ProjectError, match="changed by another"):
        save_project(sample(), path, expected=mine)
    assert path.read_bytes() == data
    path.unlink()
    assert save_project(sample(), path, expected=mine).generation == 2


def test_the_clock_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.rvr"
    stamp = save_project(sample(), path)
    for now in (0, 2**33):  # 1970 and far ahead
        os.utime(path, (now, now))
        monkeypatch.setattr(time, "time", lambda now=now: float(now))
        stamp = save_project(sample(), path, expected=stamp)
    assert stamp.generation == 3


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "film.rvr"
    link.symlink_to(tmp_path / "real" / "film.rvr")
    save_project(sample(), link)
    assert link.is_symlink()
    assert load_project(link) == sample()


@pytest.mark.parametrize("file", sorted((Path(__file__).parents[2] / "baselines").glob("project-*.rvr")), ids=str)
def test_every_version_ever_written_opens(file: Path) -> None:
    expected = json.loads(file.with_suffix(".expected.json").read_text(encoding="utf-8"))
    production = read_project(file).production
    assert [[c.id, c.title, len(c.project.targets)] for c in production.clips] == expected["clips"]
    project = production.project
    assert project.clip is not None
    assert Path(project.clip.path).name == expected["clip"]
    assert [(t.id, t.frame, t.pull_frames, t.ease, t.strength) for t in project.targets] == [
        tuple(t) for t in expected["targets"]
    ]
    assert [(t.target_id, t.start, t.stop) for t in project.tracks] == [tuple(t) for t in expected["tracks"]]
    assert project.lens.lens.f_number == expected["f_number"]
    assert [k for k, _ in project.metadata] == expected["unknown"]
