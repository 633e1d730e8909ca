"""Files that other programs made: what is taken, what is refused and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rvr_laaf_app.annotation.encoding import VafData
from rvr_laaf_app.annotation.exchange.coco_video import read_coco
from rvr_laaf_app.annotation.exchange.csv_table import read_csv, write_csv
from rvr_laaf_app.annotation.exchange.cvat_xml import read_cvat, write_cvat
from rvr_laaf_app.annotation.exchange.loose import Bound, LooseClip, LooseTarget, Sheet, bind
from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget
from rvr_laaf_app.annotation.work import Survey
from rvr_laaf_app.core.geometry import Box, Point
from tests.unit.annotation.pretend_clips import bound_target, facts_of, looks_of_noise

FACTS = facts_of("talk.mp4")
SHEET = Sheet(VafData({}), {FACTS.clip.pictures: FACTS.table})

CVAT = """<?xml version="1.0"?><annotations><version>1.1</version><meta><task><name>my task</name><size>100</size>
<start_frame>0</start_frame><labels><label><name>woman</name></label></labels>
<original_size><width>640</width><height>360</height></original_size><source>talk.mp4</source></task></meta>
<track id="0" label="woman">
 <box frame="10" outside="0" occluded="0" keyframe="1" xtl="64" ytl="36" xbr="128" ybr="108"/>
 <box frame="20" outside="0" occluded="0" keyframe="1" xtl="74" ytl="36" xbr="138" ybr="108"/>
 <box frame="31" outside="1" occluded="0" keyframe="1" xtl="74" ytl="36" xbr="138" ybr="108"/>
 <box frame="60" outside="0" occluded="0" keyframe="1" xtl="600" ytl="300" xbr="700" ybr="400"/>
