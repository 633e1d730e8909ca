"""From a sweep folder or a video of a sweep to the files, by the job and by the command."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.sweep import Sweep, SweepWriter, read_sweep
from rvr_laaf_app.cli.main import run
from rvr_laaf_app.core.errors import ExportError, MediaError, UsageError
from rvr_laaf_app.jobs.job import run_job
from rvr_laaf_app.measure.fusion_quality import psnr
from rvr_laaf_app.measure.stack_scenes import StackSpec, TrueStack, draw_stack
from rvr_laaf_app.media.image_file import read_plane
from rvr_laaf_app.media.stills import read_still
from rvr_laaf_app.pipeline.stack_job import StackFiles, StackOptions, stack_job, stack_slices_job
from rvr_laaf_app.stack.slices import ListedSlices

POSITIONS = (1100, 1300, 1500, 1700)


@pytest.fixture(scope="module")
def stack() -> TrueStack:
    return draw_stack(41, StackSpec(size=(240, 180), slices=4, breathing=0.03, noise=0.004, max_radius_px=7))


@pytest.fixture
def sweep(stack: TrueStack, tmp_path: Path) -> Path:
    writer = SweepWriter(tmp_path / "sweep", Sweep(tmp_path, camera="simulated:test", limits=(1050, 2100)))
    for position, picture in zip(POSITIONS, stack.slices, strict=True):
        good, data = cv2.imencode(".png", picture[..., ::-1])
        assert good
        writer.add(data.tobytes(), ".png", position=position)
    return tmp_path / "sweep"


def test_a_sweep_becomes_one_sharp_picture_with_depth(sweep: Path, stack: TrueStack, tmp_path: Path) -> None:
    files = StackFiles(tmp_path / "sharp.png", tmp_path / "depth.png", tmp_path / "sure.npy", tmp_path / "aligned")
    job = stack_job(sweep, files)
    messages = {progress.message for progress in job}
    assert {"aligning", "fusing", "measuring depth", "writing slices", "written"} <= messages
    sharp = read_still(files.picture).rgb8
    height, width = sharp.shape[:2]
    assert width > 230
    left, top = (240 - width) // 2, (180 - height) // 2
    truth = stack.truth[top : top + height, left : left + width]
    assert psnr(sharp, truth, border=6) > max(psnr(s, stack.truth, border=6) for s in stack.slices) + 1.5
    assert read_plane(tmp_path / "depth.png").shape == (height, width)
    assert read_plane(tmp_path / "sure.npy").min() >= 0
    aligned = read_sweep(tmp_path / "aligned", verify=True)
    assert aligned.positions == POSITIONS
    assert aligned.camera == "simulated:test"
    assert read_still(aligned.paths[0]).rgb8.shape == sharp.shape


def test_near_and_far_follow_the_positions(stack: TrueStack) -> None:
    still = draw_stack(42, StackSpec(size=(200, 160), slices=5, layers=3, max_radius_px=9, noise=0.002))
    slices = ListedSlices(still.slices)
    places = tuple(range(0, 500, 100))
    options = StackOptions(align=False)
    near_low = run_job(stack_slices_job(slices, places, options)).disparity
    assert near_low is not None
    true = 1.0 - still.depth
    assert np.corrcoef(near_low.ravel(), true.ravel())[0, 1] > 0.4
    far_first = run_job(stack_slices_job(slices, places, StackOptions(align=False, near_is_low=False))).disparity
    assert far_first is not None
    assert np.corrcoef(far_first.ravel(), true.ravel())[0, 1] < -0.4


def test_a_cancelled_job_leaves_nothing(sweep: Path, tmp_path: Path) -> None:
    job = stack_job(sweep, StackFiles(tmp_path / "out" / "sharp.png"))
    (tmp_path / "out").mkdir()
    for _ in range(5):
        next(job)
    job.close()
    assert not list((tmp_path / "out").iterdir())


def test_16_bit_pictures_give_16_bits(stack: TrueStack, tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    for number, picture in enumerate(stack.slices[:2]):
        good, data = cv2.imencode(".png", picture[..., ::-1].astype(np.uint16) * 257)
        assert good
        (folder / f"{number}.png").write_bytes(data.tobytes())
    stacked = run_job(stack_job(folder, StackFiles(tmp_path / "deep.png"), StackOptions(depth=False)))
    assert stacked.deep
    assert read_still(tmp_path / "deep.png").rgb.dtype == np.uint16


def test_what_makes_no_stack_is_refused_before_any_work(sweep: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must end in"):
        next(stack_job(sweep, StackFiles(tmp_path / "sharp.jpg")))
    with pytest.raises(UsageError, match="cannot go into the folder"):
        next(stack_job(sweep, StackFiles(tmp_path / "s.png", slices=sweep)))
    one = tmp_path / "one"
    one.mkdir()
    (one / "a.png").write_bytes((sweep / read_sweep(sweep).frames[0].file).read_bytes())
    with pytest.raises(UsageError, match="2 to 2000 pictures, this one has 1"):
        run_job(stack_job(one, StackFiles(tmp_path / "s.png")))
    (one / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(MediaError, match=r"b\.png"):
        run_job(stack_job(one, StackFiles(tmp_path / "s.png")))
    with pytest.raises((ExportError, OSError)):
        run_job(stack_job(sweep, StackFiles(tmp_path / "nowhere" / "s.png"), StackOptions(depth=False)))


def test_repeated_positions_are_told(stack: TrueStack) -> None:
    stacked = run_job(stack_slices_job(ListedSlices(stack.slices), (1, 2, 2, 3), StackOptions(depth=False)))
    assert any("1 pictures were taken at a position" in note for note in stacked.notes)


def test_the_command_writes_and_says_what_it_did(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sharp.exr"
    assert run(["stack", str(sweep), "-o", str(out), "--json", "--method", "gfdf", "--reference", "4"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["pictures"] == 4
    assert said["reference"] == 4
    assert said["moved_px"][3] == 0
    assert said["moved_px"][0] > 2
    assert out.is_file()
    assert run(["stack", str(sweep), "-o", str(out), "--reference", "9", "--overwrite"]) == 2
    assert "picture 9" in capsys.readouterr().err
    assert run(["stack", str(tmp_path / "missing"), "-o", str(tmp_path / "none.png")]) == 3


def test_the_command_replaces_nothing_unasked(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"my work")
    new = str(tmp_path / "new.png")
    for arguments in (["-o", str(mine)], ["-o", new, "--depth", str(mine)], ["-o", new, "--slices", str(sweep.parent)]):
        assert run(["stack", str(sweep), *arguments]) == 4
        assert "--overwrite" in capsys.readouterr().err
    assert mine.read_bytes() == b"my work"
    assert not Path(new).exists()
    picture = read_sweep(sweep).paths[0]
    before = picture.read_bytes()
    assert run(["stack", str(sweep), "-o", str(picture), "--overwrite"]) == 2
    assert "picture of the sweep" in capsys.readouterr().err
    assert picture.read_bytes() == before
    assert run(["stack", str(sweep), "-o", str(mine), "--method", "average", "--no-align", "--overwrite"]) == 0
    assert read_still(mine).rgb8.ndim == 3


def test_a_video_of_a_sweep_is_a_sweep(stack: TrueStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "sweep.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 240, 180, "yuv444p"
        for picture in stack.slices:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    assert run(["stack", str(path), "-o", str(tmp_path / "v.png"), "--depth", str(tmp_path / "d.npy")]) == 0
    assert read_still(tmp_path / "v.png").rgb8.shape == (*read_plane(tmp_path / "d.npy").shape, 3)
    assert "positions are not written down" in capsys.readouterr().err
