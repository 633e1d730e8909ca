"""The line that tells what went wrong, where, and what to do next. It waits for nobody and blocks nothing."""

from __future__ import annotations

import errno
from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from rvr_laaf_app.core.errors import CacheError, CheckpointError, ExportError, MediaError, ProjectError, RvrError
from rvr_laaf_app.ui import theme

_LONGEST = 400


class ErrorBar(QFrame):
    """Shows the newest error until it is dismissed or the next one comes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_bar")
        self.setProperty("role", "error")
        self.what = self._label("error_what", "strong")
        self.where = self._label("error_where", "")
        self.remedy = self._label("error_remedy", "")
        self.dismiss = QToolButton(self)
        self.dismiss.setObjectName("dismiss_error")
        self.dismiss.setProperty("role", "flat")
        self.dismiss.setIcon(theme.icon("close"))
        self.dismiss.setAccessibleName(self.tr("Dismiss"))
        self.dismiss.setToolTip(self.tr("Dismiss"))
        self.dismiss.clicked.connect(self.clear)
        self._way_out: Callable[[], object] = self.clear
        self.way_out = QPushButton(self)
        self.way_out.setObjectName("error_way_out")
        self.way_out.setAccessibleName(self.tr("What to do about it"))
        self.way_out.clicked.connect(self._go)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for label in (self.what, self.where, self.remedy):
            texts.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 8, 10)
        layout.addLayout(texts, 1)
        layout.addWidget(self.way_out, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addSpacing(8)
        layout.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def _label(self, name: str, role: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)  # file names are text, never markup
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        if role:
            label.setProperty("role", role)
        return label

    @property
    def text(self) -> str:
        """Everything that is shown, in one line; empty when hidden."""
        parts = (self.what.text(), self.where.text(), self.remedy.text())
        return " ".join(p for p in parts if p) if not self.isHidden() else ""

    def show_error(self, error: BaseException) -> None:
        """Show an error: ours in its three parts, any other with what little it says."""
        if isinstance(error, RvrError):
            self._show(error.what, error.where or "", error.remedy or self._family_remedy(error))
        elif isinstance(error, MemoryError):
            self._show(self.tr("not enough memory"), "", self.tr("Close other programs and try again."))
        elif isinstance(error, OSError):
            self._show(error.strerror or str(error), str(error.filename or ""), self._system_remedy(error.errno))
        else:
            remedy = self.tr("This is a fault of the program; your project is kept in its journal.")
            self._show(f"{type(error).__name__}: {error}", "", remedy)

    def _family_remedy(self, error: RvrError) -> str:
        """Return what to do about an error that does not say it itself; errors of usage say it in their sentence."""
        if isinstance(error, MediaError):
            return self.tr("Try a copy of the file, or convert it with another program.")
        if isinstance(error, ExportError):
            return self.tr("Try again, or choose another place for the result.")
        if isinstance(error, ProjectError):
            return self.tr("Try again, or open an earlier version of the project (File menu).")
        if isinstance(error, CacheError):
            return self.tr("Nothing of yours is lost: analyse the depth again (Depth menu).")
        if isinstance(error, CheckpointError):
            return self.tr("Install the program's networks again.")
        return ""

    def _system_remedy(self, number: int | None) -> str:
        """Return what to do about an error of the system."""
        if number in (errno.ENOSPC, errno.EDQUOT):
            return self.tr("Make room on this disk, or choose another place.")
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            return self.tr("Choose another place, or change who may write there.")
        if number == errno.ENOENT:
            return self.tr("It may have been moved or renamed: choose it again.")
        return self.tr("Try again, or choose another place.")

    def offer(self, text: str, way_out: Callable[[], object]) -> None:
        """Offer, beside the error that is shown, a button for what to do next; it goes with the error."""
        self._way_out = way_out
        self.way_out.setText(text)
        self.way_out.setAccessibleName(text)
        self.way_out.show()

    @Slot()
    def _go(self) -> None:
        way_out = self._way_out
        self.clear()
        way_out()

    def _show(self, what: str, where: str, remedy: str) -> None:
        first = what.strip().rstrip(".")
        self.what.setText((first[:1].upper() + first[1:])[:_LONGEST])
        self.where.setText(where[:_LONGEST])
        self.remedy.setText(remedy[:_LONGEST])
        self.where.setVisible(bool(where))
        self.remedy.setVisible(bool(remedy))
        self.way_out.hide()
        self.show()

    @Slot()
    def clear(self) -> None:
        """Hide."""
        self.hide()
