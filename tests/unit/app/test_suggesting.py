"""Suggestions in a session: looked for in the background, known by mode, decided on as edits, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from session_desk import Desk

from rvr_laaf_app.app.suggestions import Offer, offers_of
from rvr_laaf_app.core.errors import MediaError, UsageError


@pytest.fixture
def desk(engine: FakeEngine, clip: Path) -> Iterator[Desk]:
    desk = Desk(engine)
    desk.open(clip)
    yield desk
    engine.gate.set()
    assert desk.session.close(20.0)


def offers(desk: Desk) -> tuple[Offer, ...]:
    work = desk.session.suggesting
    assert work is not None
    return offers_of(desk.session.project, work.found or ())


def test_without_a_clip_there_is_nothing_to_look_at(engine: FakeEngine) -> None:
    desk = Desk(engine)
    assert desk.session.suggesting is None
    with pytest.raises(UsageError, match="no clip"):
        desk.session.start_suggesting("auto")
    desk.session.stop_suggesting()
    assert desk.session.close(20.0)


def test_a_mode_is_looked_for_once(desk: Desk) -> None:
    work = desk.session.suggesting
    assert work is not None
    assert work.found is None
    assert not desk.session.start_suggesting("auto")
    assert work.running == "auto"
    desk.session.start_suggesting("auto")  # asked twice, looked once
    desk.idle()
    assert work.running is None
    assert work.found
    assert not desk.session.start_suggesting("action")
    desk.idle()
    assert work.mode == "action"
    assert work.found[0].reason.startswith("action")
    assert desk.session.start_suggesting("auto")
    assert (work.mode, work.running) == ("auto", None)
    assert [e for e in desk.engine.log if e.startswith("suggest")] == ["suggest auto"] * 5 + ["suggest action"] * 5
    assert not desk.session.modified


def test_what_is_stopped_or_fails_leaves_what_was_known(desk: Desk) -> None:
    desk.session.start_suggesting("auto")
    desk.idle()
    before, work = offers(desk), desk.session.suggesting
    assert work is not None
    desk.engine.gate.clear()
    desk.session.start_suggesting("action")
    desk.session.stop_suggesting()
    assert work.running is None
    desk.session.start_suggesting("action")  # asked again at once: a search of its own
    assert work.running == "action"
    desk.session.start_suggesting("auto")  # known: the search is not needed any more
    desk.engine.gate.set()
    desk.idle()
    assert work.mode == "auto"
    assert offers(desk) == before
    desk.engine.fail["suggest"] = MediaError("cannot be decoded")
    desk.session.start_suggesting("action")
    desk.idle()
    assert [str(p) for p in desk.problems] == ["cannot be decoded."]
    assert offers(desk) == before


def test_decisions_are_named_steps_and_survive_the_journal(desk: Desk, engine: FakeEngine) -> None:
    session = desk.session
    session.start_suggesting("auto")
    desk.idle()
    first, *others = offers(desk)
    (made,) = session.accept_offers([first])
    assert session.document.undo_label == "Accept suggestion"
    session.refuse_offers(others)
    assert session.document.undo_label in ("Refuse suggestions", "Refuse suggestion")
    desk.idle()
    kept = session.project
    assert kept.refusals
    target = kept.target(made)
    assert target is not None
    assert target.source == "detector:voice"
    assert session.close(20.0)
    later = Desk(engine)
    (lost,) = later.session.recoveries()
    later.session.recover(lost)
    later.idle()
    assert later.session.project.refusals == kept.refusals
    later.session.bring_all_back()
    assert not later.session.project.refusals
    later.session.undo()
    assert later.session.project.refusals == kept.refusals
    later.session.discard_changes()
    assert later.session.close(20.0)
