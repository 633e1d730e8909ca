"""What the program is built with, under which licences, and in which versions. No Qt; nothing heavy is imported."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

MODELS_FOLDER: Final = Path(__file__).resolve().parents[2] / "models"


@dataclass(frozen=True, slots=True)
class Part:
    """One library: its name, the package it comes from, SPDX licence, and what it does here (English)."""

    name: str
    package: str
    licence: str
    purpose: str


# Written down, not read from the packages: a frozen program does not carry their metadata, and some say nothing.
PARTS: Final[tuple[Part, ...]] = (
    Part("Qt for Python", "PySide6", "LGPL-3.0-only", "the window"),
    Part("PyTorch", "torch", "BSD-3-Clause", "networks"),
    Part("OpenCV", "opencv-contrib-python", "Apache-2.0", "optical flow and tracking"),
    Part("NumPy", "numpy", "BSD-3-Clause", "arrays"),
    Part("SciPy", "scipy", "BSD-3-Clause", "filters"),
    Part("Numba", "numba", "BSD-2-Clause", "rendering"),
    Part("PyAV and FFmpeg", "av", "BSD-3-Clause, LGPL-2.1-or-later", "reading and writing video"),
    Part("SoundFile", "soundfile", "BSD-3-Clause", "sound files"),
    Part("SoX resampler", "soxr", "LGPL-2.1-or-later", "sound rates"),
    Part("dlib", "dlib-bin", "BSL-1.0", "faces and tracking"),
    Part("OpenEXR", "OpenEXR", "BSD-3-Clause", "pictures with light beyond white"),
    Part("safetensors", "safetensors", "Apache-2.0", "weights"),
    Part("platformdirs", "platformdirs", "MIT", "folders"),
)


@dataclass(frozen=True, slots=True)
class Weights:
    """One set of network weights that comes with the program."""

    name: str
    licence: str


def version_of(part: Part) -> str:
    """Return the version that is installed; empty if it is not."""
    try:
        return version(part.package)
    except PackageNotFoundError:
        return ""


def system_text() -> str:
    """Return Python and the system in one line."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}"


def weights(folder: Path = MODELS_FOLDER) -> tuple[Weights, ...]:
    """Return the weights that are listed in the manifest; none if it cannot be read."""
    try:
        listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["checkpoints"]
        return tuple(Weights(str(name), str(entry["licence"])) for name, entry in listed.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
