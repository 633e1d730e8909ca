"""The features of a window, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rvr_laaf_app.ui.annotate.feature import AnnotateFeature
from rvr_laaf_app.ui.capture_feature import CaptureFeature
from rvr_laaf_app.ui.clips_feature import ClipsFeature
from rvr_laaf_app.ui.depth_feature import DepthFeature
from rvr_laaf_app.ui.export_feature import ExportFeature
from rvr_laaf_app.ui.feature import Feature
from rvr_laaf_app.ui.files_feature import FilesFeature
from rvr_laaf_app.ui.focus_feature import FocusFeature
from rvr_laaf_app.ui.interchange_feature import InterchangeFeature
from rvr_laaf_app.ui.learning_feature import LearningFeature
from rvr_laaf_app.ui.lens_feature import LensFeature
from rvr_laaf_app.ui.playback.feature import PlaybackFeature
from rvr_laaf_app.ui.repair_feature import RepairFeature
from rvr_laaf_app.ui.shell_feature import ShellFeature
from rvr_laaf_app.ui.start_feature import StartFeature
from rvr_laaf_app.ui.suggest_feature import SuggestFeature

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow

FEATURES: Final[tuple[Callable[[MainWindow], Feature], ...]] = (
    ShellFeature,
    ClipsFeature,
    StartFeature,
    FilesFeature,
    DepthFeature,
    ExportFeature,
    InterchangeFeature,
    PlaybackFeature,
    FocusFeature,
    LearningFeature,  # its strip stands below the one that is made after it
    SuggestFeature,
    LensFeature,
    RepairFeature,
    AnnotateFeature,
    CaptureFeature,
)
