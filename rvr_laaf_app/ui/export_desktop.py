"""The desktop around the window: showing a file in its folder, and a notification when nobody is looking at us."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Protocol

from PySide6.QtCore import QObject, QProcess, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from rvr_laaf_app.ui import theme

NOTICE_MS: Final = 8000


class Desktop(Protocol):
    """What the export queue asks of the desktop; tests give their own."""

    def show_file(self, path: Path) -> None:
        """Show a file in the file manager, chosen; its folder where that is not possible."""
        ...

    def open_folder(self, path: Path) -> None:
        """Open a folder in the file manager."""
        ...

    def notify(self, title: str, text: str) -> None:
        """Tell the user something while another window has the keys."""
        ...

    def close(self) -> None:
        """Take everything off the desktop."""
        ...


class SystemDesktop(QObject):
    """The real one. Nothing here waits for an answer."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._tray: QSystemTrayIcon | None = None

    def show_file(self, path: Path) -> None:
        """See Desktop."""
        if path.is_dir() or not path.exists():
            self.open_folder(path)
        elif sys.platform == "win32":
            QProcess.startDetached("explorer.exe", ["/select,", str(path)])
        elif sys.platform == "darwin":
            QProcess.startDetached("open", ["-R", str(path)])
        elif not _show_by_bus(path):
            self.open_folder(path.parent)

    def open_folder(self, path: Path) -> None:
        """See Desktop."""
        place = next((p for p in (path, *path.absolute().parents) if p.is_dir()), path)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(place)))

    def notify(self, title: str, text: str) -> None:
        """See Desktop. Where there is no tray, the window asks for attention in the task bar."""
        if self._window.isActiveWindow():
            return
        QApplication.alert(self._window)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(theme.icon("target", "accent"), self)
            self._tray.messageClicked.connect(self._window.activateWindow)
        self._tray.show()
        self._tray.showMessage(title, text, theme.icon("target", "accent"), NOTICE_MS)

    def close(self) -> None:
        """See Desktop."""
        if self._tray is not None:
            self._tray.hide()


def _show_by_bus(path: Path) -> bool:
    """Ask the file manager of a Linux desktop to show a file; False if there is no bus to ask on."""
    try:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage
    except ImportError:
        return False
    bus = QDBusConnection.sessionBus()
    service = "org.freedesktop.FileManager1"
    if not bus.isConnected():
        return False
    registered = bus.interface()
    names = registered.property("activatableServiceNames") if registered is not None else None
    if not names or service not in names:
        return False
    message = QDBusMessage.createMethodCall(service, "/org/freedesktop/FileManager1", service, "ShowItems")
    message.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    return bus.send(message)
