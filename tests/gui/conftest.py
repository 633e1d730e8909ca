"""A window on a small real clip: real session, jobs and pictures; a quick heuristic in the place of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.engine import PipelineEngine
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.analyse import products_of
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.playback.sound import SilentSound
from rvr_laaf_app.ui.prompts import Prompts, UnsavedChoice
from rvr_laaf_app.ui.start import forget_foreign_qt
from rvr_laaf_app.ui.theme import apply_theme
from tests.clips import SQUARE, write_clip

SIZE = (160, 96)
FRAMES = 40


class QuickEngine(PipelineEngine):
    """The real engine with an estimator that needs no network."""

    def products_of(self, info: ClipInfo, source: DepthSource = DEFAULT_SOURCE) -> ClipProducts:
        if source != DEFAULT_SOURCE:
            return super().products_of(info, source)
        return products_of(info, "lower-is-nearer")


@dataclass
class Answers:
    """What the user would answer; None gives up. `asked` counts the questions."""

    open_path: str | None = None
    save_path: str | None = None
    export_path: str | None = None
    open_file: str | None = None
    unsaved: UnsavedChoice = "discard"
    asked: list[str] = field(default_factory=list)

    def prompts(self) -> Prompts:
        def note(name: str, answer: Callable[[], object]) -> object:
            self.asked.append(name)
            return answer()

        return Prompts(
            open_path=lambda _w: note("open", lambda: self.open_path),  # type: ignore[arg-type, return-value]
            save_path=lambda _w, _s: note("save", lambda: self.save_path),  # type: ignore[arg-type, return-value]
            export_path=lambda _w, _s, _x: note("export", lambda: self.export_path),  # type: ignore[arg-type, return-value]
            open_file=lambda _w, _t, _k: note("file", lambda: self.open_file),  # type: ignore[arg-type, return-value]
            unsaved=lambda _w, _n: note("unsaved", lambda: self.unsaved),  # type: ignore[arg-type, return-value]
        )


@pytest.fixture(scope="session")
def qapp(qapp_args: list[str], qapp_cls: type[QApplication], pytestconfig: pytest.Config) -> QApplication:
    """The application with the program's theme."""
    forget_foreign_qt()
    app = QApplication.instance() or qapp_cls(qapp_args)
    assert isinstance(app, QApplication)
    apply_theme(app)
    return app


@pytest.fixture(scope="session")
def compiled() -> None:
    """Compile the renderer before any window waits for it."""
    from rvr_laaf_app.render.spans import warm_up

    warm_up()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads end when they can: how long a busy machine needs for that is not what is tested here."""
    monkeypatch.setattr("rvr_laaf_app.ui.main_window.CLOSE_S", 60.0)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=FRAMES, size=SIZE)


@pytest.fixture
def make_window(qtbot: QtBot, answers: Answers, compiled: None) -> Iterator[Callable[[], MainWindow]]:
    made: list[MainWindow] = []

    def make() -> MainWindow:
        window = MainWindow(prompts=answers.prompts(), sound=SilentSound(), engine=QuickEngine())
        made.append(window)
        window.resize(1280, 720)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()  # without a window manager nobody else does, and shortcuts need it
        return window

    yield make
    for window in made:
        window.close_now()
        assert window.ended_well
        window.deleteLater()


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    return make_window()


@pytest.fixture
def opened(window: MainWindow, clip: Path, qtbot: QtBot) -> MainWindow:
    """The window with the clip open, analysed and shown."""
    window.begin(str(clip))
    wait_for_clip(window, qtbot)
    return window


def wait_for_clip(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not window.workspace.picture.image.isNull(), timeout=60_000)
    products = window.session.products
    assert products is not None
    qtbot.waitUntil(lambda: products.complete, timeout=60_000)


def square_box(index: int) -> Box:
    """Where the moving square is at a frame (the clip's own arithmetic)."""
    width, height = SIZE
    x = min(8 + 2 * index, width - SQUARE)
    return Box.from_pixels(x, height // 2, SQUARE, SQUARE, picture=SIZE)


def control(window: QWidget, kind: type, name: str):  # type: ignore[no-untyped-def]
    """Find a control by its objectName; it must exist."""
    found = window.findChild(kind, name)
    assert found is not None, name
    return found


def in_picture(window: MainWindow, x: float, y: float) -> QPointF:
    """The widget position of a place of the picture."""
    shown: QRectF = window.workspace.picture.shown_rect()
    return QPointF(shown.left() + x * shown.width(), shown.top() + y * shown.height())
