"""Memory is searched for garbage when nothing moves, or when it has to be."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from rvr_laaf_app.ui.tidying import LEAST_S, MOST_S, Tidying


class Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


class Desk:
    """A clock and a hand that are moved by the test."""

    now_s = 0.0
    place = 0


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def tidying(qapp: QApplication, desk: Desk) -> Iterator[Tidying]:
    made = Tidying(lambda: desk.place, clock=lambda: desk.now_s)
    yield made
    made.close()


def old_garbage() -> weakref.ref[Ring]:
    """Return garbage that has grown old: only a full search finds it."""
    ring = Ring()
    gc.collect()
    return weakref.ref(ring)


def test_it_waits_until_nothing_moves(tidying: Tidying, desk: Desk) -> None:
    lost = old_garbage()
    desk.now_s = LEAST_S + 1
    for place in range(1, 5):
        desk.place = place
        tidying.look()
    assert lost() is not None
    tidying.look()
    assert lost() is None


def test_it_does_not_search_all_the_time_nor_never(tidying: Tidying, desk: Desk) -> None:
    tidying.look()
    lost = old_garbage()
    desk.now_s = LEAST_S - 1
    tidying.look()
    assert lost() is not None
    desk.now_s, desk.place = MOST_S, 7  # somebody moves all the time
    tidying.look()
    assert lost() is None


def test_what_was_alive_at_a_search_is_found_by_the_next(tidying: Tidying, desk: Desk) -> None:
    kept = Ring()
    lost = weakref.ref(kept)
    desk.now_s = MOST_S
    tidying.look()
    del kept
    gc.collect()
    assert lost() is not None  # set aside
    desk.now_s = 2 * MOST_S
    tidying.look()
    assert lost() is None


def test_afterwards_all_is_as_it_was(qapp: QApplication) -> None:
    before = gc.get_threshold()
    made = Tidying(lambda: 0)
    assert gc.get_threshold()[:2] == before[:2]
    assert gc.get_threshold()[2] > 10**6
    made.close()
    assert gc.get_threshold() == before
