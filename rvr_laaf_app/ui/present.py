"""From the project and the clip to what the widgets show: marks, timeline content, list rows, texts. Pure functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.optics import depth_of_field, sharp_coc
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack
from rvr_laaf_app.document.reign import Reign, partners, reigns
from rvr_laaf_app.ui.panels.target_panel import TargetRow
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.scale import clock_text
from rvr_laaf_app.ui.viewer.marks import SubjectMark, TargetMark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from rvr_laaf_app.laaf.curve import FocusCurve
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts


def ruling_target(project: Project, index: int) -> FocusTarget | None:
    """Return the target whose subject has the focus at a frame: the last one that has arrived."""
    arrived = [t for t in project.targets if t.frame <= index and t.strength != "suggested"]
    return arrived[-1] if arrived else None


def ruling_targets(project: Project, index: int) -> tuple[FocusTarget, ...]:
    """Return the targets that must be sharp at a frame: the last arrived one, with its group; none after its hold."""
    last = ruling_target(project, index)
    if last is None or (last.hold_frames is not None and index >= last.frame + last.hold_frames):
        return ()
    return tuple(t for t in partners(project.targets, last) if t.frame <= index)


def marks_of(
    project: Project,
    index: int,
    selection: Collection[str],
    *,
    seed: Callable[[FocusTarget, int, Point | Box], Box | None] | None = None,
) -> tuple[tuple[SubjectMark, ...], tuple[TargetMark, ...]]:
    """Return the boxes of the subjects that have the focus or are selected, and the targets set at this very frame.

    seed: gives the box that was grown around a place, as long as there is no track.
    """
    subjects: list[SubjectMark] = []
    ruling = {t.id for t in ruling_targets(project, index)}
    for number, target in enumerate(project.targets, start=1):
        if target.id not in ruling and target.id not in selection:
            continue
        track, name, chosen = project.track_of(target), str(number), target.id in selection
        box = track.box_at(index) if track is not None else None
        if track is not None and box is not None:
            confidence = float(track.confidence[index - track.start])
            subjects.append(SubjectMark(target.id, box, confidence, name, chosen, target.id in ruling))
        elif track is None and seed is not None and target.follow:
            shown = {target.frame: target.place, **{c.frame: c.place for c in target.corrections}}
            grown = seed(target, index, shown[index]) if index in shown else None
            if grown is not None:
                subjects.append(SubjectMark(target.id, grown, 1.0, name, chosen, tentative=True))
    followed = {s.target_id for s in subjects}
    here = tuple(
        TargetMark(t.id, t.place, t.id in selection)
        for t in project.targets
        if t.frame == index and (t.id not in followed or isinstance(t.place, Point))
    )
    return tuple(subjects), here


def timeline_of(
    project: Project,
    info: ClipInfo,
    products: ClipProducts | None,
    curve: FocusCurve | None,
    *,
    before: TimelineContent | None,
) -> TimelineContent | None:
    """Return what the timeline shows; the sound's outline is taken over from the content shown before."""
    if info.table is None:
        return None
    width = info.display_size[0]
    lens, sharp = project.lens, sharp_coc(width)
    far, near = depth_of_field(0.0, lens.blur_gain_px(width, width), sharp_coc_px=sharp)
    keyed = lens.follows_keys
    content = TimelineContent(
        table=info.table,
        targets=project.targets,
        tracks=project.fitting_tracks(),
        cuts=products.cuts if products is not None else (),
        focus=None if curve is None else curve.focus_disparity,
        sharp_half=min((near - far) / 2, 1.0),
        sharp_halves=np.minimum(sharp / lens.gains_px(len(info.table), width), 1.0) if keyed else None,
        lens=lens,
        scale_per_m=project.lens.lens.disparity_scale_per_m if project.lens.blur_px is None else None,
        analysed=products.meta.done if products is not None else 0,
    )
    if before is not None and before.table is content.table:
        content = replace(content, waveform=before.waveform)
    return content


def with_waveform(content: TimelineContent, outline: NDArray[np.float32] | None) -> TimelineContent:
    """Return the content with the outline of the sound."""
    return replace(content, waveform=outline)


def rows_of(
    project: Project, info: ClipInfo, busy: dict[str, float | None], tr: Callable[[str], str], *, depth_ready: bool
) -> tuple[TargetRow, ...]:
    """Return the lines of the target list; busy: target id -> share done of its tracking (None = waiting).

    depth_ready: the analysis is complete, so that tracking can begin.
    """
    rows = []
    table, known = info.table, project.fitting_tracks()
    spans = reigns(project.targets, info.frames)
    for number, (target, track, reign) in enumerate(zip(project.targets, known, spans, strict=True), start=1):
        at_s = table.seconds_of(target.frame) if table is not None and target.frame < len(table) else 0.0
        note, problem = _note_of(target, track, reign, busy, tr)
        waits = target.follow and target.strength != "suggested"
        if waits and track is None and not depth_ready:
            note = tr("waits for depth")
        rows.append(TargetRow(target, f"{number}   {clock_text(at_s)}", note, problem))
    return tuple(rows)


def _note_of(
    target: FocusTarget,
    track: SubjectTrack | None,
    reign: Reign,
    busy: dict[str, float | None],
    tr: Callable[[str], str],
) -> tuple[str, bool]:
    """Return how a target's subject is followed, and whether that is a problem: lost while it has the focus."""
    if target.strength == "suggested":
        return tr("suggested"), False
    if not target.follow:
        return tr("plane held"), False
    if target.id in busy:
        share = busy[target.id]
        return (tr("waiting") if share is None else f"{tr('tracking')} {share:.0%}"), False
    if track is None:
        return tr("not tracked"), False
    held = track.confidence[max(reign.start - track.start, 0) : max(reign.stop - track.start, 0)]
    lost = float(np.mean(held <= 0)) if len(held) else 0.0
    return (f"{tr('lost')} {max(lost, 0.01):.0%}", True) if lost > 0 else (tr("tracked"), False)


def clip_facts(info: ClipInfo) -> str:
    """Return size, rate, length and codec in one line."""
    width, height = info.display_size
    parts = [f"{width}×{height}"]
    if info.table is not None and len(info.table) > 1:
        rate = float(info.table.average_rate)
        parts += [f"{'~' if info.is_vfr else ''}{rate:.4g} fps", clock_text(info.table.duration_s)]
    parts.append(info.codec.upper() if info.codec else info.container)
    return "   ".join(parts)


def time_left(seconds: float | None) -> str:
    """Return "3 min 20 s" or "12 s"; empty if not known."""
    if seconds is None:
        return ""
    whole = max(1, round(seconds))
    if whole < 90:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def shown_name(path: str | None) -> str:
    """Return the name of a file for titles and menus."""
    return Path(path).name if path else ""
