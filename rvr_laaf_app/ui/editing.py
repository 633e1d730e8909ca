"""Between the session, the stage and the widgets of the workspace: what the user does becomes edits, and back.

It holds the selected target and nothing of the project itself.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui import present
from rvr_laaf_app.ui.timeline.content import TimelineContent

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.document import Change
    from rvr_laaf_app.document.project import FocusTarget, LensSettings
    from rvr_laaf_app.jobs.scheduler import JobStatus
    from rvr_laaf_app.laaf.curve import FocusCurve
    from rvr_laaf_app.ui.focus_seed import SeedBoxes
    from rvr_laaf_app.ui.stage import Stage
    from rvr_laaf_app.ui.workspace import Workspace

_PLACE_CONFIDENCE = 0.3  # a moved target takes its place from the track only where that is sure of itself


class Editing(QObject):
    """Connects one session and one stage to the widgets of one workspace."""

    selection_changed = Signal(object)  # target id or None
    failed = Signal(object)  # Exception
    taking_changed = Signal(bool)  # the next place that is pointed at goes to someone else

    def __init__(self, session: Session, stage: Stage, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._stage, self._widgets = session, stage, workspace
        self._selection: tuple[str, ...] = ()
        self._selected: str | None = None
        self._taker: Callable[[Point], object] | None = None
        self._seeds: SeedBoxes | None = None
        self._curve: FocusCurve | None = None
        self._content: TimelineContent | None = None
        self._tracking: dict[str, float | None] = {}
        self._analysed = (0, 0)  # frames analysed, and of these final
        self._gestures = itertools.count(1)
        self._gesture: int | None = None
        self._connect_widgets()
        self._connect_stage()
        self._unsubscribe = [session.on_change(self._changed), session.on_job(self._job_told)]

    @property
    def selected(self) -> str | None:
        """Id of the selected target, of several the one that leads."""
        return self._selected

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of all selected targets, in the order of time."""
        return tuple(t.id for t in self._session.project.targets if t.id in self._selection)

    def use_seeds(self, seeds: SeedBoxes) -> None:
        """Show the boxes that are grown around clicks."""
        self._seeds = seeds
        seeds.changed.connect(self._show_marks)

    def close(self) -> None:
        """Hear no more of the session."""
        for end in self._unsubscribe:
            end()

    def _connect_widgets(self) -> None:
        picture, timeline = self._widgets.picture, self._widgets.timeline
        targets, lens = self._widgets.inspector.targets, self._widgets.inspector.lens
        picture.point_chosen.connect(self.set_target)
        picture.box_chosen.connect(self.set_target)
        picture.box_dragged.connect(self._box_dragged)
        picture.resized.connect(self._resized)
        timeline.seek_requested.connect(self._stage.seek)
        timeline.target_selected.connect(self.select)
        timeline.selection_asked.connect(self.select_all)
        timeline.targets_moved.connect(self.move_to_frames)
        timeline.hold_changed.connect(self._hold_changed)
        timeline.pull_changed.connect(self._pull_dragged)
        timeline.looked_at.connect(self._stage.lanes.set_shown)
        timeline.removal_requested.connect(self.remove_selected)
        timeline.target_activated.connect(self.go_to)
        targets.selection_asked.connect(self.select_all)
        targets.target_activated.connect(self.go_to)
        targets.removal_requested.connect(self.remove)
        targets.pull_edited.connect(self._pull_edited)
        targets.ease_chosen.connect(self._ease_chosen)
        targets.tracker_chosen.connect(self._tracker_chosen)
        targets.gesture_ended.connect(self.end_gesture)
        lens.lens_edited.connect(self._lens_edited)
        lens.gesture_ended.connect(self.end_gesture)

    def _connect_stage(self) -> None:
        self._stage.index_changed.connect(self._index_changed)
        self._stage.picture_changed.connect(self._widgets.picture.set_image)
        self._stage.curve_changed.connect(self._curve_changed)
        self._stage.waveform_changed.connect(self._waveform_changed)
        self._stage.lanes.depth_changed.connect(self._widgets.timeline.set_depth)
        self._stage.lanes.film_changed.connect(self._widgets.timeline.set_film)

    # What the user does

    @Slot(object)
    def set_target(self, place: Point | Box) -> None:
        """Set a target at the shown frame; a target that is already at this very frame moves there instead."""
        taker = self._taker
        if taker is not None:
            self.take_next_point(None)
            taker(place if isinstance(place, Point) else place.centre)
            return
        project, index = self._session.project, self._stage.index
        here = next((t for t in project.targets if t.frame == index), None)
        if here is not None:
            self.attempt(lambda: self._session.move_target(here.id, place=place))
            self.select(here.id)
            return
        made: list[str] = []
        self.attempt(lambda: made.append(self._session.add_target_at(place, index)))
        if made:
            self.select(made[0])

    @Slot(str, object)
    def _box_dragged(self, target_id: str, box: Box) -> None:
        """Take it that the subject of a target is here now: its track is led through there."""
        self.attempt(lambda: self._session.correct_target(target_id, self._stage.index, box))

    def take_next_point(self, taker: Callable[[Point], object] | None) -> None:
        """Give the next place that is pointed at in the picture to someone else, once; None: to nobody else."""
        self._taker = taker
        self.taking_changed.emit(taker is not None)

    @Slot(str)
    def select(self, target_id: str | None) -> None:
        """Select a target; empty or None: none."""
        wanted = target_id or None
        self.select_all((wanted,) if wanted else (), wanted or "")

    @Slot(object, str)
    def select_all(self, ids: tuple[str, ...], primary: str) -> None:
        """Select several targets, one of them leading."""
        wanted = primary or None
        if (ids, wanted) == (self._selection, self._selected):
            return
        self._selection, self._selected = ids, wanted
        self._widgets.timeline.set_selection(ids, wanted)
        self._show_targets()
        self._show_marks()
        self.selection_changed.emit(wanted)

    @Slot(str)
    def go_to(self, target_id: str) -> None:
        """Select a target and go to its frame."""
        target = self._session.project.target(target_id)
        if target is not None:
            self.select(target_id)
            self._stage.seek(target.frame)

    def go_to_neighbour(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) target or cut from the shown frame, whichever is closer."""
        index, products = self._stage.index, self._session.products
        after = [t for t in self._session.project.targets if (t.frame - index) * direction > 0]
        closest = min(after, key=lambda t: abs(t.frame - index), default=None)
        cuts = [cut for cut in (products.cuts if products is not None else ()) if (cut - index) * direction > 0]
        cut = min(cuts, key=lambda c: abs(c - index), default=None)
        if closest is not None and (cut is None or abs(closest.frame - index) <= abs(cut - index)):
            self.go_to(closest.id)
        elif cut is not None:
            self._stage.seek(cut)

    @Slot(str)
    def remove(self, target_id: str) -> None:
        """Remove a target."""
        self.attempt(lambda: self._session.remove_target(target_id))

    def remove_selected(self) -> None:
        """Remove the selected targets, as one step."""
        chosen = self.selection
        if chosen:
            self.attempt(lambda: self._session.remove_targets(chosen))

    def change_pull(self, frames: int) -> None:
        """Make the pull of the selected target longer or shorter."""
        selected = None if self._selected is None else self._session.project.target(self._selected)
        if selected is not None:
            length = max(0, selected.pull_frames + frames)
            self.attempt(lambda: self._session.set_target(selected.id, pull_frames=length))

    @Slot(object)
    def move_to_frames(self, frames: dict[str, int]) -> None:
        """Put targets at other frames; where their subjects are known there, they take their place from the track."""
        targets = [t for t in self._session.project.targets if t.id in frames]
        moves = {t.id: (frames[t.id], self._place_at(t, frames[t.id])) for t in targets}
        label = "Move target" if len(moves) == 1 else "Move targets"
        self.attempt(lambda: self._session.move_targets(moves, label=label))

    @Slot(str, object)
    def _hold_changed(self, target_id: str, frames: int | None) -> None:
        label = "Hold until the next target" if frames is None else "Trim target"
        self.attempt(lambda: self._session.change_targets((target_id,), label=label, hold_frames=frames))

    @Slot(str, int, int)
    def _pull_dragged(self, target_id: str, arrival: int, length: int) -> None:
        """Let the pull to a target be so long and arrive there, as one step."""
        target = self._session.project.target(target_id)
        if target is None:
            return
        place = self._place_at(target, arrival) if arrival != target.frame else None

        def edit() -> None:
            with self._session.transaction("Change pull"):
                self._session.move_target(target_id, frame=arrival, place=place)
                self._session.set_target(target_id, pull_frames=length)

        self.attempt(edit)

    def _place_at(self, target: FocusTarget, frame: int) -> Point | Box | None:
        """Return where the subject of a target is at another frame, if its track is sure; None = leave it."""
        track = self._session.project.track_of(target)
        box = None if track is None else track.box_at(frame)
        if track is None or box is None or track.confidence[frame - track.start] < _PLACE_CONFIDENCE:
            return None
        return box if isinstance(target.place, Box) else box.centre

    @Slot(int)
    def _pull_edited(self, frames: int) -> None:
        chosen, gesture = self.selection, self.gesture_now()
        if len(chosen) == 1:  # its length is that of the next new target, too
            self.attempt(lambda: self._session.set_target(chosen[0], pull_frames=frames, gesture=gesture))
        elif chosen:
            self.attempt(lambda: self._session.change_targets(chosen, gesture=gesture, pull_frames=frames))

    @Slot(str)
    def _ease_chosen(self, ease: str) -> None:
        self.attempt(lambda: self._session.change_targets(self.selection, label="Change ease", ease=ease))

    @Slot(str)
    def _tracker_chosen(self, tracker: str) -> None:
        self.attempt(lambda: self._session.change_targets(self.selection, label="Change tracker", tracker=tracker))

    @Slot(object, str, str)
    def _lens_edited(self, lens: LensSettings, label: str, _control: str) -> None:
        gesture = self.gesture_now()
        self.attempt(lambda: self._session.set_lens(lens, label=label, gesture=gesture))

    def gesture_now(self) -> int:
        """Return what marks the edits of one change of a control: they are one step until `end_gesture`."""
        if self._gesture is None:
            self._gesture = next(self._gestures)
        return self._gesture

    @Slot()
    def end_gesture(self) -> None:
        """Let the next edit be a step of its own."""
        if self._gesture is not None:
            self._gesture = None
            self.attempt(self._session.end_gesture)

    def attempt(self, action: Callable[[], object]) -> None:
        """Run an edit; an error goes to the error bar, and the widgets show the truth again."""
        try:
            action()
        except RvrError as error:
            self.failed.emit(error)
            self.show_all()

    # What happened to the project, the clip and the jobs

    def _changed(self, change: Change) -> None:
        if change.kind == "open":
            return  # the clip comes with it: `show_clip`
        kept = tuple(i for i in self._selection if change.new.target(i) is not None)
        if kept != self._selection:
            self.select_all(kept, self._selected if self._selected in kept else kept[-1] if kept else "")
        self._stage.show_project(change.new)
        if change.old.lens is not change.new.lens:
            self._show_lens()
        self._show_targets()
        self._show_marks()
        self._show_timeline()

    def _job_told(self, status: JobStatus) -> None:
        if status.name == "track":
            if status.finished:
                self._tracking.pop(status.subject, None)
            else:
                self._tracking[status.subject] = status.progress.fraction
            self._show_targets()
        products = self._session.products
        done = (products.meta.done, products.meta.final) if products is not None else (0, 0)
        if done != self._analysed:
            self._analysed = done
            self._stage.refresh()
            self._show_timeline()
            self._show_targets()

    def show_clip(self) -> None:
        """Show another clip, or none: called when the session has opened one."""
        info = self._session.clip
        self._curve = self._content = None
        self._tracking.clear()
        self._analysed = (0, 0)  # frames analysed, and of these final
        self.select(None)
        if info is None:
            self._stage.close_clip()
            self._widgets.picture.set_aspect(0, 0)
        else:
            self._widgets.picture.set_aspect(*info.display_size)
            self._stage.set_room(self._widgets.picture.picture_pixels())
            self._stage.open(info, self._session.products, self._session.project)
        self.show_all()

    def show_all(self) -> None:
        """Write everything into the widgets again."""
        self._show_lens()
        self._show_targets()
        self._show_marks()
        self._show_timeline()
        self._index_changed(self._stage.index)

    def _show_lens(self) -> None:
        info = self._session.clip
        width = info.display_size[0] if info is not None else 1280
        self._widgets.inspector.lens.show_lens(self._session.project.lens, width)

    def _show_targets(self) -> None:
        info = self._session.clip
        panel = self._widgets.inspector.targets
        if info is None or info.table is None:
            panel.show_rows((), None, seconds_per_frame=0.04)
            return
        products = self._session.products
        ready = products is not None and products.complete
        rows = present.rows_of(self._session.project, info, self._tracking, self.tr, depth_ready=ready)
        seconds = 1.0 / float(info.table.average_rate)
        panel.show_rows(rows, self._selected, seconds_per_frame=seconds, selection=self._selection)

    @Slot()
    def _show_marks(self) -> None:
        project, clip = self._session.project, self._stage.pictures

        def seed(_target: FocusTarget, frame: int, place: Point | Box) -> Box | None:
            return None if self._seeds is None else self._seeds.box(clip, project, frame, place)

        subjects, targets = present.marks_of(project, self._stage.index, self._selection, seed=seed)
        self._widgets.picture.set_marks(subjects, targets)

    def _show_timeline(self) -> None:
        info = self._session.clip
        if info is None:
            self._content = None
        else:
            self._content = present.timeline_of(
                self._session.project, info, self._session.products, self._curve, before=self._content
            )
        self._stage.lanes.look(self._session.project)
        self._widgets.timeline.set_content(self._content)

    @Slot(int)
    def _index_changed(self, index: int) -> None:
        info = self._session.clip
        table = info.table if info is not None else None
        seconds = table.seconds_of(index) if table is not None and index < len(table) else 0.0
        self._widgets.transport.show_position(index, info.frames if info is not None else 0, seconds)
        self._widgets.timeline.set_frame(index)
        self._show_marks()

    @Slot(object)
    def _curve_changed(self, curve: FocusCurve | None) -> None:
        self._curve = curve
        self._show_timeline()

    @Slot(object)
    def _waveform_changed(self, outline: NDArray[np.float32] | None) -> None:
        if self._content is not None:
            self._content = present.with_waveform(self._content, outline)
            self._widgets.timeline.set_content(self._content)

    @Slot()
    def _resized(self) -> None:
        self._stage.set_room(self._widgets.picture.picture_pixels())
