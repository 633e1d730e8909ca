"""Over the picture: the subject that a suggestion points at, and fainter the runner-up."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import to_rect
from rvr_laaf_app.ui.viewer.marks import outline, tag
from rvr_laaf_app.ui.viewer.picture_view import PictureView


@dataclass(frozen=True, slots=True)
class Ghost:
    """A suggested subject at the shown frame, what to call it, and where the runner-up is (None: there is none)."""

    box: Box
    label: str
    runner_up: Box | None = None
    runner_up_label: str = ""


class GhostMark(QWidget):
    """Lies over a picture view, lets the mouse through, and draws at most one ghost."""

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self.setObjectName("ghost_mark")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._picture = picture
        self._ghost: Ghost | None = None
        picture.resized.connect(self._fit)
        self._fit()
        self.show()

    @property
    def ghost(self) -> Ghost | None:
        """What is shown."""
        return self._ghost

    def set_ghost(self, ghost: Ghost | None) -> None:
        """Show this ghost."""
        if ghost != self._ghost:
            self._ghost = ghost
            self.update()

    @Slot()
    def _fit(self) -> None:
        self.setGeometry(self._picture.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the boxes with their names."""
        ghost, visible = self._ghost, self._picture.visible_rect()
        if ghost is None or visible.isEmpty():
            return
        shown = self._picture.shown_rect()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(visible)
        if ghost.runner_up is not None:
            rect, quiet = to_rect(shown, ghost.runner_up), theme.DARK.color("text")
            outline(painter, rect, quiet, dashed=True)
            tag(painter, visible, rect, ghost.runner_up_label, quiet)
        rect, colour = to_rect(shown, ghost.box), theme.DARK.color("accent")
        outline(painter, rect, colour, dashed=True)
        tag(painter, visible, rect, ghost.label, colour)
        painter.end()
