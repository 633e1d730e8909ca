"""What the user does with the selected targets: copy, nudge, strength, hold, plane, group, follow again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.reign import partners, reign_of
from rvr_laaf_app.ui import present
from rvr_laaf_app.ui.focus_clipboard import copied_targets, copy_targets

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.project import FocusTarget, Strength
    from rvr_laaf_app.ui.editing import Editing
    from rvr_laaf_app.ui.stage import Stage

OFFSET_STEP = 0.01  # of disparity
MOST_OFFSET = 0.5


class FocusTools(QObject):
    """Acts on what `editing` has selected, or on the target that has the focus at the shown frame."""

    told = Signal(str)  # one line about what was done or is not possible

    def __init__(self, session: Session, stage: Stage, editing: Editing) -> None:
        super().__init__(editing)
        self._session, self._stage, self._editing = session, stage, editing

    def chosen(self) -> tuple[FocusTarget, ...]:
        """Return the selected targets, else the one that has the focus now."""
        project = self._session.project
        chosen = tuple(t for t in project.targets if t.id in self._editing.selection)
        if chosen:
            return chosen
        ruling = present.ruling_target(project, self._stage.index)
        return (ruling,) if ruling is not None else ()

    def _change(self, label: str, **values: Any) -> None:
        ids = tuple(t.id for t in self.chosen())
        if ids:
            self._editing.attempt(lambda: self._session.change_targets(ids, label=label, **values))

    # Time

    def copy(self) -> None:
        """Put the selected targets on the clipboard."""
        if self._editing.selection:
            copy_targets(self.chosen())

    def cut(self) -> None:
        """Put them on the clipboard and remove them."""
        self.copy()
        self._editing.remove_selected()

    def paste(self, frame: int | None = None) -> None:
        """Add what is on the clipboard, the earliest at the shown frame or another one."""
        targets, at = copied_targets(), self._stage.index if frame is None else frame
        made: list[str] = []
        self._editing.attempt(lambda: made.extend(self._session.paste_targets(targets, at)))
        if made:
            self._editing.select_all(tuple(made), made[0])

    def select_every(self) -> None:
        """Select all targets."""
        ids = tuple(t.id for t in self._session.project.targets)
        self._editing.select_all(ids, self._editing.selected or (ids[0] if ids else ""))

    def nudge(self, frames: int) -> None:
        """Move the selected targets in time, as far as the clip goes."""
        targets = [t for t in self.chosen() if t.id in self._editing.selection]
        info = self._session.clip
        if not targets or info is None:
            return
        low, high = -min(t.frame for t in targets), info.frames - 1 - max(t.frame for t in targets)
        by = min(max(frames, low), high)
        if by:
            self._editing.move_to_frames({t.id: t.frame + by for t in targets})

    def end_hold(self) -> None:
        """Let the hold of the target that is selected, or has the focus, end at the shown frame."""
        index = self._stage.index
        before = [t for t in self.chosen() if t.frame < index]
        if before:
            target = before[-1]
            self._editing.attempt(
                lambda: self._session.change_targets(
                    (target.id,), label="Trim target", hold_frames=index - target.frame
                )
            )

    def hold_on(self) -> None:
        """Let holds end where the next target takes over."""
        self._change("Hold until the next target", hold_frames=None)

    def edit_hold(self, frames: int | None) -> None:
        """Let the selected targets hold for so long, while a control is being changed."""
        self._edit("Trim target", hold_frames=frames)

    def edit_offset(self, offset: float) -> None:
        """Put the plane so far from the subject, while a control is being changed."""
        self._edit("Move plane", offset=offset)

    def _edit(self, label: str, **values: Any) -> None:
        ids, gesture = self._editing.selection, self._editing.gesture_now()
        if ids:
            self._editing.attempt(lambda: self._session.change_targets(ids, label=label, gesture=gesture, **values))

    # What is held

    def set_strength(self, strength: Strength) -> None:
        """Make the targets suggested, soft or firm."""
        self._change("Change strength", strength=strength)

    def toggle_plane(self) -> None:
        """Hold the plane instead of following, or follow again."""
        targets = self.chosen()
        if targets:
            follow = not targets[0].follow
            self._change("Follow the subject" if follow else "Hold this plane", follow=follow)

    def nudge_plane(self, steps: int) -> None:
        """Put the plane nearer (1) or farther (-1) than the subject."""
        targets = self.chosen()
        if targets:
            offset = round(targets[0].offset + steps * OFFSET_STEP, 4)
            self._change("Move plane", offset=min(max(offset, -MOST_OFFSET), MOST_OFFSET))

    def set_plane(self, place: Point) -> None:
        """Focus on the depth under a place from the shown frame on, whatever passes there."""
        index, made = self._stage.index, list[str]()
        here = next((t for t in self._session.project.targets if t.frame == index), None)

        def edit() -> None:
            with self._session.transaction("Focus on this depth"):
                if here is not None:
                    self._session.move_target(here.id, place=place)
                    made.append(here.id)
                else:
                    made.append(self._session.add_target_at(place, index))
                self._session.change_targets(made, follow=False, offset=0.0, corrections=(), group="")

        self._editing.attempt(edit)
        if made:
            self._editing.select(made[0])

    # Following

    def reacquire(self, place: Point | None) -> None:
        """Show where the subject is at the shown frame: under the pointer, else where its box is drawn."""
        targets, index = self.chosen(), self._stage.index
        primary = next((t for t in targets if t.id == self._editing.selected), targets[0] if targets else None)
        if primary is None:
            return
        track = self._session.project.track_of(primary)
        box = track.box_at(index) if track is not None else None
        where: Point | Box | None = place or box
        if where is None:
            self._editing.failed.emit(
                UsageError("the subject is not known here", remedy="Point at it in the picture and press R.")
            )
            return
        self._editing.attempt(lambda: self._session.correct_target(primary.id, index, where))

    def track_part(self, *, forwards: bool, backwards: bool) -> None:
        """Follow the subjects of the selected targets again, after or before their own frames, or both."""
        for target in self.chosen():
            self._editing.attempt(
                lambda t=target: self._session.start_tracking(  # type: ignore[misc]
                    t.id, forwards=forwards, backwards=backwards
                )
            )

    def forget_corrections(self) -> None:
        """Take back all that was shown of where the subjects are, but for their own places."""
        self._change("Forget corrections", corrections=())

    # Groups

    def make_group(self) -> None:
        """Keep the selected subjects sharp together: the plane in their middle, the f-number that takes them in."""
        targets = [t for t in self.chosen() if t.id in self._editing.selection]
        if len(targets) < 2:
            self.told.emit(self.tr("Select two or more targets to keep all of them sharp."))
            return
        project = self._session.project
        between = [t for t in project.targets if targets[0].frame < t.frame < targets[-1].frame]
        if any(t not in targets and t.strength != "suggested" for t in between):
            self.told.emit(self.tr("Another target lies between them: select it too, or remove it."))
            return
        name = targets[0].group or edits.new_id(project)
        ids = tuple(t.id for t in targets)
        self._editing.attempt(lambda: self._session.change_targets(ids, label="Keep all sharp", group=name))

    @Slot(object)
    def keep_too(self, place: Point) -> None:
        """Keep a second subject sharp from the shown frame on, together with the one that has the focus there."""
        session, index = self._session, self._stage.index
        ruling = present.ruling_target(session.project, index)
        if ruling is None:
            self._editing.set_target(place)
            return
        added = ""

        def add() -> None:
            nonlocal added
            with session.transaction("Keep both sharp"):
                added = session.add_target_at(place, index)
                name = ruling.group or edits.new_id(session.project)
                session.change_targets((ruling.id, added), group=name)

        self._editing.attempt(add)
        group = partners(session.project.targets, ruling)
        if added:
            self._editing.select_all((*(t.id for t in group if t.id != ruling.id), ruling.id, added), added)

    def end_group(self) -> None:
        """Let each target of the groups that are selected have the focus for itself."""
        project = self._session.project
        ids = {p.id for t in self.chosen() for p in partners(project.targets, t)}
        if ids:
            self._editing.attempt(lambda: self._session.change_targets(ids, label="End group", group=""))

    def selected_group(self) -> tuple[FocusTarget, ...]:
        """Return the members of the group of the leading target; empty if it is alone."""
        target = self._session.project.target(self._editing.selected or "")
        members = partners(self._session.project.targets, target) if target is not None else ()
        return members if len(members) > 1 else ()

    @Slot()
    def stop_of_selected(self) -> int | None:
        """Return the first frame after the reign of the leading target."""
        target, info = self._session.project.target(self._editing.selected or ""), self._session.clip
        if target is None or info is None:
            return None
        return reign_of(self._session.project.targets, target, info.frames).stop
