"""Actions of suggested targets: asking for them, walking through them, deciding on them."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _refusals(now: Situation) -> bool:
    return bool(now.session.project.refusals)


def _clip_there(now: Situation) -> bool:
    return now.session.clip is not None


def _more(name: str, text: str, key: str, needs: str, words: str = "", *, icon: str = "") -> Action:
    """Return an action of the submenu: the Focus menu must fit a low screen."""
    keys = (key,) if key else ()
    return Action(name, text, "Focus", keys, needs, section=12, submenu="Suggestions", icon=icon, words=words)


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
        Action("accept_target", "Accept Suggestion", "Focus", ("A",), "suggestion", section=12),
        Action("refuse_target", "Refuse Suggestion", "Focus", ("X",), "refusable", section=12),
        _more(
            "suggest_conversation", "Suggest Focus: Conversation", "Shift+S", "picture", "voice speakers faces mouths"
        ),
        _more("suggest_action", "Suggest Focus: Action", "", "picture", "movement enters motion"),
        _more("next_suggestion", "Next Suggestion", "U", "suggestions", icon="next_target"),
        _more("previous_suggestion", "Previous Suggestion", "Shift+U", "suggestions", icon="previous_target"),
        _more("accept_all", "Accept All Suggestions", "Shift+A", "suggestions"),
        _more("swap_suggestion", "Swap with the Runner-up", "C", "runner_up", "other second"),
        Action(
            "learn",
            "Learn from My Decisions",
            "Focus",
            (),
            "always",
            section=12,
            submenu="Suggestions",
            toggle=True,
            words="data set training local privacy",
        ),
        _more("add_to_data_set", "Add Decisions to My Data Set", "", "learnable", "learn training vaf one click"),
        _more("bring_back", "Bring Back Refused Suggestions", "", "refusals", "undo restore"),
    ),
    needs=(
        Need("picture", "Open a clip first.", _clip_there),
        Need("suggestion", "Choose a suggestion first: Next Suggestion, or a click on its diamond."),
        Need("refusable", "Choose a suggestion first that is not refused yet."),
        Need("suggestions", "Nothing is waiting: choose Suggest Focus first."),
        Need("runner_up", "Choose a suggestion that has a runner-up first."),
        Need("learnable", "Turn on Learn from My Decisions, then set a target or decide on a suggestion."),
        Need("refusals", "Nothing was refused.", _refusals),
    ),
)
