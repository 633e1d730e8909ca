"""Actions that exchange focus with other programs: targets and focus curve to files and back, depth as pictures."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

_PROGRAMS = "interchange exchange json otio opentimelineio csv after effects nuke usd camera fcpxml final cut markers"


def _exchange(name: str, text: str, key: str, needs: str, words: str) -> Action:
    keys = (key,) if key else ()
    return Action(name, text, "File", keys, needs, section=34, submenu="Other Programs", words=words)


TABLE: Final = Table(
    actions=(
        _exchange("export_focus", "Export Focus…", "Ctrl+Alt+E", "clip", f"{_PROGRAMS} keyframes curve targets"),
        _exchange("import_focus", "Import Focus…", "Ctrl+Alt+I", "clip", f"{_PROGRAMS} read targets back"),
        _exchange("export_depth", "Export Depth…", "", "analysis", "disparity exr png ffv1 z channel pass compositing"),
        _exchange("export_matte", "Export Focus Matte…", "", "analysis", "mask roto sharp png compositing"),
    )
)
