"""What is given to other programs and what comes back: each format against what it must look like."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.document import Document
from rvr_laaf_app.document.edits import remove_target
from rvr_laaf_app.document.interchange.focus_json import read_json, write_json
from rvr_laaf_app.document.interchange.formats import FORMATS, format_for, read_file, write_file
from rvr_laaf_app.document.interchange.incoming import import_into
from rvr_laaf_app.document.interchange.sheet import CurveSamples, FocusSheet, curve_samples
from rvr_laaf_app.document.interchange.timing import (
    Moment,
    frames_at_rate,
    frames_of,
    moment_of,
    nearest_frame,
    nominal_rate,
    seconds_of,
)
from rvr_laaf_app.document.project import ApertureSettings, ClipRef, FocusTarget, LensSettings, Project, SubjectTrack

FILM = FrameTable(np.arange(48) * 512 + 1024, Fraction(1, 12288))  # 24 frames a second, not beginning at 0
CLIP = ClipRef("/clips/a b.mp4", "f00d", 48)
TARGETS = (
    FocusTarget("a", 10, Point(0.25, 0.5), reason="she turns"),
    FocusTarget("b", 30, Box(0.1, 0.2, 0.3, 0.4), "csrt", 6, "in_out", "soft", "detector:audio", "clap ‐ 手"),
)
BOXES = np.linspace(0.1, 0.6, 80, dtype=np.float32).reshape(20, 4)
TRACK = SubjectTrack("a", 10, BOXES, np.linspace(0, 1, 20, dtype=np.float32), for_place=(10, Point(0.25, 0.5)))
PROJECT = Project(clip=CLIP, targets=TARGETS, tracks=(TRACK,), lens=LensSettings(aperture=ApertureSettings(6)))
EMPTY = Project(clip=CLIP)


def curve_of(disparity: list[float], lens: LensSettings | None = None, width: int = 1280) -> CurveSamples:
    planes = np.array(disparity, np.float32)
    return curve_samples(planes, np.arange(len(planes)) % 3, lens=lens or LensSettings(), width_px=width)


def sheet(project: Project = PROJECT, *, table: FrameTable = FILM, first_frame: int | None = None) -> FocusSheet:
    curve = curve_of(list(np.linspace(0.2, 0.8, len(table))), project.lens)
    return FocusSheet(project, table, (1280, 720), curve, with_tracks=True, first_frame=first_frame)


def vfr(seed: int = 3, frames: int = 50) -> FrameTable:
    steps = np.random.default_rng(seed).integers(10, 60, frames)
    return FrameTable(np.cumsum(steps) + 777, Fraction(1, 1000))


READABLE = [f for f in FORMATS.values() if f.read is not None]


@pytest.mark.parametrize("format_", READABLE, ids=lambda f: f.name)
def test_targets_come_back_as_they_were(format_) -> None:  # type: ignore[no-untyped-def]
    for table in (FILM, vfr()):
        incoming = format_.read(format_.write(sheet(table=table), "targets"))
        assert import_into(EMPTY, incoming, table).project.targets == TARGETS


def test_json_carries_everything() -> None:
    named = replace(PROJECT, metadata=(("/targets/a/name", '"Ann"'),))
    incoming = read_json(write_json(sheet(named), "all"))
    outcome = import_into(EMPTY, incoming, FILM, with_lens=True)
    assert outcome.project == named
    assert outcome.notes == ()
    assert incoming.curve is not None
    assert np.array_equal(incoming.curve.focus_disparity, sheet().samples.focus_disparity)
    assert np.array_equal(incoming.curve.state, sheet().samples.state)
    assert incoming.curve_seconds is not None
    assert np.allclose(incoming.curve_seconds, FILM.times_s, atol=0)


def test_the_json_is_as_documented() -> None:
    values = json.loads(write_json(sheet(), "all"))
    assert (values["schema"], values["version"]) == ("rvr-laaf.focus", 1)
    assert values["clip"] == {
        "name": "a b.mp4",
        "fingerprint": "f00d",
        "frames": 48,
        "time_base": "1/12288",
        "first_pts": 1024,
        "duration_seconds": 2.0,
        "rate": "24",
        "width": 1280,
        "height": 720,
    }
    first = values["targets"][0]
    assert first["seconds"] == pytest.approx(10 / 24)
    assert (first["frame"], first["pts"], first["pull_frames"]) == (10, 1024 + 5120, 10)
    assert first["pull_seconds"] == pytest.approx(10 / 24)
    row = dict(zip(values["curve"]["columns"], values["curve"]["rows"][0], strict=True))
    assert row == {
        "frame": 0,
        "pts": 1024,
        "seconds": 0.0,
        "focus_disparity": 0.2,
        "f_number": 1.8,
        "state": "hold",
        "focus_distance_m": 5.0,
    }
    assert "/clips" not in json.dumps(values), "folders are nobody else's business"


def test_an_import_is_one_step_of_undo_and_a_second_one_none() -> None:
    document = Document(EMPTY)
    incoming = read_json(write_json(sheet(), "targets"))
    document.apply("Import targets", lambda p: import_into(p, incoming, FILM).project)
    assert document.project.targets == TARGETS
    document.undo()
    assert document.project == EMPTY
    assert import_into(PROJECT, incoming, FILM).project is PROJECT


@pytest.mark.parametrize("rate", [25, 30, 60, 120, Fraction(30000, 1001)])
def test_another_rate_gets_the_nearest_frames(rate: Fraction | int) -> None:
    frames = int(2 * rate)
    other = FrameTable(np.arange(frames) * 1001, Fraction(1, 1001) / rate)
    incoming = read_json(write_json(sheet(), "targets"))
    outcome = import_into(Project(), incoming, other)
    half = 0.5 / float(rate) + 1e-9
    for was, now in zip(TARGETS, outcome.project.targets, strict=True):
        assert abs(other.seconds_of(now.frame) - FILM.seconds_of(was.frame)) <= half
        began, begins = seconds_of(FILM, was.frame - was.pull_frames), seconds_of(other, now.frame - now.pull_frames)
        assert abs(began - begins) <= half
    back = read_json(write_json(FocusSheet(outcome.project, other, (1280, 720)), "targets"))
    assert import_into(EMPTY, back, FILM).project.targets == TARGETS


def test_tracks_follow_their_times_into_another_rate() -> None:
    double = FrameTable(np.arange(96), Fraction(1, 48))
    incoming = read_json(write_json(sheet(), "targets"))
    project = import_into(EMPTY, incoming, double).project
    track = project.track_of(project.targets[0])
    assert track is not None
    assert (track.start, len(track.boxes)) == (20, 40)
    assert np.array_equal(track.boxes[::2], BOXES)


def test_targets_outside_the_clip_are_told() -> None:
    short = FrameTable(np.arange(12), Fraction(1, 24))
    incoming = read_json(write_json(sheet(), "targets"))
    outcome = import_into(EMPTY, incoming, short)
    assert [t.id for t in outcome.project.targets] == ["a"]
    assert any("1 target lies (b) outside" in note for note in outcome.notes)
    with pytest.raises(UsageError, match="inside this clip"):
        import_into(EMPTY, incoming, FrameTable(np.arange(2), Fraction(1, 24)))


def test_ids_decide_what_is_replaced() -> None:
    incoming = read_json(write_json(sheet(remove_target(PROJECT, "b")), "targets"))
    own = FocusTarget("mine", 3, Point(0.9, 0.9))
    older = Project(clip=CLIP).with_targets((own, FocusTarget("a", 44, Point(0, 0))))
    assert import_into(older, incoming, FILM).project.targets == (own, TARGETS[0])
    assert import_into(older, incoming, FILM, replace_all=True).project.targets == (TARGETS[0],)


def test_another_clip_is_told_and_the_lens_taken_only_if_wanted() -> None:
    incoming = read_json(write_json(sheet(), "targets"))
    other = Project(clip=ClipRef("/clips/b.mp4", "beef", 48))
    outcome = import_into(other, incoming, FILM)
    assert any("another clip" in note for note in outcome.notes)
    assert outcome.project.lens == LensSettings()
    assert import_into(other, incoming, FILM, with_lens=True).project.lens == PROJECT.lens


def test_unknown_fields_are_kept_or_told() -> None:
    values = json.loads(write_json(sheet(), "targets"))
    values["targets"][0]["mood"] = {"tense": True}
    values["director"] = "N. N."
    outcome = import_into(EMPTY, read_json(json.dumps(values).encode()), FILM)
    assert ("/targets/a/mood", '{"tense":true}') in outcome.project.metadata
    assert any("director" in note for note in outcome.notes)
    again = json.loads(write_json(FocusSheet(outcome.project, FILM, (1280, 720)), "targets"))
    assert again["targets"][0]["mood"] == {"tense": True}


def test_a_file_without_frames_and_ids_will_do() -> None:
    values = {"schema": "rvr-laaf.focus", "version": 1, "targets": [{"seconds": 1.0, "point": [0.5, 0.5]}]}
    incoming = read_json(json.dumps(values).encode())
    once = import_into(EMPTY, incoming, FILM).project
    assert [(t.frame, t.pull_frames) for t in once.targets] == [(24, 10)]
    assert import_into(once, read_json(json.dumps(values).encode()), FILM).project is once


def test_csv_of_targets_and_of_the_curve() -> None:
    text = FORMATS["csv"].write(sheet(remove_target(PROJECT, "b")), "targets").decode()
    assert text.splitlines() == [
        "id,seconds,pull_seconds,x,y,width,height,ease,strength,tracker,source,reason,frame,pts,pull_frames",
        "a,0.4166666666666667,0.4166666666666667,0.25,0.5,,,linear,firm,kcf,user,she turns,10,6144,10",
    ]
    curve = FORMATS["csv"].write(sheet(), "curve").decode()
    assert curve.splitlines()[:2] == [
        "frame,pts,seconds,focus_disparity,f_number,state,focus_distance_m",
        "0,1024,0,0.2,1.8,hold,5.000000",
    ]
    read = FORMATS["csv"].read
    assert read is not None
    incoming = read(curve.encode())
    assert incoming.curve is not None
    assert np.array_equal(incoming.curve.focus_disparity, sheet().samples.focus_disparity)
    with pytest.raises(UsageError, match="focus curve without targets"):
        import_into(EMPTY, incoming, FILM)


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "\tx", "'=x", "''", "'", 'a"b,c\r\nd', ""])
def test_csv_is_no_formula_and_still_the_same_text(text: str) -> None:
    project = Project(clip=CLIP, targets=(replace(TARGETS[0], reason=text, source=text),))
    data = FORMATS["csv"].write(sheet(project), "targets")
    cells = [c for c in data.decode().replace('"', "").split(",")[12:] if c]
    assert not any(c.startswith(("=", "+", "@", "\t")) for c in cells)
    read = FORMATS["csv"].read
    assert read is not None
    assert import_into(EMPTY, read(data), FILM).project.targets == project.targets


def test_csv_as_a_spreadsheet_saves_it() -> None:
    data = "﻿x;Y;seconds;height;width;colour\r\n0,25;0,5;1,5;;;red\r\n;;;;;\r\n".encode()
    read = FORMATS["csv"].read
    assert read is not None
    outcome = import_into(EMPTY, read(data), FILM)
    assert [(t.frame, t.place) for t in outcome.project.targets] == [(36, Point(0.25, 0.5))]
    assert any("colour" in note for note in outcome.notes)


@pytest.mark.parametrize("name", ["otio", "fcpxml"])
def test_a_marker_that_was_moved_moves_its_target(name: str) -> None:
    """The program knows its markers, not our notes: a marker dragged by six frames is a target six frames later."""
    format_ = FORMATS[name]
    text = format_.write(sheet(remove_target(PROJECT, "b")), "targets").decode()
    moved = text.replace('"value": 10.0', '"value": 16.0').replace('<marker start="5/12s"', '<marker start="2/3s"')
    assert moved != text
    assert format_.read is not None
    outcome = import_into(EMPTY, format_.read(moved.encode()), FILM)
    assert outcome.project.targets == (replace(TARGETS[0], frame=16),)


@pytest.mark.parametrize("name", ["otio", "fcpxml"])
def test_markers_of_others_are_counted(name: str) -> None:
    format_ = FORMATS[name]
    text = format_.write(sheet(), "targets").decode()
    if name == "otio":
        values = json.loads(text)
        markers = values["tracks"]["children"][0]["children"][0]["markers"]
        markers[0]["metadata"], markers[0]["comment"] = {"other": 1}, "fix the colour"
        text = json.dumps(values)
    else:
        text = text.replace('note="rvr-laaf t=0', 'note="fix the colour t=0', 1)
    assert format_.read is not None
    incoming = format_.read(text.encode())
    assert [t.id for t in incoming.project.targets] == ["b"]
    assert incoming.notes == ("1 markers hold no focus target and were left out",)


def test_an_otio_comment_serves_where_metadata_was_dropped() -> None:
    values = json.loads(FORMATS["otio"].write(sheet(), "targets"))
    clip = values["tracks"]["children"][0]["children"][0]
    clip["metadata"] = {}
    for marker in clip["markers"]:
        marker["metadata"] = {}
    available = clip["media_references"]["DEFAULT_MEDIA"]["available_range"]
    available["start_time"]["value"] = 86400.0  # an hour of time code, as cameras write it
    for marker in clip["markers"]:
        marker["marked_range"]["start_time"]["value"] += 86400.0
    read = FORMATS["otio"].read
    assert read is not None
    assert import_into(EMPTY, read(json.dumps(values).encode()), FILM).project.targets == TARGETS


def test_otio_is_what_the_library_writes(tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio")
    timeline = otio.adapters.read_from_string(FORMATS["otio"].write(sheet(), "all").decode(), "otio_json")
    clip = next(iter(timeline.find_clips()))
    assert [m.marked_range.start_time.value for m in clip.markers] == [10, 30]
    again = otio.adapters.write_to_string(timeline, "otio_json").encode()
    read = FORMATS["otio"].read
    assert read is not None
    assert import_into(EMPTY, read(again), FILM).project.targets == TARGETS


def test_fcpxml_as_a_golden_file() -> None:
    ntsc = FrameTable(np.arange(60) * 1001, Fraction(1, 30000))
    project = Project(clip=ClipRef("/clips/a&b.mp4"), targets=(replace(TARGETS[0], reason='she "turns" & <goes>\x01'),))
    lines = FORMATS["fcpxml"].write(sheet(project, table=ntsc), "targets").decode().splitlines()
    assert lines[:3] == ['<?xml version="1.0" encoding="UTF-8"?>', "<!DOCTYPE fcpxml>", '<fcpxml version="1.10">']
    assert '  <format id="r1" frameDuration="1001/30000s" width="1280" height="720"/>' in lines
    assert '   <media-rep kind="original-media" src="file:///clips/a%26b.mp4"/>' in lines
    marker = next(line for line in lines if "<marker" in line).strip()
    assert marker.startswith(
        '<marker start="1001/3000s" duration="1001/30000s" value=\'she "turns" &amp; &lt;goes&gt;\''
    )
    assert "reason=she%20%22turns%22%20%26%20%3Cgoes%3E%01" in marker


def test_after_effects_as_a_golden_text() -> None:
    table = FrameTable(np.arange(5), Fraction(1, 25))
    lens = LensSettings(Lens(50.0, 2.0, 40.0, 2.0))
    curve = curve_of([0.5, 0.5, 0.5, 0.25, 0.0], lens, 1000)
    small = FocusSheet(Project(clip=CLIP, lens=lens), table, (1000, 500), curve)
    head = (
        "Adobe After Effects 8.0 Keyframe Data\n\n\tUnits Per Second\t25\n\tSource Width\t1000\n\tSource Height\t500\n"
    )
    head += "\tSource Pixel Aspect Ratio\t1\n\tComp Pixel Aspect Ratio\t1\n\n"
    assert FORMATS["ae"].write(small, "curve").decode() == (
        head + "Effects\tSlider Control #1\tSlider #2\n\tFrame\t\t\n"
        "\t0\t0.5\t\n\t2\t0.5\t\n\t3\t0.25\t\n\t4\t0\t\n\n"
        "Effects\tSlider Control #2\tSlider #2\n\tFrame\t\t\n\t0\t2\t\n\t4\t2\t\n\n\nEnd of Keyframe Data\n"
    )
    # 1 m in a picture where 40 mm are 1000 px; the aperture of a 50 mm lens at f/2 is 25 mm
    assert FORMATS["ae-camera"].write(small, "curve").decode() == (
        head + "Camera Options\tFocus Distance\n\tFrame\tpixels\t\n"
        "\t0\t25000\t\n\t2\t25000\t\n\t3\t50000\t\n\t4\t250000000\t\n\n"
        "Camera Options\tAperture\n\tFrame\tpixels\t\n\t0\t625\t\n\t4\t625\t\n\n\nEnd of Keyframe Data\n"
    )


def test_nuke_blurs_as_much_as_we_do() -> None:
    """ZDefocus: size is the blur at infinity, so size / center must be our half coc per unit of disparity, always."""
    text = FORMATS["nuke"].write(sheet(first_frame=1001), "curve").decode()
    center, size = (
        np.array([float(v) for v in text.split(f" {knob} {{{{curve x1001 ")[1].split("}}")[0].split()])
        for knob in ("center", "size")
    )
    assert np.array_equal(center.astype(np.float32), sheet().samples.focus_disparity)
    assert np.allclose(size / center, PROJECT.lens.blur_gain_px(1280, 1280) / 2, rtol=1e-5)
    assert " filter_type bladed\n blades 6\n" in text
    assert text.count("{") == text.count("}")


def test_a_plain_blur_strength_becomes_the_f_number_that_blurs_as_much() -> None:
    strong = LensSettings(blur_px=30.0)
    samples = curve_of([0.5, 0.5], strong)
    lens = replace(strong.lens, f_number=float(samples.f_number[0]))
    assert lens.blur_gain_px(1280) == pytest.approx(60.0, rel=1e-6)
    assert curve_of([0.5], LensSettings(blur_px=0.0)).f_number[0] == 1000.0


def test_usd_as_a_golden_layer() -> None:
    table = FrameTable(np.arange(4), Fraction(1, 24))
    small = FocusSheet(EMPTY, table, (1280, 720), curve_of([0.5, 0.5, 0.5, 0.0]))
    text = FORMATS["usd"].write(small, "curve").decode()
    assert text.startswith("#usda 1.0\n(\n")
    assert "    startTimeCode = 0\n    endTimeCode = 3\n    framesPerSecond = 24\n" in text
    assert "    float focalLength = 50\n    float horizontalAperture = 36\n    float verticalAperture = 20.25\n" in text
    assert "focusDistance.timeSamples = {\n        0: 200,\n        2: 200,\n        3: 1000000,\n    }\n" in text
    assert "    float fStop.timeSamples = {\n        0: 1.8,\n        3: 1.8,\n    }\n" in text


def test_usd_is_a_camera_to_usd(tmp_path: Path) -> None:
    usd = pytest.importorskip("pxr.Usd")
    geometry = pytest.importorskip("pxr.UsdGeom")
    path = tmp_path / "camera.usda"
    path.write_bytes(FORMATS["usd"].write(sheet(), "curve"))
    stage = usd.Stage.Open(str(path))
    camera = geometry.Camera(stage.GetDefaultPrim())
    assert camera.GetFocusDistanceAttr().Get(0) == pytest.approx(500.0)
    assert camera.GetFStopAttr().Get(20) == pytest.approx(1.8)


def test_variable_rates_are_sampled_where_a_constant_one_is_needed() -> None:
    table = FrameTable(np.array([0, 40, 80, 160, 200]), Fraction(1, 1000), end_pts=240)
    assert list(frames_at_rate(table, Fraction(25))) == [0, 1, 2, 2, 3, 4]
    values = FORMATS["usd"].write(FocusSheet(EMPTY, table, (64, 36), curve_of([0.1, 0.2, 0.3, 0.4, 0.5])), "curve")
    rate = float(nominal_rate(table))
    assert f"{0.16 * rate:.4f}".rstrip("0") + ": " in values.decode()


def test_rates_are_the_usual_ones_where_they_nearly_are() -> None:
    milliseconds = FrameTable(np.round(np.arange(300) * 1001 / 30).astype(np.int64), Fraction(1, 1000))
    assert nominal_rate(milliseconds) == Fraction(30000, 1001)
    assert nominal_rate(FrameTable(np.arange(100), Fraction(1, 24))) == 24
    assert nominal_rate(FrameTable(np.array([5]), Fraction(1, 90000))) == 25
    assert nominal_rate(FrameTable(np.arange(100), Fraction(1, 17))) == 17


def test_times_and_frames_agree_even_where_stamps_repeat() -> None:
    table = FrameTable(np.array([0, 10, 10, 10, 20, 30]), Fraction(1, 100))
    for frame in range(6):
        for pull in (0, 1, 2, 5, 400):
            assert frames_of(table, moment_of(table, frame, pull)) == (frame, pull)
    assert nearest_frame(table, 0.14, 0) == 3
    assert frames_of(table, Moment(9.0)) is None
    assert frames_of(table, Moment(-0.2)) is None
    assert frames_of(table, Moment(0.2, None, None, None)) == (4, 10)
    with pytest.raises(ValueError, match="samples"):
        FocusSheet(EMPTY, table, (64, 36), curve_of([0.5]))


def test_files_are_whole_and_never_replaced_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "focus.json"
    format_ = format_for(path)
    write_file(path, sheet(), format_, what="targets")
    before = path.read_bytes()
    with pytest.raises(ExportError, match="exists already"):
        write_file(path, sheet(), format_, what="all")
    with pytest.raises(ExportError, match="folder"):
        write_file(tmp_path, sheet(), format_, what="all", overwrite=True)
    with pytest.raises(ExportError, match="folder does not exist"):
        write_file(tmp_path / "none" / "x.json", sheet(), format_, what="all")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space"):
        write_file(path, sheet(), format_, what="all", overwrite=True)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    write_file(path, sheet(), format_, what="all", overwrite=True)
    assert read_file(path, format_).curve is not None


def test_formats_say_what_they_can(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="means no format"):
        format_for(tmp_path / "x.docx")
    with pytest.raises(UsageError, match="no format 'edl'"):
        format_for(tmp_path / "x.json", "edl")
    with pytest.raises(UsageError, match="cannot carry targets"):
        write_file(tmp_path / "x.nk", sheet(), FORMATS["nuke"], what="targets")
    with pytest.raises(UsageError, match="cannot be read back"):
        read_file(tmp_path / "x.nk", FORMATS["nuke"])
    for format_ in FORMATS.values():
        assert format_.carries
        assert format_.name == "json" or "cannot carry" in format_.limits
        assert ("cannot be read back" in format_.limits) == (format_.read is None)
