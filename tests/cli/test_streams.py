"""Output streams and file names as shells and scripts have them: closed, full, gone, and bytes that are no text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import write_clip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX shells")
RVR = f"{sys.executable} -m rvr_laaf_app"
REFOCUS = "refocus --target 0.3,0.6@0 --estimator lower-is-nearer"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    write_clip(folder / "clip.mp4", frames=6)
    return folder


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    done = shell(f"{RVR} probe clip.mp4 | head -1", folder)
    assert done.stdout.startswith(b"path")
    assert done.stderr == b""


def test_a_closed_stdout_and_a_closed_stderr(folder: Path) -> None:
    assert shell(f"{RVR} probe clip.mp4 >&-", folder).returncode == 0
    done = shell(f"{RVR} probe missing.mp4 2>&-", folder)
    assert done.returncode == 3
    assert done.stdout == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_stdout_is_said(folder: Path) -> None:
    done = shell(f"{RVR} probe clip.mp4 --json >/dev/full", folder)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "name", [b"-o.mp4", b" a b'\"%d.mp4", b"\xff\xfe.mp4", b"probe", b"http:x.mp4", "ü\n.mp4".encode()]
)
def test_odd_names_are_only_names(folder: Path, name: bytes) -> None:
    source, out = os.fsencode(folder) + b"/" + name, b"out-" + name + b".mp4"
    os.link(folder / "clip.mp4", source)
    command = [*os.fsencode(f"{RVR} {REFOCUS}").split(), b"-o", out, b"--", name]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == os.fsencode(folder) + b"/" + out + b"\n"
    assert os.path.getsize(os.fsencode(folder) + b"/" + out) > 0


def test_json_is_all_there_is(folder: Path) -> None:
    done = shell(f"{RVR} {REFOCUS} clip.mp4 -o json.mp4 --json", folder)
    assert json.loads(done.stdout)["frames"] == 6
    assert done.stderr == b""
