from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.qt_image import to_qimage

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("text", ["text", "text_strong", "text_quiet", "accent", "problem", "in_focus"])
@pytest.mark.parametrize("ground", ["surround", "panel", "control", "control_hover", "control_pressed"])
def test_text_can_be_read_on_every_ground(text: str, ground: str) -> None:
    assert theme.contrast(getattr(theme.DARK, text), getattr(theme.DARK, ground)) >= 4.5


def test_text_on_accent_and_on_the_error_bar_can_be_read() -> None:
    assert theme.contrast(theme.DARK.on_accent, theme.DARK.accent) >= 4.5
    for text in ("text", "text_strong"):
        assert theme.contrast(getattr(theme.DARK, text), theme.DARK.problem_panel) >= 4.5


@pytest.mark.parametrize("subject", ["subject_a", "subject_b", "subject_c", "subject_d"])
def test_the_numbers_of_subjects_can_be_read_on_the_depth_lane(subject: str) -> None:
    assert theme.contrast(getattr(theme.DARK, subject), theme.DARK.surround) >= 4.5


def test_what_cannot_be_used_now_can_still_be_made_out() -> None:
    for ground in ("surround", "panel"):
        assert theme.contrast(theme.DARK.text_disabled, getattr(theme.DARK, ground)) >= 3.0


@pytest.mark.parametrize("ground", ["surround", "panel", "control", "hairline"])
def test_greys_near_the_picture_have_no_tint(ground: str) -> None:
    colour = theme.DARK.color(ground)
    assert colour.red() == colour.green() == colour.blue()


def test_the_style_sheet_knows_every_token_it_uses(qapp: QApplication) -> None:
    assert "@" not in theme.style_sheet()


def test_every_icon_draws_something_in_its_colour(qapp: QApplication) -> None:
    names = sorted(p.stem for p in theme.ICON_FOLDER.glob("*.svg"))
    assert len(names) >= 10
    for name in names:
        image = theme.icon(name, size_px=16).pixmap(32, 32).toImage().convertToFormat(QImage.Format.Format_ARGB32)
        alpha = [image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height())]
        assert max(alpha) > 200, name


def test_qimage_owns_its_pixels_and_keeps_the_colours() -> None:
    rgb = np.zeros((3, 5, 3), np.uint8)
    rgb[1, 2] = (10, 200, 30)
    image = to_qimage(rgb)
    rgb[:] = 77
    assert (image.width(), image.height()) == (5, 3)
    colour = image.pixelColor(2, 1)
    assert (colour.red(), colour.green(), colour.blue()) == (10, 200, 30)


def test_qimage_refuses_what_is_no_picture() -> None:
    with pytest.raises(ValueError, match="uint8"):
        to_qimage(np.zeros((2, 2), np.uint8))  # type: ignore[arg-type]
