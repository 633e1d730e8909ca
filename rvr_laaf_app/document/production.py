"""Several clips in one project, as an immutable value: each has its own timeline (a Project), one of them is shown.

Edits of one clip are functions Project -> Project, lifted by `edited`; what concerns the list of clips is here. It
reads no files and knows nothing of undo.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.limits import check_text
from rvr_laaf_app.document.project import Project

MAX_CLIPS = 2000
MAX_NAME = 1000
FIRST_ID = "c1"
_NOTHING = Project()


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """One clip of the production: what was decided about it, under an id that it keeps. name "": that of its file."""

    id: str
    project: Project
    name: str = ""

    @property
    def title(self) -> str:
        """The name to show: what the user called it, or its file's name."""
        if self.name:
            return self.name
        return PurePath(self.project.clip.path).name if self.project.clip is not None else self.id


@dataclass(frozen=True, slots=True)
class Production:
    """All clips in the order of the list. Compared by content; which clip is shown is no content.

    shown: id of the clip on screen, "" if and only if there is none. metadata: fields of newer versions, as JSON text.
    """

    clips: tuple[ClipEntry, ...] = ()
    shown: str = field(default="", compare=False)
    metadata: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not any(c.id == self.shown for c in self.clips):
            object.__setattr__(self, "shown", self.clips[0].id if self.clips else "")

    @classmethod
    def of(cls, work: Project | Production) -> Production:
        """Return a production of one clip; a production as it is."""
        return work if isinstance(work, Production) else cls((ClipEntry(FIRST_ID, work),), FIRST_ID)

    @property
    def project(self) -> Project:
        """What was decided about the shown clip; an empty project if there is no clip."""
        entry = self.entry(self.shown)
        return _NOTHING if entry is None else entry.project

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in the order of the list."""
        return tuple(c.id for c in self.clips)

    def entry(self, clip_id: str) -> ClipEntry | None:
        """Return the clip with this id, or None."""
        return next((c for c in self.clips if c.id == clip_id), None)

    def named(self, name: str) -> ClipEntry:
        """Return the clip that the user means: by title, file name with or without ending, id, or number from 1."""
        for key in (lambda c: c.title, _file_name, lambda c: PurePath(_file_name(c)).stem, lambda c: c.id):
            found = [c for c in self.clips if key(c) == name]
            if len(found) > 1:
                numbers = ", ".join(str(n) for n, c in enumerate(self.clips, start=1) if c in found)
                raise UsageError(f"several clips are called {name!r}", remedy=f"Give the number of one: {numbers}.")
            if found:
                return found[0]
        if name.isascii() and name.isdigit() and 1 <= int(name[:9]) <= len(self.clips):
            return self.clips[int(name[:9]) - 1]
        titles = ", ".join(repr(c.title) for c in self.clips[:20])
        raise UsageError(f"the project has no clip {name!r}", remedy=f"It has {titles}." if titles else "It is empty.")

    def showing(self, clip_id: str) -> Production:
        """Return the same work with another clip shown; itself if that is so already or there is no such clip."""
        if clip_id == self.shown or self.entry(clip_id) is None:
            return self
        return replace(self, shown=clip_id)

    def edited(self, clip_id: str, edit: Callable[[Project], Project]) -> Production:
        """Apply an edit to one clip; itself if that changes nothing or there is no such clip.

        With no clips at all (clip_id "") the edit begins the first one.
        """
        if not self.clips and clip_id == "":
            project = edit(_NOTHING)
            return self if project == _NOTHING else replace(Production.of(project), metadata=self.metadata)
        entry = self.entry(clip_id)
        if entry is None:
            return self
        project = edit(entry.project)
        return self if project is entry.project else self._with(replace(entry, project=project))

    def _with(self, entry: ClipEntry) -> Production:
        return replace(self, clips=tuple(entry if c.id == entry.id else c for c in self.clips))


def _file_name(entry: ClipEntry) -> str:
    return PurePath(entry.project.clip.path).name if entry.project.clip is not None else ""


def new_clip_id(production: Production) -> str:
    """Return an id that no clip ever had, so that late results find nothing of a former one."""
    taken = set(production.ids)
    while (made := f"c{secrets.token_hex(4)}") in taken:
        pass
    return made


def add_clips(
    production: Production, entries: Iterable[ClipEntry], *, before: str | None = None, show: bool = True
) -> Production:
    """Put clips into the list, at the end or in front of the clip `before`; their ids must be new.

    show: the first of them is shown.
    """
    added = tuple(entries)
    if not added:
        return production
    for number, entry in enumerate(added):
        if production.entry(entry.id) is not None or any(entry.id == e.id for e in added[:number]):
            raise UsageError(f"there is already a clip {entry.id!r}")
        _check(entry)
    if len(production.clips) + len(added) > MAX_CLIPS:
        raise UsageError(f"a project holds at most {MAX_CLIPS} clips", remedy="Begin another project.")
    kept = tuple(c for c in production.clips if c.project != _NOTHING or c.name)  # an empty one was only a beginning
    at = next((n for n, c in enumerate(kept) if c.id == before), len(kept))
    shown = added[0].id if show else production.shown
    return replace(production, clips=(*kept[:at], *added, *kept[at:]), shown=shown)


def remove_clips(production: Production, clip_ids: Iterable[str]) -> Production:
    """Take clips and what was decided about them out. If the shown one goes, its neighbour is shown."""
    gone = set(clip_ids)
    for clip_id in gone:
        _entry(production, clip_id)
    kept = tuple(c for c in production.clips if c.id not in gone)
    return production if not gone else replace(production, clips=kept, shown=neighbour(production, gone))


def move_clips(production: Production, clip_ids: Iterable[str], *, before: str | None) -> Production:
    """Move clips, in the order of the list, in front of the clip `before` (None: to the end)."""
    wanted = set(clip_ids)
    for clip_id in wanted:
        _entry(production, clip_id)
    moved = [c for c in production.clips if c.id in wanted]
    others = [c for c in production.clips if c.id not in wanted]
    if before in wanted:  # in front of itself: in front of what follows
        after = production.clips[production.ids.index(before) :]
        before = next((c.id for c in after if c.id not in wanted), None)
    at = next((n for n, c in enumerate(others) if c.id == before), len(others))
    clips = (*others[:at], *moved, *others[at:])
    return production if clips == production.clips else replace(production, clips=clips)


def rename_clip(production: Production, clip_id: str, name: str) -> Production:
    """Call a clip otherwise than its file; "" = by its file again."""
    entry = _entry(production, clip_id)
    renamed = replace(entry, name=name.strip())
    _check(renamed)
    if renamed == entry:
        return production
    return replace(production, clips=tuple(renamed if c.id == clip_id else c for c in production.clips))


def neighbour(production: Production, gone: set[str]) -> str:
    """Return the clip to show when some go: the shown one, else the next that stays, else the one before it."""
    ids = production.ids
    if production.shown not in gone:
        return production.shown
    at = ids.index(production.shown)
    return next((i for i in (*ids[at:], *reversed(ids[:at])) if i not in gone), "")


def clip_concerned(old: Production, new: Production) -> str:
    """Return the clip of `new` on which the difference to `old` is seen, for undo; the one shown in `old` if it can be.

    That is a clip that is new or was edited; if the shown one is among them, it stays.
    """
    before = {c.id: c.project for c in old.clips}
    changed = [c.id for c in new.clips if before.get(c.id) is not c.project and before.get(c.id) != c.project]
    if not changed or old.shown in changed:
        return old.shown if new.entry(old.shown) is not None else neighbour(old, set(old.ids) - set(new.ids))
    return changed[0]


def _entry(production: Production, clip_id: str) -> ClipEntry:
    found = production.entry(clip_id)
    if found is None:
        raise UsageError(f"there is no clip {clip_id!r}")
    return found


def check_entry(entry: ClipEntry) -> None:
    """Raise ValueError if the id or the name of a clip is not a possible one."""
    check_text("id", entry.id, MAX_NAME)
    check_text("name", entry.name, MAX_NAME)
    if not entry.id:
        raise ValueError("id must not be empty")


def _check(entry: ClipEntry) -> None:
    try:
        check_entry(entry)
    except ValueError as error:
        raise UsageError(str(error)) from error
