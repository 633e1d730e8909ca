"""A small picture of what a blurred point of light looks like with the chosen aperture."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.document.project import ApertureSettings
from rvr_laaf_app.ui import theme

_RADIUS_PX = 15.0
_PLACES = (-0.82, 0.0, 0.82)  # across the picture: left, middle, right


class BokehSample(QWidget):
    """Draws three lights: at the left edge, in the middle and at the right edge of a picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bokeh_sample")
        self.setAccessibleName(self.tr("Shape of blurred lights at the left, in the middle and at the right"))
        self.setFixedHeight(56)
        self._aperture = ApertureSettings()

    def set_aperture(self, aperture: ApertureSettings) -> None:
        """Show another aperture."""
        if aperture != self._aperture:
            self._aperture = aperture
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the three lights on black."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.DARK.color("surround"))
        painter.drawRoundedRect(self.rect(), 4, 4)
        light = theme.DARK.color("text_strong")
        light.setAlphaF(0.85)
        painter.setBrush(light)
        for place in _PLACES:
            centre = QPointF(self.width() / 2 + place * (self.width() / 2 - 8), self.height() / 2)
            painter.drawPath(light_shape(self._aperture, place).translated(centre))
        painter.end()


def light_shape(aperture: ApertureSettings, place: float, radius: float = _RADIUS_PX) -> QPainterPath:
    """Return the outline of a light about (0, 0), `place` -1..1 across the picture; its area is that of the disc."""
    path = QPainterPath()
    if aperture.blades == 0:
        path.addEllipse(QPointF(0, 0), radius, radius)
    else:
        n = aperture.blades
        reach = radius * math.sqrt(math.pi / (n / 2 * math.sin(2 * math.pi / n)))
        turn = math.radians(aperture.rotation_deg) - math.pi / 2
        corners = [
            QPointF(math.cos(turn + 2 * math.pi * k / n), math.sin(turn + 2 * math.pi * k / n)) * reach
            for k in range(n)
        ]
        path.addPolygon(QPolygonF([*corners, corners[0]]))
    if aperture.cats_eye > 0:
        barrel = QPainterPath()
        shift = -place * aperture.cats_eye * radius
        barrel.addEllipse(QRectF(shift - radius * 1.1, -radius * 1.1, 2.2 * radius, 2.2 * radius))
        path = path.intersected(barrel)
    stretch = math.sqrt(aperture.squeeze)
    squeezed = QPainterPath()
    squeezed.addPolygon(QPolygonF([QPointF(p.x() * stretch, p.y() / stretch) for p in path.toFillPolygon().toList()]))
    return squeezed
