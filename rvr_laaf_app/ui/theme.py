"""How the window looks: colour tokens, palette, icons and the one style sheet. Widgets take their colours from here.

Neutral grey without any tint near the picture; amber means focus, green "in focus", red "problem"; text of 13 px.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

ICON_FOLDER: Final = Path(__file__).resolve().parents[2] / "resources" / "icons"
TEXT_PX: Final = 13
SMALL_TEXT_PX: Final = 11
GRID_PX: Final = 8


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of the window, by its role."""

    surround: str = "#1b1b1b"  # around the picture
    panel: str = "#242424"
    control: str = "#2e2e2e"
    control_hover: str = "#383838"
    control_pressed: str = "#1f1f1f"
    hairline: str = "#3a3a3a"
    control_edge: str = "#4a4a4a"
    text: str = "#c8c8c8"
    text_strong: str = "#ececec"
    text_quiet: str = "#a2a2a2"
    text_disabled: str = "#727272"
    accent: str = "#f2b134"
    accent_hover: str = "#ffc24d"
    accent_dim: str = "#7a5c22"
    on_accent: str = "#1b1b1b"
    in_focus: str = "#5fbf77"
    problem: str = "#f48478"
    problem_panel: str = "#3a2422"
    subject_a: str = "#7cc4f0"  # lines of subjects over time: none of them amber, green or red
    subject_b: str = "#c9a2f5"
    subject_c: str = "#f29ac4"
    subject_d: str = "#67d0c4"

    def color(self, role: str) -> QColor:
        """Return one token as a QColor."""
        return QColor(getattr(self, role))


DARK: Final = Tokens()


def contrast(first: str, second: str) -> float:
    """Return the WCAG contrast ratio of two colours, 1..21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def tabular_font(size_px: int = TEXT_PX, *, bold: bool = False) -> QFont:
    """Return the window's font with figures of one width, for times and counts that change in place."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(size_px)
    font.setBold(bold)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def icon(name: str, role: str = "text", *, size_px: int = 16) -> QIcon:
    """Return an icon of resources/icons in a token's colour, sharp at one, two and three pixels per point."""
    svg = (ICON_FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, colour in ((QIcon.Mode.Normal, getattr(DARK, role)), (QIcon.Mode.Disabled, DARK.text_disabled)):
        renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", colour).encode()))
        for scale in (1, 2, 3):
            pixmap = QPixmap(QSize(size_px, size_px) * scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(pixmap.rect()))
            painter.end()
            pixmap.setDevicePixelRatio(scale)
            result.addPixmap(pixmap, mode)
    return result


def apply_theme(app: QApplication) -> None:
    """Give the whole application style, font, palette and style sheet."""
    app.setStyle("Fusion")
    font = QFont(app.font())
    font.setPixelSize(TEXT_PX)
    app.setFont(font)
    app.setPalette(_palette())
    app.setStyleSheet(style_sheet())


def _palette() -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for target, token in (
        (role.Window, "panel"),
        (role.WindowText, "text"),
        (role.Base, "surround"),
        (role.AlternateBase, "panel"),
        (role.Text, "text"),
        (role.Button, "control"),
        (role.ButtonText, "text"),
        (role.BrightText, "text_strong"),
        (role.ToolTipBase, "control"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "text_quiet"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.Link, "accent"),
    ):
        palette.setColor(target, DARK.color(token))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, DARK.color("text_disabled"))
    return palette


def style_sheet(tokens: Tokens = DARK) -> str:
    """Return the style sheet with the tokens filled in (written as @name in resources/theme/window.qss)."""
    text = (ICON_FOLDER.parent / "theme" / "window.qss").read_text(encoding="utf-8")
    # Longest names first, so that @text_quiet is not read as @text followed by "_quiet".
    for field in sorted(fields(tokens), key=lambda f: -len(f.name)):
        text = text.replace(f"@{field.name}", getattr(tokens, field.name))
    return text.replace("@icons", ICON_FOLDER.as_posix()).replace("@theme", (ICON_FOLDER.parent / "theme").as_posix())
