"""The actions that open the annotation window, which has actions of its own."""

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
        Action(
            "my_data_set",
            "Open My Data Set…",
            "Focus",
            (),
            "always",
            section=12,
            submenu="Suggestions",
            words="learn decisions look review delete annotate",
        ),
    ),
)
