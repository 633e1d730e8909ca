"""The line above the pages: which folder, which page, who annotates, how far it is and how fast it goes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from rvr_laaf_app.annotation.work import ClipFacts
from rvr_laaf_app.ui import theme

_TAB_PX = 30


class Head(QFrame):
    """Shows what it is given; says which page was asked for."""

    page_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_head")
        self.setProperty("role", "panel")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        self.setFixedHeight(44)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self.tabs: dict[str, QToolButton] = {}
        pages = (("annotate", self.tr("Annotate")), ("agreement", self.tr("Agreement")), ("data", self.tr("Data Set")))
        for name, text in pages:
            self.tabs[name] = self._tab(name, text)
            row.addWidget(self.tabs[name])
        row.addSpacing(24)
        self.folder = QLabel(self)
        self.folder.setObjectName("head_folder")
        self.folder.setProperty("role", "quiet")
        self.folder.setMinimumWidth(40)
        self._folder_text = ""
        row.addWidget(self.folder, 1)
        self.annotator = self._fact("head_annotator")
        self.count = self._fact("head_count")
        self.rate = self._fact("head_rate")
        for label in (self.annotator, self.count, self.rate):
            row.addSpacing(24)
            row.addWidget(label)

    def _tab(self, name: str, text: str) -> QToolButton:
        tab = QToolButton(self)
        tab.setObjectName(f"tab_{name}")
        tab.setProperty("role", "segment")
        tab.setText(text)
        tab.setCheckable(True)
        tab.setFixedHeight(_TAB_PX)
        tab.setChecked(name == "annotate")
        tab.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tab.clicked.connect(lambda: self.page_asked.emit(name))
        self._group.addButton(tab)
        return tab

    def _fact(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setFont(theme.tabular_font())
        return label

    def show_page(self, name: str) -> None:
        """Mark the page that is shown."""
        self.tabs[name].setChecked(True)

    def show_folder(self, folder: str, annotator: str) -> None:
        """Say which folder is open and who annotates."""
        self._folder_text = folder
        self.folder.setToolTip(folder)
        self.annotator.setText(self.tr("as {0}").replace("{0}", annotator) if annotator else "")
        self._elide()
        if not folder:
            self.count.clear()
            self.rate.clear()

    def show_counts(self, clips: Sequence[ClipFacts], states: Sequence[str], rate: float | None) -> None:
        """Say how many clips are done and how many targets are set in a minute."""
        usable = sum(state != "aside" for state in states)
        done = sum(state == "done" for state in states)
        self.count.setText(self.tr("{0} of {1} done").replace("{0}", str(done)).replace("{1}", str(usable)))
        self.count.setToolTip(self.tr("{0} clips").replace("{0}", str(len(clips))))
        text = self.tr("{0} targets a minute").replace("{0}", f"{rate:.1f}") if rate is not None else ""
        self.rate.setText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the folder to its room."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = self.folder.fontMetrics()
        self.folder.setText(metrics.elidedText(self._folder_text, Qt.TextElideMode.ElideLeft, self.folder.width()))
