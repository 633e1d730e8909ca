"""Finding an action by a few letters: the letters must come in order, and count more at the beginnings of words.

A small alignment by dynamic programming, as in sequence matching with affine gaps, over texts of one line. No Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

_LETTER, _WORD_START, _FIRST, _FOLLOWS, _GAP = 1.0, 3.0, 2.0, 2.5, 0.05
_ELSEWHERE: Final = 2.5  # per letter of a find in the menu's name or a synonym, not in the text itself
_NEVER: Final = float("-inf")
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found: its number, how well (more is better), and which characters of its text were meant."""

    number: int
    score: float
    places: tuple[int, ...]


def search(query: str, entries: Sequence[tuple[str, str]]) -> list[Hit]:
    """Return the entries (text, other words) that answer to a query, best first; all in their order for no query."""
    words = query[:_LONGEST].casefold().split()
    if not words:
        return [Hit(number, 0.0, ()) for number in range(len(entries))]
    hits = []
    for number, (text, others) in enumerate(entries):
        hit = _find(words, number, text.casefold(), others.casefold())
        if hit is not None:
            in_order = " ".join(words) in text.casefold()  # two actions may differ in nothing but the order
            hits.append(replace(hit, score=hit.score + _FOLLOWS) if in_order else hit)
    return sorted(hits, key=lambda h: (-h.score, h.number))


def _find(words: list[str], number: int, text: str, others: str) -> Hit | None:
    score, places = 0.0, set[int]()
    for word in words:
        found = align(word, text)
        if found is not None:
            score += found[0]
            places.update(found[1])
            continue
        if not any(other.startswith(word) for other in others.split()):
            return None  # scattered letters of a synonym would mean nothing
        score += _ELSEWHERE * len(word)
    return Hit(number, score - 0.01 * len(text), tuple(sorted(places)))


def align(word: str, text: str) -> tuple[float, tuple[int, ...]] | None:
    """Return score and places of the best way to find the letters of a word in order in a text; None if there is none.

    Time and memory: len(word) * len(text).
    """
    best = [_NEVER] * len(text)  # of the letters so far, the last of them at this place
    came: list[list[int]] = []
    for step, letter in enumerate(word):
        row, sources = [_NEVER] * len(text), [-1] * len(text)
        earlier, earlier_at = (0.0, -1) if step == 0 else (_NEVER, -1)
        for place, here in enumerate(text):
            if here == letter:
                bonus = _LETTER + _start_bonus(text, place)
                row[place], sources[place] = earlier + bonus, earlier_at
                joined = best[place - 1] + bonus + _FOLLOWS if step and place else _NEVER
                if joined > row[place]:
                    row[place], sources[place] = joined, place - 1
            earlier -= _GAP
            if step and best[place] > earlier:
                earlier, earlier_at = best[place], place
        best = row
        came.append(sources)
    score = max(best, default=_NEVER)
    if score == _NEVER:
        return None
    return score, _path(best.index(score), came)


def _path(last: int, came: list[list[int]]) -> tuple[int, ...]:
    places = [last]
    for sources in reversed(came[1:]):
        places.append(sources[places[-1]])
    return tuple(reversed(places))


def _start_bonus(text: str, place: int) -> float:
    if place == 0:
        return _WORD_START + _FIRST
    return 0.0 if text[place - 1].isalnum() else _WORD_START
