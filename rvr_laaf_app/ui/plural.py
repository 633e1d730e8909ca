"""Counts in words. English has its two forms in the source, so that it reads well without a translation file."""

from __future__ import annotations

from collections.abc import Callable


def counted(tr: Callable[[str], str], one: str, many: str, count: int) -> str:
    """Return `one`, or `many` with {0} replaced by the count; both are texts that `tr` translates."""
    return tr(one) if count == 1 else tr(many).replace("{0}", str(count))
