"""An open folder of clips: which clips there are, which one is open or being opened, and what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.annotation.work import ClipFacts, Surveyed
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.ui.annotate.background import ClipOpener, OpenedClip, SurveyWork
from rvr_laaf_app.ui.annotate.bench import Bench
from rvr_laaf_app.ui.annotate.desk import Desk
from rvr_laaf_app.ui.newest import close_all

if TYPE_CHECKING:
    from rvr_laaf_app.ui.annotate.page import AnnotatePage
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.playback.sound import Sound


class FolderWork(QObject):
    """All that belongs to one folder and one annotator. For the GUI thread; end it with `leave` and `close`."""

    changed = Signal()  # the survey, what was said, or which clip is open
    clip_opened = Signal()
    failed = Signal(object)  # Exception

    def __init__(
        self, folder: Path, annotator: str, page: AnnotatePage, bridge: GuiBridge, sound: Sound, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.desk: Desk = Desk(folder, annotator, self)
        self.bench: Bench = Bench(page, self.desk, bridge, sound, self)
        self._survey = SurveyWork(folder, bridge, self)
        self._opener = ClipOpener(folder, bridge, self)
        self.looked_at = (0, 0)  # clips, of so many
        self.surveyed = False
        self.auto_play = False
        self._waiting: ClipFacts | None = None
        self._at_s = 0.0
        self.desk.changed.connect(self.changed)
        self.desk.survey_changed.connect(self.changed)
        self.desk.failed.connect(self.failed)
        self.bench.show.failed.connect(self.failed)
        self.bench.show.player.failed.connect(self.failed)
        self._survey.stepped.connect(self._surveyed)
        self._survey.ended.connect(self._survey_ended)
        self._survey.failed.connect(self.failed)
        self._opener.opened.connect(self._opened)
        self._opener.failed.connect(self._not_opened)

    def leave(self) -> None:
        """Let go of the journal and let every thread end; does not wait."""
        self.blockSignals(True)
        self.bench.leave()
        self.ask_to_end()
        self.desk.close()

    def ask_to_end(self) -> None:
        """Let every thread end."""
        for part in (self._survey, self._opener, self.bench):
            part.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join every thread; False if one did not end in time."""
        return close_all((self._survey, self._opener, self.bench), timeout_s)

    # The survey

    @Slot(object)
    def _surveyed(self, step: Surveyed) -> None:
        self.looked_at = (step.done, step.total)
        self.desk.set_survey(step.survey)

    @Slot()
    def _survey_ended(self) -> None:
        self.surveyed = True
        self.changed.emit()
        if self.desk.facts is None and self._waiting is None and not self.open_next(None):
            for facts in self.desk.order()[:1]:  # all are done: there is still something to look at
                self.ask(facts.clip.pictures)

    # Clips

    @property
    def shown_key(self) -> str:
        """The key of the clip that is open or being opened; "" if none is."""
        facts = self._waiting or self.desk.facts
        return "" if facts is None else facts.clip.pictures

    @Slot(str)
    def ask(self, key: str, *, at_s: float = 0.0) -> None:
        """Open a clip by its key, at a moment of it."""
        facts = self.desk.survey.by_pictures().get(key)
        if facts is None:
            return
        self._at_s = at_s
        if key == self.shown_key and self._waiting is None:
            self._go_to_moment()
        elif key != self.shown_key:
            self._waiting = facts
            self._opener.ask(facts)
            self.changed.emit()

    def _go_to_moment(self) -> None:
        ground = self.desk.ground
        if ground is not None and self._at_s > 0:
            self.bench.show.seek(ground.table.index_at(self._at_s))

    def open_next(self, after: ClipFacts | None) -> bool:
        """Open the clip that is to be done next; False if there is none."""
        found = self.desk.next_to_do(after)
        if found is not None:
            self.ask(found.clip.pictures)
        return found is not None

    def step(self, direction: int) -> None:
        """Open the clip after (1) or before (-1) this one in the list."""
        keys = [f.clip.pictures for f in self.desk.order()]
        here = keys.index(self.shown_key) if self.shown_key in keys else -direction
        if 0 <= here + direction < len(keys):
            self.ask(keys[here + direction])

    def keep(self) -> None:
        """Annotate the open clip although it was set aside."""
        if not self.surveyed:
            raise UsageError("the clips are still being looked at", remedy="Try again when all have been.")
        self.desk.keep()

    @Slot(object)
    def _opened(self, clip: OpenedClip) -> None:
        if clip.facts is self._waiting:
            self._waiting = None
            self.clip_opened.emit()
            self.bench.open(clip, play=self.auto_play and self._at_s == 0)
            self._go_to_moment()

    @Slot(object)
    def _not_opened(self, error: Exception) -> None:
        self._waiting = None
        self.failed.emit(error)
        self.changed.emit()
