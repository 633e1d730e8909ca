"""What the page of cameras says of the kinds of cameras that cannot be used on this machine."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from rvr_laaf_app.ui.capture.camera_page import MissingKind


def _tr(text: str) -> str:
    return QCoreApplication.translate("CameraPage", text)


def missing_kind(backend: str, reason: str) -> MissingKind:
    """Return title, reason and remedy for a backend that gave this reason."""
    titles = {
        "gphoto": _tr("Mirrorless and reflex cameras by USB or network"),
        "uvc": _tr("Webcams and USB camera modules"),
        "micromanager": _tr("Microscopes"),
    }
    remedies = {
        "gphoto": _tr("Install it with: pip install rvr-laaf[camera]"),
        "micromanager": _tr("Install it with: pip install rvr-laaf[microscope]"),
    }
    gone = "not installed" in reason
    remedy = remedies.get(backend, "") if gone else _tr("Look again when it is ready.")
    said = reason.rstrip(".")
    said = said[:1].upper() + said[1:] if said.startswith("it ") else said  # names of packages stay as they are
    return MissingKind(titles.get(backend, backend), said, remedy)
