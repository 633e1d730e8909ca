"""Generated conversations: the truth fits what is heard and seen, and every seed gives its own."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.laaf.turns import voice_stretches
from rvr_laaf_app.measure.laaf import load_truth, score_clip
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.pipeline.detect_job import detect_job
from rvr_laaf_app.pipeline.suggested import suggest_from
from rvr_laaf_app.training.conversations import FPS, TRUTH, cast, perform, schedule, truth_of, write_conversation


@pytest.mark.parametrize("seed", range(5))
def test_a_schedule_is_in_order_and_inside_the_clip(seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = schedule(3, 20.0, rng)
    assert [s.start_s for s in said] == sorted(s.start_s for s in said)
    turns = [s for s in said if s.kind == "turn"]
    assert len(turns) >= 3
    assert all(0.5 < s.start_s < s.stop_s < 20.0 for s in turns)
    visible = [t.person for t in turns if t.person >= 0]
    assert all(a != b for a, b in pairwise(visible))


def test_the_mouth_of_the_speaker_moves_and_the_others_rests() -> None:
    rng = np.random.default_rng(3)
    people = cast(2, rng)
    said = [s for s in schedule(2, 12.0, rng) if s.kind == "turn"]
    sound = perform(people, said, 12.0, rng)
    assert np.abs(sound).max() <= 1.0
    for turn in said:
        if turn.person < 0:
            continue
        part = slice(round(turn.start_s * FPS) + 2, round(turn.stop_s * FPS) - 8)
        assert people[turn.person].mouth[part].mean() > 3 * people[1 - turn.person].mouth[part].mean()
    truth = truth_of(people, said, 300)
    assert truth["targets"][0]["frame"] == 0
    assert all(t["early"] <= t["frame"] <= t["late"] for t in truth["targets"])


@pytest.mark.slow
def test_every_turn_is_in_focus_before_its_first_word(tmp_path: Path) -> None:
    truth = write_conversation(tmp_path / "talk.mp4", 4, seconds=9.0)
    (tmp_path / TRUTH).write_text(json.dumps({"clips": {"talk": truth}}))
    evidence = run_job(detect_job(probe(tmp_path / "talk.mp4")))
    assert evidence.sound is not None
    firsts = [round(start * FPS) for start, _ in voice_stretches(evidence.sound)]
    assert abs(firsts[0] - truth["turns"][0]["start"]) <= 2
    score = score_clip(load_truth(tmp_path / TRUTH)[0], suggest_from(evidence, "conversation"))
    assert score.turns >= 1
    assert score.turns_in_focus == score.turns
    assert score.false == ()
    for row in evidence.faces[evidence.faces[:, 0] == 0]:
        assert any(Box(*row[2:6].tolist()).overlap(Box(*p["box"])) > 0.3 for p in truth["people"])
