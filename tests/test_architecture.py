"""The house rules: who may import whom, and what must never be. An AST walk, so nothing is imported to check it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rvr_laaf_app"

ENGINES = {"estimate", "flow", "render", "track", "detect", "stack", "camera", "autofocus"}
# room -> the rooms of ours that it may import (itself is always allowed)
MAY_IMPORT = {
    "core": set(),
    "document": {"core"},
    "media": {"core"},
    "nets": set(),
    "jobs": {"core"},
    "estimate": {"nets", "core"},
    "flow": {"nets", "core"},
    "detect": {"nets", "core"},
    "render": {"core"},
    "track": {"core"},
    "camera": {"core"},
    # of estimate: published weights are found and checked in one place
    "autofocus": {"camera", "estimate", "nets", "core"},  # a camera's contract and its defocus model
    "stack": {"estimate", "nets", "core"},
    "annotation": {"document", "media", "core"},  # strict reading, undo and lock; frames and cuts
    "measure": {"estimate", "flow", "media", "render", "camera", "autofocus", "stack", "core"},
    "laaf": {"document", "core"},
    "pipeline": {"jobs", "document", "laaf", "media", "core", "measure", *ENGINES},
    "app": {"pipeline", "jobs", "document", "camera", "annotation", "media", "core"},  # decisions become a data set
    "cli": {
        "app",
        "pipeline",
        "jobs",
        "document",
        "camera",
        "annotation",
        "media",
        "core",
        "measure",
        "estimate",
        "ui",
    },
    "ui": {"app", "pipeline", "jobs", "document", "laaf", "camera", "annotation", "media", "core"},
    "training": {
        "nets",
        "core",
        "media",
        "annotation",
        "render",
        "estimate",
        "measure",
        "camera",
        "autofocus",
        "stack",
    },
}
# third-party package -> rooms where it may appear at all
ONLY_IN = {
    "PySide6": {"ui"},
    "shiboken6": {"ui"},
    "av": {"media", "training"},
    "numba": {"render", "training"},
    "dlib": {"track", "detect"},
    "gphoto2": {"camera"},
    "pymmcore": {"camera"},
    "torch": {"nets", "estimate", "render", "training", "detect", "autofocus", "stack"},
    "soundfile": {"media", "training"},
}
# heavy packages that must not load with these rooms (imports inside functions are allowed)
HEAVY = {"torch", "cv2", "dlib", "av", "soundfile", "numba", "scipy"}
LIGHT_ROOMS = {"core", "document", "jobs", "app", "cli", "ui"}
MAX_LINES = 400


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(tree: ast.Module) -> list[tuple[str, list[str], bool, int]]:
    """(module, names, at module level, line) of each import in the file."""
    top = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            top -= {id(node) for node in ast.walk(function)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, [], id(node) in top, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            found.append((node.module or "", [a.name for a in node.names], id(node) in top, node.lineno))
    return found


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources()}


def test_rooms_import_only_what_they_may(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        room = room_of(path)
        if not room:
            continue
        for module, names, _, line in imports(tree):
            if not module.startswith("rvr_laaf_app"):
                continue
            parts = module.split(".")
            others = {parts[1]} if len(parts) > 1 else {n for n in names if (PACKAGE / n).is_dir()}
            wrong += [
                f"{path}:{line} {room} imports {other}"
                for other in others
                if other != room and other not in MAY_IMPORT[room] and (PACKAGE / other).is_dir()
            ]
    assert not wrong, "\n".join(wrong)


def test_every_room_has_rules() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert rooms <= set(MAY_IMPORT)


def test_third_party_packages_stay_in_their_rooms(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        room = room_of(path)
        for module, _, _, line in imports(tree):
            package = module.split(".")[0]
            if room not in ONLY_IN.get(package, {room}):
                wrong.append(f"{path}:{line} {package} outside {sorted(ONLY_IN[package])}")
            if package in {"torch", "cv2"} and path.name == "reference.py" and room == "render":
                wrong.append(f"{path}:{line} the reference renderer is NumPy only")
            if package == "cv2" and room == "nets":
                wrong.append(f"{path}:{line} cv2 in nets")
    assert not wrong, "\n".join(wrong)


def test_light_rooms_load_nothing_heavy(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        if room_of(path) in LIGHT_ROOMS or room_of(path) == "":
            for module, _, top_level, line in imports(tree):
                if top_level and module.split(".")[0] in HEAVY:
                    wrong.append(f"{path}:{line} {module} at module level")
    assert not wrong, "\n".join(wrong)


def test_nothing_private_is_imported_from_elsewhere(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        for module, names, _, line in imports(tree):
            if module.startswith("rvr_laaf_app"):
                wrong += [f"{path}:{line} {module}.{n}" for n in names if n.startswith("_") and n != "__version__"]
    assert not wrong, "\n".join(wrong)


BANNED_CALLS = {
    "torch.load": "weights are safetensors",
    "cv2.imshow": "windows belong to ui",
    "cv2.waitKey": "windows belong to ui",
    "cv2.imread": "paths go through media",
    "cv2.imwrite": "paths go through media",
    "cv2.VideoCapture": "media opens files",
    "pickle.load": "no pickle",
    "pickle.loads": "no pickle",
    "os.system": "no shell",
    "QApplication.processEvents": "the event loop is never run by hand",
    "QCoreApplication.processEvents": "the event loop is never run by hand",
}


def test_banned_calls(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                allowed = (name == "cv2.imread" and room_of(path) == "training") or (
                    name == "cv2.VideoCapture" and path.name == "uvc_opencv_worker.py"  # a device, not a file
                )
                if name in BANNED_CALLS and not allowed:
                    wrong.append(f"{path}:{node.lineno} {name}: {BANNED_CALLS[name]}")
                if name == "time.sleep" and room_of(path) not in {"training"}:
                    wrong.append(f"{path}:{node.lineno} time.sleep is no way to wait")
                if any(k.arg == "allow_pickle" and ast.unparse(k.value) == "True" for k in node.keywords):
                    wrong.append(f"{path}:{node.lineno} allow_pickle")
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{path}:{node.lineno} bare except")
            if isinstance(node, ast.ClassDef) and any(ast.unparse(b) == "QThread" for b in node.bases):
                wrong.append(f"{path}:{node.lineno} QThread subclass")
    assert not wrong, "\n".join(wrong)


def test_files_stay_small() -> None:
    long = [
        f"{p}: {n} lines"
        for p in sources()
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > (600 if room_of(p) == "nets" else MAX_LINES)
    ]
    assert not long, "\n".join(long)


def test_future_annotations_first(trees: dict[Path, ast.Module]) -> None:
    """Every file with code begins with the future import, so annotations cost nothing at run time."""
    wrong = []
    for path, tree in trees.items():
        body = tree.body[1:] if tree.body and isinstance(tree.body[0], ast.Expr) else tree.body
        if body and not (isinstance(body[0], ast.ImportFrom) and body[0].module == "__future__"):
            wrong.append(str(path))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["rvr_laaf_app.cli.main", "rvr_laaf_app.app.session", "rvr_laaf_app.__main__"])
def test_start_loads_nothing_heavy(module: str) -> None:
    """What every command imports must not drag in Qt, torch or OpenCV."""
    code = f"import sys, json, {module}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {*HEAVY, "PySide6"}, loaded & {*HEAVY, "PySide6"}


def test_opencv_contrib_is_the_one_installed() -> None:
    """Another package may overwrite cv2 with a build that lacks the trackers (opencv-python over contrib)."""
    import cv2

    assert hasattr(cv2, "TrackerKCF_create")
    assert hasattr(cv2.ximgproc, "guidedFilter")
