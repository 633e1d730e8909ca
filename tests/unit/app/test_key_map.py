from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.app.actions import ACTIONS
from rvr_laaf_app.app.key_map import KeyChoices, keys_now, owner_of, with_keys, with_usual_keys
from rvr_laaf_app.app.settings import Settings, load_settings, save_settings

USUAL = {a.id: a.keys for a in ACTIONS}
_IDS = st.sampled_from([*USUAL, "no_such_action"])
_KEYS = st.sampled_from(["Ctrl+E", "ctrl+e", "J", "F", "Ctrl+Alt+9", "Space", "?"])


def test_without_choices_keys_are_the_usual_ones() -> None:
    assert keys_now(()) == USUAL


def test_a_key_is_taken_from_whoever_had_it() -> None:
    choices = with_keys((), "open", ("Ctrl+E", "Ctrl+O"))
    now = keys_now(choices)
    assert now["open"] == ("Ctrl+E", "Ctrl+O")
    assert now["export"] == ()
    assert owner_of("ctrl + e", now) == "open"


def test_usual_keys_come_back_as_far_as_they_are_free() -> None:
    choices = with_usual_keys(with_keys((), "open", ("Ctrl+E",)), "export")
    assert keys_now(choices)["export"] == ()  # still the choice of another
    assert keys_now(with_usual_keys(choices, "open")) == USUAL


def test_a_choice_that_is_the_usual_one_is_no_choice() -> None:
    assert with_keys(with_keys((), "open", ("Ctrl+Alt+Shift+J",)), "open", USUAL["open"]) == ()


@given(st.lists(st.tuples(_IDS, st.lists(_KEYS, max_size=3).map(tuple)), max_size=6).map(tuple))
def test_no_two_actions_ever_share_a_key_whatever_was_saved(choices: KeyChoices) -> None:
    now = keys_now(choices)
    every = [k.casefold() for keys in now.values() for k in keys]
    assert len(every) == len(set(every))
    assert set(now) == set(USUAL)


def test_keys_and_layout_are_kept_and_damage_falls_back_alone(tmp_path: Path) -> None:
    settings = Settings(keys=(("open", ("Ctrl+K",)),), layout="AAAA", geometry="BBBB", language="de")
    save_settings(settings, tmp_path)
    assert load_settings(tmp_path) == settings
    for keys in ('"x"', '[["open"]]', '[["open", "X"]]', '[["open", [1]]]', "[[1, []]]", '{"open": []}'):
        text = f'{{"keys": {keys}, "layout": 3, "geometry": "{"A" * 30_000}", "pull_frames": 7}}'
        (tmp_path / "settings.json").write_text(text)
        assert load_settings(tmp_path) == Settings(pull_frames=7)
