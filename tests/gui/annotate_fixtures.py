"""The annotation window for tests: real folders and clips, silent, with answers for what it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.ui.annotate.prompts import AnnotatePrompts
from rvr_laaf_app.ui.annotate.window import AnnotateWindow
from rvr_laaf_app.ui.playback.sound import SilentSound


@dataclass
class Told:
    """What the user would answer; None gives up."""

    folder: str | None = None
    import_path: str | None = None
    export_path: str | None = None
    text: str | None = None
    asked: list[str] = field(default_factory=list)

    def prompts(self) -> AnnotatePrompts:
        def text(_w: object, title: str, _q: str, _t: str) -> str | None:
            self.asked.append(title)
            return self.text

        return AnnotatePrompts(lambda _: self.folder, lambda _: self.import_path, lambda _: self.export_path, text)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def annotate_window(qtbot: QtBot, told: Told) -> Iterator[Callable[..., AnnotateWindow]]:
    """Make a window on a folder, every clip looked at and the first one open."""
    made: list[AnnotateWindow] = []

    def make(folder: Path, annotator: str = "ann", *, wait: bool = True) -> AnnotateWindow:
        window = AnnotateWindow(prompts=told.prompts(), sound=SilentSound())
        made.append(window)
        window.resize(1280, 720)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        window.open_folder(folder, annotator)
        if wait:
            qtbot.waitUntil(lambda: window.surveyed, timeout=60_000)
            qtbot.waitUntil(lambda: window.desk is not None and window.desk.facts is not None, timeout=20_000)
            assert window.bench is not None
            bench = window.bench
            qtbot.waitUntil(lambda: not bench.show_is_empty, timeout=20_000)
        return window

    yield make
    for window in made:
        window.close()
        assert window.ended_well
        window.deleteLater()
