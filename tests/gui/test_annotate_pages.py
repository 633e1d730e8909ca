"""Agreement, data set, files in and out, from the annotation window; and the way to it from the main window."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.annotation.making import Ground, new_target
from rvr_laaf_app.annotation.split import load_split
from rvr_laaf_app.annotation.store import AnnotatorStore, read_book
from rvr_laaf_app.annotation.work import looks_of, surveyed
from rvr_laaf_app.ui.annotate.feature import AnnotateFeature
from rvr_laaf_app.ui.annotate.window import AnnotateWindow
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.annotate_clips import square_at, write_two_squares
from tests.gui.annotate_fixtures import Told, annotate_window, told  # noqa: F401
from tests.gui.conftest import Answers

# ruff: noqa: F811
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support", "Unimplemented code")]
Make = Callable[..., AnnotateWindow]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips that two people have done; bob is six frames later in one of them and lacks a target in another."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(3):
        write_two_squares(folder / f"clip {number}.mp4", frames=40, seed=number + 1)
    survey = surveyed(folder)
    for who in ("ann", "bob"):
        with AnnotatorStore.open(folder, who) as store:
            for number, facts in enumerate(survey.clips):
                ground = Ground(facts.table, looks_of(folder, facts))
                late = 12 if who == "bob" and number == 0 else 0
                frames = [0, 15 + late] if not (who == "bob" and number == 1) else [0]
                for square, frame in enumerate(frames):
                    target = new_target(ground, frame, square_at(square, frame), subject=f"square {square}")
                    store.edit(facts.clip, lambda a, t=target: a.put(t), label="Set target")  # type: ignore[misc]
                store.edit(facts.clip, lambda a: replace(a, state="done"), label="Done")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(made, tmp_path / "clips"))


def test_agreement_has_figures_with_intervals_and_shows_where_they_differ(
    annotate_window: Make, folder: Path, qtbot: QtBot
) -> None:
    window = annotate_window(folder, "ann", wait=False)
    qtbot.waitUntil(lambda: window.surveyed, timeout=60_000)
    QTest.mouseClick(window.head.tabs["agreement"], Qt.MouseButton.LeftButton)
    page = window.agreement
    qtbot.waitUntil(lambda: len(page.chart.rows) == 9, timeout=20_000)
    assert {page.first.currentText(), page.second.currentText()} == {"ann", "bob"}
    figures = {row.name: row for row in page.chart.rows}
    found = figures["Targets that both have"]
    assert found.value == pytest.approx(100 * 2 * 2 / 5, abs=0.1), "two pairs of the five that are not at the start"
    assert found.low is not None
    assert found.low <= found.value
    assert "95 %" in page.summary.text()
    texts = [[page.table.item(r, c).text() for c in range(4)] for r in range(page.table.rowCount())]
    assert sorted(t[2] for t in texts) == ["0.48 s apart", "only ann"]
    row = next(n for n, t in enumerate(texts) if t[2] == "only ann")
    page.table.itemActivated.emit(page.table.item(row, 0))
    desk, bench = window.desk, window.bench
    assert desk is not None
    assert bench is not None
    qtbot.waitUntil(lambda: desk.facts is not None and bench.show.index == 15, timeout=20_000)
    assert window.pages.currentWidget() is window.page


def test_keys_act_only_on_what_is_seen(annotate_window: Make, folder: Path, qtbot: QtBot) -> None:
    window = annotate_window(folder, "ann", wait=False)
    desk = window.desk
    assert desk is not None
    qtbot.waitUntil(lambda: window.surveyed, timeout=60_000)
    qtbot.waitUntil(lambda: desk.facts is not None, timeout=20_000)  # all are done, and one is open all the same
    window.menus.run("next_target")
    assert desk.chosen is not None
    window.menus.run("page_agreement")
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_V, Qt.Key.Key_1):
        QTest.keyClick(window.focusWidget() or window, key)
    assert desk.said is not None
    assert [t.reason for t in desk.said.targets] == ["", ""]
    window.menus.run("page_annotate")
    QTest.keyClick(window.page.picture, Qt.Key.Key_V)
    assert [t.reason for t in desk.said.targets] == ["", "speaks"]


def test_closing_while_clips_are_looked_at(annotate_window: Make, tmp_path: Path) -> None:
    for number in range(3):
        write_two_squares(tmp_path / f"{number}.mp4", frames=60, seed=number + 1)
    window = annotate_window(tmp_path, wait=False)
    window.close()
    assert window.ended_well


def test_with_one_annotator_the_page_says_what_is_missing(annotate_window: Make, tmp_path: Path, qtbot: QtBot) -> None:
    write_two_squares(tmp_path / "one.mp4", frames=30)
    window = annotate_window(tmp_path)
    window.menus.run("page_agreement")
    qtbot.waitUntil(lambda: "One annotator so far" in window.agreement.summary.text(), timeout=20_000)
    assert not window.agreement.chart.isVisible()
    window.menus.run("page_data")
    qtbot.waitUntil(lambda: window.data.table.rowCount() == 1, timeout=20_000)


def test_the_data_set_in_numbers_and_its_division(annotate_window: Make, folder: Path, qtbot: QtBot) -> None:
    window = annotate_window(folder, "ann", wait=False)
    qtbot.waitUntil(lambda: window.surveyed, timeout=60_000)
    window.menus.run("page_data")
    table = window.data.table
    qtbot.waitUntil(lambda: table.rowCount() == 2, timeout=20_000)
    cells = {table.item(r, 0).text(): [table.item(r, c).text() for c in range(1, 6)] for r in range(2)}
    assert cells == {"ann": ["3", "0", "0", "0", "6"], "bob": ["3", "0", "0", "0", "5"]}
    assert not load_split(folder)
    QTest.mouseClick(window.data.divide, Qt.MouseButton.LeftButton)
    assert len(load_split(folder)) == 3
    qtbot.waitUntil(lambda: "3 clips to train on" in window.data.split.text(), timeout=20_000)


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_targets_go_out_and_come_in_for_another_annotator(
    annotate_window: Make, folder: Path, tmp_path: Path, told: Told, qtbot: QtBot, suffix: str
) -> None:
    window = annotate_window(folder, "ann", wait=False)
    qtbot.waitUntil(lambda: window.surveyed, timeout=60_000)
    out = tmp_path / f"targets{suffix}"
    told.export_path = str(out)
    window.menus.run("export_targets")
    assert out.exists()
    assert str(out) in window.statusBar().currentMessage()
    text = out.read_text().replace("bob", "carol").replace('"ann"', '"dora"')
    changed = tmp_path / f"changed{suffix}"
    changed.write_text(text)
    told.import_path = str(changed)
    window.menus.run("import_targets")
    assert "targets in" in window.statusBar().currentMessage(), window.error_bar.text
    books = {b.annotator: b for b in (read_book(p) for p in (folder / "vaf").glob("*.vaf-journal"))}
    assert sum(len(a.targets) for a in books["carol"].annotations) == 5


def test_what_cannot_be_read_is_said_in_the_window(
    annotate_window: Make, folder: Path, tmp_path: Path, told: Told, qtbot: QtBot
) -> None:
    window = annotate_window(folder, "ann", wait=False)
    qtbot.waitUntil(lambda: window.surveyed, timeout=60_000)
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"nothing": 1}))
    told.import_path = str(bad)
    window.menus.run("import_targets")
    assert "cannot be read" in window.error_bar.text


def test_the_main_window_opens_it_and_closes_it(
    make_window: Callable[[], MainWindow], answers: Answers, tmp_path: Path, qtbot: QtBot
) -> None:
    write_two_squares(tmp_path / "one.mp4", frames=30)
    window = make_window()
    feature = next(f for f in window.features if isinstance(f, AnnotateFeature))
    window.menus.run("annotate")
    assert feature.annotating is None, "nobody chose a folder"
    object.__setattr__(window.files.prompts, "folder", lambda _: str(tmp_path))
    window.menus.actions["annotate"].trigger()
    annotating = feature.annotating
    assert annotating is not None
    qtbot.waitUntil(lambda: annotating.surveyed and annotating.desk is not None, timeout=60_000)
    assert annotating.isVisible()
    object.__setattr__(window.files.prompts, "folder", lambda _: str(tmp_path / "nowhere"))
    annotating.close()
    window.menus.actions["annotate"].trigger()
    assert "not a folder" in window.error_bar.text
    window.close_now()
    assert not annotating.isVisible()
    assert annotating.ended_well
