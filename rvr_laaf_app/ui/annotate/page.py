"""The page on which clips are annotated: list, picture, strip, the chosen target, keys. It only lays out and shows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QSplitter, QVBoxLayout, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.annotate.attention_view import AttentionBeside
from rvr_laaf_app.ui.annotate.clip_list import ClipList
from rvr_laaf_app.ui.annotate.key_sheet import KeySheet
from rvr_laaf_app.ui.annotate.note_field import NoteField
from rvr_laaf_app.ui.annotate.strip import TimeStrip
from rvr_laaf_app.ui.annotate.target_form import TargetForm
from rvr_laaf_app.ui.viewer.picture_view import PictureView

_LIST_PX = 216
_FORM_PX = 272
_WIDEST_PX = 340  # of both: the room belongs to the picture


class AnnotatePage(QWidget):
    """Holds the widgets of the page."""

    def __init__(self, keys: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_page")
        self.clips = ClipList(self)
        self.progress = QLabel(self)
        self.progress.setObjectName("survey_progress")
        self.progress.setProperty("role", "quiet")
        self.progress.setWordWrap(True)
        self.picture = PictureView(self)
        self.picture.setAccessibleDescription(self.tr("Click who or what gets the focus at this frame."))
        self.beside = AttentionBeside(self)
        self.beside.hide()
        self.strip = TimeStrip(self)
        self.where = QLabel(self)
        self.where.setObjectName("clip_where")
        self.where.setFont(theme.tabular_font())
        self.banner, self.banner_text, self.keep = self._make_banner()
        self.note = NoteField(keys.get("write_note", ""), self)
        self.form = TargetForm(keys, self)
        self.sheet = KeySheet(keys, self)
        self._lay_out()

    def _make_banner(self) -> tuple[QFrame, QLabel, QPushButton]:
        frame = QFrame(self)
        frame.setProperty("role", "panel")
        row = QHBoxLayout(frame)
        row.setContentsMargins(12, 6, 12, 6)
        text = QLabel(frame)
        text.setObjectName("aside_text")
        text.setWordWrap(True)
        keep = QPushButton(self.tr("Annotate All the Same"), frame)
        keep.setObjectName("keep_clip")
        row.addWidget(text, 1)
        row.addWidget(keep)
        frame.hide()
        return frame, text, keep

    def _lay_out(self) -> None:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.clips, 1)
        self.progress.setContentsMargins(12, 6, 12, 6)
        column.addWidget(self.progress)
        left.setMinimumWidth(_LIST_PX)
        left.setMaximumWidth(_WIDEST_PX)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setObjectName("annotate_split")
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        for widget in (left, self._middle(), self._right()):
            split.addWidget(widget)
        for number, share in enumerate((1, 7, 1)):
            split.setStretchFactor(number, share)
        split.setSizes([_LIST_PX, 1000, _FORM_PX])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(split)

    def _middle(self) -> QWidget:
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        views = QHBoxLayout()
        views.setSpacing(1)
        views.addWidget(self.picture, 1)
        views.addWidget(self.beside, 1)
        column.addWidget(self.banner)
        column.addLayout(views, 1)
        line = QHBoxLayout()
        line.setContentsMargins(14, 4, 14, 4)
        line.addWidget(self.where, 1)
        line.addWidget(self.note)
        column.addLayout(line)
        column.addWidget(self.strip)
        return middle

    def _right(self) -> QScrollArea:
        inner = QWidget(self)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.form)
        rule = QFrame(inner)
        rule.setProperty("role", "rule")
        column.addWidget(rule)
        column.addWidget(self.sheet)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setObjectName("annotate_side")
        area.setAccessibleName(self.tr("Target and keys"))
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        area.setMinimumWidth(_FORM_PX)
        area.setMaximumWidth(_WIDEST_PX)
        return area
