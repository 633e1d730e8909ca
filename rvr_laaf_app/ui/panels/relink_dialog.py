"""One window for all clips that were not found: search a folder for them, or show where one is; then use what fits.

Nothing changes before "Use" is pressed; closing the window changes nothing at any time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.app.clip_files import Match, search_job
from rvr_laaf_app.jobs.scheduler import FinishReason
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.plural import counted

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session
    from rvr_laaf_app.document.production import ClipEntry
    from rvr_laaf_app.jobs.scheduler import Task
    from rvr_laaf_app.ui.prompts import Prompts

_ID = Qt.ItemDataRole.UserRole
_NAME, _FOUND, _STATE = range(3)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is being looked for. chosen: the file that the user said is the clip `chosen_id`."""

    task: Task[tuple[Match, ...]]
    chosen_id: str = ""
    chosen: str = ""


class RelinkDialog(QDialog):
    """Lists the missing clips of a session and what was found for each."""

    def __init__(self, session: Session, prompts: Prompts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("relink_dialog")
        self.setWindowTitle(self.tr("Find missing clips"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(720, 420)
        self._session, self._prompts = session, prompts
        self._matches: dict[str, Match] = {}
        self._search: _Search | None = None
        self._build()
        self._unsubscribe = session.on_clips(self._fill)
        self._fill()

    def _build(self) -> None:
        self.lead = QLabel("", self)
        self.lead.setObjectName("relink_lead")
        self.lead.setProperty("role", "strong")
        self.text = QLabel(self.tr("Targets and lens of these clips are kept."), self)
        self.text.setObjectName("relink_text")
        self.text.setProperty("role", "quiet")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.rows = QTreeWidget(self)
        self.rows.setObjectName("relink_rows")
        self.rows.setAccessibleName(self.tr("Missing clips"))
        self.rows.setHeaderLabels([self.tr("Clip"), self.tr("Where it is"), ""])
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.rows.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.rows.header()
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(_FOUND, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_STATE, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        header.resizeSection(_NAME, 200)
        self.rows.itemChanged.connect(self._show_count)
        self.rows.currentItemChanged.connect(self._show_count)
        self.busy = QProgressBar(self)
        self.busy.setObjectName("relink_busy")
        self.busy.setTextVisible(False)
        self.busy.setRange(0, 0)
        self.busy.hide()
        self.folder = self._button("relink_folder", self.tr("Search a Folder…"), self._ask_folder)
        self.file = self._button("relink_file", self.tr("Choose the File…"), self._ask_file)
        self.use = self._button("relink_use", self.tr("Use"), self._use)
        self.use.setProperty("role", "primary")
        self.cancel = self._button("relink_cancel", self.tr("Cancel"), self.reject)
        line = QHBoxLayout()
        line.setSpacing(8)
        for button in (self.folder, self.file):
            line.addWidget(button)
        line.addStretch(1)
        for button in (self.cancel, self.use):
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        for part in (self.lead, self.text, self.rows, self.busy):
            layout.addWidget(part)
        layout.addLayout(line)

    def _button(self, name: str, text: str, action: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(action)
        return button

    @property
    def missing(self) -> tuple[ClipEntry, ...]:
        """The clips that are still missing."""
        return self._session.clips.missing(self._session.production)

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self.rows.topLevelItem(n) for n in range(self.rows.topLevelItemCount()))
        return [item for item in found if item is not None]

    def done(self, result: int) -> None:
        """Break off the search and hear no more of the session."""
        self._unsubscribe()
        if self._search is not None:
            self._search.task.cancel()
        super().done(result)

    @Slot()
    def _fill(self) -> None:
        missing = self.missing
        listed = [item.data(0, _ID) for item in self._items()]
        if [c.id for c in missing] != listed:
            self.rows.blockSignals(True)
            self.rows.clear()
            for entry in missing:
                item = QTreeWidgetItem([entry.title, "", ""])
                item.setData(0, _ID, entry.id)
                self.rows.addTopLevelItem(item)
                self._show_match(item, entry)
            if missing:
                self.rows.setCurrentItem(self._items()[0])
            self.rows.blockSignals(False)
        self.lead.setText(
            counted(self.tr, "1 clip was not found.", "{0} clips were not found.", len(missing))
            if missing
            else self.tr("All clips are there.")
        )
        self._show_count()

    def _show_match(self, item: QTreeWidgetItem, entry: ClipEntry) -> None:
        match, clip = self._matches.get(entry.id), entry.project.clip
        was = clip.path if clip is not None else ""
        item.setText(_FOUND, match.path if match is not None else was)
        item.setToolTip(_FOUND, item.text(_FOUND))
        colour = theme.DARK.color("text" if match is not None else "text_quiet")
        item.setForeground(_FOUND, colour)
        if match is None:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setData(_NAME, Qt.ItemDataRole.CheckStateRole, None)
            item.setText(_STATE, self.tr("not found"))
            item.setForeground(_STATE, theme.DARK.color("problem"))
            return
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(_NAME, Qt.CheckState.Checked if match.same else Qt.CheckState.Unchecked)
        item.setText(_STATE, self.tr("found") if match.same else self.tr("other content"))
        item.setForeground(_STATE, theme.DARK.color("in_focus" if match.same else "accent"))

    def _chosen(self) -> dict[str, tuple[str, bool]]:
        found = {}
        for item in self._items():
            match = self._matches.get(item.data(0, _ID))
            if match is not None and item.checkState(_NAME) is Qt.CheckState.Checked:
                found[match.clip_id] = (match.path, match.same)
        return found

    @Slot()
    def _show_count(self) -> None:
        count = len(self._chosen())
        self.use.setText(self.tr("Use {0}").replace("{0}", str(count)) if count else self.tr("Use"))
        self.use.setEnabled(count > 0)
        self.file.setEnabled(self.rows.currentItem() is not None and self._search is None)
        self.folder.setEnabled(bool(self.missing) and self._search is None)

    @Slot()
    def _ask_folder(self) -> None:
        folder = self._prompts.folder(self)
        if folder:
            self.search(folder)

    @Slot()
    def _ask_file(self) -> None:
        item = self.rows.currentItem()
        path = self._prompts.open_path(self) if item is not None else None
        if item is not None and path:
            self.search(os.path.dirname(path), chosen_id=item.data(0, _ID), chosen=path)

    def search(self, folder: str, *, chosen_id: str = "", chosen: str = "") -> None:
        """Look for all missing clips in a folder; with one file chosen, its neighbours may be the others."""
        job = search_job(self._session.engine, self.missing, folder)
        task = self._session.run(job, "search", subject=folder, done=self._searched)
        self._search = _Search(task, chosen_id, chosen)
        self.text.setText(self.tr("Searching {0} …").replace("{0}", folder))
        self.busy.show()
        self._show_count()

    def _searched(self, task: Task[tuple[Match, ...]]) -> None:
        search, self._search = self._search, None
        if search is None or search.task is not task or not self.isVisible():
            return
        self.busy.hide()
        if task.status.reason is not FinishReason.COMPLETED:
            self.text.setText(self.tr("The search was broken off."))
        else:
            matches = {m.clip_id: m for m in task.result(0)}
            chosen = matches.get(search.chosen_id)
            if search.chosen_id and not (chosen is not None and chosen.same):
                matches[search.chosen_id] = Match(search.chosen_id, search.chosen, same=False)
            self._take(matches, search)
        self._show_count()

    def _take(self, matches: dict[str, Match], search: _Search) -> None:
        """Show what was found; a better match of an earlier search stays."""
        for clip_id, match in matches.items():
            former = self._matches.get(clip_id)
            if former is None or match.same or not former.same:
                self._matches[clip_id] = match
        entries = {c.id: c for c in self.missing}
        for item in self._items():
            clip_id = item.data(0, _ID)
            if clip_id in entries and clip_id in matches:
                self._show_match(item, entries[clip_id])
                if clip_id == search.chosen_id:
                    item.setCheckState(_NAME, Qt.CheckState.Checked)  # the user has chosen it
        same = sum(m.same for m in matches.values())
        text = self.tr("Found {0} of {1}.").replace("{0}", str(same)).replace("{1}", str(len(entries)))
        others = len(matches) - same
        if others:
            text += " " + counted(
                self.tr,
                "1 file has the name but another content: tick it to use it anyway.",
                "{0} files have the name but another content: tick those to use anyway.",
                others,
            )
        self.text.setText(text)

    @Slot()
    def _use(self) -> None:
        chosen = self._chosen()
        for clip_id in chosen:
            self._matches.pop(clip_id, None)
        self._session.use_places(chosen)
        if not self.missing:
            self.accept()
