"""Where people look, beside the picture: the same frame, darkened, with the map on it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import letterbox

_MARGIN = 8


class AttentionBeside(QWidget):
    """The same frame, dark, with the map on it and a word on where the map comes from."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attention_beside")
        self.setAccessibleName(self.tr("Where people look"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self._image, self._heat, self._text = QImage(), QImage(), ""

    @property
    def map_is_shown(self) -> bool:
        """True when there is a map on the frame."""
        return not self._heat.isNull()

    def show_map(self, image: QImage, heat: QImage | None, text: str) -> None:
        """Show a frame with its map."""
        self._image, self._heat, self._text = image, heat or QImage(), text
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame dark and grey, and the map on it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.DARK.color("surround"))
        if not self._image.isNull():
            room = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            shown = letterbox(room, QSizeF(self._image.size()))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(shown, self._image)
            painter.fillRect(shown, QColor(0, 0, 0, 150))
            painter.drawImage(shown, self._heat)
            painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
            painter.setPen(theme.DARK.color("text"))
            painter.drawText(shown.adjusted(8, 6, -8, -6), int(Qt.AlignmentFlag.AlignBottom), self._text)
        painter.end()
