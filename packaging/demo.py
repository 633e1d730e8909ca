"""Refocus the sample clip into out/ and, where there is a screen, open the window on it. Called by `make demo`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "resources" / "sample_clip.mp4"


def main() -> int:
    """Run the main job on the sample clip through the command line, as a user would."""
    targets = json.loads((ROOT / "resources" / "sample_clip.json").read_text())["new_focus_targets"]
    result = ROOT / "out" / "sample_refocused.mp4"
    result.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "rvr_laaf_app", "refocus", str(CLIP), "-o", str(result), "--overwrite"]
    for target in targets:
        box = ",".join(str(number) for number in target["box"])
        command += ["--target", f"{box}@{target['time_s']}"]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code != 0:
        return code
    print(f"\nThe refocused clip is {result}\nThe original is       {CLIP}")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        print("Opening the window on it; click a subject to focus there.")
        return subprocess.run(
            [sys.executable, "-m", "rvr_laaf_app", "edit", str(CLIP)], cwd=ROOT, check=False
        ).returncode
    print(f"No screen found. On a desktop, open the window with: .venv/bin/rvr-laaf edit {CLIP.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
