"""The window: start page or workspace, error bar, menus, status line; opening by drop; an orderly end.

It assembles and passes on. Edits are made in `editing`, files handled in `files`, pictures shown by `stage`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from rvr_laaf_app.app.actions import needs_met
from rvr_laaf_app.app.session import Session
from rvr_laaf_app.ui import present, theme
from rvr_laaf_app.ui.bridge import GuiBridge
from rvr_laaf_app.ui.editing import Editing
from rvr_laaf_app.ui.files import Files
from rvr_laaf_app.ui.focus_watch import FocusWatch
from rvr_laaf_app.ui.keys import KeepKeys, KeyList, keep_keys_in
from rvr_laaf_app.ui.menus import Menus
from rvr_laaf_app.ui.panels.error_bar import ErrorBar
from rvr_laaf_app.ui.panels.problems_panel import ProblemsPanel
from rvr_laaf_app.ui.panels.start_page import StartPage
from rvr_laaf_app.ui.pictures import VIEWS
from rvr_laaf_app.ui.playback.sound import DeviceSound, Sound
from rvr_laaf_app.ui.prompts import Prompts, system_prompts
from rvr_laaf_app.ui.stage import Stage
from rvr_laaf_app.ui.status_bar import StatusLine
from rvr_laaf_app.ui.timeline.layout import OPTIONAL
from rvr_laaf_app.ui.workspace import Workspace

if TYPE_CHECKING:
    from rvr_laaf_app.app.engine import Engine
    from rvr_laaf_app.core.errors import RvrError
    from rvr_laaf_app.document.document import Change
    from rvr_laaf_app.jobs.scheduler import JobStatus

CLOSE_S = 4.8  # the window is gone from the process after at most so long
JOIN_S = 0.7  # for each thread that makes pictures or sound
TRACKERS = ("kcf", "csrt")
LEAP_FRAMES = 10
_STEPS = ("to_start", "previous_target", "step_back", "play", "step_forward", "next_target", "to_end")
log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """One window with one session."""

    def __init__(self, *, prompts: Prompts, sound: Sound, engine: Engine | None = None) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.bridge = GuiBridge(self)
        self.bridge.on_error = self._show_error
        self.session = Session(self.bridge.post, engine=engine)
        self._closing = False
        self.ended_well = True
        self._work: dict[int, JobStatus] = {}
        self.menus = Menus(self, self._handlers())
        self._build()
        self.stage = Stage(self.bridge, sound, self)
        self.editing = Editing(self.session, self.stage, self.workspace, self)
        self.files = Files(self.session, prompts, self)
        self.focus = FocusWatch(self.session, self.stage, self.editing, self.bridge, self)
        self.focus.show_in(self.workspace.picture, self.problems)
        self.files.tell_problems_of(self.focus)
        self._connect()
        for lane in OPTIONAL:
            self.menus.actions[f"lane_{lane}"].setChecked(lane not in self.session.settings.hidden_lanes)
        self.workspace.timeline.set_hidden(self.session.settings.hidden_lanes)
        self.menus.actions["zone_bars"].setChecked(self.session.settings.zone_bars)
        self.menus.actions["problem_list"].setChecked(self.session.settings.problem_list)
        self._show_state()

    def _build(self) -> None:
        actions = self.menus.actions
        steps = [actions[name] for name in _STEPS]
        self.workspace = Workspace(steps, [actions[f"view_{v}"] for v in VIEWS], TRACKERS, self)
        self.problems = ProblemsPanel([actions["previous_problem"], actions["next_problem"]], self)
        self.workspace.inspector.add_below_targets(self.problems)
        self.start_page = StartPage(parent=self)
        self.error_bar = ErrorBar(self)
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
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self.resize(1280, 800)
        self._keep_keys = KeepKeys(self)
        keep_keys_in(self.workspace.inspector, self._keep_keys)
        keep_keys_in(self.workspace.transport, self._keep_keys)
        keep_keys_in(self.start_page, self._keep_keys)

    def _connect(self) -> None:
        self.start_page.open_requested.connect(self.files.ask_open)
        self.start_page.path_chosen.connect(self.files.open)
        self.editing.failed.connect(self._show_error)
        self.editing.selection_changed.connect(self._show_state)
        self.files.failed.connect(self._show_error)
        self.stage.failed.connect(self._show_error)
        self.stage.view_changed.connect(self._view_changed)
        self.stage.playing_changed.connect(self._playing_changed)
        self.status.cancel_requested.connect(self._cancel_work)
        self.status.problems_requested.connect(self._show_problems)
        self.files.problems_requested.connect(self._show_problems)
        self.focus.changed.connect(self._count_problems)
        self.session.on_change(self._changed)
        self.session.on_clip(self._clip_changed)
        self.session.on_job(self._job_told)
        self.session.on_problem(self._problem)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "open": lambda: self.files.ask_open(),
            "close_clip": lambda: self.files.close_clip(),
            "save": lambda: self.files.save(),
            "save_as": lambda: self.files.save_as(),
            "relink": lambda: self.files.relink(),
            "export": lambda: self.files.show_export(),
            "quit": self.close,
            "undo": lambda: self.session.undo(),
            "redo": lambda: self.session.redo(),
            "remove_target": lambda: self.editing.remove_selected(),
            "view_refocused": lambda: self.stage.set_view("refocused"),
            "view_original": lambda: self.stage.set_view("original"),
            "view_disparity": lambda: self.stage.set_view("disparity"),
            "zone_bars": lambda: self.focus.show_bars(self.menus.actions["zone_bars"].isChecked()),
            "problem_list": lambda: self.focus.show_list(self.menus.actions["problem_list"].isChecked()),
            "next_problem": lambda: self.focus.walk(1),
            "previous_problem": lambda: self.focus.walk(-1),
            **{f"lane_{lane}": self._choose_lanes for lane in OPTIONAL},
            "zoom_in": lambda: self.workspace.timeline.zoom(1.5),
            "zoom_out": lambda: self.workspace.timeline.zoom(1 / 1.5),
            "play": lambda: self.stage.toggle_play(),
            "shuttle_back": lambda: self._shuttle(-1),
            "stop": lambda: self.stage.stop(),
            "shuttle_forward": lambda: self._shuttle(1),
            "step_back": lambda: self.stage.seek(self.stage.index - 1),
            "step_forward": lambda: self.stage.seek(self.stage.index + 1),
            "leap_back": lambda: self.stage.seek(self.stage.index - LEAP_FRAMES),
            "leap_forward": lambda: self.stage.seek(self.stage.index + LEAP_FRAMES),
            "to_start": lambda: self.stage.seek(0),
            "to_end": lambda: self.stage.seek(self.stage.last_index),
            "analyse": self._analyse,
            "target_here": self._target_here,
            "previous_target": lambda: self.editing.go_to_neighbour(-1),
            "next_target": lambda: self.editing.go_to_neighbour(1),
            "shorter_pull": lambda: self.editing.change_pull(-1),
            "longer_pull": lambda: self.editing.change_pull(1),
            "track_again": lambda: self.editing.track_again(),
            "keys": self._show_keys,
        }

    def begin(self, path: str | None) -> None:
        """Open what was asked for on the command line; show what can be continued."""
        self.start_page.set_recent(self._recent())
        self.start_page.set_recoveries(self.session.recoveries(), self.files.recover)
        if path is not None:
            self.files.open(path)

    def _recent(self) -> tuple[str, ...]:
        return tuple(p for p in self.session.settings.recent if os.path.exists(p))

    # What was asked for

    def _shuttle(self, direction: int) -> None:
        self.stage.shuttle(direction)
        self.workspace.transport.show_rate(self.stage.player.rate)

    def _target_here(self) -> None:
        point = self.workspace.picture.point_under_cursor()
        if point is not None:
            self.editing.set_target(point)

    def _choose_lanes(self) -> None:
        hidden = tuple(lane for lane in OPTIONAL if not self.menus.actions[f"lane_{lane}"].isChecked())
        self.workspace.timeline.set_hidden(hidden)
        self.session.remember_lanes(hidden)

    def _analyse(self) -> None:
        self._attempt(self.session.start_analysis)

    def _attempt(self, action: Callable[[], object]) -> None:
        from rvr_laaf_app.core.errors import RvrError

        try:
            action()
        except RvrError as error:
            self._show_error(error)

    def _show_keys(self) -> None:
        texts = {name: action.text() for name, action in self.menus.actions.items()}
        dialog = KeyList(texts, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    @Slot()
    def _cancel_work(self) -> None:
        """Stop the work that the status line shows."""
        shown = self._shown_work()
        if shown is None:
            return
        if shown.name == "export":
            self.files.cancel_export()
        elif shown.name == "analyse":
            self._attempt(lambda: self.session.start_analysis().cancel())  # the one under way

    @Slot()
    def _show_problems(self) -> None:
        """Bring the list of problems into view and the keys to it."""
        self.focus.show_list(True)
        self.menus.actions["problem_list"].setChecked(True)
        self.activateWindow()
        self.workspace.inspector.ensureWidgetVisible(self.problems)
        self.problems.list.setFocus()

    @Slot()
    def _count_problems(self) -> None:
        self.status.show_problems(self.focus.count_text, found=bool(self.focus.problems))

    # What happened

    def _changed(self, change: Change) -> None:
        self._show_state()

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
        if self.session.clip_state == "none":
            self.start_page.set_recent(self._recent())
        self._show_state()

    def _begin_analysis(self) -> None:
        products = self.session.products
        if products is not None and not products.complete:
            self._attempt(self.session.start_analysis)

    def _job_told(self, status: JobStatus) -> None:
        if status.finished:
            self._work.pop(status.id, None)
        else:
            self._work[status.id] = status
        self.files.job_told(status)
        self.stage.allow_ahead(not self._work and not self.stage.player.playing)
        self._show_work()

    def _problem(self, problem: RvrError) -> None:
        self._show_error(problem)

    @Slot(object)
    def _show_error(self, error: Exception) -> None:
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
    def _show_state(self) -> None:
        """Bring title, menu and status line up to date with the session."""
        session = self.session
        undo, redo = session.document.undo_label, session.document.redo_label
        self.menus.enable(needs_met(session, self.editing.selected))
        self.menus.actions["undo"].setText(self.tr("Undo {0}").replace("{0}", undo or "").strip())
        self.menus.actions["redo"].setText(self.tr("Redo {0}").replace("{0}", redo or "").strip())
        self.menus.actions[f"view_{self.stage.view}"].setChecked(True)
        open_now = session.clip_state != "none"
        mark = "*" if session.modified else ""
        self.setWindowTitle(f"{session.title}{mark} - RVR-LAAF" if open_now else "RVR-LAAF")
        self.status.facts.setText(present.clip_facts(session.clip) if session.clip is not None else "")
        kept = self.tr("saved") if session.path is not None else ""
        self.status.saved.setText(self.tr("not saved") if session.modified else kept)
        self._show_notice()

    def _show_notice(self) -> None:
        """Say the one thing that the user should know about the picture."""
        session = self.session
        products = session.products
        notice = ""
        if session.clip_state == "offline":
            notice = self.tr("The clip was not found.")
        elif session.clip is not None and products is None:
            notice = self.tr("Depth cannot be estimated here: only the original is shown.")
        elif products is not None and not products.complete:
            share = products.meta.done / max(products.meta.frames, 1)
            notice = self.tr("Depth {0}: focus is a first guess until it is complete").replace("{0}", f"{share:.0%}")
        elif session.clip is not None and not session.project.targets:
            notice = self.tr("Click a subject to focus on it")
        self.workspace.picture.set_notice(notice)

    def _shown_work(self) -> JobStatus | None:
        order = {"open": 0, "export": 1, "track": 2, "analyse": 3}
        return min(self._work.values(), key=lambda s: (order.get(s.name, 9), s.id), default=None)

    def _show_work(self) -> None:
        status = self._shown_work()
        if status is None:
            self.status.show_work("", None, cancellable=False)
        else:
            self.status.show_work(
                self._work_text(status), status.progress.fraction, cancellable=status.name in ("export", "analyse")
            )
        self._show_notice()

    def _work_text(self, status: JobStatus) -> str:
        if status.name == "export":
            return self.files.export_text(status)
        names = {
            "open": self.tr("Opening {0}").replace("{0}", present.shown_name(status.subject)),
            "analyse": self.tr("Analysing depth"),
            "track": self.tr("Following the subject"),
        }
        left = present.time_left(status.left_s)
        share = status.progress.fraction
        parts = [names.get(status.name, status.name), f"{share:.0%}" if share is not None else ""]
        parts.append(self.tr("{0} left").replace("{0}", left) if left else "")
        return "   ".join(p for p in parts if p)

    # Drops and the end

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file, after the drop itself is over (the question about changes must not hold it up)."""
        path = next((url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()), None)
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.files.open(path))

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
        self.hide()
        self.editing.close()
        self.files.cancel_export()  # it cleans up while the pictures' threads are joined
        deadline = time.monotonic() + CLOSE_S
        ended = self.stage.close(JOIN_S)
        ended = self.focus.close(JOIN_S) and ended
        ended = self.session.close(deadline - time.monotonic()) and ended
        self.bridge.close()
        self.ended_well = ended
        if not ended:
            log.info("a thread was still busy when the window closed")
        event.accept()


def make_window() -> MainWindow:
    """Return the window as it runs for a user."""
    return MainWindow(prompts=system_prompts(), sound=DeviceSound())
