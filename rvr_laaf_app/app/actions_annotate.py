"""The action that opens the annotation window, which has actions of its own."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Table

TABLE: Final = Table(
    actions=(
        Action(
            "annotate",
            "Annotate Focus Targets…",
            "File",
            ("Ctrl+Shift+A",),
            "always",
            section=80,
            words="data set vaf clips folder training truth annotation tool",
        ),
    ),
)
