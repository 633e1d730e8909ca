"""The capture window put together: camera bar, picture with what lies over it, strip, ruler, and the panels beside it.

It lays out and switches; what is shown in the parts and what their signals do is the controls' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QFontMetrics
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.capture import parts
from rvr_laaf_app.ui.capture.autofocus_panel import AutofocusPanel
from rvr_laaf_app.ui.capture.calibration_panel import CalibrationPanel
from rvr_laaf_app.ui.capture.camera_page import CameraPage
from rvr_laaf_app.ui.capture.controls_panel import ControlsPanel
from rvr_laaf_app.ui.capture.focus_ruler import FocusRuler
from rvr_laaf_app.ui.capture.histogram_view import HistogramView
from rvr_laaf_app.ui.capture.lens_panel import CaptureLensPanel
from rvr_laaf_app.ui.capture.live_overlay import LiveOverlay
from rvr_laaf_app.ui.capture.look_ahead_panel import LookAheadPanel
from rvr_laaf_app.ui.capture.result_view import ResultView
from rvr_laaf_app.ui.capture.slice_strip import SliceStrip
from rvr_laaf_app.ui.capture.stack_panel import StackPanel
from rvr_laaf_app.ui.capture.state_banner import StateBanner
from rvr_laaf_app.ui.capture.unfinished_bar import UnfinishedBar
from rvr_laaf_app.ui.panels.error_bar import ErrorBar
from rvr_laaf_app.ui.viewer.picture_view import PictureView

TABS: Final = ("focus", "stack", "camera", "calibrate", "ahead")
OVERLAYS: Final = ("camera_peaking", "camera_map", "camera_bars")
_SIDE_PX: Final = 340
_FIRST_SIZE: Final = (1480, 900)


class CaptureWindow(QWidget):
    """A window of its own beside the editor."""

    camera_chosen = Signal(str)  # "" = none
    view_chosen = Signal(str)  # "live", "result", "ahead"
    tab_chosen = Signal(str)
    closed = Signal()

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setObjectName("capture_window")
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Capture"))
        self.setMinimumSize(960, 600)
        self.resize(*_FIRST_SIZE)
        self._actions = actions
        self._make_parts()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._top())
        column.addWidget(parts.rule(self))
        column.addWidget(self.error_bar)
        column.addWidget(self.unfinished)
        self.pages = QStackedWidget(self)
        self.pages.setObjectName("capture_pages")
        self.pages.addWidget(self.page)
        self.pages.addWidget(self._work())
        column.addWidget(self.pages, 1)
        self.show_view("live")
        self.show_tab("focus")
        self.show_working(False)
        for action in actions.values():
            if action.objectName().startswith("camera_") or action.objectName() in ("capture", "palette"):
                self.addAction(action)

    def _make_parts(self) -> None:
        self.page = CameraPage(self)
        self.banner = StateBanner(self)
        self.unfinished = UnfinishedBar(self)
        self.error_bar = ErrorBar(self)
        self.error_bar.setObjectName("capture_error_bar")
        self.picture = PictureView(self)
        self.picture.setObjectName("live_picture")
        self.picture.setAccessibleName(self.tr("Live picture"))
        self.picture.setAccessibleDescription(self.tr("Click a subject to focus on it, or drag a box around it."))
        self.overlay = LiveOverlay(self.picture)
        self.result = ResultView(self)
        self.ahead_picture = PictureView(self)
        self.ahead_picture.setObjectName("ahead_picture")
        self.ahead_picture.setAccessibleName(self.tr("Look-ahead preview"))
        self.strip = SliceStrip(self)
        self.ruler = FocusRuler(self)
        self.lens = CaptureLensPanel(self)
        self.autofocus = AutofocusPanel(self)
        self.stack = StackPanel(self)
        self.controls = ControlsPanel(self)
        self.calibration = CalibrationPanel(self)
        self.look_ahead = LookAheadPanel(self)
        self.histogram = HistogramView(self)

    def _top(self) -> QWidget:
        top = self._bar = QWidget(self)
        top.setFixedHeight(44)
        line = QHBoxLayout(top)
        line.setContentsMargins(12, 0, 12, 0)
        line.setSpacing(0)
        self.chooser = QComboBox(top)
        self.chooser.setObjectName("camera_chooser")
        self.chooser.setAccessibleName(self.tr("Camera"))
        self.chooser.setMinimumWidth(180)
        self.chooser.setMaximumWidth(260)
        self.chooser.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.chooser.activated.connect(self._chosen)
        self.badge = parts.label(top, "simulated_badge", self.tr("SIMULATED"), "badge")
        self.badge.setToolTip(self.tr("No light is measured: the picture is computed."))
        self.live = parts.label(top, "live_state", "", "quiet")
        self.live.setMinimumWidth(40)
        self.live.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line.addWidget(self.chooser)
        line.addSpacing(10)
        line.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addSpacing(10)
        line.addWidget(self.live, 1)
        self.overlays = [self._follower(name, top) for name in OVERLAYS]
        for made in self.overlays:
            line.addWidget(made)
        line.addSpacing(16)
        group = QButtonGroup(self)
        texts = {"live": self.tr("Live"), "result": self.tr("Result"), "ahead": self.tr("Look Ahead")}
        self.views = {}
        for name, text in texts.items():
            made = self.views[name] = parts.tool(top, f"view_{name}_camera", text, text, role="segment", checkable=True)
            made.clicked.connect(lambda _=False, name=name: self.show_view(name))
            group.addButton(made)
            line.addWidget(made)
        return top

    def _follower(self, action_id: str, parent: QWidget) -> QToolButton:
        """Return a button that shows and turns a checkable action."""
        action = self._actions[action_id]
        made = parts.tool(parent, f"{action_id}_button", "", action.toolTip(), role="segment", checkable=True)
        texts = {
            "camera_peaking": self.tr("Peaking"),
            "camera_map": self.tr("Map"),
            "camera_bars": self.tr("Zones"),
        }
        made.setText(texts[action_id])
        made.setAccessibleName(action.text().replace("&", ""))

        def follow() -> None:
            made.setEnabled(action.isEnabled())
            made.setChecked(action.isChecked())
            made.setToolTip(action.toolTip())

        def ask() -> None:
            action.trigger()
            follow()

        action.changed.connect(follow)
        action.toggled.connect(follow)
        made.clicked.connect(ask)
        follow()
        return made

    def _work(self) -> QWidget:
        work = QWidget(self)
        line = QHBoxLayout(work)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        left = QVBoxLayout()
        left.setSpacing(0)
        self.pictures = QStackedWidget(work)
        self.pictures.setObjectName("capture_pictures")
        for view in (self.picture, self.result, self.ahead_picture):
            self.pictures.addWidget(view)
        left.addWidget(self.banner)
        left.addWidget(self.pictures, 1)
        left.addWidget(self.strip)
        left.addWidget(parts.rule(work))
        left.addWidget(self.ruler)
        line.addLayout(left, 1)
        line.addWidget(self._vertical_rule(work))
        line.addWidget(self._side(work))
        return work

    def _vertical_rule(self, parent: QWidget) -> QWidget:
        made = parts.rule(parent)
        made.setProperty("role", "rule_vertical")
        return made

    def _side(self, parent: QWidget) -> QWidget:
        side = QWidget(parent)
        side.setFixedWidth(_SIDE_PX)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        texts = {
            "focus": self.tr("Focus"), "stack": self.tr("Stack"), "camera": self.tr("Camera"),
            "calibrate": self.tr("Calibrate"), "ahead": self.tr("Ahead"),
        }  # fmt: skip
        tabs = QHBoxLayout()
        tabs.setContentsMargins(12, 6, 4, 2)
        tabs.setSpacing(0)
        group = QButtonGroup(self)
        self.tabs = {}
        for name in TABS:
            made = self.tabs[name] = parts.tool(
                side, f"tab_{name}", texts[name], texts[name], role="tab", checkable=True
            )
            # The style sheet's bold face is wider than what the size hint is made of.
            width = QFontMetrics(theme.tabular_font(12, bold=True)).horizontalAdvance(texts[name])
            made.setMinimumWidth(width + 18)
            made.clicked.connect(lambda _=False, name=name: self.show_tab(name))
            group.addButton(made)
            tabs.addWidget(made)
        tabs.addStretch(1)
        self.panels = QStackedWidget(side)
        inside: dict[str, tuple[QWidget, ...]] = {
            "focus": (self.autofocus, parts.rule(side), self.lens),
            "stack": (self.stack,),
            "camera": (self.controls,),
            "calibrate": (self.calibration,),
            "ahead": (self.look_ahead,),
        }
        for name in TABS:
            panel = parts.Panel(f"capture_{name}_panel", texts[name], side)
            for widget in inside[name]:
                panel.column.addWidget(widget)
            panel.column.addStretch(1)
            self.panels.addWidget(panel)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 6, 12, 12)
        foot.addWidget(self.histogram)
        column.addLayout(tabs)
        column.addWidget(parts.rule(side))
        column.addWidget(self.panels, 1)
        column.addLayout(foot)
        return side

    # What is shown

    def show_cameras(self, cameras: tuple[CameraInfo, ...], chosen: CameraInfo | None) -> None:
        """Fill the chooser of the top line; the first entry goes back to the page of cameras."""
        self.chooser.clear()
        self.chooser.addItem(self.tr("Choose a camera…"), "")
        for camera in cameras:
            self.chooser.addItem(camera.name, camera.id)
        self.show_camera(chosen)

    def show_camera(self, camera: CameraInfo | None) -> None:
        """Say which camera is in use."""
        recorded = camera is not None and camera.backend == "replay"
        self.badge.setVisible(recorded or (camera is not None and camera.simulated))
        self.badge.setText(self.tr("RECORDED") if recorded else self.tr("SIMULATED"))
        tip = self.tr("These pictures were taken before; the lens chooses among them.")
        self.badge.setToolTip(tip if recorded else self.tr("No light is measured: the picture is computed."))
        if camera is not None:
            at = self.chooser.findData(camera.id)
            if at < 0:
                self.chooser.addItem(camera.name, camera.id)
            elif self.chooser.itemText(at) != camera.name:
                self.chooser.setItemText(at, camera.name)
        parts.choose(self.chooser, camera.id if camera is not None else "")
        name = self.tr("Capture")
        self.setWindowTitle(f"{camera.name} - {name}" if camera is not None else name)

    def show_working(self, working: bool) -> None:
        """Show picture and panels, or the page of cameras."""
        self.pages.setCurrentIndex(1 if working else 0)
        self._bar.setVisible(working)

    def show_view(self, view: str) -> None:
        """Show the live picture, the result, or the look-ahead preview."""
        self.views[view].setChecked(True)
        places = {"live": self.picture, "result": self.result, "ahead": self.ahead_picture}
        self.pictures.setCurrentWidget(places[view])
        self.view_chosen.emit(view)

    def offer_views(self, *, result: bool, ahead: bool) -> None:
        """Say which pictures there are besides the live one."""
        self.views["result"].setEnabled(result)
        self.views["ahead"].setEnabled(ahead)

    @property
    def view(self) -> str:
        """Which picture is shown."""
        return next(name for name, made in self.views.items() if made.isChecked())

    @property
    def tab(self) -> str:
        """Which panel is in front."""
        return TABS[self.panels.currentIndex()]

    def show_tab(self, tab: str) -> None:
        """Bring a panel to the front."""
        self.tabs[tab].setChecked(True)
        self.panels.setCurrentIndex(TABS.index(tab))
        self.tab_chosen.emit(tab)

    @Slot(int)
    def _chosen(self, _place: int) -> None:
        self.camera_chosen.emit(self.chooser.currentData())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell that the camera is to be let go."""
        super().closeEvent(event)
        self.closed.emit()
