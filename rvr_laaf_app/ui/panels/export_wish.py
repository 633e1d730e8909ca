"""What passes between the export window and those who know: what there is, what is wished, what to say to it."""

from __future__ import annotations

from dataclasses import dataclass

from rvr_laaf_app.app.export_queue_presets import ExportPreset


@dataclass(frozen=True, slots=True)
class ExportSource:
    """What could be exported. folder: where to begin; marks: the marked range in seconds; clips: of the project."""

    key: str
    folder: str
    size: tuple[int, int]
    duration_s: float
    marks: tuple[float, float] | None = None
    clips: int = 1


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What is chosen now. start_s, stop_s: None = the whole clip; marked: between the marks of each clip."""

    preset: ExportPreset
    folder: str
    start_s: float | None = None
    stop_s: float | None = None
    marked: bool = False
    overwrite: bool = False
    all_clips: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is to say about a wish, each text with whether it is a problem. possible: whether it can be added."""

    result: str = ""
    result_bad: bool = False
    estimate: str = ""
    room: str = ""
    room_bad: bool = False
    check: str = ""
    check_bad: bool = False
    possible: bool = True
