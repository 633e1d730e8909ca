"""A list of callables that want to hear of something. It does not care of what, nor in which thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Observers(Generic[P]):
    """Callables told of each event, in the order in which they came."""

    def __init__(self) -> None:
        self._calls: list[Callable[P, object]] = []

    def add(self, call: Callable[P, object]) -> Callable[[], None]:
        """Call `call` from now on; return the function that ends that (harmless when called twice)."""
        self._calls.append(call)

        def remove() -> None:
            if call in self._calls:
                self._calls.remove(call)

        return remove

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call everyone; the first error is raised after all were called."""
        failed: Exception | None = None
        for call in tuple(self._calls):
            try:
                call(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # the others must be told first
                failed = failed or error
        if failed is not None:
            raise failed
