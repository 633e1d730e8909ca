"""The annotation window through real widgets: clips, targets, times, subjects; all of it asserted on the journal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.annotation.agreement import same_place
from rvr_laaf_app.annotation.making import Ground, new_target
from rvr_laaf_app.annotation.schema import ClipAnnotation
from rvr_laaf_app.annotation.store import AnnotatorStore, journal_path, read_book
from rvr_laaf_app.annotation.work import looks_of, surveyed
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.ui.annotate.clip_list import ClipRow
from rvr_laaf_app.ui.annotate.commands import COMMANDS
from rvr_laaf_app.ui.annotate.strip_drawing import BAR_PX, BAR_TOP, WINDOW_Y
from rvr_laaf_app.ui.annotate.window import AnnotateWindow
from rvr_laaf_app.ui.qt_image import to_qimage
from tests.clips import write_clip
from tests.gui.annotate_clips import SIZE, square_at, write_two_squares
from tests.gui.annotate_fixtures import Told, annotate_window, told  # noqa: F401
from tests.gui.test_accessible import nameless

# ruff: noqa: F811
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support", "Unimplemented code")]
FRAMES = 60
Make = Callable[..., AnnotateWindow]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with two subjects, one with a cut, a copy and something that is no video; looked at once."""
    folder = tmp_path_factory.mktemp("clips")
    write_two_squares(folder / "squares.mp4", frames=FRAMES)
    write_clip(folder / "cut.mp4", frames=40, cut_at=20)
    (folder / "broken.mp4").write_bytes(b"no video at all" * 100)
    surveyed(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(made, tmp_path / "clips"))


def said_in(folder: Path, name: str = "squares.mp4", who: str = "ann") -> ClipAnnotation:
    """What the journal on the disk says, while the window has it open."""
    book = read_book(journal_path(folder, who))
    return next(a for a in book.annotations if a.clip.name == name)


def click(window: AnnotateWindow, x: float, y: float) -> None:
    shown = window.page.picture.shown_rect()
    place = QPoint(round(shown.left() + x * shown.width()), round(shown.top() + y * shown.height()))
    QTest.mouseClick(window.page.picture, Qt.MouseButton.LeftButton, pos=place)


def click_square(window: AnnotateWindow, number: int) -> None:
    assert window.bench is not None
    centre = square_at(number, window.bench.show.index).centre
    click(window, centre.x, centre.y)


def key(window: AnnotateWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget() or window, key, modifier)


def go(window: AnnotateWindow, frame: int, qtbot: QtBot) -> None:
    assert window.bench is not None
    window.bench.show.seek(frame)
    qtbot.wait(30)


def open_clip(window: AnnotateWindow, name: str, qtbot: QtBot) -> None:
    window.show_clip(name)
    desk, bench = window.desk, window.bench
    assert desk is not None
    assert bench is not None
    qtbot.waitUntil(lambda: desk.facts is not None and desk.facts.clip.name == name, timeout=20_000)
    qtbot.waitUntil(lambda: not bench.show_is_empty, timeout=20_000)


def rows(window: AnnotateWindow) -> dict[str, ClipRow]:
    return {row.name: row for row in window.page.clips.rows}


@pytest.fixture
def window(annotate_window: Make, folder: Path) -> AnnotateWindow:
    return annotate_window(folder)


def test_the_list_tells_what_is_to_do_and_what_was_set_aside_and_why(window: AnnotateWindow) -> None:
    found = rows(window)
    assert found["squares.mp4"].state == "todo"
    assert (found["cut.mp4"].state, found["cut.mp4"].detail) == ("aside", "1 jump cut at 0.80 s")
    assert found["broken.mp4"].key == ""
    assert window.desk is not None
    assert window.desk.facts is not None
    assert window.desk.facts.clip.name == "squares.mp4", "what is to do first is open"
    assert not window.menus.unbound
    assert not nameless(window)


def test_a_click_sets_a_target_on_exactly_this_frame_and_it_is_on_the_disk(
    window: AnnotateWindow, folder: Path, qtbot: QtBot
) -> None:
    click_square(window, 0)
    go(window, 23, qtbot)
    click_square(window, 1)
    first, second = said_in(folder).targets
    assert (first.at.frame, second.at.frame) == (0, 23)
    assert second.at.seconds == pytest.approx(23 / 25)
    assert same_place(first.box, square_at(0, 0))
    assert second.box.overlap(square_at(1, 23)) > 0.5, "the box grew from the click"
    assert (first.subject, second.subject) == ("subject 1", "subject 2")
    assert second.seconds(second.early) == pytest.approx(second.at.seconds - 0.25, abs=0.05)
    assert [t.id for t in window.page.strip.targets] == [first.id, second.id]


