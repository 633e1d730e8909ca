from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from session_desk import Desk


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "film.clip"
    path.write_text("100")
    return path


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def new_desk(engine: FakeEngine) -> Iterator[Callable[[], Desk]]:
    desks: list[Desk] = []

    def make() -> Desk:
        desks.append(Desk(engine))
        return desks[-1]

    yield make
    engine.gate.set()
    for desk in desks:
        assert desk.session.close(20.0)
    assert not [t for t in threading.enumerate() if t.name.startswith("lane-")]


@pytest.fixture
def desk(new_desk: Callable[[], Desk]) -> Desk:
    return new_desk()
