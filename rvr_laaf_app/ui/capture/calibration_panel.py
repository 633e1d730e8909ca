"""The calibration assistant: what to put before the lens, the sweep over it, and how well the model fits."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.capture import parts
from rvr_laaf_app.ui.capture.steps_panel import StepsPanel


@dataclass(frozen=True, slots=True)
class CalibrationProgress:
    """How far it is. text: what is being done; problem: it came to nothing, and text says why."""

    running: bool = False
    done: int = 0
    total: int | None = None
    text: str = ""
    problem: bool = False


class FitPicture(QWidget):
    """A picture that keeps its shape in the width it has; a click asks for it at its own size."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fit_picture")
        self.setAccessibleName(self.tr("Picture of the fit"))
        self.setToolTip(self.tr("Show it large"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.image = QImage()
        self.hide()

    def show_image(self, image: QImage) -> None:
        """Show a picture; a null one hides the widget."""
        self.image = image
        self.setVisible(not image.isNull())
        self.setFixedHeight(self.heightForWidth(self.width()))
        self.update()

    def heightForWidth(self, width: int) -> int:
        """Return the height that keeps the shape."""
        return 0 if self.image.isNull() else max(1, width * self.image.height() // max(self.image.width(), 1))

    def sizeHint(self) -> QSize:
        """Return a size that fits the panel."""
        return QSize(280, self.heightForWidth(280))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask for it at its own size."""
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for it at its own size with Return or space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keys are here."""
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture over the whole widget."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme.DARK.color("surround"))
        if not self.image.isNull():
            painter.drawImage(QRectF(self.rect()), self.image)
        if self.hasFocus():
            painter.setPen(theme.DARK.color("accent"))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()


class CalibrationPanel(QWidget):
    """Leads through a calibration in three steps; shows what it is given."""

    calibrate_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("calibration_panel")
        self._running = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.steps = StepsPanel(self)
        column.addWidget(self.steps)
        column.addWidget(parts.label(self, "calibration_heading", self.tr("CALIBRATION"), "heading"))
        self.known = parts.label(self, "calibration_known", "", "", wrap=True)
        column.addWidget(self.known)
        steps = (
            self.tr("Put something flat and full of detail, a page of print or a poster, so that it fills the frame."),
            self.tr("Fix camera and light: nothing may move. Use the aperture that you will work with."),
            self.tr("Start. The lens goes through its whole range; blur and breathing are measured at each step."),
        )
        for place, text in enumerate(steps, start=1):
            mark = parts.label(self, "", str(place), "step")
            mark.setFixedWidth(18)
            mark.setAlignment(Qt.AlignmentFlag.AlignTop)
            body = parts.label(self, "", text, "quiet", wrap=True)
            row = parts.line(mark, spacing=4)
            row.addWidget(body, 1)
            column.addLayout(row)
        column.addLayout(self._fields())
        self.start = parts.button(self, "calibrate", self.tr("Calibrate"), role="primary")
        self.start.clicked.connect(self._clicked)
        column.addWidget(self.start)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("calibration_bar")
        self.bar.setAccessibleName(self.tr("Progress of the calibration"))
        self.bar.setTextVisible(False)
        column.addWidget(self.bar)
        self.state = parts.label(self, "calibration_state", "", "", wrap=True)
        column.addWidget(self.state)
        self.fit = FitPicture(self)
        self.fit.clicked.connect(self._show_large)
        self._large: QLabel | None = None
        column.addWidget(self.fit)
        self.show_progress(CalibrationProgress(), can=False)

    def _fields(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        self.step = parts.number(self, "calibration_step", self.tr("Steps between pictures"), low=1, high=10_000)
        self.step.setValue(50)
        title = QLabel(self.tr("Steps between pictures"), self)
        title.setBuddy(self.step)
        grid.addWidget(title, 0, 0)
        grid.addWidget(self.step, 0, 1, Qt.AlignmentFlag.AlignRight)
        return grid

    def show_known(self, text: str) -> None:
        """Say what is known of this camera and lens already."""
        self.known.setText(text)

    def show_progress(self, progress: CalibrationProgress, *, can: bool) -> None:
        """Show how far it is; can: it could be begun."""
        self._running = progress.running
        self.start.setText(self.tr("Stop") if progress.running else self.tr("Calibrate"))
        parts.set_role(self.start, "" if progress.running else "primary")
        self.start.setEnabled(can or progress.running)
        self.step.setEnabled(not progress.running)
        self.bar.setVisible(progress.running)
        self.bar.setRange(0, progress.total or 0)
        self.bar.setValue(progress.done)
        self.state.setText(progress.text)
        self.state.setVisible(bool(progress.text))
        parts.set_role(self.state, "problem" if progress.problem else "")

    @Slot()
    def _show_large(self) -> None:
        """Show the picture of the fit in a window of its own."""
        if self._large is None:
            self._large = QLabel(self, Qt.WindowType.Window)
            self._large.setObjectName("fit_window")
            self._large.setWindowTitle(self.tr("Calibration"))
        self._large.setPixmap(QPixmap.fromImage(self.fit.image))
        self._large.setFixedSize(self.fit.image.size())
        self._large.show()

    @Slot()
    def _clicked(self) -> None:
        if self._running:
            self.stop_wanted.emit()
        else:
            self.calibrate_wanted.emit()
