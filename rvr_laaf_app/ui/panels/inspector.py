"""The column at the right: the targets and the lens, scrolling when the window is low."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from rvr_laaf_app.ui.panels.lens_panel import LensPanel
from rvr_laaf_app.ui.panels.target_panel import TargetPanel

WIDTH_PX = 288
WIDEST_PX = 460


class Inspector(QScrollArea):
    """Holds the two panels under their headings."""

    def __init__(self, trackers: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = QWidget(self)
        content.setProperty("role", "panel")
        self.targets = TargetPanel(trackers, content)
        self.lens = LensPanel(content)
        layout = self._column = QVBoxLayout(content)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._heading(self.tr("TARGETS"), content))
        layout.addWidget(self.targets)
        rule = QFrame(content)
        rule.setProperty("role", "rule")
        layout.addSpacing(4)
        layout.addWidget(rule)
        layout.addSpacing(4)
        layout.addWidget(self._heading(self.tr("LENS"), content))
        layout.addWidget(self.lens)
        layout.addStretch(1)
        self.setWidget(content)

    def minimumSizeHint(self) -> QSize:
        """Return a width at which nothing is cut: a longer language makes the column wider."""
        needed = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(min(max(needed, WIDTH_PX), WIDEST_PX), 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what is inside when it becomes wider."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def add_below_targets(self, panel: QWidget) -> None:
        """Put a panel between the targets and the lens."""
        self._column.insertWidget(self._column.indexOf(self.targets) + 1, panel)

    def _heading(self, text: str, parent: QWidget) -> QLabel:
        label = QLabel(text, parent)
        label.setProperty("role", "heading")
        return label
