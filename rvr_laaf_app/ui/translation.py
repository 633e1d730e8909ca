"""The language of the window: finding and using a .qm file of resources/translations. English is in the source.

All texts go through `tr` or QCoreApplication.translate; the tables of actions through the context "Actions", names
of edits (what is undone) through "Edits".
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

FOLDER: Final = Path(__file__).resolve().parents[2] / "resources" / "translations"
_OURS: Final = "rvr_laaf"
log = logging.getLogger(__name__)


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the codes of the languages for which there is a file, English first."""
    found = sorted(path.stem.removeprefix(f"{_OURS}_") for path in folder.glob(f"{_OURS}_*.qm"))
    return ("en", *found)


def use_language(app: QCoreApplication, code: str = "", *, folder: Path = FOLDER) -> str:
    """Use a language (code like "de" or "pt_BR"; empty: the system's) and return the one in use: it, or English.

    Call it before the window is made. Qt's own texts (of standard dialogs) follow where Qt has them.
    """
    locale = QLocale(code) if code else QLocale.system()
    ours = QTranslator(app)
    if locale.language() == QLocale.Language.English or not ours.load(locale, _OURS, "_", str(folder), ".qm"):
        return "en"
    app.installTranslator(ours)
    qt = QTranslator(app)
    if qt.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(qt)
    log.info("the window speaks %s", ours.language())
    return ours.language()


def edit_name(label: str | None) -> str:
    """Return the name of an edit in the language in use; nothing for None."""
    return QCoreApplication.translate("Edits", label) if label else ""
