"""`rvr-laaf eval dff` from the command line: the table, the JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rvr_laaf_app.cli.main import run

QUICK = ["eval", "dff", "--seed", "5", "--stacks", "1", "--method", "classical"]


def test_the_table_stands_beside_the_slides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*QUICK, "--json", str(tmp_path / "figures.json")]) == 0
    shown = capsys.readouterr().out
    assert "| classical |" in shown
    assert "| LSTM-DDFF | 0.0011 | 0.033 | 94.98 |" in shown
    report = json.loads((tmp_path / "figures.json").read_text())
    assert report["seed"] == 5
    assert set(report["methods"]) == {"classical"}
    for sort in ("static", "moving"):
        figures = report["methods"]["classical"][sort]
        assert 0 < figures["mse"] < 0.2
        assert figures["rms"] ** 2 == pytest.approx(figures["mse"], rel=0.01)  # of one stack
        assert 30 < figures["accuracy"] <= 100


def test_only_json_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*QUICK, "--slices", "3", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 3


@pytest.mark.parametrize("wrong", [["--method", "magic"], ["--slices", "1"]])
def test_what_makes_no_sense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "dff", *wrong]) == 2
    assert "rvr-laaf:" in capsys.readouterr().err
