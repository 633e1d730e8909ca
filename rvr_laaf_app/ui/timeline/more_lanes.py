"""The lanes besides the fixed ones, from top to bottom. Each is a class of its own: see lane.Lane."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.ui.timeline.lane import Lane
from rvr_laaf_app.ui.timeline.lens_lane import LensLane
from rvr_laaf_app.ui.timeline.suggestion_lane import SuggestionLane

MORE: Final[tuple[type[Lane], ...]] = (SuggestionLane, LensLane)
