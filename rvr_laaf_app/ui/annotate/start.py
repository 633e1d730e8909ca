"""Starting the annotation window by itself, from the command line."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from rvr_laaf_app.ui.start import SWITCH_S, make_application

_WAKE_MS = 200  # how often Python looks for signals while Qt waits


def run(folder: Path, annotator: str) -> int:
    """Open the window on a folder of clips, run until it is closed, return the exit code.

    Raises an RvrError, before anything is shown, if the folder cannot be worked on.
    """
    sys.setswitchinterval(SWITCH_S)
    app = make_application(sys.argv[:1])
    from rvr_laaf_app.ui.annotate.window import AnnotateWindow

    window = AnnotateWindow()
    window.open_folder(folder, annotator)
    window.show()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: window.close())
    wake = QTimer()
    wake.timeout.connect(lambda: None)
    wake.start(_WAKE_MS)
    code = app.exec()
    if not window.ended_well:
        logging.shutdown()
        os._exit(code)  # a thread is inside native code; all that was said is on the disk
    return code
