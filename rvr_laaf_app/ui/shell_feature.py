"""The window itself as a feature: undo, docks, command palette, keys, help, leaving."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QToolButton

from rvr_laaf_app.app.key_map import KeyChoices, keys_now
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.command_palette import CommandPalette
from rvr_laaf_app.ui.feature import Feature, Handlers

if TYPE_CHECKING:
    from rvr_laaf_app.ui.main_window import MainWindow


class ShellFeature(Feature):
    """Binds the actions of the window itself; owns the palette and the pages of help."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.palette = CommandPalette(window, window.menus)
        self._search = QToolButton(window)
        self._search.setObjectName("search_actions")
        self._search.setProperty("role", "search")
        self._search.setIcon(theme.icon("search", "text_quiet", size_px=12))
        self._search.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._search.setAccessibleName(self.tr("Search actions"))
        self._search.clicked.connect(self.palette.toggle)
        window.menuBar().setCornerWidget(self._search)
        self._use_keys(window.session.settings.keys)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        window, session = self._window, self._window.session
        return {
            "quit": window.close,
            "undo": session.undo,
            "redo": session.redo,
            "palette": self.palette.toggle,
            "picture_alone": lambda: window.docks.set_alone(window.menus.actions["picture_alone"].isChecked()),
            "full_screen": self._full_screen,
            "reset_layout": self._reset_layout,
            "keys": self._show_keys,
            "about": self._show_about,
        }

    def show_state(self) -> None:
        """Keep the search field's key up to date."""
        key = self._window.menus.actions["palette"].shortcut().toString()
        self._search.setText(f"{self.tr('Search actions')}   {key}".rstrip())

    def _full_screen(self) -> None:
        window = self._window
        if window.menus.actions["full_screen"].isChecked():
            window.showFullScreen()
        else:
            window.showNormal()

    def _reset_layout(self) -> None:
        self._window.menus.actions["picture_alone"].setChecked(False)
        self._window.docks.reset()

    def _show_keys(self) -> None:
        from rvr_laaf_app.ui.keys_page import KeysPage

        page = KeysPage(self._window.session.settings.keys, self._window)
        page.changed.connect(self._keys_chosen)
        self._show(page)

    def _show_about(self) -> None:
        from rvr_laaf_app.ui.about import About

        self._show(About(self._window))

    def _show(self, page: QDialog) -> None:
        for former in self._window.findChildren(type(page)):
            if former is not page:
                former.close()
        page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page.show()
        page.activateWindow()

    @Slot(object)
    def _keys_chosen(self, choices: KeyChoices) -> None:
        self._window.session.remember(lambda s: replace(s, keys=choices))
        self._use_keys(choices)
        self.show_state()

    def _use_keys(self, choices: KeyChoices) -> None:
        self._window.menus.set_keys(keys_now(choices))
