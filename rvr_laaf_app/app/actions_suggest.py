"""Actions of suggested targets: asking for them, walking through them, deciding on them."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _refusals(now: Situation) -> bool:
    return bool(now.session.project.refusals)


def _clip_there(now: Situation) -> bool:
    return now.session.clip is not None


TABLE: Final = Table(
    actions=(
        Action("lane_suggestions", "Suggestions", "View", (), section=40, toggle=True),
        Action(
            "suggest_auto",
            "Suggest Focus",
            "Focus",
            ("S",),
            "picture",
            section=12,
            words="detect automatic look ahead new focus targets speakers movement",
        ),
        Action(
            "suggest_conversation",
            "Suggest Focus: Conversation",
            "Focus",
            ("Shift+S",),
            "picture",
            section=12,
            words="voice speakers faces mouths",
        ),
        Action(
            "suggest_action",
            "Suggest Focus: Action",
            "Focus",
            (),
            "picture",
            section=12,
            words="movement enters motion",
        ),
        Action("accept_target", "Accept Suggestion", "Focus", ("A",), "suggestion", section=15),
        Action("accept_all", "Accept All Suggestions", "Focus", ("Shift+A",), "suggestions", section=15),
        Action("swap_suggestion", "Swap with the Runner-up", "Focus", ("C",), "runner_up", section=15, words="other"),
        Action("refuse_target", "Refuse Suggestion", "Focus", ("X",), "suggestion", section=15),
        Action(
            "bring_back", "Bring Back Refused Suggestions", "Focus", (), "refusals", section=15, words="undo restore"
        ),
        Action("next_suggestion", "Next Suggestion", "Focus", ("U",), "suggestions", section=15, icon="next_target"),
        Action(
            "previous_suggestion",
            "Previous Suggestion",
            "Focus",
            ("Shift+U",),
            "suggestions",
            section=15,
            icon="previous_target",
        ),
    ),
    needs=(
        Need("picture", "Open a clip first.", _clip_there),
        Need("suggestion", "Choose a suggestion first: Next Suggestion, or a click on its diamond."),
        Need("suggestions", "Nothing is waiting: choose Suggest Focus first."),
        Need("runner_up", "Choose a suggestion that has a runner-up first."),
        Need("refusals", "Nothing was refused.", _refusals),
    ),
)
