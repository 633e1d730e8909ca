"""The focal plane of every frame: targets, their tracks and the disparity of their subjects into one focus curve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CacheError, UsageError
from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.laaf.curve import FocusCurve, FocusSubject, focus_curve
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.analyse import ANALYSIS_LONG_SIDE, eight_bit
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.track.base import TRACKERS
from rvr_laaf_app.track.box import subject_box
from rvr_laaf_app.track.disparity import smooth_track_disparity, subject_disparity
from rvr_laaf_app.track.guard import follow

NO_TARGET_DISPARITY = 0.5  # a project without targets focuses on the middle of the shot's depth
