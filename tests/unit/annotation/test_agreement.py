"""Agreement against values that were worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.annotation.agreement import agreement, agreements, cohen_kappa, pair_targets, same_place
from rvr_laaf_app.core.geometry import Box, Point
from tests.unit.annotation.pretend_clips import facts_of, said, target_at

LEFT, RIGHT = Box(0.0, 0.0, 0.2, 0.2), Box(0.6, 0.0, 0.2, 0.2)


def test_two_people_by_hand() -> None:
    """Ten seconds: both open on the left; A goes right at 2, back at 5; B goes right at 2.4, and never back."""
    clip = facts_of("a.mp4", 250).clip
    a = said(
        target_at(0.0, place=LEFT, subject="the woman"),
        target_at(2.0, place=RIGHT, early_s=1.5, late_s=2.5, subject="man"),
        target_at(5.0, place=LEFT, subject="woman"),
        clip=clip,
    )
    shifted = Box(0.6, 0.1, 0.2, 0.2)
    b = said(
        target_at(0.0, place=LEFT, subject="Woman"),
        target_at(2.4, place=shifted, early_s=2.2, late_s=2.5, subject="man (right)"),
        clip=clip,
    )
    found = agreement(("a", [a]), ("b", [b]))
    assert (found.clips, found.pairs) == (1, 2)
    value = {name: estimate.value for name, estimate in found.figures.items()}
    assert value["found"] == pytest.approx(2 * 1 / 3)  # the free first targets count nowhere: 2 of A, 1 of B
    assert value["time_s"] == pytest.approx(0.4)
    assert value["in_window"] == 0.0  # 2.4 lies in A's window, 2.0 not in B's
    assert value["overlap"] == pytest.approx((1.0 + (0.02 / 0.06)) / 2)
    assert value["distance"] == pytest.approx(0.05)
    assert value["same_place"] == 1.0
    assert value["same_words"] == 1.0
    assert value["same_focus"] == pytest.approx((2.0 + 2.6) / 10.0)  # left 0..2, right 2.4..5 of 10 s
    assert all(e.low is None for e in found.figures.values()), "one clip says nothing about others"


def test_pairs_are_as_many_as_possible_and_then_as_close() -> None:
    """The closest pair first would leave one alone."""
    pairs = pair_targets([target_at(1.0), target_at(1.8)], [target_at(1.7), target_at(2.5)])
    both = {(p.mine.at.seconds, p.theirs.at.seconds) for p in pairs if p.mine and p.theirs}
    assert both == {(1.0, 1.7), (1.8, 2.5)}


def test_targets_too_far_apart_are_not_paired() -> None:
    pairs = pair_targets([target_at(1.0)], [target_at(2.1)])
    assert [(p.mine is None, p.theirs is None) for p in pairs] == [(False, True), (True, False)]
    assert len(pair_targets([target_at(1.0)], [target_at(2.0)])) == 1


def test_kappa_of_a_textbook_table() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, chance 0.5, kappa 0.4."""
    table = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(table) == pytest.approx(0.4)
    assert cohen_kappa([("a", "a"), ("b", "b")]) == 1.0
    assert cohen_kappa([("a", "b"), ("b", "a")]) == pytest.approx(-1.0)
    assert cohen_kappa([("a", "a")]) is None, "one label only: chance explains it"
    assert cohen_kappa([]) is None


def test_the_interval_of_kappa_is_that_of_drawn_clips() -> None:
    """The fast sums over clips give what drawing the clips one by one gives."""
    rng = np.random.default_rng(4)
    mine, theirs, words = [], [], []
    for number in range(12):
        clip = facts_of(f"{number}.mp4", seed=number).clip
        pair = str(rng.choice(["man", "dog"])), str(rng.choice(["man", "dog", "dog"]))
        words.append(pair)
        mine.append(said(target_at(1.0, subject=pair[0]), clip=clip))
        theirs.append(said(target_at(1.0, subject=pair[1]), clip=clip))
    found = agreement(("a", mine), ("b", theirs), resamples=500, seed=8).figures["kappa"]
    order = sorted(range(12), key=lambda n: mine[n].clip.pictures)
    draws = np.random.default_rng(8).integers(0, 12, (500, 12))
    drawn = [cohen_kappa([words[order[i]] for i in row]) for row in draws]
    low, high = np.percentile([k for k in drawn if k is not None], [2.5, 97.5])
    assert found.value == pytest.approx(cohen_kappa(words))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_the_interval_is_of_the_clips_and_the_same_every_time() -> None:
    rng = np.random.default_rng(1)
    mine, theirs = [], []
    for number in range(30):
        clip = facts_of(f"{number}.mp4", seed=number).clip
        apart = float(rng.choice([0.0, 0.2]))
        mine.append(said(target_at(1.0), clip=clip))
        theirs.append(said(target_at(1.0 + apart), clip=clip))
    first, again = (agreement(("a", mine), ("b", theirs)).figures["time_s"] for _ in range(2))
    assert first == again
    assert first.low is not None
    assert first.high is not None
    assert first.value is not None
    assert first.low < first.value < first.high
    # 30 draws of 0 or 0.2: the mean's standard error is 0.1 * 2 * sqrt(p (1 - p) / 30)
    p = first.value / 0.2
    assert first.high - first.low == pytest.approx(2 * 1.96 * 0.2 * (p * (1 - p) / 30) ** 0.5, rel=0.2)


def test_only_clips_that_both_have_done_count() -> None:
    clip, other = facts_of("a.mp4").clip, facts_of("b.mp4", seed=2).clip
    people = {
        "a": [said(target_at(1.0), clip=clip), said(target_at(1.0), clip=other, state="open")],
        "b": [said(target_at(1.0), clip=clip), said(target_at(1.0), clip=other)],
        "c": [],
    }
    found = agreements(people)
    assert [(f.first, f.second, f.clips) for f in found] == [("a", "b", 1)]


def test_nobody_found_anything_is_no_agreement_on_time() -> None:
    found = agreement(("a", [said()]), ("b", [said()]))
    assert found.clips == 1
    assert {found.figures[n].value for n in ("found", "time_s", "overlap", "kappa")} == {None}


def test_points_and_boxes() -> None:
    inside = Box(0.1, 0.1, 0.0, 0.0)
    assert same_place(inside, LEFT)
    assert same_place(LEFT, inside)
    assert not same_place(inside, RIGHT)
    a, b = said(target_at(1.0, place=Point(0.1, 0.1))), said(target_at(1.0, place=LEFT))
    figures = agreement(("a", [a]), ("b", [b])).figures
    assert figures["overlap"].value is None
    assert figures["same_place"].value == 1.0
