"""Whatever goes wrong, the final name holds what it held before, nothing is left lying about, and the user is told."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
from writer_clips import Sound, Video, make_clip, patch_frame

from rvr_laaf_app.core.atomic import temporary_beside
from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.media.disk_space import check_space
from rvr_laaf_app.media.encoders import ExportSettings, estimated_bytes
from rvr_laaf_app.media.probe import ClipInfo, probe
from rvr_laaf_app.media.verify import verify_export
from rvr_laaf_app.media.writer import ClipWriter

VIDEO = Video(size=(96, 64), pts=tuple(range(0, 120 * 3000, 3000)))
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and limits")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    return probe(make_clip(tmp_path_factory.mktemp("clip") / "in.mp4", VIDEO, (Sound(seconds=4.0),)))


def write_all(writer: ClipWriter, count: int = 120) -> None:
    for index in range(count):
        writer.write(patch_frame((96, 64)), index)


def interrupted(writer: ClipWriter) -> None:
    with writer:
        write_all(writer, 50)
        assert len(os.listdir(writer.path.parent)) == 2
        raise KeyboardInterrupt


def test_an_exception_half_way_leaves_the_old_file(tmp_path: Path, source: ClipInfo) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        interrupted(ClipWriter(target, source))
    assert os.listdir(tmp_path) == ["out.mp4"]
    assert target.read_bytes() == b"old"


def test_missing_frames_are_an_error(tmp_path: Path, source: ClipInfo) -> None:
    with pytest.raises(ExportError, match="only 119 of 120"), ClipWriter(tmp_path / "out.mp4", source) as writer:
        write_all(writer, 119)
    assert os.listdir(tmp_path) == []


def test_frames_out_of_order_or_of_wrong_shape_are_refused(tmp_path: Path, source: ClipInfo) -> None:
    writer = ClipWriter(tmp_path / "out.mp4", source)
    write_all(writer, 2)
    for index in (1, 3, 0):
        with pytest.raises(ValueError, match="next"):
            writer.write(patch_frame((96, 64)), index)
    with pytest.raises(ValueError, match="shape"):
        writer.write(patch_frame((64, 96)), 2)
    writer.abort()
    with pytest.raises(ValueError, match="next"):
        writer.write(patch_frame((96, 64)), 2)
    assert os.listdir(tmp_path) == []


def test_cancel_while_the_file_is_checked(tmp_path: Path, source: ClipInfo) -> None:
    with ClipWriter(tmp_path / "out.mp4", source) as writer:
        write_all(writer)
        steps = writer.finishing()
        done, total = next(steps)
        assert 0 < done < total == 120
        steps.close()
    assert os.listdir(tmp_path) == []


def test_finishing_reports_each_step_and_then_names_the_file(tmp_path: Path, source: ClipInfo) -> None:
    with ClipWriter(tmp_path / "out.mp4", source) as writer:
        write_all(writer)
        counts = [done for done, _ in writer.finishing()]
    assert counts == sorted(counts)
    assert len(counts) >= 10
    assert os.listdir(tmp_path) == ["out.mp4"]


@POSIX
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_full_disk_is_told_and_nothing_stays(tmp_path: Path, source: ClipInfo, suffix: str) -> None:
    """RLIMIT_FSIZE makes every write beyond the limit fail, as a full disk does, also those inside close()."""
    script = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_writer_faults import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
info = probe({source.path!r})
target = Path({str(tmp_path / ("out" + suffix))!r})
import numpy as np
noise = np.random.default_rng(0).integers(0, 256, (20, 64, 96, 3)).astype(np.uint8)

def export():
    with ClipWriter(target, info, start=0, stop=20) as writer:
        for index, rgb in enumerate(noise):
            writer.write(rgb, index)

export()
size = target.stat().st_size
assert size > 50_000, size
target.unlink()
for limit in (1, 500, *range(2000, size, size // 20), size - 500, size - 8, size - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        export()
        print("SILENT", limit)
    except ExportError as error:
        print("TOLD" if "more are needed" in str(error) else error)
    print(*os.listdir(target.parent))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) >= 50
    assert set(lines) == {"TOLD", ""}


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_failing_last_steps(
    tmp_path: Path, source: ClipInfo, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")

    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    writer = ClipWriter(target, source)
    write_all(writer)
    monkeypatch.setattr(f"rvr_laaf_app.core.atomic.os.{call}", fail)
    with pytest.raises(ExportError):
        writer.finish()
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.mp4"]


@POSIX
@pytest.mark.parametrize("delay", [0.05, 0.3, 0.8])
def test_kill_leaves_no_final_name_and_the_next_export_cleans_up(
    tmp_path: Path, source: ClipInfo, delay: float
) -> None:
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_writer_faults import *
info = probe({source.path!r})
with ClipWriter({str(tmp_path / "out.mp4")!r}, info) as writer:
    print("begun", flush=True)
    for index in range(120):
        writer.write(patch_frame((96, 64)), index)
        time.sleep(0.02)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    left = os.listdir(tmp_path)
    assert len(left) == 1
    assert left[0].endswith(".part")
    with ClipWriter(tmp_path / "out.mp4", source) as writer:
        write_all(writer)
    assert os.listdir(tmp_path) == ["out.mp4"]
    assert probe(tmp_path / "out.mp4").frames == 120


def test_space_is_checked_before_anything_is_written(
    tmp_path: Path, source: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("rvr_laaf_app.media.disk_space.shutil.disk_usage", lambda _: Usage)
    with pytest.raises(ExportError, match=r"not enough space: about .* MB are needed, 0.0 MB are free"):
        ClipWriter(tmp_path / "out.mp4", source)
    assert os.listdir(tmp_path) == []
    with pytest.raises(ExportError, match="not enough space"):
        check_space(tmp_path / "not yet there" / "x.mp4", 10_000)
    small, large = (estimated_bytes(source, ExportSettings(codec=c), 120) for c in ("h264", "prores"))
    assert 1 << 20 < small < large


def test_names_that_cannot_be(tmp_path: Path, source: ClipInfo) -> None:
    wrong = [
        (tmp_path / "out.mp4", "prores"),
        (tmp_path / "out.mkv", "dnxhr"),
        (tmp_path / "out.avi", "h264"),
        (tmp_path / "out", "h264"),
        (tmp_path, "h264"),
        (tmp_path / "nowhere" / "out.mp4", "h264"),
        (Path(source.path), "h264"),
    ]
    before = Path(source.path).read_bytes()
    for path, codec in wrong:
        with pytest.raises(UsageError):
            ClipWriter(path, source, ExportSettings(codec=codec))
    link = tmp_path / "link.mp4"
    link.symlink_to(source.path)
    with pytest.raises(UsageError, match="clip itself"):
        ClipWriter(link, source)
    assert Path(source.path).read_bytes() == before
    for settings in ({"codec": "vp9"}, {"crf": 99}, {"threads": 0}):
        with pytest.raises(UsageError):
            ExportSettings(**settings)


@pytest.mark.parametrize(
    "name", ["a b.mp4", "100% ü.mp4", "http:x.mp4", "-o.mp4", "%03d.mp4", "a'\"$(x).mp4", "CAPS.MP4"]
)
def test_odd_names(tmp_path: Path, source: ClipInfo, name: str) -> None:
    with ClipWriter(tmp_path / name, source, start=0, stop=3) as writer:
        write_all(writer, 3)
    assert os.listdir(tmp_path) == [name]
    assert probe(tmp_path / name).frames == 3


def test_verification_finds_what_is_wrong(tmp_path: Path, source: ClipInfo) -> None:
    path = tmp_path / "out.mkv"
    with ClipWriter(path, source) as writer:
        write_all(writer)
    times = [Fraction(index, 30) for index in range(120)]
    loose = Fraction(1, 500)
    verify_export(path, times, tolerance_s=loose, audio_ends_s=[4.0])
    with pytest.raises(ExportError, match="120 frames instead of 121"):
        verify_export(path, [*times, Fraction(4)], tolerance_s=loose, audio_ends_s=[4.0])
    with pytest.raises(ExportError, match="frame 119"):
        verify_export(path, times[:-1], tolerance_s=loose, audio_ends_s=[4.0])
    with pytest.raises(ExportError, match=r"frame 60 .* wrong time"):
        verify_export(path, [*times[:60], Fraction(201, 100), *times[61:]], tolerance_s=loose, audio_ends_s=[4.0])
    with pytest.raises(ExportError, match="sound"):
        verify_export(path, times, tolerance_s=loose, audio_ends_s=[])
    with pytest.raises(ExportError, match=r"ends at 4\.0. s instead of 5"):
        verify_export(path, times, tolerance_s=loose, audio_ends_s=[5.0])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(ExportError):
        verify_export(path, times, tolerance_s=loose, audio_ends_s=[4.0])


def test_a_file_that_fails_its_check_gets_no_name(
    tmp_path: Path, source: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = ClipWriter._close

    def truncating(self: ClipWriter) -> None:
        close(self)
        self._part.write_bytes(self._part.read_bytes()[:-3000])

    monkeypatch.setattr(ClipWriter, "_close", truncating)
    writer = ClipWriter(tmp_path / "out.mp4", source)
    write_all(writer)
    with pytest.raises(ExportError):
        writer.finish()
    assert os.listdir(tmp_path) == []


def test_leftovers_of_others_stay(tmp_path: Path, source: ClipInfo) -> None:
    mine = temporary_beside(tmp_path / "out.mp4")
    mine.write_bytes(b"another export of this process")
    (tmp_path / "out.mp4.part").write_bytes(b"somebody's file")
    with ClipWriter(tmp_path / "out.mp4", source, start=0, stop=3) as writer:
        write_all(writer, 3)
    assert len(list(tmp_path.iterdir())) == 3


@POSIX
@pytest.mark.slow
def test_memory_stays_flat(tmp_path: Path) -> None:
    """Peak memory of a child process must not grow with the length of the clip."""
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_writer_faults import *
from pathlib import Path
frames = int(sys.argv[1])
video = Video(size=(320, 180), pts=tuple(range(0, frames * 3000, 3000)))
sound = Sound(seconds=frames / 30, channels=2)
folder = Path({str(tmp_path)!r})
info = probe(make_clip(folder / "in.mkv", video, (sound, Sound("pcm_s16le", seconds=frames / 30))))
rgb = patch_frame((320, 180))
with ClipWriter(folder / "out.mp4", info) as writer:
    for index in range(frames):
        writer.write(rgb, index)
        if index == 290:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", script, "3000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 40, "MiB more at the end of 100 s than after 10 s"
