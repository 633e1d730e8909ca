"""What a job is: a generator that yields Progress at each frame boundary, and may be closed at any of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `done` of `total` steps (None = not known), and what it is doing."""

    done: int
    total: int | None
    message: str = ""

    @property
    def fraction(self) -> float | None:
        """Share done, 0..1, or None if the total is not known."""
        return None if not self.total else min(self.done / self.total, 1.0)


# A job yields Progress and returns its result; closing the generator cancels it and cleans up.
Job = Generator[Progress, None, T]


def run_job(job: Job[T]) -> T:
    """Run a job to its end, ignore its progress, return its result."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
