"""What is shown when nothing is open: how to begin, the sample clip, three steps, and what was open before.

It shows what it is given; which files exist is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.panels.sample_button import SampleButton

if TYPE_CHECKING:
    from rvr_laaf_app.document.journal import Recovery

_RESOURCES: Final = Path(__file__).resolve().parents[3] / "resources"
SAMPLE_CLIP: Final = _RESOURCES / "sample_clip.mp4"
_SAMPLE_PICTURE: Final = _RESOURCES / "readme_near.jpg"
_MOST_ROWS: Final = 5
_COLUMN_PX: Final = 848
_NAME_CHARS: Final = 44
_ROW_PX: Final = 28


class StartPage(QScrollArea):
    """Buttons that ask for a file, and the recent ones by name."""

    open_requested = Signal()
    path_chosen = Signal(str)
    forget_requested = Signal(str)

    def __init__(self, sample: Path = SAMPLE_CLIP, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start_page")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sample = sample
        self._recoveries: list[Recovery] = []
        self._recover: Callable[[Recovery], None] = lambda _recovery: None
        page = QWidget(self)
        page.setProperty("role", "surround")
        column = QWidget(page)
        column.setMaximumWidth(_COLUMN_PX)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(column)
        layout.setSpacing(8)
        layout.addWidget(self._text(self.tr("Put focus into your clip"), "title"))
        lead = self.tr("Open a clip and click a subject: it stays sharp, the rest falls out of focus.")
        layout.addWidget(self._text(lead, "lead"))
        layout.addSpacing(16)
        layout.addLayout(self._begin_row())
        layout.addSpacing(24)
        layout.addLayout(self._steps())
        layout.addSpacing(24)
        layout.addLayout(self._lists())
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
        self.set_recent(())
        self.set_recoveries((), self._recover)

    def _text(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    # How to begin

    def _begin_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self._drop_field(), 1)
        self.sample = SampleButton(_SAMPLE_PICTURE, self.tr("Open the sample clip"), self)
        self.sample.setObjectName("start_sample")
        self.sample.setVisible(self._sample.exists())
        self.sample.clicked.connect(self._sample_clicked)
        row.addWidget(self.sample)
        return row

    def _drop_field(self) -> QFrame:
        field = self._field = QFrame(self)
        field.setObjectName("drop_field")
        field.setProperty("role", "drop")
        self.open = QPushButton(self.tr("Open a clip or project…"), field)
        self.open.setObjectName("start_open")
        self.open.setProperty("role", "primary")
        self.open.clicked.connect(self.open_requested)
        hint = self._text(self.tr("or drop a video, a photo or an .rvr project here"), "quiet")
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout = QVBoxLayout(field)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        layout.addStretch(1)
        layout.addWidget(self.open, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(hint)
        layout.addStretch(1)
        return field

    def _steps(self) -> QGridLayout:
        steps = (
            (self.tr("Open a clip"), self.tr("Its depth is estimated while you look at it; nothing has to be set up.")),
            (self.tr("Click what should be sharp"), self.tr("Focus arrives there in time, then follows the subject.")),
            (self.tr("Check and export"), self.tr("F8 walks through soft spots; Ctrl+E writes the film.")),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        for column, (title, text) in enumerate(steps):
            number = self._text(str(column + 1), "step")
            grid.addWidget(number, 0, column)
            grid.addWidget(self._text(title, "strong"), 1, column)
            body = self._text(text, "quiet")
            body.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(body, 2, column)
            grid.setColumnStretch(column, 1)
        return grid

    # What was before

    def _lists(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(24)
        self._unsaved_box, self._unsaved = self._list(self.tr("NOT SAVED LAST TIME"))
        self._recent_box, self._recent = self._list(self.tr("RECENT"))
        row.addWidget(self._recent_box, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._unsaved_box, 1, Qt.AlignmentFlag.AlignTop)
        return row

    def _list(self, title: str) -> tuple[QWidget, QVBoxLayout]:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._text(title, "heading"))
        rows = QVBoxLayout()
        rows.setSpacing(0)
        column.addLayout(rows)
        return box, rows

    def set_recent(self, paths: Sequence[str], missing: Collection[str] = ()) -> None:
        """Show files that were open before, newest first; those that are not there say so and can be forgotten."""
        _clear(self._recent)
        for number, path in enumerate(paths[:_MOST_ROWS]):
            gone = path in missing
            place = self.tr("not found") if gone else _short(Path(path).parent)
            button = self._link(f"recent_{number}", Path(path).name, place, path)
            button.setProperty("path", path)
            button.clicked.connect(self._recent_clicked)
            self._recent.addWidget(self._row(button, path if gone else ""))
        self._recent_box.setVisible(bool(paths))

    def set_recoveries(self, recoveries: Sequence[Recovery], recover: Callable[[Recovery], None]) -> None:
        """Show work that ended without saving; a click continues it."""
        _clear(self._unsaved)
        self._recoveries, self._recover = list(recoveries[:_MOST_ROWS]), recover
        for number, recovery in enumerate(self._recoveries):
            button = self._link(f"recovery_{number}", *self._description(recovery))
            button.setProperty("number", number)
            button.clicked.connect(self._recovery_clicked)
            self._unsaved.addWidget(self._row(button, ""))
        self._unsaved_box.setVisible(bool(recoveries))

    def _description(self, recovery: Recovery) -> tuple[str, str, str]:
        """Return name, second text and tip of a link."""
        clip = recovery.project.clip
        source = str(recovery.project_path or (clip.path if clip is not None else recovery.path))
        one = recovery.edits == 1
        changes = self.tr("1 change") if one else self.tr("{0} changes").replace("{0}", str(recovery.edits))
        return Path(source).name, changes, source

    def _link(self, name: str, text: str, more: str, tip: str) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName(name)
        button.setProperty("role", "link")
        button.setToolTip(tip)
        button.setAccessibleName(f"{text}, {more}")
        button.setMinimumWidth(120)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setFixedHeight(_ROW_PX)
        line = QHBoxLayout(button)
        line.setContentsMargins(1, 0, 8, 0)
        line.setSpacing(12)
        for part, role in ((_middle_cut(text), "strong"), (more, "quiet")):
            label = self._text(part, role)
            label.setWordWrap(False)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            line.addWidget(label)
        line.addStretch(1)
        return button

    def _row(self, link: QPushButton, forget: str) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(link, 1)
        if forget:
            button = QToolButton(row)
            button.setObjectName(f"forget_{link.objectName()}")
            button.setProperty("role", "title_button")
            button.setProperty("path", forget)
            button.setIcon(theme.icon("close", "text_quiet", size_px=12))
            text = self.tr("Remove {0} from this list").replace("{0}", Path(forget).name)
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.clicked.connect(self._forget_clicked)
            line.addWidget(button)
        return row

    def set_hot(self, hot: bool) -> None:
        """Light up the field that takes dropped files, while some are held over the window."""
        self._field.setProperty("hot", hot)
        self._field.style().polish(self._field)

    # What the user does

    @Slot()
    def _recovery_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self._recover(self._recoveries[int(button.property("number"))])

    @Slot()
    def _sample_clicked(self) -> None:
        self.path_chosen.emit(str(self._sample))

    @Slot()
    def _recent_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.path_chosen.emit(str(button.property("path")))

    @Slot()
    def _forget_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.forget_requested.emit(str(button.property("path")))


def _clear(rows: QVBoxLayout) -> None:
    while (item := rows.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)  # at once, so that nobody finds it by its name
            widget.deleteLater()


def _middle_cut(text: str) -> str:
    """Return a name with its middle left out if it is long: the end of a file's name tells as much as its begin."""
    half = _NAME_CHARS // 2
    return text if len(text) <= _NAME_CHARS else f"{text[:half]}…{text[1 - half :]}"


def _short(folder: Path) -> str:
    """Return a folder as the user would call it: from the home folder, and only its end if it is long."""
    home = Path.home()
    text = str(Path("~") / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)
    return text if len(text) <= _NAME_CHARS else f"…{text[1 - _NAME_CHARS :]}"
