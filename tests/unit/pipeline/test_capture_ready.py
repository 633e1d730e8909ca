"""Reading ahead: everything is there afterwards, and nothing is left switched off."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

import pytest

from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.pipeline import capture_ready
from rvr_laaf_app.pipeline.capture_ready import MODULES, load_libraries, read_ahead


@pytest.fixture(autouse=True)
def thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is loaded for one test may be collected after it."""
    monkeypatch.setattr(capture_ready, "_LARGE", ())
    monkeypatch.setattr(capture_ready, "_look_once", lambda: None)
    monkeypatch.setattr(capture_ready, "_find_once", lambda: None)
    yield
    gc.unfreeze()


def test_modules_are_imported_and_garbage_is_collected_again() -> None:
    before = gc.get_freeze_count()
    read_ahead()
    assert all(name in sys.modules for name in MODULES)
    assert gc.isenabled()
    assert gc.get_freeze_count() > before


def test_it_is_left_when_the_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(capture_ready.importlib, "import_module", read.append)
    read_ahead(lambda: len(read) == 2, modules=("one", "two", "three"))
    assert read == ["one", "two"]
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_what_is_not_installed_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def without_weights() -> None:
        looked.append(1)
        raise CheckpointError("no weights here")

    monkeypatch.setattr(capture_ready, "_look_once", without_weights)
    read_ahead(modules=("rvr_laaf_app.no_such_module", "json"))
    assert looked == [1]
    assert load_libraries("no_such_package", ("lib.so",)) == 0
    assert load_libraries("json", ("no_such_library.so",)) == 0


@pytest.mark.skipif(os.name != "posix", reason="the call is that of POSIX systems")
def test_libraries_are_loaded_without_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of Python's own stands for the large ones; the package is not imported by it."""
    import _ctypes
    from pathlib import Path

    monkeypatch.delitem(sys.modules, "_ctypes")
    assert load_libraries("_ctypes", (Path(_ctypes.__file__).name,)) == 1
    assert "_ctypes" not in sys.modules
