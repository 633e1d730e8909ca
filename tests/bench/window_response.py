"""How long the window takes: from the start to the window on screen, and from a moved slider to the picture.

Run: python -m tests.bench.window_response [CLIP]. Without a clip it makes one of 1280x720. The depth comes from the
quick heuristic: where depth comes from makes no difference once a frame is prepared. Times are wall clock in this
process; on a busy machine look at the best and at the processor time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.clips import write_clip

COLD_START = """
import time; begin = time.perf_counter()
import sys
from PySide6.QtCore import QTimer
from rvr_laaf_app.ui.start import make_application
app = make_application(sys.argv[:1])
from rvr_laaf_app.ui.main_window import make_window
window = make_window()
window.show()
QTimer.singleShot(0, app.quit)
app.exec()
print(time.perf_counter() - begin, "torch" in sys.modules or "cv2" in sys.modules or "av" in sys.modules)
window.close_now()
"""


def cold_start(repeats: int = 3) -> tuple[float, float]:
    """Return (best seconds in the process, best seconds of the whole process) until the window is painted."""
    inner, outer = [], []
    for _ in range(repeats):
        begin = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", COLD_START], capture_output=True, text=True, check=True)
        outer.append(time.perf_counter() - begin)
        seconds, heavy = done.stdout.split()
        assert heavy == "False", "a heavy library was loaded before the window was shown"
        inner.append(float(seconds))
    return min(inner), min(outer)


def slider_times(path: str, repeats: int) -> tuple[list[float], list[float], tuple[int, int]]:
    """Return wall and processor milliseconds from each step of the blur slider to the picture in the viewer."""
    from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer

    from rvr_laaf_app.document.project import LensSettings
    from rvr_laaf_app.ui.main_window import MainWindow
    from rvr_laaf_app.ui.playback.sound import SilentSound
    from rvr_laaf_app.ui.prompts import system_prompts
    from rvr_laaf_app.ui.start import make_application
    from tests.gui.conftest import QuickEngine

    app = make_application(sys.argv[:1])
    window = MainWindow(prompts=system_prompts(), sound=SilentSound(), engine=QuickEngine())
    window.resize(1280, 720)
    window.show()
    window.begin(path)
    loop = QEventLoop()

    def wait_until(ready) -> None:  # type: ignore[no-untyped-def]
        timer = QTimer()
        timer.timeout.connect(lambda: loop.quit() if ready() else None)
        timer.start(20)
        loop.exec()

    def is_analysed() -> bool:
        products = window.session.products
        return products is not None and products.complete and not window.work.busy

    wait_until(is_analysed)
    window.stage.allow_ahead(False)
    window.session.set_lens(LensSettings(blur_px=5.0))
    slider = window.workspace.inspector.lens.strength.slider
    slider.setSliderDown(True)
    shown = 0

    def count() -> None:
        nonlocal shown
        shown += 1
        loop.quit()

    window.stage.picture_changed.connect(count)
    wall, cpu = [], []
    for step in range(repeats + 5):
        clock = QElapsedTimer()
        clock.start()
        used = time.process_time()
        slider.setValue(100 + 5 * step)  # another blur each time: nothing comes from a cache
        loop.exec()
        window.workspace.picture.repaint()
        wall.append(clock.nsecsElapsed() / 1e6)
        cpu.append((time.process_time() - used) * 1e3)
    size = window.workspace.picture.image.size()
    slider.setSliderDown(False)
    window.close_now()
    del app
    return wall[5:], cpu[5:], (size.width(), size.height())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="?")
    parser.add_argument("--repeats", type=int, default=60)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")
    inner, outer = cold_start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(RVR_CACHE_DIR=f"{folder}/cache", RVR_CONFIG_DIR=f"{folder}/config")
        path = arguments.clip or str(write_clip(Path(folder) / "clip.mp4", frames=12, size=(1280, 720)))
        wall, cpu, size = slider_times(path, arguments.repeats)
    slow = sorted(wall)[int(len(wall) * 0.9)]
    middle, least = statistics.median(wall), min(wall)
    lines = (
        f"window on screen: {inner:.2f} s after the first import ({outer:.2f} s whole process, best of 3)",
        f"slider to picture {size[0]}x{size[1]}: median {middle:.1f} ms, best {least:.1f} ms, 90 % below {slow:.1f} ms",
        f"processor time of that: median {statistics.median(cpu):.1f} ms",
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
