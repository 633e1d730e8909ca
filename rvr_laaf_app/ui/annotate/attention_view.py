"""Where people look: laid over the picture, or beside it on the darkened frame."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF, Qt, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import letterbox
from rvr_laaf_app.ui.viewer.picture_view import PictureView

_MARGIN = 8


class AttentionOverlay(QWidget):
    """Lies over a picture view, lets the mouse through, and draws a map."""

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self.setObjectName("attention_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._picture = picture
        self._heat: QImage | None = None
        picture.resized.connect(self._fit)
        self._fit()
        self.hide()

    def set_heat(self, heat: QImage | None) -> None:
        """Show a map; None: none."""
        self._heat = heat
        self.setVisible(heat is not None)
        self.update()

    @Slot()
    def _fit(self) -> None:
        self.setGeometry(self._picture.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the map where the picture is."""
        if self._heat is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipRect(self._picture.visible_rect())
        painter.drawImage(self._picture.shown_rect(), self._heat)
        painter.end()


class AttentionBeside(QWidget):
    """The same frame, dark, with the map on it and a word on where the map comes from."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attention_beside")
        self.setAccessibleName(self.tr("Where people look"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self._image, self._heat, self._text = QImage(), QImage(), ""

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
