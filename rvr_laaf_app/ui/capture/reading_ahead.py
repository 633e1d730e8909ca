"""The thread that reads ahead what a camera will need, begun once when the page of cameras stands."""

from __future__ import annotations

import logging
import threading

log = logging.getLogger(__name__)


class ReadingAhead:
    """Begins at most once; ends by itself."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Read ahead from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        from rvr_laaf_app.pipeline.capture_ready import read_ahead

        try:
            read_ahead(self._stop.is_set)
        except Exception:
            # The border of the thread: what could not be read now is read when it is needed, and its fault told then.
            log.exception("the camera's libraries could not be read ahead")

    def ask_to_end(self) -> None:
        """Read nothing more."""
        self._stop.set()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()
