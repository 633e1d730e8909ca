"""The annotation window: menus and keys, pages, one folder and one annotator at a time, an orderly end.

It assembles and passes on; clips are annotated on `bench`, what was said lies with `desk`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from rvr_laaf_app.annotation.work import find_clips
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.annotate.agreement_page import AgreementPage
from rvr_laaf_app.ui.annotate.bench import Bench
from rvr_laaf_app.ui.annotate.commands import MOST_SUBJECTS
from rvr_laaf_app.ui.annotate.data_page import DataPage
from rvr_laaf_app.ui.annotate.desk import Desk
from rvr_laaf_app.ui.annotate.empty_page import EmptyPage
from rvr_laaf_app.ui.annotate.exchange_work import divide, export_file, import_file, taken_text
from rvr_laaf_app.ui.annotate.figures import Figures
from rvr_laaf_app.ui.annotate.folder_work import FolderWork
from rvr_laaf_app.ui.annotate.handlers import handlers_of
from rvr_laaf_app.ui.annotate.head import Head
from rvr_laaf_app.ui.annotate.listing import progress_text, rows_of, words_of
from rvr_laaf_app.ui.annotate.menu import AnnotateMenus
from rvr_laaf_app.ui.annotate.page import AnnotatePage
from rvr_laaf_app.ui.annotate.prompts import AnnotatePrompts, system_annotate_prompts
from rvr_laaf_app.ui.bridge import GuiBridge
from rvr_laaf_app.ui.keys import KeepKeys, keep_keys_in
from rvr_laaf_app.ui.panels.error_bar import ErrorBar
from rvr_laaf_app.ui.playback.held_keys import HeldKeys
from rvr_laaf_app.ui.playback.player import SLOW
from rvr_laaf_app.ui.playback.sound import DeviceSound, Sound

if TYPE_CHECKING:
    from rvr_laaf_app.ui.newest import Ending

CLOSE_S = 4.8
_SAID_MS = 6000
_SIZE = (1600, 960)
log = logging.getLogger(__name__)


class AnnotateWindow(QMainWindow):
    """One window; a folder may be opened in the place of another."""

    def __init__(
        self, *, prompts: AnnotatePrompts | None = None, sound: Sound | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_window")
        self.setMinimumSize(960, 600)
        self.resize(*_SIZE)
        self.prompts = prompts or system_annotate_prompts()
        self._sound: Sound = sound or DeviceSound(self)
        self.bridge: GuiBridge = GuiBridge(self)
        self.bridge.on_error = self.show_error
        self.menus: AnnotateMenus = AnnotateMenus(self)
        self.menus.failed.connect(self.show_error)
        self.page: AnnotatePage = AnnotatePage(self.menus.key_texts(), self)
        self.head: Head = Head(self)
        self.error_bar: ErrorBar = ErrorBar(self)
        self._work: FolderWork | None = None
        self._ending: list[Ending] = []
        self.ended_well = True
        self._build()
        self._connect()
        self._begin_keys()
        self._to_page()
        self.show_state()

    def _build(self) -> None:
        self.pages = QStackedWidget(self)
        self.empty = EmptyPage(self)
        self.empty.folder_asked.connect(lambda: self.menus.run("open_folder"))
        self.agreement = AgreementPage(self)
        self.data = DataPage(self)
        self.figures = Figures(self.bridge, self)
        for page in (self.empty, self.page, self.agreement, self.data):
            self.pages.addWidget(page)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.error_bar)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(centre)
        self.statusBar().setSizeGripEnabled(False)
        self._keep = KeepKeys(self)
        keep_keys_in(self, self._keep)

    def _connect(self) -> None:
        page = self.page
        page.picture.point_chosen.connect(lambda point: self._attempt(lambda b: self._pointed(b, point)))
        page.picture.box_chosen.connect(lambda box: self._attempt(lambda b: self._pointed(b, box)))
        page.picture.space_tapped.connect(lambda: self.menus.run("play"))
        page.strip.moved.connect(lambda name, frame: self._attempt(lambda b: b.move_to(name, frame)))
        page.strip.limit_dragged.connect(
            lambda n, limit, frame: self._attempt(lambda b: b.desk.limit_to(n, limit, frame))
        )
        page.keep.clicked.connect(lambda: self.menus.run("keep_clip"))
        page.form.command_asked.connect(self.menus.run)
        page.form.subject_asked.connect(lambda number: self._attempt(lambda b: b.give_to(number)))
        page.form.subject_named.connect(lambda name: self._attempt(lambda b: b.desk.write_name(name)))
        page.form.reason_written.connect(lambda text: self._attempt(lambda b: b.desk.write_reason(text)))
        page.note.written.connect(lambda text: self._attempt(lambda b: b.desk.write_note(text)))
        page.note.left.connect(self._keys_to_picture)
        page.form.left.connect(self._keys_to_picture)
        self.head.page_asked.connect(lambda name: self.menus.run(f"page_{name}"))
        self.figures.compared.connect(self.agreement.show_compared)
        self.figures.counted.connect(self.data.show_counted)
        self.figures.failed.connect(self.show_error)
        self.menus.done.connect(self.error_bar.clear)
        self.agreement.pair_asked.connect(self._compare)
        self.agreement.clip_asked.connect(self._open_at)
        self.data.split_asked.connect(lambda: self.menus.run("make_split"))

    def _begin_keys(self) -> None:
        """Bind what needs no folder, the digits, and K held with J or L."""
        self.menus.bind({"open_folder": self.ask_folder, "close_window": self.close, "page_annotate": self._to_page})
        for number in range(MOST_SUBJECTS):
            for keys, act in ((f"{number + 1}", "focus_on_number"), (f"Alt+{number + 1}", "give_to")):
                shortcut = QShortcut(QKeySequence(keys), self)
                shortcut.activated.connect(partial(self._digit, act, number))
        actions = self.menus.actions
        held = {"stop": actions["stop"], "shuttle_back": actions["back"], "shuttle_forward": actions["forward"]}
        self.held = HeldKeys(held, self)
        self.held.step.connect(lambda way: self._attempt(lambda b: b.show.seek(b.show.index + way)))
        self.held.slow.connect(
            lambda way: self._attempt(lambda b: b.show.play(SLOW * way) if way else b.show.player.pause())
        )

    @Slot()
    def _to_page(self) -> None:
        self.show_page("annotate")

    def show_page(self, name: str) -> None:
        """Show one of the pages; without a folder, what this window is for."""
        work = self._work
        pages = {"annotate": self.page, "agreement": self.agreement, "data": self.data}
        self.pages.setCurrentWidget(pages[name] if work is not None else self.empty)
        self.head.setVisible(work is not None)
        self.head.show_page(name)
        self.show_state()  # the keys of a page act only while it is seen
        if work is not None and name != "annotate":
            work.bench.show.player.pause()
            self._compare() if name == "agreement" else self.figures.count(work.desk.folder, work.desk.survey)

    @Slot(str, str)
    def _compare(self, first: str = "", second: str = "") -> None:
        if self._work is not None:
            self.figures.compare(self._work.desk.folder, first, second)

    @Slot(str, float)
    def _open_at(self, key: str, seconds: float) -> None:
        """Show a clip at a moment: somebody wants to see where two annotators differ."""
        if self._work is not None:
            self._to_page()
            self._work.ask(key, at_s=seconds)

    def show_clip(self, name: str) -> None:
        """Open a clip by its name; nothing happens if there is none."""
        facts = self._work.desk.survey.named(name) if self._work is not None else None
        if facts is not None and self._work is not None:
            self._work.ask(facts.clip.pictures)

    @property
    def desk(self) -> Desk | None:
        """What is worked on; None without a folder."""
        return None if self._work is None else self._work.desk

    @property
    def bench(self) -> Bench | None:
        """The page at work; None without a folder."""
        return None if self._work is None else self._work.bench

    @property
    def surveyed(self) -> bool:
        """True when every clip of the folder was looked at."""
        return self._work is not None and self._work.surveyed

    # A folder

    def ask_folder(self) -> None:
        """Ask for a folder and open it."""
        path = self.prompts.folder(self)
        if path:
            annotator = self._work.desk.annotator if self._work is not None else ""
            self.open_folder(Path(path), annotator)

    def open_folder(self, folder: Path, annotator: str) -> None:
        """Work on a folder of clips as an annotator; raises an RvrError if it cannot be, and then all stays."""
        if not find_clips(folder):
            raise UsageError("there are no clips in this folder", where=folder, remedy="Choose a folder with videos.")
        before = self._work
        if before is not None and (before.desk.folder, before.desk.annotator) == (folder, annotator):
            return
        work = FolderWork(folder, annotator, self.page, self.bridge, self._sound, self)
        self._leave_folder()
        self._work = work
        work.bench.reaction = self.menus.actions["reaction"].isChecked()
        work.auto_play = self.menus.actions["auto_play"].isChecked()
        work.bench.said_something.connect(self.say)
        work.changed.connect(self.show_state)
        work.clip_opened.connect(self._to_page)
        work.bench.attention_changed.connect(lambda mode: self.menus.actions[f"attention_{mode}"].setChecked(True))
        work.failed.connect(self.show_error)
        self.page.clips.clip_asked.connect(work.ask)
        self.menus.bind({**handlers_of(work.bench), **self._own_handlers(work)})
        self.error_bar.clear()
        self._to_page()
        self.show_state()

    def _leave_folder(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            self.page.clips.clip_asked.disconnect(work.ask)
            work.leave()
            self._ending.append(work)

    def _own_handlers(self, work: FolderWork) -> dict[str, Callable[[], object]]:
        actions = self.menus.actions
        return {
            "undo": lambda: self._tell_step(self.tr("Undone: {0}"), work.desk.undo()),
            "redo": lambda: self._tell_step(self.tr("Done again: {0}"), work.desk.redo()),
            "back": lambda: self._shuttle(-1),
            "forward": lambda: self._shuttle(1),
            "stop": work.bench.show.player.pause,
            "clip_done": lambda: self._finish_clip(work),
            "previous_clip": lambda: work.step(-1),
            "next_clip": lambda: work.step(1),
            "set_aside": lambda: self._set_aside(work),
            "keep_clip": work.keep,
            "annotate_as": lambda: self._annotate_as(work),
            "import_targets": lambda: self._import(work),
            "export_targets": lambda: self._export(work),
            "make_split": lambda: self._divide(work),
            "page_agreement": lambda: self.show_page("agreement"),
            "page_data": lambda: self.show_page("data"),
            "auto_play": lambda: setattr(work, "auto_play", actions["auto_play"].isChecked()),
            "reaction": lambda: setattr(work.bench, "reaction", actions["reaction"].isChecked()),
        }

    # Clips

    def _finish_clip(self, work: FolderWork) -> None:
        """Say that the clip is done and open the next one."""
        facts = work.desk.facts
        said = work.bench.finish()
        more = work.open_next(facts)
        self.say(said if more else f"{said}   {self.tr('All clips are done.')}")

    def _set_aside(self, work: FolderWork) -> None:
        facts = work.desk.facts
        reason = self.prompts.text(self, self.tr("Set aside"), self.tr("Why can this clip not be used?"), "")
        if reason is not None:
            work.bench.show.player.pause()
            work.desk.set_state("set_aside", reason)
            work.open_next(facts)

    def _annotate_as(self, work: FolderWork) -> None:
        name = self.prompts.text(self, self.tr("Annotate as"), self.tr("Who annotates?"), work.desk.annotator)
        if name and name.strip():
            self.open_folder(work.desk.folder, name.strip())

    # Files

    def _import(self, work: FolderWork) -> None:
        path = self.prompts.import_path(self)
        if path:
            self.say(taken_text(import_file(work.desk, Path(path)), self.tr))

    def _export(self, work: FolderWork) -> None:
        path = self.prompts.export_path(self)
        if path:
            self.say(export_file(work.desk, Path(path), self.tr))

    def _divide(self, work: FolderWork) -> None:
        self.say(divide(work.desk, self.tr))
        self.figures.count(work.desk.folder, work.desk.survey)

    # Keys

    def _shuttle(self, direction: int) -> None:
        if not self.held.take(direction):
            self._attempt(lambda b: b.show.shuttle(direction))

    def _digit(self, act: str, number: int) -> None:
        if self.pages.currentWidget() is self.page:
            self._attempt(lambda b: getattr(b, act)(number))

    def _tell_step(self, text: str, label: str | None) -> None:
        if label is not None:
            self.say(text.replace("{0}", label))

    @Slot()
    def _keys_to_picture(self) -> None:
        self.page.picture.setFocus(Qt.FocusReason.OtherFocusReason)

    def _attempt(self, action: Callable[[Bench], object]) -> None:
        """Do something with the bench; one of our errors is shown."""
        if self._work is None:
            return
        try:
            action(self._work.bench)
        except RvrError as error:
            self.show_error(error)
        else:
            self.error_bar.clear()

    def _pointed(self, bench: Bench, place: Point | Box) -> None:
        """Take a click or a box: a target, or with Shift only where the chosen subject is."""
        if QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            bench.correct(place)
        elif isinstance(place, Box):
            bench.draw(place)
        else:
            bench.click(place)

    # Showing

    def say(self, text: str) -> None:
        """Say something in the bottom line for some seconds."""
        self.statusBar().showMessage(text, _SAID_MS)

    @Slot(object)
    def show_error(self, error: Exception) -> None:
        """Show what went wrong, until it is dismissed or something goes well."""
        log.info("shown to the annotator: %s", error)
        self.error_bar.show_error(error)

    @Slot()
    def show_state(self) -> None:
        """Bring list, head, menus and title up to date."""
        work = self._work
        if work is None:
            self.menus.enable(())
            self.head.show_folder("", "")
            self.setWindowTitle(self.tr("Annotate Focus Targets"))
            return
        desk = work.desk
        self.page.clips.show_rows(rows_of(desk, self.tr), work.shown_key)
        looking = None if work.surveyed else work.looked_at
        self.page.progress.setText(progress_text(desk, self.tr, looking=looking))
        self.page.form.show_words(words_of(desk))
        self.head.show_folder(str(desk.folder), desk.annotator)
        self.head.show_counts(desk.order(), [desk.state_of(f) for f in desk.order()], desk.store.rate)
        self.menus.show_steps(desk.store.undo_label, desk.store.redo_label)
        self.menus.enable(self._met(desk))
        self.setWindowTitle(self.tr("{0} - Annotate Focus Targets").replace("{0}", desk.folder.name))

    def _met(self, desk: Desk) -> set[str]:
        met = {"folder"}
        if self.pages.currentWidget() is not self.page:
            return met
        if desk.facts is not None:
            met.add("clip")
            if desk.state_of(desk.facts) == "aside":
                met.add("aside")
        if desk.said is not None and desk.said.targets:
            met.add("targets")
        if desk.chosen is not None:
            met.add("target")
        if desk.store.undo_label is not None:
            met.add("undo")
        if desk.store.redo_label is not None:
            met.add("redo")
        return met

    # The end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Join every thread and go; everything said is on the disk already."""
        self.hide()
        deadline = time.monotonic() + CLOSE_S
        self._leave_folder()
        self._ending.append(self.figures)
        late = [part for part in self._ending if not part.close(max(0.0, deadline - time.monotonic()))]
        self.bridge.close()
        self.ended_well = not late
        if late:
            log.info("a thread was still busy when the window closed: %s", [type(p).__name__ for p in late])
        event.accept()
