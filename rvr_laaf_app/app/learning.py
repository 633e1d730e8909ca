"""Learning from use: what the user decided on a clip becomes rows of a VAF data set of the user's own, on this machine.

Nothing happens by itself and nothing leaves the machine: it is off until it is turned on, each clip is added by the
user, and the clip itself stays where it is; the data set holds a link to it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.core.errors import ExportError, MediaError
from rvr_laaf_app.document.project import FocusTarget, Project
from rvr_laaf_app.jobs.job import Job, Progress

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.making import Ground
    from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget
    from rvr_laaf_app.document.refusal import Refusal

ANNOTATOR = "my decisions"
_ACCEPTED = "detector:"


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided on one clip. own: targets that the user set; accepted: suggestions that became targets."""

    own: tuple[FocusTarget, ...] = ()
    accepted: tuple[FocusTarget, ...] = ()
    refused: tuple[Refusal, ...] = ()

    @property
    def targets(self) -> tuple[FocusTarget, ...]:
        """All targets, by time: who learns when focus moves must not miss any."""
        return tuple(sorted((*self.own, *self.accepted), key=lambda t: t.frame))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.own) + len(self.accepted) + len(self.refused)


@dataclass(frozen=True, slots=True)
class Learned:
    """What was added. new: False if the data set knew all of it already."""

    targets: int
    refused: int
    folder: Path
    new: bool


def learning_folder() -> Path:
    """Return the folder of the user's own data set: $RVR_CONFIG_DIR/learned, else among the user's data."""
    chosen = os.environ.get("RVR_CONFIG_DIR")
    if chosen:
        return Path(chosen) / "learned"
    import platformdirs

    return Path(platformdirs.user_data_dir("rvr-laaf", appauthor=False)) / "learned"


def decisions_of(project: Project) -> Decisions:
    """Return what was decided on a clip; targets that are only suggested are not decided on."""
    counting = [t for t in project.targets if t.strength != "suggested"]
    accepted = tuple(t for t in counting if t.source.startswith(_ACCEPTED))
    return Decisions(tuple(t for t in counting if t not in accepted), accepted, project.refusals)


def learn_job(clip: Path, decisions: Decisions, folder: Path) -> Job[Learned]:
    """Add what was decided on a clip to the data set in `folder`, in the place of what is known of the clip there.

    MediaError if the clip cannot be read, ExportError if it cannot be linked, ProjectError if nothing can be written.
    """
    from rvr_laaf_app.annotation.making import Ground
    from rvr_laaf_app.annotation.store import AnnotatorStore
    from rvr_laaf_app.annotation.work import Survey, decide, looks_of, survey
    from rvr_laaf_app.media.probe import fingerprint

    file = fingerprint(clip)
    _link(clip, folder, file)
    yield Progress(0, None, "learning")
    found = Survey(())
    for step in survey(folder):
        found = step.survey
        yield Progress(step.done, step.total, "learning")
    facts = next((f for f in found.clips if f.clip.file == file), None)
    if facts is None:
        raise MediaError("its frames cannot be learned from", where=clip, remedy="Only videos with frames are used.")
    if not facts.usable:
        decide(folder, facts.clip.pictures, kept=True)  # who decided on it wants it, cuts or not
    ground = Ground(facts.table, looks_of(folder, facts))
    targets = [_target(t, ground) for t in decisions.targets if t.frame < len(ground.table)]
    refused = [_refusal(r, n, ground) for n, r in enumerate(decisions.refused) if r.frame < len(ground.table)]
    new = False
    for role, rows in (("annotator", targets), ("refused", refused)):
        with AnnotatorStore.open(folder, ANNOTATOR, role=role) as store:
            before = store.edits
            if rows or facts.clip.pictures in store.said:
                store.edit(facts.clip, partial(_replaced, rows=rows), label="learn from use", imported=True)
            new = new or store.edits != before
    return Learned(len(targets), len(refused), folder, new)


def _link(clip: Path, folder: Path, file: str) -> None:
    """Put a link to a clip into the data set, unless the clip is known there."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f"{clip.stem[:80]}-{file[:8]}{clip.suffix.lower()}"
    with contextlib.suppress(OSError):
        if link.is_symlink() and not link.exists():
            link.unlink()  # the clip was somewhere else when it was added
    if link.exists():
        return
    target = clip.absolute()
    try:
        link.symlink_to(target)
    except OSError:  # a system that allows links to its administrators only
        try:
            link.hardlink_to(target)
        except OSError as error:
            what = f"the clip cannot be linked into your data set ({error.strerror or error})"
            raise ExportError(what, where=link) from error


def _target(target: FocusTarget, ground: Ground) -> VafTarget:
    from rvr_laaf_app.annotation.making import new_target, with_limit

    reason = target.reason if target.source.startswith(_ACCEPTED) else ""
    made = new_target(ground, target.frame, target.place, reason=reason[:2000])
    made = replace(made, id=f"use-{target.id}"[:64])
    if target.hold_frames is not None:
        made = with_limit(ground, made, "hold", min(target.frame + target.hold_frames, len(ground.table) - 1))
    return made


def _refusal(refusal: Refusal, number: int, ground: Ground) -> VafTarget:
    from rvr_laaf_app.annotation.making import new_target

    return replace(new_target(ground, refusal.frame, refusal.place), id=f"refused-{refusal.frame}-{number}")


def _replaced(said: ClipAnnotation, rows: Sequence[VafTarget]) -> ClipAnnotation:
    """Return an annotation that says just this, and is done."""
    return replace(said.drop([t.id for t in said.targets]).put(*rows), state="done")
