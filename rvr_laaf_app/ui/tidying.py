"""When memory is searched for garbage: while nothing moves, not in the middle of a gesture.

A search through everything holds up all threads for 80 to 180 ms once the library of the networks is loaded (measured),
and by itself it comes whenever many objects were made: while a clip is analysed and the user works. Young objects,
nearly all of the garbage, are searched as often as ever. What survives a search is set aside until the next one.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QCursor

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow

LOOK_MS: Final = 5000
LEAST_S: Final = 60.0  # between two searches
MOST_S: Final = 900.0  # after this long it is searched in spite of everything
_NEVER: Final = 1_000_000_000


class Tidying(QObject):
    """Takes full searches into its hand until `close`.

    signs: returns something that is another value when the user does something or the clip plays.
    """

    def __init__(
        self, signs: Callable[[], object], parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._signs, self._clock = signs, clock
        self._before: object = None
        self._searched_s = clock()
        self._thresholds = gc.get_threshold()
        gc.set_threshold(self._thresholds[0], self._thresholds[1], _NEVER)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)

    def close(self) -> None:
        """Leave it to the interpreter again."""
        self._timer.stop()
        gc.unfreeze()
        gc.set_threshold(*self._thresholds)

    @Slot()
    def look(self) -> None:
        """Search if it is time and nothing has moved since the last look."""
        signs, since_s = self._signs(), self._clock() - self._searched_s
        still, self._before = signs == self._before, signs
        if (still and since_s >= LEAST_S) or since_s >= MOST_S:
            self._search()

    def _search(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._searched_s = self._clock()


def tidying_of(window: MainWindow) -> Tidying:
    """Take them into the hand of the editor's window: an edit, another frame, the mouse, playing are signs of life."""

    def signs() -> object:
        stage = window.stage
        return QCursor.pos().toTuple(), stage.index, stage.player.playing, id(window.session.project)

    return Tidying(signs, window)
