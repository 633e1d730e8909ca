"""Presets, names and estimates of exports: what may be, what is kept, what a damaged file does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.export_queue_estimate import ExportSize, Paces, free_bytes
from rvr_laaf_app.app.export_queue_ledger import Ledger
from rvr_laaf_app.app.export_queue_names import free_path, name_of
from rvr_laaf_app.app.export_queue_presets import BUILT_IN, ExportPreset, Presets, load_presets, save_presets
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.project import ClipRef, Project

WEB = ExportPreset("Web", "h264", ".mp4", crf=24, long_side=1280)


def test_own_presets_are_kept(tmp_path: Path) -> None:
    presets = Presets().with_own(WEB).with_own(replace(WEB, name="Zwei — ünïcode"))
    save_presets(presets, tmp_path)
    assert load_presets(tmp_path) == (presets, [])
    renamed = presets.renamed("web", "Small")
    assert [p.name for p in renamed.own] == ["Small", "Zwei — ünïcode"]
    assert renamed.without("SMALL").own[0].name == "Zwei — ünïcode"
    assert load_presets(tmp_path / "nothing here") == (Presets(), [])


def test_built_in_presets_stay_as_they_are() -> None:
    assert len({p.name.casefold() for p in BUILT_IN}) == len(BUILT_IN)
    for act in (
        lambda: Presets().with_own(replace(WEB, name="dnxhr")),
        lambda: Presets().without("DNxHR"),
        lambda: Presets().renamed("DNxHR", "Mine"),
        lambda: Presets().with_own(WEB).renamed("Web", "PNG frames"),
    ):
        with pytest.raises(UsageError):
            act()


@pytest.mark.parametrize(
    "change",
    [
        {"codec": "gif"}, {"suffix": ".mov"}, {"crf": 99}, {"crf": True}, {"long_side": 1}, {"quality": "best"},
        {"name": ""}, {"name": " x"}, {"name": "x" * 200}, {"audio": "loud"}, {"unheard": 1}, {"pattern": ""},
        {"name": "PNG frames"},
    ],
)  # fmt: skip
def test_a_preset_that_is_not_whole_is_left_out_alone(tmp_path: Path, change: dict[str, Any]) -> None:
    dnx = {"name": "A", "codec": "dnxhr", "suffix": ".mov"}
    bad = {**dnx, "name": "B", "suffix": ".mp4" if "suffix" in change else ".mov", **change}
    if "suffix" in change:
        bad["suffix"] = ".webm"
    values = {"schema": "ExportPresets.1", "last": "A", "presets": [dnx, bad]}
    (tmp_path / "export_presets.json").write_text(json.dumps(values))
    presets, problems = load_presets(tmp_path)
    assert [p.name for p in presets.own] == ["A"]
    assert len(problems) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "ExportPresets.2"}', '{"schema": 1}', "[" * 99999])
def test_a_damaged_file_of_presets_is_set_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / "export_presets.json").write_text(text)
    presets, problems = load_presets(tmp_path)
    assert presets == Presets()
    assert len(problems) == 1
    assert (tmp_path / "export_presets.damaged.json").exists()


def test_names_from_patterns() -> None:
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    preset = replace(WEB, pattern="{project}-{clip}_{preset} {date} {time} {range}")
    name = name_of(preset, clip="a/b:c", project="film", start_s=1.5, stop_s=None, now=now)
    assert name == "film-a_b_c_Web 2026-03-04 050607 1.50-end.mp4"
    assert name_of(replace(WEB, pattern="con"), clip="x") == "_con.mp4"
    assert len(name_of(WEB, clip="ä" * 500).encode()) < 200
    with pytest.raises(UsageError, match="knows nothing"):
        name_of(replace(WEB, pattern="{clip}{0}"), clip="x")
    with pytest.raises(UsageError, match="empty"):
        name_of(replace(WEB, pattern=".."), clip="x")


def test_a_free_name_is_neither_on_the_disk_nor_wanted_by_others(tmp_path: Path) -> None:
    path = tmp_path / "take.1.mp4"
    assert free_path(path, suffix=".mp4") == path
    path.write_text("")
    assert free_path(path, suffix=".mp4") == tmp_path / "take.1 2.mp4"
    assert free_path(path, [str(tmp_path / "take.1 2.mp4")], suffix=".mp4") == tmp_path / "take.1 3.mp4"
    (tmp_path / "v1.2").mkdir()
    assert free_path(tmp_path / "v1.2") == tmp_path / "v1.2 2"


def test_estimates_are_rough_until_something_was_exported(tmp_path: Path) -> None:
    choice, size = ExportChoice("x.mp4", "h264"), ExportSize(100, (1000, 1000))
    paces = Paces(tmp_path)
    assert paces.estimate(choice, size).rough
    assert paces.estimate(choice, replace(size, missing=50)).seconds > paces.estimate(choice, size).seconds
    for seconds in (50.0, 60.0, 400.0):  # one that was disturbed does not count much
        paces.learn(choice, size, seconds=seconds, size_bytes=10_000_000)
    learnt = Paces(tmp_path).estimate(choice, replace(size, frames=200))
    assert (learnt.rough, learnt.size_bytes, learnt.seconds) == (False, 20_000_000, pytest.approx(120.0))
    assert Paces(tmp_path).estimate(replace(choice, codec="hevc"), size).rough
    (tmp_path / "export_paces.json").write_text('{"schema": "ExportPaces.1", "paces": {"a": [[0, -1]]}}')
    assert Paces(tmp_path).estimate(choice, size).rough
    assert free_bytes(tmp_path / "not" / "there") == pytest.approx(free_bytes(tmp_path), rel=0.01)


def test_the_ledger_believes_only_what_lies_there_unchanged(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    project, choice = Project(clip=ClipRef("/c.mp4", "print", 9)), ExportChoice(str(out), "h264")
    ledger = Ledger(tmp_path)
    assert not ledger.is_done(project, choice)
    out.write_text("result")
    ledger.note(project, choice)
    again = Ledger(tmp_path)
    assert again.is_done(project, choice)
    assert again.is_done(replace(project, clip=ClipRef("/moved.mp4", "print", 9)), replace(choice, overwrite=True))
    assert not again.is_done(project, replace(choice, crf=20))
    assert not again.is_done(replace(project, clip=ClipRef("/c.mp4", "other", 9)), choice)
    out.write_text("touched")
    assert not again.is_done(project, choice)
    (tmp_path / "export_ledger.json").write_text("{")
    assert not Ledger(tmp_path).is_done(project, choice)
