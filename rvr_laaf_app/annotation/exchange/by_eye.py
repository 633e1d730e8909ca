"""Targets as they are written down by hand, and as `rvr-laaf eval laaf --truth` reads them: JSON, clip by clip.

{"clips": {NAME: {"frames", "fps", "targets": [{"frame", "early", "late", "box", "subject", "why"}], "note"}}}. It
knows frames by number only, one annotator, and boxes.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from rvr_laaf_app.annotation.encoding import place_of
from rvr_laaf_app.annotation.exchange.loose import LooseClip, LooseTarget, Sheet
from rvr_laaf_app.annotation.schema import MAX_CLIPS, MAX_TARGETS
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

POINT_EXTENT = 0.02  # of the picture: the box that is written for a point


def read_by_eye(content: bytes, annotator: str) -> list[LooseClip]:
    """Read such a file; `annotator` is who made it. ValueError for what is not sane."""
    clips = Fields(parse_object(content)).inner("clips").rest()
    if len(clips) > MAX_CLIPS:
        raise ValueError(f"clips: more than {MAX_CLIPS}")
    return [_clip(name, value, annotator) for name, value in clips.items()]


def write_by_eye(sheet: Sheet) -> bytes:
    """Write the clips that are done; ValueError if several people annotated, which this cannot tell apart."""
    people = [who for who, said in sheet.data.annotations.items() if said]
    if len(people) > 1:
        raise ValueError(f"it holds one annotator, not {', '.join(sorted(people))}; choose one with --annotator")
    clips: JsonObject = {}
    for annotation in sheet.data.annotations[people[0]] if people else ():
        if annotation.state != "done":
            continue
        clip = annotation.clip
        name = PurePosixPath(clip.name)
        key = name.stem if name.stem not in clips else clip.name
        rows = []
        for target in annotation.targets:
            box = target.box
            if box.area == 0:
                box = Box.around(box.centre, POINT_EXTENT, POINT_EXTENT)
            rows.append(
                {
                    "frame": sheet.frame_at(clip.pictures, target, target.at.pts),
                    "early": sheet.frame_at(clip.pictures, target, target.early),
                    "late": sheet.frame_at(clip.pictures, target, target.late),
                    "box": [round(v, 6) for v in (box.x, box.y, box.width, box.height)],
                    "subject": target.subject,
                    "why": target.reason,
                }
            )
        fps = round(clip.frames / clip.duration_s, 4) if clip.duration_s else 25.0
        clips[key] = {"frames": clip.frames, "fps": fps, "targets": rows, "note": annotation.note}
    about = f"New Focus Targets by {people[0]}" if people else "New Focus Targets"
    return (json.dumps({"about": about, "clips": clips}, indent=1) + "\n").encode()


def _clip(name: str, value: object, annotator: str) -> LooseClip:
    where = f"clips.{name[:80]}"
    fields = Fields(value, where)
    rows = fields.items("targets")
    if len(rows) > MAX_TARGETS:
        raise ValueError(f"{where}: more than {MAX_TARGETS} targets")
    targets = tuple(_target(row, number, f"{where}.targets[{number}]") for number, row in enumerate(rows))
    frames = fields.integer("frames") if fields.has("frames") else None
    return LooseClip(name, annotator, targets, frames=frames, note=fields.text("note", ""))


def _target(row: object, number: int, where: str) -> LooseTarget:
    fields = Fields(row, where)
    frame = fields.integer("frame")
    box = place_of(fields.reals("box", 4))
    early, late = fields.integer("early", frame), fields.integer("late", frame)
    if not early <= frame <= late:
        raise ValueError(f"{where}: the frame must lie between early and late")
    words = fields.text("subject", ""), fields.text("why", "")
    return LooseTarget(f"t{number + 1}", box, frame, None, early, late, None, *words)