def test_a_click_on_the_frame_of_a_target_shows_where_its_subject_is(
    window: AnnotateWindow, folder: Path, qtbot: QtBot
) -> None:
    go(window, 10, qtbot)
    click_square(window, 0)
    click(window, *_middle(square_at(1, 10)))
    (only,) = said_in(folder).targets
    assert same_place(only.box, square_at(1, 10))


def test_subjects_are_followed_and_chosen_by_number(window: AnnotateWindow, folder: Path, qtbot: QtBot) -> None:
    click_square(window, 0)
    go(window, 20, qtbot)
    click_square(window, 1)
    bench = window.bench
    assert bench is not None
    qtbot.waitUntil(lambda: not bench.following.busy, timeout=30_000)
    go(window, 50, qtbot)
    key(window, Qt.Key.Key_1)
    third = said_in(folder).targets[-1]
    assert (third.at.frame, third.subject) == (50, "subject 1")
    assert third.box.overlap(square_at(0, 50)) > 0.5, "where it was followed to"
    marks = window.page.picture.subjects
    assert [m.ruling for m in marks] == [True, False]
    go(window, 35, qtbot)
    click_square(window, 0)
    assert said_in(folder).targets[2].subject == "subject 1", "a click on a followed box means that subject"


def test_keys_set_times_subject_and_reason(window: AnnotateWindow, folder: Path, qtbot: QtBot) -> None:
    go(window, 20, qtbot)
    click_square(window, 0)
    for frame, pressed in ((12, Qt.Key.Key_Q), (16, Qt.Key.Key_E), (27, Qt.Key.Key_W), (40, Qt.Key.Key_R)):
        go(window, frame, qtbot)
        key(window, pressed)
    key(window, Qt.Key.Key_V)
    key(window, Qt.Key.Key_S)
    assert window.focusWidget() is window.page.form.subject
    QTest.keyClicks(window.focusWidget(), "vase on [the] table 2")  # letters, digits and brackets are keys elsewhere
    key(window, Qt.Key.Key_Return)
    assert window.focusWidget() is window.page.picture
    (target,) = said_in(folder).targets
    frames = [round(target.seconds(t) * 25) for t in (target.early, target.arrive, target.late, target.hold or 0)]
    assert frames == [12, 16, 27, 40]
    assert (target.subject, target.reason) == ("vase on [the] table 2", "speaks")
    assert said_in(folder).state == "open", "Return in a field does not end the clip"
    key(window, Qt.Key.Key_BracketRight)
    (moved,) = said_in(folder).targets
    assert moved.at.frame == 21
    assert window.bench is not None
    assert window.bench.show.index == 21
    key(window, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert said_in(folder).targets[0].hold is None


def test_undo_takes_back_one_action_each(window: AnnotateWindow, folder: Path, qtbot: QtBot) -> None:
    click_square(window, 0)
    key(window, Qt.Key.Key_B)
    go(window, 30, qtbot)
    click_square(window, 1)
    bench = window.bench
    assert bench is not None
    qtbot.waitUntil(lambda: not bench.following.busy, timeout=30_000)
    control = Qt.KeyboardModifier.ControlModifier
    key(window, Qt.Key.Key_Z, control)
    assert [t.reason for t in said_in(folder).targets] == ["acts"]
    key(window, Qt.Key.Key_Z, control)
    assert [t.reason for t in said_in(folder).targets] == [""]
    key(window, Qt.Key.Key_Y, control)
    key(window, Qt.Key.Key_Delete)
    assert len(said_in(folder).targets) in (0, 1)
    assert not window.error_bar.text or "no target is chosen" in window.error_bar.text.lower()


def test_while_playing_the_reaction_time_is_taken_off(window: AnnotateWindow, folder: Path, qtbot: QtBot) -> None:
    bench = window.bench
    assert bench is not None
    go(window, 5, qtbot)
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bench.show.index >= 25, timeout=20_000)
    at = bench.show.index
    click_square(window, 1)
    key(window, Qt.Key.Key_K)
    (target,) = said_in(folder).targets
    assert at - 9 <= target.at.frame <= at - 4
    qtbot.waitUntil(lambda: said_in(folder).targets[0].box.overlap(square_at(1, target.at.frame)) > 0.6, timeout=20_000)


