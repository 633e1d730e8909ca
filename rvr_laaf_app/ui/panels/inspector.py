"""The column at the right: the targets and the lens, scrolling when the window is low."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui.panels.lens_panel import LensPanel
from rvr_laaf_app.ui.panels.target_panel import TargetPanel

WIDTH_PX = 288
WIDEST_PX = 460
_HEADING_PX = 36


class Inspector(QScrollArea):
    """Holds the two panels under their headings."""

    def __init__(self, trackers: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = self.content = QWidget(self)
        content.setProperty("role", "panel")
        self.targets = TargetPanel(trackers, content)
        self.lens = LensPanel(content)
        layout = self._column = QVBoxLayout(content)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
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
        needed = self.content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
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


class SectionTabs(QWidget):
    """Names of the inspector's sections; a click scrolls to one, and the one that is in view is marked."""

    def __init__(
        self, inspector: Inspector, sections: list[tuple[str, QWidget]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._inspector = inspector
        self._sections = [widget for _, widget in sections]
        # Not a QButtonGroup: that is one stop of the Tab key, left by arrows, and these are the keys of the film.
        self.buttons: list[QToolButton] = []
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for number, (title, widget) in enumerate(sections):
            button = QToolButton(self)
            button.setObjectName(f"to_{widget.objectName()}")
            button.setProperty("role", "tab")
            button.setCheckable(True)
            button.setText(title)
            button.setAccessibleName(self.tr("Go to {0}").replace("{0}", title))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("number", number)
            button.clicked.connect(self._clicked)
            self.buttons.append(button)
            line.addWidget(button)
        line.addStretch(1)
        inspector.verticalScrollBar().valueChanged.connect(self._mark)
        inspector.verticalScrollBar().rangeChanged.connect(self._mark)
        self._mark()

    @Slot()
    def _clicked(self) -> None:
        number = int(self.sender().property("number"))
        top = self._top(self._sections[number]) if number else 0
        self._inspector.verticalScrollBar().setValue(top)
        self._check(number)  # also where the end of the column keeps it from the top

    def _check(self, number: int) -> None:
        for place, button in enumerate(self.buttons):
            button.setChecked(place == number)

    def _top(self, section: QWidget) -> int:
        """Return where a section begins, its heading included (px from the top of the column)."""
        return section.mapTo(self._inspector.content, QPoint(0, 0)).y() - _HEADING_PX

    @Slot()
    def _mark(self) -> None:
        """Mark the section at the top of what is seen: the first of which more than a heading is still there."""
        scrolled = self._inspector.verticalScrollBar().value()
        if not scrolled:  # also before the column is laid out, when every section begins at its top
            self._check(0)
            return
        at = scrolled + _HEADING_PX
        shown = [n for n, section in enumerate(self._sections) if not section.isHidden()]
        ends = [self._top(self._sections[n]) for n in shown[1:]]
        passed = [n for n, top in zip(shown[1:], ends, strict=True) if top <= at]
        self._check(passed[-1] if passed else 0)