</track>
<track id="1" label="focus target"><points frame="5" outside="0" keyframe="1" points="320,180"/></track>
</annotations>"""


def bound(*clips: LooseClip) -> Bound:
    return bind(clips, Survey((FACTS,)), lambda _: looks_of_noise(FACTS.clip.frames))


def rounded(target: VafTarget | LooseTarget) -> tuple[float, ...]:
    assert isinstance(target.place, Box)
    return tuple(round(v, 9) for v in (target.place.x, target.place.y, target.place.width, target.place.height))


def test_a_task_made_in_cvat() -> None:
    """A track gives a target for each stretch in which it is seen; a box over the edge is cut."""
    (clip,) = read_cvat(CVAT.encode(), "ann")
    assert (clip.name, clip.annotator, clip.frames) == ("talk.mp4", "ann", 100)
    first, second, third = clip.targets
    assert isinstance(first, LooseTarget)
    assert isinstance(second, LooseTarget)
    assert isinstance(third, LooseTarget)
    assert (first.frame, first.hold, first.subject) == (10, 30, "woman")
    assert rounded(first) == (0.1, 0.1, 0.1, 0.2)
    assert (second.frame, second.hold) == (60, None)
    assert second.place == Box(600 / 640, 300 / 360, 1 - 600 / 640, 1 - 300 / 360)
    assert (third.place, third.subject) == (Point(0.5, 0.5), "")
    (said,) = bound(clip).annotations["ann"]
    assert [(t.at.frame, t.at.pts, t.hold) for t in said.targets] == [(5, 200, None), (10, 400, 1200), (60, 2400, None)]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<annotations>", "<!DOCTYPE x><annotations>", "declares"),
        ("<annotations>", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotations>', "declares"),
        ("<source>talk.mp4</source>", "<source>a.mp4</source><source>b.mp4</source>", "several tasks"),
        ("<start_frame>0", "<start_frame>50", "part of the clip"),
        ("<width>640</width>", "", "width is missing"),
        ("<width>640</width>", "<width>nan</width>", "usable number"),
        ('xtl="64"', 'xtl="1e400"', "usable number"),
        ('xtl="64"', 'xtl="9999"', "outside the picture"),
        ("<version>", "<image/><version>", "CVAT for images"),
        ("annotations>", "annotation>", "not of CVAT"),
        ("</track>", "", "not XML"),
        ("<version>1.1", "<version>" + "<a>" * 40, "nested too deeply"),
        ('points="320,180"', 'points="320"', "x,y"),
    ],
)
def test_what_is_no_sane_task_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_cvat(CVAT.replace(old, new).encode(), "ann")


def test_what_was_moved_in_cvat_comes_back_moved() -> None:
    target = bound_target(FACTS, 25)
    annotation = ClipAnnotation(FACTS.clip, (target,), "done")
    text = write_cvat(SHEET, "ann", annotation).decode()
    same = bound(*read_cvat(text.encode(), "x"))
    assert same.annotations["ann"][0].targets == (target,)
    moved = bound(*read_cvat(text.replace('xtl="160.00"', 'xtl="200.00"').encode(), "x"))
    assert moved.annotations["ann"][0].targets[0].place == Box(200 / 640, 0.25, 120 / 640, 0.5)
    assert moved.annotations["ann"][0].targets[0].at == target.at
    later = bound(*read_cvat(text.replace('frame="25"', 'frame="27"').encode(), "x"))
    assert later.annotations["ann"][0].targets[0].at.frame == 27
    words = text.replace('<attribute name="subject"></attribute>', '<attribute name="subject">dog</attribute>')
    assert bound(*read_cvat(words.encode(), "x")).annotations["ann"][0].targets[0].subject == "dog"


def coco(**changes: Any) -> bytes:
    values = {
        "videos": [{"id": 1, "name": "talk.mp4", "width": 640, "height": 360, "length": 100}],
        "images": [{"id": n, "video_id": 1, "frame_id": 10 * n} for n in (1, 2, 3)],
        "annotations": [
            {"id": 1, "image_id": 2, "track_id": 7, "category_id": 3, "bbox": [64, 36, 64, 72]},
            {"id": 2, "image_id": 1, "track_id": 7, "category_id": 3, "bbox": [32, 36, 64, 72]},
            {"id": 3, "image_id": 3, "track_id": 8, "category_id": 3, "bbox": [64, 36, 64, 72]},
        ],
        "categories": [{"id": 3, "name": "dog"}],
        **changes,
    }
    return json.dumps(values).encode()


def test_tracks_of_a_coco_file() -> None:
    (clip,) = read_coco(coco(), "ann")
    rows = [(t.frame, t.hold, t.subject) for t in clip.targets if isinstance(t, LooseTarget)]
    assert rows == [(10, 20, "dog"), (30, None, "dog")]
    assert rounded(clip.targets[0]) == (0.05, 0.1, 0.1, 0.2)
    assert bound(clip).ways == {"number": 2}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"images": []}, "no image 2"),
        ({"videos": []}, "no video 1"),
        ({"videos": [{"id": 1, "width": 640, "height": 360}]}, "no name"),
        ({"videos": [{"id": 1, "name": "a", "width": 0, "height": 360}]}, "usable number"),
        ({"annotations": [{"image_id": 1, "bbox": [1, 2, 3]}]}, "bbox must have 4"),
        ({"annotations": {}}, "annotations must be a list"),
    ],
)
def test_coco_files_that_do_not_hold_together(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_coco(coco(**changes), "ann")


def test_a_table_made_by_hand() -> None:
    text = "clip,seconds,x,y,width,height,subject\r\ntalk.mp4,0.41,0.1,0.2,0.3,0.4,dog\r\ntalk,1.0,0.5,0.5,,,'=1+1\r\n"
    found = bound(*read_csv(text.encode(), "ann"))
    assert found.ways == {"time": 2}
    assert "twice" in found.notes[0], "the clip goes by two names: the first one counts"
    (first,) = found.annotations["ann"][0].targets
    assert (first.at.frame, first.at.pts, first.subject) == (10, 400, "dog")
    assert read_csv(text.encode(), "ann")[1].targets[0].subject == "=1+1"


def test_no_cell_is_a_formula() -> None:
    annotation = ClipAnnotation(FACTS.clip, (bound_target(FACTS, 3),), "done", note='=HYPERLINK("x")', reason="@x")
    content = write_csv(Sheet(VafData({"-ann": (annotation,)}), {}))
    cells = content.decode().split("\r\n")[1]
    assert "'=HYPERLINK" in cells
    assert "'-ann" in cells
    assert read_csv(content, "x")[0].note == annotation.note


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "column 'clip'"),
        ("clip,x,y\na,1,1\n", "column 'seconds'"),
        ("clip,x,y,frame\na,0.5,oh,3\n", "line 2: y 'oh'"),
        ("clip,x,y,frame\na,nan,0.5,3\n", "line 2: x 'nan'"),
        ("clip,x,y,frame\na,0.5,0.5,-3\n", "line 2: frame '-3'"),
        ("clip,x,y,frame,x\n", "twice"),
        ("clip,x,y,frame\na,0.5,0.5,3,4,5\n", "too many columns"),
        ("clip,x,y,frame,state\na,0.5,0.5,3,gone\n", "line 2: state 'gone'"),
        ('clip,x,y,frame\n"a,0.5', "not a CSV table"),
    ],
)
def test_tables_with_mistakes_are_refused_by_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_csv(text.encode(), "ann")


def test_a_place_outside_the_picture_is_left_out_and_said() -> None:
    clip = LooseClip("talk.mp4", "ann", (LooseTarget("a", Point(1.5, 0.5), 3), LooseTarget("b", Point(0.5, 0.5), 4)))
    found = bound(clip)
    assert [t.id for t in found.annotations["ann"][0].targets] == ["b"]
    assert found.ways == {"lost": 1, "number": 1}
    assert "x must be between" in found.notes[0]
