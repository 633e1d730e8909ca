"""The family of errors that a user may see. Each carries what went wrong, where, and what to do about it."""

from __future__ import annotations


class RvrError(Exception):
    """An error with one clear sentence for the user: what, where, and what to do.

    `str(error)` is that one line; `cli` prints it, `ui` shows it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: object = None, remedy: str = "") -> None:
        self.what = " ".join(str(what).split())
        self.where = None if where is None else str(where)
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.where!r}: " if self.where else ""
        advice = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.what.rstrip('.')}.{advice}"


class UsageError(RvrError):
    """The user asked for something that makes no sense (a target outside the clip, an unknown shape)."""

    exit_code = 2


class MediaError(RvrError):
    """A media file cannot be opened, read or decoded."""

    exit_code = 3


class ExportError(RvrError):
    """A result cannot be written: no space, no encoder, verification failed."""

    exit_code = 4


class ProjectError(RvrError):
    """A project file cannot be read or written."""

    exit_code = 5


class CheckpointError(RvrError):
    """Network weights are missing, damaged or not what they claim to be."""

    exit_code = 6


class CacheError(RvrError):
    """An analysis product on disk is missing or damaged; it can be computed again."""


class Cancelled(RvrError):
    """The user stopped the work. Nothing is broken and nothing half-made is left behind."""

    exit_code = 130