def test_j_k_l_arrows_and_the_strip_move_the_playhead(window: AnnotateWindow, qtbot: QtBot) -> None:
    bench = window.bench
    assert bench is not None
    key(window, Qt.Key.Key_L)
    assert bench.show.player.rate == 1.0
    key(window, Qt.Key.Key_L)
    assert bench.show.player.rate == 2.0
    key(window, Qt.Key.Key_K)
    go(window, 30, qtbot)
    key(window, Qt.Key.Key_J)
    assert bench.show.player.rate == -1.0
    key(window, Qt.Key.Key_Space)
    go(window, 30, qtbot)
    key(window, Qt.Key.Key_Left)
    assert bench.show.index == 29
    key(window, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert bench.show.index == 39
    strip = window.page.strip
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(round(strip.scale.x_of(0.5)), 8))
    assert bench.show.index == 12


def test_exactly_the_frame_that_was_asked_for_is_shown(window: AnnotateWindow, folder: Path, qtbot: QtBot) -> None:
    bench, picture = window.bench, window.page.picture
    assert bench is not None
    with ClipReader(str(folder / "squares.mp4")) as reader:
        for frame in (50, 49, 48, 10, 59, 58, 0, 1):
            bench.show.seek(frame)
            size = picture.image.width(), picture.image.height()
            assert size == SIZE, "never larger than the clip"
            wanted = to_qimage(reader.read(frame).rgb8)
            qtbot.waitUntil(lambda wanted=wanted: picture.image == wanted, timeout=20_000)  # type: ignore[misc]


