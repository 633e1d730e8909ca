"""New Focus Targets for a clip, by any method, and how a project takes them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.evidence import ClipEvidence, Suggestion
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, ClipRef, Correction, Ease, FocusTarget, Project, Strength
from rvr_laaf_app.jobs.job import Job
from rvr_laaf_app.laaf.fusion import suggest
from rvr_laaf_app.laaf.likely_changes import suggest_likely
from rvr_laaf_app.laaf.look_ahead import DEFAULT_LEAD_FRAMES
from rvr_laaf_app.laaf.section_5_2 import suggest_as_printed
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.af_job import af_job, check_af_net
from rvr_laaf_app.pipeline.analyse import analyse_job
from rvr_laaf_app.pipeline.detect_job import detect_job
from rvr_laaf_app.pipeline.focus import curve_of, track_job
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.track.disparity import subject_disparity

Mode = Literal["conversation", "action", "auto", "af-net"]
MODES: tuple[Mode, ...] = ("conversation", "action", "auto", "af-net")
POINT_SIDE = 0.04


def suggest_job(
    info: ClipInfo, mode: Mode, *, lead_frames: int = DEFAULT_LEAD_FRAMES, yunet: Path | None = None
) -> Job[list[Suggestion]]:
    """Look at the clip (or take what the cache knows), then say where focus should be; needs no depth."""
    check_mode(mode)
    evidence = yield from detect_job(info, yunet=yunet)
    if mode == "af-net":
        changes = yield from af_job(info, evidence.cuts)
        return suggest_likely(evidence, changes.likely, changes.places, lead_frames=lead_frames)
    return suggest_from(evidence, mode, lead_frames=lead_frames)


def suggest_from(evidence: ClipEvidence, mode: Mode, *, lead_frames: int = DEFAULT_LEAD_FRAMES) -> list[Suggestion]:
    """Return the suggestions from evidence that is there already: for a change of mode or lead.

    AF-Net looks at the pictures themselves and is not among these modes (UsageError).
    """
    check_mode(mode)
    if mode == "af-net":
        raise UsageError("AF-Net needs the pictures", remedy="Use suggest_job.")
    return suggest(evidence, mode, lead_frames=lead_frames)


def as_printed_job(
    products: ClipProducts, mode: Mode, *, lead_frames: int = DEFAULT_LEAD_FRAMES, yunet: Path | None = None
) -> Job[list[Suggestion]]:
    """Suggest as section 5.2 of the paper prints it; needs the depth of the clip, and estimates it where missing."""
    check_mode(mode)
    if mode not in ("conversation", "action"):
        raise UsageError("section 5.2 knows conversation and action only", remedy="Choose one of these modes.")
    evidence = yield from detect_job(products.info, yunet=yunet)
    yield from analyse_job(products)

    def disparity_at(frame: int, point: Point) -> float:
        return subject_disparity(products.rgbd(frame).disparity, Box.around(point, POINT_SIDE, POINT_SIDE))

    return suggest_as_printed(evidence, mode, disparity_at, lead_frames=lead_frames)


def check_mode(mode: str) -> None:
    """Raise UsageError for a mode that is not there."""
    if mode not in MODES:
        raise UsageError(f"there is no mode {mode!r}", remedy=f"Choose one of: {', '.join(MODES)}.")
    if mode == "af-net":
        check_af_net()


def with_suggestions(
    project: Project,
    suggestions: Sequence[Suggestion],
    *,
    pull_frames: int = DEFAULT_PULL_FRAMES,
    tracker: str = "kcf",
    ease: Ease = "linear",
    strength: Strength = "firm",
) -> Project:
    """Return the project with a target for each suggestion, sharp from its `ready` frame on.

    Where the subject cannot be seen so early (it enters) the target lies at its first frame, and its track is led
    through the place where the subject is wholly in the picture.
    """
    taken = {target.id for target in project.targets}
    targets = list(project.targets)
    number = 0
    for suggestion in suggestions:
        while f"auto-{number}" in taken:
            number += 1
        taken.add(f"auto-{number}")
        targets.append(
            replace(
                _target(suggestion, f"auto-{number}", tracker), pull_frames=pull_frames, ease=ease, strength=strength
            )
        )
    return project.with_targets(tuple(targets))


def planes_of(products: ClipProducts, suggestions: Sequence[Suggestion]) -> Job[NDArray[np.float32]]:
    """Follow the subjects of suggestions through an analysed clip; return the focal plane of each frame [N]."""
    clip = ClipRef(products.info.path, products.info.fingerprint, products.info.frames)
    project = with_suggestions(Project(clip=clip), suggestions)
    for target in project.targets:
        track = yield from track_job(products, project, target.id)
        project = replace(project, tracks=(*project.tracks, track))
    return curve_of(products, project).focus_disparity


def _target(suggestion: Suggestion, name: str, tracker: str) -> FocusTarget:
    frame, place = suggestion.frame, suggestion.box
    if suggestion.earlier is not None:
        frame, place = max(suggestion.earlier[0], suggestion.ready), suggestion.earlier[1]
    corrections = (Correction(*suggestion.later),) if suggestion.later else ()
    return FocusTarget(
        name,
        frame,
        place,
        tracker=tracker,
        source=f"detector:{suggestion.detector}",
        reason=suggestion.reason,
        corrections=corrections,
    )
