"""The window itself as a feature: undo, keys, leaving."""

from __future__ import annotations

from PySide6.QtCore import Qt

from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.keys import KeyList


class ShellFeature(Feature):
    """Binds the actions of the window itself."""

    def handlers(self) -> Handlers:
        """Return what each action does."""
        session = self._window.session
        return {
            "quit": self._window.close,
            "undo": session.undo,
            "redo": session.redo,
            "keys": self._show_keys,
        }

    def _show_keys(self) -> None:
        texts = {name: action.text() for name, action in self._window.menus.actions.items()}
        dialog = KeyList(texts, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