def test_a_diamond_and_its_tolerance_are_dragged_in_the_strip(
    window: AnnotateWindow, folder: Path, qtbot: QtBot
) -> None:
    go(window, 20, qtbot)
    click_square(window, 0)
    strip = window.page.strip
    scale = strip.scale
    drag(strip, scale.x_of(0.8), scale.x_of(1.2), BAR_TOP + BAR_PX // 2)
    (moved,) = said_in(folder).targets
    assert moved.at.frame == 30
    (shown,) = strip.targets
    drag(strip, scale.x_of(shown.late_s), scale.x_of(1.8), WINDOW_Y)
    (target,) = said_in(folder).targets
    assert target.seconds(target.late) == pytest.approx(1.8, abs=0.05)


def test_shift_and_a_click_lead_the_following_and_set_no_target(
    window: AnnotateWindow, folder: Path, qtbot: QtBot
) -> None:
    bench = window.bench
    assert bench is not None
    click_square(window, 0)
    qtbot.waitUntil(lambda: not bench.following.busy, timeout=30_000)
    go(window, 30, qtbot)
    shown, place = window.page.picture.shown_rect(), square_at(1, 30).centre
    at = QPoint(round(shown.left() + place.x * shown.width()), round(shown.top() + place.y * shown.height()))
    QTest.mouseClick(window.page.picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, at)
    assert len(said_in(folder).targets) == 1
    qtbot.waitUntil(lambda: not bench.following.busy, timeout=30_000)
    path = bench.following.paths["subject 1"]
    found = path.at(45)
    assert found is not None
    assert found[0].overlap(square_at(1, 45)) > 0.5, "from there on it is where it was shown"
    before = path.at(5)
    assert before is not None
    assert before[0].overlap(square_at(0, 5)) > 0.5


def test_the_strip_is_zoomed_and_follows_the_playhead(window: AnnotateWindow, qtbot: QtBot) -> None:
    strip = window.page.strip
    wheel(strip, QPoint(strip.width() // 2, 60), 1200, Qt.KeyboardModifier.ControlModifier)
    scale = strip.scale
    assert scale.is_zoomed
    assert scale.px_per_s > 4 * (strip.width() - 28) / 2.4
    go(window, FRAMES - 1, qtbot)
    assert strip.scale.first_s > scale.first_s
    wheel(strip, QPoint(strip.width() // 2, 60), -4000, Qt.KeyboardModifier.ControlModifier)
    assert not strip.scale.is_zoomed


def test_done_opens_the_next_clip_and_the_last_one_says_so(
    window: AnnotateWindow, folder: Path, told: Told, qtbot: QtBot
) -> None:
    key(window, Qt.Key.Key_Return)
    assert "no target yet" in window.error_bar.text
    click_square(window, 0)
    assert window.error_bar.text == ""
    assert rows(window)["squares.mp4"].state == "begun"
    key(window, Qt.Key.Key_Return)
    assert said_in(folder).state == "done"
    assert rows(window)["squares.mp4"].state == "done"
    assert "All clips are done" in window.statusBar().currentMessage()
    told.text = "too dark"
    key(window, Qt.Key.Key_X)
    assert (said_in(folder).state, said_in(folder).reason) == ("set_aside", "too dark")
    assert window.findChild(QLabel, "aside_text").text() == "Set aside: too dark"  # type: ignore[union-attr]


def test_a_clip_with_a_cut_is_annotated_only_when_somebody_wants_it(
    window: AnnotateWindow, folder: Path, qtbot: QtBot
) -> None:
    go(window, FRAMES - 1, qtbot)  # a frame that the other clip does not have
    open_clip(window, "cut.mp4", qtbot)
    assert window.bench is not None
    assert window.bench.show.index == 0
    assert "1 jump cut" in window.page.banner_text.text()
    click(window, 0.5, 0.5)
    assert "set aside" in window.error_bar.text
    QTest.mouseClick(window.findChild(QPushButton, "keep_clip"), Qt.MouseButton.LeftButton)
    click(window, 0.5, 0.5)
    assert len(said_in(folder, "cut.mp4").targets) == 1
    assert rows(window)["cut.mp4"].state == "begun"
    assert surveyed(folder).named("cut.mp4").usable  # type: ignore[union-attr]


def test_where_people_look_is_shown_over_and_beside(window: AnnotateWindow, qtbot: QtBot) -> None:
    bench = window.bench
    assert bench is not None
    plain = window.page.picture.image.copy()
    key(window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.page.picture.image != plain, timeout=20_000)
    key(window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.page.beside.isVisible() and window.page.beside.map_is_shown, timeout=20_000)
    assert window.page.picture.image == plain
    click_square(window, 0)
    key(window, Qt.Key.Key_A)
    assert not window.page.beside.isVisible()


def test_nothing_reveals_a_check_clip(annotate_window: Make, folder: Path, qtbot: QtBot) -> None:
    facts = surveyed(folder).named("squares.mp4")
    assert facts is not None
    before = annotate_window(folder, "bob")
    click_square(before, 0)
    texts_before = shown_texts(before)
    before.close()
    target = new_target(Ground(facts.table, looks_of(folder, facts)), 0, Box(0.1, 0.2, 0.2, 0.3))
    with AnnotatorStore.open(folder, "check", role="check") as store:
        store.edit(facts.clip, lambda a: a.put(target), label="answer")
    after = annotate_window(folder, "bob")
    click_square(after, 0)
    assert [t for t in shown_texts(after) if "edits" not in t] == [t for t in texts_before if "edits" not in t]
    after.menus.run("page_data")
    table = after.data.table
    qtbot.waitUntil(lambda: table.rowCount() > 0, timeout=20_000)
    names = [table.item(row, 0).text() for row in range(table.rowCount())]
    assert "check" not in names


def test_two_at_once_is_possible_but_not_under_one_name(annotate_window: Make, folder: Path, told: Told) -> None:
    first = annotate_window(folder, "ann")
    click_square(first, 0)
    second = annotate_window(folder, "bob")
    click_square(second, 1)
    assert len(said_in(folder, who="ann").targets) == len(said_in(folder, who="bob").targets) == 1
    told.text = "ann"
    second.menus.run("annotate_as")
    assert "annotating already" in second.error_bar.text
    assert second.desk is not None
    assert second.desk.annotator == "bob", "all stays as it was"
    click_square(second, 1)
    told.text = "carol"
    second.menus.run("annotate_as")
    assert second.desk is not None
    assert second.desk.annotator == "carol"
    assert second.error_bar.text == ""


def test_a_folder_without_clips_is_refused_and_all_stays(
    window: AnnotateWindow, tmp_path: Path, told: Told, folder: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    told.folder = str(empty)
    window.menus.run("open_folder")
    assert "no clips" in window.error_bar.text
    assert window.desk is not None
    assert window.desk.folder == folder
    assert not (empty / "vaf").exists()


def test_a_journal_that_cannot_be_written_loses_nothing_and_says_so(
    window: AnnotateWindow, folder: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    click_square(window, 0)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    go(window, 30, qtbot)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        click_square(window, 1)
    assert "No space left" in window.error_bar.text
    assert len(window.page.strip.targets) == 1, "what is not on the disk is not shown as set"
    click_square(window, 1)
    assert len(said_in(folder).targets) == 2


def test_a_place_that_was_not_known_when_the_program_ended_is_found_later(
    annotate_window: Make, folder: Path, qtbot: QtBot
) -> None:
    facts = surveyed(folder).named("squares.mp4")
    assert facts is not None
    ground = Ground(facts.table, looks_of(folder, facts))
    with AnnotatorStore.open(folder, "ann") as store:
        for frame in (0, 50):  # the second by its number, before the subject was followed so far
            target = new_target(ground, frame, square_at(0, 0), subject="subject 1")
            store.edit(facts.clip, lambda a, t=target: a.put(t), label="Set target")  # type: ignore[misc]
        edits = store.edits
    window = annotate_window(folder)
    qtbot.waitUntil(lambda: said_in(folder).targets[1].box.overlap(square_at(0, 50)) > 0.6, timeout=30_000)
    assert window.desk is not None
    assert window.desk.store.edits == edits, "it is no step of anybody"


def test_a_clip_may_be_left_before_its_subjects_were_followed(
    window: AnnotateWindow, folder: Path, qtbot: QtBot
) -> None:
    bench = window.bench
    assert bench is not None
    bench.following.allow(False)
    click_square(window, 0)
    bench.following.allow(False)
    go(window, 45, qtbot)
    key(window, Qt.Key.Key_1)
    bench.following.allow(False)
    open_clip(window, "cut.mp4", qtbot)
    qtbot.waitUntil(lambda: said_in(folder).targets[1].box.overlap(square_at(0, 45)) > 0.6, timeout=30_000)


KILLED = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
app = QApplication(["x"])
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui.annotate.window import AnnotateWindow
from rvr_laaf_app.ui.playback.sound import SilentSound
window = AnnotateWindow(sound=SilentSound())
window.open_folder(Path(sys.argv[1]), "ann")
window.show()
def act():
    if window.bench is None or window.bench.show_is_empty:
        return
    for frame in (0, 10, 20):
        window.bench.show.seek(frame)
        window.bench.click(Point(0.2, 0.3))
    window.desk.set_reason("acts")
    os.kill(os.getpid(), 9)
timer = QTimer(); timer.timeout.connect(act); timer.start(50)
app.exec()
"""


@pytest.mark.slow
def test_a_killed_program_has_lost_nothing(folder: Path, annotate_window: Make) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env=environment, timeout=120, check=False)
    assert done.returncode == -9
    said = said_in(folder)
    assert [t.at.frame for t in said.targets] == [0, 10, 20]
    assert said.targets[-1].reason == "acts"
    window = annotate_window(folder)
    assert rows(window)["squares.mp4"].state == "begun"
    assert len(window.page.strip.targets) == 3
    key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert said_in(folder).targets[-1].reason == "", "undo works across the end of the program"


def test_every_key_of_the_table_is_given_once() -> None:
    keys = [k for command in COMMANDS for k in command.keys]
    assert len(keys) == len(set(keys))
    assert not {f"{n}" for n in range(1, 10)} & set(keys)


def drag(strip: object, start: float, stop: float, y: int) -> None:
    """Drag in the strip from one x to another."""
    from rvr_laaf_app.ui.annotate.strip import TimeStrip

    assert isinstance(strip, TimeStrip)
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(strip, left, pos=QPoint(round(start), y))
    QTest.mouseMove(strip, QPoint(round((start + stop) / 2), y))
    QTest.mouseMove(strip, QPoint(round(stop), y))
    QTest.mouseRelease(strip, left, pos=QPoint(round(stop), y))


def wheel(widget: QWidget, at: QPoint, turn: int, modifier: Qt.KeyboardModifier) -> None:
    """Turn the wheel over a widget."""
    place, none = QPointF(at), Qt.MouseButton.NoButton
    globally = QPointF(widget.mapToGlobal(at))
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(place, globally, QPoint(), QPoint(0, turn), none, modifier, phase, False)
    QApplication.sendEvent(widget, event)


def shown_texts(window: AnnotateWindow) -> list[str]:
    labels = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    return labels + [f"{r.name} {r.detail} {r.state}" for r in window.page.clips.rows]


def _middle(box: Box) -> tuple[float, float]:
    return box.centre.x, box.centre.y
