"""What the stack panel says of a plan, of a capture under way, of developing, and of what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rvr_laaf_app.ui.capture.stack_panel import BracketWish, StackProgress

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture_state import CaptureState
    from rvr_laaf_app.jobs.job import Progress
    from rvr_laaf_app.pipeline.capture_develop import Developed
    from rvr_laaf_app.pipeline.capture_plan import Bracket

_LITTLE_CUT = 0.97  # of the frame that is left: more is not worth a word


def _tr(text: str) -> str:
    return QCoreApplication.translate("StackPanel", text)


def plan_text(plan: Bracket, wish: BracketWish) -> str:
    """Return what a plan comes to."""
    count = len(plan.positions)
    if count > 1 and wish.way == "needed":
        return _tr("At most {0} frames; the live picture decides which").replace("{0}", str(count))
    return frames_text(plan.positions)


def frames_text(positions: Sequence[int]) -> str:
    """Return "21 frames, 40 steps apart"; nothing while there are none."""
    count = len(positions)
    if count < 2:
        return _tr("One frame") if count else ""
    gap = (max(positions) - min(positions)) / (count - 1)
    return _tr("{0} frames, {1} steps apart").replace("{0}", str(count)).replace("{1}", f"{gap:.0f}")


def under_way(state: CaptureState, taken: int, planned: int, share: float | None) -> StackProgress:
    """Return how far a capture is, and for what it waits."""
    waits = {
        "gone": _tr("Waiting for the camera to come back; what was captured is safe."),
        "card_full": _tr("Waiting for room on the card; what was captured is safe."),
        "busy": _tr("Waiting for the camera; what was captured is safe."),
    }
    if planned == 0:
        text = _tr("Looking where something is sharp")
    else:
        text = _tr("{0} of {1} captured").replace("{0}", str(taken)).replace("{1}", str(planned))
    return StackProgress(True, taken, planned or None, text, share, waits.get(state.phase, ""))


def developing(progress: Progress, share: float | None) -> StackProgress:
    """Return how far developing is."""
    names = {
        "aligning": _tr("Aligning the pictures"),
        "fusing": _tr("Putting them together"),
        "measuring depth": _tr("Measuring depth"),
        "telling near from far": _tr("Telling near from far"),
    }
    text = names.get(progress.message, _tr("Developing"))
    return StackProgress(True, progress.done, progress.total, text, share, developing=True)


def result_text(made: Developed) -> str:
    """Return what a stack came to."""
    notes = [_tr("{0} pictures, all in focus, with measured depth.").replace("{0}", str(len(made.slices)))]
    if made.common < _LITTLE_CUT:
        share = f"{made.common:.0%}"
        notes.append(_tr("{0} of the frame is seen by all of them; the rest was cut off.").replace("{0}", share))
    notes += [f"{n[:1].upper()}{n[1:]}." for n in made.notes]
    return " ".join(notes)
