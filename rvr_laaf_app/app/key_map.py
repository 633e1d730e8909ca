"""Which keys each action has: the usual ones, changed by what the user chose. No two actions ever share one. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rvr_laaf_app.app.actions import ACTIONS

KeyChoices = tuple[tuple[str, tuple[str, ...]], ...]
MAX_KEY_CHOICES: Final = 400
MAX_KEYS: Final = 4  # of one action
_USUAL: Final = {action.id: action.keys for action in ACTIONS}


def keys_now(choices: KeyChoices) -> dict[str, tuple[str, ...]]:
    """Return the keys of every action. What the user chose wins over what is usual; of two choices the earlier wins.

    choices: (action id, its keys) for the changed actions; ids that do not exist are passed over.
    """
    chosen = {name: keys for name, keys in choices if name in _USUAL}
    taken: set[str] = set()
    result: dict[str, tuple[str, ...]] = {}
    for name, keys in [*chosen.items(), *((n, k) for n, k in _USUAL.items() if n not in chosen)]:
        free = {_same(k): k for k in keys if _same(k) not in taken}
        taken.update(free)
        result[name] = tuple(free.values())
    return {name: result[name] for name in _USUAL}


def owner_of(key: str, keys: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the id of the action that has a key, or None."""
    return next((name for name, own in keys.items() if _same(key) in map(_same, own)), None)


def with_keys(choices: KeyChoices, action: str, keys: tuple[str, ...]) -> KeyChoices:
    """Return the choices such that an action has exactly these keys; whoever had one of them loses it."""
    now = keys_now(choices)
    wanted = tuple(dict.fromkeys(keys))[:MAX_KEYS]
    changed = dict(choices)
    for key in wanted:
        owner = owner_of(key, now)
        if owner is not None and owner != action:
            now[owner] = changed[owner] = tuple(k for k in now[owner] if _same(k) != _same(key))
    changed[action] = wanted
    return _only_changes(changed)


def with_usual_keys(choices: KeyChoices, action: str) -> KeyChoices:
    """Return the choices such that an action has its usual keys again, as far as nobody chose them for another."""
    return tuple((name, keys) for name, keys in choices if name != action)


def _only_changes(choices: Mapping[str, tuple[str, ...]]) -> KeyChoices:
    return tuple((name, keys) for name, keys in choices.items() if name in _USUAL and keys != _USUAL[name])


def _same(key: str) -> str:
    return key.replace(" ", "").casefold()
