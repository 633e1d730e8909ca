"""The window: start page or workspace, error bar, menus, status line; opening by drop; an orderly end.

It assembles and passes on. Edits are made in `editing`, files handled in `files`, pictures shown by `stage`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from rvr_laaf_app.app.actions import needs_met
from rvr_laaf_app.app.session import Session
from rvr_laaf_app.app.settings import MAX_LAYOUT
from rvr_laaf_app.ui import present, theme
from rvr_laaf_app.ui.bridge import GuiBridge
from rvr_laaf_app.ui.docks import Area, Dock, Docks
from rvr_laaf_app.ui.editing import Editing
from rvr_laaf_app.ui.feature import Feature
from rvr_laaf_app.ui.features import FEATURES
from rvr_laaf_app.ui.files import Files
from rvr_laaf_app.ui.focus_watch import FocusWatch
from rvr_laaf_app.ui.keys import KeepKeys, keep_keys_in
from rvr_laaf_app.ui.menus import Menus
from rvr_laaf_app.ui.newest import Ending
from rvr_laaf_app.ui.panels.error_bar import ErrorBar
from rvr_laaf_app.ui.panels.inspector import SectionTabs
from rvr_laaf_app.ui.panels.problems_panel import ProblemsPanel
from rvr_laaf_app.ui.panels.start_page import StartPage
from rvr_laaf_app.ui.playback.sound import DeviceSound, Sound
from rvr_laaf_app.ui.prompts import Prompts, system_prompts
from rvr_laaf_app.ui.stage import Stage
from rvr_laaf_app.ui.status_bar import StatusLine
from rvr_laaf_app.ui.tab_order import tab_in_reading_order
from rvr_laaf_app.ui.translation import edit_name
from rvr_laaf_app.ui.work_status import WorkStatus
from rvr_laaf_app.ui.workspace import Workspace

if TYPE_CHECKING:
    from rvr_laaf_app.app.engine import Engine
    from rvr_laaf_app.core.errors import RvrError
    from rvr_laaf_app.document.document import Change

CLOSE_S = 4.8  # the window is gone from the process after at most so long
PROGRAM = "RVR-LAAF"
TRACKERS = ("kcf", "csrt")
_SAID_MS = 6000
_FIRST_SIZE = (1680, 1000)  # points
log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """One window with one session."""

    def __init__(self, *, prompts: Prompts, sound: Sound, engine: Engine | None = None) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.bridge: GuiBridge = GuiBridge(self)
        self.bridge.on_error = self.show_error
        self.session: Session = Session(self.bridge.post, engine=engine)
        self._closing = False
        self.ended_well = True
        self.menus: Menus = Menus(self)
        self.menus.failed.connect(self.show_error)
        self._build()
        self.stage: Stage = Stage(self.bridge, sound, self)
        self.editing: Editing = Editing(self.session, self.stage, self.workspace, self)
        self.files: Files = Files(self.session, prompts, self)
        self.focus: FocusWatch = FocusWatch(self.session, self.stage, self.editing, self.bridge, self)
        self.focus.show_in(self.workspace.picture, self.problems)
        self.work: WorkStatus = WorkStatus(self.session, self.files, self.status, self)
        self._connect()
        self.docks: Docks = Docks(self, self.menus.actions)
        self.add_dock("timeline", self.tr("Timeline"), self.workspace.timeline, "bottom")
        inspector = self.workspace.inspector
        tabs = (
            (self.tr("Targets"), inspector.targets),
            (self.tr("Problems"), self.problems),
            (self.tr("Lens"), inspector.lens),
        )
        dock = self.add_dock("inspector", self.tr("Inspector"), inspector, "right")
        dock.title_bar.put(SectionTabs(inspector, list(tabs), dock))
        self.features: tuple[Feature, ...] = tuple(make(self) for make in FEATURES)
        for feature in self.features:
            self.menus.bind(feature.handlers())
        keep_keys_in(self, self._keep_keys)
        for panel in (self.workspace.transport, inspector.content):
            tab_in_reading_order(panel)
        self._begin_layout()
        self.show_state()

    def _build(self) -> None:
        actions = self.menus.actions
        self.workspace: Workspace = Workspace(actions, TRACKERS, self)
        self.problems: ProblemsPanel = ProblemsPanel([actions["previous_problem"], actions["next_problem"]], self)
        self.workspace.inspector.add_below_targets(self.problems)
        self.start_page: StartPage = StartPage(parent=self)
        self.error_bar: ErrorBar = ErrorBar(self)
        self.pages = QStackedWidget(self)
        self.pages.setObjectName("pages")
        self.pages.addWidget(self.start_page)
        self.pages.addWidget(self.workspace)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error_bar)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(centre)
        self.status: StatusLine = StatusLine(self)
        self.setStatusBar(self.status)
        self._keep_keys = KeepKeys(self)

    def _connect(self) -> None:
        self.editing.failed.connect(self.show_error)
        self.editing.selection_changed.connect(self.show_state)
        self.files.failed.connect(self.show_error)
        self.stage.failed.connect(self.show_error)
        self.stage.view_changed.connect(self._view_changed)
        self.stage.playing_changed.connect(self._playing_changed)
        self.work.changed.connect(self._work_changed)
        self.work.failed.connect(self.show_error)
        self.status.problems_requested.connect(self._show_problems)
        self.files.problems_requested.connect(self._show_problems)
        self.focus.changed.connect(self._count_problems)
        self.session.on_change(self._changed)
        self.session.on_clip(self._clip_changed)
        self.session.on_problem(self._problem)

    def add_dock(
        self, name: str, title: str, widget: QWidget, area: Area, *, shown: bool = True, behind: str = ""
    ) -> Dock:
        """Put a widget into a dock of its own; the action `dock_<name>` must be in a table and shows it.

        behind: the dock that it is a tab behind of, when nobody has moved it.
        """
        dock = self.docks.add(name, title, widget, area, shown=shown, behind=behind)
        self.menus.bind({f"dock_{name}": lambda: self.docks.toggle(name)})
        return dock

    def _begin_layout(self) -> None:
        """Be as large, and have the docks, as last time; what cannot be read counts as the first time."""
        settings = self.session.settings
        self.docks.set_layout_text(settings.layout)
        if not self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode())):
            room = self.screen().availableSize()
            self.resize(min(_FIRST_SIZE[0], room.width() * 9 // 10), min(_FIRST_SIZE[1], room.height() * 9 // 10))

    def _remember_layout(self) -> None:
        layout, geometry = self.docks.layout_text(), self.saveGeometry().toBase64().toStdString()
        self.session.remember(lambda s: replace(s, layout=layout[:MAX_LAYOUT], geometry=geometry[:MAX_LAYOUT]))

    def begin(self, path: str | None) -> None:
        """Let the features begin and open what was asked for on the command line; the window is on the screen."""
        for feature in self.features:
            feature.begin()
        if path is not None:
            self.files.open(path)

    # What was asked for

    def attempt(self, action: Callable[[], object]) -> None:
        """Do something; one of our errors is shown."""
        from rvr_laaf_app.core.errors import RvrError

        try:
            action()
        except RvrError as error:
            self.show_error(error)

    @Slot()
    def _show_problems(self) -> None:
        """Bring the list of problems into view and the keys to it."""
        self.focus.show_list(True)
        self.menus.actions["problem_list"].setChecked(True)
        self.activateWindow()
        self.docks.reveal("inspector")
        self.workspace.inspector.ensureWidgetVisible(self.problems)
        self.problems.list.setFocus()

    @Slot()
    def _count_problems(self) -> None:
        self.status.show_problems(self.focus.count_text, found=bool(self.focus.problems))

    # What happened

    def _changed(self, change: Change) -> None:
        self.show_state()

    def _clip_changed(self) -> None:
        clip = self.session.clip
        if clip is not self.stage.info:
            self.error_bar.clear()
            self.editing.show_clip()
            self.focus.show_clip()
            if clip is not None:
                self._begin_analysis()
                self.workspace.picture.setFocus()
        self.pages.setCurrentWidget(self.start_page if self.session.clip_state == "none" else self.workspace)
        self.docks.set_working(self.session.clip_state != "none")
        self.show_state()

    def _begin_analysis(self) -> None:
        products = self.session.products
        if products is not None and not products.complete:
            self.attempt(self.session.start_analysis)

    @Slot()
    def _work_changed(self) -> None:
        self.stage.allow_ahead(not self.work.busy)
        self._show_notice()

    def _problem(self, problem: RvrError) -> None:
        self.show_error(problem)

    def keep_keys(self, widget: QWidget) -> None:
        """Let the controls in a widget made later keep their arrows and space bar, as all others do."""
        keep_keys_in(widget, self._keep_keys)

    def say(self, text: str) -> None:
        """Say something in the bottom line for some seconds."""
        self.status.showMessage(text, _SAID_MS)

    @Slot(object)
    def show_error(self, error: Exception) -> None:
        """Show what went wrong, until it is dismissed."""
        log.info("shown to the user: %s", error)
        self.error_bar.show_error(error)

    @Slot(str)
    def _view_changed(self, view: str) -> None:
        self.menus.actions[f"view_{view}"].setChecked(True)

    @Slot(bool)
    def _playing_changed(self, playing: bool) -> None:
        play = self.menus.actions["play"]
        play.setIcon(theme.icon("pause" if playing else "play"))
        play.setText(self.tr("Pause") if playing else self.tr("Play"))
        self.workspace.transport.show_rate(self.stage.player.rate)

    @Slot()
    def show_state(self) -> None:
        """Bring title, menu and status line up to date with the session."""
        session = self.session
        undo, redo = session.document.undo_label, session.document.redo_label
        met = needs_met(session, self.editing.selected).union(*(feature.met() for feature in self.features))
        self.menus.enable(met)
        for feature in self.features:
            feature.show_state()
        self.menus.actions["undo"].setText(self.tr("Undo {0}").replace("{0}", edit_name(undo)).strip())
        self.menus.actions["redo"].setText(self.tr("Redo {0}").replace("{0}", edit_name(redo)).strip())
        self.menus.actions[f"view_{self.stage.view}"].setChecked(True)
        open_now = session.clip_state != "none"
        mark = "*" if session.modified else ""
        self.setWindowTitle(f"{session.title}{mark} - {PROGRAM}" if open_now else PROGRAM)
        self.status.facts.setText(present.clip_facts(session.clip) if session.clip is not None else "")
        kept = self.tr("saved") if session.path is not None else ""
        self.status.saved.setText(self.tr("not saved") if session.modified else kept)
        self._show_notice()

    def _show_notice(self) -> None:
        """Say the one thing that the user should know about the picture."""
        session, actions = self.session, self.menus.actions
        products = session.products
        notice = ""
        clip = session.project.clip
        self.workspace.missing.show_path(clip.path if clip is not None and session.clip_state == "offline" else None)
        if session.clip is None and session.clip_state == "opening":
            notice = self.tr("Opening…")
        elif session.clip is not None and products is None:
            files = session.project.depth.imported
            if files:
                notice = self.tr("The chosen depth files cannot be read: only the original is shown.")
            else:
                notice = self.tr("Depth cannot be estimated here: only the original is shown.")
        elif products is not None and not products.complete:
            # How far it is stands in the bottom line, where it counts all passes over the clip.
            notice = self.tr("Focus is a first guess until the depth is complete")
        elif session.clip is not None and not session.project.targets and not actions["repair_tool"].isChecked():
            notice = self.tr("Click a subject to focus on it")
        self.workspace.picture.set_notice(notice)

    # Drops and the end

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.start_page.set_hot(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Forget files that were held over the window."""
        self.start_page.set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take all files, after the drop itself is over (the question about changes must not hold it up)."""
        self.start_page.set_hot(False)
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.files.drop(paths))

    def close_now(self) -> None:
        """Close without any question; unsaved changes stay in the journal."""
        self._closing = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved changes, then cancel everything, join every thread and go."""
        if not self._closing and not self.files.may_leave():
            event.ignore()
            return
        self._closing = True
        self._remember_layout()
        self.hide()
        self.editing.close()
        deadline = time.monotonic() + CLOSE_S
        # All are told first, then each has what is left of the whole time: none waits for another one's last piece.
        parts: tuple[Ending, ...] = (self.stage, self.focus, *self.features)
        for part in parts:
            part.ask_to_end()
        self.session.ask_to_end()
        late = [part for part in parts if not part.close(max(0.0, deadline - time.monotonic()))]
        ended = self.session.close(max(0.0, deadline - time.monotonic())) and not late
        self.bridge.close()
        self.ended_well = ended
        if not ended:
            log.info("a thread was still busy when the window closed: %s", [type(part).__name__ for part in late])
        event.accept()


def make_window() -> MainWindow:
    """Return the window as it runs for a user."""
    return MainWindow(prompts=system_prompts(), sound=DeviceSound())
