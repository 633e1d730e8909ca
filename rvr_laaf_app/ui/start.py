"""Starting the window: Qt first, everything heavy after the window is on the screen."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow

log = logging.getLogger(__name__)
# Between Python threads, seconds (5 ms by default): while clips are analysed and rendered the window's thread gets its
# turn sooner; showing another clip under load took 230 ms in place of 650.
SWITCH_S = 0.001
_WAKE_MS = 200  # how often Python looks for signals while Qt waits
# OpenCV's wheel brings its own Qt and points these at it; ours must not look there, nor may programs we start.
_FOREIGN_QT = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


def forget_foreign_qt() -> None:
    """Remove the variables by which OpenCV leads Qt to its own plug-ins."""
    for name in _FOREIGN_QT:
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]


def make_application(arguments: list[str]) -> QApplication:
    """Return the application with name, style and theme."""
    from rvr_laaf_app import __version__
    from rvr_laaf_app.app.settings import load_settings
    from rvr_laaf_app.ui.theme import apply_theme
    from rvr_laaf_app.ui.translation import use_language

    forget_foreign_qt()
    app = QApplication(arguments)
    app.setApplicationName("RVR-LAAF")
    app.setOrganizationName("RVR-LAAF")
    app.setApplicationVersion(__version__)
    apply_theme(app)
    use_language(app, load_settings().language)
    return app


def run(path: str | None, *, capture: bool = False, camera: str = "") -> int:
    """Open the window on a clip or project (None: start page), run until it is closed, return the exit code.

    capture: open the capture window too; camera: use this one there at once.
    """
    sys.setswitchinterval(SWITCH_S)
    app = make_application(sys.argv[:1])
    from rvr_laaf_app.ui.main_window import make_window
    from rvr_laaf_app.ui.tidying import tidying_of

    window = make_window()
    window.show()
    tidying = tidying_of(window)
    # SIGTERM and Ctrl+C close the window in the ordinary way: jobs are cancelled, the journal is kept.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: window.close_now())
    wake = QTimer()
    wake.timeout.connect(lambda: None)
    wake.start(_WAKE_MS)
    # After the first paint, so that the window is there before the heavy libraries are read.
    QTimer.singleShot(0, lambda: window.begin(path))
    if capture:
        QTimer.singleShot(0, lambda: _show_capture(window, camera))
    code = app.exec()
    tidying.close()
    if not window.ended_well:
        # A thread is still inside native code (a first compilation, a slow disk). Taking the interpreter down around
        # it could crash; everything of the user's is on disk, so leave at once.
        logging.shutdown()
        os._exit(code)
    return code


def _show_capture(window: MainWindow, camera: str) -> None:
    """Open the capture window, with a camera (id) if one is named."""
    from rvr_laaf_app.ui.capture_feature import CaptureFeature

    for feature in window.features:
        if isinstance(feature, CaptureFeature):
            feature.show_window(camera)
