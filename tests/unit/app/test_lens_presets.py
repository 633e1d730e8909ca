"""Lens presets: names, what stays with the shot, strict files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.app import lens_presets
from rvr_laaf_app.app.lens_presets import BUILT_IN, FILE, SCHEMA, applied, load_presets, matching, save_presets
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.encoding_lens import encode_lens
from rvr_laaf_app.document.lens_keys import LensKey
from rvr_laaf_app.document.limits import check_lens
from rvr_laaf_app.document.project import LensSettings

OWN = LensSettings(lens=Lens(75.0, 2.2), confidence_guard=0.7)


def test_built_in_presets_are_valid_different_and_recognised() -> None:
    presets = tuple(BUILT_IN.values())
    assert len({p.name.casefold() for p in presets}) == len(presets) >= 6
    shot = LensSettings(lens=Lens(disparity_scale_per_m=0.4), f_number_keys=(LensKey(4, 2.0),))
    for preset in presets:
        check_lens(preset.lens)
        now = applied(preset, shot)
        assert (now.lens.disparity_scale_per_m, now.f_number_keys) == (0.4, shot.f_number_keys)
        assert matching(presets, now) is preset


def test_own_presets_survive_the_file_and_keep_no_keys(tmp_path: Path) -> None:
    own = lens_presets.with_preset((), "  My   look ", replace(OWN, f_number_keys=(LensKey(1, 2.0),)))
    own = lens_presets.with_preset(own, "another", LensSettings(blur_px=9.0))
    save_presets(own, tmp_path)
    assert load_presets(tmp_path) == own
    assert [p.name for p in own] == ["another", "My look"]
    assert own[1].lens == OWN
    own = lens_presets.renamed(own, "My look", "MY LOOK")
    assert [p.name for p in lens_presets.without(own, "another")] == ["MY LOOK"]
    assert load_presets(tmp_path / "nowhere") == ()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb\u0000", "phone LOOK", "mine"])
def test_bad_and_taken_names_are_refused(name: str) -> None:
    own = lens_presets.with_preset((), "Mine", OWN)
    with pytest.raises(UsageError):
        lens_presets.with_preset(own, name, OWN)


def hostile_files() -> dict[str, bytes]:
    lens = encode_lens(OWN)
    keyed = lens | {"f_number_keys": [{"frame": 1, "f_number": 2.0}]}
    del lens["f_number_keys"]
    one = {"name": "x", "lens": lens}

    def file(*presets: object, **more: object) -> bytes:
        return json.dumps({"schema": SCHEMA, "presets": list(presets), **more}).encode()

    return {
        "not JSON": b"{",
        "a list": b"[]",
        "NaN": b'{"schema": "LensPresets.1", "presets": NaN}',
        "another schema": b'{"schema": "LensPresets.9", "presets": []}',
        "no schema": b'{"presets": []}',
        "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
        "twice": file(one, one | {"name": "X"}),
        "built-in name": file(one | {"name": "Phone look"}),
        "unknown field": file(one | {"secret": 1}),
        "unknown in the lens": file({"name": "x", "lens": lens | {"zoom": 2}}),
        "unknown in the aperture": file({"name": "x", "lens": lens | {"aperture": {"leaves": 3}}}),
        "unknown above": file(one, more=1),
        "keys": file({"name": "x", "lens": keyed}),
        "f/0": file({"name": "x", "lens": lens | {"f_number": 0}}),
        "huge": file({"name": "x", "lens": lens | {"focal_length_mm": 1e300}}),
        "text for a number": file({"name": "x", "lens": lens | {"breathing": "0"}}),
        "many": file(*[one | {"name": f"p{i}"} for i in range(501)]),
        "no name": file({"lens": lens}),
        "four blades": file({"name": "x", "lens": lens | {"aperture": {"blades": 4}}}),
    }


@pytest.mark.parametrize("kind", hostile_files())
def test_hostile_files_are_one_clear_error_and_are_not_lost(kind: str, tmp_path: Path) -> None:
    data = hostile_files()[kind]
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(UsageError, match="presets cannot be used"):
        load_presets(tmp_path)
    assert (tmp_path / FILE).read_bytes() == data
    own = lens_presets.with_preset((), "Mine", OWN)
    save_presets(own, tmp_path)
    assert load_presets(tmp_path) == own
    assert (tmp_path / FILE).with_suffix(".damaged.json").read_bytes() == data


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        save_presets((), tmp_path / "file")
