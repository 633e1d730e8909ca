"""Annotations as COCO for video: videos, their images, and a box on the image at which each target begins.

Frames are known by number; the key `vaf` of an annotation carries the rest, which readers of COCO ignore. Of files
made elsewhere each instance gives one target where it is first seen, held until it is last seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from rvr_laaf_app.annotation.encoding import decode_target, encode_target
from rvr_laaf_app.annotation.exchange.loose import LooseClip, LooseTarget, Sheet, place_in
from rvr_laaf_app.annotation.schema import MAX_CLIPS, ClipAnnotation, VafTarget
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

CATEGORY = "focus target"
POINT_EXTENT_PX = 2.0  # COCO has no points without a skeleton
MAX_ROWS = 2_000_000


def write_coco(sheet: Sheet) -> bytes:
    """Return one file for all clips; a video for each annotator and clip, so that nobody's targets mix."""
    videos: list[JsonObject] = []
    images: list[JsonObject] = []
    annotations: list[JsonObject] = []
    instances: list[JsonObject] = []
    for annotator, said in sorted(sheet.data.annotations.items()):
        for annotation in said:
            clip = annotation.clip
            video = {"id": len(videos) + 1, "name": clip.name, "width": clip.size_px[0], "height": clip.size_px[1]}
            rate = round(clip.frames / clip.duration_s, 4) if clip.duration_s else None
            extra = {"pictures": clip.pictures, "annotator": annotator, "state": annotation.state}
            words = {"note": annotation.note, "reason": annotation.reason}
            videos.append({**video, "length": clip.frames, "fps": rate, "vaf": {**extra, **words}})
            _write_targets(sheet, annotation, video, images, annotations, instances)
    content = {
        "info": {"description": "New Focus Targets", "version": "1"},
        "videos": videos,
        "images": images,
        "annotations": annotations,
        "instances": instances,
        "categories": [{"id": 1, "name": CATEGORY, "supercategory": "focus"}],
    }
    return (json.dumps(content, allow_nan=False) + "\n").encode()


def _write_targets(
    sheet: Sheet,
    annotation: ClipAnnotation,
    video: JsonObject,
    images: list[JsonObject],
    annotations: list[JsonObject],
    instances: list[JsonObject],
) -> None:
    here: dict[int, int] = {}
    size = annotation.clip.size_px
    for target in annotation.targets:
        frame = sheet.frame_at(annotation.clip.pictures, target, target.at.pts)
        if frame not in here:
            here[frame] = len(images) + 1
            images.append(
                {
                    "id": here[frame],
                    "video_id": video["id"],
                    "frame_id": frame,
                    "file_name": f"{annotation.clip.name}/{frame:06d}.jpg",
                    "width": size[0],
                    "height": size[1],
                }
            )
        x, y, width, height = target.box.pixels(*size)
        if width == 0 or height == 0:
            half = POINT_EXTENT_PX / 2
            x, y, width, height = x - half, y - half, POINT_EXTENT_PX, POINT_EXTENT_PX
        number = len(annotations) + 1
        instances.append({"id": number, "video_id": video["id"], "category_id": 1})
        annotations.append(
            {
                "id": number,
                "image_id": here[frame],
                "video_id": video["id"],
                "category_id": 1,
                "instance_id": number,
                "bbox": [round(v, 3) for v in (x, y, width, height)],
                "area": round(width * height, 3),
                "iscrowd": 0,
                "vaf": encode_target(target),
            }
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """An instance on one image."""

    frame: int
    box: tuple[float, ...]
    category: str
    size: tuple[float, float]
    whole: VafTarget | None


def read_coco(content: bytes, annotator: str) -> list[LooseClip]:
    """Read such a file; `annotator` made the videos that name nobody. ValueError for what is not sane."""
    fields = Fields(parse_object(content))
    rows = {key: fields.items(key) for key in ("videos", "images", "annotations", "categories")}
    if len(rows["videos"]) > MAX_CLIPS or any(len(r) > MAX_ROWS for r in rows.values()):
        raise ValueError("it has too many rows")
    videos = _by_id(rows["videos"], "videos")
    categories = {i: c.text("name", "") for i, c in _by_id(rows["categories"], "categories").items()}
    images = _images(rows["images"], videos)
    seen: dict[int, dict[int | str, list[_Seen]]] = {}
    for number, row in enumerate(rows["annotations"]):
        entry = Fields(row, f"annotations[{number}]")
        image = entry.integer("image_id")
        if image not in images:
            raise ValueError(f"annotations[{number}]: there is no image {image}")
        video, frame, size = images[image]
        inner = entry.raw("vaf")
        whole = None if inner is None else decode_target(inner, f"annotations[{number}].vaf")
        category = categories.get(entry.integer("category_id", 0), "")
        instance = _instance(entry, number)
        found = _Seen(frame, entry.reals("bbox", 4), category, size, whole)
        seen.setdefault(video, {}).setdefault(instance, []).append(found)
    return [_clip(video, values, seen.get(video, {}), annotator) for video, values in videos.items()]


def _by_id(rows: list[object], name: str) -> dict[int, Fields]:
    found = {}
    for number, row in enumerate(rows):
        fields = Fields(row, f"{name}[{number}]")
        found[fields.integer("id")] = fields
    return found


def _images(rows: list[object], videos: Mapping[int, Fields]) -> dict[int, tuple[int, int, tuple[float, float]]]:
    """Return video, frame and size of each image by its id."""
    found = {}
    for number, row in enumerate(rows):
        image = Fields(row, f"images[{number}]")
        video = image.integer("video_id")
        if video not in videos:
            raise ValueError(f"images[{number}]: there is no video {video}")
        key = next((k for k in ("frame_id", "frame_index") if image.has(k)), "frame_id")
        of = image if image.has("width") else videos[video]
        found[image.integer("id")] = video, image.integer(key), (of.real("width"), of.real("height"))
    return found


def _instance(entry: Fields, number: int) -> int | str:
    key = next((k for k in ("instance_id", "track_id") if entry.has(k)), "")
    return entry.integer(key) if key else f"row {number}"


def _clip(video: int, fields: Fields, instances: Mapping[int | str, list[_Seen]], annotator: str) -> LooseClip:
    extra = fields.inner("vaf")
    name = fields.text("name", "") or fields.text("file_name", "")
    if not name:
        raise ValueError(f"video {video} has no name")
    length = fields.integer("length") if fields.has("length") else None
    targets: list[VafTarget | LooseTarget] = []
    for instance, places in instances.items():
        first, last = min(places, key=lambda s: s.frame), max(s.frame for s in places)
        if first.whole is not None:
            targets.append(first.whole)
            continue
        subject = "" if first.category == CATEGORY else first.category
        hold = last if last > first.frame else None
        targets.append(
            LooseTarget(
                f"instance-{instance}", place_in(first.box, first.size), first.frame, hold=hold, subject=subject
            )
        )
    return LooseClip(
        name,
        extra.text("annotator", annotator),
        tuple(targets),
        extra.text("pictures", ""),
        length,
        extra.text("state", "done"),
        extra.text("note", ""),
        extra.text("reason", ""),
    )
