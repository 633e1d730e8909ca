from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.app.action_search import align, search

ENTRIES = [
    ("Export…", "File render write"),
    ("Play Forwards, Faster", "Clip"),
    ("Next Problem", "Focus"),
    ("Next Target", "Focus"),
    ("Zoom Timeline In", "View"),
    ("Set Target Under the Pointer", "Focus"),
]


def found(query: str) -> list[str]:
    return [ENTRIES[hit.number][0] for hit in search(query, ENTRIES)]


def test_without_a_query_all_are_there_in_their_order() -> None:
    assert found("") == found("  ") == [text for text, _ in ENTRIES]


def test_initials_beginnings_and_parts_are_found_and_the_best_comes_first() -> None:
    assert found("nt")[0] == "Next Target"
    assert found("np")[0] == "Next Problem"
    assert found("exp")[0] == "Export…"
    assert found("target") == ["Next Target", "Set Target Under the Pointer"]
    assert found("targ next") == ["Next Target"]  # words in any order
    assert found("ZTI")[0] == "Zoom Timeline In"


def test_of_two_with_the_same_words_the_one_in_order_comes_first() -> None:
    entries = [("Depth Repair", ""), ("Repair Depth", "")]
    assert [hit.number for hit in search("repair depth", entries)] == [1, 0]
    assert [hit.number for hit in search("depth repair", entries)] == [0, 1]


def test_synonyms_find_as_whole_parts_only() -> None:
    assert found("render")[0] == "Export…"
    assert "Export…" not in found("rdw")


def test_what_is_nowhere_is_not_found() -> None:
    assert found("qqq") == []


def test_the_letters_that_were_meant_are_told() -> None:
    (hit, *_) = search("nt", ENTRIES)
    text = ENTRIES[hit.number][0]
    assert [text[p] for p in hit.places] == ["N", "T"]


@given(st.text("abc ", min_size=1, max_size=8), st.text("abc ", max_size=20))
def test_the_places_spell_the_word_in_order(word: str, text: str) -> None:
    result = align(word, text)
    letters = iter(text)
    assert (result is not None) == all(letter in letters for letter in word)
    if result is not None:
        places = result[1]
        assert "".join(text[p] for p in places) == word
        assert list(places) == sorted(set(places))
