"""Actions on the list of clips, and on what was saved of a project before."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _several(now: Situation) -> bool:
    return len(now.session.production.clips) > 1


TABLE: Final = Table(
    actions=(
        Action("add_clips", "Add Clips…", "File", ("Ctrl+I",), "always", section=12, words="import media"),
        Action("add_folder", "Add a Folder of Clips…", "File", ("Ctrl+Shift+I",), "always", section=12, words="import"),
        Action("earlier_versions", "Open an Earlier Version…", "File", (), "file", section=22, words="backup restore"),
        Action("next_clip", "Next Clip", "Clip", ("Ctrl+PgDown",), "several", section=5),
        Action("previous_clip", "Previous Clip", "Clip", ("Ctrl+PgUp",), "several", section=5),
        Action("clip_up", "Move Clip Up", "Clip", ("Ctrl+Shift+PgUp",), "several", section=5, words="order list"),
        Action("clip_down", "Move Clip Down", "Clip", ("Ctrl+Shift+PgDown",), "several", section=5, words="order list"),
        Action("rename_clip", "Rename Clip", "Clip", ("F2",), "project", section=5),
        Action("remove_clip", "Remove Clip from the Project", "Clip", ("Ctrl+Del",), "project", section=5),
        Action("analyse_others", "Analyse Other Clips Too", "Clip", (), "always", section=45, toggle=True),
    ),
    needs=(
        Need("several", "Add a second clip first.", _several),
        Need(
            "missing",
            "All clips were found: nothing to look for.",
            lambda now: bool(now.session.clips.missing(now.session.production)),
        ),
        Need("file", "Save the project first.", lambda now: now.session.path is not None),
    ),
)
