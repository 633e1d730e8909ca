"""How the focus ruler is drawn: sharpness above, the lens's way in the middle, the bracket below."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.capture.ruler_state import RulerScale, RulerState

BELOW_PX: Final = 60.0  # of the rail: labels and bracket
RAIL_PX: Final = 6.0
_TOP: Final = 22.0
_DOT: Final = 4.0
_FLAG: Final = 15.0


def rail_y(area: QRectF) -> float:
    """Return the middle of the rail on which the lens stands."""
    return area.bottom() - BELOW_PX


def draw_ruler(painter: QPainter, area: QRectF, state: RulerState, *, focused: bool) -> None:
    """Draw everything."""
    scale = RulerScale.of(state, area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    _draw_curve_area(painter, area, state, scale)
    _draw_rail(painter, area, state, scale)
    _draw_bracket(painter, area, state, scale)
    _draw_steps(painter, area, state, scale)
    _draw_marks(painter, area, state, scale)
    _draw_needle(painter, area, state, scale, focused=focused)


def _colour(role: str, alpha: int = 255) -> QColor:
    colour = theme.DARK.color(role)
    colour.setAlpha(alpha)
    return colour


def height_y(area: QRectF, height: float) -> float:
    """Return where a sharpness of 0..1 lies in the part above the rail."""
    bottom, top = rail_y(area) - 10, area.top() + _TOP
    return bottom - height * (bottom - top)


def _draw_curve_area(painter: QPainter, area: QRectF, state: RulerState, scale: RulerScale) -> None:
    base = round(height_y(area, 0.0)) + 0.5
    painter.setPen(QPen(_colour("hairline"), 1))
    painter.drawLine(QLineF(scale.left, base, scale.left + scale.width, base))
    if len(state.curve) < 2:
        text = QCoreApplication.translate("FocusRuler", "Sharpness at each lens position appears as the lens moves")
        if not state.curve and not state.steps:
            painter.setPen(_colour("text_quiet"))
            room = QRectF(scale.left, area.top() + _TOP, scale.width, base - area.top() - _TOP)
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        return
    points = [QPointF(scale.x(p), height_y(area, h)) for p, h in state.curve]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_colour("subject_a", 34))
    painter.drawPolygon(QPolygonF([QPointF(points[0].x(), base), *points, QPointF(points[-1].x(), base)]))
    painter.setPen(QPen(_colour("subject_a", 210), 1.5))
    painter.drawPolyline(QPolygonF(points))


def _draw_rail(painter: QPainter, area: QRectF, state: RulerState, scale: RulerScale) -> None:
    y = rail_y(area)
    rail = QRectF(scale.left, y - RAIL_PX / 2, scale.width, RAIL_PX)
    painter.setPen(QPen(_colour("control_edge"), 1))
    painter.setBrush(_colour("surround"))
    painter.drawRoundedRect(rail, 3, 3)
    if state.limits is None:  # open ends: nobody knows yet how far the lens goes
        pen = QPen(_colour("control_edge"), 1)
        pen.setDashPattern([2, 3])
        painter.setPen(pen)
        painter.drawLine(QLineF(area.left() + 4, y, scale.left, y))
        painter.drawLine(QLineF(scale.left + scale.width, y, area.right() - 4, y))
    if state.near is not None and state.far is not None:
        ends = sorted((scale.x(state.near), scale.x(state.far)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_colour("accent_dim"))
        painter.drawRect(QRectF(ends[0], rail.top() + 1, max(ends[1] - ends[0], 2), RAIL_PX - 2))
    labelled, fine = scale.ticks()
    metrics = QFontMetricsF(painter.font())
    for positions, length, role in ((fine, 4, "hairline"), (labelled, 7, "control_edge")):
        painter.setPen(QPen(_colour(role), 1))
        painter.drawLines(
            [QLineF(round(scale.x(p)) + 0.5, y + 6, round(scale.x(p)) + 0.5, y + 6 + length) for p in positions]
        )
    painter.setPen(_colour("text_quiet"))
    ends_px = _draw_ends(painter, area, scale, y, metrics)
    for position in labelled:
        text = str(position)
        width = metrics.horizontalAdvance(text)
        left = scale.x(position) - width / 2
        if left > ends_px[0] + 6 and left + width < ends_px[1] - 6:
            painter.drawText(QPointF(left, y + 26), text)


def _draw_ends(
    painter: QPainter, area: QRectF, scale: RulerScale, y: float, metrics: QFontMetricsF
) -> tuple[float, float]:
    """Write "near" and "far" under the ends; return the x between which there is room for numbers."""
    near, far = (QCoreApplication.translate("FocusRuler", text) for text in ("near", "far"))
    left = area.left() + 8
    right = area.right() - 8 - metrics.horizontalAdvance(far)
    painter.drawText(QPointF(left, y + 26), near)
    painter.drawText(QPointF(right, y + 26), far)
    return left + metrics.horizontalAdvance(near), right


def _draw_bracket(painter: QPainter, area: QRectF, state: RulerState, scale: RulerScale) -> None:
    y = rail_y(area) + 36
    taken = set(state.taken)
    rest = [p for p in state.planned if p not in taken]
    painter.setPen(QPen(_colour("accent", 190 if state.taken else 120), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    thin = len(state.planned) > 1 and scale.width / max(len(state.planned), 1) < 7
    for position in rest:
        x = round(scale.x(position)) + 0.5
        if thin:
            painter.drawLine(QLineF(x, y, x, y + 10))
        else:
            painter.drawRoundedRect(QRectF(x - 2.5, y, 5, 10), 1, 1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_colour("in_focus"))
    for position in state.taken:
        painter.drawRoundedRect(QRectF(round(scale.x(position)) - 2, y, 2 if thin else 5, 11), 1, 1)


def _draw_steps(painter: QPainter, area: QRectF, state: RulerState, scale: RulerScale) -> None:
    """Draw the looks of the last autofocus run in their order, joined and numbered; the answer is a green ring."""
    places = [QPointF(scale.x(s.position), height_y(area, _height(state, n))) for n, s in enumerate(state.steps)]
    if len(places) > 1:
        pen = QPen(_colour("accent", 150), 1)
        pen.setDashPattern([3, 2])
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(places))
    painter.setPen(QPen(_colour("surround"), 1))
    painter.setBrush(_colour("accent"))
    for place in places:
        painter.drawEllipse(place, _DOT, _DOT)
    _draw_numbers(painter, area, places)
    if state.found is not None:
        top = max((h for p, h in state.curve if abs(p - state.found) <= 1), default=None)
        if top is None and state.steps:
            top = _height(state, len(state.steps) - 1)
        place = QPointF(scale.x(state.found), height_y(area, top if top is not None else 0.5))
        painter.setPen(QPen(_colour("in_focus"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(place, _DOT + 3, _DOT + 3)


def _draw_numbers(painter: QPainter, area: QRectF, places: list[QPointF]) -> None:
    """Number the looks, the last first; where they crowd, earlier numbers are left out."""
    metrics = QFontMetricsF(painter.font())
    taken: list[QRectF] = []
    painter.setPen(_colour("text"))
    for number, place in reversed(list(enumerate(places, start=1))):
        text = str(number)
        width = metrics.horizontalAdvance(text)
        left = min(max(place.x() - width / 2, area.left()), area.right() - width)
        room = QRectF(left - 2, place.y() - _DOT - 3 - metrics.ascent(), width + 4, metrics.ascent())
        if not any(room.intersects(other) for other in taken):
            taken.append(room)
            painter.drawText(QPointF(left, place.y() - _DOT - 3), text)


def _height(state: RulerState, number: int) -> float:
    """Return how high a step is drawn: its own sharpness, that of the curve there, or the middle."""
    step = state.steps[number]
    if step.height is not None:
        return step.height
    near = [(abs(p - step.position), h) for p, h in state.curve]
    return min(near)[1] if near and min(near)[0] <= 2 else 0.5


def _draw_marks(painter: QPainter, area: QRectF, state: RulerState, scale: RulerScale) -> None:
    y = rail_y(area)
    for name, position in (("A", state.mark_a), ("B", state.mark_b)):
        if position is None:
            continue
        x = round(scale.x(position)) + 0.5
        painter.setPen(QPen(_colour("text"), 1))
        painter.drawLine(QLineF(x, y - 16, x, y + 5))
        flag = mark_flag(area, scale, position)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_colour("text"))
        painter.drawRoundedRect(flag, 2, 2)
        painter.setPen(_colour("surround"))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, name)


def mark_flag(area: QRectF, scale: RulerScale, position: int) -> QRectF:
    """Return the flag by which a mark can be taken hold of."""
    return QRectF(round(scale.x(position)) - 0.5, rail_y(area) - 16 - _FLAG / 2, _FLAG, _FLAG)


def _draw_needle(painter: QPainter, area: QRectF, state: RulerState, scale: RulerScale, *, focused: bool) -> None:
    """Draw where the lens stands, with what looks sharp there."""
    if state.position is None:
        return
    x, y = scale.x(state.position), rail_y(area)
    if state.sharp_span > 0:
        half = max(abs(scale.x(state.position + state.sharp_span / 2) - x), 1.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_colour("in_focus", 46))
        painter.drawRect(QRectF(x - half, area.top() + _TOP, 2 * half, y - area.top() - _TOP))
        painter.setBrush(_colour("in_focus"))
        painter.drawRect(QRectF(x - half, y - RAIL_PX / 2 + 1, 2 * half, RAIL_PX - 2))
    painter.setPen(QPen(_colour("text_strong"), 1.5))
    painter.drawLine(QLineF(x, area.top() + _TOP - 2, x, y))
    text = str(state.position)
    painter.setFont(theme.tabular_font(theme.TEXT_PX, bold=True))
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 12
    plate = QRectF(min(max(x - width / 2, area.left() + 2), area.right() - width - 2), area.top() + 2, width, 18)
    painter.setPen(QPen(_colour("accent"), 1) if focused else Qt.PenStyle.NoPen)
    painter.setBrush(_colour("control"))
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(_colour("text_strong"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    painter.setPen(QPen(_colour("surround"), 1.5))
    painter.setBrush(_colour("text_strong" if state.movable else "text_quiet"))
    painter.drawEllipse(QPointF(x, y), 7, 7)
