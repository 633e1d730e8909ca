"""Projects on the command line: which of their clips is meant, and that saving one keeps the others."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.cli.options import clip_with_pictures
from rvr_laaf_app.core.errors import ProjectError, UsageError
from rvr_laaf_app.document.production import Production
from rvr_laaf_app.document.project import ClipRef, Project

if TYPE_CHECKING:
    from rvr_laaf_app.document.store import Stamp
    from rvr_laaf_app.media.probe import ClipInfo


@dataclass(frozen=True, slots=True)
class ChosenClip:
    """One clip of a project, or a bare clip as a project of its own. stamp: of the project's file, None without one."""

    production: Production
    info: ClipInfo
    stamp: Stamp | None = None

    @property
    def project(self) -> Project:
        """What was decided about the clip."""
        return self.production.project

    def with_project(self, project: Project) -> Production:
        """Return all clips, this one with another value."""
        return self.production.edited(self.production.shown, lambda _: project)


def add_clip_argument(parser: argparse.ArgumentParser) -> None:
    """Declare --clip."""
    parser.add_argument(
        "--clip",
        dest="clip_name",
        metavar="NAME",
        help="which clip of a project with several: its name or number (default: the one shown last)",
    )


def choose_clip(path: str, name: str | None, *, quiet: bool = False) -> ChosenClip:
    """Open a project, or a bare clip; an error if the chosen clip is missing or is another one by now."""
    stamp = None
    if Path(path).suffix.lower() == ".rvr":
        from rvr_laaf_app.document.store import read_project

        loaded = read_project(Path(path))
        production, stamp = _chosen(loaded.production, path, name, quiet=quiet), loaded.stamp
    elif name is not None:
        raise UsageError("--clip chooses among the clips of a project", where=path, remedy="Leave --clip out.")
    else:
        production = Production.of(Project(clip=ClipRef(path)))
    clip = production.project.clip
    if clip is None:
        raise ProjectError("the project has no clip yet", where=path, remedy="Open it in the window.")
    info = clip_with_pictures(clip.path)
    if clip.fingerprint not in ("", info.fingerprint):
        raise ProjectError(
            "this is not the clip that the project was made with",
            where=info.path,
            remedy="Open the project in the window and choose where its clip is now.",
        )
    return ChosenClip(production, info, stamp)


def _chosen(production: Production, path: str, name: str | None, *, quiet: bool) -> Production:
    """Return the production with the clip shown that is meant."""
    if name is None:
        if len(production.clips) > 1 and not quiet:
            entry = production.entry(production.shown)
            title = entry.title if entry is not None else ""
            print(f"note: of {len(production.clips)} clips this is {title!r}; --clip chooses another", file=sys.stderr)
        return production
    try:
        return replace(production, shown=production.named(name).id)
    except UsageError as error:
        raise UsageError(error.what, where=path, remedy=error.remedy) from None
