"""While it plays, pictures that nobody kept are drawn as finely as there is time for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtGui import QImage

from rvr_laaf_app.document.project import Project
from rvr_laaf_app.ui.pictures import PictureMaker
from rvr_laaf_app.ui.playback.detail import SHARES, PlayDetail
from rvr_laaf_app.ui.stage import made_in_time

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.proxy import ProxyKeys


def after(detail: PlayDetail, seconds: float, pictures: int) -> float:
    """The share once so many pictures each took so long at full size, less at smaller ones."""
    for _ in range(pictures):
        detail.took(seconds * detail.share**2)
    return detail.share


def test_it_stays_fine_while_there_is_time() -> None:
    assert after(PlayDetail(0.04), 0.03, 100) == 1.0


def test_it_goes_down_as_far_as_it_must_and_stays_there() -> None:
    detail = PlayDetail(0.04)
    assert after(detail, 0.08, 10) == 2 / 3
    assert after(detail, 0.001, 50) == 2 / 3  # another size would have to find its place in the file again
    assert after(PlayDetail(0.04), 0.12, 10) == 0.5
    assert after(PlayDetail(0.04), 5.0, 20) == SHARES[-1]


def test_one_slow_picture_changes_nothing() -> None:
    detail = PlayDetail(0.04)
    detail.took(3.0)  # the file was opened
    assert after(detail, 0.02, 5) == 1.0
    detail.took(0.07)
    assert after(detail, 0.02, 5) == 1.0


class FakeMaker:
    """Tells what was asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def to_keep(self, project: Project, keys: object, index: int) -> QImage:
        self.asked.append("kept")
        return QImage()

    def picture(self, project: Project, index: int, size: tuple[int, int], view: str, *, kind: str) -> QImage:
        self.asked.append((size, view))
        return QImage()


def test_only_full_pictures_are_kept() -> None:
    maker, detail, project, keys = FakeMaker(), PlayDetail(0.04), Project(), cast("ProxyKeys", None)
    made_in_time(cast("PictureMaker", maker), project, keys, detail, 1)
    after(detail, 0.12, 4)
    made_in_time(cast("PictureMaker", maker), project, keys, detail, 2)
    assert maker.asked == ["kept", ((480, 270), "refocused")]
