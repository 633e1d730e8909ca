"""What the annotation window does in threads: looking at the clips of a folder, and opening one."""

from __future__ import annotations

import importlib
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rvr_laaf_app.core.stopping import stoppable
from rvr_laaf_app.ui.newest import NewestWorker

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.making import Ground
    from rvr_laaf_app.annotation.work import ClipFacts, Surveyed
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.ui.bridge import GuiBridge

log = logging.getLogger(__name__)


class SurveyWork(QObject):
    """Looks at every clip of a folder; what was looked at before comes at once."""

    stepped = Signal(object)  # annotation.work.Surveyed
    ended = Signal()
    failed = Signal(object)  # Exception

    def __init__(self, folder: Path, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder, self._bridge = folder, bridge
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="survey", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """True until every clip was looked at."""
        return self._thread.is_alive()

    def ask_to_end(self) -> None:
        """Look at nothing more; what was found is on the disk."""
        self._closed = True

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with stoppable(lambda: self._closed):
            self._look()

    def _look(self) -> None:
        from rvr_laaf_app.annotation.work import survey

        try:
            for step in survey(self._folder):
                if self._closed:
                    return
                self._post(step)
        except Exception as error:
            log.info("the folder %s cannot be looked at", self._folder, exc_info=True)
            failure = error
            self._bridge.post(lambda: None if self._closed else self.failed.emit(failure))
        self._bridge.post(lambda: None if self._closed else self.ended.emit())

    def _post(self, step: Surveyed) -> None:
        self._bridge.post(lambda: None if self._closed else self.stepped.emit(step))


@dataclass(frozen=True, slots=True, eq=False)
class OpenedClip:
    """A clip with all that annotating needs of it."""

    facts: ClipFacts
    info: ClipInfo
    ground: Ground


class ClipOpener(QObject):
    """Opens clips, the newest wish first."""

    opened = Signal(object)  # OpenedClip
    failed = Signal(object)  # Exception

    def __init__(self, folder: Path, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder, self._bridge = folder, bridge
        self._closed = False
        self._worker: NewestWorker[ClipFacts] = NewestWorker(self._open, name="open clip")

    def ask(self, facts: ClipFacts) -> None:
        """Open a clip; what was asked for before is dropped."""
        self._worker.submit(facts)

    def ask_to_end(self) -> None:
        """Open nothing more."""
        self._closed = True
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        return self._worker.close(timeout_s)

    def _open(self, facts: ClipFacts) -> None:
        from rvr_laaf_app.annotation.making import Ground
        from rvr_laaf_app.annotation.work import looks_of
        from rvr_laaf_app.media.probe import probe

        try:
            info = probe(self._folder / facts.clip.name)
            importlib.import_module("rvr_laaf_app.pipeline.follow_place")  # here, not at the first click: it is heavy
            found = OpenedClip(facts, info, Ground(facts.table, looks_of(self._folder, facts)))
        except Exception as error:
            log.info("%s cannot be opened", facts.clip.name, exc_info=True)
            failure = error
            self._bridge.post(lambda: None if self._closed else self.failed.emit(failure))
            return
        self._bridge.post(lambda: None if self._closed else self.opened.emit(found))
