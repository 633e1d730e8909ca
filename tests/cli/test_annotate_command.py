"""`rvr-laaf annotate` where it cannot work: one line on stderr, an exit code, and no window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rvr_laaf_app.annotation.store import AnnotatorStore
from tests.clips import write_clip


def annotate(*arguments: object, screen: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    if screen:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-m", "rvr_laaf_app", "annotate", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def refused(code: int, said: str, *arguments: object, screen: bool = True) -> None:
    done = annotate(*arguments, screen=screen)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("rvr-laaf: ")
    assert said in line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    write_clip(folder / "one.mp4", frames=30, sound=False)
    return folder


def test_what_is_no_folder_of_clips(tmp_path: Path, folder: Path) -> None:
    refused(2, "no such folder", tmp_path / "nowhere")
    refused(2, "not a folder", folder / "one.mp4")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("no clip")
    refused(2, "no clips in this folder", empty)
    assert [p.name for p in empty.iterdir()] == ["notes.txt"], "nothing was made there"


def test_without_a_screen(folder: Path) -> None:
    refused(2, "no screen", folder, screen=False)


def test_an_annotator_without_a_name(folder: Path) -> None:
    refused(5, "annotator", folder, "--annotator", "")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders are another matter there")
def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    if os.geteuid() == 0:  # for root nothing is read-only: what is in the way is a file where the folder should be
        (folder / "vaf").write_text("")
        refused(5, "cannot be kept safe", folder, "--annotator", "ann")
        return
    folder.chmod(0o555)
    try:
        refused(5, "cannot be kept safe", folder, "--annotator", "ann")
    finally:
        folder.chmod(0o755)


def test_the_same_annotator_twice_at_once(folder: Path) -> None:
    with AnnotatorStore.open(folder, "ann"):
        refused(5, "annotating already", folder, "--annotator", "ann")
