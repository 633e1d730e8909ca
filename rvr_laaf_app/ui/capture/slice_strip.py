"""The pictures of a sweep as a strip: thumbnails in the order of the lens, each with its position."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QWidget

THUMB_PX = (96, 54)
_CELL_PX = (108, 84)
_HEIGHT_PX = 104


class SliceStrip(QListWidget):
    """Shows thumbnails; `slice_chosen` tells the number of the one that the user chose, in the order shown."""

    slice_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("slice_strip")
        self.setAccessibleName(self.tr("Pictures of the sweep"))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(QSize(*THUMB_PX))
        self.setGridSize(QSize(*_CELL_PX))
        self.setUniformItemSizes(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(_HEIGHT_PX)
        self.currentRowChanged.connect(self._chosen)
        self.hide()

    def show_slices(self, positions: Sequence[int], images: Sequence[QImage | None]) -> None:
        """Show these pictures; None = not read yet. The chosen one stays chosen."""
        with QSignalBlocker(self):
            for row, (position, image) in enumerate(zip(positions, images, strict=True)):
                item = self.item(row) if row < self.count() else QListWidgetItem(self)
                if not item.text():
                    item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
                if item.text() != str(position):
                    item.setText(str(position))
                    item.setData(
                        Qt.ItemDataRole.AccessibleTextRole, self.tr("Slice at {0}").replace("{0}", str(position))
                    )
                    item.setIcon(QIcon())
                if image is not None and item.icon().isNull():
                    item.setIcon(_icon(image))
            while self.count() > len(positions):
                self.takeItem(self.count() - 1)
        self.setVisible(bool(positions))

    def choose(self, row: int) -> None:
        """Choose a slice; tells nobody."""
        with QSignalBlocker(self):
            self.setCurrentRow(row)
        if 0 <= row < self.count():
            self.scrollToItem(self.item(row))

    def newest(self) -> None:
        """Bring the last one into view."""
        if self.count():
            self.scrollToItem(self.item(self.count() - 1))

    @Slot(int)
    def _chosen(self, row: int) -> None:
        if row >= 0:
            self.slice_chosen.emit(row)


def _icon(image: QImage) -> QIcon:
    """Return a thumbnail that is not tinted when it is chosen: its colours are those of the picture."""
    pixmap = QPixmap.fromImage(image)
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
