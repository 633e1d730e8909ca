"""The window at work: how soon it answers while it analyses and exports, what scrubbing keeps, how a long clip opens.

Run: python -m tests.bench.window_endurance [response] [scrub] [long]. Clips are made on the spot; depth comes from the
quick heuristic, everything else is as it runs for a user. An answer is the time from an event to the end of its
handling and painting in the window's thread. Wall clock: on a busy machine the figures are those of that machine.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from rvr_laaf_app.ui.export_feature import ExportFeature
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.playback.sound import SilentSound
from rvr_laaf_app.ui.prompts import system_prompts
from rvr_laaf_app.ui.start import SWITCH_S, make_application
from rvr_laaf_app.ui.tidying import tidying_of
from tests.clips import frame_of, write_clip
from tests.gui.conftest import QuickEngine, in_picture
from tests.gui.monkey import summary

LONG_FRAMES = 30 * 60 * 25
_LEFT = Qt.MouseButton.LeftButton


def make_window() -> MainWindow:
    """Return a window of 1280x720 on the screen."""
    window = MainWindow(prompts=system_prompts(), sound=SilentSound(), engine=QuickEngine())
    window.resize(1280, 720)
    window.show()
    window.begin(None)
    tidying_of(window)  # lives as long as the window
    return window


def wait_until(ready: Callable[[], bool], limit_s: float = 600.0) -> bool:
    """Run the event loop until something is so; tell whether it was in time."""
    end_s = time.monotonic() + limit_s
    while not ready() and time.monotonic() < end_s:
        QTest.qWait(10)
    return ready()


def is_shown(window: MainWindow) -> bool:
    return window.stage.info is not None and not window.workspace.picture.image.isNull()


def in_use_mib() -> float:
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def interactions(window: MainWindow, rng: random.Random) -> dict[str, Callable[[], object]]:
    """Return the interactions that are measured, by name."""
    picture, timeline, stage = window.workspace.picture, window.workspace.timeline, window.stage
    actions, slider = window.menus.actions, window.workspace.inspector.lens.strength.slider

    def click() -> None:
        QTest.mouseClick(picture, _LEFT, pos=in_picture(window, rng.random(), rng.random()).toPoint())

    def in_ruler() -> None:
        QTest.mouseClick(timeline, _LEFT, pos=QPoint(rng.randrange(120, timeline.width() - 20), 6))

    def choose(*names: str) -> Callable[[], object]:
        return lambda: actions[rng.choice(names)].trigger()

    return {
        "click": click,
        "ruler": in_ruler,
        "step": lambda: QTest.keyClick(picture, rng.choice((Qt.Key.Key_Right, Qt.Key.Key_Left))),
        "seek": lambda: stage.seek(rng.randrange(stage.last_index + 1)),
        "slider": lambda: slider.setValue(rng.randrange(slider.minimum(), slider.maximum())),
        "view": choose("view_refocused", "view_original", "view_disparity"),
        "zoom": choose("zoom_in", "zoom_out", "zoom_fit"),
        "undo": choose("undo", "redo"),
        "target": choose("previous_target", "next_target", "strength_soft", "strength_firm", "longer_pull"),
        "palette": choose("palette"),
        "dock": choose("dock_media"),
    }


def measure(window: MainWindow, running: Callable[[], bool], limit_s: float) -> dict[str, list[float]]:
    """Return how long each interaction took to answer, while something runs and not longer than a limit."""
    rng = random.Random(5)
    deeds = interactions(window, rng)
    times: dict[str, list[float]] = {}
    end_s = time.monotonic() + limit_s
    while running() and time.monotonic() < end_s:
        name = rng.choice(list(deeds))
        begin = time.perf_counter()
        deeds[name]()
        QApplication.processEvents()
        times.setdefault(name, []).append(1e3 * (time.perf_counter() - begin))
        QTest.qWait(25)
    return times


def response(folder: Path, limit_s: float) -> None:
    """Answers while a clip is analysed, and while it is exported."""
    window = make_window()
    window.files.open(str(write_clip(folder / "clip.mp4", frames=120, size=(1280, 720))))
    wait_until(lambda: is_shown(window))
    products = window.session.products
    assert products is not None
    times = measure(window, lambda: not products.complete, limit_s)
    sys.stdout.write(f"while analysing (ms: times, median, p99, longest)\n{summary(times)}\n")
    sys.stdout.flush()
    wait_until(lambda: products.complete)
    window.menus.actions["export"].trigger()
    begin = window.findChild(QPushButton, "export_begin")
    assert begin is not None
    wait_until(begin.isEnabled, 20.0)
    begin.click()
    queue = next(f for f in window.features if isinstance(f, ExportFeature)).queue

    def exporting() -> bool:
        return any(job.state not in ("done", "failed", "cancelled") for job in queue.jobs)

    wait_until(exporting, 30.0)
    times = measure(window, exporting, limit_s)
    sys.stdout.write(f"while exporting\n{summary(times)}\n")
    window.close_now()
    sys.stdout.write(f"ended well: {window.ended_well}\n")


def scrub(folder: Path, seeks: int) -> None:
    """Memory over many frames looked at, in all views; ten stretches."""
    window = make_window()
    window.files.open(str(write_clip(folder / "scrub.mp4", frames=250, size=(640, 360))))
    wait_until(lambda: is_shown(window))
    wait_until(lambda: window.session.products is not None and window.session.products.complete)
    rng = random.Random(2)
    memory = []
    for _ in range(10):
        for number in range(seeks // 10):
            if number % 50 == 0:
                window.menus.actions[rng.choice(("view_refocused", "view_original", "view_disparity"))].trigger()
            window.stage.seek(rng.randrange(window.stage.last_index + 1))
            QTest.qWait(8)
        memory.append(in_use_mib())
    figures = " ".join(f"{m:.0f}" for m in memory)
    sys.stdout.write(f"{seeks} seeks, MiB after each tenth: {figures}; threads {threading.active_count()}\n")
    window.close_now()


def long_clip(folder: Path) -> None:
    """How soon a clip of 30 minutes is there."""
    path = folder / "long.mp4"
    pictures = [frame_of(i, (320, 180)) for i in range(0, 120, 4)]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "30", "preset": "ultrafast", "g": "50"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        frames = [av.VideoFrame.from_ndarray(np.ascontiguousarray(p), format="rgb24") for p in pictures]
        frames = [f.reformat(format="yuv420p") for f in frames]
        for index in range(LONG_FRAMES):
            frame = frames[index // 25 % len(frames)]
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    window = make_window()
    QTest.qWait(500)
    begin = time.perf_counter()
    window.files.open(str(path))
    wait_until(lambda: window.stage.info is not None)
    known_s = time.perf_counter() - begin
    wait_until(lambda: is_shown(window))
    shown_s = time.perf_counter() - begin
    times = measure(window, lambda: True, 10.0)
    sys.stdout.write(
        f"30 minutes, {LONG_FRAMES} frames: open after {known_s:.2f} s, first picture after {shown_s:.2f} s\n"
    )
    sys.stdout.write(f"then, while its analysis runs\n{summary(times)}\n")
    begin = time.perf_counter()
    window.close_now()
    sys.stdout.write(f"closed in {time.perf_counter() - begin:.2f} s, well: {window.ended_well}\n")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["response", "scrub", "long"])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of each measurement")
    parser.add_argument("--seeks", type=int, default=3000)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")
    app = make_application(sys.argv[:1])
    sys.setswitchinterval(SWITCH_S)
    with tempfile.TemporaryDirectory() as name:
        os.environ.update(RVR_CACHE_DIR=f"{name}/cache", RVR_CONFIG_DIR=f"{name}/config")
        sys.stdout.write(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        parts = {
            "response": lambda: response(Path(name), arguments.limit),
            "scrub": lambda: scrub(Path(name), arguments.seeks),
            "long": lambda: long_clip(Path(name)),
        }
        for part in arguments.parts:
            parts[part]()
            sys.stdout.flush()
    del app


if __name__ == "__main__":
    main()
