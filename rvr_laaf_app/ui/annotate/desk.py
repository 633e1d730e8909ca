"""What the annotation window works on: a folder of clips, one annotator's journal, the open clip, the chosen target.

Every edit is in the journal when the call returns. It knows frames and places; it shows nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.annotation.making import (
    Ground,
    Limit,
    at_frame,
    new_target,
    next_subject,
    on_frame,
    renamed,
    ruling,
    subjects_of,
    with_limit,
)
from rvr_laaf_app.annotation.schema import ClipAnnotation, ClipIdentity, VafTarget
from rvr_laaf_app.annotation.store import AnnotatorStore
from rvr_laaf_app.annotation.work import ClipFacts, Survey, decide, queue_for
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.annotate.commands import REASONS

if TYPE_CHECKING:
    from rvr_laaf_app.ui.annotate.following import Places

log = logging.getLogger(__name__)
Change = Callable[[ClipAnnotation], ClipAnnotation]


class Desk(QObject):
    """For the GUI thread. Edits raise an RvrError if they cannot be journalled; then nothing has changed."""

    changed = Signal()  # what was said, what is chosen, or the clip
    survey_changed = Signal()
    failed = Signal(object)  # RvrError, of what nobody asked for just now
    edited = Signal(str)  # what was just done, in words for the journal (English)

    def __init__(self, folder: Path, annotator: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.store = AnnotatorStore.open(folder, annotator)
        self.survey = Survey(())
        self._order: tuple[ClipFacts, ...] = ()
        self._facts: ClipFacts | None = None
        self._ground: Ground | None = None
        self._chosen: str | None = None
        # By target: the frame and the place at which its subject was shown by hand. Not where a path says that it is.
        self._shown: dict[str, tuple[int, Point | Box]] = {}
        self._hints: dict[str, list[tuple[int, Point | Box]]] = {}  # by subject: where else it was shown to be

    @property
    def annotator(self) -> str:
        """Who annotates."""
        return self.store.annotator

    def close(self) -> None:
        """Let go of the journal."""
        self.store.close()

    # The folder

    def set_survey(self, survey: Survey) -> None:
        """Take what is known of the folder by now."""
        self.survey = survey
        usable = queue_for(self.annotator, survey.clips, {})
        self._order = (*usable, *(f for f in survey.clips if not f.usable))
        self.survey_changed.emit()

    def order(self) -> list[ClipFacts]:
        """Return the clips to annotate, in this annotator's own order, which stays; hidden check clips are among them.

        Then those that were set aside before anybody saw them.
        """
        return list(self._order)

    def state_of(self, facts: ClipFacts) -> str:
        """Return "todo", "begun", "done" or "aside"."""
        said = self.store.said.get(facts.clip.pictures)
        if said is not None and said.state == "set_aside":
            return "aside"
        if not facts.usable and (said is None or said.state == "open"):
            return "aside"
        if said is None or (said.state == "open" and not said.targets):
            return "todo"
        return "done" if said.state == "done" else "begun"

    def next_to_do(self, after: ClipFacts | None = None) -> ClipFacts | None:
        """Return the clip that is not done yet and comes next after one, round the list; None if all are."""
        order = [f for f in self.order() if f.usable]
        keys = [f.clip.pictures for f in order]
        begin = keys.index(after.clip.pictures) + 1 if after is not None and after.clip.pictures in keys else 0
        turned = order[begin:] + order[:begin]
        return next((f for f in turned if self.state_of(f) in ("todo", "begun") and f is not after), None)

    # The clip

    @property
    def facts(self) -> ClipFacts | None:
        """The open clip."""
        return self._facts

    @property
    def ground(self) -> Ground | None:
        """Times and looks of the open clip."""
        return self._ground

    @property
    def said(self) -> ClipAnnotation | None:
        """What was said about the open clip."""
        return None if self._facts is None else self.store.of(self._facts.clip)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the open clip, in the order in which they first get focus."""
        said = self.said
        return () if said is None else subjects_of(said)

    @property
    def chosen(self) -> VafTarget | None:
        """The target that the keys act on."""
        said = self.said
        return None if said is None else next((t for t in said.targets if t.id == self._chosen), None)

    def ruling(self, frame: int) -> VafTarget | None:
        """Return the target that has the focus at a frame."""
        said, ground = self.said, self._ground
        return None if said is None or ground is None else ruling(said, ground.table.seconds_of(frame))

    def open(self, facts: ClipFacts, ground: Ground) -> None:
        """Work on a clip."""
        self._facts, self._ground, self._chosen = facts, ground, None
        said, known = self.store.of(facts.clip), set()
        self._shown, self._hints = {}, {}
        for target in said.targets:
            if (target.subject, target.place) not in known:  # else it was taken over from there, see `copied`
                self._shown[target.id] = (target.at.frame, target.place)
            known.add((target.subject, target.place))
        self.changed.emit()

    def leave(self) -> None:
        """Work on no clip."""
        self._facts = self._ground = self._chosen = None
        self.changed.emit()

    def places(self) -> dict[str, Places]:
        """Return from where each subject of the clip is to be followed: where it was shown by hand."""
        said = self.said
        if said is None:
            return {}
        found: dict[str, Places] = {}
        for subject in subjects_of(said):
            mine = [t for t in said.targets if t.subject == subject]
            shown = [self._shown[t.id] for t in mine if t.id in self._shown] + self._hints.get(subject, [])
            found[subject] = tuple(sorted(shown or [(t.at.frame, t.place) for t in mine[:1]], key=lambda s: s[0]))
        return found

    def copied(self) -> dict[str, int]:
        """Return the targets (id -> frame) whose place is only that of an earlier one of their subject.

        The program ended before their subject was followed so far.
        """
        said = self.said
        return {} if said is None else {t.id: t.at.frame for t in said.targets if t.id not in self._shown}

    def hint(self, subject: str, frame: int, place: Box) -> None:
        """Show where a subject is, so that it is followed rightly; nothing is said by that about the focus."""
        others = [h for h in self._hints.get(subject, []) if h[0] != frame]
        self._hints[subject] = [*others, (frame, place)]
        self.changed.emit()

    def choose(self, target_id: str | None) -> None:
        """Let the keys act on a target."""
        if target_id != self._chosen:
            self._chosen = target_id
            self.changed.emit()

    def step(self, frame: int, direction: int) -> VafTarget | None:
        """Choose the target after (1) or before (-1) the chosen one, else after or before a frame; return it."""
        said = self.said
        if said is None or not said.targets:
            return None
        chosen = self.chosen
        if chosen is not None:
            number = min(max(said.targets.index(chosen) + direction, 0), len(said.targets) - 1)
        else:
            ahead = [n for n, t in enumerate(said.targets) if (t.at.frame - frame) * direction > 0]
            number = (min(ahead) if direction > 0 else max(ahead)) if ahead else (-1 if direction > 0 else 0)
        found = said.targets[number]
        self.choose(found.id)
        return found

    # Edits

    def point_at(
        self, frame: int, place: Point | Box, *, subject: str | None = None, shown_at: int | None = None
    ) -> str:
        """Set a target on a frame; if one lies on this very frame, it is shown to be here. Return its id.

        subject None: a new one, or that of the target that lies here. shown_at: the frame at which the place was shown
        by hand; None if it is only where the subject was followed to.
        """
        said, ground = self._need()
        if self._facts is not None and self.state_of(self._facts) == "aside":
            raise UsageError("this clip is set aside", remedy="Choose Annotate All the Same first.")
        here = at_frame(said, frame)
        if here is not None:
            target = replace(here, place=place, subject=here.subject if subject is None else subject)
            label = "Move target"
        else:
            name = subject or next_subject(self.subjects)
            target = new_target(ground, frame, place, taken=[t.id for t in said.targets], subject=name)
            label = "Set target"
        self._put(label, target)
        if shown_at is not None:
            self._shown[target.id] = (shown_at, place)
        self._chosen = target.id
        self.changed.emit()
        return target.id

    def move(self, frames: int, place_of: Callable[[str, int], Box | None]) -> None:
        """Move the chosen target in time; `place_of` (subject, frame) says where its subject is then."""
        target, (_, ground) = self._need_chosen(), self._need()
        frame = min(max(target.at.frame + frames, 0), len(ground.table) - 1)
        place = place_of(target.subject, frame)
        moved = on_frame(ground, target, frame, place)
        self._put("Move target in time", moved, merge=f"move {target.id}")

    def set_limit(self, limit: Limit, frame: int | None) -> None:
        """Set one of the times of the chosen target."""
        target, (_, ground) = self._need_chosen(), self._need()
        labels = {"arrive": "Set arrival", "early": "Set early", "late": "Set late", "hold": "Set hold"}
        self._put(labels[limit], with_limit(ground, target, limit, frame), merge=f"{limit} {target.id}")

    def name_subject(self, name: str) -> None:
        """Say who or what the subject of the chosen target is; all its targets in the clip follow."""
        target = self._need_chosen()
        if not name.strip():
            raise UsageError("a subject needs a name", remedy="Type who or what it is.")
        old, new = target.subject, name.strip()
        self._hints[new] = [*self._hints.get(new, []), *self._hints.pop(old, [])]
        self._edit("Name subject", lambda said: renamed(said, old, new) if old else said.put(_named(target, new)))

    def give_to(self, subject: str, place: Box | None) -> None:
        """Let the chosen target be on another subject, at this place if it is known."""
        target = self._need_chosen()
        self._shown.pop(target.id, None)
        self._put("Change subject", replace(target, subject=subject, place=place or target.place))

    def set_reason(self, reason: str) -> None:
        """Say why focus goes there."""
        self._put("Set reason", replace(self._need_chosen(), reason=reason.strip()))

    def limit_to(self, target_id: str, limit: Limit, frame: int) -> None:
        """Set a time of a target to a frame: it was dragged there."""
        self.choose(target_id)
        self.set_limit(limit, frame)

    def write_name(self, name: str) -> None:
        """Take what was typed as the subject of the chosen target; nothing typed changes nothing."""
        chosen = self.chosen
        if chosen is not None and name.strip() and name.strip() != chosen.subject:
            self.name_subject(name)

    def write_reason(self, text: str) -> None:
        """Take what was typed as the reason; nothing typed leaves the one that was chosen by key."""
        chosen = self.chosen
        if chosen is not None and text.strip() != chosen.reason and (text.strip() or chosen.reason not in REASONS):
            self.set_reason(text)

    def write_note(self, text: str) -> None:
        """Take what was typed as the note on the clip."""
        if self.said is not None and text.strip() != self.said.note:
            self.set_note(text)

    def remove(self) -> None:
        """Remove the chosen target."""
        target = self._need_chosen()
        said, _ = self._need()
        number = said.targets.index(target)
        self._edit("Remove target", lambda a: a.drop([target.id]))
        left = self.said.targets if self.said is not None else ()
        self.choose(left[min(number, len(left) - 1)].id if left else None)

    def set_note(self, note: str) -> None:
        """Note doubts about the clip."""
        self._edit("Note", lambda said: replace(said, note=note.strip()))

    def set_state(self, state: str, reason: str = "") -> None:
        """Say that the clip is done, open, or set aside (for a reason)."""
        labels = {"done": "Done", "open": "Open again", "set_aside": "Set aside"}
        self._edit(labels[state], lambda said: replace(said, state=state, reason=reason.strip()))

    def keep(self) -> None:
        """Annotate a clip all the same that was set aside before anybody saw it (for everybody)."""
        if self._facts is None:
            raise UsageError("no clip is open")
        key, said = self._facts.clip.pictures, self.said
        if not self._facts.usable:
            decide(self.folder, key, kept=True)
            clips = tuple(replace(f, kept=True) if f.clip.pictures == key else f for f in self.survey.clips)
            self._facts = replace(self._facts, kept=True)
            self.set_survey(replace(self.survey, clips=clips))
        if said is not None and said.state == "set_aside":
            self.set_state("open")
        self.changed.emit()

    @Slot(object, object)
    def found_in(self, clip: ClipIdentity, places: Mapping[str, Box]) -> None:
        """Give targets of a clip the places that were found for them; no step for undo."""
        try:
            self.store.found(clip, places)
        except RvrError as error:  # nobody waits for it, so nobody else can tell
            self.failed.emit(error)
        self.changed.emit()

    def undo(self) -> str | None:
        """Take the last edit back, of whichever clip it was."""
        label = self.store.undo()
        self.changed.emit()
        return label

    def redo(self) -> str | None:
        """Do it again."""
        label = self.store.redo()
        self.changed.emit()
        return label

    def _need(self) -> tuple[ClipAnnotation, Ground]:
        said = self.said
        if said is None or self._ground is None:
            raise UsageError("no clip is open", remedy="Choose a clip in the list.")
        return said, self._ground

    def _need_chosen(self) -> VafTarget:
        self._need()
        chosen = self.chosen
        if chosen is None:
            raise UsageError("no target is chosen", remedy="Click a subject, or go to a target with Up or Down.")
        return chosen

    def _put(self, label: str, target: VafTarget, *, merge: str | None = None) -> None:
        self._edit(label, lambda said: said.put(target), merge=merge)

    def _edit(self, label: str, change: Change, *, merge: str | None = None) -> None:
        said, _ = self._need()
        self.store.edit(said.clip, change, label=label, merge=merge)
        self.edited.emit(label)
        self.changed.emit()


def _named(target: VafTarget, name: str) -> VafTarget:
    return replace(target, subject=name)
