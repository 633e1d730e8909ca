"""A session with its mailbox, for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fake_engine import FakeEngine

from rvr_laaf_app.app.session import Session
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.jobs.mailbox import Mailbox


class Desk:
    """A session with its mailbox, and everything that it told."""

    def __init__(self, engine: FakeEngine) -> None:
        self.mailbox, self.engine = Mailbox(), engine
        self.session = Session(self.mailbox.post, engine=engine)
        self.problems: list[RvrError] = []
        self.session.on_problem(self.problems.append)

    def until(self, condition: Callable[[], bool]) -> None:
        assert self.mailbox.run_until(condition, 20.0), "it did not happen in time"

    def idle(self) -> None:
        """Run until no job is left and every result has arrived."""
        self.until(lambda: not self.session.jobs)
        self.mailbox.run_pending()
        if self.session.jobs:
            self.idle()

    def open(self, path: Path) -> Session:
        self.session.open(path)
        self.idle()
        return self.session
