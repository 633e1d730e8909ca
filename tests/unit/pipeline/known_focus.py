"""Products without pixels: the disparity, sight and confidence of each subject are given, so every error is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.core.optics import sharp_coc
from rvr_laaf_app.document.project import FocusTarget, LensSettings, Project, SubjectTrack
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.laaf.curve import FocusCurve, FocusSubject, focus_curve
from rvr_laaf_app.pipeline.focus_check import FocusReport, check_job

WIDTH, FRAMES = 1440, 100
PLACE = Box(0.25, 0.25, 0.5, 0.5)
# Chosen so that one depth of field is 0.1 of disparity: gain 20 px, sharp up to 2 px.
LENS = LensSettings(blur_px=10.0)
DOF = sharp_coc(WIDTH) / LENS.blur_gain_px(WIDTH, WIDTH)


@dataclass
class KnownFocus:
    """A clip with its subjects: name -> disparity of every frame; the real check runs on it."""

    frames: int = FRAMES
    cuts: tuple[int, ...] = ()
    done: int = FRAMES
    trust: float = 0.9
    targets: list[FocusTarget] = field(default_factory=list)
    levels: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    seen: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def info(self) -> SimpleNamespace:
        return SimpleNamespace(frames=self.frames, display_size=(WIDTH, WIDTH * 9 // 16))

    @property
    def complete(self) -> bool:
        return self.done >= self.frames

    @property
    def meta(self) -> SimpleNamespace:
        final = self.frames if self.complete else max((c for c in self.cuts if c <= self.done), default=0)
        return SimpleNamespace(done=self.done, final=final)

    def subject_levels(self, track: SubjectTrack, start: int, stop: int, repairs: object = ()) -> NDArray[np.float32]:
        assert stop <= self.done
        levels = self.levels[track.target_id][start:stop].copy()
        levels[track.confidence[: stop - start] <= 0] = np.nan
        return levels

    def subject_trust(self, track: SubjectTrack, start: int, stop: int, repairs: object = ()) -> NDArray[np.float32]:
        return np.where(track.confidence[: stop - start] > 0, np.float32(self.trust), np.float32(np.nan))

    def add(self, frame: int, disparity: float | NDArray[np.floating], **kwargs: object) -> str:
        """Add a target whose subject is at this disparity, seen everywhere; return its id."""
        target_id = f"t{len(self.targets) + 1}"
        self.targets.append(FocusTarget(target_id, frame, PLACE, **kwargs))  # type: ignore[arg-type]
        self.levels[target_id] = np.broadcast_to(np.float32(disparity), (self.frames,)).astype(np.float32)
        self.seen[target_id] = np.ones(self.frames, np.float32)
        return target_id

    def hide(self, target_id: str, start: int, stop: int) -> None:
        self.seen[target_id][start:stop] = 0

    @property
    def project(self) -> Project:
        targets = tuple(self.targets)
        tracks = []
        for target in targets:
            stop = min((t.frame for t in targets if t.frame > target.frame), default=self.frames)
            confidence = self.seen[target.id][target.frame : stop].copy()
            boxes = np.tile(np.float32([PLACE.x, PLACE.y, PLACE.width, PLACE.height]), (len(confidence), 1))
            tracks.append(SubjectTrack(target.id, target.frame, boxes, confidence))
        return Project(targets=targets, tracks=tuple(tracks), lens=LENS).with_targets(targets)

    @property
    def curve(self) -> FocusCurve:
        """The curve as the program makes it from subjects measured without error."""
        subjects = []
        for target in self.targets:
            stop = min((t.frame for t in self.targets if t.frame > target.frame), default=self.frames)
            series = np.full(self.frames, np.nan, np.float32)
            inside = slice(target.frame, stop)
            series[inside] = np.where(self.seen[target.id][inside] > 0, self.levels[target.id][inside], np.nan)
            subjects.append(FocusSubject(target.frame, series, target.pull_frames, target.ease, target.strength))
        return focus_curve(self.frames, subjects, cuts=self.cuts)

    def check(self, curve: FocusCurve | None = None, project: Project | None = None) -> FocusReport:
        return run_job(check_job(self, project or self.project, curve or self.curve))  # type: ignore[arg-type]


def late_by(curve: FocusCurve, frames: int) -> FocusCurve:
    """The same curve, later."""
    first = np.zeros(frames, np.intp)
    places = np.concatenate([first, np.arange(len(curve) - frames)])
    return FocusCurve(curve.focus_disparity[places].copy(), curve.state[places].copy())


def moved(curve: FocusCurve, start: int, stop: int, by: float) -> FocusCurve:
    """The same curve with the plane off by `by` in [start, stop)."""
    plane = curve.focus_disparity.copy()
    plane[start:stop] += np.float32(by)
    return replace(curve, focus_disparity=plane)
