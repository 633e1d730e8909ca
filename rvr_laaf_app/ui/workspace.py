"""Where an open clip is edited: picture and transport in the middle; timeline and inspector, which docks take in."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from rvr_laaf_app.ui.panels.inspector import Inspector
from rvr_laaf_app.ui.panels.transport import Transport
from rvr_laaf_app.ui.timeline.timeline_view import TimelineView
from rvr_laaf_app.ui.viewer.missing_clip import MissingClip
from rvr_laaf_app.ui.viewer.picture_view import PictureView


class Workspace(QWidget):
    """Holds the four parts of the editor. It connects nothing."""

    def __init__(
        self, actions: Mapping[str, QAction], trackers: tuple[str, ...], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("workspace")
        self.picture = PictureView(self)
        self.missing = MissingClip(self.picture)
        self.missing.find_requested.connect(actions["relink"].trigger)
        self.transport = Transport(actions, self)
        self.inspector = Inspector(trackers, self)
        self.timeline = TimelineView(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.picture, 1)
        rule = QFrame(self)
        rule.setProperty("role", "rule")
        column.addWidget(rule)
        column.addWidget(self.transport)
