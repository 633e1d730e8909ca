"""The line over the picture that says what is wrong with the camera, what is safe, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from rvr_laaf_app.ui.capture import parts


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told. kind: "problem" or "wait". act: what the button says ("" = no button), by its id in `action`."""

    kind: str
    title: str
    text: str = ""
    act: str = ""
    action: str = ""


class StateBanner(QFrame):
    """Shows one notice; hidden without one."""

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("capture_banner")
        self.setProperty("role", "error")
        self._notice: Notice | None = None
        self.title = parts.label(self, "banner_title", "", "strong", wrap=True)
        self.text = parts.label(self, "banner_text", "", "", wrap=True)
        for part in (self.title, self.text):
            part.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.act = parts.button(self, "banner_act", "", self.tr("What can be done"))
        self.act.clicked.connect(self._acted)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.title)
        texts.addWidget(self.text)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 12, 8)
        line.setSpacing(12)
        line.addLayout(texts, 1)
        line.addWidget(self.act)
        self.hide()

    @property
    def notice(self) -> Notice | None:
        """What is shown."""
        return self._notice

    def show_notice(self, notice: Notice | None) -> None:
        """Show this; None: all is well."""
        if notice == self._notice:
            return
        self._notice = notice
        self.setVisible(notice is not None)
        if notice is None:
            return
        parts.set_role(self, "error" if notice.kind == "problem" else "wait")
        self.title.setText(notice.title)
        self.text.setText(notice.text)
        self.text.setVisible(bool(notice.text))
        self.act.setText(notice.act)
        self.act.setAccessibleName(notice.act)
        self.act.setVisible(bool(notice.act))

    @Slot()
    def _acted(self) -> None:
        if self._notice is not None:
            self.acted.emit(self._notice.action)
