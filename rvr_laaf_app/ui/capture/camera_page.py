"""What is shown while no camera is in use: those that were found, ways to connect others, what is missing for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.ui.capture import parts

_COLUMN_PX = 640


@dataclass(frozen=True, slots=True)
class MissingKind:
    """A kind of camera that cannot be used on this machine: what it is for, why not, and what to do."""

    title: str
    reason: str
    remedy: str


class CameraPage(QScrollArea):
    """Shows cameras as rows; a click chooses one."""

    camera_chosen = Signal(str)
    look_again = Signal()
    folder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("camera_page")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget(self)
        page.setProperty("role", "surround")
        column = QWidget(page)
        column.setMaximumWidth(_COLUMN_PX)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._layout = QVBoxLayout(column)
        self._layout.setSpacing(8)
        self.title = parts.label(column, "camera_title", "", "title", wrap=True)
        self.lead = parts.label(column, "camera_lead", "", "lead", wrap=True)
        self._layout.addWidget(self.title)
        self._layout.addWidget(self.lead)
        self._layout.addSpacing(12)
        self._real, self._real_rows = self._list(column, "")
        self._made, self._made_rows = self._list(column, self.tr("WITHOUT A CAMERA"))
        self._layout.addLayout(self._buttons(column))
        self._layout.addSpacing(12)
        self._missing, self._missing_rows = self._list(column, self.tr("NOT AVAILABLE HERE"))
        middle = QHBoxLayout()
        middle.setContentsMargins(24, 24, 24, 24)
        middle.addStretch(1)
        middle.addWidget(column, 100)
        middle.addStretch(1)
        outer = QVBoxLayout(page)
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)
        self.setWidget(page)
        self.show_cameras((), (), searching=True)

    def _list(self, column: QWidget, title: str) -> tuple[QWidget, QVBoxLayout]:
        box = QWidget(column)
        rows = QVBoxLayout(box)
        rows.setContentsMargins(0, 0, 0, 8)
        rows.setSpacing(4)
        if title:
            rows.addWidget(parts.label(box, "", title, "heading"))
        inner = QVBoxLayout()
        inner.setSpacing(6)
        rows.addLayout(inner)
        self._layout.addWidget(box)
        return box, inner

    def _buttons(self, column: QWidget) -> QHBoxLayout:
        self.again = parts.button(column, "look_again", self.tr("Look Again"), self.tr("Look for cameras again"))
        self.again.clicked.connect(self.look_again)
        self.folder = parts.button(
            column,
            "use_folder",
            self.tr("Use a Recorded Sweep…"),
            self.tr("A folder with pictures of a focus sweep acts as a camera"),
        )
        self.folder.clicked.connect(self.folder_wanted)
        return parts.line(self.again, self.folder, None)

    def show_cameras(
        self, cameras: Sequence[CameraInfo], missing: Sequence[MissingKind], *, searching: bool = False
    ) -> None:
        """Show what was found; real cameras first, those that measure no light apart from them and named so."""
        real = [c for c in cameras if not c.simulated and c.backend != "replay"]
        made = [c for c in cameras if c not in real]
        self.title.setText(self._title(len(real), searching=searching))
        self.lead.setText(
            self.tr("Choose one: its picture, focus and controls appear here.")
            if real
            else self.tr("Connect one by USB, switch it on and choose PC or remote mode; it appears here by itself.")
        )
        for rows, found in ((self._real_rows, real), (self._made_rows, made)):
            _clear(rows)
            for camera in found:
                rows.addWidget(self._row(camera))
        self._real.setVisible(bool(real))
        self._made.setVisible(bool(made))
        _clear(self._missing_rows)
        for kind in missing:
            self._missing_rows.addWidget(self._missing_row(kind))
        self._missing.setVisible(bool(missing))
        self.again.setEnabled(not searching)

    def _title(self, real: int, *, searching: bool) -> str:
        if searching:
            return self.tr("Looking for cameras…")
        if real == 0:
            return self.tr("No camera is connected")
        return self.tr("One camera is connected") if real == 1 else self.tr("Choose a camera")

    def _row(self, camera: CameraInfo) -> QPushButton:
        row = QPushButton(self)
        row.setObjectName(f"camera_{camera.id}")
        row.setProperty("role", "card")
        row.setToolTip(camera.id)
        row.clicked.connect(lambda _=False, camera_id=camera.id: self.camera_chosen.emit(camera_id))
        note = camera.note or self._usual_note(camera)
        row.setAccessibleName(", ".join(t for t in (camera.name, note, self._badge(camera)) if t))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self._passive(row, camera.name, "strong"))
        if note:
            texts.addWidget(self._passive(row, note, "quiet"))
        line = QHBoxLayout(row)
        line.setContentsMargins(14, 4, 14, 4)
        line.addLayout(texts, 1)
        if badge := self._badge(camera):
            line.addWidget(self._passive(row, badge, "badge"), 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _passive(self, row: QWidget, text: str, role: str) -> QLabel:
        made = parts.label(row, "", text, role)
        made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        if role != "badge":
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return made

    def _badge(self, camera: CameraInfo) -> str:
        return self.tr("SIMULATED") if camera.simulated else (self.tr("RECORDED") if camera.backend == "replay" else "")

    def _usual_note(self, camera: CameraInfo) -> str:
        return f"{camera.backend}  {camera.serial}".strip() if not camera.simulated else ""

    def _missing_row(self, kind: MissingKind) -> QWidget:
        row = QWidget(self)
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 2, 0, 6)
        column.setSpacing(0)
        column.addWidget(parts.label(row, "", kind.title, "strong"))
        text = parts.label(row, "missing_text", f"{kind.reason}. {kind.remedy}".strip(), "quiet", wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(text)
        return row


def _clear(rows: QVBoxLayout) -> None:
    while (item := rows.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
