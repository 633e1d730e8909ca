"""Where an open clip is edited: picture, transport, timeline and inspector, arranged. It connects nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from rvr_laaf_app.ui.panels.inspector import Inspector
from rvr_laaf_app.ui.panels.transport import Transport
from rvr_laaf_app.ui.timeline.timeline_view import TimelineView
from rvr_laaf_app.ui.viewer.picture_view import PictureView

_PICTURE_SHARE, _TIMELINE_SHARE = 3, 1


class Workspace(QWidget):
    """Holds the four parts of the editor."""

    def __init__(
        self,
        step_actions: list[QAction],
        view_actions: list[QAction],
        trackers: tuple[str, ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("workspace")
        self.picture = PictureView(self)
        self.transport = Transport(step_actions, view_actions, self)
        self.inspector = Inspector(trackers, self)
        self.timeline = TimelineView(self)
        left = QWidget(self)
        left_column = QVBoxLayout(left)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.setSpacing(0)
        left_column.addWidget(self.picture, 1)
        left_column.addWidget(self._rule("rule"))
        left_column.addWidget(self.transport)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setObjectName("workspace_splitter")
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(left)
        splitter.addWidget(self.timeline)
        splitter.setStretchFactor(0, _PICTURE_SHARE)
        splitter.setStretchFactor(1, _TIMELINE_SHARE)
        splitter.setSizes([480, 304])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(splitter, 1)
        row.addWidget(self._rule("rule_vertical"))
        row.addWidget(self.inspector)

    def _rule(self, role: str) -> QFrame:
        rule = QFrame(self)
        rule.setProperty("role", role)
        return rule
