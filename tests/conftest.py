"""Fixtures shared by all tests: where development data lies, and a screen for Qt when there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the program does, see rvr_laaf_app/__main__.py

ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path | None:
    """The development data (not part of the repository): $RVR_DATA, or shared/data beside the checkout."""
    for candidate in (os.environ.get("RVR_DATA"), ROOT.parent / "shared" / "data"):
        if candidate and Path(candidate).is_dir():
            return Path(candidate)
    return None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development data; the test is skipped where it is missing."""
    folder = data_folder()
    if folder is None:
        pytest.skip("development data not found (set RVR_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _private_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's cache or settings."""
    home = tmp_path_factory.mktemp("home", numbered=True)
    monkeypatch.setenv("RVR_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("RVR_CONFIG_DIR", str(home / "config"))
