"""The About window: the program's version, and what it is built with, versions and licences included."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app import __version__
from rvr_laaf_app.app.credits import PARTS, system_text, version_of, weights


class About(QDialog):
    """Texts that can be selected and copied: they are what a report of a fault needs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle(self.tr("About RVR-LAAF"))
        self.setModal(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(self._text("RVR-LAAF", "title"))
        layout.addWidget(self._text(self.tr("Cinema focus for video that was shot without it."), "lead"))
        layout.addWidget(self._text(self.facts, "quiet"))
        layout.addSpacing(8)
        layout.addWidget(self._text(self.tr("BUILT WITH"), "heading"))
        self.table = self._make_table()
        layout.addWidget(self.table, 1)
        copy = QPushButton(self.tr("Copy Versions"), self)
        copy.setObjectName("copy_versions")
        copy.clicked.connect(self._copy)
        close = QPushButton(self.tr("Close"), self)
        close.setObjectName("close_about")
        close.setDefault(True)
        close.clicked.connect(self.close)
        line = QHBoxLayout()
        line.addWidget(copy)
        line.addStretch(1)
        line.addWidget(close)
        layout.addLayout(line)
        self.resize(640, 600)
        close.setFocus()

    @property
    def facts(self) -> str:
        """Versions of the program, Qt, Python and the system in one line."""
        return f"{__version__}   Qt {qVersion()}, {system_text()}"

    def _text(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _make_table(self) -> QTableWidget:
        rows = [(part.name, version_of(part), part.licence) for part in PARTS]
        for network in weights():
            name, _, version = network.name.rpartition("-")
            rows.append((self.tr("Network {0}").replace("{0}", name), version, network.licence))
        table = QTableWidget(len(rows), 3, self)
        table.setObjectName("parts")
        table.setAccessibleName(self.tr("Libraries, versions and licences"))
        table.setHorizontalHeaderLabels([self.tr("Library"), self.tr("Version"), self.tr("Licence")])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)  # Tab leaves the table
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                table.setItem(row, column, item)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.horizontalHeader().setHighlightSections(False)
        return table

    @Slot()
    def _copy(self) -> None:
        lines = [f"RVR-LAAF {self.facts}", *(f"{p.name} {version_of(p)} ({p.licence})" for p in PARTS)]
        QGuiApplication.clipboard().setText("\n".join(lines))
