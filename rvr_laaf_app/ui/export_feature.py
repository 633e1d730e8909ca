"""Exports as a feature of the window: the export window, the queue with its dock, and what is told when one ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Slot

from rvr_laaf_app.app.export_queue import ExportQueue
from rvr_laaf_app.app.export_queue_job import ExportJob
from rvr_laaf_app.app.export_queue_presets import (
    DEPTH_PRESET,
    MATTE_PRESET,
    ExportPreset,
    Presets,
    load_presets,
    save_presets,
)
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.ui import export_texts
from rvr_laaf_app.ui.export_advice import Adviser, planned, source_of
from rvr_laaf_app.ui.export_desktop import Desktop, SystemDesktop
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.panels.export_dialog import ExportDialog
from rvr_laaf_app.ui.panels.export_queue_panel import ExportQueuePanel
from rvr_laaf_app.ui.panels.export_wish import ExportWish

if TYPE_CHECKING:
    from rvr_laaf_app.document.document import Change
    from rvr_laaf_app.ui.files import Files
    from rvr_laaf_app.ui.main_window import MainWindow

ROOM_PX: Final = 440  # of the dock with jobs in it
ROOMY_PX: Final = 1000  # a window this high has it to give
log = logging.getLogger(__name__)


class ExportFeature(Feature):
    """Binds the queue of one window to its dock, its dialog and its actions."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.desktop: Desktop = SystemDesktop(window)
        self.queue = ExportQueue(window.session)
        self.panel = ExportQueuePanel(window)
        self.dock = window.add_dock("queue", self.tr("Exports"), self.panel, "left", behind="media")
        self.dialog: ExportDialog | None = None
        self._presets, self._preset_problems = load_presets()
        self._needs: tuple[str, ...] = ()
        self._said = ""  # of the exports that ended last
        self._connect()
        # The journal is read when the window stands: it may lie on a slow disk.
        QTimer.singleShot(0, self, self._load)

    def _connect(self) -> None:
        panel, queue = self.panel, self.queue
        panel.asked.connect(self._asked)
        panel.moved.connect(queue.move)
        panel.hold_toggled.connect(self._hold)
        panel.continue_requested.connect(queue.continue_interrupted)
        panel.forget_requested.connect(self._forget)
        panel.clear_requested.connect(queue.clear_finished)
        panel.add_requested.connect(self._window.menus.actions["export"].trigger)
        files: Files = self._window.files
        files.cancel_requested.connect(self._cancel_running)
        self._unsubscribe = [
            queue.on_change(self._changed),
            queue.on_pulse(lambda _job: self._show()),
            queue.on_finished(self._finished),
            queue.on_idle(self._idle),
            self._window.session.on_change(self._project_changed),
        ]

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {
            "export": self.show_export,
            "export_depth": lambda: self.show_export(DEPTH_PRESET),
            "export_matte": lambda: self.show_export(MATTE_PRESET),
            "export_again": self.export_again,
            "hold_exports": lambda: self._hold(not self.queue.held),
            "clear_exports": self.queue.clear_finished,
            "export_folder": self._open_last_folder,
            "cancel_export": self._cancel_running,
        }

    def met(self) -> Collection[str]:
        """Return which needs of the queue are met."""
        states = {j.state for j in self.queue.jobs}
        facts = {
            "exports": bool(states & {"waiting", "running"}) or self.queue.held,
            "exporting": "running" in states,
            "exported": bool(states & {"done", "failed", "cancelled"}),
        }
        return [need for need, met in facts.items() if met]

    def ask_to_end(self) -> None:
        """Hear no more of the session; what is being exported is broken off and offered again at the next start."""
        for end in self._unsubscribe:
            end()
        self._unsubscribe = []
        self.queue.close()
        self.desktop.close()

    # The export window

    def show_export(self, preset: str = "") -> None:
        """Open the export window, or bring it to the front; with a preset chosen there. UsageError without a clip."""
        source = source_of(self._window.session)
        if source is None:
            raise UsageError("there is no clip to export", remedy="Open one first.")
        if self.dialog is None:
            self.dialog = self._make_dialog()
        self.dialog.prepare(source)
        if preset:
            self.dialog.choose_preset(preset)
        self.dialog.show()
        self.dialog.activateWindow()

    def _make_dialog(self) -> ExportDialog:
        window = self._window
        dialog = ExportDialog(window.files.prompts.export_path, parent=window)
        dialog.set_presets(self._presets)
        dialog.set_advisor(Adviser(window.session, self.queue, window.focus.export_text))
        window.focus.changed.connect(dialog.refresh)
        dialog.problems_requested.connect(window.files.problems_requested)
        dialog.add_requested.connect(self._add)
        dialog.preset_saved.connect(self._preset_saved)
        dialog.preset_renamed.connect(self._preset_renamed)
        dialog.preset_deleted.connect(self._preset_deleted)
        return dialog

    def export_again(self) -> None:
        """Add the open clip with the preset used last, without asking. Raises RvrError if that cannot be."""
        source = source_of(self._window.session)
        preset = self._presets.get(self._presets.last)
        if source is None or preset is None:
            raise UsageError("there is no clip to export", remedy="Open one first.")
        start_s, stop_s = source.marks if source.marks is not None else (None, None)
        self._add_all(ExportWish(preset, source.folder, start_s, stop_s, marked=source.marks is not None))

    @Slot(object)
    def _add(self, wish: ExportWish) -> None:
        dialog = self.dialog
        assert dialog is not None
        try:
            count = self._add_all(wish)
        except RvrError as error:
            dialog.say(str(error), problem=True)
            return
        added = self.tr("Added to the queue") if count == 1 else self.tr("{0} added").replace("{0}", str(count))
        dialog.say(added)
        dialog.refresh()
        if self._presets.last != wish.preset.name:
            self._keep_presets(Presets(self._presets.own, wish.preset.name), refill=False)

    def _add_all(self, wish: ExportWish) -> int:
        session, known = self._window.session, self._presets.get(wish.preset.name)
        name = wish.preset.name if known == wish.preset else self.tr("{0}, changed").replace("{0}", wish.preset.name)
        jobs = planned(session, self.queue, wish)
        for job in jobs:
            self.queue.add(job.project, job.choice, preset=name, title=job.title, frames=job.size.frames)
        return len(jobs)

    # Presets

    @Slot(object)
    def _preset_saved(self, preset: ExportPreset) -> None:
        self._change_presets(lambda: self._presets.with_own(preset))

    @Slot(str, str)
    def _preset_renamed(self, old: str, new: str) -> None:
        self._change_presets(lambda: self._presets.renamed(old, new))

    @Slot(str)
    def _preset_deleted(self, name: str) -> None:
        self._change_presets(lambda: self._presets.without(name))

    def _change_presets(self, change: Callable[[], Presets]) -> None:
        try:
            self._keep_presets(change(), refill=True)
        except RvrError as error:
            if self.dialog is not None:
                self.dialog.say(str(error), problem=True)

    def _keep_presets(self, presets: Presets, *, refill: bool) -> None:
        save_presets(presets)
        self._presets = presets
        if self.dialog is not None and refill:
            self.dialog.set_presets(presets)

    # The queue

    @Slot()
    def _load(self) -> None:
        self.queue.load()
        for problem in (*self.queue.problems, *self._preset_problems):
            self._window.show_error(RvrError(problem))

    @Slot(str, str)
    def _asked(self, what: str, job_id: str) -> None:
        queue, job = self.queue, self.queue.job(job_id)
        if job is None:
            return
        path = Path(job.choice.path)
        acts = {
            "pause": lambda: queue.pause(job_id), "resume": lambda: queue.resume(job_id),
            "retry": lambda: queue.retry(job_id), "cancel": lambda: queue.cancel(job_id),
            "remove": lambda: queue.remove(job_id), "show": lambda: self.desktop.show_file(path),
            "folder": lambda: self.desktop.open_folder(path.parent),
        }  # fmt: skip
        acts[what]()

    @Slot(bool)
    def _hold(self, held: bool) -> None:
        if held:
            self.queue.hold()
        else:
            self.queue.go_on()

    @Slot()
    def _forget(self) -> None:
        for job in self.queue.interrupted:
            self.queue.remove(job.id)

    @Slot()
    def _cancel_running(self) -> None:
        for job in self.queue.jobs:
            if job.state == "running":
                self.queue.cancel(job.id)

    def _open_last_folder(self) -> None:
        done = [j for j in self.queue.jobs if j.state == "done"]
        if not done:
            raise UsageError("nothing was exported yet")
        self.desktop.show_file(Path(done[-1].choice.path))

    def _finished(self, job: ExportJob) -> None:
        name = Path(job.choice.path).name
        if job.trouble is not None:
            self._window.show_error(
                RvrError(job.trouble.what, where=job.trouble.where or None, remedy=job.trouble.remedy)
            )
            self.desktop.notify(self.tr("Export failed: {0}").replace("{0}", name), job.trouble.what)

    def _idle(self, done: int, failed: int) -> None:
        self._said = export_texts.idle_text(done, failed)
        self.desktop.notify(self.tr("RVR-LAAF"), self._said)
        self._show()

    def _project_changed(self, _change: Change) -> None:
        source = source_of(self._window.session)
        if self.dialog is not None and self.dialog.isVisible() and source is not None:
            self.dialog.refresh()

    def _changed(self) -> None:
        if len(self.queue.jobs) > len(self.panel.rows):
            QTimer.singleShot(0, self, self._come_forward)
        if self.queue.jobs and not self.panel.rows:
            QTimer.singleShot(0, self, self._give_room)
        self._show()
        states = tuple(sorted(self.met()))
        if states != self._needs:
            self._needs = states
            self._window.show_state()

    @Slot()
    def _come_forward(self) -> None:
        """Let what was just added be seen where the dock lies behind another one."""
        self._window.docks.bring_forward("queue")

    @Slot()
    def _give_room(self) -> None:
        """Let the dock show several jobs when the first one comes, where the window is high enough for that."""
        dock, window = self.dock, self._window
        if dock.isVisible() and not dock.isFloating() and window.height() >= ROOMY_PX and dock.height() < ROOM_PX:
            window.resizeDocks([dock], [ROOM_PX], Qt.Orientation.Vertical)

    def _show(self) -> None:
        queue, whole = self.queue, self.queue.whole()
        self.panel.show_rows(export_texts.rows_of(queue))
        text = export_texts.whole_text(whole, held=queue.held) or (self._said if queue.jobs else "")
        self.panel.show_whole(text, whole.fraction if whole.left else None, held=queue.held, busy=queue.busy)
        self.panel.show_interrupted(len(queue.interrupted))
